/** Asynchronous invocations on a virtual clock, and the in-process mode that unit tests use. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { virtualClock } from '../../../local-sim/clock.ts';
import { createLambda, type LambdaService } from '../../../local-sim/lambda/server.ts';
import type { CloudContext } from '../../../local-sim/service.ts';

let folder: string;
let clock: ReturnType<typeof virtualClock>;
let lambda: LambdaService;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lambda-'));
  clock = virtualClock(0);
});
afterEach(async () => {
  await lambda.stop!();
  rmSync(folder, { recursive: true, force: true });
});

async function start(code: string, inProcess = true, timeoutSeconds = 5): Promise<LambdaService> {
  const entry = join(folder, 'handler.mjs');
  writeFileSync(entry, code);
  const context: CloudContext = {
    clock,
    stateDir: join(folder, 'state'),
    region: 'us-east-1',
    accountId: '000000000000',
    endpoint: () => 'http://127.0.0.1:1',
    peer: () => {
      throw new Error('no peers here');
    },
    log: () => {},
  };
  lambda = createLambda(context, {
    functions: [{ name: 'F', entry, memoryMb: 128, timeoutSeconds, environment: { MARK: 'set' } }],
    inProcess,
  });
  await lambda.start!();
  return lambda;
}
async function until(done: () => boolean) {
  const end = Date.now() + 20_000;
  while (!done() && Date.now() < end) await new Promise((resolve) => setImmediate(resolve));
  expect(done()).toBe(true);
}

describe('an asynchronous invocation', () => {
  test('is tried three times, one and two minutes apart, and then kept as a dead letter', async () => {
    await start('export const handler = async () => { (globalThis.tries ??= []).push(1); throw new RangeError("never"); };');
    await lambda.call('Invoke', { FunctionName: 'F', InvocationType: 'Event', Payload: '{"a":1}' });
    await until(() => lambda.deadLetters().length === 1);
    expect((globalThis as { tries?: number[] }).tries).toHaveLength(3);
    expect(clock.now()).toBe(180_000);
    expect(lambda.deadLetters()[0]).toMatchObject({
      functionName: 'F',
      payload: '{"a":1}',
      attempts: 3,
      failure: { errorType: 'RangeError', errorMessage: 'never' },
    });
    expect(lambda.openInvocations()).toBe(0);
  });

  test('is taken up by the next process when the first one ended before it was done', async () => {
    await start('export const handler = () => new Promise(() => {});', true, 600);
    await lambda.call('Invoke', { FunctionName: 'F', InvocationType: 'Event', Payload: '{}' });
    expect(lambda.openInvocations()).toBe(1);
    await lambda.stop!();
    writeFileSync(join(folder, 'second.mjs'), 'export const handler = () => { globalThis.taken = true; };');
    const entry = join(folder, 'second.mjs');
    const context = {
      clock,
      stateDir: join(folder, 'state'),
      region: 'us-east-1',
      accountId: '000000000000',
      endpoint: () => '',
      peer: () => lambda,
      log: () => {},
    };
    lambda = createLambda(context, {
      functions: [{ name: 'F', entry, memoryMb: 128, timeoutSeconds: 5, environment: {} }],
      inProcess: true,
    });
    await lambda.start!();
    await until(() => lambda.openInvocations() === 0);
    expect((globalThis as { taken?: boolean }).taken).toBe(true);
  });
});

describe('the in-process mode', () => {
  test('runs the handler in this thread, with its variables', async () => {
    await start(
      'export const handler = async (event) => ({ pid: process.pid, mark: process.env.MARK, thread: (await import("node:worker_threads")).isMainThread, event });',
    );
    const { isMainThread } = await import('node:worker_threads');
    const out = await lambda.call('Invoke', { FunctionName: 'F', Payload: '{"x":1}' });
    expect(JSON.parse(String(out['Payload']))).toEqual({ pid: process.pid, mark: 'set', thread: isMainThread, event: { x: 1 } });
  });

  test('answers a time-out even though it cannot end the code', async () => {
    await start('export const handler = () => new Promise(() => {});', true, 1);
    const out = await lambda.call('Invoke', { FunctionName: 'F', Payload: '{}' });
    expect(JSON.parse(String(out['Payload']))).toMatchObject({ errorType: 'Sandbox.Timedout' });
  });
});

describe('invocations', () => {
  test('keep a virtual clock from advancing while they run', async () => {
    await start('export const handler = () => new Promise((r) => setTimeout(() => r("done"), 100));', false);
    let fired = false;
    const running = lambda.call('Invoke', { FunctionName: 'F', Payload: '{}' });
    clock.at(1000, () => {
      fired = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(fired).toBe(false);
    expect(String((await running)['Payload'])).toBe('"done"');
    await until(() => fired);
  });

  test('refuse what is too large before anything runs', async () => {
    await start('export const handler = () => 1;');
    const large = JSON.stringify('x'.repeat(7_000_000));
    await expect(lambda.call('Invoke', { FunctionName: 'F', Payload: large })).rejects.toMatchObject({
      code: 'RequestTooLargeException',
      status: 413,
    });
    await expect(lambda.call('Invoke', { FunctionName: 'F', InvocationType: 'Event', Payload: large })).rejects.toMatchObject({
      code: 'RequestTooLargeException',
    });
  });
});
