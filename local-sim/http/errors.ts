/** Writes an error in the wire protocol of the request that caused it. */
import { ServiceError, type ServiceResponse } from '../service.ts';
import { encodeCbor } from './cbor.ts';
import { xmlDocument } from './xml.ts';

export interface ErrorPlace {
  /** SigV4 signing name, or undefined when the request could not be routed. */
  service: string | undefined;
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  requestId: string;
}

/** Any thrown value as a ServiceError: what is not one is our own fault, a 500. */
export function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ServiceError('InternalFailure', `The local cloud failed: ${message}`, 500);
}

export function errorResponse(thrown: unknown, place: ErrorPlace): ServiceResponse {
  const error = asServiceError(thrown);
  const type = place.headers['content-type'] ?? '';
  if (place.headers['smithy-protocol'] === 'rpc-v2-cbor') {
    return {
      status: error.status,
      headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor', 'x-amzn-query-error': queryError(error) },
      body: encodeCbor({ __type: error.code, message: error.message, ...error.details }),
    };
  }
  if (type.startsWith('application/x-amz-json')) {
    return {
      status: error.status,
      headers: { 'content-type': type, 'x-amzn-errortype': error.code, 'x-amzn-query-error': queryError(error) },
      body: JSON.stringify({ __type: error.code, message: error.message, Message: error.message, ...error.details }),
    };
  }
  if (type.startsWith('application/x-www-form-urlencoded')) {
    const fault = error.status >= 500 ? 'Receiver' : 'Sender';
    return {
      status: error.status,
      headers: { 'content-type': 'text/xml' },
      body: xmlDocument('ErrorResponse', {
        Error: { Type: fault, Code: error.code, Message: error.message },
        RequestId: place.requestId,
      }),
    };
  }
  if (place.service === 's3' || place.service === undefined) {
    if (error.status === 304 || place.method === 'HEAD') return { status: error.status, headers: detailHeaders(error) };
    const details = Object.fromEntries(Object.entries(error.details).filter(([name]) => !name.startsWith('header:'))) as Record<
      string,
      string
    >;
    return {
      status: error.status,
      headers: { 'content-type': 'application/xml', ...detailHeaders(error) },
      body: xmlDocument('Error', {
        Code: error.code,
        Message: error.message,
        ...details,
        RequestId: place.requestId,
        HostId: 'local',
      }),
    };
  }
  if (place.service === 'execute-api') {
    return {
      status: error.status,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ message: error.message }),
    };
  }
  return {
    status: error.status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': error.code },
    body: JSON.stringify({
      message: error.message,
      Message: error.message,
      Type: error.status >= 500 ? 'Service' : 'User',
      ...error.details,
    }),
  };
}

/** Details named `header:x` travel as response headers: S3 says so what it knows about a delete marker or a range. */
function detailHeaders(error: ServiceError): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(error.details))
    if (name.startsWith('header:')) headers[name.slice(7)] = String(value);
  return headers;
}

const queryError = (error: ServiceError): string => `${error.code};${error.status >= 500 ? 'Receiver' : 'Sender'}`;
