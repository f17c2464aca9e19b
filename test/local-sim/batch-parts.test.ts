import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recoverAttempt, startAttempt } from '../../local-sim/attempt-process.ts';
import { resolveParameters } from '../../local-sim/batch/job-runner.ts';
import type { Attempt, EvaluateOnExit } from '../../local-sim/batch/model.ts';
import { triesAgain } from '../../local-sim/batch/retry.ts';

const attempt = {} as Attempt;
const failed = { exitCode: 137, reason: 'OutOfMemoryError: killed', statusReason: 'Essential container in task exited' };
const again = (evaluateOnExit: EvaluateOnExit[], finished = 1, attempts = 3) =>
  triesAgain({ attempts, evaluateOnExit, finished: Array.from({ length: finished }, () => attempt) }, failed);

describe('the retry strategy', () => {
  test('tries until the attempts are used up', () => {
    expect(again([])).toBe(true);
    expect(again([], 3)).toBe(false);
  });

  test('lets the first fitting condition decide', () => {
    expect(again([{ action: 'EXIT', onExitCode: '137' }])).toBe(false);
    expect(
      again([
        { action: 'RETRY', onExitCode: '13*' },
        { action: 'EXIT', onReason: '*' },
      ]),
    ).toBe(true);
    expect(again([{ action: 'EXIT', onExitCode: '1' }])).toBe(true);
    expect(again([{ action: 'EXIT', onReason: 'OutOfMemory*', onExitCode: '137' }])).toBe(false);
    expect(again([{ action: 'EXIT', onReason: 'OutOfMemory*', onExitCode: '1' }])).toBe(true);
    expect(again([{ action: 'EXIT', onStatusReason: 'Essential*' }])).toBe(false);
  });

  test('never gives more attempts than there are, whatever the conditions', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ action: fc.constantFrom('RETRY' as const, 'EXIT' as const), onExitCode: fc.constantFrom('*', '137', '1') }),
        ),
        fc.integer({ min: 1, max: 10 }),
        (conditions, attempts) => {
          expect(again(conditions, attempts, attempts)).toBe(false);
        },
      ),
    );
  });
});

test('puts parameters in place of Ref:: words, and nothing else', () => {
  expect(
    resolveParameters({ command: ['run', 'Ref::input', 'Ref::absent', 'xRef::input'], parameters: { input: 's3://b/k' } }),
  ).toEqual(['run', 's3://b/k', 'Ref::absent', 'xRef::input']);
});

describe('an attempt', () => {
  const inFolder = async (act: (dir: string) => Promise<void>) => {
    const dir = mkdtempSync(join(tmpdir(), 'attempt-'));
    try {
      await act(dir);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  };
  const environment = { PATH: process.env['PATH']! };

  test('hands over any arguments as they are', () =>
    inFolder(async (dir) => {
      const words = ['a b', "it's", '$HOME', '`x`', '"q"', '*', '', '-n', 'ünï\nline'];
      const script = 'process.exit(JSON.stringify(process.argv.slice(1)) === process.env.WANTED ? 0 : 1)';
      const started = startAttempt({
        command: [process.execPath, '-e', script, '--', ...words],
        environment: { ...environment, WANTED: JSON.stringify(words) },
        dir,
      });
      expect(await started.ended).toEqual({ exitCode: 0 });
    }));

  test('that was given up before it began never begins', () =>
    inFolder(async (dir) => {
      expect(await recoverAttempt(dir)).toBe('no-end');
      const late = startAttempt({ command: ['/bin/sh', '-c', 'exit 5'], environment, dir });
      expect(await late.ended).toEqual({ exitCode: 125 });
      expect(await recoverAttempt(dir)).toBe('no-end');
    }));

  test('that ended is recovered with its exit code', () =>
    inFolder(async (dir) => {
      await startAttempt({ command: ['/bin/sh', '-c', 'exit 5'], environment, dir }).ended;
      expect(await recoverAttempt(dir)).toEqual({ end: { exitCode: 5 } });
    }));
});
