/** The stack of every event handler: parse what is used of the event, run, log. Events come at least once, in any order. */
import middy from '@middy/core';
import type { z } from 'zod';
import type { ArtifactStore } from './artifacts.ts';
import { createArtifactStore } from './artifacts.ts';
import { s3Client } from './clients.ts';
import type { Config } from './config.ts';
import { readConfig } from './config.ts';
import { describeError, presentable } from './foreign-errors.ts';
import type { Telemetry } from './telemetry.ts';
import { createTelemetry } from './telemetry.ts';

export interface EventTools {
  artifacts: ArtifactStore;
  telemetry: Telemetry;
  config: Config;
  nowMs(): number;
}

export function event<S extends z.ZodType>(
  name: string,
  schema: S,
  work: (event: z.infer<S>, tools: EventTools) => Promise<void>,
) {
  const nowMs = () => Date.now();
  return middy<unknown, void>(async (raw: unknown): Promise<void> => {
    const config = readConfig();
    const telemetry = createTelemetry(config.METRIC_NAMESPACE, name, {}, nowMs);
    try {
      const parsed = schema.safeParse(raw);
      if (!parsed.success) {
        // Trying again would not make it another event.
        telemetry.error('event ignored: not of the expected shape', { at: parsed.error.issues[0]?.path.join('.') ?? '' });
        return;
      }
      await work(parsed.data, { artifacts: createArtifactStore(s3Client(), config.DATA_BUCKET), telemetry, config, nowMs });
    } catch (error) {
      telemetry.count('StepErrors');
      telemetry.error('event failed', describeError(error));
      throw presentable(error);
    } finally {
      telemetry.flush();
    }
  });
}
