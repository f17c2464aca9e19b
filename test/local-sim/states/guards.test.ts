import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { ServiceError } from '../../../local-sim/service.ts';
import type { Retrier } from '../../../local-sim/states/definition.ts';
import { matchesError } from '../../../local-sim/states/errors.ts';
import { retryDelayMs } from '../../../local-sim/states/visit.ts';
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

const invoke = (name: string, more: object = {}) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: { FunctionName: name },
  ...more,
});
const named = (name: string, message = 'm') => Object.assign(new Error(message), { name });

/** A function that fails with these names in turn, then answers. */
function failing(...names: string[]) {
  const at: number[] = [];
  let calls = 0;
  return {
    at,
    handler: (clock: () => number) => () => {
      at.push(clock());
      const name = names[calls++];
      if (name !== undefined) throw named(name);
      return { calls };
    },
  };
}

async function runFailing(names: string[], state: object, rest: object = {}) {
  const script = failing(...names);
  let cloud: TestCloud;
  const functions = { f: (_: unknown): unknown => script.handler(() => cloud.clock.now())() };
  cloud = cloudOf({ functions });
  const ran = await cloud.run({ StartAt: 'T', States: { T: { ...invoke('f'), End: true, ...state }, ...rest } });
  const start = script.at[0]!;
  return { ran, cloud, delays: script.at.slice(1).map((at, i) => at - (script.at[i] ?? start)) };
}

describe('Retry', () => {
  test('waits for the interval, growing by the backoff rate', async () => {
    const { ran, delays } = await runFailing(['E', 'E', 'E'], {
      Retry: [{ ErrorEquals: ['E'], IntervalSeconds: 3, BackoffRate: 1.5 }],
    });
    expect(ran.status).toBe('SUCCEEDED');
    expect(delays).toEqual([3000, 4500, 6750]);
  });

  test('takes 1 second, twice as long each time, three times where nothing is said', async () => {
    const { ran, delays } = await runFailing(['E', 'E', 'E', 'E'], { Retry: [{ ErrorEquals: ['E'] }] });
    expect(ran).toMatchObject({ status: 'FAILED', error: 'E' });
    expect(delays).toEqual([1000, 2000, 4000]);
  });

  test('waits no longer than MaxDelaySeconds', async () => {
    const { delays } = await runFailing(['E', 'E', 'E', 'E'], {
      Retry: [{ ErrorEquals: ['E'], IntervalSeconds: 2, BackoffRate: 10, MaxDelaySeconds: 30, MaxAttempts: 4 }],
    });
    expect(delays).toEqual([2000, 20_000, 30_000, 30_000]);
  });

  test('counts the attempts of each retrier by itself', async () => {
    const { ran, delays } = await runFailing(['A', 'B', 'A', 'B', 'A'], {
      Retry: [
        { ErrorEquals: ['A'], IntervalSeconds: 1, MaxAttempts: 2 },
        { ErrorEquals: ['B'], IntervalSeconds: 5, MaxAttempts: 9 },
      ],
    });
    expect(ran).toMatchObject({ status: 'FAILED', error: 'A' });
    expect(delays).toEqual([1000, 5000, 2000, 10_000]);
  });

  test('does not retry with MaxAttempts 0, and falls to Catch', async () => {
    const { ran, delays } = await runFailing(
      ['E'],
      { Retry: [{ ErrorEquals: ['E'], MaxAttempts: 0 }], Catch: [{ ErrorEquals: ['E'], Next: 'C', Output: 'c' }] },
      { C: { Type: 'Pass', End: true } },
    );
    expect(ran.output).toBe('c');
    expect(delays).toEqual([]);
  });

  test('shows the number of retries in the context', async () => {
    const seen: unknown[] = [];
    const cloud = cloudOf({
      functions: {
        f: (event) => {
          seen.push(event);
          if (seen.length < 3) throw named('E');
          return null;
        },
      },
    });
    await cloud.run(
      single({
        ...invoke('f'),
        Arguments: { FunctionName: 'f', Payload: '{% $states.context.State.RetryCount %}' },
        Retry: [{ ErrorEquals: ['E'] }],
      }),
    );
    expect(seen).toEqual([0, 1, 2]);
  });

  test('draws full jitter between nothing and the whole delay, the same for the same execution', async () => {
    const retry = {
      Retry: [{ ErrorEquals: ['E'], IntervalSeconds: 100, BackoffRate: 2, MaxAttempts: 6, JitterStrategy: 'FULL' }],
    };
    const { delays } = await runFailing(['E', 'E', 'E', 'E', 'E', 'E'], retry);
    expect(delays).toHaveLength(6);
    for (const [i, delay] of delays.entries()) {
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThanOrEqual(100_000 * 2 ** i);
    }
    expect(new Set(delays.map((delay, i) => delay / 2 ** i)).size).toBe(6);
  });

  test('keeps every delay within its bounds', () => {
    const retrier = fc.record({
      errorEquals: fc.constant(['E']),
      intervalSeconds: fc.integer({ min: 1, max: 1000 }),
      maxAttempts: fc.constant(9),
      backoffRate: fc.double({ min: 1, max: 10, noNaN: true }),
      maxDelaySeconds: fc.integer({ min: 1001, max: 5000 }),
      fullJitter: fc.boolean(),
    });
    fc.assert(
      fc.property(
        retrier,
        fc.nat(40),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (given: Retrier, taken, unit) => {
          const delay = retryDelayMs(given, taken, unit);
          const whole = Math.round(1000 * Math.min(given.intervalSeconds * given.backoffRate ** taken, given.maxDelaySeconds!));
          expect(delay).toBeLessThanOrEqual(whole);
          expect(delay).toBeGreaterThanOrEqual(given.fullJitter ? 0 : whole);
        },
      ),
    );
  });

  test('runs all branches of a Parallel again', async () => {
    let calls = 0;
    const cloud = cloudOf({
      functions: {
        count: () => ++calls,
        fail: () => {
          if (calls < 3) throw named('E');
          return 'ok';
        },
      },
    });
    const ran = await cloud.run(
      single({
        Type: 'Parallel',
        Branches: [
          { StartAt: 'A', States: { A: { ...invoke('count'), Output: '{% $states.result.Payload %}', End: true } } },
          {
            StartAt: 'W',
            States: {
              W: { Type: 'Wait', Seconds: 1, Next: 'B' },
              B: { ...invoke('fail'), Output: '{% $states.result.Payload %}', End: true },
            },
          },
        ],
        Retry: [{ ErrorEquals: ['E'], MaxAttempts: 5 }],
      }),
    );
    expect(ran.output).toEqual([3, 'ok']);
  });
});

describe('Catch', () => {
  test('takes the first catcher that matches, assigns in the outer scope and gives the error on', async () => {
    const { ran } = await runFailing(
      ['Boom'],
      {
        Catch: [
          { ErrorEquals: ['Other'], Next: 'Wrong' },
          {
            ErrorEquals: ['Boom'],
            Next: 'Right',
            Assign: { name: '{% $states.errorOutput.Error %}' },
            Output: { was: '{% $states.input %}' },
          },
          { ErrorEquals: ['States.ALL'], Next: 'Wrong' },
        ],
      },
      { Right: { Type: 'Pass', Output: { in: '{% $states.input %}', name: '{% $name %}' }, End: true }, Wrong: { Type: 'Fail' } },
    );
    expect(ran.output).toEqual({ in: { was: {} }, name: 'Boom' });
  });

  test('gives Error and Cause where it has no Output, the cause being what Lambda answered', async () => {
    const { ran } = await runFailing(
      ['Boom'],
      { Catch: [{ ErrorEquals: ['States.TaskFailed'], Next: 'C' }] },
      { C: { Type: 'Pass', End: true } },
    );
    const output = ran.output as { Error: string; Cause: string };
    expect(output.Error).toBe('Boom');
    expect(JSON.parse(output.Cause)).toEqual({ errorType: 'Boom', errorMessage: 'm', trace: [] });
  });

  test('leads to the next state with events as after success', async () => {
    const { ran, cloud } = await runFailing(
      ['Boom'],
      { Catch: [{ ErrorEquals: ['Boom'], Next: 'C' }] },
      { C: { Type: 'Pass', End: true } },
    );
    expect(await cloud.types(ran.arn)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskFailed',
      'TaskStateExited',
      'PassStateEntered',
      'PassStateExited',
      'ExecutionSucceeded',
    ]);
  });

  test('names errors of the Lambda service and errors without a type', async () => {
    const catchAll = { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'C' }] };
    const rest = { C: { Type: 'Pass', Output: '{% $states.input.Error %}', End: true } };
    const cloud = cloudOf({
      functions: {
        busy: () => {
          throw new ServiceError('TooManyRequestsException', 'Rate Exceeded.', 429);
        },
        nameless: () => {
          throw named('');
        },
      },
    });
    const errorOf = async (name: string) =>
      (await cloud.run({ StartAt: 'T', States: { T: { ...invoke(name), ...catchAll, End: true }, ...rest } }, {}, `m-${name}`))
        .output;
    expect(await errorOf('busy')).toBe('Lambda.TooManyRequestsException');
    expect(await errorOf('nameless')).toBe('Lambda.Unknown');
    expect(await errorOf('missing')).toBe('Lambda.ResourceNotFoundException');
  });

  test('clips a cause that is longer than the API allows', async () => {
    const cloud = cloudOf({
      functions: {
        f: () => {
          throw named('Long', 'x'.repeat(400_000));
        },
      },
    });
    const ran = await cloud.run({
      StartAt: 'T',
      States: { T: { ...invoke('f'), Catch: [{ ErrorEquals: ['Long'], Next: 'C' }], End: true }, C: { Type: 'Pass', End: true } },
    });
    expect((ran.output as { Cause: string }).Cause).toHaveLength(32_768);
  });

  test('does not catch what fails inside it', async () => {
    const { ran } = await runFailing(
      ['Boom'],
      { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'C', Output: '{% $states.input.none %}' }] },
      { C: { Type: 'Pass', End: true } },
    );
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.QueryEvaluationError' });
  });
});

describe('matchesError', () => {
  const table: [string[], string, string | undefined, boolean][] = [
    [['E'], 'E', undefined, true],
    [['E'], 'F', undefined, false],
    [['States.ALL'], 'E', undefined, true],
    [['States.ALL'], 'States.Timeout', undefined, true],
    [['States.ALL'], 'States.DataLimitExceeded', undefined, true],
    [['States.ALL'], 'States.Runtime', undefined, false],
    [['States.Runtime'], 'States.Runtime', undefined, false],
    [['States.TaskFailed'], 'E', undefined, true],
    [['States.TaskFailed'], 'States.Timeout', undefined, false],
    [['States.Timeout'], 'States.Timeout', 'States.HeartbeatTimeout', true],
    [['States.HeartbeatTimeout'], 'States.Timeout', 'States.HeartbeatTimeout', true],
    [['States.HeartbeatTimeout'], 'States.Timeout', undefined, false],
  ];
  test.each(table)('answers for %j, %s and %s: %s', (names, error, alias, matches) => {
    expect(matchesError(names, { error, alias })).toBe(matches);
  });
});
