import { afterEach, describe, expect, test } from 'vitest';
import { single, TestCloud, type TestCloudOptions } from './cloud.ts';

const open: TestCloud[] = [];
function cloudOf(options: TestCloudOptions = {}): TestCloud {
  const cloud = new TestCloud(options);
  open.push(cloud);
  return cloud;
}
afterEach(async () => {
  for (const cloud of open.splice(0)) await cloud.close();
});

const invoke = (name: string, payload: unknown = {}) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: { FunctionName: name, Payload: payload },
});
const pass = (output: unknown) => single({ Type: 'Pass', Output: output });

describe('Pass, Succeed and Fail', () => {
  test('hand the input on where no Output is given', async () => {
    expect(await cloudOf().run(single({ Type: 'Pass' }), { a: [1] })).toMatchObject({ status: 'SUCCEEDED', output: { a: [1] } });
  });

  test('show input and context to expressions', async () => {
    const cloud = cloudOf();
    const { arn, output } = await cloud.run(pass('{% $states.context %}'), { a: 1 });
    const name = arn.split(':').at(-1);
    expect(output).toEqual({
      Execution: {
        Id: arn,
        Input: { a: 1 },
        Name: name,
        RoleArn: 'arn:aws:iam::123456789012:role/test',
        StartTime: '2026-01-01T00:00:00.000Z',
        RedriveCount: 0,
      },
      State: { EnteredTime: '2026-01-01T00:00:00.000Z', Name: 'Only', RetryCount: 0 },
      StateMachine: { Id: 'arn:aws:states:eu-west-2:123456789012:stateMachine:machine', Name: 'machine' },
    });
  });

  test('end with the Output of Succeed', async () => {
    const states = { A: { Type: 'Succeed', Output: { x: '{% $states.input.n * 2 %}' } } };
    expect((await cloudOf().run({ StartAt: 'A', States: states }, { n: 4 })).output).toEqual({ x: 8 });
  });

  test('end with the Error and Cause of Fail, computed', async () => {
    const ran = await cloudOf().run(
      { StartAt: 'A', States: { A: { Type: 'Fail', Error: "{% 'E' & $states.input.n %}", Cause: 'why' } } },
      { n: 4 },
    );
    expect(ran).toMatchObject({ status: 'FAILED', error: 'E4', cause: 'why' });
  });

  test('fail without a name when Fail has none', async () => {
    const ran = await cloudOf().run({ StartAt: 'A', States: { A: { Type: 'Fail' } } });
    expect(ran.status).toBe('FAILED');
    expect(ran.error).toBeUndefined();
  });

  test('refuse an Error that is no text', async () => {
    const ran = await cloudOf().run({ StartAt: 'A', States: { A: { Type: 'Fail', Error: '{% 1 %}' } } });
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.QueryEvaluationError' });
  });
});

describe('variables', () => {
  test('are seen by Output and Assign as they were on entry', async () => {
    const { output } = await cloudOf().run({
      StartAt: 'A',
      States: {
        A: { Type: 'Pass', Assign: { x: 1, y: 10 }, Next: 'B' },
        B: { Type: 'Pass', Assign: { x: '{% $y %}', y: '{% $x %}' }, Output: { x: '{% $x %}' }, Next: 'C' },
        C: { Type: 'Pass', Output: { before: '{% $states.input %}', x: '{% $x %}', y: '{% $y %}' }, End: true },
      },
    });
    expect(output).toEqual({ before: { x: 1 }, x: 10, y: 1 });
  });

  test('of a branch stay in the branch, and outer ones are seen inside', async () => {
    const branch = (name: string) => ({
      StartAt: `${name}1`,
      States: {
        [`${name}1`]: { Type: 'Pass', Assign: { mine: name }, Next: `${name}2` },
        [`${name}2`]: { Type: 'Pass', Output: '{% $outer & $mine %}', End: true },
      },
    });
    const { output } = await cloudOf().run({
      StartAt: 'A',
      States: {
        A: { Type: 'Pass', Assign: { outer: 'o' }, Next: 'P' },
        P: { Type: 'Parallel', Branches: [branch('a'), branch('b')], End: true },
      },
    });
    expect(output).toEqual(['oa', 'ob']);
  });

  test('are told in the history when they are assigned', async () => {
    const cloud = cloudOf();
    const { arn } = await cloud.run(single({ Type: 'Pass', Assign: { x: { a: 1 } } }));
    const exited = (await cloud.history(arn)).find(({ type }) => type === 'PassStateExited');
    expect(exited?.['stateExitedEventDetails']).toMatchObject({
      assignedVariables: { x: '{"a":1}' },
      assignedVariablesDetails: { truncated: false },
    });
  });

  test('are refused above 256 KiB in one Assign, counted in bytes of UTF-8', async () => {
    const ran = await cloudOf().run(
      single({ Type: 'Pass', Assign: { x: "{% $join($map([1..200000], function($i) { 'é' })) %}" } }),
    );
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    expect(ran.cause).toMatch(/400002 bytes/);
  });

  test('are refused above 10 MiB together', async () => {
    const ran = await cloudOf().run({
      StartAt: 'A',
      States: {
        A: { Type: 'Pass', Assign: { n: 0, big: "{% $pad('', 200000, 'x') %}" }, Next: 'P' },
        P: {
          Type: 'Map',
          Items: [1],
          ItemProcessor: {
            StartAt: 'B',
            States: Object.fromEntries(
              Array.from({ length: 55 }, (_, i) => [
                i === 0 ? 'B' : `B${i}`,
                {
                  Type: 'Pass',
                  Assign: { [`v${i}`]: '{% $big %}' },
                  Output: 1,
                  ...(i === 54 ? { End: true } : { Next: `B${i + 1}` }),
                },
              ]),
            ),
          },
          End: true,
        },
      },
    });
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    expect(ran.cause).toMatch(/10485760/);
  });
});

describe('Choice', () => {
  const choice = (more: object) => ({
    StartAt: 'A',
    States: {
      A: {
        Type: 'Choice',
        Choices: [
          { Condition: '{% $states.input.n < 0 %}', Next: 'End', Assign: { sign: 'minus' }, Output: 'negative' },
          { Condition: '{% $states.input.n > 0 %}', Next: 'End', Assign: { sign: 'plus' } },
        ],
        ...more,
      },
      End: { Type: 'Pass', Output: { in: '{% $states.input %}', sign: "{% $exists($sign) ? $sign : 'none' %}" }, End: true },
    },
  });

  test('takes the first rule that holds, with its Assign and Output', async () => {
    expect((await cloudOf().run(choice({}), { n: -1 })).output).toEqual({ in: 'negative', sign: 'minus' });
    expect((await cloudOf().run(choice({}), { n: 1 })).output).toEqual({ in: { n: 1 }, sign: 'plus' });
  });

  test('takes Default with the Assign and Output of the state', async () => {
    const { output } = await cloudOf().run(choice({ Default: 'End', Assign: { sign: 'zero' }, Output: 'nothing' }), { n: 0 });
    expect(output).toEqual({ in: 'nothing', sign: 'zero' });
  });

  test('fails with States.Runtime where there is no Default, as AWS does', async () => {
    expect(await cloudOf().run(choice({}), { n: 0 })).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause:
        "An error occurred while executing the state 'A' (entered at the event id #2). Failed to transition out of the state. The state does not point to a next state.",
    });
  });

  test('refuses a condition that is not true or false', async () => {
    const ran = await cloudOf().run({
      StartAt: 'A',
      States: { A: { Type: 'Choice', Choices: [{ Condition: '{% 1 %}', Next: 'B' }] }, B: { Type: 'Succeed' } },
    });
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.QueryEvaluationError' });
    expect(ran.cause).toMatch(/true or false, found 1/);
  });
});

describe('Wait', () => {
  test('waits for seconds, computed, on the clock of the cloud', async () => {
    const cloud = cloudOf();
    const before = cloud.clock.now();
    expect((await cloud.run(single({ Type: 'Wait', Seconds: '{% $states.input.s %}' }), { s: 3600 })).status).toBe('SUCCEEDED');
    expect(cloud.clock.now() - before).toBe(3_600_000);
  });

  test('waits until a timestamp, and not at all for one that is past', async () => {
    const cloud = cloudOf();
    await cloud.run(single({ Type: 'Wait', Timestamp: '{% $fromMillis($millis() + 5000) %}' }));
    expect(cloud.clock.now()).toBe(Date.UTC(2026, 0, 1, 0, 0, 5));
    await cloud.run(single({ Type: 'Wait', Timestamp: '2020-01-01T00:00:00Z' }), {}, 'past');
    expect(cloud.clock.now()).toBe(Date.UTC(2026, 0, 1, 0, 0, 5));
  });

  test('refuses seconds that are no whole number and a timestamp that is none', async () => {
    const cloud = cloudOf();
    expect(await cloud.run(single({ Type: 'Wait', Seconds: '{% 1.5 %}' }))).toMatchObject({
      error: 'States.QueryEvaluationError',
      cause: expect.stringContaining('found 1.5'),
    });
    expect(await cloud.run(single({ Type: 'Wait', Timestamp: "{% 'soon' %}" }), {}, 'soon')).toMatchObject({
      error: 'States.QueryEvaluationError',
    });
  });
});

describe('limits', () => {
  test('let an output of exactly 262,144 bytes pass and refuse one byte more', async () => {
    const cloud = cloudOf();
    const text = (length: number) => pass(`{% $pad('', ${length}, 'x') %}`);
    expect((await cloud.run(text(262_142), {}, 'fits')).status).toBe('SUCCEEDED');
    const ran = await cloud.run(text(262_143), {}, 'bursts');
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    expect(ran.cause).toMatch(/exceeding the maximum number of bytes service limit/);
  });

  test('count bytes of UTF-8', async () => {
    const ran = await cloudOf().run(pass("{% $pad('', 131072, 'é') %}"));
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });

  test('refuse a task result that is too large, by a name that States.ALL catches', async () => {
    const cloud = cloudOf({ functions: { big: () => 'x'.repeat(262_144) } });
    const ran = await cloud.run({
      StartAt: 'T',
      States: {
        T: { ...invoke('big'), Catch: [{ ErrorEquals: ['States.ALL'], Next: 'C' }], End: true },
        C: { Type: 'Pass', End: true },
      },
    });
    expect(ran).toMatchObject({ status: 'SUCCEEDED', output: { Error: 'States.DataLimitExceeded' } });
  });

  test('refuse an input that is too large or no JSON', async () => {
    const cloud = cloudOf();
    const stateMachineArn = await cloud.create(single({ Type: 'Pass' }));
    await expect(
      cloud.call('StartExecution', { stateMachineArn, input: JSON.stringify('x'.repeat(262_143)) }),
    ).rejects.toMatchObject({ code: 'InvalidExecutionInput' });
    await expect(cloud.call('StartExecution', { stateMachineArn, input: '{' })).rejects.toMatchObject({
      code: 'InvalidExecutionInput',
    });
  });

  test('end an execution at event 25,000', async () => {
    const cloud = cloudOf();
    const ran = await cloud.run({
      StartAt: 'A',
      States: {
        A: { Type: 'Pass', Next: 'B' },
        B: { Type: 'Choice', Choices: [{ Condition: false, Next: 'C' }], Default: 'A' },
        C: { Type: 'Succeed' },
      },
    });
    expect(ran).toMatchObject({ status: 'FAILED', cause: 'The execution reached the maximum number of history events (25000).' });
    const history = await cloud.history(ran.arn);
    expect(history).toHaveLength(25_000);
    expect(history.at(-1)).toMatchObject({ id: 25_000, type: 'ExecutionFailed' });
    expect(history.map(({ id }) => id)).toEqual(Array.from({ length: 25_000 }, (_, i) => i + 1));
  }, 60_000);

  test('cannot be caught once the history is full', async () => {
    const ran = await cloudOf().run({
      StartAt: 'P',
      States: {
        P: {
          Type: 'Parallel',
          Branches: [
            {
              StartAt: 'A',
              States: {
                A: { Type: 'Pass', Next: 'B' },
                B: { Type: 'Choice', Choices: [{ Condition: false, Next: 'C' }], Default: 'A' },
                C: { Type: 'Succeed' },
              },
            },
          ],
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Z' }],
          End: true,
        },
        Z: { Type: 'Pass', End: true },
      },
    });
    expect(ran).toMatchObject({ status: 'FAILED', cause: expect.stringContaining('25000') });
  }, 60_000);

  test('let other work go on during an endless loop', async () => {
    const cloud = cloudOf();
    const loop = cloud.run({
      StartAt: 'A',
      States: {
        A: { Type: 'Pass', Next: 'B' },
        B: { Type: 'Choice', Choices: [{ Condition: false, Next: 'C' }], Default: 'A' },
        C: { Type: 'Succeed' },
      },
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const quick = await cloud.run(single({ Type: 'Pass' }), {}, 'quick');
    const list = await cloud.call('ListExecutions', {
      stateMachineArn: 'arn:aws:states:eu-west-2:123456789012:stateMachine:machine',
    });
    expect(quick.status).toBe('SUCCEEDED');
    expect((list['executions'] as { status: string }[])[0]?.status).toBe('RUNNING');
    await loop;
  }, 60_000);
});

describe('expression errors', () => {
  test('are told with the field and the expression, as an event and as the cause', async () => {
    const cloud = cloudOf();
    const ran = await cloud.run(pass({ a: '{% $states.input.missing %}' }));
    expect(ran).toMatchObject({
      status: 'FAILED',
      error: 'States.QueryEvaluationError',
      cause:
        "An error occurred while executing the state 'Only' (entered at the event id #2). The JSONata expression '$states.input.missing' specified for the field 'Output/a' returned nothing (undefined).",
    });
    const event = (await cloud.history(ran.arn)).find(({ type }) => type === 'EvaluationFailed');
    expect(event?.['evaluationFailedEventDetails']).toMatchObject({
      error: 'States.QueryEvaluationError',
      location: 'Output',
      state: 'Only',
    });
  });

  test('are caught by name', async () => {
    const cloud = cloudOf({ functions: { f: () => ({}) } });
    const ran = await cloud.run({
      StartAt: 'T',
      States: {
        T: {
          ...invoke('f'),
          Output: '{% $states.result.Payload.nothing %}',
          Catch: [{ ErrorEquals: ['States.QueryEvaluationError'], Next: 'C' }],
          End: true,
        },
        C: { Type: 'Pass', Output: 'caught', End: true },
      },
    });
    expect(ran.output).toBe('caught');
  });
});

describe('machine time-out', () => {
  test('ends the execution as TIMED_OUT, whatever waits', async () => {
    const cloud = cloudOf();
    const ran = await cloud.run({ TimeoutSeconds: 10, ...single({ Type: 'Wait', Seconds: 60 }) });
    expect(ran.status).toBe('TIMED_OUT');
    expect([ran.error, ran.cause]).toEqual([undefined, undefined]);
    expect(cloud.clock.now()).toBe(Date.UTC(2026, 0, 1, 0, 0, 10));
    expect((await cloud.history(ran.arn)).at(-1)).toMatchObject({
      type: 'ExecutionTimedOut',
      previousEventId: 0,
      executionTimedOutEventDetails: { error: 'States.Timeout' },
    });
  });
});
