/** The SDK for JavaScript against the local Lambda: zipped handlers, real errors, real limits. */
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, type StartedCloud, startCloud } from './start-cloud.ts';
import { zipOf } from './zip-of.ts';

const Role = 'arn:aws:iam::000000000000:role/test';
const HANDLER = `
import { hello } from './inner/words.mjs';
let count = 0;
export const handler = async (event, context) => {
  count++;
  switch (event.do) {
    case 'throw': { const e = new Error('no budget left'); e.name = 'BudgetExceeded'; throw e; }
    case 'throw-text': throw 'just text';
    case 'loop': for (;;) {}
    case 'wait': { const from = Date.now(); await new Promise((r) => setTimeout(r, event.ms)); return [from, Date.now()]; }
    case 'heap': { const all = []; for (;;) all.push(new Array(1e5).fill(Math.random())); }
    case 'buffers': { const all = []; for (;;) { all.push(new Float64Array(4e6).fill(1)); await new Promise((r) => setTimeout(r, 5)); } }
    case 'exit': process.exit(3);
    case 'reject': Promise.reject(new Error('nobody caught this')); await new Promise((r) => setTimeout(r, 1000)); return;
    case 'big': return 'x'.repeat(7e6);
    case 'nothing': return;
    case 'log': console.log('one\\ntwo'); console.error('three'); return;
    case 'env': return { env: process.env };
    case 'count': return count;
    case 'context': return { ...context, left: context.getRemainingTimeInMillis() };
    default: return { hello: hello(event.name) };
  }
};`;

let started: StartedCloud;
let lambda: LambdaClient;

const invoke = async (FunctionName: string, event: unknown, more: object = {}) => {
  const out = await lambda.send(new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)), ...more }));
  return {
    ...out,
    value: out.Payload ? (JSON.parse(Buffer.from(out.Payload).toString() || 'null') as Record<string, unknown>) : undefined,
  };
};

const create = (FunctionName: string, code: string, more: object = {}) =>
  lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Timeout: 2,
      MemorySize: 128,
      Code: {
        ZipFile: zipOf([
          { name: 'index.mjs', content: code },
          { name: 'inner/words.mjs', content: 'export const hello = (n) => "hello " + n;', stored: true },
        ]),
      },
      ...more,
    }),
  );

beforeAll(async () => {
  started = await startCloud({ lambda: { workLimit: 2 } });
  lambda = new LambdaClient({ ...started.client, maxAttempts: 1 });
  await create('Zipped', HANDLER, { Environment: { Variables: { GREETING: 'hi' } } });
});
afterAll(async () => {
  lambda.destroy();
  await started[Symbol.asyncDispose]();
});

describe('a zipped function', () => {
  test('runs, is described and listed', async () => {
    const out = await invoke('Zipped', { name: 'Ada' });
    expect(out).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST', value: { hello: 'hello Ada' } });
    expect(out.FunctionError).toBeUndefined();
    const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: 'Zipped' }));
    expect(Configuration).toMatchObject({
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Timeout: 2,
      MemorySize: 128,
      State: 'Active',
    });
    const { Functions } = await lambda.send(new ListFunctionsCommand({}));
    expect(Functions?.map((f) => f.FunctionName)).toEqual(['Zipped']);
  });

  test('answers to its ARN and to $LATEST, not to other versions', async () => {
    expect((await invoke('arn:aws:lambda:us-east-1:000000000000:function:Zipped', { name: 'B' })).value).toEqual({
      hello: 'hello B',
    });
    expect((await invoke('Zipped', { name: 'C' }, { Qualifier: '$LATEST' })).value).toEqual({ hello: 'hello C' });
    await expect(invoke('Zipped', {}, { Qualifier: '7' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(invoke('Absent', {})).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: { httpStatusCode: 404 },
    });
  });

  test('gets its variables and a context', async () => {
    const { value } = await invoke('Zipped', { do: 'env' });
    expect(value?.['env']).toMatchObject({
      GREETING: 'hi',
      AWS_LAMBDA_FUNCTION_NAME: 'Zipped',
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: started.cloud.endpoint,
    });
    expect(value?.['env']).not.toHaveProperty('HOME');
    // Keys of its own, so that the cloud knows who asks.
    const own = value?.['env'] as Record<string, string> | undefined;
    expect(own?.['AWS_ACCESS_KEY_ID']).not.toBe(started.client.credentials.accessKeyId);
    const context = (await invoke('Zipped', { do: 'context' })).value;
    expect(context).toMatchObject({
      functionName: 'Zipped',
      functionVersion: '$LATEST',
      memoryLimitInMB: '128',
      logGroupName: '/aws/lambda/Zipped',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:Zipped',
    });
    expect(context?.['left']).toBeGreaterThan(1000);
    expect(context?.['left']).toBeLessThanOrEqual(2000);
  });

  test('stays warm between invocations and starts anew when its code or variables change', async () => {
    await create('Counter', HANDLER);
    expect((await invoke('Counter', { do: 'count' })).value).toBe(1);
    expect((await invoke('Counter', { do: 'count' })).value).toBe(2);
    await lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: 'Counter', Environment: { Variables: { A: 'b' } } }),
    );
    expect((await invoke('Counter', { do: 'count' })).value).toBe(1);
    await lambda.send(
      new UpdateFunctionCodeCommand({
        FunctionName: 'Counter',
        ZipFile: zipOf([{ name: 'index.mjs', content: 'export const handler = () => "new";' }]),
      }),
    );
    expect((await invoke('Counter', {})).value).toBe('new');
    await lambda.send(new DeleteFunctionCommand({ FunctionName: 'Counter' }));
    await expect(invoke('Counter', {})).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('gives null for nothing, and the tail of its log on request', async () => {
    expect((await invoke('Zipped', { do: 'nothing' })).value).toBeNull();
    const out = await invoke('Zipped', { do: 'log' }, { LogType: 'Tail' });
    expect(Buffer.from(out.LogResult ?? '', 'base64').toString()).toBe('one\ntwo\nthree');
  });
});

describe('a failing function', () => {
  test('reports the name, message and trace of what it threw', async () => {
    const out = await invoke('Zipped', { do: 'throw' });
    expect(out).toMatchObject({
      StatusCode: 200,
      FunctionError: 'Unhandled',
      value: { errorType: 'BudgetExceeded', errorMessage: 'no budget left' },
    });
    expect(out.value?.['trace']).toBeInstanceOf(Array);
    expect((await invoke('Zipped', { do: 'throw-text' })).value).toMatchObject({
      errorType: 'string',
      errorMessage: 'just text',
    });
  });

  test('is ended on time even while it spins, and works again afterwards', async () => {
    const before = Date.now();
    const out = await invoke('Zipped', { do: 'loop' });
    expect(Date.now() - before).toBeLessThan(10_000);
    expect(out).toMatchObject({ FunctionError: 'Unhandled', value: { errorType: 'Sandbox.Timedout' } });
    expect(out.value?.['errorMessage']).toMatch(/Task timed out after 2\.00 seconds$/);
    expect((await invoke('Zipped', { name: 'D' })).value).toEqual({ hello: 'hello D' });
  });

  test('is ended at its memory limit, on the heap and in buffers', async () => {
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'Zipped', Timeout: 60 }));
    for (const place of ['heap', 'buffers']) {
      expect(await invoke('Zipped', { do: place })).toMatchObject({
        FunctionError: 'Unhandled',
        value: { errorType: 'Runtime.OutOfMemory' },
      });
    }
    expect((await invoke('Zipped', { name: 'E' })).value).toEqual({ hello: 'hello E' });
  });

  test('names an exit, a rejection nobody caught, and a response that is too large', async () => {
    expect((await invoke('Zipped', { do: 'exit' })).value).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('exit status 3'),
    });
    expect((await invoke('Zipped', { do: 'reject' })).value).toMatchObject({ errorType: 'Runtime.UnhandledPromiseRejection' });
    expect((await invoke('Zipped', { do: 'big' })).value).toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' });
  });

  test('names a module that cannot be loaded, an export that is missing and a callback handler', async () => {
    await create('Broken', 'import "not-a-package";');
    expect((await invoke('Broken', {})).value).toMatchObject({ errorType: 'Runtime.ImportModuleError' });
    await create('NoExport', 'export const other = 1;');
    expect((await invoke('NoExport', {})).value).toMatchObject({ errorType: 'Runtime.HandlerNotFound' });
    await create('Callback', 'export const handler = (event, context, callback) => callback(null, 1);');
    expect((await invoke('Callback', {})).value).toMatchObject({ errorType: 'Runtime.CallbackHandlerDeprecated' });
  });
});

describe('the API', () => {
  test('refuses other runtimes, bad archives, bad JSON and a second creation', async () => {
    await expect(create('Snake', '', { Runtime: 'python3.12' })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
    });
    await expect(create('NotZip', '', { Code: { ZipFile: Buffer.from('not a zip') } })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
    });
    await expect(
      create('Escapes', '', { Code: { ZipFile: zipOf([{ name: '../outside.mjs', content: 'x' }]) } }),
    ).rejects.toMatchObject({ name: 'InvalidParameterValueException', message: expect.stringContaining('leaves the folder') });
    await expect(create('Zipped', HANDLER)).rejects.toMatchObject({ name: 'ResourceConflictException' });
    await expect(lambda.send(new InvokeCommand({ FunctionName: 'Zipped', Payload: Buffer.from('{') }))).rejects.toMatchObject({
      name: 'InvalidRequestContentException',
    });
  });

  test('takes asynchronous invocations and dry runs', async () => {
    expect((await invoke('Zipped', { do: 'log' }, { InvocationType: 'Event' })).StatusCode).toBe(202);
    expect((await invoke('Zipped', {}, { InvocationType: 'DryRun' })).StatusCode).toBe(204);
    await eventually(() => started.cloud.lambda.openInvocations() === 0);
  });

  test('lets no more than the limit work at once, and the interactive lane never waits for it', async () => {
    await create('Slow', HANDLER, { Timeout: 30 });
    await create('Quick', 'export const handler = () => "quick";');
    await invoke('Quick', {});
    let ended = 0;
    const slow = Array.from({ length: 4 }, async () => {
      const { value } = await invoke('Slow', { do: 'wait', ms: 1500 });
      ended++;
      return value as unknown as [number, number];
    });
    const quick = await started.cloud.lambda.invoke('Quick', '{}', 'interactive');
    expect(quick.payload).toBe('"quick"');
    expect(ended).toBe(0);
    const spans = await Promise.all(slow);
    for (const [from] of spans) expect(spans.filter(([start, end]) => start <= from && from < end).length).toBeLessThanOrEqual(2);
  });
});
