/**
 * `npm run pretrain`: trains the language model of molecules on what prepare.ts made, or goes on where it was killed.
 *
 *   node models/pretraining/pretrain.ts --hours 2.5
 *
 * --corpus FOLDER   what prepare.ts wrote; default .cache/pretraining
 * --run FOLDER      where the run lies; default .cache/pretraining/run. One that has begun goes on, and must be asked for the same
 * --engine MODULE   a module that exports `createTrainer` (trainer.ts); default transformer-engine.ts
 * --hours H         time for the run, all its parts together. Alone, it also plans the steps, once, from the pace of the warm-up
 * --steps N, --passes P   length of the run: steps, or passes over the corpus. Without them and without hours: one pass
 * --workers N       threads, default 2. Sums depend on their number, so a run repeats its bits only with as many
 * --batch, --rate, --warm-up, --seed, --shape name=value,…   what decides the numbers
 * --checkpoint-minutes, --validate-every TARGETS, --validation-sequences, --log-every STEPS
 *
 * SIGINT and SIGTERM end it after the step, with a checkpoint. A killed run loses what came after its last checkpoint and does it again, bit for bit.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { vocabularyFacts } from '../../core/encoding/smiles-tokens.ts';
import { createBatches, fixedBatches } from './batches.ts';
import type { RunFacts } from './checkpoint.ts';
import { freshState, type LoopEnd, type LoopSettings, runLoop } from './loop.ts';
import { numberOption, shapeOption, textOption } from './options.ts';
import { decodeCorpus } from './packed.ts';
import { checkFacts, openRunFolder } from './run-folder.ts';
import type { Engine } from './trainer.ts';

export interface PretrainOptions {
  readonly corpus: string;
  readonly run: string;
  readonly engine: Engine;
  readonly threads: number;
  readonly facts: Omit<RunFacts, 'train' | 'vocabulary'>;
  readonly settings: Omit<LoopSettings, 'totalSteps'>;
  readonly length: { readonly steps: number } | { readonly passes: number } | 'by the budget';
  readonly validationSequences: number;
  readonly stopped: () => boolean;
  readonly print: (line: string) => void;
}

/** Opens the run, goes on with it, and writes the model when it has come to its end. */
export async function pretrain(options: PretrainOptions): Promise<LoopEnd> {
  const { settings, length, print } = options;
  const trainBytes = readFileSync(join(options.corpus, 'train.safetensors'));
  const corpus = decodeCorpus(trainBytes);
  const facts: RunFacts = {
    ...options.facts,
    train: createHash('sha256').update(trainBytes).digest('hex'),
    vocabulary: { ...vocabularyFacts },
  };
  const folder = openRunFolder(options.run, print);
  if (folder.last !== null) checkFacts(folder.last.state.facts, facts);
  const { trainer, close } = await options.engine.createTrainer({
    vocabulary: vocabularyFacts.size,
    seed: facts.seed,
    threads: options.threads,
    shape: facts.shape,
    ...(folder.last === null ? {} : { state: folder.last.trainerState }),
  });
  try {
    const order = { seed: facts.seed, size: facts.batch, context: trainer.config.context };
    const train = createBatches(corpus, order);
    const held = decodeCorpus(readFileSync(join(options.corpus, 'validation.safetensors')));
    const validation = fixedBatches(held, order, options.validationSequences);
    print(
      `${train.sequences} sequences in ${train.batches} batches a pass, ${train.leftOut} left out for more than ${order.context} inputs; ` +
        `${validation.reduce((sum, { starts }) => sum + starts.length - 1, 0)} sequences validate`,
    );
    const totalSteps =
      length === 'by the budget' ? null : 'steps' in length ? length.steps : Math.ceil(length.passes * train.batches);
    const { end, state } = await runLoop(folder.last?.state ?? freshState(facts, trainer.kernels.threads), {
      trainer,
      train,
      validation,
      settings: { ...settings, totalSteps },
      store: folder,
      now: () => performance.now(),
      stopped: options.stopped,
      breathe: () => new Promise((go) => setImmediate(go)),
    });
    if (end === 'done') folder.model(trainer, state);
    return end;
  } finally {
    await close();
  }
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const { values } = parseArgs({
    options: {
      corpus: textOption(join(root, '.cache/pretraining')),
      run: textOption(join(root, '.cache/pretraining/run')),
      engine: textOption(join(root, 'models/pretraining/transformer-engine.ts')),
      hours: { type: 'string' },
      steps: { type: 'string' },
      passes: { type: 'string' },
      workers: textOption('2'),
      batch: textOption('64'),
      rate: textOption('2e-3'),
      'warm-up': textOption('200'),
      seed: textOption('2026'),
      shape: textOption(''),
      'checkpoint-minutes': textOption('5'),
      'validate-every': textOption('5e6'),
      'validation-sequences': textOption('4096'),
      'log-every': textOption('50'),
    },
  });
  const number = (name: Exclude<keyof typeof values, 'hours' | 'steps' | 'passes'>) => numberOption(name, values[name]);
  const { hours, steps, passes } = values;
  let isStopped = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      isStopped = true;
    });
  const end = await pretrain({
    corpus: values.corpus,
    run: values.run,
    engine: (await import(pathToFileURL(resolve(values.engine)).href)) as Engine,
    threads: number('workers'),
    facts: {
      seed: number('seed'),
      batch: number('batch'),
      learningRate: number('rate'),
      warmUpSteps: number('warm-up'),
      shape: shapeOption(values.shape),
    },
    settings: {
      validateEveryTokens: number('validate-every'),
      logEverySteps: number('log-every'),
      checkpointMs: 60_000 * number('checkpoint-minutes'),
      budgetMs: hours === undefined ? null : 3_600_000 * numberOption('hours', hours),
    },
    length:
      steps !== undefined
        ? { steps: numberOption('steps', steps) }
        : passes !== undefined || hours === undefined
          ? { passes: numberOption('passes', passes ?? '1') }
          : 'by the budget',
    validationSequences: number('validation-sequences'),
    stopped: () => isStopped,
    print: (line) => console.log(line),
  });
  console.log(`pretraining: ${end}`);
}
