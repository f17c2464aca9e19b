/**
 * Benchmarks of the quantum package on its own: six families of circuits from 4 to 24 qubits, values, gradients, batches, noise and shots, the
 * cost of compiling apart from running, and what memory would allow. Rivals run beside it in `npm run bench:peers`.
 *
 *   node test/bench/quantum.ts [--full] [ID ...]     JSON lines {bench, value, unit, goal, ...}; IDs are beginnings such as ansatz/forward
 *
 * Figures are of one thread; where the engine uses a pool, `pooledMs` and `gain` say what the second core brings.
 *
 * goal   for a quiet machine of two cores, one thread, double precision; a miss is marked, and fails nothing, because machines are busy
 * rival  lightning, qulacs, Aer, qsim and JAX on the same circuits: docs/benchmarks.md
 */
import { createKernelPool } from '../../quantum/threads/node.ts';
import { applicationFigures } from './quantum/application.ts';
import { measureMemory } from './quantum/bandwidth.ts';
import { coldStart } from './quantum/cold-start.ts';
import { GOALS } from './quantum/goals.ts';
import { measure } from './quantum/measure.ts';
import { POOL_FROM_QUBITS, prepare } from './quantum/ours.ts';
import { type Plan, plans, workload } from './quantum/workloads.ts';

const BUDGET_MS = 400;
const POOL_SIZE = 2;
const options = process.argv.slice(2);
const full = options.includes('--full');
const wanted = options.filter((option) => !option.startsWith('--'));
const isWanted = (id: string) => wanted.length === 0 || wanted.some((start) => id.startsWith(start));

type More = Record<string, number | boolean | null>;

const short = (value: number, digits = 4) => Number(value.toPrecision(digits));

function print(bench: string, value: number, unit: string, more: More = {}): void {
  console.log(JSON.stringify({ bench: `quantum/${bench}`, value: short(value), unit, ...more }));
}

const goalOf = (goal: number | undefined, valueMs: number): More =>
  goal === undefined ? { goal: null } : { goal, met: valueMs <= goal };

/** Cases whose cost is passes over one state. */
const onStates = ({ work }: Plan) => work === 'forward' || work === 'pauli' || work === 'gradient';
const chosen = plans(full).filter(({ family, work, qubits }) => isWanted(`${family}/${work}/${qubits}`));
const sizes = [...new Set(chosen.filter(onStates).map(({ qubits }) => qubits))].sort((a, b) => a - b);
const pool = await createKernelPool({ size: POOL_SIZE });
const memory = await measureMemory(sizes, pool);
for (const [qubits, passMs] of memory.passMs) {
  const pooledMs = memory.pooledPassMs.get(qubits)!;
  const gigabytesPerSecond = short((32 * 2 ** qubits) / passMs / 1e6, 3);
  print(`memory/pass/${qubits}`, passMs, 'ms', {
    gigabytesPerSecond,
    pooledMs: short(pooledMs),
    gain: short(passMs / pooledMs, 3),
  });
}
print(`threads/dispatch/${POOL_SIZE}`, memory.dispatchMs * 1000, 'µs');

/**
 * How far a run is from what memory allows: the time in passes over the state, and the same per gate. An engine at the limit that makes a pass
 * for every gate has 1 a gate; one that fuses gates can have less.
 */
function distance(plan: Plan, wallMs: number, gates: number): More {
  const passMs = memory.passMs.get(plan.qubits);
  if (!onStates(plan) || passMs === undefined) return {};
  return { passes: short(wallMs / passMs, 3), passesPerGate: short(wallMs / passMs / gates, 3) };
}

for (const plan of chosen) {
  const load = workload(plan.family, plan.work, plan.qubits);
  const gates = load.circuit.gates.length;
  const compileMs = measure(() => prepare(load), BUDGET_MS / 4).wallMs;
  const { wallMs, cpuMs } = measure(prepare(load), BUDGET_MS);
  const pooled: More = {};
  if (plan.qubits >= POOL_FROM_QUBITS && onStates(plan)) {
    const pooledMs = measure(prepare(load, pool), BUDGET_MS).wallMs;
    Object.assign(pooled, { pooledMs: short(pooledMs), gain: short(wallMs / pooledMs, 3) });
  }
  const costs = { cpuMs: short(cpuMs), compileMs: short(compileMs), gates };
  print(load.id, wallMs, 'ms', { ...goalOf(GOALS[load.id], wallMs), ...costs, ...distance(plan, wallMs, gates), ...pooled });
  // A state of 24 qubits is 256 MB that the next case need not carry.
  globalThis.gc?.();
}
await pool.close();

for (const { name, goalMs, call } of applicationFigures()) {
  if (!isWanted(`application/${name}`)) continue;
  const { wallMs, cpuMs } = measure(call, BUDGET_MS);
  print(`application/${name}`, wallMs, 'ms', { ...goalOf(goalMs, wallMs), cpuMs: short(cpuMs) });
}

if (isWanted('cold-start/import-and-first-result')) {
  const { importMs, totalMs, emptyProcessMs } = await coldStart();
  print('cold-start/import-and-first-result', totalMs, 'ms', { ...goalOf(30, totalMs), importMs: short(importMs) });
  print('cold-start/empty-process', emptyProcessMs, 'ms');
}
