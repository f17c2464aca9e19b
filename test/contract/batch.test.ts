import {
  BatchClient,
  CancelJobCommand,
  ClientException,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  DescribeComputeEnvironmentsCommand,
  DescribeJobDefinitionsCommand,
  DescribeJobQueuesCommand,
  DescribeJobsCommand,
  type JobDetail,
  ListTagsForResourceCommand,
  paginateListJobs,
  RegisterJobDefinitionCommand,
  SubmitJobCommand,
  TagResourceCommand,
  TerminateJobCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-batch';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestCloud, type TestCloud } from '../support/local-cloud.ts';
import { eventually } from '../support/lone-service.ts';

const BUCKET = 'job-bucket';
/** A job that talks to the local S3 with the SDK, as the jobs of a deployed cloud talk to the real one. */
const UPLOADER = `
const { S3Client, PutObjectCommand } = await import('@aws-sdk/client-s3');
const body = JSON.stringify({ id: process.env.AWS_BATCH_JOB_ID, attempt: process.env.AWS_BATCH_JOB_ATTEMPT, queue: process.env.AWS_BATCH_JQ_NAME });
await new S3Client({ forcePathStyle: true }).send(new PutObjectCommand({ Bucket: '${BUCKET}', Key: 'from-the-job', Body: body }));
`;

let cloud: TestCloud;
let batch: BatchClient;

beforeAll(async () => {
  const credentials = { accessKeyId: '', secretAccessKey: '' };
  cloud = await startTestCloud({
    batch: {
      images: { shell: {} },
      definitions: [
        { name: 'upload', entryPoint: [process.execPath, '--input-type=module', '-e', UPLOADER], cwd: process.cwd() },
      ],
      credentials,
    },
  });
  // The cloud makes its keys at its first start; the option is read for each job.
  Object.assign(credentials, cloud.client.credentials);
  await cloud.s3.call('CreateBucket', { Bucket: BUCKET });
  batch = new BatchClient({ ...cloud.client, maxAttempts: 1 });
});

afterAll(() => cloud.remove());

const look = async (jobId: string) => (await batch.send(new DescribeJobsCommand({ jobs: [jobId] }))).jobs![0]!;

async function over(jobId: string): Promise<JobDetail> {
  return eventually(async () => {
    const job = await look(jobId);
    return (job.status === 'SUCCEEDED' || job.status === 'FAILED') && job;
  });
}

async function submit(
  jobDefinition: string,
  changes: Partial<ConstructorParameters<typeof SubmitJobCommand>[0]> = {},
): Promise<string> {
  return (await batch.send(new SubmitJobCommand({ jobName: 'contract', jobQueue: 'main', jobDefinition, ...changes }))).jobId!;
}

describe('the SDK for JavaScript', () => {
  test('runs a job that writes to the local S3 with nothing but its environment', async () => {
    const job = await over(await submit('upload'));
    expect(job.status).toBe('SUCCEEDED');
    const s3 = new S3Client({ ...cloud.client, forcePathStyle: true });
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'from-the-job' }));
    expect(JSON.parse(await Body!.transformToString())).toEqual({ id: job.jobId, attempt: '1', queue: 'main' });
    await eventually(() =>
      cloud.seen.some((event) => event.resources[0] === job.jobArn && event.detail['status'] === 'SUCCEEDED'),
    );
  });

  test('registers definitions, and runs them with overrides, retries and exit codes', async () => {
    const registered = await batch.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName: 'sh',
        type: 'container',
        containerProperties: {
          image: 'shell',
          command: ['sh', '-c', 'exit Ref::code'],
          resourceRequirements: [
            { type: 'VCPU', value: '1' },
            { type: 'MEMORY', value: '256' },
          ],
        },
        retryStrategy: {
          attempts: 3,
          evaluateOnExit: [
            { onExitCode: '9', action: 'EXIT' },
            { onReason: '*', action: 'RETRY' },
          ],
        },
      }),
    );
    expect(registered).toMatchObject({
      jobDefinitionName: 'sh',
      revision: 1,
      jobDefinitionArn: expect.stringMatching(/job-definition\/sh:1$/),
    });
    const { jobDefinitions } = await batch.send(new DescribeJobDefinitionsCommand({ jobDefinitions: ['sh:1'] }));
    expect(jobDefinitions).toMatchObject([
      { status: 'ACTIVE', containerProperties: { image: 'shell' }, retryStrategy: { attempts: 3 } },
    ]);

    const failing = await over(await submit('sh', { containerOverrides: { command: ['sh', '-c', 'exit 4'] } }));
    expect(failing.attempts!.map((attempt) => attempt.container!.exitCode)).toEqual([4, 4, 4]);
    const exiting = await over(await submit('sh', { containerOverrides: { command: ['sh', '-c', 'exit 9'] } }));
    expect(exiting.attempts!.map((attempt) => attempt.container!.exitCode)).toEqual([9]);
    expect(exiting.attempts![0]!.startedAt).toBeTypeOf('number');
    const passing = await over(
      await submit('sh', {
        containerOverrides: { command: ['sh', '-c', 'test "$A" = b'], environment: [{ name: 'A', value: 'b' }] },
      }),
    );
    expect(passing).toMatchObject({ status: 'SUCCEEDED', container: { environment: [{ name: 'A', value: 'b' }] } });
  });

  test('runs an array and lists its children in pages', async () => {
    const jobId = await submit('sh', {
      arrayProperties: { size: 4 },
      containerOverrides: { command: ['sh', '-c', 'exit $AWS_BATCH_JOB_ARRAY_INDEX'] },
      retryStrategy: { attempts: 1 },
    });
    const parent = await over(jobId);
    expect(parent).toMatchObject({ status: 'FAILED', arrayProperties: { size: 4, statusSummary: { SUCCEEDED: 1, FAILED: 3 } } });
    const indexes: number[] = [];
    for await (const page of paginateListJobs({ client: batch, pageSize: 2 }, { arrayJobId: jobId, jobStatus: 'FAILED' })) {
      indexes.push(...page.jobSummaryList!.map((job) => job.arrayProperties!.index!));
    }
    expect(indexes.sort()).toEqual([1, 2, 3]);
  });

  test('terminates and cancels', async () => {
    const sleeping = await submit('sh', { containerOverrides: { command: ['sleep', '300'] } });
    await eventually(async () => (await look(sleeping)).status === 'RUNNING');
    const waiting = await submit('sh', { dependsOn: [{ jobId: sleeping }] });
    await batch.send(new CancelJobCommand({ jobId: waiting, reason: 'not needed' }));
    expect(await over(waiting)).toMatchObject({ status: 'FAILED', statusReason: 'not needed' });
    await batch.send(new TerminateJobCommand({ jobId: sleeping, reason: 'stop it' }));
    expect(await over(sleeping)).toMatchObject({ status: 'FAILED', statusReason: 'stop it' });
  });

  test('makes queues and compute environments', async () => {
    await batch.send(
      new CreateComputeEnvironmentCommand({
        computeEnvironmentName: 'ce',
        type: 'MANAGED',
        computeResources: { type: 'EC2', maxvCpus: 4, subnets: ['subnet-1'] },
      }),
    );
    await batch.send(
      new CreateJobQueueCommand({
        jobQueueName: 'second',
        priority: 5,
        computeEnvironmentOrder: [{ order: 1, computeEnvironment: 'ce' }],
      }),
    );
    const { jobQueues } = await batch.send(new DescribeJobQueuesCommand({ jobQueues: ['second'] }));
    expect(jobQueues).toMatchObject([{ jobQueueName: 'second', state: 'ENABLED', status: 'VALID', priority: 5 }]);
    const { computeEnvironments } = await batch.send(new DescribeComputeEnvironmentsCommand({ computeEnvironments: ['ce'] }));
    expect(computeEnvironments).toMatchObject([
      { computeEnvironmentName: 'ce', type: 'MANAGED', computeResources: { maxvCpus: 4 } },
    ]);
    expect((await over(await submit('sh', { jobQueue: 'second', containerOverrides: { command: ['true'] } }))).status).toBe(
      'SUCCEEDED',
    );
  });

  test('tags, and sees a refusal as ClientException', async () => {
    const jobId = await submit('sh', { containerOverrides: { command: ['true'] }, tags: { run: '1' } });
    const { jobArn } = await look(jobId);
    await batch.send(new TagResourceCommand({ resourceArn: jobArn, tags: { more: '2' } }));
    await batch.send(new UntagResourceCommand({ resourceArn: jobArn, tagKeys: ['run'] }));
    expect((await batch.send(new ListTagsForResourceCommand({ resourceArn: jobArn }))).tags).toEqual({ more: '2' });
    const error = await submit('absent').catch((found: unknown) => found);
    expect(error).toBeInstanceOf(ClientException);
    expect(error).toMatchObject({ $metadata: { httpStatusCode: 400 }, message: expect.stringContaining('absent') });
  });
});
