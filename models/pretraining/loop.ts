/**
 * The loop of pretraining. Its state at the end of a step is everything that later steps depend on: weights and moments, place in the data, planned
 * length. A run that is killed goes on from its last checkpoint and ends with the same bits as one that was not.
 */
import { learningRateAt } from '../../core/model/transformer/index.ts';
import type { Batches } from './batches.ts';
import { encodeCheckpoint, type RunFacts, type RunState } from './checkpoint.ts';
import type { Batch, Trainer } from './trainer.ts';

export interface LoopSettings {
  /** Targets between two validations. */
  readonly validateEveryTokens: number;
  /** Steps between two lines of the log. */
  readonly logEverySteps: number;
  /** Time between two checkpoints. */
  readonly checkpointMs: number;
  /** Time for the whole run, all its parts together; null for no limit. */
  readonly budgetMs: number | null;
  /** Steps of the whole run; null: as many as the budget allows, measured over the warm-up. */
  readonly totalSteps: number | null;
}

export type LogLine = Readonly<Record<string, string | number | boolean | null>>;

/** Where the loop writes. */
export interface RunStore {
  /** Appends a line to the log and returns the log's length in bytes. */
  log(line: LogLine): number;
  /** Takes the place of the last checkpoint, whole or not at all. */
  checkpoint(bytes: Uint8Array): void;
  /** Keeps the weights with the lowest validation loss so far. */
  best(trainer: Trainer, state: RunState): void;
}

export interface LoopParts {
  readonly trainer: Trainer;
  readonly train: Batches;
  readonly validation: readonly Batch[];
  readonly settings: LoopSettings;
  readonly store: RunStore;
  /** Milliseconds from any fixed moment. */
  readonly now: () => number;
  /** When it says true, the loop ends after the step, with a checkpoint. */
  readonly stopped: () => boolean;
  /** Called after each step: lets signals in. */
  readonly breathe: () => Promise<void>;
}

export type LoopEnd = 'done' | 'out of time' | 'stopped';

export function freshState(facts: RunFacts, threads: number): RunState {
  return {
    schema: 'pretraining-state/1',
    facts,
    step: 0,
    tokens: 0,
    position: { epoch: 0, index: 0 },
    totalSteps: null,
    interval: { lossSum: 0, tokens: 0, steps: 0 },
    validation: null,
    best: null,
    elapsedS: 0,
    logBytes: 0,
    threads,
  };
}

/** Share of the remaining time that is planned for steps; validations and checkpoints take the rest, or a slower hour. */
const PLANNED_SHARE = 0.95;

/** Steps that the remaining time allows at the measured time a step. */
export function stepsWithin(remainingMs: number, msPerStep: number): number {
  return Math.max(0, Math.floor((PLANNED_SHARE * remainingMs) / msPerStep));
}

/** Mean over all targets, and over all sequences, in nats. */
export function validationLoss(
  trainer: Pick<Trainer, 'loss'>,
  batches: readonly Batch[],
): { perToken: number; perMolecule: number } {
  let sum = 0;
  let targets = 0;
  let sequences = 0;
  for (const batch of batches) {
    for (const loss of trainer.loss(batch).perSequence) sum += loss;
    targets += batch.targets.length;
    sequences += batch.starts.length - 1;
  }
  return { perToken: sum / targets, perMolecule: sum / sequences };
}

/**
 * Goes on from `given` until the steps are done, the time is over or it is stopped. Time decides when a checkpoint is written, how many steps are
 * planned (once, at the end of the warm-up, and only without `totalSteps`) and when a run is out of time; it decides nothing else.
 *
 * throws  RangeError when a loss is no longer finite; the last checkpoint stays
 */
export async function runLoop(given: RunState, parts: LoopParts): Promise<{ end: LoopEnd; state: RunState }> {
  const { trainer, train, settings, store, now } = parts;
  const { facts } = given;
  const startedMs = now();
  const spentMs = () => given.elapsedS * 1000 + now() - startedMs;
  let savedMs = startedMs;
  let state: RunState = { ...given, threads: trainer.kernels.threads, totalSteps: given.totalSteps ?? settings.totalSteps };

  const say = (kind: string, line: LogLine) => {
    state = { ...state, logBytes: store.log({ kind, step: state.step, tokens: state.tokens, ...line }) };
  };
  const save = () => {
    state = { ...state, elapsedS: spentMs() / 1000 };
    store.checkpoint(encodeCheckpoint(trainer, state));
    savedMs = now();
  };
  const plan = () => {
    if (settings.budgetMs === null) throw new RangeError('pretraining: a number of steps or a budget of time wanted');
    const msPerStep = (now() - startedMs) / Math.max(1, state.step - given.step);
    const totalSteps = state.step + stepsWithin(settings.budgetMs - spentMs(), msPerStep);
    state = { ...state, totalSteps };
    say('plan', { totalSteps, msPerStep });
  };
  const step = (): number => {
    const totalSteps = state.totalSteps ?? facts.warmUpSteps;
    const learningRate = learningRateAt(state.step + 1, { peak: facts.learningRate, warmUpSteps: facts.warmUpSteps, totalSteps });
    const { batch, next } = train.at(state.position);
    const { mean } = trainer.lossAndGradient(batch);
    if (!Number.isFinite(mean)) throw new RangeError(`step ${state.step + 1}: a finite loss wanted, ${mean} found`);
    const { gradientNorm } = trainer.step({ learningRate });
    const targets = batch.targets.length;
    const { lossSum, tokens, steps } = state.interval;
    state = {
      ...state,
      step: state.step + 1,
      tokens: state.tokens + targets,
      position: next,
      interval: { lossSum: lossSum + mean * targets, tokens: tokens + targets, steps: steps + 1 },
    };
    if (state.step % settings.logEverySteps === 0) {
      const loss = state.interval.lossSum / state.interval.tokens;
      state = { ...state, interval: { lossSum: 0, tokens: 0, steps: 0 } };
      say('step', { loss, learningRate, gradientNorm, epoch: next.epoch, elapsedS: spentMs() / 1000 });
    }
    return targets;
  };
  const validate = () => {
    const { perToken: loss, perMolecule } = validationLoss(trainer, parts.validation);
    const isBest = state.best === null || loss < state.best.loss;
    const validation = { loss, tokens: state.tokens };
    state = { ...state, validation, best: isBest ? validation : state.best, elapsedS: spentMs() / 1000 };
    if (isBest) store.best(trainer, state);
    say('validation', { loss, perMolecule, isBest, elapsedS: spentMs() / 1000 });
  };

  say(given.step === 0 ? 'start' : 'resume', {
    threads: state.threads,
    kernels: trainer.kernels.build,
    parameters: trainer.size,
  });
  let end: LoopEnd | undefined;
  while (end === undefined) {
    if (state.totalSteps === null && state.step >= facts.warmUpSteps) plan();
    if (state.totalSteps !== null && state.step >= state.totalSteps) end = 'done';
    else if (settings.budgetMs !== null && spentMs() >= settings.budgetMs) end = 'out of time';
    else if (parts.stopped()) end = 'stopped';
    else {
      const targets = step();
      if (state.tokens % settings.validateEveryTokens < targets) validate();
      if (now() - savedMs >= settings.checkpointMs) save();
      await parts.breathe();
    }
  }
  if (end !== 'stopped' && state.validation?.tokens !== state.tokens) validate();
  say('end', { reason: end, elapsedS: spentMs() / 1000 });
  save();
  return { end, state };
}
