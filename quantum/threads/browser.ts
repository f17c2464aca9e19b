/**
 * Threads in a browser, for `@qefm/quantum/browser`. Shared memory wants a page that is isolated from others: served with
 * `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`. A content security policy must allow
 * `worker-src blob:`.
 */

import { QuantumError } from '../errors.ts';
import type { KernelPool } from './kernel-pool.ts';
import { createPool, type KernelPoolOptions, type Thread, type ThreadPlace } from './pool.ts';
import { SLOT, serveKernels, type ThreadAnswer } from './thread.ts';

export type { KernelPool, KernelTask } from './kernel-pool.ts';
export type { KernelPoolOptions } from './pool.ts';

const SOURCE = `
onmessage = ({ data: { control, slot, part } }) => (${serveKernels})(control, slot, part,
  (listener) => { onmessage = ({ data }) => listener(data); },
  (message) => postMessage(message));
`;

async function startThread({ control, part, done }: ThreadPlace): Promise<Thread> {
  const address = URL.createObjectURL(new Blob([SOURCE], { type: 'text/javascript' }));
  try {
    const worker = new Worker(address);
    return await new Promise<Thread>((resolve, reject) => {
      const thread: Thread = {
        post: (message) => worker.postMessage(message),
        hold: () => {},
        end: async () => worker.terminate(),
      };
      worker.onmessage = ({ data }: MessageEvent<ThreadAnswer>) => (data === 'ready' ? resolve(thread) : done());
      worker.onerror = ({ message }) => {
        done(`thread ${part} died: ${message}`);
        reject(new QuantumError(`pool: thread ${part} did not start: ${message || 'its script was refused'}`));
      };
      worker.postMessage({ control, slot: SLOT, part });
    });
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** A pool of Web Workers; ready when the promise resolves. `runSync` is meant for pages that simulate in a worker of their own. */
export function createKernelPool(options: KernelPoolOptions = {}): Promise<KernelPool> {
  return createPool(startThread, navigator.hardwareConcurrency, options);
}
