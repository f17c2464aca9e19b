/** What the cloud and a worker thread say to each other. */
import type { FunctionFailure } from './function.ts';

export interface WorkerSetup {
  entry: string;
  exportName: string;
  functionName: string;
  functionArn: string;
  memoryMb: number;
  logGroupName: string;
  logStreamName: string;
  /** Where compiled code is kept between cold starts. */
  compileCacheDir: string;
}

export interface InvokeMessage {
  requestId: string;
  /** JSON text. */
  payload: string;
  deadlineMs: number;
}

export type WorkerMessage =
  | { kind: 'ready' }
  | { kind: 'init-failed'; failure: FunctionFailure }
  | { kind: 'log'; requestId: string; line: string }
  | { kind: 'result'; requestId: string; payload: string }
  | { kind: 'failure'; requestId: string; failure: FunctionFailure; fatal: boolean };
