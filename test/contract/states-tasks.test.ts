/** What tasks do, seen from outside through the SDK for JavaScript: functions, tokens, children, jobs, events, objects. */
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  InvalidOutput,
  InvalidToken,
  ListExecutionsCommand,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  StopExecutionCommand,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createToken } from '../../local-sim/states/tokens.ts';
import { eventually } from './start-cloud.ts';
import { createFunction, type State, type StatesCloud, single, startStatesCloud } from './states-cloud.ts';

const Bucket = 'machine-data';
const INVOKE = 'arn:aws:states:::lambda:invoke';

/** `do` in the event says what it does; it answers its own token when it is asked to. */
const WORK = `
let tries = 0;
export const handler = async (event) => {
  switch (event.do) {
    case 'fail': { const error = new Error('no ' + event.what); error.name = event.name; throw error; }
    case 'flaky': if (++tries < 3) { const error = new Error('try again'); error.name = 'Flaky'; throw error; } return 'third time';
    case 'big': return 'x'.repeat(event.characters);
    case 'answer': {
      const { SFNClient, SendTaskSuccessCommand } = await import(${JSON.stringify(import.meta.resolve('@aws-sdk/client-sfn'))});
      await new SFNClient({}).send(new SendTaskSuccessCommand({ taskToken: event.token, output: '"before I returned"' }));
      return 'ignored';
    }
    default: return { twice: 2 * event.n };
  }
};`;

let cloud: StatesCloud;
let sfn: SFNClient;
let s3: S3Client;
let functionArn: string;

beforeAll(async () => {
  cloud = await startStatesCloud();
  sfn = cloud.sfn;
  s3 = new S3Client(cloud.client);
  functionArn = await createFunction(cloud, 'Work', WORK);
  await s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  s3.destroy();
  await cloud[Symbol.asyncDispose]();
});

const work = (Payload: State | string, more: State = {}): State => ({
  Type: 'Task',
  Resource: INVOKE,
  Arguments: { FunctionName: 'Work', Payload },
  ...more,
});
const read = async (Key: string) => (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();
const types = async (executionArn: string) => (await cloud.history(executionArn)).map((event) => event.type);

describe('a function', () => {
  test('is invoked by integration and by its own ARN', async () => {
    const invoked = await cloud.run('Invoke', single(work({ n: '{% $states.input.n %}' })), { n: 4 });
    expect(invoked.value).toMatchObject({ ExecutedVersion: '$LATEST', Payload: { twice: 8 }, StatusCode: 200 });
    expect(await types(invoked.executionArn!)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
    const direct = await cloud.run('Direct', single({ Type: 'Task', Resource: functionArn }), { n: 5 });
    expect(direct.value).toEqual({ twice: 10 });
  });

  test('fails with the name of what it threw, which Catch takes and Retry waits for', async () => {
    const failed = await cloud.run('Throws', single(work({ do: 'fail', name: 'BudgetExceeded', what: 'money' })));
    expect(failed).toMatchObject({ status: 'FAILED', error: 'BudgetExceeded' });
    expect(JSON.parse(failed.cause!)).toMatchObject({ errorType: 'BudgetExceeded', errorMessage: 'no money' });
    const caught = await cloud.run('Catches', {
      StartAt: 'Try',
      States: {
        Try: work(
          { do: 'fail', name: 'BudgetExceeded', what: 'money' },
          { Catch: [{ ErrorEquals: ['BudgetExceeded'], Output: '{% $states.errorOutput.Error %}', Next: 'Done' }], End: true },
        ),
        Done: { Type: 'Succeed' },
      },
    });
    expect(caught.value).toBe('BudgetExceeded');
    const retry = { ErrorEquals: ['Flaky'], IntervalSeconds: 1, MaxDelaySeconds: 2, JitterStrategy: 'FULL', MaxAttempts: 2 };
    const retried = await cloud.run(
      'Retries',
      single(work({ do: 'flaky' }, { Retry: [retry], Output: '{% $states.result.Payload %}' })),
    );
    expect(retried).toMatchObject({ status: 'SUCCEEDED', value: 'third time' });
    expect((await types(retried.executionArn!)).filter((type) => type === 'TaskFailed')).toHaveLength(2);
    const absent = await cloud.run('Absent', single({ ...work({}), Arguments: { FunctionName: 'Nobody', Payload: {} } }));
    expect(absent).toMatchObject({ status: 'FAILED', error: 'Lambda.ResourceNotFoundException' });
  });

  test('may answer 256 KiB and no more', async () => {
    const told = await cloud.run('Big', single(work({ do: 'big', characters: 262_200 })));
    expect(told).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    const fits = single(work({ do: 'big', characters: 261_000 }, { Output: '{% $length($states.result.Payload) %}' }));
    expect((await cloud.run('Fits', fits)).value).toBe(261_000);
  });
});

describe('a task token', () => {
  const waiting = (more: State = {}) =>
    single({
      ...work({ token: '{% $states.context.Task.Token %}', n: 1 }),
      Resource: `${INVOKE}.waitForTaskToken`,
      ...more,
    });
  const success = (taskToken: string, output = '{}') => sfn.send(new SendTaskSuccessCommand({ taskToken, output }));
  const begin = async (name: string, more: State = {}) => {
    const arn = await cloud.start(await cloud.create(name, waiting(more)));
    return { arn, token: await cloud.token(arn) };
  };

  test('brings the result, once', async () => {
    const { arn, token } = await begin('Succeeds');
    await expect(success(token, '{')).rejects.toBeInstanceOf(InvalidOutput);
    await success(token, '{"score":0.5}');
    await expect(success(token)).rejects.toBeInstanceOf(TaskTimedOut);
    expect(await cloud.ended(arn)).toMatchObject({ status: 'SUCCEEDED', value: { score: 0.5 } });
    await expect(success(token)).rejects.toBeInstanceOf(TaskTimedOut);
  });

  test('brings the error and its cause', async () => {
    const { arn, token } = await begin('Fails');
    await sfn.send(new SendTaskFailureCommand({ taskToken: token, error: 'DeviceRetired', cause: 'gone since May' }));
    expect(await cloud.ended(arn)).toMatchObject({ status: 'FAILED', error: 'DeviceRetired', cause: 'gone since May' });
    expect((await cloud.history(arn)).find((event) => event.type === 'TaskFailed')?.taskFailedEventDetails).toEqual({
      error: 'DeviceRetired',
      cause: 'gone since May',
      resource: 'invoke.waitForTaskToken',
      resourceType: 'lambda',
    });
  });

  test('stays open while heartbeats come and no longer', async () => {
    const { arn, token } = await begin('Beats', { HeartbeatSeconds: 2, TimeoutSeconds: 60 });
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setTimeout(resolve, 700));
      await sfn.send(new SendTaskHeartbeatCommand({ taskToken: token }));
    }
    expect(await types(arn)).not.toContain('TaskTimedOut');
    expect(await cloud.ended(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(await types(arn)).toContain('TaskTimedOut');
    await expect(sfn.send(new SendTaskHeartbeatCommand({ taskToken: token }))).rejects.toBeInstanceOf(TaskTimedOut);
  });

  test('may be answered before the function returned', async () => {
    const told = await cloud.run('Early', {
      ...waiting({ Arguments: { FunctionName: 'Work', Payload: { do: 'answer', token: '{% $states.context.Task.Token %}' } } }),
    });
    expect([told.status, told.cause, told.value]).toEqual(['SUCCEEDED', undefined, 'before I returned']);
  });

  test('is refused by class when it is made up, of another cloud, or of a stopped execution', async () => {
    const { arn, token } = await begin('Stopped');
    await sfn.send(new StopExecutionCommand({ executionArn: arn }));
    const foreign = createToken('arn:aws:states:us-east-1:000000000000:execution:Elsewhere:1', 'key');
    for (const [taskToken, wanted] of [
      ['made-up', InvalidToken],
      [foreign, TaskDoesNotExist],
      [token, TaskTimedOut],
    ] as const) {
      await expect(success(taskToken)).rejects.toBeInstanceOf(wanted);
      await expect(sfn.send(new SendTaskFailureCommand({ taskToken }))).rejects.toBeInstanceOf(wanted);
      await expect(sfn.send(new SendTaskHeartbeatCommand({ taskToken }))).rejects.toBeInstanceOf(wanted);
    }
  });
});

describe('a child', () => {
  test('execution is followed to its end, its input and output as JSON', async () => {
    const stateMachineArn = await cloud.create('Child', {
      StartAt: 'Pick',
      States: {
        Pick: { Type: 'Choice', Choices: [{ Condition: '{% $states.input.n < 0 %}', Next: 'No' }], Default: 'Yes' },
        No: { Type: 'Fail', Error: 'Negative', Cause: 'below zero' },
        Yes: { Type: 'Succeed', Output: { n: '{% $states.input.n + 1 %}' } },
      },
    });
    const parent = single({
      Type: 'Task',
      Resource: 'arn:aws:states:::states:startExecution.sync:2',
      Arguments: { StateMachineArn: stateMachineArn, Input: { n: '{% $states.input.n %}' } },
    });
    const parentArn = await cloud.create('Parent', parent);
    const good = await cloud.ended(await cloud.start(parentArn, { n: 1 }));
    expect(good.value).toMatchObject({
      Status: 'SUCCEEDED',
      Input: { n: 1 },
      Output: { n: 2 },
      StateMachineArn: stateMachineArn,
    });
    const bad = await cloud.ended(await cloud.start(parentArn, { n: -1 }));
    expect(bad).toMatchObject({ status: 'FAILED', error: 'States.TaskFailed' });
    const cause = JSON.parse(bad.cause!) as { ExecutionArn: string };
    expect(cause).toMatchObject({ Status: 'FAILED', Error: 'Negative', Cause: 'below zero' });
    const child = await sfn.send(new DescribeExecutionCommand({ executionArn: cause.ExecutionArn }));
    expect(child).toMatchObject({ status: 'FAILED', error: 'Negative' });
  });

  test('job is followed to its end, and its failure is told', async () => {
    const job = (value: string) =>
      single({
        Type: 'Task',
        Resource: 'arn:aws:states:::batch:submitJob.sync',
        Arguments: {
          JobName: 'work',
          JobQueue: 'main',
          JobDefinition: 'node',
          ContainerOverrides: { Environment: [{ Name: 'EXIT_CODE', Value: value }] },
        },
      });
    const good = await cloud.run('Job', job('0'));
    expect(good.value).toMatchObject({ JobName: 'work', Status: 'SUCCEEDED', Container: { ExitCode: 0 } });
    expect(await types(good.executionArn!)).toContain('TaskSubmitted');
    const bad = await cloud.run('BadJob', job('7'));
    expect(bad).toMatchObject({ status: 'FAILED', error: 'States.TaskFailed' });
    expect(JSON.parse(bad.cause!)).toMatchObject({ Status: 'FAILED', Container: { ExitCode: 7 } });
  });
});

describe('another service', () => {
  test('gets events, whose rule starts a machine', async () => {
    const listener = await cloud.create('Listener', single({ Type: 'Pass' }));
    const events = new EventBridgeClient(cloud.client);
    await events.send(new PutRuleCommand({ Name: 'from-machines', EventPattern: JSON.stringify({ source: ['qefm.test'] }) }));
    await events.send(new PutTargetsCommand({ Rule: 'from-machines', Targets: [{ Id: '1', Arn: listener }] }));
    events.destroy();
    const Entry = { Source: 'qefm.test', DetailType: 'Ranked', Detail: { best: '{% $states.input.best %}' } };
    const sender = { Type: 'Task', Resource: 'arn:aws:states:::events:putEvents', Arguments: { Entries: [Entry] } };
    const sent = await cloud.run('Sender', single(sender), { best: 'C1' });
    expect(sent.value).toMatchObject({ FailedEntryCount: 0, Entries: [{ EventId: expect.any(String) }] });
    const [started] = await eventually(async () => {
      const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn: listener }));
      return executions.length > 0 ? executions : undefined;
    });
    const { value } = await cloud.ended(started!.executionArn!);
    expect(value).toMatchObject({
      'detail-type': 'Ranked',
      detail: { best: 'C1' },
      resources: [sent.executionArn, sent.stateMachineArn],
    });
  });

  test('S3 is called by its SDK name, with its own errors', async () => {
    const call = (action: string, Arguments: State, more: State) => ({
      Type: 'Task',
      Resource: `arn:aws:states:::aws-sdk:s3:${action}`,
      Arguments,
      ...more,
    });
    const told = await cloud.run('Objects', {
      StartAt: 'Put',
      States: {
        Put: call('putObject', { Bucket, Key: 'sdk/a.json', Body: { n: 3 } }, { Next: 'List' }),
        List: call('listObjectsV2', { Bucket, Prefix: 'sdk/' }, { Output: '{% $states.result.Contents[0].Key %}', Next: 'Get' }),
        Get: call(
          'getObject',
          { Bucket, Key: '{% $states.input %}' },
          { Assign: { body: '{% $states.result.Body %}' }, Next: 'Miss' },
        ),
        Miss: call(
          'getObject',
          { Bucket, Key: 'sdk/absent' },
          { Catch: [{ ErrorEquals: ['S3.NoSuchKeyException'], Output: '{% $body %}', Next: 'Done' }], End: true },
        ),
        Done: { Type: 'Succeed' },
      },
    });
    expect([told.status, told.error, told.cause]).toEqual(['SUCCEEDED', undefined, undefined]);
    expect(JSON.parse(told.value as string)).toEqual({ n: 3 });
    expect(JSON.parse(await read('sdk/a.json'))).toEqual({ n: 3 });
  });
});
