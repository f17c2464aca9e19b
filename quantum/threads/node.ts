/** Threads in Node, for `@qefm/quantum/node`: the one file of this package that may import from Node. */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { QuantumError } from '../errors.ts';
import type { KernelPool } from './kernel-pool.ts';
import { createPool, type KernelPoolOptions, type Thread, type ThreadPlace } from './pool.ts';
import { SLOT, serveKernels, type ThreadAnswer } from './thread.ts';

export type { KernelPool, KernelTask } from './kernel-pool.ts';
export type { KernelPoolOptions } from './pool.ts';

const SOURCE = `
const { parentPort, workerData } = require('node:worker_threads');
(${serveKernels})(workerData.control, workerData.slot, workerData.part,
  (listener) => parentPort.on('message', listener),
  (message) => parentPort.postMessage(message));
`;

function startThread({ control, part, done }: ThreadPlace): Promise<Thread> {
  // Neither flags nor variables of the process: a loader of the caller's has no business in a kernel thread.
  const worker = new Worker(SOURCE, { eval: true, execArgv: [], env: {}, workerData: { control, slot: SLOT, part } });
  return new Promise((resolve, reject) => {
    const thread: Thread = {
      post: (message) => worker.postMessage(message),
      hold: (alive) => (alive ? worker.ref() : worker.unref()),
      end: async () => void (await worker.terminate()),
    };
    worker.on('message', (answer: ThreadAnswer) => (answer === 'ready' ? resolve(thread) : done()));
    worker.on('error', (error) => {
      done(`thread ${part} died: ${error.message}`);
      reject(new QuantumError(`pool: thread ${part} did not start: ${error.message}`));
    });
    worker.on('exit', (code) => {
      done(`thread ${part} ended with code ${code}`);
      reject(new QuantumError(`pool: thread ${part} ended with code ${code}`));
    });
  });
}

/** A pool of worker threads; ready when the promise resolves, some 40 ms a thread later. */
export function createKernelPool(options: KernelPoolOptions = {}): Promise<KernelPool> {
  return createPool(startThread, availableParallelism(), options);
}
