/** Our side in a process of its own, with the requests and answers of worker.py. */
import { createInterface } from 'node:readline';
import { createKernelPool } from '../../quantum/threads/node.ts';
import { timeCalls } from '../bench/quantum/measure.ts';
import { prepare, type Run } from '../bench/quantum/ours.ts';
import type { Workload } from '../bench/quantum/workloads.ts';

interface Request {
  readonly prepare?: Workload;
  readonly run?: number;
  readonly versions?: true;
}

// The one variable by which every side is told its threads.
const threads = Number(process.env['OMP_NUM_THREADS'] ?? 1);
const pool = threads > 1 ? await createKernelPool({ size: threads }) : undefined;
let run: Run = () => [];

function answer(request: Request): object {
  if (request.versions) return { versions: `Node ${process.version}` };
  if (request.prepare === undefined) return timeCalls(run, request.run ?? 1);
  run = () => [];
  globalThis.gc?.();
  const begun = performance.now();
  run = prepare(request.prepare, pool);
  const ready = performance.now();
  const values = Array.from(run());
  return { prepareMs: ready - begun, firstMs: performance.now() - ready, values };
}

for await (const line of createInterface({ input: process.stdin })) {
  let text: string;
  try {
    text = JSON.stringify(answer(JSON.parse(line) as Request));
  } catch (error) {
    text = JSON.stringify({ error: String(error) });
  }
  process.stdout.write(`${text}\n`);
}
