import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchClient, DescribeJobsCommand, type JobDetail, SubmitJobCommand } from '@aws-sdk/client-batch';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type KillableCloud, startKillableCloud } from '../support/killable-cloud.ts';
import { eventually } from '../support/lone-service.ts';

let cloud: KillableCloud;
let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'batch-kill-'));
});
afterEach(async () => {
  await cloud.remove();
  rmSync(scratch, { recursive: true, force: true });
});

const WAITING =
  'echo $$ >> "$SCRATCH/$AWS_BATCH_JOB_ARRAY_INDEX.pids"; while [ ! -e "$SCRATCH/go" ]; do sleep 0.05; done; exit 6';
const batchOptions = () => ({
  queues: ['main'],
  definitions: [{ name: 'wait', entryPoint: ['/bin/sh', '-c', WAITING, 'job'], environment: { SCRATCH: scratch } }],
});

const batch = () => new BatchClient({ ...cloud.client, maxAttempts: 1 });
const look = async (jobId: string): Promise<JobDetail> =>
  (await batch().send(new DescribeJobsCommand({ jobs: [jobId] }))).jobs![0]!;
const submit = async (size?: number) =>
  (
    await batch().send(
      new SubmitJobCommand({
        jobName: 'kill',
        jobQueue: 'main',
        jobDefinition: 'wait',
        ...(size ? { arrayProperties: { size } } : {}),
      }),
    )
  ).jobId!;
const pids = (index: number | '') =>
  readFileSync(join(scratch, `${index}.pids`), 'utf8')
    .trim()
    .split('\n');

describe('a local cloud that is killed', () => {
  test('leaves its jobs running, and takes them over at the restart', async () => {
    cloud = await startKillableCloud({ batch: batchOptions() });
    const jobId = await submit();
    await eventually(() => existsSync(join(scratch, '.pids')));
    await cloud.killAndRestart();
    expect((await look(jobId)).status).toBe('RUNNING');
    process.kill(Number(pids('')[0]), 0);
    writeFileSync(join(scratch, 'go'), '');
    const job = await eventually(async () => {
      const found = await look(jobId);
      return found.status === 'FAILED' && found;
    });
    expect(job).toMatchObject({ container: { exitCode: 6 }, attempts: [{ container: { exitCode: 6 } }] });
    expect(pids('')).toHaveLength(1);
  });

  test('brings an array to its end through several deaths, each child once', async () => {
    cloud = await startKillableCloud({ batch: { ...batchOptions(), vcpus: 2 } });
    const jobId = await submit(5);
    for (let death = 0; death < 3; death++) {
      await new Promise((resolve) => setTimeout(resolve, 20 * death));
      await cloud.killAndRestart();
    }
    writeFileSync(join(scratch, 'go'), '');
    const parent = await eventually(async () => {
      const found = await look(jobId);
      return found.status === 'FAILED' && found;
    });
    expect(parent.arrayProperties!.statusSummary).toMatchObject({ FAILED: 5, RUNNING: 0 });
    for (let index = 0; index < 5; index++) expect(pids(index)).toHaveLength(1);
  });
});
