/**
 * A cloud of one service for unit tests: a context with a folder of state, and the two siblings that services call, S3 and the
 * event bus, as what they are at that border: a map of objects and a list of events.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AwsEvent } from '../../local-sim/change-events.ts';
import { type Clock, realClock } from '../../local-sim/clock.ts';
import { type CloudContext, type Service, ServiceError } from '../../local-sim/service.ts';

export interface LoneCloud {
  context: CloudContext;
  /** Bodies by `bucket/key`. */
  objects: Map<string, string>;
  events: AwsEvent[];
  postEvent(event: AwsEvent): Promise<void>;
  /** Another context on the same folder, as after a restart; objects and events are shared. */
  restarted(clock?: Clock): CloudContext;
  remove(): void;
}

export interface LoneCloudOptions {
  clock?: Clock;
  stateDir?: string;
  endpoint?: string;
  buckets?: readonly string[];
  /** Runs before an object is stored; a throw is the store's failure. */
  onPut?(key: string): void;
  log?: CloudContext['log'];
}

export function loneCloud(options: LoneCloudOptions = {}): LoneCloud {
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'lone-service-'));
  const objects = new Map<string, string>();
  const events: AwsEvent[] = [];
  const s3 = objectStore(objects, new Set(options.buckets ?? ['amazon-braket-test']), options.onPut ?? (() => {}));
  const contextWith = (clock: Clock): CloudContext => ({
    clock,
    stateDir,
    region: 'us-east-1',
    accountId: '000000000000',
    endpoint: () => options.endpoint ?? 'http://127.0.0.1:1',
    peer(name) {
      if (name === 's3') return s3;
      throw new Error(`no sibling ${name} in this test`);
    },
    log: options.log ?? (() => {}),
  });
  return {
    context: contextWith(options.clock ?? realClock()),
    objects,
    events,
    async postEvent(event) {
      events.push(structuredClone(event));
    },
    restarted: (clock) => contextWith(clock ?? options.clock ?? realClock()),
    remove: () => rmSync(stateDir, { recursive: true, force: true }),
  };
}

function objectStore(objects: Map<string, string>, buckets: ReadonlySet<string>, onPut: (key: string) => void): Service {
  const needBucket = (name: unknown) => {
    if (!buckets.has(String(name))) throw new ServiceError('NoSuchBucket', `no bucket ${name}`, 404);
  };
  return {
    signingNames: ['s3'],
    handle: () => Promise.reject(new Error('not over HTTP in this test')),
    async call(action, args) {
      needBucket(args['Bucket']);
      if (action === 'HeadBucket') return {};
      if (action !== 'PutObject') throw new Error(`no action ${action} in this test`);
      onPut(String(args['Key']));
      objects.set(`${args['Bucket']}/${args['Key']}`, String(args['Body']));
      return {};
    },
  };
}

/** Polls in real time until `holds` gives a value. */
export async function eventually<T>(
  holds: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 40_000,
): Promise<T> {
  const giveUpAtMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await holds();
    if (found !== undefined && found !== false) return found as T;
    if (performance.now() > giveUpAtMs) throw new Error(`nothing after ${timeoutMs} ms: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
