/** Functions sign with keys of their own, and S3 lets them do what their grants say and nothing else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type StartedCloud, startCloud } from './start-cloud.ts';

let folder: string;
let started: StartedCloud;

const run = async (name: string, event: object): Promise<string> => {
  const done = await started.cloud.lambda.invoke(name, JSON.stringify({ Bucket: 'data', ...event }), 'work');
  return done.failure ? done.failure.errorType : (JSON.parse(done.payload!) as string);
};

beforeAll(async () => {
  folder = mkdtempSync(join(process.cwd(), 'node_modules', '.grants-'));
  const entry = join(folder, 'reader.mjs');
  writeFileSync(
    entry,
    `import * as sdk from '@aws-sdk/client-s3';
    const s3 = new sdk.S3Client({});
    export const handler = async ({ command, ...args }) => { await s3.send(new sdk[command + 'Command'](args)); return 'ok'; };`,
  );
  const config = { entry, memoryMb: 256, timeoutSeconds: 20, environment: {} };
  started = await startCloud({
    functions: [
      { ...config, name: 'Limited' },
      { ...config, name: 'Free' },
    ],
    s3Grants: {
      Limited: [
        { to: 'read', bucket: 'data', prefix: 'runs/' },
        { to: 'write', bucket: 'data', prefix: 'runs/' },
      ],
    },
  });
  await started.cloud.s3.call('CreateBucket', { Bucket: 'data' });
  for (const Key of ['runs/a', 'truth/labels']) await started.cloud.s3.call('PutObject', { Bucket: 'data', Key, Body: 'x' });
});
afterAll(async () => {
  await started[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

describe('a function with grants', () => {
  test('reads, writes and lists below its prefixes', async () => {
    expect(await run('Limited', { command: 'GetObject', Key: 'runs/a' })).toBe('ok');
    expect(await run('Limited', { command: 'PutObject', Key: 'runs/b', Body: 'y' })).toBe('ok');
    expect(await run('Limited', { command: 'ListObjectsV2', Prefix: 'runs/' })).toBe('ok');
    expect(await run('Limited', { command: 'GetObject', Key: 'runs/absent' })).toBe('NoSuchKey');
  });

  test('is denied everything else: other prefixes, deletions, copies, listings of the whole', async () => {
    expect(await run('Limited', { command: 'GetObject', Key: 'truth/labels' })).toBe('AccessDenied');
    expect(await run('Limited', { command: 'PutObject', Key: 'truth/labels', Body: 'z' })).toBe('AccessDenied');
    expect(await run('Limited', { command: 'DeleteObject', Key: 'runs/a' })).toBe('AccessDenied');
    expect(await run('Limited', { command: 'CopyObject', Key: 'runs/c', CopySource: 'data/truth/labels' })).toBe('AccessDenied');
    expect(await run('Limited', { command: 'ListObjectsV2' })).toBe('AccessDenied');
    expect(await run('Limited', { command: 'CreateBucket', Bucket: 'mine' })).toBe('AccessDenied');
  });

  test('is not held back when it has no list', async () => {
    expect(await run('Free', { command: 'GetObject', Key: 'truth/labels' })).toBe('ok');
    expect(await run('Free', { command: 'DeleteObject', Key: 'runs/b' })).toBe('ok');
  });
});
