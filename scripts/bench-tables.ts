/**
 * The last runs of `npm run bench -- quantum` and `npm run bench:peers` as the Markdown tables of docs/benchmarks.md.
 *
 *   node scripts/bench-tables.ts        reads .cache/bench/quantum.jsonl and peers.jsonl, prints what is there
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Row = Readonly<Record<string, string | number | boolean | null | undefined>>;

function rowsOf(name: string): Row[] {
  const path = join('.cache', 'bench', `${name}.jsonl`);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row);
}

/** Three digits, thousands with a comma. */
function figure(value: unknown): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return '';
  if (Math.abs(value) >= 100) return Math.round(Number(value.toPrecision(3))).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function oursTable(rows: readonly Row[]): string {
  return table(
    ['case', 'ms', 'goal', 'CPU ms', 'compile ms', 'gates', 'passes a gate', 'gain of two threads'],
    rows.map(({ bench, value, unit, goal, cpuMs, compileMs, gates, passesPerGate, gain }) => [
      String(bench).replace(/^quantum\//, ''),
      unit === 'ms' ? figure(value) : `${figure(value)} ${unit}`,
      ...[goal, cpuMs, compileMs, gates, passesPerGate, gain].map(figure),
    ]),
  );
}

/** Wall clock of every side in milliseconds; in brackets the rival's CPU time over ours. The versions come first. */
function peersTable(all: readonly Row[]): string {
  const rows = all.filter((row) => row['case'] !== undefined);
  const contestants = all.filter(({ versions }) => versions !== undefined);
  const sides = contestants.map(({ side }) => String(side));
  const cases = [...new Set(rows.map((row) => String(row['case'])))];
  const cell = (id: string, side: string) => {
    const row = rows.find((candidate) => candidate['case'] === id && candidate.side === side);
    if (row?.wallMs === undefined) return '–';
    const ratio = side === 'ours' ? '' : ` (${figure(row.ratioCpu)})`;
    return `${figure(row.wallMs)}${ratio}${row.agrees === false ? ' differs' : ''}`;
  };
  const body = table(
    ['case', ...sides],
    cases.map((id) => [id, ...sides.map((side) => cell(id, side))]),
  );
  return `${contestants.map(({ side, versions }) => `${side}: ${versions}`).join('; ')}\n\n${body}`;
}

const quantum = rowsOf('quantum');
const peers = rowsOf('peers');
if (quantum.length > 0) console.log(`${oursTable(quantum)}\n`);
if (peers.length > 0) console.log(peersTable(peers));
if (quantum.length + peers.length === 0) {
  console.error('tables: nothing in .cache/bench; run npm run bench -- quantum or npm run bench:peers first');
  process.exitCode = 1;
}
