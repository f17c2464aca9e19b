import { afterEach, describe, expect, test } from 'vitest';
import { ServiceError } from '../../../local-sim/service.ts';
import { errorName, fromSdkCase, toSdkCase } from '../../../local-sim/states/integrations.ts';
import { parseResource } from '../../../local-sim/states/resources.ts';
import { eventually, MemoryS3, peerOf, single, TestCloud, type TestCloudOptions } from './cloud.ts';

const open: TestCloud[] = [];
function cloudOf(options: TestCloudOptions = {}): TestCloud {
  const cloud = new TestCloud(options);
  open.push(cloud);
  return cloud;
}
afterEach(async () => {
  for (const cloud of open.splice(0)) await cloud.close();
});

const task = (resource: string, args: unknown, more: object = {}) =>
  single({ Type: 'Task', Resource: `arn:aws:states:::${resource}`, Arguments: args, ...more });

describe('lambda', () => {
  test('gives the shape of lambda:invoke, with the payload parsed', async () => {
    const cloud = cloudOf({ functions: { f: (event) => ({ got: event }) } });
    const ran = await cloud.run(
      task('lambda:invoke', {
        FunctionName: 'arn:aws:lambda:eu-west-2:123456789012:function:f',
        Payload: { n: '{% $states.input.n %}' },
      }),
      { n: 1 },
    );
    expect(ran.output).toEqual({
      ExecutedVersion: '$LATEST',
      Payload: { got: { n: 1 } },
      SdkHttpMetadata: { HttpStatusCode: 200 },
      StatusCode: 200,
    });
    expect(await cloud.types(ran.arn)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
    const scheduled = (await cloud.history(ran.arn))[2]!;
    expect(scheduled['taskScheduledEventDetails']).toEqual({
      resource: 'invoke',
      resourceType: 'lambda',
      region: 'eu-west-2',
      parameters: '{"FunctionName":"arn:aws:lambda:eu-west-2:123456789012:function:f","Payload":{"n":1}}',
    });
  });

  test('reads payloads that come as bytes', async () => {
    const peer = peerOf(() => ({ StatusCode: 200, Payload: Buffer.from('{"é":1}') }));
    const ran = await cloudOf({ peers: { lambda: peer } }).run(
      task('lambda:invoke', { FunctionName: 'f' }, { Output: '{% $states.result.Payload %}' }),
    );
    expect(ran.output).toEqual({ é: 1 });
  });

  test('gives the bare answer of a Lambda ARN, with LambdaFunction events', async () => {
    const cloud = cloudOf({ functions: { f: (event) => event } });
    const definition = single({ Type: 'Task', Resource: 'arn:aws:lambda:eu-west-2:123456789012:function:f', TimeoutSeconds: 9 });
    const ran = await cloud.run(definition, { n: 1 });
    expect(ran.output).toEqual({ n: 1 });
    const history = await cloud.history(ran.arn);
    expect(history.map(({ type }) => type).slice(2, 5)).toEqual([
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'LambdaFunctionSucceeded',
    ]);
    expect(history[2]!['lambdaFunctionScheduledEventDetails']).toMatchObject({
      resource: 'arn:aws:lambda:eu-west-2:123456789012:function:f',
      input: '{"n":1}',
      timeoutInSeconds: 9,
    });
  });

  test('times out on the machine’s own clock while the function hangs', async () => {
    const { realClock } = await import('../../../local-sim/clock.ts');
    let release = () => {};
    const cloud = cloudOf({ clock: realClock(), functions: { hang: () => new Promise<void>((resolve) => (release = resolve)) } });
    const ran = await cloud.run(task('lambda:invoke', { FunctionName: 'hang' }, { TimeoutSeconds: '{% 1 %}' }));
    release();
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    await new Promise((resolve) => setImmediate(resolve));
    expect((await cloud.told(ran.arn)).status).toBe('FAILED');
  });

  test('refuses Arguments that come out as no object', async () => {
    const ran = await cloudOf().run(task('lambda:invoke', '{% 5 %}'));
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
  });
});

describe('states:startExecution', () => {
  const child = (state: object) => ({
    StartAt: 'K',
    States: { K: { Type: 'Pass', Output: { got: '{% $states.input %}' }, End: true, ...state } },
  });
  const childArn = 'arn:aws:states:eu-west-2:123456789012:stateMachine:child';

  test('.sync:2 gives input and output as JSON, .sync as text', async () => {
    const cloud = cloudOf();
    await cloud.create(child({}), 'child');
    const two = await cloud.run(
      task('states:startExecution.sync:2', { StateMachineArn: childArn, Input: { n: '{% $states.input.n %}' } }),
      { n: 1 },
      'two',
    );
    expect(two.output).toMatchObject({
      Status: 'SUCCEEDED',
      Output: { got: { n: 1 } },
      Input: { n: 1 },
      StateMachineArn: childArn,
      StartDate: Date.UTC(2026, 0, 1),
    });
    expect(await cloud.types(two.arn)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSubmitted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
    const one = await cloud.run(
      task('states:startExecution.sync', { StateMachineArn: childArn, Input: '{"n":2}', Name: 'given' }),
      {},
      'one',
    );
    expect(one.output).toMatchObject({ Name: 'given', Output: '{"got":{"n":2}}', Input: '{"n":2}' });
  });

  test('waits for a child that takes long', async () => {
    const cloud = cloudOf();
    await cloud.create(child({ Type: 'Wait', Seconds: 7200, Output: 'late' }), 'child');
    const ran = await cloud.run(
      task('states:startExecution.sync:2', { StateMachineArn: childArn }, { Output: '{% $states.result.Output %}' }),
    );
    expect(ran.output).toBe('late');
    expect(cloud.clock.now()).toBe(Date.UTC(2026, 0, 1, 2));
  });

  test('fails with States.TaskFailed and the child as cause', async () => {
    const cloud = cloudOf();
    await cloud.create({ StartAt: 'F', States: { F: { Type: 'Fail', Error: 'Deep', Cause: 'd' } } }, 'child');
    const ran = await cloud.run(task('states:startExecution.sync:2', { StateMachineArn: childArn }));
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.TaskFailed' });
    expect(JSON.parse(ran.cause!)).toMatchObject({ Status: 'FAILED', Error: 'Deep', Cause: 'd' });
  });

  test('names the errors of the API', async () => {
    const cloud = cloudOf();
    const missing = await cloud.run(task('states:startExecution', { StateMachineArn: childArn }), {}, 'missing');
    expect(missing.error).toBe('StepFunctions.StateMachineDoesNotExistException');
    await cloud.create(child({}), 'child');
    const named = task('states:startExecution.sync', { StateMachineArn: childArn, Name: 'same' });
    expect((await cloud.run(named, {}, 'first')).status).toBe('SUCCEEDED');
    expect((await cloud.run(named, {}, 'second')).error).toBe('StepFunctions.ExecutionAlreadyExistsException');
  });

  test('without a suffix answers at once', async () => {
    const cloud = cloudOf();
    await cloud.create(child({ Type: 'Wait', Seconds: 50, Output: 1 }), 'child');
    const ran = await cloud.run(task('states:startExecution', { StateMachineArn: childArn }));
    expect(ran.output).toMatchObject({
      ExecutionArn: expect.stringContaining(':execution:child:'),
      StartDate: '2026-01-01T00:00:00.000Z',
    });
    expect(cloud.clock.now()).toBe(Date.UTC(2026, 0, 1));
  });

  test('stops its child when it times out or is stopped', async () => {
    const cloud = cloudOf();
    await cloud.create(child({ Type: 'Wait', Seconds: 500 }), 'child');
    const ran = await cloud.run(
      task('states:startExecution.sync:2', { StateMachineArn: childArn, Name: 'kid' }, { TimeoutSeconds: 10 }),
    );
    expect(ran.error).toBe('States.Timeout');
    expect((await cloud.told('arn:aws:states:eu-west-2:123456789012:execution:child:kid')).status).toBe('ABORTED');
  });

  test('.waitForTaskToken hands the token to the child', async () => {
    const cloud = cloudOf({
      functions: {
        answer: (event) =>
          cloud.call('SendTaskSuccess', { taskToken: (event as { t: string }).t, output: '"from the child"' }).then(() => null),
      },
    });
    await cloud.create(
      {
        StartAt: 'A',
        States: {
          A: {
            Type: 'Task',
            Resource: 'arn:aws:states:::lambda:invoke',
            Arguments: { FunctionName: 'answer', Payload: '{% $states.input %}' },
            End: true,
          },
        },
      },
      'child',
    );
    const ran = await cloud.run(
      task('states:startExecution.waitForTaskToken', {
        StateMachineArn: childArn,
        Input: { t: '{% $states.context.Task.Token %}' },
      }),
    );
    expect(ran.output).toBe('from the child');
  });
});

describe('batch:submitJob', () => {
  function batchPeer(finish: (polls: number) => object | undefined) {
    const seen: { action: string; args: Record<string, unknown> }[] = [];
    let polls = 0;
    const peer = peerOf((action, args) => {
      seen.push({ action, args });
      if (action === 'SubmitJob') return { jobId: 'j1', jobName: args['jobName'], jobArn: 'arn:j1' };
      if (action === 'DescribeJobs')
        return {
          jobs: [
            {
              jobId: 'j1',
              status: 'RUNNING',
              container: { environment: [{ name: 'A', value: 'b' }] },
              tags: { myTag: 'x' },
              ...finish(polls++),
            },
          ],
        };
      return {};
    });
    return { peer, seen };
  }
  const args = {
    JobName: 'dynamics',
    JobQueue: 'q',
    JobDefinition: 'd',
    Parameters: { MyKey: 'v' },
    Tags: { MyTag: 'x' },
    ContainerOverrides: { Environment: [{ Name: 'A', Value: 'b' }] },
    ArrayProperties: { Size: 3 },
  };

  test('.sync follows the job to its end and gives it in capitals', async () => {
    const { peer, seen } = batchPeer((polls) => (polls < 30 ? undefined : { status: 'SUCCEEDED' }));
    const cloud = cloudOf({ peers: { batch: peer } });
    const ran = await cloud.run(task('batch:submitJob.sync', args));
    expect(ran.output).toEqual({
      JobId: 'j1',
      Status: 'SUCCEEDED',
      Container: { Environment: [{ Name: 'A', Value: 'b' }] },
      Tags: { myTag: 'x' },
    });
    expect(seen[0]).toEqual({
      action: 'SubmitJob',
      args: {
        jobName: 'dynamics',
        jobQueue: 'q',
        jobDefinition: 'd',
        parameters: { MyKey: 'v' },
        tags: { MyTag: 'x' },
        containerOverrides: { environment: [{ name: 'A', value: 'b' }] },
        arrayProperties: { size: 3 },
      },
    });
    expect(seen.filter(({ action }) => action === 'DescribeJobs')).toHaveLength(31);
  });

  test('.sync fails with States.TaskFailed and the job as cause', async () => {
    const { peer } = batchPeer(() => ({ status: 'FAILED', statusReason: 'Essential container exited' }));
    const ran = await cloudOf({ peers: { batch: peer } }).run(task('batch:submitJob.sync', args));
    expect(ran.error).toBe('States.TaskFailed');
    expect(JSON.parse(ran.cause!)).toMatchObject({ Status: 'FAILED', StatusReason: 'Essential container exited' });
  });

  test('.sync terminates the job when the task times out', async () => {
    const { peer, seen } = batchPeer(() => undefined);
    const ran = await cloudOf({ peers: { batch: peer } }).run(task('batch:submitJob.sync', args, { TimeoutSeconds: 60 }));
    expect(ran.error).toBe('States.Timeout');
    expect(seen.at(-1)).toMatchObject({ action: 'TerminateJob', args: { jobId: 'j1' } });
  });

  test('without a suffix gives the answer of the submission', async () => {
    const { peer } = batchPeer(() => undefined);
    const ran = await cloudOf({ peers: { batch: peer } }).run(task('batch:submitJob', args));
    expect(ran.output).toMatchObject({ JobId: 'j1', JobName: 'dynamics', JobArn: 'arn:j1' });
  });

  test('names the errors of Batch', async () => {
    const peer = peerOf(() => {
      throw new ServiceError('ClientException', 'JobQueue q not found.');
    });
    const ran = await cloudOf({ peers: { batch: peer } }).run(task('batch:submitJob.sync', args));
    expect(ran).toMatchObject({ error: 'Batch.ClientException', cause: expect.stringContaining('JobQueue q not found.') });
    expect(await open[0]!.types(ran.arn)).toContain('TaskSubmitFailed');
  });
});

describe('events:putEvents', () => {
  test('sends Detail as text and adds the execution and its machine', async () => {
    let sent: Record<string, unknown> = {};
    const peer = peerOf((_, args) => {
      sent = args;
      return { FailedEntryCount: 0, Entries: [{ EventId: 'e' }] };
    });
    const cloud = cloudOf({ peers: { events: peer } });
    const ran = await cloud.run(
      task('events:putEvents', { Entries: [{ Source: 's', DetailType: 't', Detail: { n: 1 }, Resources: ['r'] }] }),
    );
    expect(sent['Entries']).toEqual([
      {
        Source: 's',
        DetailType: 't',
        Detail: '{"n":1}',
        Resources: ['r', ran.arn, 'arn:aws:states:eu-west-2:123456789012:stateMachine:machine'],
      },
    ]);
    expect(ran.output).toEqual({ FailedEntryCount: 0, Entries: [{ EventId: 'e' }], SdkHttpMetadata: { HttpStatusCode: 200 } });
  });

  test('fails with EventBridge.FailedEntry where an entry was not taken', async () => {
    const peer = peerOf(() => ({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'InternalFailure' }] }));
    expect((await cloudOf({ peers: { events: peer } }).run(task('events:putEvents', { Entries: [{ Source: 's' }] }))).error).toBe(
      'EventBridge.FailedEntry',
    );
  });
});

describe('aws-sdk', () => {
  test('speaks Braket in its own case', async () => {
    let sent: Record<string, unknown> = {};
    const braket = peerOf((_, args) => {
      sent = args;
      return { quantumTaskArn: 'arn:task', createdAt: new Date(0), tags: { myTag: '1' } };
    });
    const ran = await cloudOf({ peers: { braket } }).run(
      task('aws-sdk:braket:createQuantumTask', {
        DeviceArn: 'd',
        Action: '{}',
        Shots: 10,
        OutputS3Bucket: 'b',
        Tags: { MyTag: '1' },
      }),
    );
    expect(sent).toEqual({ deviceArn: 'd', action: '{}', shots: 10, outputS3Bucket: 'b', tags: { MyTag: '1' } });
    expect(ran.output).toEqual({ QuantumTaskArn: 'arn:task', CreatedAt: '1970-01-01T00:00:00.000Z', Tags: { myTag: '1' } });
  });

  test('reads and writes S3, bodies as text', async () => {
    const s3 = new MemoryS3();
    const cloud = cloudOf({ peers: { s3: s3.peer } });
    s3.put('b/k', 'héllo');
    const ran = await cloud.run(task('aws-sdk:s3:getObject', { Bucket: 'b', Key: 'k' }, { Output: '{% $states.result.Body %}' }));
    expect(ran.output).toBe('héllo');
    expect((await cloud.run(task('aws-sdk:s3:getObject', { Bucket: 'b', Key: 'none' }), {}, 'none')).error).toBe(
      'S3.NoSuchKeyException',
    );
    expect(
      (await cloud.run(task('aws-sdk:s3:putObject', { Bucket: 'forbidden', Key: 'k', Body: 'x' }), {}, 'forbidden')).error,
    ).toBe('S3.S3Exception');
  });

  test('answers a token through the state machine itself', async () => {
    const tokens: string[] = [];
    const cloud = cloudOf({ functions: { hold: (event) => void tokens.push((event as { t: string }).t) } });
    const held = await cloud.begin(
      task('lambda:invoke.waitForTaskToken', { FunctionName: 'hold', Payload: { t: '{% $states.context.Task.Token %}' } }),
      {},
      'held',
    );
    await eventually(() => tokens.length === 1);
    await cloud.run(
      task('aws-sdk:sfn:sendTaskSuccess', { TaskToken: '{% $states.input.t %}', Output: { done: true } }),
      { t: tokens[0] },
      'sender',
    );
    await cloud.states.ended(held);
    expect((await cloud.told(held)).output).toEqual({ done: true });
  });

  test('is refused when the machine is created while the service is absent', async () => {
    await expect(cloudOf().create(task('aws-sdk:braket:getDevice', { DeviceArn: 'd' }))).rejects.toMatchObject({
      code: 'InvalidDefinition',
      message: expect.stringContaining('/States/Only/Resource'),
    });
  });

  test('tells an unexpected failure of a service by the name of a client exception', async () => {
    const s3 = peerOf(() => {
      throw new Error('disk on fire');
    });
    expect(await cloudOf({ peers: { s3 } }).run(task('aws-sdk:s3:headObject', { Bucket: 'b', Key: 'k' }))).toMatchObject({
      error: 'S3.SdkClientException',
      cause: 'disk on fire',
    });
  });
});

describe('casing', () => {
  test('goes there and back and leaves the keys of users alone', () => {
    const given = { JobName: 'x', Tags: { aKey: 1, BKey: 2 }, List: [{ Inner: { Deep: true } }], Parameters: { Kept: 'y' } };
    expect(fromSdkCase(toSdkCase(given))).toEqual(given);
    expect(toSdkCase(given)).toMatchObject({ tags: { aKey: 1, BKey: 2 }, list: [{ inner: { deep: true } }] });
  });

  test('makes error names as the SDK for Java does', () => {
    const name = (arn: string, code: string) => errorName(parseResource(arn), code);
    expect(name('arn:aws:states:::lambda:invoke', 'ServiceException')).toBe('Lambda.ServiceException');
    expect(name('arn:aws:states:::aws-sdk:sfn:startExecution', 'ExecutionAlreadyExists')).toBe(
      'Sfn.ExecutionAlreadyExistsException',
    );
    expect(name('arn:aws:states:::aws-sdk:s3:getObject', 'PreconditionFailed')).toBe('S3.S3Exception');
    expect(name('arn:aws:states:::aws-sdk:s3:getObject', 'NoSuchBucket')).toBe('S3.NoSuchBucketException');
  });
});
