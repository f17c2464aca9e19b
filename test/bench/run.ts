/**
 * `npm run bench [-- NAME ... PART ... --option]`: the benchmarks with their goals. Each file prints JSON lines { bench, value, unit, goal, ... };
 * this shows them as a table while they come and keeps them in .cache/bench/NAME.jsonl. What is no NAME is handed on:
 * `npm run bench -- quantum ansatz/forward --full`. Figures are of this machine and this moment: quote ratios and medians, never a single
 * absolute time.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';

interface Line {
  bench: string;
  value: number;
  unit: string;
  goal?: number | string | null;
  [more: string]: unknown;
}

const folder = join('test', 'bench');
const known = readdirSync(folder)
  .filter((name) => name.endsWith('.ts') && name !== 'run.ts')
  .map((name) => basename(name, '.ts'));
const words = process.argv.slice(2);
const named = words.filter((word) => known.includes(word));
const handedOn = words.filter((word) => !known.includes(word));
// Parts belong to a benchmark that is named; without one, a word is a name with a slip.
const unknown = named.length === 0 ? handedOn.filter((word) => !word.startsWith('--')) : [];
if (unknown.length > 0) {
  console.error(`bench: there is no ${unknown.join(', ')}; known: ${known.join(', ')}`);
  process.exit(1);
}

function parseLine(text: string): Line | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'bench' in value && 'value' in value ? (value as Line) : null;
  } catch {
    return null;
  }
}

const short = (value: number) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));

function row({ bench, value, unit, goal, met, ...more }: Line): string {
  const aim = goal == null ? '' : `goal ${goal}${met === false ? ' MISSED' : ''}`;
  const rest = Object.entries(more).map(([name, extra]) => `${name} ${typeof extra === 'number' ? short(extra) : String(extra)}`);
  return `  ${bench.padEnd(40)} ${short(value).padStart(10)} ${unit.padEnd(6)} ${aim.padEnd(18)} ${rest.join('  ')}`.trimEnd();
}

async function run(name: string): Promise<boolean> {
  console.log(`\n${name}`);
  const child = spawn(process.execPath, ['--expose-gc', join(folder, `${name}.ts`), ...handedOn], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const lines: Line[] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    const line = parseLine(text);
    if (line !== null) lines.push(line);
    if (text !== '') console.log(line === null ? `  ${text}` : row(line));
  }
  const code = await ended;
  if (code !== 0) console.error(`${name} failed:\n${complaints}`);
  mkdirSync(join('.cache', 'bench'), { recursive: true });
  writeFileSync(join('.cache', 'bench', `${name}.jsonl`), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return code === 0;
}

console.log(`${availableParallelism()} cores (${cpus()[0]?.model.trim()}), Node ${process.version}`);
let failed = false;
for (const name of named.length === 0 ? known : named) failed = !(await run(name)) || failed;
process.exit(failed ? 1 : 0);
