/**
 * Who may run when. Environments are kept warm per function; the number at work is limited, so that a small machine is not flooded,
 * and callers beyond the limit wait in order. Two lanes: long steps can never keep the HTTP API and event handlers from running.
 * AWS would throttle where this waits; nothing is refused.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { type Environment, type EnvironmentHost, inProcessEnvironment, workerEnvironment } from './environment.ts';
import { configFingerprint, type FunctionConfig, type Invocation } from './function.ts';

export type Lane = 'work' | 'interactive';

export interface PoolOptions {
  clock: Clock;
  host: EnvironmentHost;
  /** Most invocations at work in the lane of steps. */
  workLimit: number;
  /** The same for the HTTP API and asynchronous invocations. */
  interactiveLimit: number;
  /** Most idle environments kept, over all functions. */
  idleLimit: number;
  inProcess: boolean;
  onLog(functionName: string, requestId: string, line: string): void;
}

export interface Pool {
  invoke(config: FunctionConfig, requestId: string, payload: string, lane: Lane): Promise<Invocation>;
  /** Ends idle environments of a function whose code or configuration changed. */
  retire(functionName: string): void;
  stop(): Promise<void>;
}

export function createPool(options: PoolOptions): Pool {
  const idle = new Map<string, Environment[]>();
  const everyEnvironment = new Set<Environment>();
  const running: Record<Lane, number> = { work: 0, interactive: 0 };
  const runningOf = new Map<string, number>();
  let waiting: { name: string; limit: number; lane: Lane; go: () => void }[] = [];
  let turns = 0;
  let stopped = false;

  const limitOf = (lane: Lane) => (lane === 'work' ? options.workLimit : options.interactiveLimit);
  const free = (name: string, limit: number, lane: Lane) => running[lane] < limitOf(lane) && (runningOf.get(name) ?? 0) < limit;
  const take = (name: string, lane: Lane) => {
    running[lane]++;
    runningOf.set(name, (runningOf.get(name) ?? 0) + 1);
  };
  const enter = (name: string, limit: number, lane: Lane): Promise<void> | undefined => {
    if (free(name, limit, lane)) {
      take(name, lane);
      return undefined;
    }
    return new Promise((go) => waiting.push({ name, limit, lane, go }));
  };
  const leave = (name: string, lane: Lane) => {
    running[lane]--;
    runningOf.set(name, runningOf.get(name)! - 1);
    const next = waiting.find((one) => free(one.name, one.limit, one.lane));
    if (!next) return;
    waiting = waiting.filter((one) => one !== next);
    take(next.name, next.lane);
    next.go();
  };

  const drop = (environment: Environment) => {
    everyEnvironment.delete(environment);
    void environment.end();
  };
  const obtain = (config: FunctionConfig): Environment => {
    const fingerprint = configFingerprint(config);
    const shelf = idle.get(config.name) ?? [];
    for (let found = shelf.pop(); found; found = shelf.pop()) {
      if (found.alive && found.fingerprint === fingerprint) return found;
      drop(found);
    }
    const date = new Date(options.clock.now()).toISOString().slice(0, 10).replaceAll('-', '/');
    const make = options.inProcess ? inProcessEnvironment : workerEnvironment;
    const environment = make(config, fingerprint, options.host, `${date}/[$LATEST]${randomBytes(16).toString('hex')}`);
    everyEnvironment.add(environment);
    return environment;
  };
  const putBack = (config: FunctionConfig, environment: Environment) => {
    if (!environment.alive || stopped) return drop(environment);
    environment.idleSinceMs = turns++;
    const shelf = idle.get(config.name) ?? [];
    shelf.push(environment);
    idle.set(config.name, shelf);
    const all = [...idle.values()].flat();
    if (all.length <= options.idleLimit) return;
    const oldest = all.reduce((a, b) => (b.idleSinceMs < a.idleSinceMs ? b : a));
    for (const list of idle.values()) {
      const at = list.indexOf(oldest);
      if (at >= 0) list.splice(at, 1);
    }
    drop(oldest);
  };

  return {
    async invoke(config, requestId, payload, lane) {
      const busy = options.clock.busy();
      try {
        await enter(config.name, config.concurrency ?? Number.POSITIVE_INFINITY, lane);
        const startedMs = performance.now();
        const logLines: string[] = [];
        try {
          const environment = obtain(config);
          const outcome = await environment.invoke(requestId, payload, (line) => {
            logLines.push(line);
            options.onLog(config.name, requestId, line);
          });
          putBack(config, environment);
          return { requestId, ...outcome, durationMs: performance.now() - startedMs, logLines };
        } finally {
          leave(config.name, lane);
        }
      } finally {
        busy();
      }
    },
    retire(functionName) {
      for (const environment of idle.get(functionName) ?? []) drop(environment);
      idle.delete(functionName);
    },
    async stop() {
      stopped = true;
      await Promise.all([...everyEnvironment].map((environment) => environment.end()));
      everyEnvironment.clear();
      idle.clear();
    },
  };
}
