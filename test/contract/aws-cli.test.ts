/** The AWS CLI, unchanged, against the local cloud with nothing but its variables: a person at a shell. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBatch } from '../../local-sim/batch.ts';
import { createBraket } from '../../local-sim/braket.ts';
import { createStates } from '../../local-sim/states/server.ts';
import { eventually, type StartedCloud, startCloud } from './start-cloud.ts';
import { zipOf } from './zip-of.ts';

const AWS = resolve('.venv', 'bin', 'aws');
const MEBIBYTE = 2 ** 20;
let started: StartedCloud;
let folder: string;

async function aws(...args: string[]): Promise<string> {
  const nowhere = join(folder, 'no-config');
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    AWS_CONFIG_FILE: nowhere,
    AWS_SHARED_CREDENTIALS_FILE: nowhere,
    ...started.cloud.env(),
  };
  const { stdout } = await promisify(execFile)(AWS, args, { env, cwd: folder, timeout: 120_000 });
  return stdout.trim();
}

const json = async (...args: string[]): Promise<unknown> => JSON.parse(await aws(...args, '--output', 'json'));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aws-cli-'));
  started = await startCloud({
    services: [
      (context) => createStates(context),
      (context) => createBraket(context, {}),
      (context) => createBatch(context, { queues: ['main'] }),
    ],
  });
});

afterAll(async () => {
  await started?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

describe('the AWS CLI', () => {
  test('knows who it is', async () => {
    expect(await json('sts', 'get-caller-identity')).toMatchObject({ Account: '000000000000' });
  });

  test('copies, in parts, lists, syncs, signs and removes objects', async () => {
    const bytes = Buffer.alloc(10 * MEBIBYTE, 'local');
    writeFileSync(join(folder, 'big.bin'), bytes);
    writeFileSync(join(folder, 'small.txt'), 'hello');
    await aws('s3', 'mb', 's3://shell');
    await aws('s3', 'cp', 'big.bin', 's3://shell/big.bin', '--no-progress');
    await aws('s3', 'cp', 's3://shell/big.bin', 'back.bin', '--no-progress');
    expect(readFileSync(join(folder, 'back.bin')).equals(bytes)).toBe(true);
    await aws('s3', 'sync', '.', 's3://shell/all', '--exclude', '*', '--include', 'small.txt', '--no-progress');
    expect(await aws('s3', 'ls', 's3://shell/', '--recursive')).toMatch(/all\/small\.txt[\s\S]*big\.bin/);
    const address = await aws('s3', 'presign', 's3://shell/all/small.txt');
    expect(await (await fetch(address)).text()).toBe('hello');
    const again = aws('s3api', 'put-object', '--bucket', 'shell', '--key', 'all/small.txt', '--if-none-match', '*');
    await expect(again).rejects.toThrow(/PreconditionFailed/);
    await aws('s3', 'rm', 's3://shell', '--recursive');
    expect(await json('s3api', 'list-objects-v2', '--bucket', 'shell', '--query', 'Contents')).toBeNull();
  });

  test('makes a state machine and runs it', async () => {
    const definition = {
      QueryLanguage: 'JSONata',
      StartAt: 'Double',
      States: { Double: { Type: 'Pass', Output: '{% $states.input.a * 2 %}', End: true } },
    };
    const role = 'arn:aws:iam::000000000000:role/shell';
    const made = ['--name', 'shell', '--role-arn', role, '--definition', JSON.stringify(definition)];
    const { stateMachineArn } = (await json('stepfunctions', 'create-state-machine', ...made)) as { stateMachineArn: string };
    const start = ['--state-machine-arn', stateMachineArn, '--input', '{"a":21}'];
    const { executionArn } = (await json('stepfunctions', 'start-execution', ...start)) as { executionArn: string };
    const done = await eventually(async () => {
      const found = (await json('stepfunctions', 'describe-execution', '--execution-arn', executionArn)) as { status: string };
      return found.status === 'RUNNING' ? undefined : found;
    }, 60_000);
    expect(done).toMatchObject({ status: 'SUCCEEDED', output: '42' });
  });

  test('makes a function from a zip and invokes it', async () => {
    const code = 'exports.handler = async ({ who }) => ({ hello: who });';
    writeFileSync(join(folder, 'code.zip'), zipOf([{ name: 'index.js', content: code }]));
    const role = 'arn:aws:iam::000000000000:role/shell';
    const kind = ['--runtime', 'nodejs24.x', '--handler', 'index.handler', '--role', role, '--zip-file', 'fileb://code.zip'];
    await aws('lambda', 'create-function', '--function-name', 'greet', ...kind);
    await aws('lambda', 'invoke', '--function-name', 'greet', '--payload', '{"who":"shell"}', 'out.json');
    expect(JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8'))).toEqual({ hello: 'shell' });
  });

  test('speaks with the event bus, Batch, Braket and CloudWatch', async () => {
    await aws('events', 'put-rule', '--name', 'shell', '--event-pattern', '{"source":["shell"]}');
    expect(await json('events', 'list-rules', '--query', 'Rules[].Name')).toEqual(['shell']);
    expect(await json('batch', 'describe-job-queues', '--query', 'jobQueues[].jobQueueName')).toEqual(['main']);
    expect(await json('braket', 'search-devices', '--filters', '[]', '--query', 'devices[].deviceName')).toContain('SV1');
    await aws('cloudwatch', 'put-metric-data', '--namespace', 'Shell', '--metric-name', 'Calls', '--value', '3');
    const metrics = await json('cloudwatch', 'list-metrics', '--namespace', 'Shell', '--query', 'Metrics[].MetricName');
    expect(metrics).toEqual(['Calls']);
  });
});
