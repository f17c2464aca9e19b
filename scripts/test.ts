/**
 * `npm test`: everything that must hold. Checks first, because they are quick; then the templates are made, then every test.
 * A skipped test is a failure. The last line is the total.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  success: boolean;
  testResults: { name: string; status: string }[];
}

const bin = (name: string) => join('node_modules', '.bin', name);
const reportFile = join('.cache', 'test-report.json');
mkdirSync('.cache', { recursive: true });
rmSync(reportFile, { force: true });

function run(name: string, command: string, args: string[]): boolean {
  const startedMs = performance.now();
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) console.error(error);
  console.log(`test: ${name} ${status === 0 ? 'passed' : 'FAILED'} in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  return status === 0;
}

const sound = [
  run('format and lint', bin('biome'), ['ci', '--error-on-warnings']),
  run('types', bin('tsc'), ['-p', '.']),
  run('synthesis', bin('cdk'), ['synth', '--quiet']),
  run('tests', bin('vitest'), ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]),
];

const nothing: Report = {
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  success: false,
  testResults: [],
};
// A runner that ended before its report still gets a last line with the total.
const report = existsSync(reportFile) ? (JSON.parse(readFileSync(reportFile, 'utf8')) as Report) : nothing;
const skipped = report.numPendingTests + report.numTodoTests;
if (skipped > 0) console.error(`test: ${skipped} tests were skipped; every test must run`);
// A file that cannot even be loaded holds no test to count.
const brokenFiles = report.testResults.filter(({ status }) => status === 'failed').length;
// A check before the tests counts as one.
const failedSteps = sound.slice(0, 3).filter((passed) => !passed).length;
const passed = report.numPassedTests + sound.slice(0, 3).filter(Boolean).length;
const failed = Math.max(report.numFailedTests, report.success ? 0 : Math.max(1, brokenFiles)) + skipped + failedSteps;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && sound.every(Boolean) ? 0 : 1);
