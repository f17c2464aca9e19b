/** The Task state: a call, a wait for a token, or a child that is followed to its end; with time-out and heartbeat. */
import type { TaskState } from './definition.ts';
import { HEARTBEAT_TIMEOUT, StatesError } from './errors.ts';
import type { NewEvent } from './history.ts';
import { callService, taskError } from './integrations.ts';
import { exceedsBytes, isObject, type Json, type JsonObject, PAYLOAD_LIMIT_BYTES } from './json.ts';
import type { Progress } from './records.ts';
import { argumentIssues } from './resources.ts';
import { type Following, followBatchJob, followExecution } from './sync.ts';
import { createToken } from './tokens.ts';
import type { Visit } from './visit.ts';

const SECONDS_RANGE = { least: 1, most: 99_999_999 } as const;

/** The history speaks of a bare Lambda ARN in LambdaFunction events, of everything else in Task events. */
function eventNames(state: TaskState) {
  const bare = state.resource.kind === 'function';
  const about = bare ? {} : { resource: state.resource.resource, resourceType: state.resource.resourceType };
  const name = (what: string) => (bare ? `LambdaFunction${what}` : `Task${what}`);
  return {
    scheduled: (parameters: string, region: string, limits: JsonObject): NewEvent => ({
      type: name('Scheduled'),
      details: bare
        ? { resource: state.resource.arn, input: parameters, ...limits }
        : { ...about, region, parameters, ...limits },
    }),
    started: (): NewEvent => ({ type: name('Started'), ...(bare ? {} : { details: about }) }),
    submitted: (output: string): NewEvent => ({ type: 'TaskSubmitted', details: { ...about, output } }),
    succeeded: (output: string): NewEvent => ({ type: name('Succeeded'), details: { ...about, output } }),
    failed: (error: string, cause?: string): NewEvent => ({
      type: name('Failed'),
      details: { ...about, error, ...(cause === undefined ? {} : { cause }) },
    }),
    submitFailed: (error: string, cause?: string): NewEvent => ({
      type: 'TaskSubmitFailed',
      details: { ...about, error, ...(cause === undefined ? {} : { cause }) },
    }),
    timedOut: (error: string): NewEvent => ({ type: name('TimedOut'), details: { ...about, error } }),
  };
}

/** @throws StatesError as the state's Retry and Catch see it. */
export async function runTask(visit: Visit, state: TaskState): Promise<Json> {
  if (visit.progress.failed)
    throw new StatesError(visit.progress.failed.error, visit.progress.failed.cause, visit.progress.failed.alias);
  if (visit.progress.settled) return JSON.parse(visit.settledText ?? 'null') as Json;
  return new TaskRun(visit, state).run();
}

class TaskRun {
  readonly #visit: Visit;
  readonly #state: TaskState;
  readonly #events: ReturnType<typeof eventNames>;
  #token: string | undefined;
  #heartbeatMs: number | undefined;
  #deadlineMs: number | undefined;
  /** How to give up what was submitted; undefined where nothing can be given up. */
  #cancel: (() => void) | undefined;

  constructor(visit: Visit, state: TaskState) {
    this.#visit = visit;
    this.#state = state;
    this.#events = eventNames(state);
  }

  get #engine() {
    return this.#visit.execution.engine;
  }

  async run(): Promise<Json> {
    const visit = this.#visit;
    const { resource } = this.#state;
    if (resource.pattern === 'token') this.#token = visit.progress.token ?? createToken(visit.execution.facts.arn, visit.key);
    const extra = this.#token === undefined ? {} : { token: this.#token };
    const timeoutSeconds = this.#state.timeoutSeconds
      ? await visit.number(this.#state.timeoutSeconds, 'TimeoutSeconds', SECONDS_RANGE)
      : undefined;
    const heartbeatSeconds = this.#state.heartbeatSeconds
      ? await visit.number(this.#state.heartbeatSeconds, 'HeartbeatSeconds', SECONDS_RANGE)
      : undefined;
    this.#heartbeatMs = heartbeatSeconds === undefined ? undefined : heartbeatSeconds * 1000;
    const args = this.#state.arguments ? await visit.evaluate(this.#state.arguments, 'Arguments', extra) : visit.input;
    // A call that was cut off is made again and gets its whole time; what was handed over keeps the deadline it had.
    this.#deadlineMs = visit.progress.submitted
      ? visit.progress.deadlineMs
      : timeoutSeconds === undefined
        ? undefined
        : visit.clock.now() + timeoutSeconds * 1000;
    if (!visit.progress.scheduled) {
      const limits = {
        ...(timeoutSeconds === undefined ? {} : { timeoutInSeconds: timeoutSeconds }),
        ...(heartbeatSeconds === undefined ? {} : { heartbeatInSeconds: heartbeatSeconds }),
      };
      const parameters = JSON.stringify(args);
      visit.limit(parameters);
      visit.commit([this.#events.scheduled(parameters, this.#engine.region, limits), this.#events.started()], {
        ...visit.progress,
        scheduled: true,
        ...(this.#token === undefined ? {} : { token: this.#token }),
        ...this.#deadline(),
      });
    }
    const outputText = await this.#race(args);
    return JSON.parse(outputText) as Json;
  }

  #deadline(): { deadlineMs?: number } {
    return this.#deadlineMs === undefined ? {} : { deadlineMs: this.#deadlineMs };
  }

  /** The first of: an answer, an error, the deadline, a missed heartbeat, an abort. Whatever settles it is journalled at once. */
  async #race(args: Json): Promise<string> {
    const visit = this.#visit;
    const { clock } = visit;
    const scope = visit.frame.scope;
    try {
      return await visit.idle(
        scope.until<string>((resolve, reject) => {
          const undo: (() => void)[] = [];
          const settle = (action: () => void) => {
            try {
              action();
            } catch (error) {
              reject(error);
              throw error;
            }
          };
          const succeed = (text: string) =>
            settle(() => {
              this.#succeed(text);
              resolve(text);
            });
          const fail = (error: StatesError, event: NewEvent) =>
            settle(() => {
              visit.commit([event], {
                ...visit.progress,
                failed: {
                  error: error.error,
                  ...(error.reason === undefined ? {} : { cause: error.reason }),
                  ...(error.alias === undefined ? {} : { alias: error.alias }),
                },
              });
              reject(error);
            });
          const timeOut = (alias?: string) =>
            fail(new StatesError('States.Timeout', undefined, alias), this.#events.timedOut('States.Timeout'));
          const quietly = (action: () => void) => () => {
            try {
              action();
            } catch {
              // Already handed to reject.
            }
          };

          if (this.#deadlineMs !== undefined) {
            const timer = clock.at(
              this.#deadlineMs,
              quietly(() => timeOut()),
            );
            undo.push(() => timer.cancel());
          }
          // A call that waits for no token cannot send heartbeats: there the first one is missed.
          let beat: { cancel(): void } | undefined;
          const heartbeat = () => {
            beat?.cancel();
            if (this.#heartbeatMs !== undefined)
              beat = clock.at(
                clock.now() + this.#heartbeatMs,
                quietly(() => timeOut(HEARTBEAT_TIMEOUT)),
              );
          };
          heartbeat();
          undo.push(() => beat?.cancel());
          if (this.#token !== undefined) {
            undo.push(
              this.#engine.tokens.open(this.#token, {
                succeed,
                fail: (error, cause) => fail(new StatesError(error ?? '', cause), this.#events.failed(error ?? '', cause)),
                heartbeat,
              }),
            );
          }
          // Work under way holds a virtual clock still; waiting for a token or a child does not.
          const work = this.#work(args, undo);
          work.then(
            (text) => {
              if (text !== undefined) quietly(() => succeed(text))();
            },
            (error: unknown) => {
              if (!(error instanceof StatesError)) return reject(error);
              quietly(() =>
                fail(
                  error,
                  this.#state.resource.pattern !== 'response' && !visit.progress.submitted
                    ? this.#events.submitFailed(error.error, error.reason)
                    : this.#events.failed(error.error, error.reason),
                ),
              )();
            },
          );
          let open = true;
          undo.push(() => {
            open = false;
          });
          this.#isOpen = () => open;
          return () => {
            for (const step of undo) step();
          };
        }),
      );
    } catch (error) {
      const keepsRunning = scope.reason !== undefined && (scope.reason as { why?: string }).why === 'suspended';
      if (!keepsRunning) this.#cancel?.();
      throw error;
    }
  }

  #isOpen: () => boolean = () => true;

  #succeed(text: string): void {
    if (exceedsBytes(text, PAYLOAD_LIMIT_BYTES)) {
      const error = new StatesError(
        'States.DataLimitExceeded',
        `The state/task '${this.#state.resource.kind === 'function' ? this.#state.resource.arn : this.#state.resource.resourceType}' returned a result with a size exceeding the maximum number of bytes service limit.`,
      );
      this.#visit.commit([this.#events.failed(error.error, error.reason)], {
        ...this.#visit.progress,
        failed: { error: error.error, cause: error.reason! },
      });
      throw error;
    }
    this.#visit.commit([this.#events.succeeded(text)], { ...this.#visit.progress, settled: true });
  }

  /** Resolves with the output, or with undefined where the token will bring it. */
  async #work(args: Json, undo: (() => void)[]): Promise<string | undefined> {
    const { resource } = this.#state;
    const visit = this.#visit;
    const { facts } = visit.execution;
    // What an expression brought could not be checked when the machine was made.
    const [issue] = isObject(args) ? argumentIssues(resource, args) : [];
    if (issue !== undefined) throw new StatesError('States.Runtime', issue);
    if (resource.pattern === 'sync' || resource.pattern === 'sync2') return this.#follow(args, undo);
    if (visit.progress.submitted) return undefined;
    const free = visit.clock.busy();
    try {
      const result = await callService(this.#engine, resource, args, {
        executionArn: facts.arn,
        stateMachineArn: facts.stateMachineArn,
      });
      if (!this.#isOpen()) return undefined;
      const text = JSON.stringify(result);
      if (resource.pattern === 'response') return text;
      visit.commit([this.#events.submitted(text)], { ...visit.progress, submitted: {}, ...this.#deadline() });
      return undefined;
    } catch (error) {
      throw taskError(resource, error);
    } finally {
      free();
    }
  }

  async #follow(args: Json, undo: (() => void)[]): Promise<string | undefined> {
    const { resource } = this.#state;
    const visit = this.#visit;
    if (!isObject(args))
      throw new StatesError(
        'States.Runtime',
        `Arguments of ${resource.arn} must be an object, found ${JSON.stringify(args).slice(0, 200)}`,
      );
    const follow = resource.service === 'batch' ? followBatchJob : followExecution;
    const following: Following = {
      engine: this.#engine,
      resource,
      args: args as JsonObject,
      startedBy: `${visit.execution.facts.arn} ${visit.key}`,
      executionArn: visit.execution.facts.arn,
      submittedId: visit.progress.submitted?.id,
      isOpen: () => this.#isOpen(),
      submitted: (id, output) => {
        const progress: Progress = { ...visit.progress, submitted: { id }, ...this.#deadline() };
        visit.commit([this.#events.submitted(JSON.stringify(output))], progress);
      },
      onCancel: (cancel) => {
        this.#cancel = cancel;
      },
      undo: (step) => {
        undo.push(step);
      },
    };
    try {
      const result = await follow(following);
      if (result !== undefined) this.#cancel = undefined;
      return result === undefined || !this.#isOpen() ? undefined : JSON.stringify(result);
    } catch (error) {
      this.#cancel = undefined;
      throw taskError(resource, error);
    }
  }
}
