/**
 * Stands in for `python -m dynamics` where a test cannot wait minutes for molecules to move: reads the job as the worker does, from S3 with
 * the keys it was given, and answers with recorded results of the real one. The worker itself is held to the same schema by test_run.py.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamicsJob, DynamicsResult } from '../../core/contracts/dynamics.ts';
import { parseUri } from '../../core/contracts/places.ts';
import { dynamicsResultKey } from '../../core/dynamics/plan.ts';

interface Recorded {
  results: DynamicsResult[];
}

/** Writes an executable that takes the place of a Python and answers as this file says. */
export function writeStandIn(folder: string): string {
  const path = join(folder, 'python');
  writeFileSync(path, `#!${process.execPath}\nimport(${JSON.stringify(import.meta.filename)}).then(({ work }) => work());\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The recorded result of the reference or of the first candidate, made the answer to this job. */
function answer(job: DynamicsJob, index: number): DynamicsResult {
  const { results } = JSON.parse(readFileSync(new URL('../golden/dynamics/smoke-run.json', import.meta.url), 'utf8')) as Recorded;
  const { id, name, role } = job.ligands[index]!;
  const found = results.find(({ ligand, status }) => ligand.role === role && status === 'ok')!;
  return DynamicsResult.parse({ ...found, runId: job.runId, tier: job.tier, ligand: { index, id, name, role } });
}

export async function work(): Promise<void> {
  if (process.argv.slice(2).join(' ') !== '-m dynamics') {
    throw new Error(`-m dynamics was wanted, found ${process.argv.slice(2).join(' ')}`);
  }
  const { QEFM_JOB_URI, QEFM_OUTPUT_URI, AWS_BATCH_JOB_ARRAY_INDEX } = process.env;
  const s3 = new S3Client({ forcePathStyle: true });
  const from = parseUri(QEFM_JOB_URI!);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: from.bucket, Key: from.key }));
  const job = DynamicsJob.parse(JSON.parse(await Body!.transformToString()));
  const to = parseUri(QEFM_OUTPUT_URI!);
  const indices = AWS_BATCH_JOB_ARRAY_INDEX === undefined ? job.ligands.map((_, i) => i) : [Number(AWS_BATCH_JOB_ARRAY_INDEX)];
  for (const index of indices) {
    await s3.send(
      new PutObjectCommand({
        Bucket: to.bucket,
        Key: dynamicsResultKey(to.key, index),
        Body: JSON.stringify(answer(job, index)),
        ContentType: 'application/json',
      }),
    );
  }
}
