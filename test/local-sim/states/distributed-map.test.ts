import { afterEach, describe, expect, test } from 'vitest';
import { MemoryS3, single, TestCloud, type TestCloudOptions } from './cloud.ts';

const open: TestCloud[] = [];
function cloudOf(options: TestCloudOptions = {}): { cloud: TestCloud; s3: MemoryS3 } {
  const s3 = new MemoryS3();
  const cloud = new TestCloud({ ...options, peers: { s3: s3.peer, ...options.peers } });
  open.push(cloud);
  return { cloud, s3 };
}
afterEach(async () => {
  for (const cloud of open.splice(0)) await cloud.close();
});

const ECHO = { Type: 'Pass', Output: '{% $states.input %}', End: true };
const map = (more: object = {}, child: object = ECHO, config: object = {}) =>
  single({
    Type: 'Map',
    Label: 'each',
    ItemProcessor: {
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD', ...config },
      StartAt: 'C',
      States: { C: child },
    },
    ...more,
  });
const fromObject = (config: object, more: object = {}) =>
  map({
    ItemReader: { Resource: 'arn:aws:states:::s3:getObject', Arguments: { Bucket: 'b', Key: 'k' }, ReaderConfig: config },
    ...more,
  });
const failIf = (condition: string) => ({
  StartAt: 'P',
  States: {
    P: { Type: 'Choice', Choices: [{ Condition: `{% ${condition} %}`, Next: 'F' }], Default: 'S' },
    F: { Type: 'Fail', Error: 'Odd', Cause: 'c' },
    S: { Type: 'Succeed' },
  },
});
const mapFailing = (condition: string, more: object) =>
  single({
    Type: 'Map',
    Label: 'each',
    ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' }, ...failIf(condition) },
    ...more,
  });

describe('ItemReader', () => {
  test('reads CSV with headers in the first row, quoted fields and line breaks inside them', async () => {
    const { cloud, s3 } = cloudOf();
    s3.put('b/k', '\ufeffid,smiles,note\r\n1,CCO,"two\nlines, ""quoted"""\r\n\r\n2,C\n3,CC,x,extra\n');
    const ran = await cloud.run(fromObject({ InputType: 'CSV', CSVHeaderLocation: 'FIRST_ROW' }));
    expect(ran.output).toEqual([
      { id: '1', smiles: 'CCO', note: 'two\nlines, "quoted"' },
      { id: '2', smiles: 'C', note: '' },
      { id: '3', smiles: 'CC', note: 'x' },
    ]);
  });

  test('reads CSV with given headers and another delimiter', async () => {
    const { cloud, s3 } = cloudOf();
    s3.put('b/k', 'a\tb\nc\td');
    const ran = await cloud.run(
      fromObject({ InputType: 'CSV', CSVHeaderLocation: 'GIVEN', CSVHeaders: ['x', 'y'], CSVDelimiter: 'TAB' }),
    );
    expect(ran.output).toEqual([
      { x: 'a', y: 'b' },
      { x: 'c', y: 'd' },
    ]);
  });

  test('reads JSON arrays, arrays below a pointer, and objects', async () => {
    const { cloud, s3 } = cloudOf();
    s3.put('b/k', '[1, {"a": 2}]');
    expect((await cloud.run(fromObject({ InputType: 'JSON' }), {}, 'array')).output).toEqual([1, { a: 2 }]);
    s3.put('b/k', '{"data": {"a/b": [7, 8]}}');
    expect((await cloud.run(fromObject({ InputType: 'JSON', ItemsPointer: '/data/a~1b' }), {}, 'pointer')).output).toEqual([
      7, 8,
    ]);
    s3.put('b/k', '{"p": 1, "q": 2}');
    expect((await cloud.run(fromObject({ InputType: 'JSON' }), {}, 'object')).output).toEqual([
      { Key: 'p', Value: 1 },
      { Key: 'q', Value: 2 },
    ]);
  });

  test('reads JSONL and skips empty lines', async () => {
    const { cloud, s3 } = cloudOf();
    s3.put('b/k', '{"a":1}\r\n\n{"a":2}\n');
    expect((await cloud.run(fromObject({ InputType: 'JSONL' }))).output).toEqual([{ a: 1 }, { a: 2 }]);
  });

  test('lists objects over several pages', async () => {
    const { cloud, s3 } = cloudOf();
    for (const name of ['b/in/1', 'b/in/2', 'b/in/3', 'b/out/1']) s3.put(name, 'xy');
    const ran = await cloud.run(
      map({
        ItemReader: { Resource: 'arn:aws:states:::s3:listObjectsV2', Arguments: { Bucket: 'b', Prefix: 'in/' } },
        ItemSelector: { v: '{% $states.context.Map.Item.Value %}', s: '{% $states.context.Map.Item.Source %}' },
      }),
    );
    const output = ran.output as { v: Record<string, unknown>; s: string }[];
    expect(output.map(({ v }) => v['Key'])).toEqual(['in/1', 'in/2', 'in/3']);
    expect(output[0]).toEqual({
      v: { Etag: '"1"', Key: 'in/1', LastModified: 0, Size: 2, StorageClass: 'STANDARD' },
      s: 'S3://b',
    });
  });

  test('stops at MaxItems', async () => {
    const { cloud, s3 } = cloudOf();
    s3.put('b/k', JSON.stringify([1, 2, 3, 4]));
    expect((await cloud.run(fromObject({ InputType: 'JSON', MaxItems: '{% 3 %}' }))).output).toEqual([1, 2, 3]);
    for (const name of ['b/in/1', 'b/in/2', 'b/in/3']) s3.put(name, 'x');
    const listing = map({
      ItemReader: {
        Resource: 'arn:aws:states:::s3:listObjectsV2',
        Arguments: { Bucket: 'b', Prefix: 'in/' },
        ReaderConfig: { MaxItems: 1 },
      },
    });
    expect((await cloud.run(listing, {}, 'listing')).output).toHaveLength(1);
  });

  test('tells the item its index, value and source', async () => {
    const { cloud, s3 } = cloudOf();
    s3.put('b/k', '["x"]');
    const ran = await cloud.run(fromObject({ InputType: 'JSON' }, { ItemSelector: '{% $states.context.Map.Item %}' }));
    expect(ran.output).toEqual([{ Index: 0, Value: 'x', Source: 'S3://b/k' }]);
  });

  test('gives an empty result for a file without items', async () => {
    const { cloud, s3 } = cloudOf();
    for (const [i, [body, config]] of (
      [
        ['[]', { InputType: 'JSON' }],
        ['', { InputType: 'JSONL' }],
        ['id,smiles\n', { InputType: 'CSV', CSVHeaderLocation: 'FIRST_ROW' }],
        ['', { InputType: 'CSV', CSVHeaderLocation: 'GIVEN', CSVHeaders: ['a'] }],
      ] as const
    ).entries()) {
      s3.put('b/k', body);
      expect(await cloud.run(fromObject(config), {}, `empty${i}`)).toMatchObject({ status: 'SUCCEEDED', output: [] });
    }
  });

  test('fails with States.ItemReaderFailed, and says why', async () => {
    const { cloud, s3 } = cloudOf();
    const fail = async (name: string, body: string | Buffer | undefined, config: object) => {
      if (body === undefined) s3.objects.clear();
      else s3.put('b/k', body);
      const ran = await cloud.run(fromObject(config), {}, name);
      expect(ran).toMatchObject({ status: 'FAILED', error: 'States.ItemReaderFailed' });
      return ran.cause;
    };
    expect(await fail('missing', undefined, { InputType: 'JSON' })).toMatch(/b\/k cannot be read: NoSuchKey/);
    expect(await fail('broken', '[1,', { InputType: 'JSON' })).toMatch(/as JSON/);
    expect(await fail('scalar', '5', { InputType: 'JSON' })).toMatch(/array or an object, found 5/);
    expect(await fail('pointless', '{"a":1}', { InputType: 'JSON', ItemsPointer: '/b' })).toMatch(/at \/b, found nothing/);
    expect(await fail('line', '{}\n{\n', { InputType: 'JSONL' })).toMatch(/line 2/);
    expect(await fail('headless', '', { InputType: 'CSV', CSVHeaderLocation: 'FIRST_ROW' })).toMatch(/empty/);
    expect(await fail('open', 'a\n"b', { InputType: 'CSV', CSVHeaderLocation: 'FIRST_ROW' })).toMatch(/never closed/);
    expect(await fail('twice', 'a,a\n1,2', { InputType: 'CSV', CSVHeaderLocation: 'FIRST_ROW' })).toMatch(/stands twice/);
    expect(await fail('latin', Buffer.from([0x61, 0x0a, 0xe9]), { InputType: 'CSV', CSVHeaderLocation: 'FIRST_ROW' })).toMatch(
      /cannot be read/,
    );
  });

  test('is caught like any error of the state', async () => {
    const { cloud } = cloudOf();
    const definition = fromObject({ InputType: 'JSON' });
    const states = {
      Only: { ...definition.States.Only, Catch: [{ ErrorEquals: ['States.ItemReaderFailed'], Next: 'Z', Output: 'none' }] },
      Z: { Type: 'Pass', End: true },
    };
    expect((await cloud.run({ ...definition, States: states })).output).toBe('none');
  });
});

describe('ItemBatcher', () => {
  test('makes batches and keeps the remainder, with BatchInput beside the items', async () => {
    const { cloud } = cloudOf();
    const ran = await cloud.run(
      map({
        Items: '{% [1..5] %}',
        ItemSelector: { v: '{% $states.context.Map.Item.Value %}' },
        ItemBatcher: { MaxItemsPerBatch: '{% 2 %}', BatchInput: { who: '{% $states.input.who %}' } },
      }),
      { who: 'w' },
    );
    expect(ran.output).toEqual([
      { BatchInput: { who: 'w' }, Items: [{ v: 1 }, { v: 2 }] },
      { BatchInput: { who: 'w' }, Items: [{ v: 3 }, { v: 4 }] },
      { BatchInput: { who: 'w' }, Items: [{ v: 5 }] },
    ]);
  });

  test('keeps a batch within its bytes, counted in UTF-8', async () => {
    const { cloud } = cloudOf();
    // {"Items":["éééé","éééé"]} has 11 + 10 + 1 + 10 + ... bytes: two items of 10 bytes fit 33, three do not.
    const ran = await cloud.run(map({ Items: ['éééé', 'éééé', 'éééé'], ItemBatcher: { MaxInputBytesPerBatch: 33 } }));
    const batches = ran.output as { Items: string[] }[];
    expect(batches.map(({ Items }) => Items.length)).toEqual([2, 1]);
    for (const batch of batches) expect(Buffer.byteLength(JSON.stringify(batch))).toBeLessThanOrEqual(33);
  });

  test('refuses an item that no batch can hold', async () => {
    const { cloud } = cloudOf();
    const ran = await cloud.run(map({ Items: ['x'.repeat(50)], ItemBatcher: { MaxInputBytesPerBatch: 33 } }));
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded', cause: expect.stringContaining('Item 0') });
  });

  test('counts the items of a failed batch against the tolerance', async () => {
    const { cloud } = cloudOf();
    const more = { Items: '{% [1..6] %}', ItemBatcher: { MaxItemsPerBatch: 2 }, MaxConcurrency: 1 };
    expect(
      (await cloud.run(mapFailing('2 in $states.input.Items', { ...more, ToleratedFailureCount: 2 }), {}, 'two')).status,
    ).toBe('SUCCEEDED');
    expect(
      await cloud.run(mapFailing('2 in $states.input.Items', { ...more, ToleratedFailureCount: 1 }), {}, 'one'),
    ).toMatchObject({ error: 'States.ExceedToleratedFailureThreshold' });
  });
});

describe('tolerated failures', () => {
  const items = { Items: '{% [1..10] %}' };

  test('of none fail the map with the first child', async () => {
    const { cloud } = cloudOf();
    const ran = await cloud.run(mapFailing('$states.input = 3', items));
    expect(ran).toMatchObject({
      status: 'FAILED',
      error: 'States.ExceedToleratedFailureThreshold',
      cause: 'The specified tolerated failure threshold was exceeded',
    });
    expect((await cloud.types(ran.arn)).slice(-4)).toEqual([
      'MapRunStarted',
      'MapRunFailed',
      'MapStateFailed',
      'ExecutionFailed',
    ]);
  });

  test('by count hold at the threshold and not above', async () => {
    const { cloud } = cloudOf();
    const at = await cloud.run(mapFailing('$states.input <= 3', { ...items, ToleratedFailureCount: '{% 3 %}' }), {}, 'at');
    expect(at).toMatchObject({ status: 'SUCCEEDED', output: [4, 5, 6, 7, 8, 9, 10] });
    const above = await cloud.run(mapFailing('$states.input <= 4', { ...items, ToleratedFailureCount: 3 }), {}, 'above');
    expect(above).toMatchObject({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold' });
  });

  test('by percentage hold at the threshold and not above', async () => {
    const { cloud } = cloudOf();
    expect(
      (await cloud.run(mapFailing('$states.input <= 3', { ...items, ToleratedFailurePercentage: 30 }), {}, 'at')).status,
    ).toBe('SUCCEEDED');
    expect(
      (await cloud.run(mapFailing('$states.input <= 3', { ...items, ToleratedFailurePercentage: '{% 29.9 %}' }), {}, 'above'))
        .status,
    ).toBe('FAILED');
    expect((await cloud.run(mapFailing('true', { ...items, ToleratedFailurePercentage: 100 }), {}, 'all')).output).toEqual([]);
  });

  test('by both fail where either is exceeded', async () => {
    const { cloud } = cloudOf();
    const both = (count: number, percentage: number) =>
      mapFailing('$states.input <= 3', { ...items, ToleratedFailureCount: count, ToleratedFailurePercentage: percentage });
    expect((await cloud.run(both(3, 30), {}, 'neither')).status).toBe('SUCCEEDED');
    expect((await cloud.run(both(2, 50), {}, 'count')).status).toBe('FAILED');
    expect((await cloud.run(both(5, 20), {}, 'share')).status).toBe('FAILED');
  });

  test('that are exceeded stop the children under way and start no more', async () => {
    const { cloud } = cloudOf();
    const definition = single({
      Type: 'Map',
      Label: 'each',
      Items: '{% [1..10] %}',
      MaxConcurrency: 2,
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'P',
        States: {
          P: { Type: 'Choice', Choices: [{ Condition: '{% $states.input = 2 %}', Next: 'F' }], Default: 'W' },
          F: { Type: 'Fail', Error: 'E' },
          W: { Type: 'Wait', Seconds: 100, End: true },
        },
      },
    });
    const { arn, status } = await cloud.run(definition);
    expect(status).toBe('FAILED');
    expect(cloud.clock.now()).toBe(Date.UTC(2026, 0, 1));
    const runs = (await cloud.call('ListMapRuns', { executionArn: arn }))['mapRuns'] as { mapRunArn: string }[];
    const children = (await cloud.call('ListExecutions', { mapRunArn: runs[0]!.mapRunArn }))['executions'] as {
      status: string;
    }[];
    expect(children.map((child) => child.status).sort()).toEqual(['ABORTED', 'FAILED']);
  });
});

describe('ResultWriter', () => {
  const writer = (config?: object) => ({
    ResultWriter: {
      Resource: 'arn:aws:states:::s3:putObject',
      Arguments: { Bucket: 'out', Prefix: 'a/b/' },
      ...(config ? { WriterConfig: config } : {}),
    },
  });

  test('writes a manifest and one file per outcome, and points to them', async () => {
    const { cloud, s3 } = cloudOf();
    const ran = await cloud.run(mapFailing('$states.input = 2', { Items: [1, 2, 3], ToleratedFailureCount: 1, ...writer() }));
    const output = ran.output as { MapRunArn: string; ResultWriterDetails: { Bucket: string; Key: string } };
    expect(output.MapRunArn).toMatch(/^arn:aws:states:eu-west-2:123456789012:mapRun:machine\/each:[0-9a-f-]{36}$/);
    const uuid = output.MapRunArn.split(':').at(-1);
    expect(output.ResultWriterDetails).toEqual({ Bucket: 'out', Key: `a/b/${uuid}/manifest.json` });
    const manifest = JSON.parse(s3.text(`out/a/b/${uuid}/manifest.json`));
    expect(manifest).toEqual({
      DestinationBucket: 'out',
      MapRunArn: output.MapRunArn,
      ResultFiles: {
        FAILED: [{ Key: `a/b/${uuid}/FAILED_0.json`, Size: s3.text(`out/a/b/${uuid}/FAILED_0.json`).length }],
        PENDING: [],
        SUCCEEDED: [{ Key: `a/b/${uuid}/SUCCEEDED_0.json`, Size: s3.text(`out/a/b/${uuid}/SUCCEEDED_0.json`).length }],
      },
    });
    const succeeded = JSON.parse(s3.text(`out/a/b/${uuid}/SUCCEEDED_0.json`)) as Record<string, unknown>[];
    expect(succeeded.map((child) => [child['Input'], child['Output'], child['Status']])).toEqual([
      ['1', '1', 'SUCCEEDED'],
      ['3', '3', 'SUCCEEDED'],
    ]);
    expect(succeeded[0]).toMatchObject({
      StateMachineArn: 'arn:aws:states:eu-west-2:123456789012:stateMachine:machine/each',
      StartDate: '2026-01-01T00:00:00.000Z',
    });
    expect(JSON.parse(s3.text(`out/a/b/${uuid}/FAILED_0.json`))[0]).toMatchObject({
      Error: 'Odd',
      Cause: 'c',
      Status: 'FAILED',
      Input: '2',
    });
  });

  test('writes files that the next state can read', async () => {
    const { cloud } = cloudOf();
    const first = map({
      Items: '{% [1..3] %}',
      ...writer({ OutputType: 'JSONL', Transformation: 'COMPACT' }),
      Assign: { folder: "{% $replace($states.result.ResultWriterDetails.Key, 'manifest.json', '') %}" },
      Next: 'Again',
    });
    const states = {
      Only: { ...first.States.Only, End: undefined },
      Again: {
        Type: 'Map',
        ItemReader: {
          Resource: 'arn:aws:states:::s3:getObject',
          Arguments: { Bucket: 'out', Key: "{% $folder & 'SUCCEEDED_0.jsonl' %}" },
          ReaderConfig: { InputType: 'JSONL' },
        },
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' },
          StartAt: 'D',
          States: { D: { Type: 'Pass', Output: '{% $states.input * 10 %}', End: true } },
        },
        End: true,
      },
    };
    expect((await cloud.run({ StartAt: 'Only', States: states })).output).toEqual([10, 20, 30]);
  });

  test('transforms results that go to the output', async () => {
    const { cloud } = cloudOf();
    const run = (Transformation: string) =>
      cloud.run(map({ Items: [[1, 2], [3]], ResultWriter: { WriterConfig: { Transformation } } }), {}, Transformation);
    expect((await run('COMPACT')).output).toEqual([[1, 2], [3]]);
    expect((await run('FLATTEN')).output).toEqual([1, 2, 3]);
    expect((await run('NONE')).output).toMatchObject([{ Output: '[1,2]', Status: 'SUCCEEDED' }, { Output: '[3]' }]);
  });

  test('writes what failed and what never began when the tolerance is exceeded', async () => {
    const { cloud, s3 } = cloudOf();
    const ran = await cloud.run(mapFailing('$states.input = 2', { Items: [1, 2, 3, 4], MaxConcurrency: 1, ...writer() }));
    expect(ran.error).toBe('States.ExceedToleratedFailureThreshold');
    const key = [...s3.objects.keys()].find((name) => name.endsWith('manifest.json'))!;
    const files = JSON.parse(s3.text(key)).ResultFiles as Record<string, { Key: string }[]>;
    const inputs = (kind: string) =>
      (JSON.parse(s3.text(`out/${files[kind]![0]!.Key}`)) as { Input: string }[]).map(({ Input }) => Input);
    expect([inputs('SUCCEEDED'), inputs('FAILED'), inputs('PENDING')]).toEqual([['1'], ['2'], ['3', '4']]);
  });

  test('fails with States.ResultWriterFailed where it may not write', async () => {
    const { cloud } = cloudOf();
    const ran = await cloud.run(
      map({
        Items: [1],
        ResultWriter: { Resource: 'arn:aws:states:::s3:putObject', Arguments: { Bucket: 'forbidden', Prefix: 'p' } },
      }),
    );
    expect(ran).toMatchObject({
      status: 'FAILED',
      error: 'States.ResultWriterFailed',
      cause: expect.stringContaining('AccessDenied'),
    });
  });

  test('fails with States.DataLimitExceeded where results without a writer are too large', async () => {
    const { cloud } = cloudOf();
    const ran = await cloud.run(map({ Items: [1, 2, 3] }, { Type: 'Pass', Output: "{% $pad('', 100000, 'x') %}", End: true }));
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });
});

describe('children of a map run', () => {
  test('are executions of their own, with their own context and history', async () => {
    const { cloud } = cloudOf();
    const { arn } = await cloud.run(map({ Items: ['x'] }, { Type: 'Pass', Output: '{% $states.context %}', End: true }));
    const [run] = (await cloud.call('ListMapRuns', { executionArn: arn }))['mapRuns'] as { mapRunArn: string }[];
    const [child] = (await cloud.call('ListExecutions', { mapRunArn: run!.mapRunArn }))['executions'] as {
      executionArn: string;
      mapRunArn: string;
    }[];
    expect(child!.executionArn).toMatch(/:execution:machine\/each:[0-9a-f-]{36}$/);
    expect(child!.mapRunArn).toBe(run!.mapRunArn);
    const told = await cloud.told(child!.executionArn);
    expect(told.output).toMatchObject({
      Execution: { Id: child!.executionArn, Input: 'x' },
      StateMachine: { Name: 'machine/each' },
    });
    expect(await cloud.types(child!.executionArn)).toEqual([
      'ExecutionStarted',
      'PassStateEntered',
      'PassStateExited',
      'ExecutionSucceeded',
    ]);
    expect(await cloud.types(arn)).toEqual([
      'ExecutionStarted',
      'MapStateEntered',
      'MapStateStarted',
      'MapRunStarted',
      'MapRunSucceeded',
      'MapStateSucceeded',
      'MapStateExited',
      'ExecutionSucceeded',
    ]);
  });

  test('are counted by DescribeMapRun', async () => {
    const { cloud } = cloudOf();
    const { arn } = await cloud.run(
      mapFailing('$states.input = 2', { Items: '{% [1..5] %}', ToleratedFailureCount: 1, MaxConcurrency: 4 }),
    );
    const [run] = (await cloud.call('ListMapRuns', { executionArn: arn }))['mapRuns'] as { mapRunArn: string }[];
    const told = await cloud.call('DescribeMapRun', { mapRunArn: run!.mapRunArn });
    expect(told).toMatchObject({
      status: 'SUCCEEDED',
      maxConcurrency: 4,
      toleratedFailureCount: 1,
      toleratedFailurePercentage: 0,
      itemCounts: { total: 5, succeeded: 4, failed: 1, pending: 0, running: 0 },
      executionCounts: { total: 5, succeeded: 4, failed: 1 },
    });
    expect(told['stopDate']).toBeInstanceOf(Date);
  });

  test('run no more at once than MaxConcurrency', async () => {
    let running = 0;
    let peak = 0;
    const { cloud } = cloudOf({
      functions: {
        f: async () => {
          peak = Math.max(peak, ++running);
          await new Promise((resolve) => setTimeout(resolve, 1));
          running--;
        },
      },
    });
    const task = {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke',
      Arguments: { FunctionName: 'f' },
      Output: 1,
      End: true,
    };
    await cloud.run(map({ Items: '{% [1..30] %}', MaxConcurrency: 7 }, task));
    expect(peak).toBe(7);
  });

  test('retry by themselves, and the map as a whole makes a new run', async () => {
    let calls = 0;
    const { cloud } = cloudOf({
      functions: {
        f: () => {
          if (++calls < 3) throw Object.assign(new Error('m'), { name: 'E' });
          return calls;
        },
      },
    });
    const task = {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke',
      Arguments: { FunctionName: 'f' },
      Output: '{% $states.result.Payload %}',
      End: true,
    };
    const inner = await cloud.run(map({ Items: [1] }, { ...task, Retry: [{ ErrorEquals: ['E'] }] }), {}, 'inner');
    expect(inner.output).toEqual([3]);
    calls = 0;
    const outer = await cloud.run(
      map({ Items: [1], Retry: [{ ErrorEquals: ['States.ExceedToleratedFailureThreshold'] }] }, task),
      {},
      'outer',
    );
    expect(outer.output).toEqual([3]);
    expect((await cloud.call('ListMapRuns', { executionArn: outer.arn }))['mapRuns']).toHaveLength(3);
  });

  test('of an EXPRESS map end after five minutes', async () => {
    const { cloud } = cloudOf();
    const ran = await cloud.run(
      map({ Items: [1], ToleratedFailureCount: 1 }, { Type: 'Wait', Seconds: 400, End: true }, { ExecutionType: 'EXPRESS' }),
    );
    expect(ran.output).toEqual([]);
    const [run] = (await cloud.call('ListMapRuns', { executionArn: ran.arn }))['mapRuns'] as { mapRunArn: string }[];
    const [child] = (await cloud.call('ListExecutions', { mapRunArn: run!.mapRunArn }))['executions'] as {
      executionArn: string;
      status: string;
    }[];
    expect(child).toMatchObject({ status: 'TIMED_OUT', executionArn: expect.stringContaining(':express:machine/each:') });
  });

  test('are aborted with their parent', async () => {
    const { cloud } = cloudOf();
    const arn = await cloud.begin({ TimeoutSeconds: 5, ...map({ Items: [1, 2] }, { Type: 'Wait', Seconds: 60, End: true }) });
    await cloud.states.ended(arn);
    const [run] = (await cloud.call('ListMapRuns', { executionArn: arn }))['mapRuns'] as { mapRunArn: string }[];
    expect(await cloud.call('DescribeMapRun', { mapRunArn: run!.mapRunArn })).toMatchObject({
      status: 'ABORTED',
      executionCounts: { aborted: 2 },
    });
  });

  test('fail the map when their input cannot be made', async () => {
    const { cloud } = cloudOf();
    const ran = await cloud.run(map({ Items: [1], ItemSelector: '{% $states.input.none %}' }));
    expect(ran).toMatchObject({ status: 'FAILED', error: 'States.QueryEvaluationError' });
  });
});
