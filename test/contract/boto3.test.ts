/**
 * boto3 against the local cloud. The checks are in Python (boto3/check_services.py); each becomes a test here.
 * The interpreter is the one of the project's environment; where there is none yet, the one that QEFM_PYTHON names.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type StartedCloud, startCloud } from './start-cloud.ts';

const script = join(import.meta.dirname, 'boto3', 'check_services.py');
const own = join(import.meta.dirname, '..', '..', '.venv', 'bin', 'python');
const python = existsSync(own) ? own : (process.env['QEFM_PYTHON'] ?? own);

/** Named here as well, so that a check that silently did not run is a failed test. */
const CHECKS = [
  'identity is told',
  'objects come back',
  'checksums of all kinds hold',
  'files go up and down in parts',
  'old signatures and chunked uploads are read',
  'conditional writes let one win',
  'listings are paged',
  'presigned urls hold and forgeries do not',
  'wrong secrets are refused',
  'functions are made and invoked',
  'events reach their target',
  'metrics come back',
];

interface Result {
  check: string;
  ok: boolean;
  error?: string;
}

let started: StartedCloud;
let results: Result[];

beforeAll(async () => {
  if (!existsSync(python))
    throw new Error(`${python} is missing: run \`npm run setup\`, or name a Python that has boto3 in QEFM_PYTHON`);
  started = await startCloud();
  const run = promisify(execFile)(python, [script], {
    env: { PATH: process.env['PATH'] ?? '', ...started.cloud.env() },
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
afterAll(async () => {
  await started[Symbol.asyncDispose]();
});

describe('boto3', () => {
  test('runs every check that is named here', () => {
    expect(results.map((result) => result.check)).toEqual(CHECKS);
  });

  test.each(CHECKS)('finds that %s', (name) => {
    expect(results.find((result) => result.check === name)).toEqual({ check: name, ok: true });
  });
});
