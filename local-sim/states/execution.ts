/** One execution: its branches, its history, its end. Every transition is in the journal before the next begins. */
import type { Clock } from '../clock.ts';
import type { Machine, State } from './definition.ts';
import { Aborted, HistoryFull, StatesError } from './errors.ts';
import { endsExecution, HISTORY_LIMIT, type HistoryEvent, type NewEvent } from './history.ts';
import type { Json, JsonObject } from './json.ts';
import type { MapRuns } from './map-run.ts';
import type { ExecutionRecord, Progress, SavedExecution, SavedFrame } from './records.ts';
import { Scope } from './scope.ts';
import type { Tokens } from './tokens.ts';
import { type Outcome, Visit } from './visit.ts';

/** What executions need of the service around them. */
export interface Engine {
  readonly clock: Clock;
  readonly region: string;
  readonly accountId: string;
  readonly tokens: Tokens;
  readonly mapRuns: MapRuns;
  /** `origin` is the ARN of the machine on whose behalf the call is made. */
  call(signingName: string, action: string, args: Record<string, unknown>, origin?: string): Promise<Record<string, unknown>>;
  /** Calls back once the execution has ended, at once if it has; returns the undoing. */
  onEnd(executionArn: string, callback: () => void): () => void;
  /** The execution that was started under this key, if any: how a restarted `.sync` finds its child. */
  startedBy(key: string): string | undefined;
  startNested(args: { stateMachineArn: string; name: string | undefined; input: string; startedBy: string }): {
    executionArn: string;
    startMs: number;
  };
  log(level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void;
  /** Adds a point to a metric of a machine. */
  metric?(name: string, stateMachineArn: string, value: number): void;
}

export interface ExecutionFacts {
  readonly arn: string;
  readonly name: string;
  readonly stateMachineArn: string;
  readonly stateMachineName: string;
  readonly roleArn: string;
  readonly startMs: number;
  readonly input: string;
  readonly mapRunArn?: string;
}

export type Status = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

export interface ExecutionEnd {
  readonly status: Exclude<Status, 'RUNNING'>;
  readonly ms: number;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
}

const END_STATUS: Readonly<Record<string, ExecutionEnd['status']>> = {
  ExecutionSucceeded: 'SUCCEEDED',
  ExecutionFailed: 'FAILED',
  ExecutionAborted: 'ABORTED',
  ExecutionTimedOut: 'TIMED_OUT',
};

/** The end that the last event of a history tells, undefined while there is none. */
export function endOf(event: HistoryEvent | undefined): ExecutionEnd | undefined {
  const status = event && END_STATUS[event.type];
  if (!event || !status) return undefined;
  // The event of a time-out names States.Timeout; the execution itself tells no error.
  const details = status === 'TIMED_OUT' ? {} : (event.details ?? {});
  const { output, error, cause } = details as Record<string, string | undefined>;
  return {
    status,
    ms: event.ms,
    ...(output === undefined ? {} : { output }),
    ...(error === undefined ? {} : { error }),
    ...(cause === undefined ? {} : { cause }),
  };
}

/** One run through the States of a machine, a Parallel branch or an inline Map's iteration. */
export interface Frame {
  readonly id: string;
  readonly machine: Machine;
  readonly parent?: Frame;
  readonly scope: Scope;
  readonly variables: Record<string, Json>;
  /** Bytes of each variable as JSON; filled when first asked for. */
  variableBytes?: Map<string, number>;
  /** `$states.context.Map` inside an inline Map. */
  readonly map?: JsonObject;
  visits: number;
  lastEventId: number;
  saved: SavedFrame | undefined;
  /** Lifts this branch's mark on the clock while it waits for something else; the returned function sets it again. */
  rest(): () => void;
}

export interface Current {
  readonly state: State;
  readonly input: Json;
  readonly enteredMs: number;
  readonly enteredEventId: number;
  progress: Progress;
  settledText?: string;
}

/** Transitions between two turns of the event loop: an endless loop of Pass states must not hold the process. */
const TRANSITIONS_PER_TURN = 64;

export class Execution {
  readonly engine: Engine;
  readonly facts: ExecutionFacts;
  readonly machine: Machine;
  readonly scope: Scope;
  end: ExecutionEnd | undefined;
  /** In memory while the execution runs; afterwards the journal has them. */
  readonly events: HistoryEvent[];
  readonly #saved: SavedExecution | undefined;
  readonly #append: (record: ExecutionRecord) => void;
  #transitions = 0;
  #input: { value: Json } | undefined;

  constructor(
    engine: Engine,
    facts: ExecutionFacts,
    machine: Machine,
    append: (record: ExecutionRecord) => void,
    options: { saved?: SavedExecution; scope?: Scope } = {},
  ) {
    this.engine = engine;
    this.facts = facts;
    this.machine = machine;
    this.scope = options.scope ?? new Scope();
    this.#append = append;
    this.#saved = options.saved;
    this.events = options.saved ? options.saved.events.sort((a, b) => a.id - b.id) : [];
    this.end = endOf(this.events.at(-1));
  }

  get input(): Json {
    this.#input ??= { value: JSON.parse(this.facts.input) as Json };
    return this.#input.value;
  }

  /** Runs, or takes up, the execution; resolves when it has ended or was suspended. */
  async run(): Promise<ExecutionEnd | undefined> {
    if (this.end) return this.end;
    const timer = this.#armTimeout();
    try {
      const frame = this.frame('r', this.machine, undefined, this.scope);
      const started: NewEvent[] =
        this.events.length > 0
          ? []
          : [{ type: 'ExecutionStarted', details: { input: this.facts.input, roleArn: this.facts.roleArn } }];
      await this.runFrame(
        frame,
        () => Promise.resolve(this.input),
        started,
        (output) => [{ type: 'ExecutionSucceeded', details: { output } }],
      );
    } catch (error) {
      if (!this.end && !this.#isSuspended()) this.#fail(error);
    } finally {
      timer();
    }
    return this.end;
  }

  #fail(error: unknown): void {
    if (error instanceof Aborted) {
      this.finish({ type: 'ExecutionAborted', details: {} });
      return;
    }
    let known: StatesError;
    if (error instanceof StatesError) known = error;
    else {
      this.engine.log('error', 'the interpreter failed', {
        executionArn: this.facts.arn,
        stack: error instanceof Error ? error.stack : String(error),
      });
      known = new StatesError('States.Runtime', error instanceof Error ? error.message : String(error));
    }
    this.finish({
      type: 'ExecutionFailed',
      details: {
        ...(known.error === '' ? {} : { error: known.error }),
        ...(known.reason === undefined ? {} : { cause: known.reason }),
      },
    });
  }

  #armTimeout(): () => void {
    const { timeoutSeconds } = this.machine;
    if (timeoutSeconds === undefined) return () => {};
    const timer = this.engine.clock.at(this.facts.startMs + timeoutSeconds * 1000, () => {
      if (this.end || this.#isSuspended()) return;
      this.finish({ type: 'ExecutionTimedOut', details: { error: 'States.Timeout' } });
      this.scope.abort(new Aborted('timed-out'));
    });
    return () => timer.cancel();
  }

  /** Writes the last event. */
  finish(event: NewEvent): void {
    this.commit(undefined, [event], {});
  }

  /** An execution below this one: a child of a map run. */
  child(
    facts: ExecutionFacts,
    machine: Machine,
    append: (record: ExecutionRecord) => void,
    scope: Scope,
    saved?: SavedExecution,
  ): Execution {
    return new Execution(this.engine, facts, machine, append, { scope, ...(saved ? { saved } : {}) });
  }

  stop(error: string | undefined, cause: string | undefined): void {
    if (this.end) return;
    this.finish({
      type: 'ExecutionAborted',
      details: { ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) },
    });
    this.scope.abort(new Aborted('stopped'));
  }

  /** Stops without a trace: the journal goes on from here at the next start. */
  suspend(): void {
    this.scope.abort(new Aborted('suspended'));
  }

  /** Also where the execution around this one was: the scope of a map run's child hangs on its parent's. */
  #isSuspended(): boolean {
    return this.scope.reason instanceof Aborted && this.scope.reason.why === 'suspended';
  }

  /**
   * Adds events and what they change, in one line of the journal.
   * @throws HistoryFull when an event other than the last would be number 25,000; Aborted once the execution is over.
   */
  commit(frame: Frame | undefined, events: readonly NewEvent[], change: Omit<ExecutionRecord, 'f' | 'e'>): HistoryEvent[] {
    if (this.#isSuspended()) throw new Aborted('suspended');
    if (this.end) throw new Aborted('stopped');
    const ms = this.engine.clock.now();
    const nextId = this.events.length === 0 ? 1 : this.events.at(-1)!.id + 1;
    let prev = frame ? frame.lastEventId : events[0]?.type === 'ExecutionTimedOut' ? 0 : (this.events.at(-1)?.id ?? 0);
    const added = events.map(({ type, details }, i): HistoryEvent => {
      const event: HistoryEvent = { id: nextId + i, prev, ms, type, ...(details ? { details } : {}) };
      // AWS lets the first state follow 0, not ExecutionStarted.
      prev = type === 'ExecutionStarted' ? 0 : event.id;
      return event;
    });
    const last = added.at(-1);
    if (last && (last.id > HISTORY_LIMIT || (last.id === HISTORY_LIMIT && !endsExecution(last.type)))) {
      // What still fits is kept; the last place is for ExecutionFailed.
      const fitting = added.filter(({ id }) => id < HISTORY_LIMIT);
      if (fitting.length > 0) this.#append({ e: fitting });
      this.events.push(...fitting);
      throw new HistoryFull(HISTORY_LIMIT);
    }
    this.#append({ ...(frame ? { f: frame.id } : {}), ...(added.length > 0 ? { e: added } : {}), ...change });
    this.events.push(...added);
    if (frame && last) frame.lastEventId = last.id;
    this.end = endOf(last);
    return added;
  }

  frame(id: string, machine: Machine, parent: Frame | undefined, scope: Scope, map?: JsonObject): Frame {
    const saved = this.#saved?.frames.get(id);
    this.#saved?.frames.delete(id);
    const inherited = map ?? parent?.map;
    return {
      id,
      machine,
      ...(parent ? { parent } : {}),
      scope,
      variables: saved?.variables ?? {},
      ...(inherited ? { map: inherited } : {}),
      visits: saved?.visits ?? 0,
      lastEventId: saved?.lastEventId ?? parent?.lastEventId ?? 0,
      saved,
      rest: () => () => {},
    };
  }

  /**
   * Runs a branch to its end. `input` is asked for only when the branch was not begun before; `started` and `ended` are
   * the events around it, written in the same line as its first and last own event.
   */
  async runFrame(
    frame: Frame,
    input: () => Promise<Json>,
    started: readonly NewEvent[],
    ended: (output: string) => readonly NewEvent[],
  ): Promise<Json> {
    const { saved } = frame;
    frame.saved = undefined;
    if (saved?.done) return saved.done.output;
    let free = this.engine.clock.busy();
    frame.rest = () => {
      free();
      return () => {
        free = this.engine.clock.busy();
      };
    };
    try {
      let current =
        saved?.state === undefined
          ? this.#enter(frame, frame.machine.startAt, await input(), started, undefined)
          : resumed(frame, saved);
      for (;;) {
        frame.scope.throwIfAborted();
        if (++this.#transitions % TRANSITIONS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
        const outcome = await this.#visit(frame, current);
        const exited = exitEvent(current.state, outcome);
        if (outcome.next === undefined) {
          this.commit(frame, [...exited, ...ended(outcome.outputText)], {
            ...variablesOf(frame, outcome),
            d: { output: outcome.output },
          });
          return outcome.output;
        }
        current = this.#enter(frame, outcome.next, outcome.output, exited, outcome);
      }
    } finally {
      free();
    }
  }

  async #visit(frame: Frame, current: Current): Promise<Outcome> {
    try {
      return await new Visit(this, frame, current).run();
    } catch (error) {
      const leavesTrace =
        current.state.type === 'Task' ||
        current.state.type === 'Wait' ||
        current.state.type === 'Parallel' ||
        current.state.type === 'Map';
      if (error instanceof Aborted && error.why === 'sibling' && leavesTrace)
        this.commit(frame, [{ type: `${current.state.type}StateAborted` }], {});
      throw error;
    }
  }

  #enter(frame: Frame, name: string, input: Json, before: readonly NewEvent[], outcome: Outcome | undefined): Current {
    const state = frame.machine.states.get(name)!;
    const inputText = outcome?.outputText ?? JSON.stringify(input);
    const entered: NewEvent = { type: `${state.type}StateEntered`, details: { name, input: inputText } };
    const events = this.commit(frame, [...before, entered], { s: name, ...(outcome ? variablesOf(frame, outcome) : {}) });
    frame.visits++;
    const last = events.at(-1)!;
    return { state, input, enteredMs: last.ms, enteredEventId: last.id, progress: {} };
  }
}

function resumed(frame: Frame, saved: SavedFrame): Current {
  return {
    state: frame.machine.states.get(saved.state!)!,
    input: JSON.parse(saved.inputText) as Json,
    enteredMs: saved.enteredMs,
    enteredEventId: saved.enteredEventId,
    progress: saved.progress,
    ...(saved.settledText === undefined ? {} : { settledText: saved.settledText }),
  };
}

function exitEvent(state: State, outcome: Outcome): NewEvent[] {
  const assigned = Object.entries(outcome.assigned);
  return [
    {
      type: `${state.type}StateExited`,
      details: {
        name: state.name,
        output: outcome.outputText,
        ...(assigned.length > 0
          ? { assignedVariables: Object.fromEntries(assigned.map(([name, value]) => [name, JSON.stringify(value)])) }
          : {}),
      },
    },
  ];
}

function variablesOf(frame: Frame, outcome: Outcome): { v?: Record<string, Json> } {
  if (Object.keys(outcome.assigned).length === 0) return {};
  Object.assign(frame.variables, outcome.assigned);
  return { v: outcome.assigned };
}
