/**
 * What a run of pretraining leaves in its folder: `checkpoint.safetensors` (the newest), `log.jsonl` (a JSON object a line), `best.safetensors` (the weights
 * with the lowest validation loss) and, when it is done, `model.safetensors` (the last weights).
 */
import { existsSync, mkdirSync, openSync, readFileSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Checkpoint, decodeCheckpoint, encodeModel, type ModelHeader, type RunFacts, type RunState } from './checkpoint.ts';
import type { LogLine, RunStore } from './loop.ts';
import { replaceFile } from './replace-file.ts';
import type { Trainer } from './trainer.ts';

export interface RunFolder extends RunStore {
  /** Null where no run has begun. */
  readonly last: Checkpoint | null;
  model(trainer: Trainer, state: RunState): void;
}

/**
 * Opens or makes a run's folder. Lines of the log that a killed run wrote after its last checkpoint are cut off: their steps come again.
 *
 * throws  RangeError for a checkpoint that cannot be read
 */
export function openRunFolder(folder: string, echo: (line: string) => void = () => {}): RunFolder {
  mkdirSync(folder, { recursive: true });
  const checkpointPath = join(folder, 'checkpoint.safetensors');
  const logPath = join(folder, 'log.jsonl');
  const last = existsSync(checkpointPath) ? decodeCheckpoint(readFileSync(checkpointPath)) : null;
  const logFile = openSync(logPath, 'a');
  let logBytes = Math.min(statSync(logPath).size, last?.state.logBytes ?? 0);
  truncateSync(logPath, logBytes);
  const writeModel = (name: string) => (trainer: Trainer, state: RunState) =>
    replaceFile(join(folder, name), encodeModel(trainer, modelHeader(trainer, state)));
  return {
    last,
    log(line: LogLine) {
      const text = JSON.stringify(line);
      logBytes += writeSync(logFile, `${text}\n`);
      echo(text);
      return logBytes;
    },
    checkpoint: (bytes) => replaceFile(checkpointPath, bytes),
    best: writeModel('best.safetensors'),
    model: writeModel('model.safetensors'),
  };
}

function modelHeader(trainer: Trainer, { facts, step, tokens, validation, elapsedS }: RunState): ModelHeader {
  return {
    schema: 'smiles-transformer/1',
    shape: { ...trainer.config },
    vocabulary: facts.vocabulary,
    training: { facts, steps: step, tokens, validation, elapsedS },
  };
}

/** Throws RangeError that names the first fact in which a run and what is asked for differ. */
export function checkFacts(run: RunFacts, asked: RunFacts): void {
  for (const name of Object.keys(asked) as (keyof RunFacts)[]) {
    const [was, is] = [JSON.stringify(run[name]), JSON.stringify(asked[name])];
    if (was !== is) throw new RangeError(`this run has ${name} ${was}, asked for is ${is}; another folder begins another run`);
  }
}
