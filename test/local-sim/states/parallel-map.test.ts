import { afterEach, describe, expect, test } from 'vitest';
import { runPool } from '../../../local-sim/states/pool.ts';
import { Scope } from '../../../local-sim/states/scope.ts';
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

const invoke = (name: string, payload: unknown = '{% $states.input %}') => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: { FunctionName: name, Payload: payload },
  Output: '{% $states.result.Payload %}',
});
const map = (child: object, more: object = {}) =>
  single({ Type: 'Map', ItemProcessor: { StartAt: 'C', States: { C: { End: true, ...child } } }, ...more });

describe('Parallel', () => {
  test('gives every branch its Arguments and collects the outputs in order', async () => {
    const ran = await cloudOf().run(
      single({
        Type: 'Parallel',
        Arguments: { n: '{% $states.input.n + 1 %}' },
        Branches: [
          {
            StartAt: 'A',
            States: {
              A: { Type: 'Wait', Seconds: 9, Next: 'B' },
              B: { Type: 'Pass', Output: '{% $states.input.n %}', End: true },
            },
          },
          { StartAt: 'D', States: { D: { Type: 'Succeed', Output: '{% $states.input.n * 10 %}' } } },
        ],
        Output: { all: '{% $states.result %}', in: '{% $states.input %}' },
      }),
      { n: 1 },
    );
    expect(ran.output).toEqual({ all: [2, 20], in: { n: 1 } });
  });

  test('waits on its branches side by side', async () => {
    const cloud = cloudOf();
    const wait = (name: string, seconds: number) => ({
      StartAt: name,
      States: { [name]: { Type: 'Wait', Seconds: seconds, End: true } },
    });
    await cloud.run(single({ Type: 'Parallel', Branches: [wait('A', 30), wait('B', 50), wait('D', 40)] }));
    expect(cloud.clock.now()).toBe(Date.UTC(2026, 0, 1, 0, 0, 50));
  });

  test('tells its history as AWS does, each branch following its own events', async () => {
    const cloud = cloudOf();
    const { arn } = await cloud.run(
      single({ Type: 'Parallel', Branches: [{ StartAt: 'A', States: { A: { Type: 'Pass', End: true } } }] }),
    );
    expect((await cloud.history(arn)).map(({ id, previousEventId, type }) => [id, previousEventId, type])).toEqual([
      [1, 0, 'ExecutionStarted'],
      [2, 0, 'ParallelStateEntered'],
      [3, 2, 'ParallelStateStarted'],
      [4, 3, 'PassStateEntered'],
      [5, 4, 'PassStateExited'],
      [6, 5, 'ParallelStateSucceeded'],
      [7, 6, 'ParallelStateExited'],
      [8, 7, 'ExecutionSucceeded'],
    ]);
  });

  test('fails with the error of the branch that failed first and stops the others', async () => {
    const cloud = cloudOf();
    const ran = await cloud.run(
      single({
        Type: 'Parallel',
        Branches: [
          { StartAt: 'A', States: { A: { Type: 'Wait', Seconds: 100, End: true } } },
          { StartAt: 'B', States: { B: { Type: 'Fail', Error: 'Bad', Cause: 'c' } } },
        ],
      }),
    );
    expect(ran).toMatchObject({ status: 'FAILED', error: 'Bad', cause: 'c' });
    expect(cloud.clock.now()).toBe(Date.UTC(2026, 0, 1));
    const types = await cloud.types(ran.arn);
    expect(types).toContain('WaitStateAborted');
    expect(types.slice(-2)).toEqual(['ParallelStateFailed', 'ExecutionFailed']);
  });
});

describe('inline Map', () => {
  test('runs over Items with selector, context and outer variables', async () => {
    const ran = await cloudOf().run(
      {
        StartAt: 'A',
        States: {
          A: { Type: 'Pass', Assign: { base: 100 }, Next: 'M' },
          M: {
            Type: 'Map',
            Items: '{% $states.input.list %}',
            ItemSelector: {
              v: '{% $states.context.Map.Item.Value %}',
              i: '{% $states.context.Map.Item.Index %}',
              who: '{% $states.input.who %}',
            },
            ItemProcessor: {
              StartAt: 'C',
              States: {
                C: {
                  Type: 'Pass',
                  Output: {
                    in: '{% $states.input %}',
                    sum: '{% $base + $states.context.Map.Item.Value %}',
                    from: '{% $states.context.Map.Item.Source %}',
                  },
                  End: true,
                },
              },
            },
            End: true,
          },
        },
      },
      { list: [5, 6], who: 'w' },
    );
    expect(ran.output).toEqual([
      { in: { v: 5, i: 0, who: 'w' }, sum: 105, from: 'STATE_DATA' },
      { in: { v: 6, i: 1, who: 'w' }, sum: 106, from: 'STATE_DATA' },
    ]);
  });

  test('runs over the input itself where no Items are given', async () => {
    expect((await cloudOf().run(map({ Type: 'Pass', Output: '{% $states.input * 2 %}' }), [1, 2, 3])).output).toEqual([2, 4, 6]);
  });

  test('runs over the members of an object with their keys', async () => {
    const ran = await cloudOf().run(
      map({ Type: 'Pass', Output: { in: '{% $states.input %}', key: '{% $states.context.Map.Item.Key %}' } }),
      { a: 1, b: 2 },
    );
    expect(ran.output).toEqual([
      { in: { Key: 'a', Value: 1 }, key: 'a' },
      { in: { Key: 'b', Value: 2 }, key: 'b' },
    ]);
  });

  test('gives an empty list for no items and refuses what is neither list nor object', async () => {
    const cloud = cloudOf();
    expect((await cloud.run(map({ Type: 'Pass' }), [])).output).toEqual([]);
    expect(await cloud.run(map({ Type: 'Pass' }, { Items: '{% 5 %}' }), [], 'five')).toMatchObject({
      status: 'FAILED',
      error: 'States.QueryEvaluationError',
    });
  });

  test('runs no more iterations at once than MaxConcurrency, and 40 without it', async () => {
    for (const [asked, most] of [
      [3, 3],
      [0, 40],
      ['{% 2 %}', 2],
    ] as const) {
      let running = 0;
      let peak = 0;
      const cloud = cloudOf({
        functions: {
          f: async () => {
            peak = Math.max(peak, ++running);
            await new Promise((resolve) => setTimeout(resolve, 1));
            running--;
          },
        },
      });
      await cloud.run(map(invoke('f', {}), { Items: '{% [1..50] %}', MaxConcurrency: asked }));
      expect(peak).toBe(most);
    }
  });

  test('nests, each level with its own context', async () => {
    const inner = {
      Type: 'Map',
      ItemProcessor: {
        StartAt: 'C',
        States: { C: { Type: 'Pass', Output: '{% $states.context.Map.Item.Index & "/" & $states.input %}', End: true } },
      },
      End: true,
    };
    const ran = await cloudOf().run(single({ Type: 'Map', ItemProcessor: { StartAt: 'I', States: { I: inner } } }), [
      ['a', 'b'],
      ['c'],
    ]);
    expect(ran.output).toEqual([['0/a', '1/b'], ['0/c']]);
  });

  test('fails at the first failing item and does not begin the rest', async () => {
    const seen: unknown[] = [];
    const cloud = cloudOf({
      functions: {
        f: (event) => {
          seen.push(event);
          if (event === 2) throw Object.assign(new Error('m'), { name: 'Two' });
          return event;
        },
      },
    });
    const ran = await cloud.run(map(invoke('f'), { MaxConcurrency: 1 }), [1, 2, 3, 4]);
    expect(ran).toMatchObject({ status: 'FAILED', error: 'Two' });
    expect(seen).toEqual([1, 2]);
    expect((await cloud.types(ran.arn)).slice(-3)).toEqual(['MapIterationFailed', 'MapStateFailed', 'ExecutionFailed']);
  });

  test('tells each iteration in the history', async () => {
    const cloud = cloudOf();
    const { arn } = await cloud.run(map({ Type: 'Pass' }), [1]);
    const history = await cloud.history(arn);
    expect(history.map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      'MapStateEntered',
      'MapStateStarted',
      'MapIterationStarted',
      'PassStateEntered',
      'PassStateExited',
      'MapIterationSucceeded',
      'MapStateSucceeded',
      'MapStateExited',
      'ExecutionSucceeded',
    ]);
    expect(history[2]?.['mapStateStartedEventDetails']).toEqual({ length: 1 });
    expect(history[3]?.['mapIterationStartedEventDetails']).toEqual({ name: 'Only', index: 0 });
  });

  test('refuses a collected output above 256 KiB', async () => {
    const ran = await cloudOf().run(map({ Type: 'Pass', Output: "{% $pad('', 100000, 'x') %}" }), [1, 2, 3]);
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });
});

describe('runPool', () => {
  test('keeps the order of results whatever ends first', async () => {
    const results = await runPool(5, 3, new Scope(), async (i) => {
      await new Promise((resolve) => setTimeout(resolve, 5 - i));
      return i;
    });
    expect(results).toEqual([0, 1, 2, 3, 4]);
  });

  test('waits for what is under way before it throws the first error', async () => {
    let ended = 0;
    const work = async (i: number) => {
      await new Promise((resolve) => setTimeout(resolve, i * 3));
      ended++;
      if (i === 0) throw new Error('zero');
    };
    await expect(runPool(3, 3, new Scope(), work)).rejects.toThrow('zero');
    expect(ended).toBe(3);
  });
});

describe('Scope', () => {
  test('aborts all below it, once, and not its parent or siblings', () => {
    const root = new Scope();
    const [a, b] = [root.child(), root.child()];
    const leaf = a.child();
    a.abort(new Error('first'));
    a.abort(new Error('second'));
    expect([a.reason?.message, leaf.reason?.message, b.reason, root.reason]).toEqual(['first', 'first', undefined, undefined]);
    expect(a.child().reason?.message).toBe('first');
  });

  test('undoes a wait exactly once, however it ends', async () => {
    const scope = new Scope();
    let undone = 0;
    await scope.until<number>((resolve) => {
      resolve(1);
      return () => undone++;
    });
    expect(undone).toBe(1);
    const waiting = scope.until<number>(() => () => undone++);
    scope.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
    expect(undone).toBe(2);
    await expect(scope.until(() => () => undone++)).rejects.toThrow('stop');
    expect(undone).toBe(2);
  });
});
