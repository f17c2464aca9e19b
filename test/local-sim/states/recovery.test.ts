import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { virtualClock } from '../../../local-sim/clock.ts';
import { eventually, type LambdaFunction, MemoryS3, peerOf, single, TestCloud, type TestCloudOptions } from './cloud.ts';

const folders: string[] = [];
const open: TestCloud[] = [];
function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'qefm-recovery-'));
  folders.push(dir);
  return dir;
}
function cloudOf(options: TestCloudOptions): TestCloud {
  const cloud = new TestCloud(options);
  open.push(cloud);
  return cloud;
}
/** Lets go of a cloud without ending anything, and opens another on the same folder at the same time of day. */
async function reopen(cloud: TestCloud, options: TestCloudOptions): Promise<TestCloud> {
  await cloud.states.stop();
  open.splice(open.indexOf(cloud), 1);
  const next = cloudOf({ ...options, stateDir: cloud.stateDir, clock: virtualClock(cloud.clock.now()) });
  await next.states.start();
  return next;
}
afterEach(async () => {
  for (const cloud of open.splice(0)) await cloud.close();
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true });
});

const invoke = (name: string, payload: unknown = {}) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: { FunctionName: name, Payload: payload },
  Output: '{% $states.result.Payload %}',
});
const HOLD = {
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
  Arguments: { FunctionName: 'hold', Payload: '{% $states.context.Task.Token %}' },
};
const never = () => new Promise<never>(() => {});
/** The second of two values, after the first was computed. */
const last = <T>(_first: unknown, result: T): T => result;

describe('a restart', () => {
  test('keeps an open task token valid, and its deadline', async () => {
    const tokens: unknown[] = [];
    const functions = { hold: (token: unknown) => void tokens.push(token) };
    const first = cloudOf({ stateDir: folder(), functions });
    const arn = await first.begin(single({ ...HOLD, TimeoutSeconds: 1000 }));
    await eventually(async () => (await first.types(arn)).includes('TaskSubmitted'));
    const second = await reopen(first, { functions });
    await second.call('SendTaskHeartbeat', { taskToken: tokens[0] });
    await second.call('SendTaskSuccess', { taskToken: tokens[0], output: '"kept"' });
    await second.states.ended(arn);
    expect((await second.told(arn)).output).toBe('kept');
    expect(tokens).toHaveLength(1);
    await expect(second.call('SendTaskSuccess', { taskToken: tokens[0], output: '1' })).rejects.toMatchObject({
      code: 'TaskTimedOut',
    });
  });

  test('lets a token time out at the time it had', async () => {
    const functions = { hold: () => null };
    const first = cloudOf({ stateDir: folder(), functions });
    const arn = await first.begin(single({ ...HOLD, TimeoutSeconds: 1000 }));
    await eventually(async () => (await first.types(arn)).includes('TaskSubmitted'));
    const second = await reopen(first, { functions });
    await second.states.ended(arn);
    expect((await second.told(arn)).error).toBe('States.Timeout');
    expect(second.clock.now()).toBe(Date.UTC(2026, 0, 1) + 1_000_000);
  });

  test('lets the children of a Distributed Map be answered at once', async () => {
    const tokens: string[] = [];
    const functions = { hold: (token: unknown) => void tokens.push(String(token)) };
    const definition = single({
      Type: 'Map',
      Items: [1, 2],
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'C',
        States: { C: { ...HOLD, End: true } },
      },
    });
    const first = cloudOf({ stateDir: folder(), functions });
    const arn = await first.begin(definition);
    await eventually(() => tokens.length === 2);
    await new Promise((resolve) => setImmediate(resolve));
    const second = await reopen(first, { functions });
    await Promise.all(tokens.map((taskToken, i) => second.call('SendTaskSuccess', { taskToken, output: String(i) })));
    await second.states.ended(arn);
    expect(((await second.told(arn)).output as number[]).sort()).toEqual([0, 1]);
  });

  test('runs a task again that was under way, with the same token', async () => {
    const tokens: unknown[] = [];
    const first = cloudOf({
      stateDir: folder(),
      functions: {
        hold: (token) => {
          tokens.push(token);
          return never();
        },
      },
    });
    const arn = await first.begin(single(HOLD));
    await eventually(() => tokens.length === 1);
    const second = await reopen(first, { functions: { hold: (token) => void tokens.push(token) } });
    await eventually(() => tokens.length === 2);
    expect(tokens[1]).toBe(tokens[0]);
    await second.call('SendTaskSuccess', { taskToken: tokens[0], output: '1' });
    await second.states.ended(arn);
    expect((await second.types(arn)).filter((type) => type === 'TaskScheduled')).toHaveLength(1);
  });

  test('does not run finished tasks again', async () => {
    const calls: string[] = [];
    const states = {
      A: { ...invoke('a'), Assign: { fromA: '{% $states.result.Payload %}' }, Next: 'B' },
      B: { ...invoke('b', '{% $fromA %}'), End: true },
    };
    const first = cloudOf({
      stateDir: folder(),
      functions: { a: () => calls.push('a'), b: () => last(calls.push('b'), never()) },
    });
    const arn = await first.begin({ StartAt: 'A', States: states });
    await eventually(() => calls.length === 2);
    const second = await reopen(first, {
      functions: { a: () => calls.push('a'), b: (event) => last(calls.push('b'), { event }) },
    });
    await second.states.ended(arn);
    expect((await second.told(arn)).output).toEqual({ event: 1 });
    expect(calls).toEqual(['a', 'b', 'b']);
  });

  test('goes on with a wait where it stood', async () => {
    const standing = virtualClock();
    standing.busy();
    const first = cloudOf({ stateDir: folder(), clock: standing });
    const arn = await first.begin(single({ Type: 'Wait', Seconds: 100 }));
    await eventually(() => standing.pending() === 1);
    await first.states.stop();
    open.pop();
    const late = cloudOf({ stateDir: first.stateDir, clock: virtualClock(Date.UTC(2026, 0, 1) + 60_000) });
    await late.states.start();
    await late.states.ended(arn);
    expect(late.clock.now()).toBe(Date.UTC(2026, 0, 1) + 100_000);
  });

  test('counts retries on', async () => {
    let calls = 0;
    const fail = () => {
      calls++;
      throw Object.assign(new Error('m'), { name: 'E' });
    };
    const stateDir = folder();
    const first = cloudOf({ stateDir, functions: { f: () => (calls === 1 ? last(calls++, never()) : fail()) } });
    const arn = await first.begin(
      single({ ...invoke('f'), Retry: [{ ErrorEquals: ['E'], IntervalSeconds: 10, MaxAttempts: 3 }] }),
    );
    await eventually(() => calls === 2);
    const second = await reopen(first, { functions: { f: fail } });
    await second.states.ended(arn);
    expect((await second.told(arn)).error).toBe('E');
    // One failure, one call that was cut off, then the same attempt again and two more retries.
    expect(calls).toBe(5);
    expect(second.clock.now()).toBe(Date.UTC(2026, 0, 1) + 70_000);
  });

  test('does not run finished branches and iterations again', async () => {
    const calls: string[] = [];
    const definition = single({
      Type: 'Parallel',
      Branches: [
        { StartAt: 'A', States: { A: { ...invoke('quick', 'A'), End: true } } },
        {
          StartAt: 'M',
          States: {
            M: {
              Type: 'Map',
              Items: ['x', 'slow', 'y'],
              ItemProcessor: { StartAt: 'I', States: { I: { ...invoke('item', '{% $states.input %}'), End: true } } },
              End: true,
            },
          },
        },
      ],
    });
    const functions = (slow: LambdaFunction): Record<string, LambdaFunction> => ({
      quick: (event) => last(calls.push(String(event)), event),
      item: (event) => last(calls.push(String(event)), event === 'slow' ? slow(event) : event),
    });
    const first = cloudOf({ stateDir: folder(), functions: functions(never) });
    const arn = await first.begin(definition);
    await eventually(async () => (await first.types(arn)).filter((type) => type === 'MapIterationSucceeded').length === 2);
    const second = await reopen(first, { functions: functions((event) => event) });
    await second.states.ended(arn);
    expect((await second.told(arn)).output).toEqual(['A', ['x', 'slow', 'y']]);
    expect(calls.sort()).toEqual(['A', 'slow', 'slow', 'x', 'y']);
    const types = await second.types(arn);
    expect(types.filter((type) => type === 'MapIterationStarted')).toHaveLength(3);
  });

  test('does not run finished children of a Distributed Map again', async () => {
    const calls: unknown[] = [];
    const s3 = new MemoryS3();
    s3.put('b/k', '[1,2,3,4]');
    const definition = single({
      Type: 'Map',
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        Arguments: { Bucket: 'b', Key: 'k' },
        ReaderConfig: { InputType: 'JSON' },
      },
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'C',
        States: { C: { ...invoke('f', '{% $states.input %}'), End: true } },
      },
    });
    const first = cloudOf({
      stateDir: folder(),
      peers: { s3: s3.peer },
      functions: { f: (n) => last(calls.push(n), n === 2 ? never() : n) },
    });
    const arn = await first.begin(definition);
    await eventually(async () => {
      const [run] = (await first.call('ListMapRuns', { executionArn: arn }))['mapRuns'] as { mapRunArn: string }[];
      return (
        run !== undefined &&
        ((await first.call('DescribeMapRun', { mapRunArn: run.mapRunArn }))['itemCounts'] as { succeeded: number }).succeeded ===
          3
      );
    });
    const second = await reopen(first, { peers: { s3: s3.peer }, functions: { f: (n) => last(calls.push(n), n) } });
    await second.states.ended(arn);
    expect((await second.told(arn)).output).toEqual([1, 2, 3, 4]);
    expect(calls).toEqual([1, 2, 3, 4, 2]);
    expect((await second.types(arn)).filter((type) => type === 'MapRunStarted')).toHaveLength(1);
    expect((await second.call('ListMapRuns', { executionArn: arn }))['mapRuns']).toHaveLength(1);
  });

  test('fails a Distributed Map whose file has changed meanwhile', async () => {
    const s3 = new MemoryS3();
    s3.put('b/k', '[1,2]');
    let calls = 0;
    const definition = single({
      Type: 'Map',
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        Arguments: { Bucket: 'b', Key: 'k' },
        ReaderConfig: { InputType: 'JSON' },
      },
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'C',
        States: { C: { ...invoke('f'), End: true } },
      },
    });
    const first = cloudOf({ stateDir: folder(), peers: { s3: s3.peer }, functions: { f: () => last(calls++, never()) } });
    const arn = await first.begin(definition);
    await eventually(() => calls === 2);
    s3.put('b/k', '[9,9]');
    const second = await reopen(first, { peers: { s3: s3.peer }, functions: { f: () => 1 } });
    await second.states.ended(arn);
    expect(await second.told(arn)).toMatchObject({
      status: 'FAILED',
      error: 'States.ItemReaderFailed',
      cause: expect.stringContaining('changed'),
    });
  });

  test('follows the nested execution it had started', async () => {
    const first = cloudOf({ stateDir: folder() });
    await first.create(single({ Type: 'Wait', Seconds: 50, Output: 'child' }), 'child');
    const arn = await first.begin(
      single({
        Type: 'Task',
        Resource: 'arn:aws:states:::states:startExecution.sync:2',
        Arguments: { StateMachineArn: 'arn:aws:states:eu-west-2:123456789012:stateMachine:child' },
        Output: '{% $states.result.Output %}',
      }),
      {},
      'parent',
    );
    await eventually(async () => (await first.types(arn)).includes('TaskSubmitted'));
    const second = await reopen(first, {});
    await second.states.ended(arn);
    expect((await second.told(arn)).output).toBe('child');
    const children = await second.call('ListExecutions', {
      stateMachineArn: 'arn:aws:states:eu-west-2:123456789012:stateMachine:child',
    });
    expect(children['executions']).toHaveLength(1);
  });

  test('follows the Batch job it had submitted', async () => {
    let submitted = 0;
    let status = 'RUNNING';
    const batch = peerOf((action) => {
      if (action === 'SubmitJob') submitted++;
      return action === 'SubmitJob' ? { jobId: 'j', jobName: 'n', jobArn: 'a' } : { jobs: [{ jobId: 'j', status }] };
    });
    const first = cloudOf({ stateDir: folder(), peers: { batch } });
    const arn = await first.begin(
      single({
        Type: 'Task',
        Resource: 'arn:aws:states:::batch:submitJob.sync',
        Arguments: { JobName: 'n', JobQueue: 'q', JobDefinition: 'd' },
      }),
    );
    await eventually(async () => (await first.types(arn)).includes('TaskSubmitted'));
    const second = await reopen(first, { peers: { batch } });
    status = 'SUCCEEDED';
    await second.states.ended(arn);
    expect((await second.told(arn)).status).toBe('SUCCEEDED');
    expect(submitted).toBe(1);
  });

  test('keeps machines, updates, tags and what has ended', async () => {
    const first = cloudOf({ stateDir: folder() });
    const ran = await first.run(single({ Type: 'Pass', Output: 1 }), { a: 1 }, 'kept');
    const gone = await first.create(single({ Type: 'Pass' }), 'gone');
    await first.call('DeleteStateMachine', { stateMachineArn: gone });
    const arn = ran.arn.replace(':execution:', ':stateMachine:').replace(/:[^:]+$/, '');
    await first.call('TagResource', { resourceArn: arn, tags: [{ key: 'k', value: 'v' }] });
    const before = await first.history(ran.arn);
    const second = await reopen(first, {});
    expect((await second.call('ListStateMachines', {}))['stateMachines']).toMatchObject([{ name: 'kept' }]);
    expect(await second.call('ListTagsForResource', { resourceArn: arn })).toEqual({ tags: [{ key: 'k', value: 'v' }] });
    expect(await second.told(ran.arn)).toEqual(ran);
    expect(await second.history(ran.arn)).toEqual(before);
  });

  test('goes on with the definition the execution was started with', async () => {
    const tokens: unknown[] = [];
    const functions = { hold: (token: unknown) => void tokens.push(token) };
    const first = cloudOf({ stateDir: folder(), functions });
    const arn = await first.begin({
      StartAt: 'T',
      States: { T: { ...HOLD, Next: 'Old' }, Old: { Type: 'Pass', Output: 'old', End: true } },
    });
    await eventually(async () => (await first.types(arn)).includes('TaskSubmitted'));
    await first.call('UpdateStateMachine', {
      stateMachineArn: 'arn:aws:states:eu-west-2:123456789012:stateMachine:machine',
      definition: JSON.stringify({ QueryLanguage: 'JSONata', ...single({ Type: 'Pass', Output: 'new' }) }),
    });
    const second = await reopen(first, { functions });
    await second.call('SendTaskSuccess', { taskToken: tokens[0], output: '1' });
    await second.states.ended(arn);
    expect((await second.told(arn)).output).toBe('old');
  });
});

describe('a folder with damage', () => {
  test('fails the execution that cannot be read and takes up the others', async () => {
    const tokens: unknown[] = [];
    const functions = { hold: (token: unknown) => void tokens.push(token) };
    const first = cloudOf({ stateDir: folder(), functions });
    const good = await first.begin(single(HOLD), {}, 'good');
    const bad = await first.begin({ Comment: 'another definition', ...single(HOLD) }, {}, 'bad');
    const torn = await first.begin(single(HOLD), {}, 'torn');
    await eventually(async () =>
      (await Promise.all([good, bad, torn].map((arn) => first.types(arn)))).every((types) => types.includes('TaskSubmitted')),
    );
    const root = join(first.stateDir, 'states');
    for (const name of readdirSync(join(root, 'definitions'))) {
      const path = join(root, 'definitions', name);
      if (readFileSync(path, 'utf8').includes('another definition')) writeFileSync(path, '{}');
    }
    const journal = join(root, 'executions', `${createHash('sha256').update(torn).digest('hex').slice(0, 32)}.jsonl`);
    writeFileSync(journal, 'not json\n');
    const second = await reopen(first, { functions });
    expect(await second.told(bad)).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: expect.stringContaining('no longer valid'),
    });
    expect(await second.told(torn)).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    expect(second.logged.filter(({ level }) => level === 'error')).toHaveLength(2);
    await second.call('SendTaskSuccess', { taskToken: tokens[0], output: '1' });
    await second.states.ended(good);
    expect((await second.told(good)).status).toBe('SUCCEEDED');
  });
});

/** A machine that uses everything which leaves a trace in the journal. */
const EVERYTHING = {
  StartAt: 'Begin',
  States: {
    Begin: { Type: 'Pass', Assign: { k: 0, log: [] }, Next: 'Loop' },
    Loop: { Type: 'Choice', Choices: [{ Condition: '{% $k < 2 %}', Next: 'Work' }], Default: 'Both' },
    Work: {
      ...invoke('count', '{% "work" & $k %}'),
      Assign: { k: '{% $k + 1 %}', log: '{% $append($log, $states.result.Payload) %}' },
      Next: 'Pause',
    },
    Pause: { Type: 'Wait', Seconds: 5, Next: 'Loop' },
    Both: {
      Type: 'Parallel',
      Arguments: { log: '{% $log %}' },
      Branches: [
        {
          StartAt: 'Left',
          States: {
            Left: { ...invoke('count', 'left'), Assign: { l: 1 }, Next: 'Left2' },
            Left2: { Type: 'Pass', Output: { log: '{% $states.input %}', l: '{% $l %}' }, End: true },
          },
        },
        {
          StartAt: 'Right',
          States: {
            Right: {
              Type: 'Map',
              Items: ['p', 'q'],
              MaxConcurrency: 1,
              ItemProcessor: { StartAt: 'Each', States: { Each: { ...invoke('count', '{% $states.input %}'), End: true } } },
              End: true,
            },
          },
        },
      ],
      Assign: { both: '{% $states.result %}' },
      Next: 'Flaky',
    },
    Flaky: {
      ...invoke('flaky', 'flaky'),
      Retry: [{ ErrorEquals: ['Again'], IntervalSeconds: 2 }],
      Catch: [{ ErrorEquals: ['Worse'], Next: 'Far', Output: '{% $states.errorOutput.Error %}', Assign: { caught: true } }],
      Next: 'Far',
    },
    Far: {
      Type: 'Map',
      Label: 'far',
      Items: [1, 2, 3],
      MaxConcurrency: 2,
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'Kid',
        States: { Kid: { ...invoke('count', '{% "kid" & $states.input %}'), End: true } },
      },
      Output: {
        far: '{% $states.result %}',
        in: '{% $states.input %}',
        both: '{% $both %}',
        caught: '{% $caught %}',
        log: '{% $log %}',
      },
      End: true,
    },
  },
};

/** Counts calls; `flaky` fails with Again once and then with Worse, whatever process it runs in. */
function scripted(calls: Map<string, number>): Record<string, LambdaFunction> {
  const count = (event: unknown) => {
    calls.set(String(event), (calls.get(String(event)) ?? 0) + 1);
    return `${String(event)}!`;
  };
  return {
    count,
    flaky: (event) => {
      count(event);
      throw Object.assign(new Error('m'), { name: calls.get('flaky')! > 1 ? 'Worse' : 'Again' });
    },
  };
}

describe('a kill after any line of the journal', () => {
  test('leads to the same output, and runs at most the task under way again', async () => {
    const stateDir = folder();
    const calls = new Map<string, number>();
    const whole = cloudOf({ stateDir, functions: scripted(calls) });
    const ran = await whole.run(EVERYTHING);
    expect(ran.status).toBe('SUCCEEDED');
    const hash = (arn: string) => `${createHash('sha256').update(arn).digest('hex').slice(0, 32)}.jsonl`;
    const root = join(stateDir, 'states');
    const lines = readFileSync(join(root, 'executions', hash(ran.arn)), 'utf8')
      .split('\n')
      .slice(0, -1);
    const mapFile = readdirSync(join(root, 'maps'))[0]!;
    const mapLines = readFileSync(join(root, 'maps', mapFile), 'utf8')
      .split('\n')
      .slice(0, -1);
    const index = readFileSync(join(root, 'executions.jsonl'), 'utf8').split('\n')[0]!;
    expect(lines.length).toBeGreaterThan(25);
    const started = lines.findIndex((line) => line.includes('"MapRunStarted"'));
    const done = lines.findIndex((line) => line.includes('"MapRunSucceeded"'));
    // Every cut of the execution's journal; while the map runs, every cut of the map run's journal as well.
    const cuts: [number, number][] = [];
    for (let kept = 0; kept <= lines.length; kept++) {
      if (kept < started) cuts.push([kept, 0]);
      else if (kept >= done) cuts.push([kept, mapLines.length]);
      else for (let inMap = 1; inMap <= mapLines.length; inMap++) cuts.push([kept, inMap]);
    }
    const failures: string[] = [];
    for (const [kept, inMap] of cuts) {
      const dir = folder();
      const to = join(dir, 'states');
      for (const sub of ['executions', 'maps', 'definitions']) mkdirSync(join(to, sub), { recursive: true });
      for (const name of ['machines.jsonl', 'map-runs.jsonl'])
        if (existsSync(join(root, name))) copyFileSync(join(root, name), join(to, name));
      for (const name of readdirSync(join(root, 'definitions')))
        copyFileSync(join(root, 'definitions', name), join(to, 'definitions', name));
      writeFileSync(join(to, 'executions.jsonl'), `${index}\n`);
      // A torn line behind the cut, as a kill in the middle of a write leaves it.
      writeFileSync(
        join(to, 'executions', hash(ran.arn)),
        lines
          .slice(0, kept)
          .map((line) => `${line}\n`)
          .join('') + (lines[kept]?.slice(0, 20) ?? ''),
      );
      if (inMap > 0)
        writeFileSync(
          join(to, 'maps', mapFile),
          mapLines
            .slice(0, inMap)
            .map((line) => `${line}\n`)
            .join(''),
        );
      const again = new Map<string, number>();
      const before = lines.slice(0, kept).filter((line) => line.includes('"TaskFailed"')).length;
      if (before > 0) again.set('flaky', before);
      const cloud = new TestCloud({ stateDir: dir, clock: virtualClock(Date.UTC(2026, 0, 1, 0, 1)), functions: scripted(again) });
      await cloud.states.start();
      await cloud.states.ended(ran.arn);
      const told = await cloud.told(ran.arn);
      if (JSON.stringify(told.output) !== JSON.stringify(ran.output))
        failures.push(`cut ${kept}/${inMap}: ${told.status} ${told.cause} ${JSON.stringify(told.output)}`);
      const finished = [...lines.slice(0, kept), ...mapLines.slice(0, inMap)].join('\n');
      for (const [name, count] of again) {
        if (name === 'flaky') continue;
        if (count > 1) failures.push(`cut ${kept}/${inMap}: ${name} ran ${count} times`);
        // Its result was on record: it may not run again.
        if (finished.includes(`\\"Payload\\":\\"${name}!\\"`)) failures.push(`cut ${kept}/${inMap}: ${name} ran again`);
      }
      const ids = (await cloud.history(ran.arn)).map(({ id }) => id);
      if (ids.some((id, i) => id !== i + 1)) failures.push(`cut ${kept}/${inMap}: event ids ${ids.join(' ')}`);
      await cloud.states.stop();
    }
    expect(failures).toEqual([]);
  }, 120_000);
});
