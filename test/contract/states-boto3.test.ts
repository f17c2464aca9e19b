/** boto3 against the local Step Functions. The checks are in Python (boto3/check_states.py); each becomes a test here. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type StatesCloud, startStatesCloud } from './states-cloud.ts';

const script = join(import.meta.dirname, 'boto3', 'check_states.py');
const own = join(import.meta.dirname, '..', '..', '.venv', 'bin', 'python');
const python = existsSync(own) ? own : (process.env['QEFM_PYTHON'] ?? own);

/** Named here as well, so that a check that silently did not run is a failed test. */
const CHECKS = [
  'machines live and are listed',
  'definitions are refused with their faults',
  'executions start once and stop',
  'histories and lists are paged',
  'functions answer and fail by name',
  'tokens are answered and refused by class',
  'children are followed',
  'maps read and write objects',
  'other services are called',
];

interface Result {
  check: string;
  ok: boolean;
  error?: string;
}

let cloud: StatesCloud;
let results: Result[];

beforeAll(async () => {
  if (!existsSync(python))
    throw new Error(`${python} is missing: run \`npm run setup\`, or name a Python that has boto3 in QEFM_PYTHON`);
  cloud = await startStatesCloud();
  const run = promisify(execFile)(python, ['-B', script], {
    env: { PATH: process.env['PATH'] ?? '', ...cloud.cloud.env() },
    timeout: 110_000,
  });
  const { stdout } = await run.catch((error: { stdout?: string; stderr?: string; message: string }) => {
    if (!error.stdout) throw new Error(`${error.message}\n${error.stderr ?? ''}`);
    return { stdout: error.stdout };
  });
  results = stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line) as Result);
});
afterAll(() => cloud[Symbol.asyncDispose]());

describe('boto3', () => {
  test('runs every check that is named here', () => {
    expect(results.map((result) => result.check)).toEqual(CHECKS);
  });

  test.each(CHECKS)('finds that %s', (name) => {
    expect(results.find((result) => result.check === name)).toEqual({ check: name, ok: true });
  });
});
