/** What a function of the local cloud is, and the errors an invocation can end with, in the shapes AWS returns. */
import { createHash } from 'node:crypto';

export interface FunctionConfig {
  name: string;
  /** Absolute path of a module (`.mjs`, `.js`, `.ts`). */
  entry: string;
  /** Name of the exported function; `handler` when absent. */
  exportName?: string;
  memoryMb: number;
  timeoutSeconds: number;
  environment: Readonly<Record<string, string>>;
  /** Most environments of this function that work at once; unlimited (within the cloud's own limit) when absent. */
  concurrency?: number;
  description?: string;
}

/** `{errorType, errorMessage, trace}` as the Node runtime of Lambda reports it. */
export interface FunctionFailure {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

export interface Invocation {
  requestId: string;
  /** Either the JSON text of the result or a failure. */
  payload?: string;
  failure?: FunctionFailure;
  durationMs: number;
  /** What the function wrote while it ran. */
  logLines: string[];
}

export const functionArn = (region: string, accountId: string, name: string): string =>
  `arn:aws:lambda:${region}:${accountId}:function:${name}`;

/** A fingerprint of what makes a running environment stale. */
export function configFingerprint(config: FunctionConfig): string {
  return createHash('sha256')
    .update(JSON.stringify([config, Object.entries(config.environment)]))
    .digest('hex');
}

export const timedOut = (requestId: string, timeoutSeconds: number): FunctionFailure => ({
  errorType: 'Sandbox.Timedout',
  errorMessage: `RequestId: ${requestId} Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`,
});

export const outOfMemory = (requestId: string): FunctionFailure => ({
  errorType: 'Runtime.OutOfMemory',
  errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`,
});

export const exited = (requestId: string, code: number): FunctionFailure => ({
  errorType: 'Runtime.ExitError',
  errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: exit status ${code}`,
});
