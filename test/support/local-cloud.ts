/** A real local cloud on a free port for contract tests, with an observer of its events. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BatchOptions, createBatch } from '../../local-sim/batch.ts';
import { createImageRegistry } from '../../local-sim/braket/jobs/image-registry.ts';
import { type BraketOptions, createBraket } from '../../local-sim/braket.ts';
import type { AwsEvent } from '../../local-sim/change-events.ts';
import { type Cloud, createCloud } from '../../local-sim/cloud.ts';
import type { CloudContext } from '../../local-sim/service.ts';

export interface TestCloud extends Cloud {
  /** What the SDK clients need. */
  client: { region: string; endpoint: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  /** Task and job events, as they were handed to the bus. */
  seen: AwsEvent[];
  remove(): Promise<void>;
}

export interface TestCloudOptions {
  braket?: BraketOptions;
  batch?: BatchOptions;
  stateDir?: string;
  port?: number;
}

export async function startTestCloud(options: TestCloudOptions = {}): Promise<TestCloud> {
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'local-cloud-'));
  const seen: AwsEvent[] = [];
  const observed = (context: CloudContext) => ({
    async postEvent(event: AwsEvent) {
      const { postToBus } = await import('../../local-sim/change-events.ts');
      await postToBus(context, event);
      seen.push(event);
    },
  });
  const cloud = await createCloud({
    stateDir,
    ...(options.port === undefined ? {} : { port: options.port }),
    services: [
      (context, keyring) =>
        createBraket(context, {
          seed: 11,
          ...observed(context),
          ...options.braket,
          jobs: { credentials: keyring.issue('hybrid-job'), killGraceMs: 1_000, ...options.braket?.jobs },
        }),
      () => createImageRegistry(options.braket?.jobs?.python),
      (context) => createBatch(context, { queues: ['main'], killGraceMs: 1_000, ...observed(context), ...options.batch }),
    ],
    log: () => {},
  });
  const { accessKeyId, secretAccessKey } = cloud.credentials;
  return {
    ...cloud,
    seen,
    client: { region: cloud.region, endpoint: cloud.endpoint, credentials: { accessKeyId, secretAccessKey } },
    async remove() {
      await cloud.stop();
      if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** The Python that has the packages of the jobs and of the SDK. */
export const PYTHON = process.env['QEFM_PYTHON'] ?? join(import.meta.dirname, '..', '..', '.venv', 'bin', 'python');

/** Runs a Python script against a cloud and returns the JSON document it prints; its failure is the test's, with its words. */
export function runPython(
  cloud: TestCloud,
  script: string,
  environment: Record<string, string> = {},
  timeoutMs = 120_000,
): Promise<unknown> {
  const path = join(import.meta.dirname, '..', 'contract', 'python', script);
  return new Promise((resolve, reject) => {
    const child = spawn(PYTHON, [path], {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        AWS_EC2_METADATA_DISABLED: 'true',
        ...cloud.env(),
        ...environment,
      },
      timeout: timeoutMs,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('error', (error) =>
      reject(new Error(`${PYTHON} could not be started (QEFM_PYTHON names another): ${error.message}`)),
    );
    child.once('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(stdout.trim().split('\n').at(-1)!));
      else reject(new Error(`${script} ended with ${code ?? signal}:\n${stderr}`));
    });
  });
}
