/** Runs the engine in worker threads, one task per thread at a time; a cancelled task takes its thread with it. */
import { Worker } from 'node:worker_threads';
import type { BraketEngine, EngineOutput, EngineRequest } from './engine.ts';
import { quantumEngine } from './quantum-engine.ts';

type Answer = { output: EngineOutput } | { error: string };

/** Checks stay in the calling thread: they are short, and their answer is awaited by a request. */
export function workerEngine(threads: number): BraketEngine {
  const { gateNames, check } = quantumEngine();
  const all = new Set<Worker>();
  const idle: Worker[] = [];
  const waiting: ((worker: Worker) => void)[] = [];

  const spawn = (): Worker => {
    const worker = new Worker(new URL('./engine-worker.ts', import.meta.url));
    worker.unref();
    all.add(worker);
    worker.once('exit', () => {
      all.delete(worker);
      const at = idle.indexOf(worker);
      if (at >= 0) idle.splice(at, 1);
      const next = waiting.shift();
      if (next) next(spawn());
    });
    return worker;
  };
  const take = (cancelled: AbortSignal): Promise<Worker> =>
    new Promise((resolve, reject) => {
      const free = idle.pop() ?? (all.size < threads ? spawn() : undefined);
      if (free) return resolve(free);
      const onAbort = () => {
        waiting.splice(waiting.indexOf(given), 1);
        reject(cancelled.reason);
      };
      const given = (worker: Worker) => {
        cancelled.removeEventListener('abort', onAbort);
        resolve(worker);
      };
      waiting.push(given);
      cancelled.addEventListener('abort', onAbort, { once: true });
    });
  const giveBack = (worker: Worker) => {
    const next = waiting.shift();
    if (next) next(worker);
    else idle.push(worker);
  };

  return {
    gateNames,
    check,
    async run(request, cancelled) {
      cancelled.throwIfAborted();
      const worker = await take(cancelled);
      if (cancelled.aborted) {
        giveBack(worker);
        throw cancelled.reason;
      }
      return compute(worker, request, cancelled, giveBack);
    },
    async stop() {
      await Promise.all([...all].map((worker) => worker.terminate()));
    },
  };
}

function compute(
  worker: Worker,
  request: EngineRequest,
  cancelled: AbortSignal,
  giveBack: (worker: Worker) => void,
): Promise<EngineOutput> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      cancelled.removeEventListener('abort', onAbort);
      worker.removeAllListeners('message');
      worker.removeAllListeners('error');
      worker.off('exit', onExit);
    };
    const onAbort = () => {
      settle();
      void worker.terminate();
      reject(cancelled.reason);
    };
    const onExit = (code: number) => {
      settle();
      reject(new Error(`The simulator's thread ended with code ${code}.`));
    };
    cancelled.addEventListener('abort', onAbort, { once: true });
    worker.once('exit', onExit);
    // An uncaught error, out of memory above all, ends the thread: the exit follows.
    worker.once('error', (error) => {
      settle();
      reject(error);
    });
    worker.once('message', (answer: Answer) => {
      settle();
      giveBack(worker);
      if ('output' in answer) resolve(answer.output);
      else reject(new Error(answer.error));
    });
    worker.postMessage(request);
  });
}
