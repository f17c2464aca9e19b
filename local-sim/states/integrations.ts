/** Calls the services behind a Task, and speaks of them as Step Functions does: its casing, its results, its error names. */
import { ServiceError } from '../service.ts';
import { clipped, StatesError } from './errors.ts';
import type { Engine } from './execution.ts';
import { isObject, type Json, type JsonObject, toJson } from './json.ts';
import type { TaskResource } from './resources.ts';

/** Siblings whose SDK members begin with a small letter, where Step Functions writes a capital one. */
const LOWER_CASE_PEERS = new Set(['batch', 'braket', 'states']);
/** Members whose keys belong to the user and keep their spelling. */
const USER_KEYED = new Set([
  'tags',
  'parameters',
  'hyperparameters',
  'sharedvolume',
  'logoptions',
  'options',
  'labels',
  'annotations',
]);

function recase(value: Json, first: (letter: string) => string): Json {
  if (Array.isArray(value)) return value.map((item) => recase(item, first));
  if (!isObject(value)) return value;
  const copy: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    copy[first(key.charAt(0)) + key.slice(1)] = USER_KEYED.has(key.toLowerCase())
      ? (member as Json)
      : recase(member as Json, first);
  }
  return copy;
}

export const toSdkCase = (value: Json): Json => recase(value, (letter) => letter.toLowerCase());
export const fromSdkCase = (value: Json): Json => recase(value, (letter) => letter.toUpperCase());

/** Codes of S3 that have an exception class of their own; all others are S3.S3Exception. */
const S3_MODELLED = new Set(
  'NoSuchKey NoSuchBucket NoSuchUpload BucketAlreadyExists BucketAlreadyOwnedByYou ObjectNotInActiveTierError ObjectAlreadyInActiveTierError InvalidObjectState EncryptionTypeMismatch InvalidRequest InvalidWriteOffset TooManyParts IdempotencyParameterMismatch'.split(
    ' ',
  ),
);

export function errorName(resource: Pick<TaskResource, 'peer' | 'errorPrefix'>, code: string): string {
  if (resource.peer === 's3' && !S3_MODELLED.has(code)) return 'S3.S3Exception';
  return `${resource.errorPrefix}.${code.endsWith('Exception') ? code : `${code}Exception`}`;
}

/** A thrown thing as the error a state sees. */
export function taskError(resource: TaskResource, error: unknown): StatesError {
  if (error instanceof StatesError) return clipped(error);
  if (error instanceof ServiceError) {
    return new StatesError(
      errorName(resource, error.code),
      `${error.message} (Service: ${resource.errorPrefix}, Status Code: ${error.status})`,
    );
  }
  return new StatesError(`${resource.errorPrefix}.SdkClientException`, error instanceof Error ? error.message : String(error));
}

const parseText = (text: string): Json => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
};

function textOf(payload: unknown): string {
  if (payload === undefined || payload === null) return '';
  if (typeof payload === 'string') return payload;
  if (payload instanceof Uint8Array) return Buffer.from(payload).toString('utf8');
  return JSON.stringify(payload);
}

/** @throws StatesError named after the thrown error's type, with the whole error as cause. */
async function invokeLambda(
  engine: Engine,
  args: Record<string, unknown>,
): Promise<{ answer: Record<string, unknown>; text: string }> {
  const answer = await engine.call('lambda', 'Invoke', args);
  const text = textOf(answer['Payload']);
  if (answer['FunctionError'] !== undefined) {
    const told = parseText(text);
    const type = isObject(told) ? told['errorType'] : undefined;
    throw new StatesError(typeof type === 'string' && type !== '' ? type : 'Lambda.Unknown', text);
  }
  return { answer, text };
}

const metadata = (answer: Record<string, unknown>, status: number): JsonObject => {
  const given = answer['$metadata'];
  const requestId = isObject(given) && typeof given['requestId'] === 'string' ? given['requestId'] : undefined;
  return {
    SdkHttpMetadata: { HttpStatusCode: status },
    ...(requestId === undefined ? {} : { SdkResponseMetadata: { RequestId: requestId } }),
  };
};

function needObject(resource: TaskResource, args: Json): JsonObject {
  if (isObject(args)) return args as JsonObject;
  throw new StatesError(
    'States.Runtime',
    `Arguments of ${resource.arn} must be an object, found ${JSON.stringify(args).slice(0, 200)}`,
  );
}

/** A member that may be given as text or as JSON: sent as text. */
const asText = (value: Json | undefined): string | undefined =>
  value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value);

/** Makes the call of a request-response task (or the first call of the other patterns). @throws StatesError */
export async function callService(
  engine: Engine,
  resource: TaskResource,
  args: Json,
  origin: { executionArn: string; stateMachineArn: string },
): Promise<Json> {
  if (resource.kind === 'function') {
    const { text } = await invokeLambda(engine, {
      FunctionName: resource.arn,
      Payload: JSON.stringify(args),
      InvocationType: 'RequestResponse',
    });
    return text === '' ? null : parseText(text);
  }
  const given = needObject(resource, args);
  if (resource.kind === 'optimized' && resource.service === 'lambda') {
    const { Payload, ...rest } = given;
    const { answer, text } = await invokeLambda(engine, {
      InvocationType: 'RequestResponse',
      ...rest,
      Payload: JSON.stringify(Payload ?? {}),
    });
    const status = typeof answer['StatusCode'] === 'number' ? answer['StatusCode'] : 200;
    const version = typeof answer['ExecutedVersion'] === 'string' ? answer['ExecutedVersion'] : '$LATEST';
    return {
      ExecutedVersion: version,
      Payload: text === '' ? null : parseText(text),
      ...metadata(answer, status),
      StatusCode: status,
    };
  }
  if (resource.kind === 'optimized' && resource.service === 'events') {
    const entries = Array.isArray(given['Entries']) ? given['Entries'] : [];
    const Entries = entries.map((entry) => {
      if (!isObject(entry))
        throw new StatesError(
          'EventBridge.ValidationException',
          `an entry of putEvents is an object, found ${JSON.stringify(entry)}`,
        );
      const resources = Array.isArray(entry['Resources']) ? entry['Resources'] : [];
      return {
        ...entry,
        Detail: asText(entry['Detail'] as Json),
        Resources: [...resources, origin.executionArn, origin.stateMachineArn],
      };
    });
    const answer = toJson(await engine.call('events', 'PutEvents', { ...given, Entries })) as JsonObject;
    if (typeof answer['FailedEntryCount'] === 'number' && answer['FailedEntryCount'] > 0)
      throw new StatesError('EventBridge.FailedEntry', JSON.stringify(answer));
    return withoutMetadata(answer, 200);
  }
  const lower = LOWER_CASE_PEERS.has(resource.peer);
  let sent = (lower ? toSdkCase(given) : given) as JsonObject;
  if (resource.peer === 'lambda' && 'Payload' in sent) sent = { ...sent, Payload: asText(sent['Payload'])! };
  // Step Functions writes a Body that is JSON, not text, as its JSON.
  if (resource.peer === 's3' && 'Body' in sent) sent = { ...sent, Body: asText(sent['Body'])! };
  if (resource.peer === 'states' && 'input' in sent) sent['input'] = asText(sent['input'])!;
  if (resource.peer === 'states' && 'output' in sent) sent['output'] = asText(sent['output'])!;
  const answer = await engine.call(resource.peer, resource.action, sent, origin.stateMachineArn);
  const { $metadata: _, ...members } = answer;
  const told = toJson(members) as JsonObject;
  const result = lower ? (fromSdkCase(told) as JsonObject) : told;
  return resource.kind === 'optimized' ? { ...result, SdkHttpMetadata: { HttpStatusCode: 200 } } : result;
}

function withoutMetadata(answer: JsonObject, status: number): JsonObject {
  const { $metadata: _, ...rest } = answer;
  return { ...rest, SdkHttpMetadata: { HttpStatusCode: status } };
}
