/** The rest of the service through the SDK for JavaScript: files of results, money, quotas, devices that go, faults. */
import {
  BraketClient,
  CreateJobCommand,
  CreateQuantumTaskCommand,
  CreateSpendingLimitCommand,
  DeviceOfflineException,
  DeviceRetiredException,
  GetDeviceCommand,
  GetQuantumTaskCommand,
  type GetQuantumTaskCommandOutput,
  paginateSearchDevices,
  SearchSpendingLimitsCommand,
  ThrottlingException,
} from '@aws-sdk/client-braket';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestCloud, type TestCloud } from '../support/local-cloud.ts';
import { BELL, GARNET, program, programSet, SV1 } from '../support/lone-braket.ts';
import { eventually } from '../support/lone-service.ts';
import { signedFetch } from './signed-fetch.ts';

const BUCKET = 'amazon-braket-service';
const EMERALD = 'arn:aws:braket:eu-north-1::device/qpu/iqm/Emerald';
const ROTATIONS = JSON.stringify({
  ...JSON.parse(program('input float theta;', 'bit[1] b;', 'qubit[1] q;', 'rx(theta) q[0];', 'b = measure q;')),
  inputs: { theta: Array.from({ length: 10 }, (_, k) => k / 10) },
});

let cloud: TestCloud;
let braket: BraketClient;
let s3: S3Client;

beforeAll(async () => {
  cloud = await startTestCloud({
    braket: {
      noise: false,
      quotas: { SearchQuantumTasks: { perSecond: 1e-6, burst: 3 }, CreateJob: { perSecond: 1e-6, burst: 2 } },
    },
  });
  await cloud.s3.call('CreateBucket', { Bucket: BUCKET });
  braket = new BraketClient({ ...cloud.client, maxAttempts: 1 });
  s3 = new S3Client({ ...cloud.client, forcePathStyle: true });
});
afterAll(() => cloud.remove());

async function create(changes: Record<string, unknown> = {}): Promise<string> {
  const { quantumTaskArn } = await braket.send(
    new CreateQuantumTaskCommand({
      deviceArn: SV1,
      shots: 100,
      outputS3Bucket: BUCKET,
      outputS3KeyPrefix: 'service',
      action: BELL,
      ...changes,
    }),
  );
  return quantumTaskArn!;
}

async function over(quantumTaskArn: string): Promise<GetQuantumTaskCommandOutput> {
  return eventually(async () => {
    const task = await braket.send(new GetQuantumTaskCommand({ quantumTaskArn }));
    return (task.status === 'COMPLETED' || task.status === 'FAILED') && task;
  });
}

const control = (path: string, body?: Record<string, unknown>) =>
  signedFetch(`${cloud.endpoint}/local-sim/${path}`, {
    service: 'braket',
    region: cloud.region,
    credentials: cloud.credentials,
    method: body === undefined ? 'GET' : 'PUT',
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });

describe('the files of a result', () => {
  const keysOf = async (task: GetQuantumTaskCommandOutput) => {
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: `${task.outputS3Directory}/` }));
    return Contents!.map(({ Key }) => Key!.slice(task.outputS3Directory!.length + 1)).sort();
  };
  const read = async (task: GetQuantumTaskCommandOutput, path: string) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: `${task.outputS3Directory}/${path}` }));
    return JSON.parse(await Body!.transformToString());
  };

  test('are one document for a task', async () => {
    expect(await keysOf(await over(await create()))).toEqual(['results.json']);
  });

  test('are a tree for a program set, where each path is relative to the folder of its document', async () => {
    await control('faults', { failExecutables: 0.4, failureReason: 'atom lost' });
    const task = await over(await create({ deviceArn: GARNET, shots: 110, action: programSet(BELL, ROTATIONS) }));
    await control('faults', {});
    expect(task).toMatchObject({
      status: 'COMPLETED',
      actionMetadata: { actionType: 'braket.ir.openqasm.program_set', programCount: 2, executableCount: 11 },
    });
    const rest = Array.from({ length: 10 }, (_, k) => `programs/1/executables/${k}.json`);
    expect(await keysOf(task)).toEqual(
      [
        'metadata.json',
        'results.json',
        'programs/0/executables/0.json',
        'programs/0/program.json',
        'programs/0/results.json',
        'programs/1/program.json',
        'programs/1/results.json',
        ...rest,
      ].sort(),
    );
    expect((await read(task, 'results.json')).programResults).toEqual(['programs/0/results.json', 'programs/1/results.json']);
    expect((await read(task, 'programs/1/results.json')).executableResults[3]).toBe('executables/3.json');
    const documents = await Promise.all(rest.map((path) => read(task, path)));
    const failed = documents.filter(({ failureMetadata }) => failureMetadata !== undefined);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThan(10);
    expect(failed[0].failureMetadata).toEqual({ failureReason: 'atom lost', retryable: false, category: 'DEVICE' });
    const metadata = await read(task, 'metadata.json');
    expect(metadata.totalFailedExecutables).toBeGreaterThanOrEqual(failed.length);
    expect(metadata.successfulShots).toBe(task.numSuccessfulShots);
  });
});

describe('money', () => {
  test('is refused at creation, told by events on the bus, and given back', async () => {
    await braket.send(new CreateSpendingLimitCommand({ deviceArn: EMERALD, spendingLimit: '0.50' }));
    await over(await create({ deviceArn: EMERALD }));
    await expect(create({ deviceArn: EMERALD })).rejects.toThrow(/would pass the limit of 0\.50/);
    const events = await eventually(() => {
      const found = cloud.seen.filter(({ detailType }) => detailType === 'Braket Spending Limit Spend Change');
      return found.length === 2 && found;
    });
    expect(events.map(({ detail }) => [detail['queuedSpend'], detail['totalSpend']])).toEqual([
      ['0.46', '0.00'],
      ['0.00', '0.46'],
    ]);
    const { spendingLimits } = await braket.send(new SearchSpendingLimitsCommand({}));
    expect(spendingLimits).toMatchObject([{ deviceArn: EMERALD, totalSpend: '0.46', queuedSpend: '0.00' }]);
    expect((events[1]!.detail['timePeriod'] as { endAt: number }).endAt).toBe(spendingLimits![0]!.timePeriod!.endAt!.getTime());
  });
});

describe('quotas', () => {
  test('answer with the throttling error that clients wait out', async () => {
    const search = () =>
      signedFetch(`${cloud.endpoint}/quantum-tasks`, {
        service: 'braket',
        region: cloud.region,
        credentials: cloud.credentials,
        method: 'POST',
        body: '{"filters":[]}',
      });
    for (let count = 0; count < 3; count++) expect((await search()).status).toBe(200);
    const refused = await search();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('x-amzn-errortype')).toBe('ThrottlingException');
    await control('faults', { throttleRequests: 1 });
    await expect(braket.send(new GetDeviceCommand({ deviceArn: SV1 }))).rejects.toBeInstanceOf(ThrottlingException);
    await control('faults', {});
  });
});

describe('devices', () => {
  test('come in pages', async () => {
    const seen: string[] = [];
    for await (const page of paginateSearchDevices({ client: braket, pageSize: 2 }, { filters: [] })) {
      expect(page.devices!.length).toBeLessThanOrEqual(2);
      seen.push(...page.devices!.map(({ deviceArn }) => deviceArn!));
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toContain(SV1);
  });

  test('that go offline or are retired answer as the service does', async () => {
    expect((await control(`device/${encodeURIComponent(GARNET)}`, { status: 'OFFLINE' })).status).toBe(200);
    expect((await braket.send(new GetDeviceCommand({ deviceArn: GARNET }))).deviceStatus).toBe('OFFLINE');
    const offline = await create({ deviceArn: GARNET }).catch((error: unknown) => error);
    expect(offline).toBeInstanceOf(DeviceOfflineException);
    expect(offline).toMatchObject({ $metadata: { httpStatusCode: 424 } });
    await control(`device/${encodeURIComponent(GARNET)}`, { status: 'RETIRED' });
    const retired = await create({ deviceArn: GARNET }).catch((error: unknown) => error);
    expect(retired).toBeInstanceOf(DeviceRetiredException);
    expect(retired).toMatchObject({ $metadata: { httpStatusCode: 410 } });
    await expect(braket.send(new CreateSpendingLimitCommand({ deviceArn: GARNET, spendingLimit: '1' }))).rejects.toBeInstanceOf(
      DeviceRetiredException,
    );
    await control(`device/${encodeURIComponent(GARNET)}`, { status: 'ONLINE' });
    await control(`device/${encodeURIComponent(GARNET)}`, { status: 'ONLINE' });
    expect((await over(await create({ deviceArn: GARNET }))).status).toBe('COMPLETED');
    const told = await eventually(() => {
      const found = cloud.seen.filter(({ detailType }) => detailType === 'Braket Device Status Change');
      return found.length >= 3 && found;
    });
    expect(
      told.map(({ region, resources, detail }) => [region, resources, detail['deviceName'], detail['deviceStatus']]),
    ).toEqual(['OFFLINE', 'RETIRED', 'ONLINE'].map((status) => ['eu-north-1', [GARNET], 'Garnet', status]));
  });

  test('refuse hybrid jobs as they refuse tasks, and CreateJob has a quota of its own', async () => {
    const job = () =>
      braket
        .send(
          new CreateJobCommand({
            jobName: 'refused',
            roleArn: 'arn:aws:iam::000000000000:role/AmazonBraketJobsExecutionRole',
            deviceConfig: { device: GARNET },
            algorithmSpecification: {
              scriptModeConfig: { entryPoint: 'main', s3Uri: `s3://${BUCKET}/source.tar.gz`, compressionType: 'GZIP' },
            },
            instanceConfig: { instanceType: 'ml.m5.large', volumeSizeInGb: 30 },
            outputDataConfig: { s3Path: `s3://${BUCKET}/jobs` },
          }),
        )
        .catch((error: unknown) => error);
    await control(`device/${encodeURIComponent(GARNET)}`, { status: 'OFFLINE' });
    expect(await job()).toBeInstanceOf(DeviceOfflineException);
    await control(`device/${encodeURIComponent(GARNET)}`, { status: 'RETIRED' });
    expect(await job()).toBeInstanceOf(DeviceRetiredException);
    await control(`device/${encodeURIComponent(GARNET)}`, { status: 'ONLINE' });
    expect(await job()).toBeInstanceOf(ThrottlingException);
    expect((await braket.send(new GetDeviceCommand({ deviceArn: GARNET }))).deviceStatus).toBe('ONLINE');
  });
});

describe('the control endpoint', () => {
  test('tells the faults in force, refuses what is none, and wants a signature', async () => {
    await control('faults', { lateEvents: ['COMPLETED'], lateMs: 5 });
    expect(await (await control('faults')).json()).toEqual({ lateEvents: ['COMPLETED'], lateMs: 5 });
    const refused = await control('faults', { lateEvent: 1 });
    expect(refused.status).toBe(400);
    expect((await refused.json()).message).toContain("'lateEvent' found");
    expect((await fetch(`${cloud.endpoint}/local-sim/faults`, { method: 'PUT', body: '{}' })).status).toBe(403);
    await control('faults', {});
  });
});

describe('the price list', () => {
  test('is public, and nothing else of the service is', async () => {
    const offers = `${cloud.endpoint}/offers/v1.0/aws/AmazonBraket/current/index.csv`;
    const lines = (await (await fetch(offers)).text()).split('\r\n');
    expect(lines[5]).toContain('"Product Family"');
    expect(lines.filter((line) => line.includes('"Garnet"'))).toHaveLength(2);
    expect(lines.some((line) => line.includes('Aria'))).toBe(false);
    expect((await fetch(offers, { method: 'POST', body: '{}' })).status).toBe(400);
    expect((await fetch(offers.replace('AmazonBraket', 'AmazonS3'))).status).toBe(403);
    expect((await fetch(`${cloud.endpoint}/devices`, { method: 'POST', body: '{}' })).status).toBe(403);
  });
});
