import { afterEach, describe, expect, test } from 'vitest';
import { createToken, executionOfToken } from '../../../local-sim/states/tokens.ts';
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

const HOLD = {
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
  Arguments: { FunctionName: 'hold', Payload: { token: '{% $states.context.Task.Token %}' } },
};

/** A cloud whose function `hold` keeps the token it is given; `act` may answer before the function returns. */
function holding(act?: (cloud: TestCloud, token: string) => unknown) {
  const tokens: string[] = [];
  const cloud: TestCloud = cloudOf({
    functions: {
      hold: async (event) => {
        const { token } = event as { token: string };
        tokens.push(token);
        await act?.(cloud, token);
        return { ignored: true };
      },
    },
  });
  return { cloud, tokens };
}

/** Starts a machine that never times out by itself and waits until its token is out and the submission on record. */
async function waiting(state: object = {}) {
  const { cloud, tokens } = holding();
  const arn = await cloud.begin({ StartAt: 'T', States: { T: { ...HOLD, ...state, End: true } } });
  await eventually(async () => (await cloud.types(arn)).includes('TaskSubmitted'));
  return { cloud, arn, token: tokens[0]! };
}

describe('waitForTaskToken', () => {
  test('ends with the output of SendTaskSuccess, not with the answer of the call', async () => {
    const { cloud, arn, token } = await waiting();
    await cloud.call('SendTaskSuccess', { taskToken: token, output: '{"a":1}' });
    await cloud.states.ended(arn);
    expect(await cloud.told(arn)).toMatchObject({ status: 'SUCCEEDED', output: { a: 1 } });
    expect(await cloud.types(arn)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSubmitted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
  });

  test('ends with the error of SendTaskFailure', async () => {
    const { cloud, arn, token } = await waiting();
    await cloud.call('SendTaskFailure', { taskToken: token, error: 'DeviceOffline', cause: 'gone' });
    await cloud.states.ended(arn);
    expect(await cloud.told(arn)).toMatchObject({ status: 'FAILED', error: 'DeviceOffline', cause: 'gone' });
  });

  test('takes an answer that comes before the call returns', async () => {
    const { cloud } = holding(async (held, token) => {
      await held.call('SendTaskSuccess', { taskToken: token, output: '"early"' });
    });
    expect(await cloud.run(single(HOLD))).toMatchObject({ status: 'SUCCEEDED', output: 'early' });
  });

  test('fails when the call fails', async () => {
    const { cloud } = holding(() => {
      throw Object.assign(new Error('m'), { name: 'NoQueue' });
    });
    const ran = await cloud.run(single(HOLD));
    expect(ran).toMatchObject({ status: 'FAILED', error: 'NoQueue' });
    expect(await cloud.types(ran.arn)).toContain('TaskSubmitFailed');
  });

  test('refuses a second answer and an answer after the end', async () => {
    const { cloud, arn, token } = await waiting();
    await cloud.call('SendTaskSuccess', { taskToken: token, output: '1' });
    await expect(cloud.call('SendTaskSuccess', { taskToken: token, output: '2' })).rejects.toMatchObject({
      code: 'TaskTimedOut',
    });
    await cloud.states.ended(arn);
    for (const action of ['SendTaskSuccess', 'SendTaskFailure', 'SendTaskHeartbeat']) {
      await expect(cloud.call(action, { taskToken: token, output: '2' })).rejects.toMatchObject({ code: 'TaskTimedOut' });
    }
    expect((await cloud.told(arn)).output).toBe(1);
  });

  test('refuses what is no token', async () => {
    const { cloud, token } = await waiting();
    for (const taskToken of ['', 'abc', `${token.slice(0, -6)}AAAAAA`, 'x'.repeat(2049), undefined]) {
      await expect(cloud.call('SendTaskSuccess', { taskToken, output: '1' })).rejects.toMatchObject({ code: 'InvalidToken' });
    }
  });

  test('refuses an output that is no JSON or too large, and stays open', async () => {
    const { cloud, arn, token } = await waiting();
    await expect(cloud.call('SendTaskSuccess', { taskToken: token, output: '{' })).rejects.toMatchObject({
      code: 'InvalidOutput',
    });
    await expect(
      cloud.call('SendTaskSuccess', { taskToken: token, output: JSON.stringify('x'.repeat(262_143)) }),
    ).rejects.toMatchObject({ code: 'InvalidOutput' });
    await cloud.call('SendTaskSuccess', { taskToken: token, output: JSON.stringify('x'.repeat(262_142)) });
    await cloud.states.ended(arn);
    expect((await cloud.told(arn)).status).toBe('SUCCEEDED');
  });

  test('times out with States.Timeout, computed, and gives the token up', async () => {
    const { cloud, tokens } = holding();
    const ran = await cloud.run(single({ ...HOLD, TimeoutSeconds: '{% $states.input.s %}' }), { s: 90 });
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(cloud.clock.now()).toBe(Date.UTC(2026, 0, 1, 0, 1, 30));
    const event = (await cloud.history(ran.arn)).find(({ type }) => type === 'TaskTimedOut');
    expect(event?.['taskTimedOutEventDetails']).toEqual({
      error: 'States.Timeout',
      resource: 'invoke.waitForTaskToken',
      resourceType: 'lambda',
    });
    await expect(cloud.call('SendTaskSuccess', { taskToken: tokens[0], output: '1' })).rejects.toMatchObject({
      code: 'TaskTimedOut',
    });
  });

  test('misses a heartbeat with States.Timeout, as AWS tells it', async () => {
    const { cloud } = holding();
    const ran = await cloud.run(single({ ...HOLD, HeartbeatSeconds: '{% 20 %}', TimeoutSeconds: 600 }));
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(ran.cause).toBeUndefined();
    expect(cloud.clock.now()).toBe(Date.UTC(2026, 0, 1, 0, 0, 20));
  });

  test('lets a missed heartbeat, and it alone, be caught as States.HeartbeatTimeout', async () => {
    const caught = { C: { Type: 'Pass', Output: { error: '{% $states.input.Error %}' }, End: true } };
    const guarded = { ...HOLD, Catch: [{ ErrorEquals: ['States.HeartbeatTimeout'], Next: 'C' }], End: true };
    const beat = holding().cloud;
    expect(await beat.run({ StartAt: 'T', States: { T: { ...guarded, HeartbeatSeconds: 5 }, ...caught } })).toMatchObject({
      output: { error: 'States.Timeout' },
    });
    const late = holding().cloud;
    expect(await late.run({ StartAt: 'T', States: { T: { ...guarded, TimeoutSeconds: 5 }, ...caught } })).toMatchObject({
      status: 'FAILED',
      error: 'States.Timeout',
    });
  });

  test('lives as long as heartbeats come, and no longer than its time-out', async () => {
    const beats: number[] = [];
    const { cloud } = holding((held, token) => {
      const beat = () =>
        held.call('SendTaskHeartbeat', { taskToken: token }).then(
          () => {
            beats.push(held.clock.now());
            held.clock.at(held.clock.now() + 15_000, () => void beat());
          },
          () => {},
        );
      held.clock.at(held.clock.now() + 15_000, () => void beat());
    });
    const ran = await cloud.run(single({ ...HOLD, HeartbeatSeconds: 20, TimeoutSeconds: 100 }));
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(beats).toHaveLength(6);
  });

  test('gives a new token for each retry', async () => {
    let calls = 0;
    const { cloud, tokens } = holding(async (held, token) => {
      if (++calls < 3) await held.call('SendTaskFailure', { taskToken: token, error: 'Again' });
      else await held.call('SendTaskSuccess', { taskToken: token, output: 'true' });
    });
    expect(await cloud.run(single({ ...HOLD, Retry: [{ ErrorEquals: ['Again'] }] }))).toMatchObject({
      status: 'SUCCEEDED',
      output: true,
    });
    expect(new Set(tokens).size).toBe(3);
  });

  test('is given up when the execution is stopped', async () => {
    const { cloud, arn, token } = await waiting();
    await cloud.call('StopExecution', { executionArn: arn, error: 'Enough', cause: 'user' });
    expect(await cloud.told(arn)).toMatchObject({ status: 'ABORTED', error: 'Enough', cause: 'user' });
    await expect(cloud.call('SendTaskHeartbeat', { taskToken: token })).rejects.toMatchObject({ code: 'TaskTimedOut' });
  });

  test('is given up when another branch fails', async () => {
    const { cloud, tokens } = holding();
    const ran = await cloud.run(
      single({
        Type: 'Parallel',
        Branches: [
          { StartAt: 'A', States: { A: { ...HOLD, End: true } } },
          { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 5, Next: 'F' }, F: { Type: 'Fail', Error: 'Other' } } },
        ],
      }),
    );
    expect(ran).toMatchObject({ status: 'FAILED', error: 'Other' });
    expect(await cloud.types(ran.arn)).toContain('TaskStateAborted');
    await expect(cloud.call('SendTaskSuccess', { taskToken: tokens[0], output: '1' })).rejects.toMatchObject({
      code: 'TaskTimedOut',
    });
  });
});

describe('createToken', () => {
  test('tells which execution it belongs to and is never the same twice', () => {
    const first = createToken('arn:x', 'r/1.0');
    expect(executionOfToken(first)).toBe('arn:x');
    expect(createToken('arn:x', 'r/1.0')).not.toBe(first);
    expect(executionOfToken('garbage')).toBeUndefined();
    expect(executionOfToken(first.slice(4))).toBeUndefined();
  });
});
