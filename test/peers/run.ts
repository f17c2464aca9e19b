/**
 * `npm run test:peers`: random programs through our run-action and through amazon-braket-default-simulator, exact values held to
 * 1e-10, samples to their distribution; then every feature with the number of programs that used it.
 * usage  node test/peers/run.ts [--programs 5000] [--seed 7]
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compareWithBraket } from './braket-peer.ts';
import { missingFeatures } from './random-program.ts';

const { values } = parseArgs({
  options: { programs: { type: 'string', default: '5000' }, seed: { type: 'string', default: '7' } },
});
const python = join('.venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
if (!existsSync(python)) {
  console.error(`peers: ${python} wanted; run npm run setup first`);
  process.exit(1);
}
const programs = Number(values.programs);
const startedMs = performance.now();
const report = await compareWithBraket({
  python,
  seed: Number(values.seed),
  programs,
  onProgress: (done) =>
    console.log(`peers: ${done} of ${programs} programs in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`),
});

console.log('\nfeature and number of programs');
for (const [feature, count] of [...report.features].sort(([a], [b]) => (a < b ? -1 : 1)))
  console.log(`${String(count).padStart(6)}  ${feature}`);
const missing = missingFeatures(new Set(report.features.keys()));
for (const { index, problem, source } of report.problems.slice(0, 20)) console.log(`\nprogram ${index}: ${problem}\n${source}`);
for (const feature of missing) console.log(`peers: the feature '${feature}' is in no program, or not in the list`);
console.log(
  `\npeers: ${programs} programs, seed ${values.seed}, ${report.features.size} features, ${report.problems.length} disagree, ` +
    `largest difference of exact values ${report.largest.toExponential(1)}`,
);
process.exitCode = report.problems.length === 0 && missing.length === 0 ? 0 : 1;
