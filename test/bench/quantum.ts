/**
 * Benchmarks of the quantum package on its own: six families of circuits from 4 to 24 qubits, values, gradients, batches, noise and shots, the
 * cost of compiling apart from running, and what memory would allow. Rivals run beside it in `npm run bench:peers`.
 *
 *   node test/bench/quantum.ts [--full] [ID ...]     JSON lines {bench, value, unit, goal, ...}; IDs are beginnings such as ansatz/forward
 *
 * goal   for a quiet machine of two cores, one thread, double precision; a miss is marked, and fails nothing, because machines are busy
 * rival  lightning, qulacs, Aer, qsim and JAX on the same circuits: docs/benchmarks.md
 */

import { applicationFigures } from './quantum/application.ts';
import { passMs } from './quantum/bandwidth.ts';
import { coldStart } from './quantum/cold-start.ts';
import { GOALS } from './quantum/goals.ts';
import { measure } from './quantum/measure.ts';
import { prepare } from './quantum/ours.ts';
import { type Plan, plans, workload } from './quantum/workloads.ts';

const BUDGET_MS = 400;
const options = process.argv.slice(2);
const full = options.includes('--full');
const wanted = options.filter((option) => !option.startsWith('--'));
const isWanted = (id: string) => wanted.length === 0 || wanted.some((start) => id.startsWith(start));

function print(bench: string, value: number, unit: string, more: Record<string, unknown> = {}): void {
  console.log(JSON.stringify({ bench: `quantum/${bench}`, value: Number(value.toPrecision(4)), unit, ...more }));
}

const chosen = plans(full).filter(({ family, work, qubits }) => isWanted(`${family}/${work}/${qubits}`));
const onStates = ['forward', 'pauli', 'gradient'];
const sizes = [...new Set(chosen.filter(({ work }) => onStates.includes(work)).map(({ qubits }) => qubits))].sort(
  (a, b) => a - b,
);
const limits = sizes.length > 0 ? await passMs(sizes) : new Map<number, number>();
for (const [qubits, ms] of limits) {
  print(`memory/pass/${qubits}`, ms, 'ms', { gigabytesPerSecond: Number(((32 * 2 ** qubits) / ms / 1e6).toPrecision(3)) });
}

/**
 * How far a run is from what memory allows: the time in passes over the state, and the same per gate. An engine at the limit that makes a pass
 * for every gate has 1 a gate; one that fuses gates can have less.
 */
const distance = (passes: number, gates: number) => ({
  passes: Number(passes.toPrecision(3)),
  passesPerGate: Number((passes / gates).toPrecision(3)),
});

function runPlan({ family, work, qubits }: Plan): void {
  const load = workload(family, work, qubits);
  const compiled = measure(() => prepare(load), BUDGET_MS / 4);
  const run = prepare(load);
  const { wallMs, cpuMs } = measure(run, BUDGET_MS);
  const limit = limits.get(qubits);
  const goal = GOALS[load.id];
  print(load.id, wallMs, 'ms', {
    goal: goal ?? null,
    ...(goal === undefined ? {} : { met: wallMs <= goal }),
    cpuMs: Number(cpuMs.toPrecision(4)),
    compileMs: Number(compiled.wallMs.toPrecision(4)),
    gates: load.circuit.gates.length,
    ...(limit !== undefined && onStates.includes(work) ? distance(wallMs / limit, load.circuit.gates.length) : {}),
  });
}

for (const plan of chosen) {
  runPlan(plan);
  // A state of 24 qubits is 256 MB that the next case need not carry.
  globalThis.gc?.();
}

for (const { name, goalMs, call } of applicationFigures()) {
  if (!isWanted(`application/${name}`)) continue;
  const { wallMs, cpuMs } = measure(call, BUDGET_MS);
  print(`application/${name}`, wallMs, 'ms', { goal: goalMs, met: wallMs <= goalMs, cpuMs: Number(cpuMs.toPrecision(4)) });
}

if (isWanted('cold-start')) {
  const { importMs, totalMs, emptyProcessMs } = await coldStart();
  print('cold-start/import-and-first-result', totalMs, 'ms', {
    goal: 30,
    met: totalMs <= 30,
    importMs: Number(importMs.toPrecision(3)),
  });
  print('cold-start/empty-process', emptyProcessMs, 'ms');
}
