import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BatchOptions, createBatch } from '../../local-sim/batch.ts';
import type { Service } from '../../local-sim/service.ts';
import { eventually, type LoneCloud, loneCloud } from '../support/lone-service.ts';

interface JobView {
  jobId: string;
  status: string;
  statusReason?: string;
  attempts: { container: { exitCode?: number; logStreamName: string }; statusReason: string }[];
  arrayProperties?: { size?: number; index?: number; statusSummary?: Record<string, number> };
  container: { exitCode?: number; command: string[] };
  startedAt?: number;
  stoppedAt?: number;
  isCancelled: boolean;
  isTerminated: boolean;
}

const shell = (script: string) => ({ entryPoint: ['/bin/sh', '-c', script, 'job'] });

let cloud: LoneCloud;
let scratch: string;
const running: Service[] = [];

beforeEach(() => {
  cloud = loneCloud();
  scratch = mkdtempSync(join(tmpdir(), 'batch-test-'));
});

afterEach(async () => {
  for (const batch of running.splice(0)) await batch.stop?.();
  cloud.remove();
  rmSync(scratch, { recursive: true, force: true });
});

async function startBatch(options: BatchOptions, context = cloud.context): Promise<Service> {
  const batch = createBatch(context, { queues: ['main'], killGraceMs: 500, postEvent: cloud.postEvent, ...options });
  await batch.start?.();
  running.push(batch);
  return batch;
}

async function submit(batch: Service, args: Record<string, unknown> = {}): Promise<string> {
  const { jobId } = await batch.call('SubmitJob', { jobName: 'test', jobQueue: 'main', jobDefinition: 'work', ...args });
  return jobId as string;
}

async function look(batch: Service, jobId: string): Promise<JobView> {
  const { jobs } = (await batch.call('DescribeJobs', { jobs: [jobId] })) as { jobs: JobView[] };
  return jobs[0]!;
}

async function over(batch: Service, jobId: string): Promise<JobView> {
  return eventually(async () => {
    const job = await look(batch, jobId);
    return (job.status === 'SUCCEEDED' || job.status === 'FAILED') && job;
  });
}

async function reaches(batch: Service, jobId: string, status: string): Promise<JobView> {
  return eventually(async () => {
    const job = await look(batch, jobId);
    return job.status === status && job;
  });
}

const output = (name: string) => readFileSync(join(scratch, name), 'utf8').trim();
const logs = (job: JobView, attempt: number, stream: 'stdout' | 'stderr') =>
  readFileSync(
    join(cloud.context.stateDir, 'batch', 'jobs', job.attempts[attempt]!.container.logStreamName, `${stream}.log`),
    'utf8',
  );
/** A zombie that nobody has fetched yet does not run. */
const runs = (pid: string) => {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).stdout.trim();
  return state !== '' && !state.startsWith('Z');
};
const statuses = (jobId: string) =>
  cloud.events.filter((event) => event.detail['jobId'] === jobId).map((event) => event.detail['status']);

describe('a job', () => {
  test('runs its program with arguments, environment and logs, and passes through every status', async () => {
    const batch = await startBatch({
      definitions: [
        {
          name: 'work',
          ...shell('echo "$1 $COLOUR $AWS_BATCH_JOB_ATTEMPT $AWS_ENDPOINT_URL $AWS_ACCESS_KEY_ID"; echo oops >&2'),
          command: ['Ref::word'],
          parameters: { word: 'hello' },
          environment: { COLOUR: 'red' },
        },
      ],
      credentials: { accessKeyId: 'local', secretAccessKey: 'secret' },
    });
    const jobId = await submit(batch, { containerOverrides: { environment: [{ name: 'COLOUR', value: 'blue' }] } });
    const job = await over(batch, jobId);
    expect(job).toMatchObject({ status: 'SUCCEEDED', container: { exitCode: 0 } });
    expect(logs(job, 0, 'stdout')).toBe('hello blue 1 http://127.0.0.1:1 local\n');
    expect(logs(job, 0, 'stderr')).toBe('oops\n');
    expect(job.stoppedAt).toBeGreaterThanOrEqual(job.startedAt!);
    await eventually(() => statuses(jobId).length === 6);
    expect(statuses(jobId)).toEqual(['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEEDED']);
    expect(cloud.events[0]).toMatchObject({
      source: 'aws.batch',
      detailType: 'Batch Job State Change',
      resources: [`arn:aws:batch:us-east-1:000000000000:job/${jobId}`],
    });
  });

  test('does not hand on the variables of the person who started the cloud', async () => {
    process.env['AWS_PROFILE'] = 'private';
    const batch = await startBatch({ definitions: [{ name: 'work', ...shell('env') }] });
    const job = await over(batch, await submit(batch));
    delete process.env['AWS_PROFILE'];
    expect(logs(job, 0, 'stdout')).not.toContain('private');
  });

  test('takes another command and other parameters from SubmitJob', async () => {
    const batch = await startBatch({ definitions: [{ name: 'work', entryPoint: ['/bin/echo'], command: ['default'] }] });
    const job = await over(
      batch,
      await submit(batch, { containerOverrides: { command: ['Ref::who', 'there'] }, parameters: { who: 'nobody' } }),
    );
    expect(logs(job, 0, 'stdout')).toBe('nobody there\n');
  });

  test('is tried again while attempts are left, and keeps each attempt', async () => {
    const batch = await startBatch({
      definitions: [{ name: 'work', ...shell(`echo x >> ${scratch}/tries; [ $(wc -l < ${scratch}/tries) -ge 3 ]`), attempts: 5 }],
    });
    const job = await over(batch, await submit(batch));
    expect(job.status).toBe('SUCCEEDED');
    expect(job.attempts.map((attempt) => attempt.container.exitCode)).toEqual([1, 1, 0]);
  });

  test('is not tried again when the exit code says so', async () => {
    const batch = await startBatch({ definitions: [{ name: 'work', ...shell('exit 42') }] });
    const retryStrategy = { attempts: 3, evaluateOnExit: [{ onExitCode: '4*', action: 'EXIT' }] };
    const job = await over(batch, await submit(batch, { retryStrategy }));
    expect(job).toMatchObject({ status: 'FAILED', statusReason: 'Essential container in task exited' });
    expect(job.attempts).toHaveLength(1);
  });

  test('fails with exit code 127 when its program does not exist', async () => {
    const batch = await startBatch({ definitions: [{ name: 'work', entryPoint: ['/no/such/program'] }] });
    expect(await over(batch, await submit(batch))).toMatchObject({ status: 'FAILED', container: { exitCode: 127 } });
  });

  test('fails when its working directory does not exist', async () => {
    const batch = await startBatch({ definitions: [{ name: 'work', ...shell('true'), cwd: join(scratch, 'nowhere') }] });
    expect(await over(batch, await submit(batch))).toMatchObject({ status: 'FAILED', container: { exitCode: 127 } });
  });

  test('is ended by SIGTERM at its time-out and not tried again', async () => {
    const batch = await startBatch({
      definitions: [
        {
          name: 'work',
          ...shell(`trap 'echo gentle > ${scratch}/end; exit 3' TERM; sleep 30 & wait`),
          timeoutSeconds: 0.3,
          attempts: 3,
        },
      ],
    });
    const job = await over(batch, await submit(batch));
    expect(job).toMatchObject({
      status: 'FAILED',
      statusReason: 'Job attempt duration exceeded timeout',
      container: { exitCode: 3 },
    });
    expect(job.attempts).toHaveLength(1);
    expect(output('end')).toBe('gentle');
  });

  test('is killed after the grace when it ignores SIGTERM', async () => {
    const batch = await startBatch({
      definitions: [{ name: 'work', ...shell("trap '' TERM; while :; do sleep 0.1; done"), timeoutSeconds: 0.2 }],
    });
    expect(await over(batch, await submit(batch))).toMatchObject({ status: 'FAILED', container: { exitCode: 137 } });
  });

  test('is terminated with its reason, and its whole process group with it', async () => {
    const batch = await startBatch({ definitions: [{ name: 'work', ...shell(`sleep 300 & echo $! > ${scratch}/pid; wait`) }] });
    const jobId = await submit(batch);
    await eventually(() => existsSync(join(scratch, 'pid')) && output('pid') !== '');
    await batch.call('TerminateJob', { jobId, reason: 'no longer wanted' });
    expect(await over(batch, jobId)).toMatchObject({ status: 'FAILED', statusReason: 'no longer wanted', isTerminated: true });
    await eventually(() => !runs(output('pid')));
  });

  test('is cancelled while it waits, and not while it runs', async () => {
    const batch = await startBatch({
      definitions: [{ name: 'work', ...shell(`while [ ! -e ${scratch}/go ]; do sleep 0.05; done`) }],
      vcpus: 1,
    });
    const first = await submit(batch);
    const second = await submit(batch);
    await reaches(batch, first, 'RUNNING');
    await reaches(batch, second, 'RUNNABLE');
    await batch.call('CancelJob', { jobId: first, reason: 'too late' });
    await batch.call('CancelJob', { jobId: second, reason: 'changed my mind' });
    expect(await over(batch, second)).toMatchObject({
      status: 'FAILED',
      statusReason: 'changed my mind',
      isCancelled: true,
      attempts: [],
    });
    writeFileSync(join(scratch, 'go'), '');
    expect(await over(batch, first)).toMatchObject({ status: 'SUCCEEDED', isCancelled: false });
  });
});

describe('the queue', () => {
  test('runs no more jobs at once than it has vCPUs', async () => {
    const script = `echo + >> ${scratch}/trace; sleep 0.2; echo - >> ${scratch}/trace`;
    const batch = await startBatch({ definitions: [{ name: 'work', ...shell(script) }], vcpus: 2 });
    const jobs = await Promise.all(Array.from({ length: 5 }, () => submit(batch)));
    await Promise.all(jobs.map((job) => over(batch, job)));
    let most = 0;
    let now = 0;
    for (const sign of output('trace').split('\n')) {
      now += sign === '+' ? 1 : -1;
      most = Math.max(most, now);
    }
    expect(most).toBe(2);
  });

  test('refuses a job that never fits, with the numbers', async () => {
    const batch = await startBatch({ definitions: [{ name: 'work', ...shell('true'), vcpus: 8 }], vcpus: 2 });
    expect(await over(batch, await submit(batch))).toMatchObject({
      status: 'FAILED',
      statusReason: expect.stringMatching(/8 vCPUs.*has 2/),
    });
  });

  test('starts a dependent job after the other succeeded, and fails it after the other failed', async () => {
    const batch = await startBatch({
      definitions: [
        { name: 'work', ...shell(`sleep 0.1; echo first >> ${scratch}/order`) },
        { name: 'later', ...shell(`echo second >> ${scratch}/order`) },
        { name: 'broken', ...shell('exit 1') },
      ],
    });
    const first = await submit(batch);
    const second = await submit(batch, { jobDefinition: 'later', dependsOn: [{ jobId: first }] });
    await over(batch, second);
    expect(output('order')).toBe('first\nsecond');
    const broken = await submit(batch, { jobDefinition: 'broken' });
    const never = await submit(batch, { jobDefinition: 'later', dependsOn: [{ jobId: broken }] });
    expect(await over(batch, never)).toMatchObject({ status: 'FAILED', statusReason: 'Dependent Job failed' });
  });
});

describe('an array job', () => {
  test('runs each index as a child and sums up their statuses', async () => {
    const batch = await startBatch({
      definitions: [
        {
          name: 'work',
          ...shell(`echo $AWS_BATCH_JOB_ID > ${scratch}/$AWS_BATCH_JOB_ARRAY_INDEX; [ $AWS_BATCH_JOB_ARRAY_INDEX != 1 ]`),
        },
      ],
    });
    const jobId = await submit(batch, { arrayProperties: { size: 3 } });
    const parent = await over(batch, jobId);
    expect(parent.status).toBe('FAILED');
    expect(parent.arrayProperties).toMatchObject({ size: 3, statusSummary: { SUCCEEDED: 2, FAILED: 1, RUNNING: 0 } });
    expect(['0', '1', '2'].map(output)).toEqual([0, 1, 2].map((index) => `${jobId}:${index}`));
    expect(await look(batch, `${jobId}:1`)).toMatchObject({ status: 'FAILED', arrayProperties: { index: 1 } });
    const { jobSummaryList } = (await batch.call('ListJobs', { arrayJobId: jobId, jobStatus: 'SUCCEEDED' })) as {
      jobSummaryList: JobView[];
    };
    expect(jobSummaryList.map((job) => job.jobId).sort()).toEqual([`${jobId}:0`, `${jobId}:2`]);
  });

  test('runs its children one after another when they depend on themselves', async () => {
    const batch = await startBatch({
      definitions: [{ name: 'work', ...shell(`echo $AWS_BATCH_JOB_ARRAY_INDEX >> ${scratch}/order`) }],
    });
    const jobId = await submit(batch, { arrayProperties: { size: 4 }, dependsOn: [{ type: 'SEQUENTIAL' }] });
    expect((await over(batch, jobId)).status).toBe('SUCCEEDED');
    expect(output('order')).toBe('0\n1\n2\n3');
  });

  test('ends all its children when it is terminated', async () => {
    const batch = await startBatch({ definitions: [{ name: 'work', ...shell('sleep 300') }], vcpus: 1 });
    const jobId = await submit(batch, { arrayProperties: { size: 3 } });
    await reaches(batch, `${jobId}:0`, 'RUNNING');
    await batch.call('TerminateJob', { jobId, reason: 'enough' });
    expect(await over(batch, jobId)).toMatchObject({
      status: 'FAILED',
      statusReason: 'enough',
      arrayProperties: { statusSummary: { FAILED: 3 } },
    });
  });
});

describe('a restart', () => {
  const waits = {
    name: 'work',
    ...shell(`echo $$ >> ${'${SCRATCH}'}/pids; while [ ! -e $SCRATCH/go ]; do sleep 0.05; done; exit 7`),
  };
  const definition = () => ({ ...waits, environment: { SCRATCH: scratch } });

  test('takes over a process that still runs, and learns its exit code', async () => {
    const before = await startBatch({ definitions: [definition()], onStop: 'leave' });
    const jobId = await submit(before);
    await eventually(() => existsSync(join(scratch, 'pids')));
    await before.stop?.();
    running.length = 0;

    const after = await startBatch({ definitions: [definition()] }, cloud.restarted());
    expect((await look(after, jobId)).status).toBe('RUNNING');
    writeFileSync(join(scratch, 'go'), '');
    expect(await over(after, jobId)).toMatchObject({ status: 'FAILED', container: { exitCode: 7 } });
    expect(output('pids').split('\n')).toHaveLength(1);
    await eventually(() => statuses(jobId).length === 6);
  });

  test('learns the exit code of a process that ended meanwhile', async () => {
    const before = await startBatch({ definitions: [definition()], onStop: 'leave' });
    const jobId = await submit(before);
    await eventually(() => existsSync(join(scratch, 'pids')));
    await before.stop?.();
    running.length = 0;
    writeFileSync(join(scratch, 'go'), '');
    const { open } = readOpen(jobId);
    await eventually(() => existsSync(join(open, 'exit')));

    const after = await startBatch({ definitions: [definition()] }, cloud.restarted());
    expect(await over(after, jobId)).toMatchObject({ status: 'FAILED', container: { exitCode: 7 } });
    expect(output('pids').split('\n')).toHaveLength(1);
  });

  test('runs an attempt again, uncounted, when its process was killed with the cloud', async () => {
    const before = await startBatch({ definitions: [definition()], onStop: 'leave' });
    const jobId = await submit(before);
    await eventually(() => existsSync(join(scratch, 'pids')));
    await before.stop?.();
    running.length = 0;
    const pid = readFileSync(join(readOpen(jobId).open, 'claim', 'identity'), 'utf8').split('\n')[0]!;
    process.kill(-Number(pid), 'SIGKILL');
    await eventually(() => !runs(pid));

    const after = await startBatch({ definitions: [definition()] }, cloud.restarted());
    writeFileSync(join(scratch, 'go'), '');
    const job = await over(after, jobId);
    expect(job.attempts).toHaveLength(1);
    expect(output('pids').split('\n')).toHaveLength(2);
  });

  test('does not take another process with the same id for its own', async () => {
    const before = await startBatch({ definitions: [definition()], onStop: 'leave' });
    const jobId = await submit(before);
    await eventually(() => existsSync(join(scratch, 'pids')));
    await before.stop?.();
    running.length = 0;
    const identity = join(readOpen(jobId).open, 'claim', 'identity');
    const [pid, ...rest] = readFileSync(identity, 'utf8').split('\n');
    process.kill(-Number(pid), 'SIGKILL');
    // This test's own process stands in for a stranger who got the id.
    writeFileSync(identity, [process.pid, ...rest].join('\n'));

    const after = await startBatch({ definitions: [definition()] }, cloud.restarted());
    writeFileSync(join(scratch, 'go'), '');
    await over(after, jobId);
    expect(output('pids').split('\n')).toHaveLength(2);
  });

  test('ends a process that talks to an endpoint of the past, and runs it again', async () => {
    const before = await startBatch({ definitions: [definition()], onStop: 'leave' });
    const jobId = await submit(before);
    await eventually(() => existsSync(join(scratch, 'pids')));
    await before.stop?.();
    running.length = 0;

    const moved = { ...cloud.restarted(), endpoint: () => 'http://127.0.0.1:2' };
    const after = await startBatch({ definitions: [definition()] }, moved);
    await eventually(() => output('pids').split('\n').length === 2);
    writeFileSync(join(scratch, 'go'), '');
    expect((await over(after, jobId)).attempts).toHaveLength(1);
  });

  test('finds no process left after a graceful stop that terminates, and runs the job to its end', async () => {
    const before = await startBatch({ definitions: [definition()], onStop: 'terminate' });
    const jobId = await submit(before);
    await eventually(() => existsSync(join(scratch, 'pids')));
    await before.stop?.();
    running.length = 0;
    await eventually(() => !runs(output('pids')));

    const after = await startBatch({ definitions: [definition()] }, cloud.restarted());
    writeFileSync(join(scratch, 'go'), '');
    expect((await over(after, jobId)).attempts).toHaveLength(1);
  });

  test('sends the events that were not delivered', async () => {
    const refusing = await startBatch({
      definitions: [{ name: 'work', ...shell('true') }],
      postEvent: () => Promise.reject(new Error('bus is down')),
    });
    const jobId = await submit(refusing);
    await over(refusing, jobId);
    await refusing.stop?.();
    running.length = 0;
    await startBatch({ definitions: [{ name: 'work', ...shell('true') }] }, cloud.restarted());
    await eventually(() => statuses(jobId).length === 6);
    expect(statuses(jobId)).toEqual(['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEEDED']);
  });

  /** Folder of the open attempt, from the journal. */
  function readOpen(jobId: string): { open: string } {
    const journal = readFileSync(join(cloud.context.stateDir, 'batch', 'journal.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const opened = journal
      .map((line) => JSON.parse(line))
      .findLast((line) => line.record === 'attempt-opened' && line.id === jobId);
    return { open: opened.attempt.dir };
  }
});

describe('requests', () => {
  test('are refused with ClientException when a name, queue, definition or image is wrong', async () => {
    const batch = await startBatch({ definitions: [{ name: 'work', ...shell('true') }] });
    const refusal = { code: 'ClientException', status: 400 };
    await expect(submit(batch, { jobName: '-bad' })).rejects.toMatchObject(refusal);
    await expect(submit(batch, { jobQueue: 'nowhere' })).rejects.toMatchObject({
      ...refusal,
      message: expect.stringContaining('nowhere'),
    });
    await expect(submit(batch, { jobDefinition: 'nothing' })).rejects.toMatchObject(refusal);
    await expect(submit(batch, { timeout: { attemptDurationSeconds: 5 } })).rejects.toMatchObject({
      message: expect.stringContaining('60'),
    });
    await expect(submit(batch, { arrayProperties: { size: 1 } })).rejects.toMatchObject(refusal);
    await expect(
      submit(batch, { containerOverrides: { environment: [{ name: 'AWS_BATCH_JOB_ID', value: 'x' }] } }),
    ).rejects.toMatchObject(refusal);
    await expect(
      submit(batch, { containerOverrides: { resourceRequirements: [{ type: 'GPU', value: '1' }] } }),
    ).rejects.toMatchObject(refusal);
    await expect(
      batch.call('RegisterJobDefinition', {
        jobDefinitionName: 'x',
        type: 'container',
        containerProperties: { image: 'busybox' },
      }),
    ).rejects.toMatchObject({
      ...refusal,
      message: expect.stringContaining('local/work'),
    });
  });

  test('keep revisions of a definition, and start-up adds one only when it changed', async () => {
    const batch = await startBatch({
      definitions: [{ name: 'work', ...shell('true'), timeoutSeconds: 100 }],
      images: { tool: shell('exit 5') },
    });
    const registered = await batch.call('RegisterJobDefinition', {
      jobDefinitionName: 'work',
      type: 'container',
      containerProperties: { image: 'tool' },
    });
    expect(registered).toMatchObject({
      revision: 2,
      jobDefinitionArn: 'arn:aws:batch:us-east-1:000000000000:job-definition/work:2',
    });
    expect(await over(batch, await submit(batch))).toMatchObject({ container: { exitCode: 5 } });
    expect(await over(batch, await submit(batch, { jobDefinition: 'work:1' }))).toMatchObject({ status: 'SUCCEEDED' });
    await batch.call('DeregisterJobDefinition', { jobDefinition: 'work:2' });
    await batch.stop?.();
    running.length = 0;
    const after = await startBatch({ definitions: [{ name: 'work', ...shell('true'), timeoutSeconds: 100 }] }, cloud.restarted());
    const { jobDefinitions } = (await after.call('DescribeJobDefinitions', { jobDefinitionName: 'work', status: 'ACTIVE' })) as {
      jobDefinitions: { revision: number }[];
    };
    expect(jobDefinitions.map((definition) => definition.revision)).toEqual([1]);
  });

  test('page through lists', async () => {
    const batch = await startBatch({ definitions: [{ name: 'work', ...shell('true') }] });
    const jobs = [await submit(batch), await submit(batch), await submit(batch)];
    await Promise.all(jobs.map((job) => over(batch, job)));
    const seen: string[] = [];
    for (let nextToken: unknown; ; ) {
      const page = await batch.call('ListJobs', { jobQueue: 'main', jobStatus: 'SUCCEEDED', maxResults: 2, nextToken });
      seen.push(...(page['jobSummaryList'] as JobView[]).map((job) => job.jobId));
      nextToken = page['nextToken'];
      if (nextToken === undefined) break;
    }
    expect(seen.sort()).toEqual(jobs.sort());
  });
});

test('leaves no process of these tests behind', () => {
  const listing = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  expect(listing.split('\n').filter((line) => line.includes('batch-attempt') && line.includes('lone-service-'))).toEqual([]);
});
