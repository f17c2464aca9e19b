/** Runs inside a worker thread: one execution environment of one function, warm between invocations. */
import { enableCompileCache, flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { InvokeMessage, WorkerMessage, WorkerSetup } from './protocol.ts';
import { describeError, type Handler, loadHandler, runHandler } from './runtime.ts';

const setup = workerData as WorkerSetup;
const port = parentPort!;
let requestId = '';
const say = (message: WorkerMessage) => port.postMessage(message);

// Lines, not chunks: a metric is one line, and a log event is one line.
function captureLines(stream: NodeJS.WriteStream): void {
  let tail = '';
  stream.write = ((chunk: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean => {
    const text = tail + (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
    const lines = text.split('\n');
    tail = lines.pop() ?? '';
    for (const line of lines) say({ kind: 'log', requestId, line });
    const done = typeof encoding === 'function' ? encoding : callback;
    if (typeof done === 'function') queueMicrotask(() => done());
    return true;
  }) as typeof stream.write;
}
captureLines(process.stdout);
captureLines(process.stderr);

process.on('uncaughtException', (error) => fail(error, 'Runtime.UncaughtException'));
process.on('unhandledRejection', (reason) => fail(reason, 'Runtime.UnhandledPromiseRejection'));

function fail(error: unknown, errorType: string): void {
  const { errorType: name, errorMessage, trace } = describeError(error);
  const failure = { errorType, errorMessage: `${name}: ${errorMessage}`, ...(trace ? { trace } : {}) };
  say({ kind: 'failure', requestId, failure, fatal: true });
}

let handler: Handler | undefined;
try {
  // A bundle of a megabyte takes longer to compile than to run for the first time.
  enableCompileCache(setup.compileCacheDir);
  handler = await loadHandler(setup);
  flushCompileCache();
  say({ kind: 'ready' });
} catch (error) {
  say({ kind: 'init-failed', failure: describeError(error) });
}

port.on('message', (message: InvokeMessage) => {
  requestId = message.requestId;
  void runHandler(handler!, setup, message).then((outcome) => {
    if ('payload' in outcome) say({ kind: 'result', requestId: message.requestId, payload: outcome.payload });
    else say({ kind: 'failure', requestId: message.requestId, failure: outcome.failure, fatal: false });
  });
});
