/** Distributed Maps seen from outside through the SDK for JavaScript: objects read, results written, map runs told. */
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  DescribeMapRunCommand,
  ListExecutionsCommand,
  ListMapRunsCommand,
  ResourceNotFound,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFunction, type State, type StatesCloud, single, startStatesCloud } from './states-cloud.ts';

const Bucket = 'machine-data';
let cloud: StatesCloud;
let sfn: SFNClient;
let s3: S3Client;

beforeAll(async () => {
  cloud = await startStatesCloud();
  sfn = cloud.sfn;
  s3 = new S3Client(cloud.client);
  await createFunction(cloud, 'Twice', 'export const handler = async ({ n }) => ({ twice: 2 * n });');
  await s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  s3.destroy();
  await cloud[Symbol.asyncDispose]();
});

const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body }));
const read = async (Key: string) => (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();

describe('a Distributed Map', () => {
  const map = (name: string, ReaderConfig: State, Key: string, more: State, States: State, StartAt: string): State =>
    single({
      Type: 'Map',
      Label: name,
      ItemReader: { Resource: 'arn:aws:states:::s3:getObject', ReaderConfig, Arguments: { Bucket, Key } },
      ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' }, StartAt, States },
      ...more,
    });
  interface Manifest {
    DestinationBucket: string;
    MapRunArn: string;
    ResultFiles: Record<'SUCCEEDED' | 'FAILED' | 'PENDING', { Key: string; Size: number }[]>;
  }
  interface Written {
    MapRunArn: string;
    ResultWriterDetails: { Bucket: string; Key: string };
  }

  test('reads CSV and writes results that can be read back', async () => {
    await put('in/library.csv', '\ufeffname,n\r\n"a, b",1\r\n"line\nbreak",2\r\nplain,3\r\n');
    const told = await cloud.run(
      'Csv',
      map(
        'rows',
        { InputType: 'CSV', CSVHeaderLocation: 'FIRST_ROW' },
        'in/library.csv',
        {
          ItemSelector: { row: '{% $states.context.Map.Item.Value %}', at: '{% $states.context.Map.Item.Index %}' },
          ResultWriter: { Resource: 'arn:aws:states:::s3:putObject', Arguments: { Bucket, Prefix: 'out' } },
        },
        {
          Twice: {
            Type: 'Task',
            Resource: 'arn:aws:states:::lambda:invoke',
            Arguments: { FunctionName: 'Twice', Payload: { n: '{% $number($states.input.row.n) %}' } },
            Output: '{% $states.result.Payload.twice %}',
            End: true,
          },
        },
        'Twice',
      ),
    );
    expect([told.status, told.error, told.cause]).toEqual(['SUCCEEDED', undefined, undefined]);
    const written = told.value as Written;
    expect(written.ResultWriterDetails.Bucket).toBe(Bucket);
    const manifest = JSON.parse(await read(written.ResultWriterDetails.Key)) as Manifest;
    expect(manifest).toMatchObject({ DestinationBucket: Bucket, MapRunArn: written.MapRunArn });
    expect([manifest.ResultFiles.FAILED, manifest.ResultFiles.PENDING]).toEqual([[], []]);
    const text = await read(manifest.ResultFiles.SUCCEEDED[0]!.Key);
    expect(Buffer.byteLength(text)).toBe(manifest.ResultFiles.SUCCEEDED[0]!.Size);
    const results = JSON.parse(text) as { Input: string; Output: string; Status: string; ExecutionArn: string }[];
    expect(results.map(({ Input, Output, Status }) => [JSON.parse(Input), JSON.parse(Output), Status])).toEqual([
      [{ row: { name: 'a, b', n: '1' }, at: 0 }, 2, 'SUCCEEDED'],
      [{ row: { name: 'line\nbreak', n: '2' }, at: 1 }, 4, 'SUCCEEDED'],
      [{ row: { name: 'plain', n: '3' }, at: 2 }, 6, 'SUCCEEDED'],
    ]);
    const child = await sfn.send(new DescribeExecutionCommand({ executionArn: results[1]!.ExecutionArn }));
    expect(child).toMatchObject({ status: 'SUCCEEDED', output: '4', mapRunArn: written.MapRunArn });
  });

  test('reads JSON lines in batches, tolerates failures and tells its run', async () => {
    await put('in/numbers.jsonl', Array.from({ length: 7 }, (_, i) => `{"n":${i}}\n`).join(''));
    const told = await cloud.run(
      'Jsonl',
      map(
        'lines',
        { InputType: 'JSONL' },
        'in/numbers.jsonl',
        {
          ItemBatcher: { MaxItemsPerBatch: 3, BatchInput: { limit: 6 } },
          MaxConcurrency: 2,
          ToleratedFailurePercentage: 20,
          ResultWriter: { WriterConfig: { Transformation: 'FLATTEN', OutputType: 'JSON' } },
        },
        {
          Check: {
            Type: 'Choice',
            Choices: [{ Condition: '{% $states.input.Items[0].n >= $states.input.BatchInput.limit %}', Next: 'No' }],
            Default: 'Yes',
          },
          No: { Type: 'Fail', Error: 'TooLarge' },
          Yes: { Type: 'Succeed', Output: '{% $states.input.Items.n %}' },
        },
        'Check',
      ),
    );
    expect([told.status, told.cause, told.value]).toEqual(['SUCCEEDED', undefined, [0, 1, 2, 3, 4, 5]]);
    const { mapRuns } = await sfn.send(new ListMapRunsCommand({ executionArn: told.executionArn! }));
    expect(mapRuns).toHaveLength(1);
    const mapRunArn = mapRuns![0]!.mapRunArn!;
    expect(mapRunArn).toMatch(/:mapRun:Jsonl\/lines:/);
    expect(mapRuns![0]!.stopDate).toBeInstanceOf(Date);
    const run = await sfn.send(new DescribeMapRunCommand({ mapRunArn }));
    expect(run).toMatchObject({
      status: 'SUCCEEDED',
      maxConcurrency: 2,
      toleratedFailurePercentage: 20,
      itemCounts: { total: 7, succeeded: 6, failed: 1, pending: 0 },
      executionCounts: { total: 3, succeeded: 2, failed: 1, running: 0 },
    });
    const { executions } = await sfn.send(new ListExecutionsCommand({ mapRunArn }));
    expect(executions!.map((child) => [child.status, child.itemCount, child.mapRunArn])).toEqual([
      ['FAILED', 1, mapRunArn],
      ['SUCCEEDED', 3, mapRunArn],
      ['SUCCEEDED', 3, mapRunArn],
    ]);
    const failed = await sfn.send(new ListExecutionsCommand({ mapRunArn, statusFilter: 'FAILED' }));
    expect(failed.executions).toHaveLength(1);
    const absent = sfn.send(new DescribeMapRunCommand({ mapRunArn: `${mapRunArn}0` }));
    await expect(absent).rejects.toBeInstanceOf(ResourceNotFound);
  });

  test('fails when too many children do, and names what cannot be read', async () => {
    await put('in/all.json', '[1, 2, 3]');
    const fails = map('all', { InputType: 'JSON' }, 'in/all.json', {}, { No: { Type: 'Fail', Error: 'Never' } }, 'No');
    expect(await cloud.run('AllFail', fails)).toMatchObject({
      status: 'FAILED',
      error: 'States.ExceedToleratedFailureThreshold',
    });
    const absent = map('none', { InputType: 'JSON' }, 'in/absent.json', {}, { Yes: { Type: 'Succeed' } }, 'Yes');
    const told = await cloud.run('NoObject', absent);
    expect(told).toMatchObject({ status: 'FAILED', error: 'States.ItemReaderFailed' });
    expect(told.cause).toContain('in/absent.json');
  });
});
