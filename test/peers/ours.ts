/** Our side in a process of its own, with the requests and answers of worker.py. */
import { createInterface } from 'node:readline';
import { timeCalls } from '../bench/quantum/measure.ts';
import { prepare, type Run } from '../bench/quantum/ours.ts';
import type { Workload } from '../bench/quantum/workloads.ts';

interface Request {
  readonly prepare?: Workload;
  readonly run?: number;
  readonly versions?: true;
}

let run: Run = () => [];

function answer(request: Request): object {
  if (request.versions) return { versions: `Node ${process.version}` };
  if (request.prepare === undefined) return timeCalls(run, request.run ?? 1);
  run = () => [];
  globalThis.gc?.();
  const begun = performance.now();
  run = prepare(request.prepare);
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
