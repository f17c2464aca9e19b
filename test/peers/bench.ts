/**
 * `npm run bench:peers [-- ID ...] [--full] [--rivals a,b] [--threads 2]`: the same circuits on ours and on the rivals, one process each, in turn.
 * CPU time and wall clock, medians of rounds; a ratio above 1 says that the rival needs more CPU time than ours. Values must agree to 1e-10, to
 * 1e-5 with a rival of single precision, within six standard errors for shots. Table on the screen, JSON lines in .cache/bench/peers.jsonl;
 * `node scripts/bench-tables.ts` makes the table of docs/benchmarks.md from them.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { peersPython } from '../../scripts/peers-venv.ts';
import { callsFor, median, type Times } from '../bench/quantum/measure.ts';
import { plans, type Workload, workload } from '../bench/quantum/workloads.ts';
import { Contestant, type Prepared } from './contestant.ts';

const RIVALS: Readonly<Record<string, { readonly module: string; readonly single?: true }>> = {
  lightning: { module: 'lightning' },
  qulacs: { module: 'qulacs_rival' },
  'qulacs-fused': { module: 'qulacs_fused' },
  aer: { module: 'aer' },
  'qsim-single': { module: 'qsim', single: true },
  jax: { module: 'jax_rival' },
  braket: { module: 'braket_rival' },
};
const ROUND_MS = 60;
const MOST_ROUNDS = 5;
/** Rounds of all sides together take no longer than about this; a side whose first run took this long has one round. */
const CASE_MS = 5000;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    rivals: { type: 'string', default: Object.keys(RIVALS).join(',') },
    threads: { type: 'string', default: '1' },
  },
});
const names = options.rivals.split(',').filter(Boolean);
const unknown = names.filter((name) => !Object.hasOwn(RIVALS, name));
if (unknown.length > 0) throw new Error(`peers: there is no ${unknown.join(', ')}; known: ${Object.keys(RIVALS).join(', ')}`);

interface Entry {
  readonly contestant: Contestant;
  readonly prepared: Prepared;
  readonly calls: number;
  readonly rounds: Times[];
}

/** Largest difference of two lists, against what is allowed. */
function compare(load: Workload, ours: readonly number[], theirs: readonly number[], single: boolean) {
  const difference =
    ours.length === theirs.length ? Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]!))) : Number.NaN;
  // The sum of n signs has a variance of at most n² in a shot, and both sides draw.
  const allowed =
    load.work === 'sample'
      ? (6 * Math.SQRT2 * load.circuit.qubits) / Math.sqrt(load.shots ?? 1)
      : single || load.work === 'single'
        ? 1e-5
        : 1e-10;
  return { difference, agrees: difference <= allowed };
}

const threads = Number(options.threads);
const python = peersPython();
const worker = join('test', 'peers', 'worker.py');
const ours = new Contestant('ours', [process.execPath, '--expose-gc', join('test', 'peers', 'ours.ts')], threads);
const rivals = names.map((name) => new Contestant(name, [python, worker, RIVALS[name]!.module], threads));
const lines: object[] = [];
const disagreements: string[] = [];

console.log(
  `${availableParallelism()} cores (${cpus()[0]?.model.trim()}), load ${loadavg()[0]!.toFixed(1)}, ${threads} thread(s)`,
);
for (const contestant of [ours, ...rivals]) {
  const versions = (await contestant.ask({ versions: true }))['versions'] ?? 'does not start';
  lines.push({ side: contestant.name, versions });
  console.log(`${contestant.name}: ${versions}`);
}
console.log(`\n${'case'.padEnd(22)} ${'ours, CPU ms'.padStart(12)}  rivals: CPU ms (ratio)`);

async function runCase(load: Workload): Promise<void> {
  const entries: Entry[] = [];
  for (const contestant of [ours, ...rivals]) {
    const prepared = await contestant.prepare(load);
    if ('absent' in prepared) {
      lines.push({ case: load.id, side: contestant.name, absent: prepared.absent });
      if (contestant === ours) throw new Error(`${load.id}: ${prepared.absent}`);
      continue;
    }
    // The first run may have compiled something; the second tells how many calls fill a round.
    const again = prepared.firstMs > 2 * ROUND_MS ? prepared.firstMs : Number((await contestant.ask({ run: 1 }))['wallMs']);
    entries.push({ contestant, prepared, calls: callsFor(again, ROUND_MS), rounds: [] });
  }
  const began = performance.now();
  for (let round = 0; round < MOST_ROUNDS && (round < 2 || performance.now() - began < CASE_MS); round++) {
    for (const { contestant, prepared, calls, rounds } of entries) {
      if (round > 0 && prepared.firstMs > CASE_MS) continue;
      const times = await contestant.ask({ run: calls });
      if (times['error'] === undefined) rounds.push(times as unknown as Times);
    }
  }
  const own = entries[0]!;
  const ownCpuMs = median(own.rounds.map(({ cpuMs }) => cpuMs));
  const ownWallMs = median(own.rounds.map(({ wallMs }) => wallMs));
  const cells = entries.map(({ contestant, prepared, calls, rounds }) => {
    const [wallMs, cpuMs] = [median(rounds.map((times) => times.wallMs)), median(rounds.map((times) => times.cpuMs))];
    const single = RIVALS[contestant.name]?.single === true;
    const { difference, agrees } = compare(load, own.prepared.values, prepared.values, single);
    if (!agrees) disagreements.push(`${load.id}: ${contestant.name} differs by ${difference}`);
    const [ratioWall, ratioCpu] = [wallMs / ownWallMs, cpuMs / ownCpuMs];
    const { prepareMs, firstMs } = prepared;
    const more = { calls, rounds: rounds.length, difference, agrees };
    lines.push({ case: load.id, side: contestant.name, wallMs, cpuMs, ratioWall, ratioCpu, prepareMs, firstMs, ...more });
    return contestant === ours
      ? ''
      : `${contestant.name} ${cpuMs.toPrecision(3)} (${ratioCpu.toPrecision(3)})${agrees ? '' : ' DIFFERS'}`;
  });
  console.log(`${load.id.padEnd(22)} ${ownCpuMs.toPrecision(3).padStart(12)}  ${cells.filter(Boolean).join(', ')}`);
}

try {
  for (const { family, work, qubits } of plans(options.full)) {
    const id = `${family}/${work}/${qubits}`;
    if (positionals.length === 0 || positionals.some((start) => id.startsWith(start)))
      await runCase(workload(family, work, qubits));
  }
} finally {
  for (const contestant of [ours, ...rivals]) contestant.end();
  mkdirSync(join('.cache', 'bench'), { recursive: true });
  writeFileSync(join('.cache', 'bench', 'peers.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}
for (const text of disagreements) console.error(text);
process.exit(disagreements.length === 0 ? 0 : 1);
