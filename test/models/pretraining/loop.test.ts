import { describe, expect, test } from 'vitest';
import { vocabularyFacts } from '../../../core/encoding/smiles-tokens.ts';
import { learningRateAt } from '../../../core/model/transformer/index.ts';
import { createBatches, fixedBatches } from '../../../models/pretraining/batches.ts';
import { decodeCheckpoint, type RunFacts, type RunState } from '../../../models/pretraining/checkpoint.ts';
import {
  freshState,
  type LogLine,
  type LoopEnd,
  type LoopParts,
  type LoopSettings,
  runLoop,
  stepsWithin,
  validationLoss,
} from '../../../models/pretraining/loop.ts';
import type { Batch, ParameterPlace } from '../../../models/pretraining/trainer.ts';
import { BigramTrainer } from '../../support/bigram-engine.ts';
import { smallCorpus } from '../../support/small-corpus.ts';

const order = { seed: 5, size: 16, context: 128 };
const train = createBatches(smallCorpus('train', 0, 100), order);
const validation = fixedBatches(smallCorpus('validation', 100, 140), order, 40);
const facts: RunFacts = {
  seed: 5,
  batch: 16,
  learningRate: 0.1,
  warmUpSteps: 5,
  shape: {},
  train: 'small corpus',
  vocabulary: { ...vocabularyFacts },
};
const usual: LoopSettings = { validateEveryTokens: 4000, logEverySteps: 4, checkpointMs: 120, budgetMs: null, totalSteps: 30 };

interface Outcome {
  end: LoopEnd;
  state: RunState;
  trainer: BigramTrainer;
  lines: LogLine[];
  checkpoints: Uint8Array[];
}

/** A loop in memory; each look at the clock takes 10 ms. */
async function run(from?: Uint8Array, settings: Partial<LoopSettings> = {}, parts: Partial<LoopParts> = {}): Promise<Outcome> {
  const given = from === undefined ? null : decodeCheckpoint(from);
  const trainer = new BigramTrainer({
    vocabulary: vocabularyFacts.size,
    seed: 5,
    threads: 1,
    shape: {},
    ...(given === null ? {} : { state: given.trainerState }),
  });
  const lines: LogLine[] = [];
  const checkpoints: Uint8Array[] = [];
  let clockMs = 0;
  const store = {
    log: (line: LogLine) => lines.push(line),
    checkpoint: (bytes: Uint8Array) => void checkpoints.push(bytes),
    best: () => {},
  };
  const outcome = await runLoop(given?.state ?? freshState(facts, 1), {
    trainer,
    train,
    validation,
    settings: { ...usual, ...settings },
    store,
    now: () => (clockMs += 10),
    stopped: () => false,
    breathe: async () => {},
    ...parts,
  });
  return { ...outcome, trainer, lines, checkpoints };
}

/** Lines without what depends on the clock or on having been stopped. */
const numbersOf = (lines: readonly LogLine[]) =>
  lines.filter(({ kind }) => kind !== 'resume' && kind !== 'end').map(({ elapsedS, msPerStep, ...line }) => line);
const bytesOf = (trainer: BigramTrainer) => {
  const { first, second } = trainer.optimizerState();
  return Buffer.concat([trainer.weights(), first, second].map((data) => Buffer.from(data.buffer)));
};
const withoutTime = ({ elapsedS, logBytes, ...state }: RunState) => state;

describe('runLoop', () => {
  test('lowers the loss of molecules that it has not seen, down to what a bigram can know', async () => {
    const { end, state, trainer } = await run(undefined, { totalSteps: 60 });
    expect(end).toBe('done');
    expect(state.step).toBe(60);
    const { perToken, perMolecule } = validationLoss(trainer, validation);
    // ln 208 = 5.3 before training; the frequencies of the tokens alone leave 2.41.
    expect(perToken).toBeLessThan(1.9);
    expect(perToken).toBe(state.validation!.loss);
    const sum = (count: (batch: Batch) => number) => validation.reduce((total, batch) => total + count(batch), 0);
    const targetsPerMolecule = sum(({ targets }) => targets.length) / sum(({ starts }) => starts.length - 1);
    expect(perMolecule / perToken).toBeCloseTo(targetsPerMolecule, 10);
  });

  test('goes on from every checkpoint to the same bits', async () => {
    const whole = await run();
    expect(whole.checkpoints.length).toBeGreaterThan(3);
    for (const [i, checkpoint] of whole.checkpoints.slice(0, -1).entries()) {
      const { state } = decodeCheckpoint(checkpoint);
      const rest = await run(checkpoint);
      // Bytes, because comparing tens of thousands of numbers one by one takes longer than training.
      expect(bytesOf(rest.trainer).equals(bytesOf(whole.trainer))).toBe(true);
      expect(withoutTime(rest.state), `checkpoint ${i}`).toEqual(withoutTime(whole.state));
      expect(numbersOf(rest.lines)).toEqual(numbersOf(whole.lines.slice(state.logBytes)));
    }
  });

  test('would end elsewhere without the moments', async () => {
    const whole = await run();
    const middle = decodeCheckpoint(whole.checkpoints[1]!);
    const { vocabulary } = whole.trainer.config;
    const state = (places: readonly ParameterPlace[]) => ({ weights: middle.trainerState(places).weights });
    const trainer = new BigramTrainer({ vocabulary, seed: 5, threads: 1, shape: {}, state });
    await run(whole.checkpoints[1], {}, { trainer });
    expect(bytesOf(trainer).equals(bytesOf(whole.trainer))).toBe(false);
  });

  test('plans its steps once, from the pace of the warm-up, and comes to their end within the budget', async () => {
    const { end, state, lines, trainer } = await run(undefined, { totalSteps: null, budgetMs: 1500 });
    const plan = lines.filter(({ kind }) => kind === 'plan');
    expect(plan.length).toBe(1);
    expect(plan[0]).toMatchObject({ step: 5, totalSteps: state.totalSteps });
    expect(end).toBe('done');
    expect(state.step).toBe(state.totalSteps);
    expect(state.step).toBeGreaterThan(20);
    expect(state.elapsedS).toBeLessThan(1.5);
    // Whoever asks for as many steps gets the same weights, whatever the clock says.
    expect(bytesOf((await run(undefined, { totalSteps: state.totalSteps })).trainer).equals(bytesOf(trainer))).toBe(true);
  });

  test('keeps to the budget over all its parts', async () => {
    const first = await run(undefined, { budgetMs: 600 });
    expect(first.end).toBe('out of time');
    expect(first.state.step).toBeLessThan(30);
    const again = await run(first.checkpoints.at(-1), { budgetMs: 600 });
    expect([again.end, again.state.step]).toEqual(['out of time', first.state.step]);
    const longer = await run(first.checkpoints.at(-1), { budgetMs: 60_000 });
    expect([longer.end, longer.state.step]).toEqual(['done', 30]);
    expect(bytesOf(longer.trainer).equals(bytesOf((await run()).trainer))).toBe(true);
  });

  test('ends after the step when it is stopped, with a checkpoint of it', async () => {
    let steps = 0;
    const { end, state, checkpoints } = await run(undefined, {}, { stopped: () => steps++ === 7 });
    expect(end).toBe('stopped');
    expect(state.step).toBe(7);
    expect(decodeCheckpoint(checkpoints.at(-1)!).state).toEqual(state);
    expect(bytesOf((await run(checkpoints.at(-1))).trainer).equals(bytesOf((await run()).trainer))).toBe(true);
  });

  test('ends with an error where the loss is no number, and leaves the last checkpoint', async () => {
    let steps = 0;
    const { checkpoints } = await run(undefined, {}, { stopped: () => steps++ === 3 });
    const state = decodeCheckpoint(checkpoints.at(-1)!).state;
    const broken = new BigramTrainer({
      vocabulary: vocabularyFacts.size,
      seed: 5,
      threads: 1,
      shape: {},
      state: (places) => ({ weights: new Float32Array(places.reduce((sum, { length }) => sum + length, 0)).fill(Number.NaN) }),
    });
    const written: Uint8Array[] = [];
    const store = { log: () => 0, checkpoint: (bytes: Uint8Array) => void written.push(bytes), best: () => {} };
    await expect(run(checkpoints.at(-1), {}, { trainer: broken, store })).rejects.toThrow(
      `step ${state.step + 1}: a finite loss wanted, NaN found`,
    );
    expect(written).toEqual([]);
  });

  test('wants to know how long it may run', async () => {
    await expect(run(undefined, { totalSteps: null })).rejects.toThrow('a number of steps or a budget of time wanted');
  });
});

describe('the plan of a run', () => {
  test('leaves a twentieth of the time to validations and checkpoints', () => {
    expect(stepsWithin(10_000, 100)).toBe(95);
    expect(stepsWithin(-5, 100)).toBe(0);
  });

  test('can come after the warm-up, whose rates do not know the length of the run', () => {
    for (let step = 1; step <= 50; step++) {
      const rate = (totalSteps: number) => learningRateAt(step, { peak: 2e-3, warmUpSteps: 50, totalSteps });
      expect(rate(50)).toBe(rate(40_000));
    }
  });
});

describe('the bigram model of these tests', () => {
  test('has the gradient of its loss', () => {
    const { batch } = train.at({ epoch: 0, index: 0 });
    const start = new BigramTrainer({ vocabulary: vocabularyFacts.size, seed: 2, threads: 1, shape: {} });
    start.lossAndGradient(batch);
    const gradient = start.gradient();
    const steepest = [...gradient.keys()].sort((a, b) => Math.abs(gradient[b]!) - Math.abs(gradient[a]!)).slice(0, 6);
    for (const i of steepest) {
      const lossAt = (h: number) =>
        new BigramTrainer({
          vocabulary: vocabularyFacts.size,
          seed: 2,
          threads: 1,
          shape: {},
          state: () => ({ weights: start.weights().with(i, start.weights()[i]! + h) }),
        }).loss(batch).mean;
      // Weights are single precision: a step of 1/64 around 0 keeps 5 digits.
      expect((lossAt(1 / 64) - lossAt(-1 / 64)) * 32).toBeCloseTo(gradient[i]!, 4);
    }
  });
});
