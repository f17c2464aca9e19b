/** The words of hybrid jobs: what CreateJob fixed, and what became of it. */
import type { Change } from '../../change-events.ts';

export const JOB_STATUSES = ['QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLING', 'CANCELLED'] as const;
export type HybridJobStatus = (typeof JOB_STATUSES)[number];

/** Of GetJob's `events`. The local cloud never deprioritises an idle job. */
export type HybridJobEventType =
  | 'WAITING_FOR_PRIORITY'
  | 'QUEUED_FOR_EXECUTION'
  | 'STARTING_INSTANCE'
  | 'DOWNLOADING_DATA'
  | 'RUNNING'
  | 'UPLOADING_RESULTS'
  | 'COMPLETED'
  | 'FAILED'
  | 'MAX_RUNTIME_EXCEEDED'
  | 'CANCELLED';

export interface ScriptMode {
  /** `importable.module` or `importable.module:callable`. */
  entryPoint: string;
  s3Uri: string;
  compressionType?: 'NONE' | 'GZIP';
}

export interface InputChannel {
  channelName: string;
  contentType?: string;
  s3Uri: string;
}

/** What CreateJob fixed. */
export interface HybridJobRequest {
  arn: string;
  id: string;
  name: string;
  region: string;
  createdAtMs: number;
  clientToken: string;
  /** Hash of the request without its token: the same token with another hash is refused. */
  requestHash: string;
  /** A secret of the job and its tasks: whoever has it creates tasks in the job's name. */
  jobToken: string;
  roleArn: string;
  /** A device of this cloud, or `local:<provider>/<simulator>`. */
  deviceArn: string;
  scriptMode?: ScriptMode;
  imageUri?: string;
  inputs: InputChannel[];
  outputS3Path: string;
  outputKmsKeyId?: string;
  checkpoint?: { s3Uri: string; localPath?: string };
  instance: { instanceType: string; volumeSizeInGb: number; instanceCount: number };
  maxRuntimeSeconds: number;
  hyperParameters?: Record<string, string>;
  associations?: { arn: string; type: string }[];
}

/** An attempt whose process was, or is about to be, started and has not been accounted for. */
export interface OpenAttempt {
  dir: string;
  /** Where its AWS calls go; a process with another endpoint than ours is of no use to us. */
  endpoint: string;
  /** From which the longest runtime counts. */
  startedAtMs: number;
}

/** One thing that happened: an entry of GetJob's `events`, a change of status, or both. */
export interface HybridJobStep {
  atMs: number;
  event?: HybridJobEventType;
  message?: string;
  status?: HybridJobStatus;
  failureReason?: string;
}

export interface HybridJobChange extends Change {
  status: HybridJobStatus;
}

export interface HybridJob extends HybridJobRequest {
  status: HybridJobStatus;
  tags: Record<string, string>;
  steps: HybridJobStep[];
  changes: HybridJobChange[];
  open?: OpenAttempt;
  /** Attempts opened so far; more than one where the cloud died with its job. */
  attempts: number;
  startedAtMs?: number;
  endedAtMs?: number;
  failureReason?: string;
}

export function isJobOver(status: HybridJobStatus): boolean {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';
}
