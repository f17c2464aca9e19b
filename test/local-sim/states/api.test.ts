import { afterEach, describe, expect, test } from 'vitest';
import type { ServiceRequest } from '../../../local-sim/service.ts';
import { eventually, single, TestCloud, type TestCloudOptions } from './cloud.ts';

const open: TestCloud[] = [];
function cloudOf(options: TestCloudOptions = {}): TestCloud {
  const cloud = new TestCloud(options);
  open.push(cloud);
  return cloud;
}
afterEach(async () => {
  for (const cloud of open.splice(0)) await cloud.close();
});

const PASS = single({ Type: 'Pass' });
const text = (definition: object) => JSON.stringify({ QueryLanguage: 'JSONata', ...definition });
const ARN = 'arn:aws:states:eu-west-2:123456789012:stateMachine:machine';
const ROLE = 'arn:aws:iam::123456789012:role/test';

function post(cloud: TestCloud, target: string, body: string) {
  const request: ServiceRequest = {
    method: 'POST',
    path: '/',
    query: new URLSearchParams(),
    headers: { 'x-amz-target': target },
    body: Buffer.from(body),
    region: 'eu-west-2',
    requestId: 'request-1',
  };
  return cloud.states.handle(request);
}

describe('the wire', () => {
  test('is AWS JSON 1.0 with dates as seconds', async () => {
    const cloud = cloudOf();
    const answer = await post(
      cloud,
      'AWSStepFunctions.CreateStateMachine',
      JSON.stringify({ name: 'machine', definition: text(PASS), roleArn: ROLE }),
    );
    expect(answer.status).toBe(200);
    expect(answer.headers).toEqual({ 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'request-1' });
    expect(JSON.parse(String(answer.body))).toEqual({ stateMachineArn: ARN, creationDate: Date.UTC(2026, 0, 1) / 1000 });
  });

  test('tells errors by __type', async () => {
    const cloud = cloudOf();
    const missing = await post(cloud, 'AWSStepFunctions.DescribeStateMachine', JSON.stringify({ stateMachineArn: ARN }));
    expect(missing.status).toBe(400);
    expect(JSON.parse(String(missing.body))).toEqual({
      __type: 'StateMachineDoesNotExist',
      message: `State Machine Does Not Exist: '${ARN}'`,
    });
    for (const [target, body, code] of [
      ['AWSStepFunctions.Nothing', '{}', 'UnknownOperationException'],
      ['AWSStepFunctions.constructor', '{}', 'UnknownOperationException'],
      ['Other.StartExecution', '{}', 'UnknownOperationException'],
      ['AWSStepFunctions.StartExecution', '{', 'SerializationException'],
      ['AWSStepFunctions.StartExecution', '[]', 'SerializationException'],
    ] as const) {
      expect(JSON.parse(String((await post(cloud, target, body)).body))['__type'], target).toBe(code);
    }
  });
});

describe('state machines', () => {
  test('are created once; the same definition again is no error, another one is', async () => {
    const cloud = cloudOf();
    const args = { name: 'machine', definition: text(PASS), roleArn: ROLE };
    const first = await cloud.call('CreateStateMachine', args);
    expect(await cloud.call('CreateStateMachine', args)).toEqual(first);
    await expect(
      cloud.call('CreateStateMachine', { ...args, definition: text(single({ Type: 'Pass', Output: 1 })) }),
    ).rejects.toMatchObject({ code: 'StateMachineAlreadyExists' });
  });

  test('are refused with every offence and its path', async () => {
    const cloud = cloudOf();
    const definition = text({ StartAt: 'A', States: { A: { Type: 'Pass', Result: 1, Next: 'B' } } });
    await expect(cloud.call('CreateStateMachine', { name: 'machine', definition, roleArn: ROLE })).rejects.toMatchObject({
      code: 'InvalidDefinition',
      message: expect.stringMatching(
        /Result is a field of JSONPath machines.* at \/States\/A\/Result.*the state B is not there at \/States\/A\/Next/s,
      ),
    });
    await expect(
      cloud.call('CreateStateMachine', { name: 'machine', definition: JSON.stringify(PASS), roleArn: ROLE }),
    ).rejects.toMatchObject({ message: expect.stringContaining('JSONata machines only') });
    await expect(
      cloud.call('CreateStateMachine', { name: 'machine', definition: `"${'x'.repeat(1_048_577)}"`, roleArn: ROLE }),
    ).rejects.toMatchObject({ message: expect.stringContaining('1048576') });
    expect((await cloud.call('ListStateMachines', {}))['stateMachines']).toEqual([]);
  });

  test('are refused for a bad name, role or type', async () => {
    const cloud = cloudOf();
    const args = { name: 'machine', definition: text(PASS), roleArn: ROLE };
    for (const name of ['', 'a b', 'a/b', 'x'.repeat(81), 'a:b', 'a\u0007'])
      await expect(cloud.call('CreateStateMachine', { ...args, name })).rejects.toMatchObject({ code: 'InvalidName' });
    await expect(cloud.call('CreateStateMachine', { ...args, roleArn: 'me' })).rejects.toMatchObject({ code: 'InvalidArn' });
    await expect(cloud.call('CreateStateMachine', { ...args, type: 'EXPRESS' })).rejects.toMatchObject({
      code: 'StateMachineTypeNotSupported',
    });
    await expect(cloud.call('CreateStateMachine', { ...args, publish: true })).rejects.toMatchObject({
      code: 'ValidationException',
    });
  });

  test('are described, updated, listed by page and deleted', async () => {
    const cloud = cloudOf();
    for (const name of ['c', 'a', 'b']) await cloud.create(PASS, name);
    const first = await cloud.call('ListStateMachines', { maxResults: 2 });
    const second = await cloud.call('ListStateMachines', { maxResults: 2, nextToken: first['nextToken'] });
    const names = [...(first['stateMachines'] as { name: string }[]), ...(second['stateMachines'] as { name: string }[])].map(
      ({ name }) => name,
    );
    expect(names).toEqual(['a', 'b', 'c']);
    expect(second['nextToken']).toBeUndefined();
    await expect(cloud.call('ListStateMachines', { nextToken: 'x' })).rejects.toMatchObject({ code: 'InvalidToken' });
    await expect(cloud.call('ListStateMachines', { maxResults: 1001 })).rejects.toMatchObject({ code: 'ValidationException' });

    const stateMachineArn = ARN.replace(/machine$/, 'a');
    const before = await cloud.call('DescribeStateMachine', { stateMachineArn });
    expect(before).toMatchObject({
      name: 'a',
      status: 'ACTIVE',
      type: 'STANDARD',
      definition: text(PASS),
      roleArn: ROLE,
      loggingConfiguration: { level: 'OFF' },
    });
    const updated = await cloud.call('UpdateStateMachine', {
      stateMachineArn,
      definition: text(single({ Type: 'Pass', Output: 2 })),
    });
    const after = await cloud.call('DescribeStateMachine', { stateMachineArn });
    expect(after['revisionId']).toBe(updated['revisionId']);
    expect(after['revisionId']).not.toBe(before['revisionId']);
    await expect(cloud.call('UpdateStateMachine', { stateMachineArn })).rejects.toMatchObject({
      code: 'MissingRequiredParameter',
    });
    await cloud.call('DeleteStateMachine', { stateMachineArn });
    await expect(cloud.call('DescribeStateMachine', { stateMachineArn })).rejects.toMatchObject({
      code: 'StateMachineDoesNotExist',
    });
    expect(await cloud.call('DeleteStateMachine', { stateMachineArn })).toEqual({});
    await expect(cloud.call('DescribeStateMachine', { stateMachineArn: 'x' })).rejects.toMatchObject({ code: 'InvalidArn' });
  });

  test('are validated without being created', async () => {
    const cloud = cloudOf();
    expect(await cloud.call('ValidateStateMachineDefinition', { definition: text(PASS) })).toEqual({
      result: 'OK',
      diagnostics: [],
      truncated: false,
    });
    const bad = await cloud.call('ValidateStateMachineDefinition', {
      definition: text({ StartAt: 'A', States: { A: { Type: 'Pass', Foo: 1, Bar: 2, End: true } } }),
      maxResults: 1,
    });
    expect(bad).toEqual({
      result: 'FAIL',
      diagnostics: [
        {
          severity: 'ERROR',
          code: 'SCHEMA_VALIDATION_FAILED',
          message: 'the field Foo is not known in a Pass state',
          location: '/States/A/Foo',
        },
      ],
      truncated: true,
    });
  });

  test('are tagged', async () => {
    const cloud = cloudOf();
    await cloud.call('CreateStateMachine', {
      name: 'machine',
      definition: text(PASS),
      roleArn: ROLE,
      tags: [{ key: 'a', value: '1' }],
    });
    await cloud.call('TagResource', { resourceArn: ARN, tags: [{ key: 'b', value: '2' }] });
    await cloud.call('UntagResource', { resourceArn: ARN, tagKeys: ['a'] });
    expect(await cloud.call('ListTagsForResource', { resourceArn: ARN })).toEqual({ tags: [{ key: 'b', value: '2' }] });
  });
});

describe('executions', () => {
  const WAIT = single({
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
    Arguments: { FunctionName: 'hold', Payload: '{% $states.context.Task.Token %}' },
  });
  const functions = { hold: () => null };

  test('are started once by name while they run with the same input', async () => {
    const cloud = cloudOf({ functions });
    const stateMachineArn = await cloud.create(WAIT);
    const args = { stateMachineArn, name: 'one', input: '{"a":1}' };
    const first = await cloud.call('StartExecution', args);
    expect(await cloud.call('StartExecution', args)).toEqual(first);
    await expect(cloud.call('StartExecution', { ...args, input: '{"a":2}' })).rejects.toMatchObject({
      code: 'ExecutionAlreadyExists',
    });
    expect((await cloud.call('ListExecutions', { stateMachineArn }))['executions']).toHaveLength(1);
    await cloud.call('StopExecution', { executionArn: first['executionArn'] });
    await expect(cloud.call('StartExecution', args)).rejects.toMatchObject({ code: 'ExecutionAlreadyExists' });
  });

  test('are refused for a bad name or machine', async () => {
    const cloud = cloudOf();
    const stateMachineArn = await cloud.create(PASS);
    await expect(cloud.call('StartExecution', { stateMachineArn, name: 'a b' })).rejects.toMatchObject({ code: 'InvalidName' });
    await expect(cloud.call('StartExecution', { stateMachineArn, input: 5 })).rejects.toMatchObject({
      code: 'ValidationException',
    });
    await expect(cloud.call('StartExecution', { stateMachineArn: `${ARN}x` })).rejects.toMatchObject({
      code: 'StateMachineDoesNotExist',
    });
    await expect(
      cloud.call('DescribeExecution', { executionArn: `${ARN.replace('stateMachine', 'execution')}:none` }),
    ).rejects.toMatchObject({ code: 'ExecutionDoesNotExist' });
    await expect(cloud.call('DescribeExecution', { executionArn: 'x' })).rejects.toMatchObject({ code: 'InvalidArn' });
  });

  test('are listed newest first, by status and page', async () => {
    const cloud = cloudOf();
    const stateMachineArn = await cloud.create({
      StartAt: 'A',
      States: {
        A: { Type: 'Choice', Choices: [{ Condition: '{% $states.input.ok %}', Next: 'S' }], Default: 'F' },
        S: { Type: 'Succeed' },
        F: { Type: 'Fail', Error: 'E' },
      },
    });
    for (const [i, ok] of [true, false, true].entries()) {
      const { executionArn } = await cloud.call('StartExecution', {
        stateMachineArn,
        name: `e${i}`,
        input: JSON.stringify({ ok }),
      });
      await cloud.states.ended(String(executionArn));
    }
    const names = async (args: object) =>
      ((await cloud.call('ListExecutions', { stateMachineArn, ...args }))['executions'] as { name: string }[]).map(
        ({ name }) => name,
      );
    expect(await names({})).toEqual(['e2', 'e1', 'e0']);
    expect(await names({ statusFilter: 'SUCCEEDED' })).toEqual(['e2', 'e0']);
    expect(await names({ statusFilter: 'FAILED' })).toEqual(['e1']);
    expect(await names({ statusFilter: 'RUNNING' })).toEqual([]);
    expect(await names({ maxResults: 1 })).toEqual(['e2']);
    await expect(cloud.call('ListExecutions', { stateMachineArn, statusFilter: 'DONE' })).rejects.toMatchObject({
      code: 'ValidationException',
    });
    await expect(cloud.call('ListExecutions', {})).rejects.toMatchObject({ code: 'ValidationException' });
    await expect(cloud.call('ListExecutions', { mapRunArn: 'x' })).rejects.toMatchObject({ code: 'ResourceNotFound' });
  });

  test('are stopped, and a second stop changes nothing', async () => {
    const cloud = cloudOf({ functions });
    const arn = await cloud.begin(WAIT);
    await eventually(async () => (await cloud.types(arn)).includes('TaskSubmitted'));
    const first = await cloud.call('StopExecution', { executionArn: arn, error: 'E', cause: 'c' });
    await cloud.states.ended(arn);
    expect(await cloud.told(arn)).toMatchObject({ status: 'ABORTED', error: 'E', cause: 'c' });
    expect(await cloud.call('StopExecution', { executionArn: arn, error: 'F' })).toEqual(first);
    expect((await cloud.history(arn)).at(-1)).toMatchObject({
      type: 'ExecutionAborted',
      executionAbortedEventDetails: { error: 'E', cause: 'c' },
    });
  });

  test('tell their history by page, backwards and without data', async () => {
    const cloud = cloudOf();
    const ran = await cloud.run(PASS, { secret: 1 });
    const page = (args: object) =>
      cloud.call('GetExecutionHistory', { executionArn: ran.arn, ...args }) as Promise<{
        events: { id: number; type: string; timestamp: Date }[];
        nextToken?: string;
      }>;
    const first = await page({ maxResults: 3 });
    const second = await page({ maxResults: 3, nextToken: first.nextToken });
    expect([...first.events, ...second.events].map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    expect((await page({ reverseOrder: true })).events.map(({ id }) => id)).toEqual([4, 3, 2, 1]);
    expect(JSON.stringify(await page({ includeExecutionData: false }))).not.toContain('secret');
    expect(JSON.stringify(await page({}))).toContain('secret');
    expect(first.events[0]!.timestamp).toBeInstanceOf(Date);
  });

  test('name the machine they run', async () => {
    const cloud = cloudOf();
    const ran = await cloud.run(PASS);
    expect(await cloud.call('DescribeStateMachineForExecution', { executionArn: ran.arn })).toMatchObject({
      stateMachineArn: ARN,
      name: 'machine',
      definition: text(PASS),
    });
  });

  test('go when their machine is deleted', async () => {
    const cloud = cloudOf({ functions });
    const arn = await cloud.begin(WAIT);
    await cloud.call('DeleteStateMachine', { stateMachineArn: ARN });
    await cloud.states.ended(arn);
    expect((await cloud.told(arn)).status).toBe('ABORTED');
  });
});
