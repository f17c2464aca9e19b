/** One execution environment: a worker thread that runs one function, one invocation at a time, and is ended when it overstays or overeats. */
import { Worker } from 'node:worker_threads';
import { exited, type FunctionConfig, type FunctionFailure, functionArn, outOfMemory, timedOut } from './function.ts';
import type { InvokeMessage, WorkerMessage, WorkerSetup } from './protocol.ts';
import { describeError, type Handler, loadHandler, runHandler } from './runtime.ts';

export interface Environment {
  readonly fingerprint: string;
  readonly alive: boolean;
  idleSinceMs: number;
  invoke(
    requestId: string,
    payload: string,
    onLog: (line: string) => void,
  ): Promise<{ payload: string } | { failure: FunctionFailure }>;
  end(): Promise<void>;
}

export interface EnvironmentHost {
  region: string;
  accountId: string;
  /** Where compiled code is kept between cold starts. */
  compileCacheDir: string;
  /** Variables a function gets besides its own: endpoint, region, and its key pair. */
  baseEnvironment(functionName: string): Record<string, string>;
}

/** AWS gives a cold start ten seconds; a laptop whose cores are shared may need more for the same modules. */
const INIT_TIMEOUT_MS = 60_000;
const MEMORY_POLL_MS = 250;
const MEBIBYTE = 2 ** 20;

export function setupFor(config: FunctionConfig, host: EnvironmentHost, logStreamName: string): WorkerSetup {
  return {
    entry: config.entry,
    exportName: config.exportName ?? 'handler',
    functionName: config.name,
    functionArn: functionArn(host.region, host.accountId, config.name),
    memoryMb: config.memoryMb,
    logGroupName: `/aws/lambda/${config.name}`,
    logStreamName,
    compileCacheDir: host.compileCacheDir,
  };
}

export function variablesFor(config: FunctionConfig, host: EnvironmentHost, setup: WorkerSetup): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: config.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(config.memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: setup.logGroupName,
    AWS_LAMBDA_LOG_STREAM_NAME: setup.logStreamName,
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    ...host.baseEnvironment(config.name),
    ...config.environment,
  };
}

export function workerEnvironment(
  config: FunctionConfig,
  fingerprint: string,
  host: EnvironmentHost,
  logStreamName: string,
): Environment {
  const setup = setupFor(config, host, logStreamName);
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: setup,
    env: variablesFor(config, host, setup),
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: config.memoryMb, maxYoungGenerationSizeMb: Math.min(64, config.memoryMb) },
  });
  // A running invocation holds the process open; an idle environment must not.
  worker.unref();
  let alive = true;
  let onMessage: ((message: WorkerMessage) => void) | undefined;
  let onEnd: ((failure: (requestId: string) => FunctionFailure) => void) | undefined;
  let ready: 'pending' | 'yes' | FunctionFailure = 'pending';

  const end = async () => {
    alive = false;
    await worker.terminate();
  };

  const over = (failure: (requestId: string) => FunctionFailure) => {
    alive = false;
    onEnd?.(failure);
  };
  worker.on('message', (message: WorkerMessage) => {
    if (message.kind === 'ready') ready = 'yes';
    if (message.kind === 'init-failed') ready = message.failure;
    if (onMessage) onMessage(message);
    else if (message.kind === 'failure' && message.fatal) void end();
  });
  worker.on('error', (error: Error & { code?: string }) => {
    over((requestId) => (error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? outOfMemory(requestId) : describeError(error)));
  });
  worker.on('exit', (code) => over((requestId) => exited(requestId, code)));

  return {
    fingerprint,
    get alive() {
      return alive;
    },
    idleSinceMs: 0,
    end,
    invoke(requestId, payload, onLog) {
      return new Promise((resolve) => {
        let settled = false;
        let deadline: NodeJS.Timeout | undefined;
        let poll: NodeJS.Timeout | undefined;
        worker.ref();
        const settle = (outcome: { payload: string } | { failure: FunctionFailure }, kill: boolean) => {
          if (settled) return;
          settled = true;
          clearTimeout(deadline);
          clearInterval(poll);
          onMessage = undefined;
          onEnd = undefined;
          worker.unref();
          if (kill) void end();
          resolve(outcome);
        };
        const begin = () => {
          clearTimeout(deadline);
          const limitMs = config.timeoutSeconds * 1000;
          const message: InvokeMessage = { requestId, payload, deadlineMs: Date.now() + limitMs };
          deadline = setTimeout(() => settle({ failure: timedOut(requestId, config.timeoutSeconds) }, true), limitMs);
          worker.postMessage(message);
        };
        onEnd = (failure) => settle({ failure: failure(requestId) }, true);
        onMessage = (message) => {
          if (message.kind === 'ready') begin();
          else if (message.kind === 'init-failed') settle({ failure: message.failure }, true);
          else if (message.kind === 'log') onLog(message.line);
          else if (message.kind === 'result' && message.requestId === requestId) settle({ payload: message.payload }, false);
          else if (message.kind === 'failure') settle({ failure: message.failure }, message.fatal);
        };
        // The heap limit does not count array buffers; this does.
        poll = setInterval(() => {
          worker.getHeapStatistics().then(
            (heap) => {
              const used = heap.used_heap_size + heap.external_memory;
              if (used > config.memoryMb * MEBIBYTE) settle({ failure: outOfMemory(requestId) }, true);
            },
            () => {},
          );
        }, MEMORY_POLL_MS);
        if (!alive) settle({ failure: exited(requestId, 1) }, true);
        else if (ready === 'yes') begin();
        else if (ready === 'pending') {
          const failure = {
            errorType: 'Sandbox.Timedout',
            errorMessage: `RequestId: ${requestId} Error: Initialization took longer than ${INIT_TIMEOUT_MS / 1000} seconds`,
          };
          deadline = setTimeout(() => settle({ failure }, true), INIT_TIMEOUT_MS);
        } else settle({ failure: ready }, true);
      });
    },
  };
}

/** For unit tests: the handler runs in this very thread, with this process's variables; a time-out answers but cannot stop the code. */
export function inProcessEnvironment(
  config: FunctionConfig,
  fingerprint: string,
  host: EnvironmentHost,
  logStreamName: string,
): Environment {
  const setup = setupFor(config, host, logStreamName);
  Object.assign(process.env, config.environment);
  let handler: Promise<Handler> | undefined;
  return {
    fingerprint,
    alive: true,
    idleSinceMs: 0,
    end: async () => {},
    async invoke(requestId, payload) {
      handler ??= loadHandler(setup);
      let run: Handler;
      try {
        run = await handler;
      } catch (error) {
        handler = undefined;
        return { failure: describeError(error) };
      }
      let deadline: NodeJS.Timeout | undefined;
      const late = new Promise<{ failure: FunctionFailure }>((resolve) => {
        deadline = setTimeout(
          () => resolve({ failure: timedOut(requestId, config.timeoutSeconds) }),
          config.timeoutSeconds * 1000,
        );
      });
      const outcome = await Promise.race([
        runHandler(run, setup, { requestId, payload, deadlineMs: Date.now() + config.timeoutSeconds * 1000 }),
        late,
      ]);
      clearTimeout(deadline);
      return outcome;
    },
  };
}
