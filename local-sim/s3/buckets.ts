/** The buckets of the local cloud: their folders, their settings, and the way of their events to the bus. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CloudContext, ServiceError } from '../service.ts';
import { type BucketStore, openBucket } from './bucket.ts';

/** Settings that are kept as the XML they came in. */
export type Subresource =
  | 'versioning'
  | 'encryption'
  | 'notification'
  | 'lifecycle'
  | 'tagging'
  | 'cors'
  | 'policy'
  | 'publicAccessBlock'
  | 'ownershipControls';

export interface BucketSettings {
  createdMs: number;
  events: boolean;
  noncurrentRetentionSeconds: number;
  documents: Partial<Record<Subresource, string>>;
}

export interface Bucket {
  store: BucketStore;
  settings: BucketSettings;
}

export interface Buckets {
  all(): Bucket[];
  /** Throws NoSuchBucket. */
  get(name: string): Bucket;
  find(name: string): Bucket | undefined;
  /** Throws BucketAlreadyOwnedByYou. */
  create(name: string): Promise<Bucket>;
  /** Throws BucketNotEmpty. */
  remove(name: string): Promise<void>;
  changeSettings(name: string, change: Partial<BucketSettings>): Promise<void>;
  /** Opens what the folder of state holds. */
  open(): Promise<void>;
  /** Hands pending events of a bucket to the bus; repeated until the bus has taken them. */
  deliver(bucket: Bucket): Promise<void>;
  close(): Promise<void>;
}

const DEFAULT_RETENTION_SECONDS = 3600;
const RETRY_DELIVERY_MS = 1000;

function checkBucketName(name: string): void {
  const valid = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..') && !/^\d+\.\d+\.\d+\.\d+$/.test(name);
  if (!valid)
    throw new ServiceError('InvalidBucketName', `The specified bucket is not valid: ${name}`, 400, { BucketName: name });
}

export function createBuckets(context: CloudContext): Buckets {
  const folder = join(context.stateDir, 's3', 'buckets');
  const buckets = new Map<string, Bucket>();
  const creating = new Map<string, Promise<Bucket>>();
  const delivering = new Set<string>();
  let closed = false;

  const saveSettings = async (name: string, settings: BucketSettings) => {
    const path = join(folder, name, 'bucket.json');
    const file = await open(`${path}.new`, 'w');
    await file.writeFile(`${JSON.stringify(settings)}\n`);
    await file.sync();
    await file.close();
    await rename(`${path}.new`, path);
  };

  const self: Buckets = {
    all: () => [...buckets.values()].sort((a, b) => (a.store.name < b.store.name ? -1 : 1)),
    find: (name) => buckets.get(name),
    get(name) {
      const bucket = buckets.get(name);
      if (!bucket) throw new ServiceError('NoSuchBucket', 'The specified bucket does not exist', 404, { BucketName: name });
      return bucket;
    },
    async create(name) {
      checkBucketName(name);
      if (buckets.has(name) || creating.has(name)) {
        throw new ServiceError(
          'BucketAlreadyOwnedByYou',
          'Your previous request to create the named bucket succeeded and you already own it.',
          409,
          { BucketName: name },
        );
      }
      const made = (async () => {
        await mkdir(join(folder, name), { recursive: true });
        const settings: BucketSettings = {
          createdMs: context.clock.now(),
          events: false,
          noncurrentRetentionSeconds: DEFAULT_RETENTION_SECONDS,
          documents: {},
        };
        const store = await openBucket(name, join(folder, name), context.fsync);
        await saveSettings(name, settings);
        const bucket = { store, settings };
        buckets.set(name, bucket);
        return bucket;
      })();
      creating.set(name, made);
      try {
        return await made;
      } finally {
        creating.delete(name);
      }
    },
    async remove(name) {
      const bucket = self.get(name);
      if (!bucket.store.isEmpty())
        throw new ServiceError('BucketNotEmpty', 'The bucket you tried to delete is not empty', 409, { BucketName: name });
      buckets.delete(name);
      await bucket.store.close();
      await rm(join(folder, name), { recursive: true, force: true });
    },
    async changeSettings(name, change) {
      const bucket = self.get(name);
      bucket.settings = { ...bucket.settings, ...change };
      await saveSettings(name, bucket.settings);
    },
    async open() {
      await rm(join(context.stateDir, 's3', 'incoming'), { recursive: true, force: true });
      if (!existsSync(folder)) return;
      for (const name of readdirSync(folder)) {
        const path = join(folder, name, 'bucket.json');
        // A kill during CreateBucket, before it was acknowledged.
        if (!existsSync(path)) {
          await rm(join(folder, name), { recursive: true, force: true });
          continue;
        }
        const settings = JSON.parse(readFileSync(path, 'utf8')) as BucketSettings;
        buckets.set(name, { store: await openBucket(name, join(folder, name), context.fsync), settings });
      }
    },
    async deliver(bucket) {
      const { name, pendingEvents } = bucket.store;
      if (delivering.has(name)) return;
      delivering.add(name);
      const busy = context.clock.busy();
      try {
        while (pendingEvents.size > 0 && !closed) {
          const batch = [...pendingEvents.values()].slice(0, 100);
          const entries = batch.map((event) => ({
            Source: 'aws.s3',
            DetailType: event.detailType,
            Time: new Date(event.timeMs),
            Resources: [`arn:aws:s3:::${name}`],
            Detail: JSON.stringify(event.detail),
          }));
          try {
            await context.peer('events').call('PutEvents', { Entries: entries });
          } catch (error) {
            if (closed) return;
            context.log('error', 'S3 events wait for the event bus', { bucket: name, error: String(error) });
            await new Promise((resolve) => setTimeout(resolve, RETRY_DELIVERY_MS));
            continue;
          }
          for (const event of batch) bucket.store.delivered(event.id);
        }
      } finally {
        delivering.delete(name);
        busy();
      }
    },
    async close() {
      closed = true;
      for (const bucket of buckets.values()) await bucket.store.close();
    },
  };
  return self;
}
