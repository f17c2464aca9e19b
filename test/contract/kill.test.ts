/** kill -9 in the middle of writes: what was acknowledged is there after the restart, and every event arrives. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud } from '../../local-sim/cloud.ts';
import { eventually } from './start-cloud.ts';

const Bucket = 'kept';
let stateDir: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'killed-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(stateDir, { recursive: true, force: true });
});

interface Running {
  client: ConstructorParameters<typeof S3Client>[0] & object;
  killed: Promise<void>;
}

async function startChild(): Promise<Running> {
  const started = spawn(process.execPath, [join(import.meta.dirname, 'killed-cloud.ts'), stateDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  const killed = new Promise<void>((resolve) => started.once('exit', () => resolve()));
  for await (const line of createInterface({ input: started.stdout! })) {
    return { client: { ...(JSON.parse(line) as object), maxAttempts: 1 } as Running['client'], killed };
  }
  throw new Error('the cloud ended before it answered');
}

const eventLog = () =>
  existsSync(join(stateDir, 'events.log')) ? readFileSync(join(stateDir, 'events.log'), 'utf8').trim().split('\n') : [];

describe('a cloud that is killed', () => {
  test('has every acknowledged object, whole, and delivers every event, over several lives', async () => {
    const acknowledged = new Map<string, string>();
    let next = 0;
    // A life ends at so many acknowledgements, while six writers go on.
    for (const lifeWrites of [5, 12, 25]) {
      const { client, killed } = await startChild();
      const s3 = new S3Client(client);
      const enough = acknowledged.size + lifeWrites;
      let alive = true;
      const writer = async () => {
        while (alive) {
          const Key = `object-${next++}`;
          const Body = `${Key} `.repeat(1 + (next % 50) * 40);
          try {
            await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
            acknowledged.set(Key, Body);
          } catch {
            return;
          }
        }
      };
      const writers = Array.from({ length: 6 }, writer);
      await eventually(() => acknowledged.size >= enough, 30_000);
      child!.kill('SIGKILL');
      await killed;
      alive = false;
      await Promise.all(writers);
      s3.destroy();
    }
    expect(acknowledged.size).toBeGreaterThanOrEqual(42);

    const { client } = await startChild();
    const s3 = new S3Client(client);
    for (const [Key, Body] of acknowledged) {
      expect(await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString()).toBe(Body);
    }
    // An unacknowledged object may be there; when it is, it is whole.
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    expect(Contents.length).toBeGreaterThanOrEqual(acknowledged.size);
    await eventually(() => new Set(eventLog()).size >= Contents.length, 30_000);
    for (const Key of acknowledged.keys()) expect(eventLog()).toContain(Key);
    s3.destroy();
  });

  test('leaves a lock that the next one takes over, while a living one keeps it', async () => {
    const { killed } = await startChild();
    await expect(createCloud({ stateDir })).rejects.toThrow(`in use by process ${child!.pid}`);
    child!.kill('SIGKILL');
    await killed;
    const cloud = await createCloud({ stateDir, log: () => {} });
    await cloud.stop();
    expect(existsSync(join(stateDir, 'lock.json'))).toBe(false);
  });
});
