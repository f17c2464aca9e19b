import { describe, expect, test } from 'vitest';
import { vocabularyFacts } from '../../../core/encoding/smiles-tokens.ts';
import { createBatches, fixedBatches } from '../../../models/pretraining/batches.ts';
import { decodeCheckpoint, type RunState } from '../../../models/pretraining/checkpoint.ts';
import { evaluate } from '../../../models/pretraining/evaluate.ts';
import { freshState, runLoop } from '../../../models/pretraining/loop.ts';
import type { Trainer } from '../../../models/pretraining/trainer.ts';
import { createTrainer } from '../../../models/pretraining/transformer-engine.ts';
import { nodeChemistry } from '../../support/chemistry.ts';
import { smallCorpus } from '../../support/small-corpus.ts';

const shape = { layers: 1, width: 32, heads: 2 };
const order = { seed: 1, size: 12, context: 128 };
const train = createBatches(smallCorpus('train', 0, 60), order);
const validation = fixedBatches(smallCorpus('validation', 60, 84), order, 24);
const facts = {
  seed: 1,
  batch: 12,
  learningRate: 5e-3,
  warmUpSteps: 3,
  shape,
  train: 'small corpus',
  vocabulary: { ...vocabularyFacts },
};

interface Outcome {
  state: RunState;
  trainer: Trainer;
  checkpoints: Uint8Array[];
}

async function run(threads: number, from?: Uint8Array): Promise<Outcome> {
  const given = from === undefined ? null : decodeCheckpoint(from);
  const { trainer, close } = await createTrainer({
    vocabulary: vocabularyFacts.size,
    seed: 1,
    threads,
    shape,
    ...(given === null ? {} : { state: given.trainerState }),
  });
  const checkpoints: Uint8Array[] = [];
  let clockMs = 0;
  const { state } = await runLoop(given?.state ?? freshState(facts, threads), {
    trainer,
    train,
    validation,
    settings: { validateEveryTokens: 1e6, logEverySteps: 5, checkpointMs: 100, budgetMs: null, totalSteps: 20 },
    store: { log: () => 0, checkpoint: (bytes) => void checkpoints.push(bytes), best: () => {} },
    now: () => (clockMs += 10),
    stopped: () => false,
    breathe: async () => {},
  });
  await close();
  return { state, trainer, checkpoints };
}

describe('the transformer as an engine of pretraining', () => {
  test('learns in the loop, and goes on from a checkpoint to the same bits, on one thread and on two', async () => {
    for (const threads of [1, 2]) {
      const whole = await run(threads);
      expect(whole.trainer.kernels.threads).toBe(threads);
      // Fresh weights start at ln 208 = 5.3.
      expect(whole.state.validation!.loss).toBeLessThan(3.2);
      const rest = await run(threads, whole.checkpoints[1]);
      expect(rest.trainer.weights()).toEqual(whole.trainer.weights());
      expect(rest.trainer.optimizerState()).toEqual(whole.trainer.optimizerState());
    }
  });

  test('writes samples that can be judged', async () => {
    const { trainer } = await run(1);
    const [moses, aid1706] = await evaluate(trainer, new Set(), nodeChemistry(), { count: 20, temperature: 1, seed: 1 });
    for (const facts of [moses!, aid1706!]) {
      const reasons = Object.values(facts.invalid).reduce((a, b) => a + b, 0);
      expect(facts.valid.count + reasons).toBe(20);
    }
  });
});
