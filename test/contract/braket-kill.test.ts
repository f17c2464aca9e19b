import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BraketClient, CreateQuantumTaskCommand, GetQuantumTaskCommand } from '@aws-sdk/client-braket';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, test } from 'vitest';
import { type KillableCloud, startKillableCloud } from '../support/killable-cloud.ts';
import { eventually } from '../support/lone-service.ts';

const BUCKET = 'amazon-braket-kill';
const ACTION = JSON.stringify({
  braketSchemaHeader: { name: 'braket.ir.openqasm.program', version: '1' },
  source: 'OPENQASM 3.0;\nbit[5] b;\nqubit[5] q;\nh q;\nb = measure q;\n',
});
const SHOTS = 40;

let cloud: KillableCloud;
afterEach(() => cloud.remove());

const braket = () => new BraketClient({ ...cloud.client, maxAttempts: 1 });

async function createTask(clientToken: string): Promise<string> {
  const { quantumTaskArn } = await braket().send(
    new CreateQuantumTaskCommand({
      deviceArn: 'arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet',
      shots: SHOTS,
      outputS3Bucket: BUCKET,
      outputS3KeyPrefix: 'killed',
      action: ACTION,
      clientToken,
    }),
  );
  return quantumTaskArn!;
}

const statusOf = async (quantumTaskArn: string) => (await braket().send(new GetQuantumTaskCommand({ quantumTaskArn }))).status!;

async function measurements(quantumTaskArn: string): Promise<number[][]> {
  await eventually(async () => (await statusOf(quantumTaskArn)) === 'COMPLETED');
  const s3 = new S3Client({ ...cloud.client, forcePathStyle: true });
  const { Body } = await s3.send(
    new GetObjectCommand({ Bucket: BUCKET, Key: `killed/${quantumTaskArn.split('/')[1]}/results.json` }),
  );
  return JSON.parse(await Body!.transformToString()).measurements;
}

/** Statuses of a task and whether each one's event was handed over, read from the journal. */
function changes(quantumTaskArn: string): { status: string; sent: boolean }[] {
  const lines = readFileSync(join(cloud.stateDir, 'braket', 'journal.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const found = [{ status: 'CREATED', sent: false }];
  for (const line of lines) {
    if (line.arn !== quantumTaskArn) continue;
    if (line.record === 'status') found.push({ status: line.status, sent: false });
    if (line.record === 'sent') found[line.change]!.sent = true;
  }
  return found;
}

describe('a local cloud that is killed', () => {
  test('finishes its tasks after the restart with the shots of an undisturbed run', async () => {
    cloud = await startKillableCloud({ buckets: [BUCKET], braket: { seed: 3 } });
    const undisturbed = await measurements(await createTask('kill-me'));
    expect(undisturbed).toHaveLength(SHOTS);
    await cloud.remove();

    for (const [state, delays] of [
      ['QUEUED', { queueDelayMs: 600_000 }],
      ['RUNNING', { runDelayMs: 600_000 }],
    ] as const) {
      cloud = await startKillableCloud({ buckets: [BUCKET], braket: { seed: 3, ...delays } });
      const arn = await createTask('kill-me');
      await eventually(async () => (await statusOf(arn)) === state);
      await cloud.killAndRestart({ braket: { seed: 3 } });
      expect(await measurements(arn)).toEqual(undisturbed);
      await eventually(() => changes(arn).every((change) => change.sent));
      expect(changes(arn).map((change) => change.status)).toEqual(['CREATED', 'QUEUED', 'RUNNING', 'COMPLETED']);
      if (state === 'QUEUED') await cloud.remove();
    }
  });

  test('loses no task that it acknowledged, whenever it dies', async () => {
    cloud = await startKillableCloud({ buckets: [BUCKET], braket: { seed: 3 } });
    const acknowledged: string[] = [];
    for (let round = 0; round < 4; round++) {
      const pending = Array.from({ length: 5 }, (_, index) =>
        createTask(`round-${round}-${index}`).then(
          (arn) => acknowledged.push(arn),
          () => undefined,
        ),
      );
      // Deaths at different moments of the same work.
      await new Promise((resolve) => setTimeout(resolve, 15 * round));
      await cloud.killAndRestart();
      await Promise.all(pending);
    }
    // A caller that heard no answer asks again with its token, and gets the task it has, if it has one.
    for (let round = 0; round < 4; round++)
      for (let index = 0; index < 5; index++) acknowledged.push(await createTask(`round-${round}-${index}`));
    const arns = [...new Set(acknowledged)];
    expect(arns).toHaveLength(20);
    for (const arn of arns) expect(await measurements(arn)).toHaveLength(SHOTS);
    await eventually(() => arns.every((arn) => changes(arn).every((change) => change.sent)));
  });
});
