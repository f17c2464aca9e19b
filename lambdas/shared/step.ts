/**
 * The stack of every Lambda state: parse the input by its contract, run, parse the output, log and count, and let typed
 * errors through by name. A handler may run twice: its keys come from its input, so a retry writes the same bytes to the same place.
 */
import middy from '@middy/core';
import type { z } from 'zod';
import { RunRecord } from '../../core/contracts/artifacts.ts';
import { InvalidRequest } from '../../core/contracts/errors.ts';
import { place } from '../../core/contracts/places.ts';
import type { StepContract } from '../../core/contracts/steps.ts';
import type { ArtifactStore } from './artifacts.ts';
import { createArtifactStore } from './artifacts.ts';
import { s3Client } from './clients.ts';
import type { Config } from './config.ts';
import { readConfig } from './config.ts';
import { describeError, presentable } from './foreign-errors.ts';
import type { RunLedger } from './ledger.ts';
import { createRunLedger } from './ledger.ts';
import type { Telemetry } from './telemetry.ts';
import { createTelemetry } from './telemetry.ts';

export interface StepTools {
  artifacts: ArtifactStore;
  ledger: RunLedger;
  telemetry: Telemetry;
  config: Config;
  /** The run's record, written by PrepareRun. */
  run(): Promise<RunRecord>;
  nowMs(): number;
  /** Milliseconds left before Lambda ends the invocation. */
  remainingMs(): number;
}

interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.') || 'the whole'}: ${issue.message}`)
    .join('; ');
}

export function step<I extends z.ZodType<{ runId: string }>, O extends z.ZodType>(
  contract: StepContract<I, O>,
  work: (input: z.infer<I>, tools: StepTools) => Promise<z.infer<O>>,
) {
  const nowMs = () => Date.now();
  return middy<unknown, z.infer<O>, Error, LambdaContext>(async (event: unknown, context: LambdaContext): Promise<z.infer<O>> => {
    const parsed = contract.input.safeParse(event);
    if (!parsed.success) throw new InvalidRequest(`${contract.name} input: ${describeIssues(parsed.error)}`);
    const input = parsed.data;
    const config = readConfig();
    const telemetry = createTelemetry(config.METRIC_NAMESPACE, contract.name, { runId: input.runId }, nowMs);
    const artifacts = createArtifactStore(s3Client(), config.DATA_BUCKET);
    let record: Promise<RunRecord> | undefined;
    const startedMs = nowMs();
    try {
      const output = await work(input, {
        artifacts,
        ledger: createRunLedger(
          artifacts,
          input.runId,
          { dayMicroUsd: config.DAY_CAP_MICRO_USD, accountMicroUsd: config.ACCOUNT_CAP_MICRO_USD },
          nowMs,
        ),
        telemetry,
        config,
        run: () => (record ??= artifacts.read(place.run(input.runId), RunRecord)),
        nowMs,
        remainingMs: () => context.getRemainingTimeInMillis(),
      });
      telemetry.count('StepErrors', 0);
      return contract.output.parse(output);
    } catch (error) {
      telemetry.count('StepErrors');
      telemetry.error('step failed', describeError(error));
      throw presentable(error);
    } finally {
      telemetry.gauge('StepMs', nowMs() - startedMs, 'Milliseconds');
      telemetry.flush();
    }
  });
}
