/**
 * Standard forms of many compounds by several threads of RDKit, in the order of the rows, kept on disk so that a second run reads them.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { LibraryItem } from '../../core/molecule/library.ts';
import { type Form, readFormLine } from './form-line.ts';

/** Rows of one task and of one file on disk. */
const CHUNK_ROWS = 20_000;

export interface FormMaker {
  /** Forms of the rows, in their order, a chunk at a time. */
  forms(rows: AsyncIterable<LibraryItem[]>): AsyncGenerator<Form[]>;
  /** Chunks that came from disk, and chunks that were made. */
  readonly chunks: { readonly read: number; readonly made: number };
  close(): Promise<void>;
}

/** `workers` threads, each with an RDKit of its own; `folder` keeps the chunks. */
export function createFormMaker({ workers, folder }: { workers: number; folder: string }): FormMaker {
  mkdirSync(folder, { recursive: true });
  const recipe = recipeHash();
  const pool = createPool(workers);
  const chunks = { read: 0, made: 0 };

  async function chunkLines(rows: readonly string[]): Promise<string[]> {
    const key = createHash('sha256').update(recipe).update(rows.join('\n')).digest('hex').slice(0, 32);
    const path = join(folder, `${key}.txt`);
    if (existsSync(path)) {
      chunks.read++;
      return readFileSync(path, 'utf8').split('\n');
    }
    const lines = await pool.run(rows);
    // Renamed when whole, so that a killed run leaves no half chunk under a name that is looked for.
    writeFileSync(`${path}.${process.pid}`, lines.join('\n'));
    renameSync(`${path}.${process.pid}`, path);
    chunks.made++;
    return lines;
  }

  return {
    chunks,
    async *forms(rows) {
      const running: Promise<string[]>[] = [];
      for await (const chunk of chunksOf(rows)) {
        const task = chunkLines(chunk);
        // A task that fails before its turn must not end the process: it is reported when its turn comes.
        task.catch(() => {});
        running.push(task);
        if (running.length >= 2 * workers) yield (await running.shift()!).map(readFormLine);
      }
      for (const task of running) yield (await task).map(readFormLine);
    },
    close: () => pool.close(),
  };
}

/** SMILES of the rows, or `!` and a code, which no SMILES starts with. */
async function* chunksOf(rows: AsyncIterable<LibraryItem[]>): AsyncGenerator<string[]> {
  let chunk: string[] = [];
  for await (const items of rows) {
    for (const item of items) {
      if (item.kind === 'rejected') chunk.push(`!${item.code}`);
      else chunk.push(item.text.startsWith('!') ? '!INVALID_CHARACTER' : item.text);
      if (chunk.length < CHUNK_ROWS) continue;
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}

/** Changes with everything that a form depends on: our code and RDKit. */
function recipeHash(): string {
  const hash = createHash('sha256');
  for (const name of ['standardise', 'chemistry', 'graph', 'elements'])
    hash.update(readFileSync(new URL(`../../core/molecule/${name}.ts`, import.meta.url)));
  hash.update(readFileSync(new URL('form-line.ts', import.meta.url)));
  return hash.update(readFileSync(createRequire(import.meta.url).resolve('@rdkit/rdkit/RDKit_minimal.wasm'))).digest('hex');
}

interface Pool {
  run(rows: readonly string[]): Promise<string[]>;
  close(): Promise<void>;
}

interface Task {
  rows: readonly string[];
  resolve(lines: string[]): void;
  reject(error: Error): void;
}

/** Threads that take one chunk at a time. */
function createPool(size: number): Pool {
  const queue: Task[] = [];
  const idle: Worker[] = [];
  const all: Worker[] = [];
  const busy = new Map<Worker, Task>();
  let failure: Error | undefined;

  const give = (): void => {
    while (queue.length > 0 && failure === undefined) {
      const worker = idle.pop() ?? (all.length < size ? start() : undefined);
      if (worker === undefined) return;
      const task = queue.shift()!;
      busy.set(worker, task);
      worker.postMessage(task.rows);
    }
  };
  const fail = (error: Error): void => {
    failure = error;
    for (const task of [...busy.values(), ...queue.splice(0)]) task.reject(error);
  };
  const start = (): Worker => {
    const worker = new Worker(new URL('form-thread.ts', import.meta.url));
    all.push(worker);
    worker.on('message', (lines: string[]) => {
      busy.get(worker)!.resolve(lines);
      busy.delete(worker);
      idle.push(worker);
      give();
    });
    worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))));
    return worker;
  };
  return {
    run: (rows) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        queue.push({ rows, resolve, reject });
        give();
      }),
    async close() {
      failure ??= new Error('the threads were closed');
      await Promise.all(all.map((worker) => worker.terminate()));
    },
  };
}
