/** A local cloud of its own for a test file, on a free port and in a folder that goes away afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cloud, type CloudOptions, createCloud } from '../../local-sim/cloud.ts';

export interface StartedCloud {
  cloud: Cloud;
  stateDir: string;
  /** What an SDK client needs when the endpoint is not taken from the environment. */
  client: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startCloud(options: Omit<CloudOptions, 'stateDir'> = {}): Promise<StartedCloud> {
  const stateDir = mkdtempSync(join(tmpdir(), 'local-cloud-'));
  const cloud = await createCloud({ log: () => {}, ...options, stateDir });
  return {
    cloud,
    stateDir,
    client: { endpoint: cloud.endpoint, region: cloud.region, credentials: cloud.credentials },
    async [Symbol.asyncDispose]() {
      await cloud.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** Repeats until the condition gives something, or fails after `timeoutMs`. */
export async function eventually<T>(condition: () => T | Promise<T>, timeoutMs = 10_000): Promise<NonNullable<T>> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value as NonNullable<T>;
    if (Date.now() > end) throw new Error(`not so after ${timeoutMs} ms: ${condition.toString().slice(0, 200)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
