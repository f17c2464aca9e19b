/** The whole workflow in a local cloud, for end-to-end tests: upload a campaign, wait for its run, read what it left. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, ExecutionDoesNotExist, SFNClient } from '@aws-sdk/client-sfn';
import { uploadCampaign } from '../../cli/campaign-upload.ts';
import { type ApiClient, createApiClient } from '../../cli/client.ts';
import { type RunStatus, routes } from '../../core/contracts/api.ts';
import type { RunOptions } from '../../core/contracts/artifacts.ts';
import { campaignKey, place, uri } from '../../core/contracts/places.ts';
import type { Reason, RunOutcome } from '../../core/contracts/primitives.ts';
import type { ReportFacts } from '../../core/contracts/report.ts';
import { type ArtifactStore, createArtifactStore } from '../../lambdas/shared/artifacts.ts';
import { runIdOf } from '../../lambdas/shared/runs.ts';
import type { Cloud } from '../../local-sim/cloud.ts';
import { type LocalCloudOptions, startLocalCloud } from '../../local-sim/main.ts';
import type { ServiceRequest } from '../../local-sim/service.ts';

export const DATA_BUCKET = 'qefm-data-000000000000-us-east-1';
export const RESULTS_BUCKET = 'amazon-braket-qefm-000000000000-us-east-1';

export interface ClientConfig {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

type Manifest = ReportFacts['manifest'];

export interface RunManifest extends Manifest {
  schema: 'run-manifest/1';
  runId: string;
  campaign: string;
  outcome: RunOutcome;
  reasons: Reason[];
}

export interface FinishedRun {
  runId: string;
  status: RunStatus;
  manifest: RunManifest;
}

/** What tests do with a cloud of ours, whether it runs in this process or in a child. */
export interface WorkflowClient {
  client: ClientConfig;
  api: ApiClient;
  s3: S3Client;
  sfn: SFNClient;
  artifacts: ArtifactStore;
  /** Uploads a campaign folder; the arrival of its library starts the run whose id is given back. */
  upload(folder: string): Promise<string>;
  /** Uploads a campaign folder without an event and asks for a run with options. */
  request(folder: string, options: RunOptions): Promise<string>;
  /** Waits for the end of a run and reads its status and manifest. */
  finish(runId: string): Promise<FinishedRun>;
  text(key: string): Promise<string>;
}

const sleep = (ms: number) => new Promise((wake) => setTimeout(wake, ms));
const silent = () => {};

export const machineArn = (machine: string) => `arn:aws:states:us-east-1:000000000000:stateMachine:qefm-${machine}`;
export const executionArnOf = (machine: string, name: string) =>
  `${machineArn(machine).replace(':stateMachine:', ':execution:')}:${name}`;

export interface WorkflowClientOptions {
  /** Whether a request that fails on its way may be tried again: a cloud that is killed does not answer for a while. */
  patient?: boolean;
  waitMs?: number;
}

export function workflowClient(
  client: ClientConfig,
  { patient = false, waitMs = 400_000 }: WorkflowClientOptions = {},
): WorkflowClient {
  const api = createApiClient({ endpoint: `${client.endpoint}/api`, region: client.region, credentials: client.credentials });
  const maxAttempts = patient ? 1 : 3;
  const s3 = new S3Client({ ...client, forcePathStyle: true, maxAttempts });
  const sfn = new SFNClient({ ...client, maxAttempts });
  const artifacts = createArtifactStore(s3, DATA_BUCKET);

  async function retried<T>(work: () => Promise<T>): Promise<T> {
    const giveUpMs = Date.now() + waitMs;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!patient || Date.now() > giveUpMs) throw error;
        await sleep(100);
      }
    }
  }

  /** Null while the event has not started it. */
  async function statusOf(runId: string): Promise<string | null> {
    try {
      return (await sfn.send(new DescribeExecutionCommand({ executionArn: executionArnOf('Discover', runId) }))).status ?? null;
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return null;
      throw error;
    }
  }

  return {
    client,
    api,
    s3,
    sfn,
    artifacts,
    async upload(folder) {
      const { campaign, libraries } = await retried(() => uploadCampaign(api, folder, silent));
      const key = campaignKey(campaign.name, libraries[0]!);
      const { VersionId } = await retried(() => s3.send(new HeadObjectCommand({ Bucket: DATA_BUCKET, Key: key })));
      return runIdOf(campaign.name, uri(DATA_BUCKET, key), VersionId!, '{}');
    },
    async request(folder, options) {
      const renamed = (path: string) => path.replace(/^libraries\//, 'on-request/');
      const { campaign, libraries } = await retried(() => uploadCampaign(api, folder, silent, renamed));
      const body = { campaign: campaign.name, library: renamed(libraries[0]!), options };
      // The same library and options are the same run, however often it is asked for.
      const { runId } = await retried(() => api.call(routes.StartRun, { body }));
      return runId;
    },
    async finish(runId) {
      const giveUpMs = Date.now() + waitMs;
      for (;;) {
        const status = await retried(() => statusOf(runId));
        if (status !== null && status !== 'RUNNING') break;
        if (Date.now() > giveUpMs) throw new Error(`run ${runId} is ${status ?? 'not there'} after ${waitMs} ms`);
        await sleep(100);
      }
      const status = await retried(() => api.call(routes.GetRun, { parameters: { runId } }));
      const manifest = JSON.parse(
        await retried(async () => new TextDecoder().decode(await artifacts.readBytes(place.manifest(runId)))),
      );
      return { runId, status, manifest: manifest as RunManifest };
    },
    text: async (key) => new TextDecoder().decode(await artifacts.readBytes(key)),
  };
}

export interface S3Access {
  /** The function or job that asked; undefined for the user. */
  principal: string | undefined;
  method: string;
  path: string;
}

export interface Workflow extends WorkflowClient {
  cloud: Cloud;
  /** Every request that S3 got over HTTP. */
  accesses: S3Access[];
  /** Runs a function of the manifest to its end; throws what it threw. */
  invoke(name: string, event: unknown): Promise<unknown>;
  /** Keys of a function's own. */
  credentialsOf(name: string): ClientConfig['credentials'];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts the manifest's cloud in this process, in a folder that goes away afterwards. */
export async function startWorkflow(options: Partial<LocalCloudOptions> = {}): Promise<Workflow> {
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'workflow-'));
  const cloud = await startLocalCloud({
    schedules: false,
    log: silent,
    root: join(import.meta.dirname, '..', '..'),
    ...options,
    stateDir,
  });
  const accesses: S3Access[] = [];
  const handle = cloud.s3.handle.bind(cloud.s3);
  cloud.s3.handle = (request: ServiceRequest) => {
    accesses.push({ principal: request.principal, method: request.method, path: decodeURIComponent(request.path) });
    return handle(request);
  };
  const workflow = workflowClient({ endpoint: cloud.endpoint, region: cloud.region, credentials: cloud.credentials });
  return {
    ...workflow,
    cloud,
    accesses,
    async invoke(name, event) {
      const { failure, payload } = await cloud.lambda.invoke(`qefm-${name}`, JSON.stringify(event), 'work');
      if (failure) throw new Error(`${name}: ${failure.errorType}: ${failure.errorMessage}`);
      return payload === undefined || payload === null ? null : JSON.parse(payload);
    },
    credentialsOf: (name) => cloud.keyring.issue(`qefm-${name}`),
    async [Symbol.asyncDispose]() {
      await cloud.stop();
      if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
