/** Hybrid jobs through the SDK for JavaScript: scripts that really run, with what the service's container would give them. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  BraketClient,
  CancelJobCommand,
  ConflictException,
  CreateJobCommand,
  type CreateJobCommandInput,
  CreateQuantumTaskCommand,
  DeviceRetiredException,
  GetDeviceCommand,
  GetJobCommand,
  type GetJobCommandOutput,
  GetQuantumTaskCommand,
  ListTagsForResourceCommand,
  ResourceNotFoundException,
  SearchJobsCommand,
  SearchQuantumTasksCommand,
  ServiceQuotaExceededException,
  TagResourceCommand,
  UntagResourceCommand,
  ValidationException,
} from '@aws-sdk/client-braket';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pack, unpack } from '../../local-sim/tar.ts';
import { type KillableCloud, startKillableCloud } from '../support/killable-cloud.ts';
import { PYTHON, startTestCloud, type TestCloud } from '../support/local-cloud.ts';
import { BELL, GARNET, SV1 } from '../support/lone-braket.ts';
import { eventually } from '../support/lone-service.ts';

const BUCKET = 'amazon-braket-jobs';
const BASE_IMAGE = '292282985366.dkr.ecr.us-east-1.amazonaws.com/amazon-braket-base-jobs:latest';
const OWN_IMAGE = '123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1';
const WAIT = `
import os, pathlib, time
def wait():
    scratch = pathlib.Path(os.environ["AMZN_BRAKET_INPUT_DIR"], "scratch", "path").read_text()
    with open(scratch + "/pids", "a") as file: file.write(f"{os.getpid()} {os.getpgrp()} {os.environ['AMZN_BRAKET_JOB_TOKEN']}\\n")
    checkpoints = pathlib.Path(os.environ["AMZN_BRAKET_CHECKPOINT_DIR"])
    step = len(list(checkpoints.iterdir()))
    (checkpoints / f"step-{step}").write_text("x")
    while not os.path.exists(scratch + "/go"): time.sleep(0.02)
    pathlib.Path(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"], "steps").write_text(str(step))
`;
const ALGORITHM = {
  'algorithm/__init__.py': '',
  'algorithm/main.py': `
import json, os, pathlib, sys
import boto3
def train(layers: int, rate: float, name):
    results = pathlib.Path(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"])
    checkpoints = pathlib.Path(os.environ["AMZN_BRAKET_CHECKPOINT_DIR"])
    found = {
        "arguments": [layers, rate, name],
        "hyperparameters": json.load(open(os.environ["AMZN_BRAKET_HP_FILE"])),
        "input": pathlib.Path(os.environ["AMZN_BRAKET_INPUT_DIR"], "graph", "nodes", "a.txt").read_text(),
        "checkpoint": (checkpoints / "deep" / "before").read_text(),
        "cwd": os.getcwd() in sys.path,
        "environment": {k: v for k, v in os.environ.items() if k.startswith("AMZN_BRAKET_")},
        "aws": [os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_REGION"]],
    }
    print("training", layers, "layers")
    (checkpoints / "after").write_text("2")
    task = boto3.client("braket").create_quantum_task(
        deviceArn=os.environ["AMZN_BRAKET_DEVICE_ARN"], shots=10, action=${JSON.stringify(BELL)},
        outputS3Bucket=os.environ["AMZN_BRAKET_OUT_S3_BUCKET"], outputS3KeyPrefix="jobs/tasks",
        jobToken=os.environ["AMZN_BRAKET_JOB_TOKEN"])
    found["task"] = task["quantumTaskArn"]
    (results / "results.json").write_text(json.dumps(found))
`,
  'broken.py': 'def fail():\n    print("about to fail")\n    raise ValueError("no gradient")\n',
  'leaves.py': 'import sys\nsys.exit(3)\n',
  'fine.py': 'print("fine")\n',
  'wait.py': WAIT,
};

let cloud: TestCloud;
let braket: BraketClient;
let s3: S3Client;
let scratch: string;

const put = (client: S3Client, Key: string, Body: string | Buffer) =>
  client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));

async function archiveOf(files: Record<string, string>): Promise<Buffer> {
  const dir = mkdtempSync(join(scratch, 'source-'));
  for (const [name, body] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), body);
  }
  await pack(dir, `${dir}.tar.gz`);
  return readFileSync(`${dir}.tar.gz`);
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'braket-jobs-'));
  cloud = await startTestCloud({
    braket: {
      jobs: {
        python: PYTHON,
        runners: { [OWN_IMAGE]: { entryPoint: ['/bin/sh', '-c', 'echo own > "$AMZN_BRAKET_JOB_RESULTS_DIR/own"'] } },
      },
    },
  });
  await cloud.s3.call('CreateBucket', { Bucket: BUCKET });
  braket = new BraketClient({ ...cloud.client, maxAttempts: 1 });
  s3 = new S3Client({ ...cloud.client, forcePathStyle: true });
  await put(s3, 'source.tar.gz', await archiveOf(ALGORITHM));
  await put(s3, 'data/nodes/a.txt', 'edges');
  await put(s3, 'scratch/path', scratch);
});
afterAll(async () => {
  await cloud.remove();
  rmSync(scratch, { recursive: true, force: true });
});

const TASK = { deviceArn: SV1, shots: 10, outputS3Bucket: BUCKET, outputS3KeyPrefix: 'tasks', action: BELL };
const WAITING = {
  algorithmSpecification: { scriptModeConfig: script('wait:wait') },
  inputDataConfig: [{ channelName: 'scratch', dataSource: { s3DataSource: { s3Uri: `s3://${BUCKET}/scratch/` } } }],
};

function script(entryPoint: string, s3Uri = `s3://${BUCKET}/source.tar.gz`) {
  return { entryPoint, s3Uri, compressionType: 'GZIP' as const };
}

let jobs = 0;
function jobInput(entryPoint: string, changes: Partial<CreateJobCommandInput> = {}): CreateJobCommandInput {
  const jobName = `job-${++jobs}`;
  return {
    jobName,
    clientToken: jobName,
    roleArn: 'arn:aws:iam::000000000000:role/AmazonBraketJobsExecutionRole',
    deviceConfig: { device: SV1 },
    algorithmSpecification: { scriptModeConfig: script(entryPoint), containerImage: { uri: BASE_IMAGE } },
    instanceConfig: { instanceType: 'ml.m5.large', volumeSizeInGb: 30 },
    outputDataConfig: { s3Path: `s3://${BUCKET}/out/${jobName}` },
    checkpointConfig: { s3Uri: `s3://${BUCKET}/checkpoints/${jobName}`, localPath: '/opt/jobs/checkpoints' },
    ...changes,
  };
}
const create = async (entryPoint: string, changes: Partial<CreateJobCommandInput> = {}, client = braket) =>
  (await client.send(new CreateJobCommand(jobInput(entryPoint, changes)))).jobArn!;
const look = (jobArn: string, client = braket) =>
  client.send(new GetJobCommand({ jobArn, additionalAttributeNames: ['QueueInfo'] }));
const until = (jobArn: string, ...statuses: string[]): Promise<GetJobCommandOutput> =>
  eventually(async () => {
    const job = await look(jobArn);
    return statuses.includes(job.status!) && job;
  });
const over = (jobArn: string) => until(jobArn, 'COMPLETED', 'FAILED', 'CANCELLED');
const cancel = (jobArn: string) => braket.send(new CancelJobCommand({ jobArn }));
const refusal = (changes: Partial<CreateJobCommandInput>) => create('fine', changes).catch((error: unknown) => error);
const textOf = async (Key: string, client = s3) =>
  (await client.send(new GetObjectCommand({ Bucket: BUCKET, Key }))).Body!.transformToString();
/** The waiting scripts that have started, oldest first. */
const started = (): { pid: number; group: number; token: string }[] => {
  const path = join(scratch, 'pids');
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return lines
    .map((line) => line.split(' '))
    .map(([pid, group, token]) => ({ pid: Number(pid), group: Number(group), token: token! }));
};
/** A file of the results, as `AwsQuantumJob.result()` would unpack them. */
async function result(job: GetJobCommandOutput, name: string): Promise<string> {
  const Key = `${job.outputDataConfig!.s3Path!.slice(`s3://${BUCKET}/`.length)}/output/model.tar.gz`;
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
  const dir = mkdtempSync(join(scratch, 'result-'));
  writeFileSync(`${dir}.tar.gz`, await Body!.transformToByteArray());
  await unpack(`${dir}.tar.gz`, dir, { bytes: 1e6, entries: 10 });
  return readFileSync(join(dir, name), 'utf8');
}

describe('a hybrid job', () => {
  test('runs its script with parameters, data, checkpoints and tasks of its own, and leaves its results', async () => {
    await put(s3, 'checkpoints/qaoa/deep/before', '1');
    const hyperParameters = { layers: '3', rate: '0.5', name: 'qaoa' };
    const jobArn = await create('algorithm.main:train', {
      jobName: 'qaoa',
      hyperParameters,
      inputDataConfig: [{ channelName: 'graph', dataSource: { s3DataSource: { s3Uri: `s3://${BUCKET}/data` } } }],
      outputDataConfig: { s3Path: `s3://${BUCKET}/out/qaoa` },
      checkpointConfig: { s3Uri: `s3://${BUCKET}/checkpoints/qaoa` },
      stoppingCondition: { maxRuntimeInSeconds: 100 },
      tags: { team: 'a' },
    });
    expect(jobArn).toMatch(/^arn:aws:braket:us-east-1:000000000000:job\/[0-9a-f-]{36}$/);
    const job = await over(jobArn);
    expect(job).toMatchObject({
      status: 'COMPLETED',
      jobName: 'qaoa',
      hyperParameters,
      roleArn: expect.stringContaining('role/'),
      algorithmSpecification: { containerImage: { uri: BASE_IMAGE }, scriptModeConfig: { entryPoint: 'algorithm.main:train' } },
      instanceConfig: { instanceType: 'ml.m5.large', instanceCount: 1, volumeSizeInGb: 30 },
      stoppingCondition: { maxRuntimeInSeconds: 100 },
      deviceConfig: { device: SV1 },
      tags: { team: 'a' },
      queueInfo: { queue: 'JOBS_QUEUE', position: 'None', message: expect.stringContaining('COMPLETED') },
    });
    expect(job.billableDuration).toBe(job.endedAt!.getTime() - job.startedAt!.getTime());
    expect(job.events!.map(({ eventType }) => eventType)).toEqual([
      'QUEUED_FOR_EXECUTION',
      'STARTING_INSTANCE',
      'DOWNLOADING_DATA',
      'RUNNING',
      'UPLOADING_RESULTS',
      'COMPLETED',
    ]);

    const found = JSON.parse(await result(job, 'results.json'));
    expect(found).toMatchObject({
      arguments: [3, 0.5, 'qaoa'],
      hyperparameters: hyperParameters,
      input: 'edges',
      checkpoint: '1',
      cwd: true,
      aws: [cloud.endpoint, 'us-east-1'],
      environment: {
        AMZN_BRAKET_JOB_NAME: 'qaoa',
        AMZN_BRAKET_DEVICE_ARN: SV1,
        AMZN_BRAKET_OUT_S3_BUCKET: BUCKET,
        AMZN_BRAKET_TASK_RESULTS_S3_URI: `s3://${BUCKET}/jobs/qaoa/tasks`,
        AMZN_BRAKET_JOB_RESULTS_S3_PATH: 'out/qaoa/output',
        AMZN_BRAKET_SCRIPT_S3_URI: `s3://${BUCKET}/source.tar.gz`,
        AMZN_BRAKET_SCRIPT_ENTRY_POINT: 'algorithm.main:train',
        AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE: 'GZIP',
        AMZN_BRAKET_IMAGE_URI: BASE_IMAGE,
      },
    });
    expect(await textOf('checkpoints/qaoa/after')).toBe('2');

    // The task that it made is known as its own.
    expect((await braket.send(new GetQuantumTaskCommand({ quantumTaskArn: found.task }))).jobArn).toBe(jobArn);
    const filters = [{ name: 'jobArn', operator: 'EQUAL' as const, values: [jobArn] }];
    const { quantumTasks } = await braket.send(new SearchQuantumTasksCommand({ filters }));
    expect(quantumTasks!.map(({ quantumTaskArn }) => quantumTaskArn)).toEqual([found.task]);
    // With the job its token is over.
    const late = new CreateQuantumTaskCommand({ ...TASK, jobToken: found.environment.AMZN_BRAKET_JOB_TOKEN });
    await expect(braket.send(late)).rejects.toBeInstanceOf(ValidationException);

    const log = readFileSync(job.events![3]!.message!.replace('Log: ', ''), 'utf8');
    expect(log).toBe('training 3 layers\n');
    expect(log).not.toContain(found.environment.AMZN_BRAKET_JOB_TOKEN);
    const changes = await eventually(() => {
      const seen = cloud.seen.filter(({ resources }) => resources[0] === jobArn);
      return seen.length === 3 && seen;
    });
    expect(changes.map(({ detailType, detail }) => [detailType, detail['status'], detail['eventName']])).toEqual([
      ['Braket Job State Change', 'QUEUED', 'INSERT'],
      ['Braket Job State Change', 'RUNNING', 'MODIFY'],
      ['Braket Job State Change', 'COMPLETED', 'MODIFY'],
    ]);
  });

  test('fails with what its script died of, and says where the log is', async () => {
    await put(s3, 'text.tar.gz', 'no archive');
    const sourced = (name: string) => ({
      algorithmSpecification: { scriptModeConfig: script('fine', `s3://${BUCKET}/${name}`) },
    });
    const [broken, left, gone] = await Promise.all(
      [await create('broken:fail'), await create('leaves'), await create('fine', sourced('none.tar.gz'))].map(over),
    );
    expect(broken).toMatchObject({
      status: 'FAILED',
      failureReason: expect.stringMatching(/^AlgorithmError: ValueError: no gradient, exit code: 1 \(log: /),
    });
    const log = /log: (.*)\)$/.exec(broken!.failureReason!)![1]!;
    expect(readFileSync(log, 'utf8')).toMatch(/about to fail\n[\s\S]*ValueError: no gradient/);
    expect(left!.failureReason).toContain('exit code: 3');
    expect(gone!.failureReason).toBe(
      `Unable to download code from s3://${BUCKET}/none.tar.gz: The specified key does not exist.`,
    );
    expect(gone!.startedAt).toBeUndefined();
    const text = await over(await create('fine', sourced('text.tar.gz')));
    expect(text.failureReason).toMatch(
      /^The source archive s3:\/\/amazon-braket-jobs\/text\.tar\.gz was refused: not a gzip archive/,
    );
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: `out/${broken!.jobName}/` }));
    expect(Contents).toBeUndefined();
    await expect(cancel(broken!.jobArn!)).rejects.toBeInstanceOf(ConflictException);
  });

  test('ends when it is cancelled or its time is up, and what it had stored stays', async () => {
    const jobArn = await create('', WAITING);
    await eventually(() => started().length === 1);
    const late = await create('', { ...WAITING, stoppingCondition: { maxRuntimeInSeconds: 1 } });
    expect((await over(late)).failureReason).toMatch(/^The job ran longer than its 1 seconds and was stopped\./);
    expect((await look(late)).events!.at(-1)!.eventType).toBe('MAX_RUNTIME_EXCEEDED');
    expect(await cancel(jobArn)).toMatchObject({ jobArn, cancellationStatus: 'CANCELLING' });
    const job = await over(jobArn);
    expect(job.status).toBe('CANCELLED');
    expect(job.failureReason).toBeUndefined();
    expect(await textOf(`checkpoints/${job.jobName}/step-0`)).toBe('x');
    expect(await cancel(jobArn)).toMatchObject({ cancellationStatus: 'CANCELLED' });
    for (const { pid } of started()) expect(() => process.kill(pid, 0)).toThrow();
    rmSync(join(scratch, 'pids'));
  });

  test('of an image of one’s own runs the program named for it', async () => {
    const job = await over(await create('', { algorithmSpecification: { containerImage: { uri: OWN_IMAGE } } }));
    expect(job.status).toBe('COMPLETED');
    expect(await result(job, 'own')).toBe('own\n');
  });
});

describe('CreateJob', () => {
  test('refuses what the service refuses, and what cannot run here', async () => {
    const invalid: Partial<CreateJobCommandInput>[] = [
      { jobName: '-x' },
      { roleArn: 'nobody' },
      { deviceConfig: { device: `${SV1}2` } },
      { outputDataConfig: { s3Path: 's3://amazon-braket-none/x' } },
      { outputDataConfig: { s3Path: '/tmp/x' } },
      { instanceConfig: { instanceType: 'ml.z9.large' as 'ml.m5.large', volumeSizeInGb: 1 } },
      { stoppingCondition: { maxRuntimeInSeconds: 432_001 } },
      { inputDataConfig: [{ channelName: '..', dataSource: { s3DataSource: { s3Uri: `s3://${BUCKET}/data` } } }] },
      { algorithmSpecification: { containerImage: { uri: BASE_IMAGE } } },
      { algorithmSpecification: { scriptModeConfig: script('') } },
      {
        algorithmSpecification: {
          scriptModeConfig: script('fine'),
          containerImage: { uri: OWN_IMAGE.replace('mine', 'theirs') },
        },
      },
    ];
    for (const changes of invalid) expect(await refusal(changes), JSON.stringify(changes)).toBeInstanceOf(ValidationException);
    expect(await refusal(invalid.at(-1)!)).toMatchObject({ message: expect.stringContaining('no containers') });
    const aria = 'arn:aws:braket:us-east-1::device/qpu/ionq/Aria-1';
    expect(await refusal({ deviceConfig: { device: aria } })).toBeInstanceOf(DeviceRetiredException);
    const two = { instanceType: 'ml.m5.large' as const, volumeSizeInGb: 1, instanceCount: 2 };
    expect(await refusal({ instanceConfig: two })).toBeInstanceOf(ServiceQuotaExceededException);
    const unknown = { jobArn: 'arn:aws:braket:us-east-1:000000000000:job/none' };
    await expect(braket.send(new GetJobCommand(unknown))).rejects.toBeInstanceOf(ResourceNotFoundException);
    await expect(braket.send(new CancelJobCommand(unknown))).rejects.toBeInstanceOf(ResourceNotFoundException);
  });

  test('gives the same job for the same token, and holds the quotas of open jobs', async () => {
    const input = jobInput('', { ...WAITING, deviceConfig: { device: GARNET } });
    const send = async (changes = {}) => (await braket.send(new CreateJobCommand({ ...input, ...changes }))).jobArn!;
    const [first, again] = await Promise.all([send(), send()]);
    expect(again).toBe(first);
    await expect(send({ jobName: 'other' })).rejects.toBeInstanceOf(ConflictException);
    await until(first!, 'RUNNING');

    // One job at a time on a QPU; the others wait in its queue.
    const second = await create('fine', { deviceConfig: { device: GARNET } });
    const third = await create('fine', { deviceConfig: { device: GARNET } });
    expect((await look(third)).queueInfo).toEqual({ queue: 'JOBS_QUEUE', position: '2' });
    const { deviceQueueInfo } = await braket.send(new GetDeviceCommand({ deviceArn: GARNET }));
    expect(deviceQueueInfo!.find(({ queue }) => queue === 'JOBS_QUEUE')!.queueSize).toBe('2');
    await eventually(() => started().length === 1);
    for (const [deviceArn, queuePriority] of [
      [GARNET, 'Priority'],
      [SV1, 'Normal'],
    ] as const) {
      const { quantumTaskArn } = await braket.send(
        new CreateQuantumTaskCommand({ ...TASK, deviceArn, jobToken: started()[0]!.token }),
      );
      const wanted = { quantumTaskArn, additionalAttributeNames: ['QueueInfo' as const] };
      const { queueInfo } = await braket.send(new GetQuantumTaskCommand(wanted));
      expect(queueInfo).toMatchObject({ queue: 'QUANTUM_TASKS_QUEUE', queuePriority });
    }
    expect(await refusal({})).toMatchObject({ name: 'ServiceQuotaExceededException', $metadata: { httpStatusCode: 402 } });
    expect(await cancel(second)).toMatchObject({ cancellationStatus: 'CANCELLING' });
    expect((await over(second)).startedAt).toBeUndefined();
    writeFileSync(join(scratch, 'go'), '');
    expect((await over(first!)).status).toBe('COMPLETED');
    expect((await over(third)).events![0]!.eventType).toBe('WAITING_FOR_PRIORITY');
    for (const name of ['go', 'pids']) rmSync(join(scratch, name));
  });
});

describe('hybrid jobs', () => {
  test('are found by ARN and time, in pages, and carry tags', async () => {
    const jobArn = await create('fine', { deviceConfig: { device: 'local:braket/braket_sv' } });
    expect((await over(jobArn)).status).toBe('COMPLETED');
    const search = async (name: string, operator: 'CONTAINS' | 'EQUAL' | 'GT', value: string) =>
      (await braket.send(new SearchJobsCommand({ filters: [{ name, operator, values: [value] }] }))).jobs!;
    expect(await search('jobArn', 'EQUAL', jobArn)).toMatchObject([
      { jobArn, status: 'COMPLETED', device: 'local:braket/braket_sv' },
    ]);
    expect(await search('jobArn', 'CONTAINS', jobArn.slice(-12))).toHaveLength(1);
    expect(await search('createdAt', 'GT', '2100-01-01T00:00:00Z')).toEqual([]);
    await expect(search('jobArn', 'GT', 'x')).rejects.toBeInstanceOf(ValidationException);
    const page = await braket.send(new SearchJobsCommand({ filters: [], maxResults: 2 }));
    const rest = await braket.send(new SearchJobsCommand({ filters: [], nextToken: page.nextToken }));
    expect(page.jobs![0]!.jobArn).toBe(jobArn);
    expect(new Set([...page.jobs!, ...rest.jobs!].map((job) => job.jobArn)).size).toBe(2 + rest.jobs!.length);

    await braket.send(new TagResourceCommand({ resourceArn: jobArn, tags: { a: '1', b: '2' } }));
    await braket.send(new UntagResourceCommand({ resourceArn: jobArn, tagKeys: ['a'] }));
    expect((await braket.send(new ListTagsForResourceCommand({ resourceArn: jobArn }))).tags).toEqual({ b: '2' });
    expect((await look(jobArn)).tags).toEqual({ b: '2' });
  });

  test('say so when no Python can run them', async () => {
    const lone = await startTestCloud({ braket: { jobs: { python: 'python-that-is-not-there' } } });
    await lone.s3.call('CreateBucket', { Bucket: BUCKET });
    await lone.s3.call('PutObject', { Bucket: BUCKET, Key: 'source.tar.gz', Body: await archiveOf({ 'fine.py': '' }) });
    const client = new BraketClient({ ...lone.client, maxAttempts: 1 });
    const jobArn = await create('fine', {}, client);
    const job = await eventually(async () => {
      const found = await look(jobArn, client);
      return found.status === 'FAILED' && found;
    });
    expect(job.failureReason).toMatch(/^No usable Python runs hybrid jobs here: python-that-is-not-there/);
    await lone.remove();
  });
});

describe('a cloud that stops', () => {
  test('ends its scripts, and the next one runs them again', async () => {
    const stateDir = mkdtempSync(join(scratch, 'state-'));
    const start = () => startTestCloud({ stateDir, braket: { jobs: { python: PYTHON } } });
    let lone = await start();
    await lone.s3.call('CreateBucket', { Bucket: BUCKET });
    await lone.s3.call('PutObject', { Bucket: BUCKET, Key: 'source.tar.gz', Body: await archiveOf({ 'wait.py': WAIT }) });
    await lone.s3.call('PutObject', { Bucket: BUCKET, Key: 'scratch/path', Body: scratch });
    const jobArn = await create('', WAITING, new BraketClient(lone.client));
    await eventually(() => started().length === 1);
    await lone.stop();
    expect(() => process.kill(started()[0]!.pid, 0)).toThrow();
    lone = await start();
    await eventually(() => started().length === 2);
    writeFileSync(join(scratch, 'go'), '');
    const client = new BraketClient(lone.client);
    await eventually(async () => (await look(jobArn, client)).status === 'COMPLETED');
    expect(readdirSync(join(stateDir, 'braket', 'jobs'))).toEqual([]);
    await lone.stop();
    for (const name of ['go', 'pids']) rmSync(join(scratch, name));
  });
});

describe('a cloud that is killed', () => {
  let killed: KillableCloud;
  const client = () => new BraketClient({ ...killed.client, maxAttempts: 1 });

  test('takes over the scripts that live, and runs those that died again from their checkpoints', async () => {
    killed = await startKillableCloud({ buckets: [BUCKET], braket: { jobs: { python: PYTHON } } });
    const store = new S3Client({ ...killed.client, forcePathStyle: true });
    await put(store, 'source.tar.gz', await archiveOf({ 'wait.py': WAIT }));
    await put(store, 'scratch/path', scratch);
    const input = jobInput('', WAITING);
    const { jobArn } = await client().send(new CreateJobCommand(input));
    await eventually(() => started().length === 1);
    await killed.killAndRestart();
    expect((await look(jobArn!, client())).status).toBe('RUNNING');
    process.kill(started()[0]!.pid, 0);

    // A death of both: the wrapper leads the group that the script is in.
    await killed.killAndRestart({}, () => process.kill(-started()[0]!.group, 'SIGKILL'));
    await eventually(() => started().length === 2);
    writeFileSync(join(scratch, 'go'), '');
    const job = await eventually(async () => {
      const found = await look(jobArn!, client());
      return found.status === 'COMPLETED' && found;
    });
    expect(job.events!.filter(({ eventType }) => eventType === 'RUNNING')).toHaveLength(2);
    expect(await textOf(`checkpoints/${input.jobName}/step-1`, store)).toBe('x');
    expect((await client().send(new CreateJobCommand(input))).jobArn).toBe(jobArn);
    await killed.remove();
  });
});
