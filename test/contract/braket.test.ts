import {
  BraketClient,
  CancelQuantumTaskCommand,
  CreateJobCommand,
  CreateQuantumTaskCommand,
  CreateSpendingLimitCommand,
  DeleteSpendingLimitCommand,
  DeviceRetiredException,
  GetDeviceCommand,
  GetQuantumTaskCommand,
  type GetQuantumTaskCommandOutput,
  ListTagsForResourceCommand,
  paginateSearchQuantumTasks,
  ResourceNotFoundException,
  SearchDevicesCommand,
  SearchSpendingLimitsCommand,
  ServiceQuotaExceededException,
  TagResourceCommand,
  ThrottlingException,
  UntagResourceCommand,
  UpdateSpendingLimitCommand,
  ValidationException,
} from '@aws-sdk/client-braket';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BraketFaults } from '../../local-sim/braket/faults.ts';
import { startTestCloud, type TestCloud } from '../support/local-cloud.ts';
import { eventually } from '../support/lone-service.ts';

const BUCKET = 'amazon-braket-contract';
const SV1 = 'arn:aws:braket:::device/quantum-simulator/amazon/sv1';
const GARNET = 'arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet';
const BELL = JSON.stringify({
  braketSchemaHeader: { name: 'braket.ir.openqasm.program', version: '1' },
  source: 'OPENQASM 3.0;\nbit[2] b;\nqubit[2] q;\nh q[0];\ncnot q[0], q[1];\nb = measure q;\n',
});

let cloud: TestCloud;
let braket: BraketClient;
let s3: S3Client;
const faults: BraketFaults = {};

beforeAll(async () => {
  cloud = await startTestCloud({ braket: { faults } });
  await cloud.s3.call('CreateBucket', { Bucket: BUCKET });
  braket = new BraketClient({ ...cloud.client, maxAttempts: 1 });
  s3 = new S3Client({ ...cloud.client, forcePathStyle: true });
});

afterAll(() => cloud.remove());

const request = (changes: Record<string, unknown> = {}) =>
  new CreateQuantumTaskCommand({
    deviceArn: SV1,
    shots: 50,
    outputS3Bucket: BUCKET,
    outputS3KeyPrefix: 'js',
    action: BELL,
    ...changes,
  });

async function over(quantumTaskArn: string): Promise<GetQuantumTaskCommandOutput> {
  return eventually(async () => {
    const task = await braket.send(new GetQuantumTaskCommand({ quantumTaskArn, additionalAttributeNames: ['QueueInfo'] }));
    return (task.status === 'COMPLETED' || task.status === 'FAILED' || task.status === 'CANCELLED') && task;
  });
}

describe('the SDK for JavaScript', () => {
  test('creates a task, reads it back with real dates, and finds its result in S3', async () => {
    const deviceParameters = JSON.stringify({
      braketSchemaHeader: { name: 'braket.device_schema.simulators.gate_model_simulator_device_parameters', version: '1' },
      paradigmParameters: {
        braketSchemaHeader: { name: 'braket.device_schema.gate_model_parameters', version: '1' },
        qubitCount: 2,
        disableQubitRewiring: false,
      },
    });
    const { quantumTaskArn, $metadata } = await braket.send(request({ tags: { purpose: 'contract' }, deviceParameters }));
    expect($metadata.httpStatusCode).toBe(201);
    const task = await over(quantumTaskArn!);
    expect(task).toMatchObject({
      status: 'COMPLETED',
      shots: 50,
      numSuccessfulShots: 50,
      deviceArn: SV1,
      outputS3Bucket: BUCKET,
      tags: { purpose: 'contract' },
      actionMetadata: { actionType: 'braket.ir.openqasm.program' },
      queueInfo: { queue: 'QUANTUM_TASKS_QUEUE', position: 'None' },
    });
    expect(task.createdAt).toBeInstanceOf(Date);
    expect(task.endedAt!.getTime()).toBeGreaterThanOrEqual(task.createdAt!.getTime());
    expect(JSON.parse(String(task.deviceParameters))).toEqual(JSON.parse(deviceParameters));
    const object = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: `${task.outputS3Directory}/results.json` }));
    const result = JSON.parse(await object.Body!.transformToString());
    expect(result.measurements).toHaveLength(50);
    expect(result.taskMetadata.deviceParameters).toEqual(JSON.parse(deviceParameters));
    await eventually(() =>
      cloud.seen.some((event) => event.resources[0] === quantumTaskArn && event.detail['status'] === 'COMPLETED'),
    );
  });

  test('gets the same task for a repeated token and an error for a token with another request', async () => {
    const clientToken = 'run-1-iteration-2';
    const first = await braket.send(request({ clientToken }));
    expect((await braket.send(request({ clientToken }))).quantumTaskArn).toBe(first.quantumTaskArn);
    await expect(braket.send(request({ clientToken, shots: 51 }))).rejects.toBeInstanceOf(ValidationException);
    // Without a token of its own the SDK makes one up, and a second task with it.
    expect((await braket.send(request())).quantumTaskArn).not.toBe((await braket.send(request())).quantumTaskArn);
  });

  test('sees every error class with its status', async () => {
    const refused = async (changes: Record<string, unknown>, type: new (...args: never[]) => Error, status: number) => {
      const error = await braket.send(request(changes)).then(
        () => undefined,
        (found: unknown) => found,
      );
      expect(error).toBeInstanceOf(type);
      expect((error as { $metadata: { httpStatusCode: number } }).$metadata.httpStatusCode).toBe(status);
      return error as Error;
    };
    await refused({ deviceArn: 'arn:aws:braket:us-east-1::device/qpu/ionq/Aria-1' }, DeviceRetiredException, 410);
    expect((await refused({ outputS3Bucket: 'amazon-braket-absent' }, ValidationException, 400)).message).toContain(
      'amazon-braket-absent',
    );
    await refused({ action: '{}' }, ValidationException, 400);
    faults.exceedQuota = 1;
    await refused({}, ServiceQuotaExceededException, 402);
    delete faults.exceedQuota;
    faults.throttleRequests = 1;
    await refused({}, ThrottlingException, 429);
    delete faults.throttleRequests;
    await expect(
      braket.send(new GetQuantumTaskCommand({ quantumTaskArn: `arn:aws:braket:us-east-1:${cloud.accountId}:quantum-task/none` })),
    ).rejects.toBeInstanceOf(ResourceNotFoundException);
    await expect(
      braket.send(
        new CreateJobCommand({
          algorithmSpecification: {},
          outputDataConfig: { s3Path: 's3://x/y' },
          jobName: 'x',
          roleArn: 'arn:aws:iam::0:role/x',
          instanceConfig: { instanceType: 'ml.m5.large', volumeSizeInGb: 1 },
          deviceConfig: { device: SV1 },
        }),
      ),
    ).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringContaining("'roleArn' must match") });
  });

  test('gets the place of a fault in a program set', async () => {
    const bad = {
      braketSchemaHeader: { name: 'braket.ir.openqasm.program', version: '1' },
      source: 'OPENQASM 3.0;\nqubit[1] q;\nnothing q[0];\n',
    };
    const action = JSON.stringify({
      braketSchemaHeader: { name: 'braket.ir.openqasm.program_set', version: '1' },
      programs: [JSON.parse(BELL), bad],
    });
    const error = await braket.send(request({ deviceArn: GARNET, shots: 100, action })).catch((found: unknown) => found);
    expect(error).toBeInstanceOf(ValidationException);
    expect(error).toMatchObject({ reason: 'ProgramSetValidationFailed', programSetValidationFailures: [{ programIndex: 1 }] });
  });

  test('lives through throttling by its own retries, without a second task', async () => {
    faults.throttleRequests = 1;
    const patient = new BraketClient({ ...cloud.client, maxAttempts: 10 });
    const pending = patient.send(request({ clientToken: 'throttled' }));
    await new Promise((resolve) => setTimeout(resolve, 200));
    delete faults.throttleRequests;
    const { quantumTaskArn, $metadata } = await pending;
    expect($metadata.attempts).toBeGreaterThan(1);
    expect((await patient.send(request({ clientToken: 'throttled' }))).quantumTaskArn).toBe(quantumTaskArn);
  });

  test('cancels', async () => {
    faults.failTasks = 0;
    const { quantumTaskArn } = await braket.send(request());
    const answer = await braket.send(new CancelQuantumTaskCommand({ quantumTaskArn })).catch((error: Error) => error);
    // The task may be over already: then the answer is a conflict, as in the cloud.
    if (answer instanceof Error) expect(answer.name).toBe('ConflictException');
    else expect(answer.quantumTaskArn).toBe(quantumTaskArn);
    expect(['CANCELLED', 'COMPLETED']).toContain((await over(quantumTaskArn!)).status);
  });

  test('pages through tasks', async () => {
    const filters = [{ name: 'deviceArn', operator: 'EQUAL' as const, values: [SV1] }];
    const seen: string[] = [];
    for await (const page of paginateSearchQuantumTasks({ client: braket, pageSize: 2 }, { filters })) {
      expect(page.quantumTasks!.length).toBeLessThanOrEqual(2);
      for (const task of page.quantumTasks!) {
        expect(task.createdAt).toBeInstanceOf(Date);
        seen.push(task.quantumTaskArn!);
      }
    }
    expect(seen.length).toBeGreaterThan(2);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('reads devices, whose ARNs travel percent-encoded', async () => {
    const device = await braket.send(new GetDeviceCommand({ deviceArn: GARNET }));
    expect(device).toMatchObject({ deviceName: 'Garnet', deviceType: 'QPU', deviceStatus: 'ONLINE' });
    expect(device.deviceQueueInfo).toContainEqual({ queue: 'QUANTUM_TASKS_QUEUE', queueSize: '0', queuePriority: 'Normal' });
    // OpenQASM is told to clients only that say which schemas they know.
    expect(JSON.parse(String(device.deviceCapabilities)).action).toEqual({});
    const informed = new BraketClient({ ...cloud.client, customUserAgent: [['BraketSchemas', '1.32.0']] });
    const { deviceCapabilities } = await informed.send(new GetDeviceCommand({ deviceArn: GARNET }));
    const capabilities = JSON.parse(String(deviceCapabilities));
    expect(capabilities.action['braket.ir.openqasm.program_set'].maximumExecutables).toBe(100);
    const found = await braket.send(new SearchDevicesCommand({ filters: [{ name: 'deviceArn', values: [SV1] }] }));
    expect(found.devices).toMatchObject([{ deviceArn: SV1, deviceType: 'SIMULATOR' }]);
  });

  test('tags, lists tags and removes them', async () => {
    const { quantumTaskArn: resourceArn } = await braket.send(request());
    await braket.send(new TagResourceCommand({ resourceArn, tags: { a: '1', b: '2' } }));
    await braket.send(new UntagResourceCommand({ resourceArn, tagKeys: ['a'] }));
    expect((await braket.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual({ b: '2' });
  });

  test('manages spending limits', async () => {
    const startAt = new Date(Date.now() - 60_000);
    const endAt = new Date(Date.now() + 3_600_000);
    const { spendingLimitArn } = await braket.send(
      new CreateSpendingLimitCommand({ deviceArn: GARNET, spendingLimit: '0.40', timePeriod: { startAt, endAt } }),
    );
    await expect(braket.send(request({ deviceArn: GARNET, shots: 100 }))).rejects.toThrow(/0\.445/);
    await braket.send(new UpdateSpendingLimitCommand({ spendingLimitArn, spendingLimit: '10' }));
    const { quantumTaskArn } = await braket.send(request({ deviceArn: GARNET, shots: 100 }));
    await over(quantumTaskArn!);
    const { spendingLimits } = await braket.send(
      new SearchSpendingLimitsCommand({ filters: [{ name: 'deviceArn', operator: 'EQUAL', values: [GARNET] }] }),
    );
    expect(spendingLimits).toMatchObject([
      { spendingLimitArn, spendingLimit: '10.00', queuedSpend: '0.00', totalSpend: '0.445' },
    ]);
    expect(spendingLimits![0]!.timePeriod!.endAt!.getTime()).toBe(endAt.getTime());
    await braket.send(new DeleteSpendingLimitCommand({ spendingLimitArn }));
    expect((await braket.send(new SearchSpendingLimitsCommand({}))).spendingLimits).toEqual([]);
  });
});
