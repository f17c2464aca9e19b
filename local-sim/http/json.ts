/** The AWS JSON protocols: one POST, the action in `X-Amz-Target`, a JSON document each way. */
import { ServiceError, type ServiceRequest, type ServiceResponse } from '../service.ts';

/** Reads the action and its arguments. Throws SerializationException, UnknownOperationException. */
export function readJsonCall(request: ServiceRequest): { action: string; args: Record<string, unknown> } {
  const action = (request.headers['x-amz-target'] ?? '').split('.').at(-1) ?? '';
  if (request.method !== 'POST' || action === '')
    throw new ServiceError('UnknownOperationException', 'The request names no action in X-Amz-Target.', 400);
  let args: unknown;
  try {
    args = request.body.length === 0 ? {} : JSON.parse(request.body.toString('utf8'));
  } catch (error) {
    throw new ServiceError(
      'SerializationException',
      `The body is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      400,
    );
  }
  if (typeof args !== 'object' || args === null || Array.isArray(args))
    throw new ServiceError('SerializationException', 'The body must be a JSON object.', 400);
  return { action, args: args as Record<string, unknown> };
}

/** Dates travel as seconds since the epoch. */
export function writeJsonResult(request: ServiceRequest, result: Record<string, unknown>): ServiceResponse {
  const body = JSON.stringify(result, function replace(this: Record<string, unknown>, name: string, value: unknown) {
    const original = this[name];
    return original instanceof Date ? original.getTime() / 1000 : value;
  });
  return { status: 200, headers: { 'content-type': request.headers['content-type'] ?? 'application/x-amz-json-1.1' }, body };
}
