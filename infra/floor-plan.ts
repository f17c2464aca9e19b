/** The shapes of the manifest. */

/** What a function or machine may do. The only source of permissions in the cloud, and enforced on S3 in local-sim too. */
export type Grant =
  | { to: 'read' | 'write' | 'delete'; bucket: BucketName; prefix: string }
  | { to: 'list'; bucket: BucketName; prefix: string }
  | { to: 'invoke'; function: string }
  | { to: 'start'; machine: string }
  | { to: 'inspect' | 'stop'; machine: string }
  | { to: 'answerTokens' }
  | { to: 'submitTasks' | 'readTasks' | 'cancelTasks' }
  | { to: 'submitJobs'; queue: string; job: string };

export type BucketName = 'Data' | 'QuantumResults';

export interface BucketPlan {
  name: BucketName;
  /** The real name is `<prefix>-<account>-<region>`. */
  namePrefix: string;
  region: string;
  /** Objects below these prefixes expire after so many days. */
  expiry: readonly { prefix: string; days: number }[];
  emitsEvents: boolean;
}

export interface FunctionPlan {
  name: string;
  entry: string;
  memoryMb: number;
  timeoutSeconds: number;
  /** Files that the bundle carries beside its code. */
  assets?: readonly string[];
  grants: readonly Grant[];
  environment?: Readonly<Record<string, string>>;
  /** Caps how many run at once in the account, to protect what they call. */
  reservedConcurrency?: number;
}

export interface MachinePlan {
  name: string;
  definition: string;
  grants: readonly Grant[];
}

export interface RulePlan {
  name: string;
  region: string;
  /** Either a pattern or a schedule. */
  pattern?: Readonly<Record<string, unknown>>;
  schedule?: string;
  function: string;
}

export interface RoutePlan {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  function: string;
}

export interface JobPlan {
  name: string;
  dockerfile: string;
  command: readonly string[];
  vcpus: number;
  memoryMb: number;
  attempts: number;
  /** Exit codes after which another attempt makes sense; any other one is final. */
  retryExitCodes: readonly number[];
  timeoutSeconds: number;
  grants: readonly Grant[];
}

export interface AlarmPlan {
  name: string;
  /** Of namespace `QEFM`, emitted by a handler. */
  metric: string;
  statistic: 'Sum' | 'Maximum';
  threshold: number;
  periodMinutes: number;
  description: string;
}
