/** Lambda over HTTP (rest-json, API version 2015-03-31) and for siblings in the process. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { decodePercent } from '../http/sigv4.ts';
import { type CloudContext, type Service, ServiceError, type ServiceRequest, type ServiceResponse } from '../service.ts';
import { type AsyncQueue, type DeadLetter, openAsyncQueue } from './asynchronous.ts';
import type { FunctionConfig, Invocation } from './function.ts';
import { functionArn } from './function.ts';
import { type LogFiles, openLogFiles } from './logs.ts';
import { createPool, type Lane } from './pool.ts';
import { createRegistry, type StoredFunction } from './registry.ts';

export interface LambdaOptions {
  functions?: readonly FunctionConfig[];
  /** Most steps at work at once; 2 when absent. */
  workLimit?: number;
  /** The same for the HTTP API and asynchronous invocations; 4 when absent. */
  interactiveLimit?: number;
  /** Idle environments kept warm; 12 when absent. */
  idleLimit?: number;
  /** Only for unit tests: handlers run in this thread. */
  inProcess?: boolean;
  /** Variables a function gets beyond those of the runtime and its own: endpoint, region, key pair. */
  baseEnvironment?: (functionName: string) => Record<string, string>;
  /** Gets every line a function writes: metrics hide in them. */
  onLogLine?: (line: string, timestampMs: number) => void;
  /** Told how many invocations were given up, at the start and whenever one more is. */
  onDeadLetters?: (count: number) => void;
}

export interface LambdaService extends Service {
  setFunctions(functions: readonly FunctionConfig[]): void;
  /** Runs a function and waits. Throws ServiceError only for what is wrong with the call, never for what the function did. */
  invoke(reference: string, payload: string, lane: Lane): Promise<Invocation>;
  deadLetters(): readonly DeadLetter[];
  /** Asynchronous invocations not yet done. */
  openInvocations(): number;
  readonly logs: LogFiles;
}

const MAX_SYNC_BYTES = 6_291_456;
const MAX_ASYNC_BYTES = 1_048_576;
const LOG_TAIL_BYTES = 4096;

export function createLambda(context: CloudContext, options: LambdaOptions = {}): LambdaService {
  const registry = createRegistry(context);
  registry.setPlan(options.functions ?? []);
  const logs = openLogFiles(context.stateDir);
  const pool = createPool({
    clock: context.clock,
    host: {
      region: context.region,
      accountId: context.accountId,
      compileCacheDir: join(context.stateDir, 'lambda', 'compiled'),
      baseEnvironment: options.baseEnvironment ?? (() => ({})),
    },
    workLimit: options.workLimit ?? 2,
    interactiveLimit: options.interactiveLimit ?? 4,
    idleLimit: options.idleLimit ?? 12,
    inProcess: options.inProcess ?? false,
    onLog(functionName, requestId, message) {
      const timestampMs = context.clock.now();
      logs.write(functionName, { timestampMs, requestId, message });
      options.onLogLine?.(message, timestampMs);
    },
  });
  let queue: Promise<AsyncQueue> | undefined;
  let opened: AsyncQueue | undefined;

  const invoke = async (
    reference: string,
    payload: string,
    lane: Lane,
    requestId: string = randomUUID(),
  ): Promise<Invocation> => {
    const { config } = registry.find(reference);
    if (Buffer.byteLength(payload) > MAX_SYNC_BYTES) {
      throw new ServiceError(
        'RequestTooLargeException',
        `${Buffer.byteLength(payload)} byte payload is too large for the RequestResponse invocation type (limit ${MAX_SYNC_BYTES} bytes)`,
        413,
      );
    }
    try {
      JSON.parse(payload);
    } catch (error) {
      throw new ServiceError(
        'InvalidRequestContentException',
        `Could not parse request body into json: ${error instanceof Error ? error.message : String(error)}`,
        400,
      );
    }
    const done = await pool.invoke(config, requestId, payload, lane);
    const outcome = done.failure ? ` Status: ${done.failure.errorType}` : '';
    const message = `REPORT RequestId: ${requestId} Duration: ${done.durationMs.toFixed(2)} ms Memory Size: ${config.memoryMb} MB${outcome}`;
    logs.write(config.name, { timestampMs: context.clock.now(), requestId, message });
    return done;
  };
  const asyncQueue = () => {
    queue ??= openAsyncQueue(
      context,
      (functionName, requestId, payload) => invoke(functionName, payload, 'interactive', requestId),
      options.onDeadLetters,
    ).then((made) => {
      opened = made;
      return made;
    });
    return queue;
  };
  const accept = async (reference: string, payload: string): Promise<string> => {
    const { config } = registry.find(reference);
    if (Buffer.byteLength(payload) > MAX_ASYNC_BYTES) {
      throw new ServiceError(
        'RequestTooLargeException',
        `${Buffer.byteLength(payload)} byte payload is too large for the Event invocation type (limit ${MAX_ASYNC_BYTES} bytes)`,
        413,
      );
    }
    const requestId = randomUUID();
    await (await asyncQueue()).accept({ functionName: config.name, requestId, payload });
    return requestId;
  };

  const describe = (stored: StoredFunction) => ({
    FunctionName: stored.config.name,
    FunctionArn: functionArn(context.region, context.accountId, stored.config.name),
    Runtime: stored.runtime,
    Role: stored.role,
    Handler: stored.handler,
    CodeSize: stored.codeBytes,
    CodeSha256: stored.codeSha256,
    Description: stored.config.description ?? '',
    Timeout: stored.config.timeoutSeconds,
    MemorySize: stored.config.memoryMb,
    LastModified: new Date(stored.lastModifiedMs).toISOString().replace('Z', '+0000'),
    Version: '$LATEST',
    Environment: { Variables: stored.config.environment },
    TracingConfig: { Mode: 'PassThrough' },
    RevisionId: stored.codeSha256,
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
    Architectures: ['x86_64'],
    EphemeralStorage: { Size: 512 },
    LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${stored.config.name}` },
  });

  const zipOf = async (code: Record<string, unknown>): Promise<Buffer> => {
    const inline = code['ZipFile'];
    if (typeof inline === 'string') return Buffer.from(inline, 'base64');
    if (inline instanceof Uint8Array) return Buffer.from(inline);
    if (typeof code['S3Bucket'] === 'string' && typeof code['S3Key'] === 'string') {
      const args = {
        Bucket: code['S3Bucket'],
        Key: code['S3Key'],
        ...(code['S3ObjectVersion'] === undefined ? {} : { VersionId: code['S3ObjectVersion'] }),
      };
      return (await context.peer('s3').call('GetObject', args))['Body'] as Buffer;
    }
    throw new ServiceError('InvalidParameterValueException', 'Code needs ZipFile, or S3Bucket and S3Key.', 400);
  };

  const variablesOf = (args: Record<string, unknown>): Record<string, string> | undefined =>
    (args['Environment'] as { Variables?: Record<string, string> } | undefined)?.Variables;

  const call = async (action: string, args: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const { FunctionName = '', Qualifier } = args;
    const name = Qualifier === undefined ? String(FunctionName) : `${String(FunctionName)}:${String(Qualifier)}`;
    switch (action) {
      case 'Invoke': {
        const type = args['InvocationType'] ?? 'RequestResponse';
        const given = args['Payload'];
        const payload =
          given === undefined
            ? '{}'
            : given instanceof Uint8Array
              ? Buffer.from(given).toString('utf8')
              : typeof given === 'string'
                ? given
                : JSON.stringify(given);
        if (type === 'DryRun') {
          registry.find(name);
          return { StatusCode: 204 };
        }
        if (type === 'Event') {
          JSON.parse(payload);
          await accept(name, payload);
          return { StatusCode: 202 };
        }
        const done = await invoke(name, payload, 'work');
        return {
          StatusCode: 200,
          ExecutedVersion: '$LATEST',
          ...(done.failure ? { FunctionError: 'Unhandled' } : {}),
          Payload: Buffer.from(done.failure ? JSON.stringify(done.failure) : (done.payload ?? 'null')),
          ...(args['LogType'] === 'Tail'
            ? { LogResult: Buffer.from(done.logLines.join('\n')).subarray(-LOG_TAIL_BYTES).toString('base64') }
            : {}),
        };
      }
      case 'CreateFunction': {
        const description = args['Description'];
        const stored = registry.create({
          name,
          zip: await zipOf((args['Code'] as Record<string, unknown> | undefined) ?? {}),
          handler: String(args['Handler'] ?? ''),
          runtime: String(args['Runtime'] ?? ''),
          role: String(args['Role'] ?? ''),
          memoryMb: Number(args['MemorySize'] ?? 128),
          timeoutSeconds: Number(args['Timeout'] ?? 3),
          environment: variablesOf(args) ?? {},
          ...(typeof description === 'string' ? { description } : {}),
        });
        return describe(stored);
      }
      case 'UpdateFunctionCode': {
        const stored = registry.updateCode(name, await zipOf(args));
        pool.retire(stored.config.name);
        return describe(stored);
      }
      case 'UpdateFunctionConfiguration': {
        const variables = variablesOf(args);
        const stored = registry.updateConfiguration(name, {
          ...(typeof args['Handler'] === 'string' ? { handler: args['Handler'] } : {}),
          ...(typeof args['Runtime'] === 'string' ? { runtime: args['Runtime'] } : {}),
          ...(typeof args['Role'] === 'string' ? { role: args['Role'] } : {}),
          ...(typeof args['MemorySize'] === 'number' ? { memoryMb: args['MemorySize'] } : {}),
          ...(typeof args['Timeout'] === 'number' ? { timeoutSeconds: args['Timeout'] } : {}),
          ...(typeof args['Description'] === 'string' ? { description: args['Description'] } : {}),
          ...(variables === undefined ? {} : { environment: variables }),
        });
        pool.retire(stored.config.name);
        return describe(stored);
      }
      case 'GetFunction':
        return { Configuration: describe(registry.find(name)), Code: { RepositoryType: 'S3' }, Tags: {} };
      case 'GetFunctionConfiguration':
        return describe(registry.find(name));
      case 'ListFunctions':
        return { Functions: registry.list().map(describe) };
      case 'DeleteFunction': {
        registry.remove(name);
        pool.retire(name);
        return {};
      }
      default:
        throw new ServiceError('UnknownOperationException', `The local Lambda does not implement ${action}.`, 404);
    }
  };

  return {
    signingNames: ['lambda'],
    logs,
    setFunctions: (functions) => registry.setPlan(functions),
    invoke,
    call,
    deadLetters: () => opened?.deadLetters() ?? [],
    openInvocations: () => opened?.open ?? 0,
    async start() {
      await asyncQueue();
    },
    async stop() {
      await opened?.stop();
      await pool.stop();
      await logs.flush();
    },
    handle: (request) => route(request, call),
  };
}

const json = (status: number, value: unknown): ServiceResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

async function route(request: ServiceRequest, call: Service['call']): Promise<ServiceResponse> {
  const match = /^\/2015-03-31\/functions(?:\/([^/]*)(?:\/([a-z-]+))?)?\/?$/.exec(request.path);
  if (!match)
    throw new ServiceError('UnknownOperationException', `The local Lambda has no ${request.method} ${request.path}.`, 404);
  const name = match[1] === undefined || match[1] === '' ? undefined : decodePercent(match[1]);
  const part = match[2];
  const { method } = request;
  const body = (): Record<string, unknown> => {
    try {
      return request.body.length === 0 ? {} : (JSON.parse(request.body.toString('utf8')) as Record<string, unknown>);
    } catch (error) {
      throw new ServiceError('InvalidRequestContentException', `Could not parse request body into json: ${String(error)}`, 400);
    }
  };
  if (name === undefined) {
    if (method === 'POST') return json(201, await call('CreateFunction', body()));
    if (method === 'GET') return json(200, await call('ListFunctions', {}));
  } else if (part === 'invocations' && method === 'POST') return invocation(request, name, call);
  else if (part === undefined && method === 'GET') return json(200, await call('GetFunction', { FunctionName: name }));
  else if (part === undefined && method === 'DELETE') {
    await call('DeleteFunction', { FunctionName: name });
    return { status: 204 };
  } else if (part === 'code' && method === 'PUT')
    return json(200, await call('UpdateFunctionCode', { ...body(), FunctionName: name }));
  else if (part === 'configuration' && method === 'GET')
    return json(200, await call('GetFunctionConfiguration', { FunctionName: name }));
  else if (part === 'configuration' && method === 'PUT')
    return json(200, await call('UpdateFunctionConfiguration', { ...body(), FunctionName: name }));
  throw new ServiceError('UnknownOperationException', `The local Lambda has no ${method} ${request.path}.`, 404);
}

async function invocation(request: ServiceRequest, name: string, call: Service['call']): Promise<ServiceResponse> {
  const qualifier = request.query.get('Qualifier');
  const Payload = request.body.length === 0 ? '{}' : request.body.toString('utf8');
  const done = await call('Invoke', {
    FunctionName: name,
    ...(qualifier === null ? {} : { Qualifier: qualifier }),
    InvocationType: request.headers['x-amz-invocation-type'] ?? 'RequestResponse',
    LogType: request.headers['x-amz-log-type'],
    Payload,
  });
  const status = done['StatusCode'] as number;
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (typeof done['ExecutedVersion'] === 'string') headers['x-amz-executed-version'] = done['ExecutedVersion'];
  if (typeof done['FunctionError'] === 'string') headers['x-amz-function-error'] = done['FunctionError'];
  if (typeof done['LogResult'] === 'string') headers['x-amz-log-result'] = done['LogResult'];
  return { status, headers, ...(status === 200 ? { body: done['Payload'] as Buffer } : {}) };
}
