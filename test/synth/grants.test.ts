/** Every call that a function's bundle can make to a service has its grant in the manifest, and no grant is without its call. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { manifest } from '../../infra/manifest.ts';

/** Unused code is cut from a bundle, so what is left of commands is what the function can send. S3 is enforced by local-sim at run time. */
const grantOf: Record<string, string> = {
  StartExecutionCommand: 'start',
  StopExecutionCommand: 'stop',
  DescribeExecutionCommand: 'inspect',
  GetExecutionHistoryCommand: 'inspect',
  ListExecutionsCommand: 'inspect',
  SendTaskSuccessCommand: 'answerTokens',
  SendTaskFailureCommand: 'answerTokens',
  SendTaskHeartbeatCommand: 'answerTokens',
  CreateQuantumTaskCommand: 'submitTasks',
  GetQuantumTaskCommand: 'readTasks',
  GetDeviceCommand: 'readTasks',
};

describe('the manifest', () => {
  test.each(manifest.functions)('grants $name the calls of its bundle, and no others', ({ name, grants }) => {
    const bundle = readFileSync(join('dist', 'lambdas', name, 'index.mjs'), 'utf8');
    const used = new Set(
      Object.entries(grantOf)
        .filter(([command]) => new RegExp(`\\bnew (?:[\\w$]+\\.)?${command}\\(`).test(bundle))
        .map(([, grant]) => grant),
    );
    const held = new Set(grants.map(({ to }): string => to).filter((to) => Object.values(grantOf).includes(to)));
    expect([...held].sort()).toEqual([...used].sort());
  });
});
