/**
 * `npm run bench [-- NAME ...]`: the benchmarks with their goals. Each file prints JSON lines { bench, value, unit, goal }; this gathers them into
 * a table. Figures are of this machine and this moment: quote ratios and medians, never a single absolute time.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { basename, join } from 'node:path';

interface Line {
  bench: string;
  value: number;
  unit: string;
  goal?: number | string | null;
}

const folder = join('test', 'bench');
const known = readdirSync(folder)
  .filter((name) => name.endsWith('.ts') && name !== 'run.ts')
  .map((name) => basename(name, '.ts'));
const wanted = process.argv.slice(2).length === 0 ? known : process.argv.slice(2);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`bench: there is no ${unknown.join(', ')}; known: ${known.join(', ')}`);
  process.exit(1);
}

const isLine = (value: unknown): value is Line =>
  typeof value === 'object' && value !== null && 'bench' in value && 'value' in value;
console.log(`${availableParallelism()} cores (${cpus()[0]?.model.trim()}), Node ${process.version}`);
let failed = false;
for (const name of wanted) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', join(folder, `${name}.ts`)], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  failed ||= status !== 0;
  if (status !== 0) console.error(`${name} failed:\n${stderr}`);
  console.log(`\n${name}`);
  for (const text of stdout.split('\n').filter(Boolean)) {
    let line: unknown;
    try {
      line = JSON.parse(text);
    } catch {
      line = null;
    }
    if (!isLine(line)) {
      console.log(`  ${text}`);
      continue;
    }
    const value = Math.abs(line.value) >= 100 ? line.value.toFixed(0) : line.value.toPrecision(3);
    console.log(
      `  ${line.bench.padEnd(52)} ${value.padStart(10)} ${line.unit.padEnd(16)} ${line.goal == null ? '' : `goal ${line.goal}`}`,
    );
  }
}
process.exit(failed ? 1 : 0);
