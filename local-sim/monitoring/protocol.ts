/**
 * CloudWatch speaks three protocols and clients choose: Smithy RPC v2 CBOR, AWS JSON 1.0 and the old query protocol. All three are read
 * into one shape (times as Date) and written from it.
 */
import { CborTime, decodeCbor, encodeCbor } from '../http/cbor.ts';
import { readJsonCall, writeJsonResult } from '../http/json.ts';
import { escapeXml } from '../http/xml.ts';
import { ServiceError, type ServiceRequest, type ServiceResponse } from '../service.ts';

export interface MetricCall {
  action: string;
  args: Record<string, unknown>;
  respond(result: Record<string, unknown>): ServiceResponse;
}

const TIME_MEMBERS = new Set(['Timestamp', 'StartTime', 'EndTime']);
const NAMESPACE = 'http://monitoring.amazonaws.com/doc/2010-08-01/';

export function readMetricCall(request: ServiceRequest): MetricCall {
  if (request.headers['smithy-protocol'] === 'rpc-v2-cbor') {
    const action = /\/operation\/([A-Za-z]+)\/?$/.exec(request.path)?.[1];
    if (action === undefined)
      throw new ServiceError('UnknownOperationException', `No operation in the path ${request.path}.`, 404);
    let args: unknown;
    try {
      args = request.body.length === 0 ? {} : decodeCbor(request.body);
    } catch (error) {
      throw new ServiceError('SerializationException', String(error), 400);
    }
    return {
      action,
      args: readTimes(args) as Record<string, unknown>,
      respond: (result) => ({
        status: 200,
        headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' },
        body: encodeCbor(cborTimes(result)),
      }),
    };
  }
  if ((request.headers['content-type'] ?? '').startsWith('application/x-amz-json')) {
    const { action, args } = readJsonCall(request);
    return { action, args: readTimes(args) as Record<string, unknown>, respond: (result) => writeJsonResult(request, result) };
  }
  const form = new URLSearchParams(request.method === 'GET' ? request.query : request.body.toString('utf8'));
  const action = form.get('Action') ?? '';
  if (!/^[A-Za-z]+$/.test(action))
    throw new ServiceError('InvalidAction', `The action ${action} is not valid for this endpoint.`, 400);
  return {
    action,
    args: readTimes(readForm(form)) as Record<string, unknown>,
    respond: (result) => ({
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body:
        `<${action}Response xmlns="${NAMESPACE}"><${action}Result>${queryXml(result)}</${action}Result>` +
        `<ResponseMetadata><RequestId>${request.requestId}</RequestId></ResponseMetadata></${action}Response>`,
    }),
  };
}

/** `MetricData.member.1.MetricName=x` becomes nested records and lists; text that is a number stays text until it is used. */
function readForm(form: URLSearchParams): Record<string, unknown> {
  // Without prototypes: the names come from outside.
  const record = () => Object.create(null) as Record<string, unknown>;
  const root = record();
  for (const [name, value] of form) {
    if (name === 'Action' || name === 'Version') continue;
    const steps = name.split('.').filter((step) => step !== 'member');
    let place = root;
    for (const step of steps.slice(0, -1)) {
      if (typeof place[step] !== 'object') place[step] = record();
      place = place[step] as Record<string, unknown>;
    }
    place[steps.at(-1) ?? ''] = value;
  }
  return listsOf(root) as Record<string, unknown>;
}

/** Records whose names are 1, 2, 3 … are lists. */
function listsOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, listsOf(inner)] as const);
  if (entries.length > 0 && entries.every(([name]) => /^[1-9]\d{0,5}$/.test(name)))
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, inner]) => inner);
  return Object.fromEntries(entries);
}

function readTimes(value: unknown, name = ''): unknown {
  if (value instanceof CborTime) return new Date(value.epochSeconds * 1000);
  if (Array.isArray(value)) return value.map((item) => readTimes(item, name));
  if (typeof value === 'object' && value !== null && !(value instanceof Date))
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, readTimes(inner, key)]));
  if (TIME_MEMBERS.has(name) && typeof value === 'number') return new Date(value * 1000);
  if (TIME_MEMBERS.has(name) && typeof value === 'string') return new Date(value);
  return value;
}

function cborTimes(value: unknown): unknown {
  if (value instanceof Date) return new CborTime(value.getTime() / 1000);
  if (Array.isArray(value)) return value.map(cborTimes);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, cborTimes(inner)]));
  return value;
}

function queryXml(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => `<member>${queryXml(item)}</member>`).join('');
  if (typeof value === 'object') {
    return Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => `<${key}>${queryXml(inner)}</${key}>`)
      .join('');
  }
  return escapeXml(String(value));
}
