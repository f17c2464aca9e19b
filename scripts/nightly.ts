/** `npm run nightly`: what takes over ten minutes. Its log is committed with the commit's hash when an issue is closed (docs/nightly/). */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';

const commit = spawnSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).stdout.trim();
const dirty = spawnSync('git', ['status', '--porcelain'], { encoding: 'utf8' }).stdout.trim() !== '';
const folder = join('docs', 'nightly');
mkdirSync(folder, { recursive: true });
const log = join(folder, `${commit.slice(0, 12)}${dirty ? '-dirty' : ''}.log`);
rmSync(log, { force: true });
const say = (line: string) => {
  console.log(line);
  // At once: a nightly run that is cut short leaves what it had.
  appendFileSync(log, `${line}\n`);
};

say(`commit ${commit}${dirty ? ' with uncommitted changes' : ''}`);
say(
  `date ${new Date().toISOString()}; ${availableParallelism()} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
);

const jobs: [string, string[]][] = [
  ['everything that must hold', ['scripts/test.ts']],
  ['the peers', ['test/peers/run.ts']],
  ['benchmarks', ['test/bench/run.ts']],
  [
    'the example, from an empty cloud',
    ['scripts/start.ts', '--state', join('.cache', 'nightly-cloud'), '--results', join('.cache', 'nightly-results')],
  ],
];
// Other cases every night; the log says which.
const propertySeed = String(Date.now() % 2 ** 31);
say(`property seed ${propertySeed}`);
let failed = 0;
for (const [title, args] of jobs) {
  say(`\n== ${title}: node ${args.join(' ')}`);
  const startedMs = performance.now();
  const env = { ...process.env, PROPERTY_SEED: propertySeed };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 30, env });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of the test runner's output
  say(`${stdout}${stderr}`.replace(/\u001b\[[0-9;]*m/g, '').replaceAll(process.cwd(), '.'));
  say(`== ${status === 0 ? 'passed' : `FAILED (exit ${status})`} in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
  if (status !== 0) failed++;
}
say(failed === 0 ? 'nightly passed' : `nightly: ${failed} of ${jobs.length} failed`);
process.exitCode = failed === 0 ? 0 : 1;
