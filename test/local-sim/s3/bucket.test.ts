/** What the S3 API does not show: housekeeping on disk, recovery, delivery of events, conflicts of conditional writes. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { realClock } from '../../../local-sim/clock.ts';
import { openBucket } from '../../../local-sim/s3/bucket.ts';
import { createS3 } from '../../../local-sim/s3/server.ts';
import type { CloudContext, Service } from '../../../local-sim/service.ts';

let stateDir: string;
let sent: string[];
let busFails: boolean;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'bucket-'));
  sent = [];
  busFails = false;
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const bus: Service = {
  signingNames: ['events'],
  handle: async () => ({ status: 500 }),
  call: async (_action, args) => {
    if (busFails) throw new Error('the bus is down');
    for (const entry of args['Entries'] as { Detail: string }[])
      sent.push((JSON.parse(entry.Detail) as { object: { key: string } }).object.key);
    return {};
  },
};
const context = (): CloudContext => ({
  clock: realClock(),
  stateDir,
  region: 'us-east-1',
  accountId: '000000000000',
  endpoint: () => '',
  peer: () => bus,
  log: () => {},
});
const files = () =>
  readdirSync(join(stateDir, 's3', 'buckets', 'bbb', 'data'), { recursive: true, withFileTypes: true }).filter((f) => f.isFile());

async function open() {
  const s3 = createS3(context());
  await s3.start!();
  return s3;
}

describe('a bucket on disk', () => {
  test('keeps its objects over a restart and removes files that no line names', async () => {
    const first = await open();
    await first.call('CreateBucket', { Bucket: 'bbb' });
    for (const Key of ['x', 'y']) await first.call('PutObject', { Bucket: 'bbb', Key, Body: Key });
    await first.stop!();
    writeFileSync(join(stateDir, 's3', 'buckets', 'bbb', 'data', files()[0]!.name.slice(0, 2), 'orphan'), 'left by a kill');
    const second = await open();
    expect(String((await second.call('GetObject', { Bucket: 'bbb', Key: 'y' }))['Body'])).toBe('y');
    for (let i = 0; i < 500 && files().length > 2; i++) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(files().map((f) => f.name)).not.toContain('orphan');
    expect(files()).toHaveLength(2);
    await second.stop!();
  });

  test('drops old versions and lone delete markers after their time, and their bytes with them', async () => {
    const store = await openBucket('b', join(stateDir, 's3', 'buckets', 'bbb'));
    const version = async (key: string, at: number, body: string, deleteMarker = false) => {
      const segments = deleteMarker ? [] : [await store.keep(Buffer.from(body), undefined, body.length)];
      const common = {
        key,
        versionId: `${key}${at}`,
        etag: '',
        size: body.length,
        segments,
        lastModifiedMs: at,
        sequencer: store.nextSequencer(at),
        headers: {},
        metadata: {},
        checksums: {},
        checksumType: 'FULL_OBJECT' as const,
      };
      await store.put(deleteMarker ? { ...common, deleteMarker: true } : common, undefined);
    };
    await version('kept', 1000, 'old');
    await version('kept', 2000, 'newer');
    await version('kept', 9000, 'newest');
    await version('gone', 1000, 'bytes');
    await version('gone', 2000, '', true);
    expect(files()).toHaveLength(4);
    expect(await store.expire(5000)).toBe(3);
    expect(store.versions('kept').map((v) => v.versionId)).toEqual(['kept2000', 'kept9000']);
    expect(store.versions('gone')).toEqual([]);
    expect(files()).toHaveLength(2);
    await store.close();
  });

  test('gives each change a larger sequencer, even when the clock stands still or goes back', async () => {
    const store = await openBucket('b', join(stateDir, 's3', 'buckets', 'bbb'));
    const given = [5000, 5000, 4000, 6000].map((ms) => store.nextSequencer(ms));
    expect([...given].sort()).toEqual(given);
    expect(new Set(given).size).toBe(4);
    await store.close();
  });
});

describe('events of a bucket', () => {
  test('wait for a bus that is down, over a restart', async () => {
    busFails = true;
    const first = await open();
    await first.call('CreateBucket', { Bucket: 'bbb' });
    await first.configureBucket('bbb', { events: true });
    await first.call('PutObject', { Bucket: 'bbb', Key: 'waits', Body: 'x' });
    await first.stop!();
    expect(sent).toEqual([]);
    busFails = false;
    const second = await open();
    await second.drained();
    expect(sent).toEqual(['waits']);
    await second.stop!();
    const third = await open();
    await third.drained();
    expect(sent).toEqual(['waits']);
    await third.stop!();
  });
});

describe('a conditional write', () => {
  test('conflicts with a deletion that came first', async () => {
    const s3 = await open();
    await s3.call('CreateBucket', { Bucket: 'bbb' });
    const { ETag } = await s3.call('PutObject', { Bucket: 'bbb', Key: 'k', Body: '1' });
    const deletion = s3.call('DeleteObject', { Bucket: 'bbb', Key: 'k' });
    const write = s3.call('PutObject', { Bucket: 'bbb', Key: 'k', Body: '2', IfMatch: ETag });
    await deletion;
    await expect(write).rejects.toMatchObject({ code: 'ConditionalRequestConflict', status: 409 });
    expect(files()).toHaveLength(1);
    await s3.stop!();
  });
});
