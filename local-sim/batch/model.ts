/** The words of AWS Batch as far as the local cloud speaks them. */
import type { Change } from '../change-events.ts';

export const JOB_STATUSES = ['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEEDED', 'FAILED'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** What stands in for a container image: a program of this machine. */
export interface LocalImage {
  /** Executable and first arguments, as ENTRYPOINT in a Dockerfile; without it the command names the executable. */
  entryPoint?: readonly string[];
  /** Arguments when the job gives none, as CMD in a Dockerfile. */
  command?: readonly string[];
  cwd?: string;
  environment?: Readonly<Record<string, string>>;
}

/** A job definition that the cloud starts with; `image` is made from it under the name `local/<name>`. */
export interface LocalJobDefinition extends LocalImage {
  name: string;
  /** Defaults for `Ref::name` in the command. */
  parameters?: Readonly<Record<string, string>>;
  timeoutSeconds?: number;
  attempts?: number;
  evaluateOnExit?: readonly EvaluateOnExit[];
  vcpus?: number;
  memoryMb?: number;
}

export interface EvaluateOnExit {
  action: 'RETRY' | 'EXIT';
  onExitCode?: string;
  onReason?: string;
  onStatusReason?: string;
}

export interface NameValue {
  name: string;
  value: string;
}

export interface JobDefinition {
  name: string;
  arn: string;
  revision: number;
  status: 'ACTIVE' | 'INACTIVE';
  image: string;
  command: string[];
  environment: NameValue[];
  parameters: Record<string, string>;
  vcpus: number;
  memoryMb: number;
  attempts: number;
  evaluateOnExit: EvaluateOnExit[];
  timeoutSeconds?: number;
  propagateTags: boolean;
  tags: Record<string, string>;
}

export interface JobQueue {
  name: string;
  arn: string;
  state: 'ENABLED' | 'DISABLED';
  priority: number;
  computeEnvironments: { order: number; computeEnvironment: string }[];
  tags: Record<string, string>;
}

export interface ComputeEnvironment {
  name: string;
  arn: string;
  type: 'MANAGED' | 'UNMANAGED';
  state: 'ENABLED' | 'DISABLED';
  computeResources?: Record<string, unknown>;
  serviceRole?: string;
  tags: Record<string, string>;
}

export interface Dependency {
  jobId?: string;
  type?: 'N_TO_N' | 'SEQUENTIAL';
}

/** What SubmitJob fixed. A child of an array has the request of its parent, with its own id and index. */
export interface JobRequest {
  id: string;
  arn: string;
  name: string;
  queueArn: string;
  definitionArn: string;
  createdAtMs: number;
  order: number;
  arraySize?: number;
  dependsOn: Dependency[];
  parameters: Record<string, string>;
  image: string;
  command: string[];
  environment: NameValue[];
  vcpus: number;
  memoryMb: number;
  attempts: number;
  evaluateOnExit: EvaluateOnExit[];
  timeoutSeconds?: number;
  propagateTags: boolean;
  tags: Record<string, string>;
}

/** A finished attempt. */
export interface Attempt {
  exitCode?: number;
  reason?: string;
  statusReason: string;
  startedAtMs: number;
  stoppedAtMs: number;
  logStreamName: string;
}

/** An attempt whose process was started and has not been accounted for. */
export interface OpenAttempt {
  /** Folder of its logs, identity and exit code. */
  dir: string;
  /** Where its AWS calls go; a process with another endpoint than ours is of no use to us. */
  endpoint: string;
  startedAtMs: number;
}

export interface JobChange extends Change {
  status: JobStatus;
  statusReason?: string;
}

export interface Job extends JobRequest {
  parentId?: string;
  arrayIndex?: number;
  status: JobStatus;
  statusReason?: string;
  /** Attempts so far, and the one in progress. */
  finished: Attempt[];
  open?: OpenAttempt;
  startedAtMs?: number;
  stoppedAtMs?: number;
  isCancelled: boolean;
  isTerminated: boolean;
  /** Reason given with TerminateJob or CancelJob; set from then on. */
  endReason?: string;
  changes: JobChange[];
}

export function isOver(status: JobStatus): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED';
}
