/** One visit of one state: its context and expressions, its retries and catches, and what it leaves behind. */

import type { Assignments, Catcher, ChoiceState, GuardedState, Retrier, State, WaitState } from './definition.ts';
import { runDistributedMap } from './distributed-map.ts';
import { Aborted, HistoryFull, matchesError, StatesError } from './errors.ts';
import type { Current, Execution, Frame } from './execution.ts';
import { type Bindings, evaluateTemplate, type Template } from './expressions.ts';
import { seededUnit } from './functions.ts';
import type { NewEvent } from './history.ts';
import { runInlineMap } from './inline-map.ts';
import { exceedsBytes, type Json, type JsonObject, PAYLOAD_LIMIT_BYTES, VARIABLES_LIMIT_BYTES } from './json.ts';
import { runParallel } from './parallel.ts';
import { parseTimestamp } from './parse.ts';
import type { Progress } from './records.ts';
import { describeRange, inRange, type Range } from './section.ts';
import { runTask } from './task.ts';

export interface Outcome {
  readonly output: Json;
  readonly outputText: string;
  readonly assigned: Readonly<Record<string, Json>>;
  readonly next: string | undefined;
}

/** What an expression sees beyond input and variables. */
export interface Extra {
  readonly result?: Json;
  readonly errorOutput?: Json;
  readonly token?: string;
  readonly map?: JsonObject;
}

export class Visit {
  readonly execution: Execution;
  readonly frame: Frame;
  readonly state: State;
  readonly input: Json;
  readonly settledText: string | undefined;
  #current: Current;

  constructor(execution: Execution, frame: Frame, current: Current) {
    this.execution = execution;
    this.frame = frame;
    this.state = current.state;
    this.input = current.input;
    this.settledText = current.settledText;
    this.#current = current;
  }

  get progress(): Progress {
    return this.#current.progress;
  }

  get clock() {
    return this.execution.engine.clock;
  }

  /** Names this attempt of this visit, the same after a restart: branches, children and jitter are named after it. */
  get key(): string {
    return `${this.frame.id}/${this.frame.visits}.${this.progress.retryCount ?? 0}`;
  }

  /** Writes events and, where given, how far the visit has come. */
  commit(events: readonly NewEvent[], progress?: Progress): void {
    this.execution.commit(this.frame, events, progress ? { p: progress } : {});
    if (progress) this.#current.progress = progress;
  }

  /** Lets a virtual clock go on while this branch waits. */
  async idle<T>(wait: Promise<T>): Promise<T> {
    const resume = this.frame.rest();
    try {
      return await wait;
    } finally {
      resume();
    }
  }

  bindings(extra: Extra): Bindings {
    const { facts } = this.execution;
    const context: JsonObject = {
      Execution: {
        Id: facts.arn,
        Input: this.execution.input,
        Name: facts.name,
        RoleArn: facts.roleArn,
        StartTime: new Date(facts.startMs).toISOString(),
        RedriveCount: 0,
      },
      State: {
        EnteredTime: new Date(this.#current.enteredMs).toISOString(),
        Name: this.state.name,
        RetryCount: this.progress.retryCount ?? 0,
      },
      StateMachine: { Id: facts.stateMachineArn, Name: facts.stateMachineName },
    };
    if (extra.token !== undefined) context['Task'] = { Token: extra.token };
    const map = extra.map ?? this.frame.map;
    if (map) context['Map'] = map;
    const states: JsonObject = { input: this.input, context };
    if (extra.result !== undefined) states['result'] = extra.result;
    if (extra.errorOutput !== undefined) states['errorOutput'] = extra.errorOutput;
    return { nowMs: this.clock.now(), values: { ...this.#variables(this.frame), states } };
  }

  #variables(frame: Frame): Record<string, Json> {
    return frame.parent ? { ...this.#variables(frame.parent), ...frame.variables } : frame.variables;
  }

  /** @throws StatesError States.QueryEvaluationError, after an EvaluationFailed event. */
  async evaluate(template: Template, field: string, extra: Extra = {}): Promise<Json> {
    if (template.kind === 'constant') return template.value;
    try {
      return await evaluateTemplate(template, field, this.bindings(extra));
    } catch (error) {
      throw error instanceof StatesError ? this.#failEvaluation(error, field) : error;
    }
  }

  async number(template: Template, field: string, range: Range): Promise<number> {
    const value = await this.evaluate(template, field);
    if (inRange(value, range)) return value;
    throw this.#wrongType(field, describeRange(range), value);
  }

  async text(template: Template, field: string): Promise<string> {
    const value = await this.evaluate(template, field);
    if (typeof value === 'string') return value;
    throw this.#wrongType(field, 'a string', value);
  }

  #wrongType(field: string, wanted: string, value: Json): StatesError {
    return this.#failEvaluation(
      new StatesError(
        'States.QueryEvaluationError',
        `The value of the field '${field}' must be ${wanted}, found ${JSON.stringify(value).slice(0, 200)}.`,
      ),
      field,
    );
  }

  #failEvaluation({ error, reason = '' }: StatesError, field: string): StatesError {
    this.commit([{ type: 'EvaluationFailed', details: { error, cause: reason, location: field, state: this.state.name } }]);
    return new StatesError(error, this.explain(reason));
  }

  /** The sentence Step Functions puts before the cause of an error of its own. */
  explain(cause: string): string {
    return `An error occurred while executing the state '${this.state.name}' (entered at the event id #${this.#current.enteredEventId}). ${cause}`;
  }

  async run(): Promise<Outcome> {
    const { state } = this;
    switch (state.type) {
      case 'Pass':
        return this.conclude(state, state.next, this.input, {});
      case 'Succeed':
        return this.conclude(state, undefined, this.input, {});
      case 'Fail': {
        const error = state.error ? await this.text(state.error, 'Error') : undefined;
        const cause = state.cause ? await this.text(state.cause, 'Cause') : undefined;
        throw new StatesError(error ?? '', cause);
      }
      case 'Choice':
        return this.#choose(state);
      case 'Wait':
        await this.#wait(state);
        return this.conclude(state, state.next, this.input, {});
      default:
        return this.#guarded(state);
    }
  }

  /** Assign and Output see the variables as they were on entry, so neither sees the other's work. */
  async conclude(
    transition: { assign?: Assignments; output?: Template },
    next: string | undefined,
    fallback: Json,
    extra: Extra,
    prefix = '',
  ): Promise<Outcome> {
    const output = transition.output ? await this.evaluate(transition.output, `${prefix}Output`, extra) : fallback;
    const assigned: Record<string, Json> = {};
    let assignedBytes = 0;
    for (const [name, template] of transition.assign ?? []) {
      assigned[name] = await this.evaluate(template, `${prefix}Assign/${name}`, extra);
      assignedBytes += this.#countVariable(name, assigned[name]);
    }
    if (assignedBytes > PAYLOAD_LIMIT_BYTES) {
      throw new StatesError(
        'States.DataLimitExceeded',
        `The state '${this.state.name}' assigned ${assignedBytes} bytes of variables, which exceeds the limit of ${PAYLOAD_LIMIT_BYTES} bytes.`,
      );
    }
    const outputText = JSON.stringify(output);
    this.limit(outputText);
    return { output, outputText, assigned, next };
  }

  #countVariable(name: string, value: Json): number {
    const bytes = Buffer.byteLength(JSON.stringify(value));
    let total = 0;
    for (let frame: Frame | undefined = this.frame; frame; frame = frame.parent) {
      frame.variableBytes ??= new Map(
        Object.entries(frame.variables).map(([key, held]) => [key, Buffer.byteLength(JSON.stringify(held))]),
      );
      if (frame === this.frame) frame.variableBytes.set(name, bytes);
      for (const held of frame.variableBytes.values()) total += held;
    }
    if (total > VARIABLES_LIMIT_BYTES) {
      throw new StatesError(
        'States.DataLimitExceeded',
        `The variables of the execution hold ${total} bytes, which exceeds the limit of ${VARIABLES_LIMIT_BYTES} bytes.`,
      );
    }
    return bytes;
  }

  /** @throws StatesError States.DataLimitExceeded for a text of more than 256 KiB of UTF-8. */
  limit(text: string): void {
    if (exceedsBytes(text, PAYLOAD_LIMIT_BYTES)) {
      throw new StatesError(
        'States.DataLimitExceeded',
        `The state/task '${this.state.name}' returned a result with a size exceeding the maximum number of bytes service limit.`,
      );
    }
  }

  async #choose(state: ChoiceState): Promise<Outcome> {
    for (const [i, rule] of state.choices.entries()) {
      const met = await this.evaluate(rule.condition, `Choices[${i}]/Condition`);
      if (typeof met !== 'boolean') throw this.#wrongType(`Choices[${i}]/Condition`, 'true or false', met);
      if (met) return this.conclude(rule, rule.next, this.input, {}, `Choices[${i}]/`);
    }
    if (state.default === undefined) {
      // The language names States.NoChoiceMatched; the service answers States.Runtime, in these words.
      throw new StatesError(
        'States.Runtime',
        this.explain('Failed to transition out of the state. The state does not point to a next state.'),
      );
    }
    return this.conclude(state, state.default, this.input, {});
  }

  async #wait(state: WaitState): Promise<void> {
    let wakeAtMs = this.progress.wakeAtMs;
    if (wakeAtMs === undefined) {
      if (state.seconds)
        wakeAtMs = this.clock.now() + 1000 * (await this.number(state.seconds, 'Seconds', { least: 0, most: 99_999_999 }));
      else {
        const text = await this.text(state.timestamp!, 'Timestamp');
        wakeAtMs = parseTimestamp(text);
        if (wakeAtMs === undefined) throw this.#wrongType('Timestamp', 'an RFC 3339 time', text);
      }
      this.commit([], { wakeAtMs });
    }
    await this.sleepUntil(wakeAtMs);
  }

  async sleepUntil(atMs: number): Promise<void> {
    if (atMs <= this.clock.now()) return;
    await this.idle(
      this.frame.scope.until<void>((resolve) => {
        const timer = this.clock.at(atMs, () => resolve());
        return () => timer.cancel();
      }),
    );
  }

  async #guarded(state: GuardedState): Promise<Outcome> {
    for (;;) {
      if (this.progress.retryAtMs !== undefined && !this.progress.scheduled && !this.progress.started)
        await this.sleepUntil(this.progress.retryAtMs);
      try {
        const result = await this.#attempt(state);
        return await this.conclude(state, state.next, result, { result });
      } catch (error) {
        if (error instanceof Aborted || error instanceof HistoryFull || !(error instanceof StatesError)) throw error;
        if (this.#retry(state.retry, error)) continue;
        const catcher = state.catch.find(({ errorEquals }) => matchesError(errorEquals, error));
        if (!catcher) throw error;
        return await this.#caught(state, catcher, error);
      }
    }
  }

  #attempt(state: GuardedState): Promise<Json> {
    if (state.type === 'Task') return runTask(this, state);
    if (state.type === 'Parallel') return runParallel(this, state);
    return state.distributed ? runDistributedMap(this, state, state.distributed) : runInlineMap(this, state);
  }

  #retry(retriers: readonly Retrier[], error: StatesError): boolean {
    const index = retriers.findIndex(({ errorEquals }) => matchesError(errorEquals, error));
    if (index < 0) return false;
    const retrier = retriers[index]!;
    const retries = retriers.map((_, i) => this.progress.retries?.[i] ?? 0);
    const taken = retries[index]!;
    if (taken >= retrier.maxAttempts) return false;
    retries[index] = taken + 1;
    const delayMs = retryDelayMs(retrier, taken, seededUnit(`${this.execution.facts.arn} ${this.key}`));
    this.commit([], { retryCount: (this.progress.retryCount ?? 0) + 1, retries, retryAtMs: this.clock.now() + delayMs });
    return true;
  }

  async #caught(state: GuardedState, catcher: Catcher, { error, reason }: StatesError): Promise<Outcome> {
    const errorOutput: JsonObject = { Error: error, ...(reason === undefined ? {} : { Cause: reason }) };
    return this.conclude(catcher, catcher.next, errorOutput, { errorOutput }, `Catch[${state.catch.indexOf(catcher)}]/`);
  }
}

/** Milliseconds before retry number `taken + 1`; `unit` in [0, 1) draws the jitter. */
export function retryDelayMs(retrier: Retrier, taken: number, unit: number): number {
  const grown = retrier.intervalSeconds * retrier.backoffRate ** taken;
  const seconds = Math.min(grown, retrier.maxDelaySeconds ?? Number.POSITIVE_INFINITY, 99_999_999);
  return Math.round(seconds * 1000 * (retrier.fullJitter ? unit : 1));
}
