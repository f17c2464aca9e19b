/** A local cloud for tests of Step Functions: a folder of its own, a virtual clock, and siblings the test brings. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, virtualClock } from '../../../local-sim/clock.ts';
import { type CloudContext, type Service, ServiceError } from '../../../local-sim/service.ts';
import { createStates, type StatesOptions, type StatesService } from '../../../local-sim/states/server.ts';

export type Call = (action: string, args: Record<string, unknown>) => Promise<Record<string, unknown>> | Record<string, unknown>;
export type LambdaFunction = (event: unknown) => unknown;

export function peerOf(call: Call): Service {
  return {
    signingNames: [],
    handle: () => Promise.reject(new Error('tests call directly')),
    call: async (action, args) => call(action, args),
  };
}

/** A Lambda service of plain functions; what they throw comes back as the error payload Lambda makes of it. */
export function lambdaPeer(functions: Record<string, LambdaFunction>): Service {
  return peerOf(async (action, args) => {
    if (action !== 'Invoke') throw new ServiceError('UnknownOperationException', action);
    const name = String(args['FunctionName']).split(':').at(-1)!;
    const handler = functions[name];
    if (!handler) throw new ServiceError('ResourceNotFoundException', `Function not found: ${name}`, 404);
    try {
      const result = await handler(JSON.parse(String(args['Payload'])));
      return { StatusCode: 200, ExecutedVersion: '$LATEST', Payload: JSON.stringify(result ?? null) };
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      const { name: errorType, message } = error as Error;
      return {
        StatusCode: 200,
        FunctionError: 'Unhandled',
        Payload: JSON.stringify({ errorType, errorMessage: message, trace: [] }),
      };
    }
  });
}

/** Objects of one S3 in memory. */
export class MemoryS3 {
  readonly objects = new Map<string, { body: Buffer; etag: string }>();
  #version = 0;

  put(key: string, body: string | Buffer): void {
    this.objects.set(key, { body: Buffer.from(body as string), etag: `"${++this.#version}"` });
  }

  text(key: string): string {
    const object = this.objects.get(key);
    if (!object) throw new Error(`no object ${key}; there are ${[...this.objects.keys()].join(', ')}`);
    return object.body.toString('utf8');
  }

  readonly peer: Service = peerOf((action, args) => {
    const key = `${String(args['Bucket'])}/${String(args['Key'])}`;
    if (action === 'PutObject') {
      if (args['Bucket'] === 'forbidden') throw new ServiceError('AccessDenied', 'Access Denied', 403);
      this.put(key, args['Body'] as Buffer);
      return { ETag: this.objects.get(key)!.etag };
    }
    if (action === 'GetObject') {
      const object = this.objects.get(key);
      if (!object) throw new ServiceError('NoSuchKey', 'The specified key does not exist.', 404);
      return { Body: object.body, ETag: object.etag, ContentLength: object.body.length };
    }
    if (action === 'ListObjectsV2') {
      const prefix = `${String(args['Bucket'])}/${String(args['Prefix'] ?? '')}`;
      const keys = [...this.objects.keys()].filter((name) => name.startsWith(prefix)).sort();
      const from = Number(args['ContinuationToken'] ?? 0);
      const shown = keys.slice(from, from + 2);
      return {
        Contents: shown.map((name) => ({
          Key: name.slice(name.indexOf('/') + 1),
          Size: this.objects.get(name)!.body.length,
          ETag: this.objects.get(name)!.etag,
          LastModified: new Date(0),
          StorageClass: 'STANDARD',
        })),
        IsTruncated: from + 2 < keys.length,
        ...(from + 2 < keys.length ? { NextContinuationToken: String(from + 2) } : {}),
      };
    }
    throw new ServiceError('UnknownOperationException', action);
  });
}

export interface TestCloudOptions extends StatesOptions {
  readonly functions?: Record<string, LambdaFunction>;
  readonly peers?: Record<string, Service>;
  readonly clock?: Clock;
  readonly stateDir?: string;
}

export interface History {
  type: string;
  id: number;
  previousEventId: number;
  timestamp: Date;
  [details: string]: unknown;
}

export class TestCloud {
  readonly clock: Clock;
  readonly stateDir: string;
  readonly states: StatesService;
  readonly logged: { level: string; message: string; fields?: Record<string, unknown> }[] = [];
  #owned: boolean;

  constructor(options: TestCloudOptions = {}) {
    this.clock = options.clock ?? virtualClock();
    this.#owned = options.stateDir === undefined;
    this.stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'qefm-states-'));
    const peers: Record<string, Service> = { lambda: lambdaPeer(options.functions ?? {}), ...options.peers };
    const context: CloudContext = {
      clock: this.clock,
      stateDir: this.stateDir,
      region: 'eu-west-2',
      accountId: '123456789012',
      endpoint: () => 'http://127.0.0.1:1',
      peer(name) {
        const found = peers[name];
        if (!found) throw new Error(`no service ${name}`);
        return found;
      },
      log: (level, message, fields) => {
        this.logged.push({ level, message, ...(fields ? { fields } : {}) });
      },
    };
    this.states = createStates(context, options);
  }

  call(action: string, args: Record<string, unknown>): Promise<Record<string, unknown>> {
    return this.states.call(action, args);
  }

  async create(definition: object | string, name = 'machine'): Promise<string> {
    const text = typeof definition === 'string' ? definition : JSON.stringify({ QueryLanguage: 'JSONata', ...definition });
    const answer = await this.call('CreateStateMachine', {
      name,
      definition: text,
      roleArn: 'arn:aws:iam::123456789012:role/test',
    });
    return String(answer['stateMachineArn']);
  }

  async begin(definition: object, input: unknown = {}, name = 'machine'): Promise<string> {
    const stateMachineArn = await this.create(definition, name);
    const answer = await this.call('StartExecution', { stateMachineArn, input: JSON.stringify(input) });
    return String(answer['executionArn']);
  }

  /** Runs a machine to its end. `output` is parsed. */
  async run(definition: object, input: unknown = {}, name?: string): Promise<Ran> {
    const arn = await this.begin(definition, input, name);
    await this.states.ended(arn);
    return this.told(arn);
  }

  async told(arn: string): Promise<Ran> {
    const told = await this.call('DescribeExecution', { executionArn: arn });
    return {
      arn,
      status: String(told['status']),
      output: told['output'] === undefined ? undefined : JSON.parse(String(told['output'])),
      error: told['error'] as string | undefined,
      cause: told['cause'] as string | undefined,
    };
  }

  async history(arn: string): Promise<History[]> {
    const events: History[] = [];
    let nextToken: unknown;
    do {
      const answer = await this.call('GetExecutionHistory', {
        executionArn: arn,
        maxResults: 1000,
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      events.push(...(answer['events'] as History[]));
      nextToken = answer['nextToken'];
    } while (nextToken !== undefined);
    return events;
  }

  async types(arn: string): Promise<string[]> {
    return (await this.history(arn)).map(({ type }) => type);
  }

  async close(): Promise<void> {
    await this.states.stop();
    if (this.#owned) rmSync(this.stateDir, { recursive: true, force: true });
  }
}

export interface Ran {
  arn: string;
  status: string;
  output: unknown;
  error: string | undefined;
  cause: string | undefined;
}

/** A machine of one state that ends. */
export const single = (state: object) => ({ StartAt: 'Only', States: { Only: { End: true, ...state } } });

/** Waits, in turns of the event loop, until something holds. */
export async function eventually(condition: () => boolean | Promise<boolean>, turns = 2000): Promise<void> {
  for (let i = 0; i < turns; i++) {
    if (await condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('the condition never held');
}
