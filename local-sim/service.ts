/**
 * What a service of the local cloud is: something that answers signed HTTP requests, and that its siblings
 * (the state machine, the event bus) may call directly by AWS action name.
 */
import type { Clock } from './clock.ts';

/** One HTTP request after its signature was checked. `path` is raw: decode only after routing. */
export interface ServiceRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** Decoded body: an aws-chunked stream has been unwrapped. S3 bodies above `bodySpillBytes` arrive as a file path instead. */
  body: Buffer;
  bodyPath?: string;
  region: string;
  requestId: string;
  /** The key that signed the request; absent when it came unsigned, which only the HTTP API accepts. */
  accessKeyId?: string;
  /** The function or job that has this key; absent for the user's own. */
  principal?: string;
  /** Base64 digests of the decoded body, by name (`md5`, `sha256`, `crc32` …); only for S3, where bodies stream. */
  digests?: Readonly<Record<string, string>>;
  bodyBytes?: number;
  sourceIp?: string;
}

export interface ServiceResponse {
  status: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** An error in AWS shape; `code` is the name SDK clients see, e.g. `NoSuchKey` or `ResourceNotFoundException`. */
export class ServiceError extends Error {
  readonly code: string;
  readonly status: number;
  readonly details: Record<string, unknown>;
  constructor(code: string, message: string, status = 400, details: Record<string, unknown> = {}) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

export interface Service {
  /** SigV4 signing names that route here, e.g. `['s3']`, `['states']`, `['monitoring']`. */
  readonly signingNames: readonly string[];
  handle(request: ServiceRequest): Promise<ServiceResponse>;
  /**
   * The same operations for siblings in the process: `call('GetObject', { Bucket, Key })`.
   * Arguments and results use the SDK's member names of that service; throws ServiceError. `principal` is on whose behalf: S3 holds it to its
   * grants.
   */
  call(action: string, args: Record<string, unknown>, principal?: string): Promise<Record<string, unknown>>;
  /** Takes up what a killed process left open. Called once, after every service exists. */
  start?(): Promise<void>;
  stop?(): Promise<void>;
}

/** What every service receives. `peer` finds a sibling by signing name; call it lazily, not in a constructor. */
export interface CloudContext {
  clock: Clock;
  /** Folder of state of the whole local cloud; each service keeps to its own subfolder. */
  stateDir: string;
  region: string;
  accountId: string;
  /** A metric that AWS itself would publish of a service, as `AWS/States`; absent where no CloudWatch runs beside. */
  metric?(namespace: string, name: string, dimensions: Readonly<Record<string, string>>, value: number): void;
  /** Whether acknowledged writes must survive a power cut, not only the end of the process. False when absent. */
  fsync?: boolean;
  /** `http://127.0.0.1:PORT` once listening. */
  endpoint(): string;
  peer(signingName: string): Service;
  log(level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void;
}
