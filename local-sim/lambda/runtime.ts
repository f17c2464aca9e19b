/** The Node runtime of Lambda: finds the handler, gives it a context, and turns what it returns or throws into a message. */
import { pathToFileURL } from 'node:url';
import type { FunctionFailure } from './function.ts';
import type { InvokeMessage, WorkerSetup } from './protocol.ts';

/** Largest synchronous response, 6 MB and a little. */
const MAX_RESPONSE_BYTES = 6_291_556;

export interface LambdaContext {
  callbackWaitsForEmptyEventLoop: boolean;
  functionName: string;
  functionVersion: string;
  invokedFunctionArn: string;
  memoryLimitInMB: string;
  awsRequestId: string;
  logGroupName: string;
  logStreamName: string;
  getRemainingTimeInMillis(): number;
}

export type Handler = (event: unknown, context: LambdaContext) => unknown;

export function describeError(error: unknown): FunctionFailure {
  if (error instanceof Error || (typeof error === 'object' && error !== null && 'message' in error)) {
    const { name, message, stack } = error as Error;
    const trace = typeof stack === 'string' ? stack.split('\n') : [];
    return { errorType: name || 'Error', errorMessage: String(message), trace };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

/** Imports the module and finds its handler. Rejects with the runtime's own error names. */
export async function loadHandler(setup: Pick<WorkerSetup, 'entry' | 'exportName'>, freshness = ''): Promise<Handler> {
  let module: Record<string, unknown>;
  try {
    module = (await import(/* @vite-ignore */ `${pathToFileURL(setup.entry).href}${freshness}`)) as Record<string, unknown>;
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND')
      throw named('Runtime.ImportModuleError', `Error: ${(error as Error).message}`);
    if (error instanceof SyntaxError) throw named('Runtime.UserCodeSyntaxError', `SyntaxError: ${error.message}`);
    throw error;
  }
  const found = module[setup.exportName] ?? (module['default'] as Record<string, unknown> | undefined)?.[setup.exportName];
  if (typeof found !== 'function')
    throw named('Runtime.HandlerNotFound', `${setup.exportName} is undefined or not exported by ${setup.entry}`);
  if (found.length >= 3) {
    throw named(
      'Runtime.CallbackHandlerDeprecated',
      'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24.',
    );
  }
  return found as Handler;
}

function named(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

export function contextFor(setup: WorkerSetup, message: InvokeMessage): LambdaContext {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: setup.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: setup.functionArn,
    memoryLimitInMB: String(setup.memoryMb),
    awsRequestId: message.requestId,
    logGroupName: setup.logGroupName,
    logStreamName: setup.logStreamName,
    getRemainingTimeInMillis: () => Math.max(0, message.deadlineMs - Date.now()),
  };
}

/** Runs the handler once; the answer is JSON text or a failure, never a throw. */
export async function runHandler(
  handler: Handler,
  setup: WorkerSetup,
  message: InvokeMessage,
): Promise<{ payload: string } | { failure: FunctionFailure }> {
  let result: unknown;
  try {
    result = await handler(JSON.parse(message.payload), contextFor(setup, message));
  } catch (error) {
    return { failure: describeError(error) };
  }
  let payload: string;
  try {
    payload = JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch (error) {
    return {
      failure: {
        errorType: 'Runtime.MarshalError',
        errorMessage: `Unable to stringify response body: ${String(error)}`,
        trace: [],
      },
    };
  }
  if (Buffer.byteLength(payload) > MAX_RESPONSE_BYTES) {
    const errorMessage = `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`;
    return { failure: { errorType: 'Function.ResponseSizeTooLarge', errorMessage, trace: [] } };
  }
  return { payload };
}
