/** The SDK for JavaScript against the local CloudWatch, and metrics out of a function's log lines. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudWatchClient,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCloud } from '../../local-sim/cloud.ts';
import { CborTime, decodeCbor, encodeCbor } from '../../local-sim/http/cbor.ts';
import { signedFetch } from './signed-fetch.ts';
import { eventually, type StartedCloud, startCloud } from './start-cloud.ts';

const Namespace = 'QEFM';
let folder: string;
let started: StartedCloud;
let cloudwatch: CloudWatchClient;
const minute = 60_000;
const base = Math.floor(Date.now() / minute) * minute - 10 * minute;
const window = { StartTime: new Date(base), EndTime: new Date(base + 20 * minute) };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'monitoring-'));
  const entry = join(folder, 'emits.mjs');
  writeFileSync(
    entry,
    `export const handler = async ({ loss, at }) => {
      console.log('a plain line');
      console.log(JSON.stringify({ _aws: { Timestamp: at, CloudWatchMetrics: [{ Namespace: 'QEFM', Dimensions: [['state'], []], Metrics: [{ Name: 'Loss', Unit: 'None' }, { Name: 'Steps', Unit: 'Count' }] }] }, state: 'TellProblem', Loss: loss, Steps: [1, 2], runId: 'r' }));
      console.log('{"_aws": broken');
    };`,
  );
  started = await startCloud({ functions: [{ name: 'Emits', entry, memoryMb: 128, timeoutSeconds: 5, environment: {} }] });
  cloudwatch = new CloudWatchClient(started.client);
});
afterAll(async () => {
  cloudwatch.destroy();
  await started[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const stat = (MetricName: string, Stat: string, Dimensions: { Name: string; Value: string }[] = []) => ({
  Id: `m${Stat.toLowerCase().replace('.', '_')}`,
  MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period: 60, Stat },
});

describe('metrics that were put', () => {
  test('come back by period and statistic, newest first unless asked otherwise', async () => {
    await cloudwatch.send(
      new PutMetricDataCommand({
        Namespace,
        MetricData: [
          { MetricName: 'Shots', Value: 1, Timestamp: new Date(base), Unit: 'Count' },
          { MetricName: 'Shots', Value: 3, Timestamp: new Date(base + 30_000), Unit: 'Count' },
          { MetricName: 'Shots', Values: [10, 20], Counts: [3, 1], Timestamp: new Date(base + minute) },
          {
            MetricName: 'Shots',
            StatisticValues: { SampleCount: 2, Sum: 9, Minimum: 4, Maximum: 5 },
            Timestamp: new Date(base + 2 * minute),
          },
        ],
      }),
    );
    const data = await cloudwatch.send(
      new GetMetricDataCommand({
        ...window,
        MetricDataQueries: ['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount'].map((s) => stat('Shots', s)),
        ScanBy: 'TimestampAscending',
      }),
    );
    const values = Object.fromEntries(data.MetricDataResults!.map((r) => [r.Id, r.Values]));
    expect(values).toEqual({
      msum: [4, 50, 9],
      maverage: [2, 12.5, 4.5],
      mminimum: [1, 10, 4],
      mmaximum: [3, 20, 5],
      msamplecount: [2, 4, 2],
    });
    expect(data.MetricDataResults?.[0]?.Timestamps?.map((t) => t.getTime())).toEqual([base, base + minute, base + 2 * minute]);
    const newest = await cloudwatch.send(new GetMetricDataCommand({ ...window, MetricDataQueries: [stat('Shots', 'Sum')] }));
    expect(newest.MetricDataResults?.[0]?.Values).toEqual([9, 50, 4]);
  });

  test('have percentiles', async () => {
    await cloudwatch.send(
      new PutMetricDataCommand({
        Namespace,
        MetricData: [{ MetricName: 'Ms', Values: Array.from({ length: 101 }, (_, i) => i), Timestamp: new Date(base) }],
      }),
    );
    const data = await cloudwatch.send(
      new GetMetricDataCommand({ ...window, MetricDataQueries: [stat('Ms', 'p50'), stat('Ms', 'p99.5')] }),
    );
    expect(data.MetricDataResults?.map((r) => r.Values)).toEqual([[50], [99.5]]);
  });

  test('may come compressed, as the SDK sends many at once', async () => {
    const MetricData = Array.from({ length: 300 }, (_, i) => ({ MetricName: 'Many', Value: i, Timestamp: new Date(base) }));
    await cloudwatch.send(new PutMetricDataCommand({ Namespace, MetricData }));
    const data = await cloudwatch.send(new GetMetricDataCommand({ ...window, MetricDataQueries: [stat('Many', 'SampleCount')] }));
    expect(data.MetricDataResults?.[0]?.Values).toEqual([300]);
  });

  test('answer GetMetricStatistics', async () => {
    const out = await cloudwatch.send(
      new GetMetricStatisticsCommand({ Namespace, MetricName: 'Shots', ...window, Period: 60, Statistics: ['Sum', 'Maximum'] }),
    );
    expect(out.Datapoints?.map((p) => [p.Sum, p.Maximum, p.Unit])).toEqual([
      [4, 3, 'Count'],
      [50, 20, 'None'],
      [9, 5, 'None'],
    ]);
    expect(out.Datapoints?.[0]?.Timestamp).toEqual(new Date(base));
  });

  test('refuse a period, a statistic and a namespace that CloudWatch refuses', async () => {
    await expect(
      cloudwatch.send(
        new GetMetricStatisticsCommand({ Namespace, MetricName: 'Shots', ...window, Period: 61, Statistics: ['Sum'] }),
      ),
    ).rejects.toThrow(/Period/);
    await expect(
      cloudwatch.send(new GetMetricDataCommand({ ...window, MetricDataQueries: [stat('Shots', 'Mode')] })),
    ).rejects.toThrow(/statistic/);
    await expect(
      cloudwatch.send(new PutMetricDataCommand({ Namespace: 'AWS/Lambda', MetricData: [{ MetricName: 'x', Value: 1 }] })),
    ).rejects.toThrow(/Namespace/);
  });
});

describe('the embedded metric format', () => {
  test('turns a line of a function into metrics, for each set of dimensions', async () => {
    for (const loss of [0.5, 0.25]) await started.cloud.lambda.invoke('Emits', JSON.stringify({ loss, at: base }), 'work');
    const { Metrics } = await cloudwatch.send(new ListMetricsCommand({ Namespace, MetricName: 'Loss' }));
    expect(Metrics?.map((m) => m.Dimensions)).toEqual([[{ Name: 'state', Value: 'TellProblem' }], []]);
    const data = await cloudwatch.send(
      new GetMetricDataCommand({
        ...window,
        MetricDataQueries: [stat('Loss', 'Minimum', [{ Name: 'state', Value: 'TellProblem' }]), stat('Steps', 'Sum')],
      }),
    );
    expect(data.MetricDataResults?.map((r) => r.Values)).toEqual([[0.25], [6]]);
  });

  test('leaves all lines readable through CloudWatch Logs', async () => {
    const filter = (args: object) =>
      signedFetch(started.cloud.endpoint, {
        method: 'POST',
        service: 'logs',
        region: 'us-east-1',
        credentials: started.cloud.credentials,
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Logs_20140328.FilterLogEvents' },
        body: JSON.stringify(args),
      });
    const { events } = await eventually(async () => {
      const answer = (await (await filter({ logGroupName: '/aws/lambda/Emits', filterPattern: '"plain line"' })).json()) as {
        events: { message: string }[];
      };
      return answer.events.length === 2 ? answer : undefined;
    });
    expect(events.map((e) => e.message)).toEqual(['a plain line', 'a plain line']);
    expect((await filter({ logGroupName: '/aws/lambda/Absent' })).status).toBe(400);
  });

  test('survives a restart of the cloud', async () => {
    const stateDir = join(folder, 'restarted');
    const first = await createCloud({ stateDir, log: () => {} });
    await first.monitoring.call('PutMetricData', {
      Namespace,
      MetricData: [{ MetricName: 'Kept', Value: 7, Timestamp: new Date(base) }],
    });
    await first.stop();
    const second = await createCloud({ stateDir, log: () => {} });
    const out = await second.monitoring.call('GetMetricStatistics', {
      Namespace,
      MetricName: 'Kept',
      ...window,
      Period: 60,
      Statistics: ['Sum'],
    });
    await second.stop();
    expect(out['Datapoints']).toEqual([{ Timestamp: new Date(base), Unit: 'None', Sum: 7 }]);
  });
});

describe('the other wire protocols', () => {
  const call = (headers: Record<string, string>, path: string, body: string | Uint8Array) =>
    signedFetch(`${started.cloud.endpoint}${path}`, {
      method: 'POST',
      service: 'monitoring',
      region: 'us-east-1',
      credentials: started.cloud.credentials,
      headers,
      body,
    });

  test('Smithy RPC v2 CBOR reads and writes times as tagged seconds', async () => {
    const args = {
      StartTime: new CborTime(base / 1000),
      EndTime: new CborTime(base / 1000 + 600),
      MetricDataQueries: [stat('Shots', 'Sum')],
    };
    const headers = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' };
    const response = await call(headers, '/service/GraniteServiceVersion20100801/operation/GetMetricData', encodeCbor(args));
    expect(response.headers.get('smithy-protocol')).toBe('rpc-v2-cbor');
    const out = decodeCbor(new Uint8Array(await response.arrayBuffer())) as {
      MetricDataResults: { Timestamps: CborTime[]; Values: number[] }[];
    };
    expect(out.MetricDataResults[0]?.Values).toEqual([9, 50, 4]);
    expect(out.MetricDataResults[0]?.Timestamps[2]).toEqual(new CborTime(base / 1000));
    const wrong = await call(headers, '/service/GraniteServiceVersion20100801/operation/Nothing', encodeCbor({}));
    expect(wrong.status).toBe(400);
    expect(decodeCbor(new Uint8Array(await wrong.arrayBuffer()))).toMatchObject({ __type: 'InvalidAction' });
  });

  test('the query protocol flattens lists and answers in XML', async () => {
    const form = new URLSearchParams({
      Action: 'GetMetricStatistics',
      Version: '2010-08-01',
      Namespace,
      MetricName: 'Shots',
      StartTime: new Date(base).toISOString(),
      EndTime: new Date(base + minute).toISOString(),
      Period: '60',
      'Statistics.member.1': 'Sum',
    });
    const response = await call({ 'content-type': 'application/x-www-form-urlencoded' }, '/', form.toString());
    expect(await response.text()).toContain(
      `<Datapoints><member><Timestamp>${new Date(base).toISOString()}</Timestamp><Unit>Count</Unit><Sum>4</Sum></member></Datapoints>`,
    );
    const wrong = await call({ 'content-type': 'application/x-www-form-urlencoded' }, '/', 'Action=Nothing');
    expect(await wrong.text()).toContain('<Code>InvalidAction</Code>');
  });
});
