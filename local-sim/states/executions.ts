/** All executions: started, running, taken up after a restart, ended, listed. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Journal, openJournal, readJournal } from '../journal.ts';
import { ServiceError } from '../service.ts';
import { type Engine, Execution, type ExecutionEnd, type ExecutionFacts, type Status } from './execution.ts';
import type { HistoryEvent } from './history.ts';
import type { Machines } from './machines.ts';
import { type ExecutionRecord, emptySaved, foldRecord, openTokens } from './records.ts';

export interface Entry {
  readonly facts: ExecutionFacts;
  readonly definitionHash: string;
  readonly startedBy?: string;
  end: ExecutionEnd | undefined;
  running?: Execution;
}

type IndexRecord = { readonly start: Omit<Entry, 'end' | 'running'> } | { readonly arn: string; readonly end: ExecutionEnd };

const END_METRICS: readonly (readonly [string, Status])[] = [
  ['ExecutionsSucceeded', 'SUCCEEDED'],
  ['ExecutionsFailed', 'FAILED'],
  ['ExecutionsTimedOut', 'TIMED_OUT'],
  ['ExecutionsAborted', 'ABORTED'],
];

/** Histories of ended executions kept in memory, so that paging does not read the journal anew. */
const CACHED_HISTORIES = 4;

export class Executions {
  readonly #dir: string;
  readonly #machines: Machines;
  readonly #index: Journal<IndexRecord>;
  readonly #entries = new Map<string, Entry>();
  readonly #byMachine = new Map<string, Entry[]>();
  readonly #startedBy = new Map<string, string>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #histories = new Map<string, HistoryEvent[]>();
  #engine: Engine | undefined;
  readonly #settled = new Set<Promise<void>>();

  constructor(dir: string, machines: Machines) {
    this.#dir = dir;
    this.#machines = machines;
    this.#index = openJournal<IndexRecord>(join(dir, 'executions.jsonl'));
    for (const record of this.#index.recovered) {
      if ('start' in record) this.#remember({ ...record.start, end: undefined });
      else {
        const entry = this.#entries.get(record.arn);
        if (entry) entry.end = record.end;
      }
    }
    this.#index.forget();
  }

  #remember(entry: Entry): void {
    this.#entries.set(entry.facts.arn, entry);
    const machine = entry.facts.stateMachineArn;
    const list = this.#byMachine.get(machine);
    if (list) list.push(entry);
    else this.#byMachine.set(machine, [entry]);
    if (entry.startedBy !== undefined) this.#startedBy.set(entry.startedBy, entry.facts.arn);
  }

  #path(arn: string): string {
    return join(this.#dir, 'executions', `${createHash('sha256').update(arn).digest('hex').slice(0, 32)}.jsonl`);
  }

  find(arn: string): Entry | undefined {
    return this.#entries.get(arn);
  }

  /** Newest first. */
  ofMachine(stateMachineArn: string): Entry[] {
    return [...(this.#byMachine.get(stateMachineArn) ?? [])].reverse();
  }

  startedBy(key: string): string | undefined {
    return this.#startedBy.get(key);
  }

  status(entry: Entry): Status {
    return entry.end?.status ?? 'RUNNING';
  }

  /** Takes up what was running when the last process ended. */
  resume(engine: Engine): void {
    this.#engine = engine;
    for (const entry of this.#entries.values()) {
      if (entry.end || entry.running) continue;
      try {
        this.#run(entry);
      } catch (error) {
        // One journal or definition that cannot be read must not keep the others from going on.
        const cause = `The execution could not be taken up after a restart: ${(error as Error).message}`;
        engine.log('error', cause, { executionArn: entry.facts.arn });
        entry.end = { status: 'FAILED', ms: engine.clock.now(), error: 'States.Runtime', cause };
        this.#index.append({ arn: entry.facts.arn, end: entry.end });
      }
    }
  }

  /** Starts an execution; the same name with the same input answers the running one. @throws ServiceError ExecutionAlreadyExists */
  start(engine: Engine, facts: ExecutionFacts, definitionHash: string, startedBy?: string): Entry {
    this.#engine = engine;
    const known = this.#entries.get(facts.arn);
    if (known) {
      if (!(known.end ?? known.running?.end) && known.facts.input === facts.input) return known;
      throw new ServiceError('ExecutionAlreadyExists', `Execution Already Exists: '${facts.arn}'`);
    }
    const entry: Entry = { facts, definitionHash, end: undefined, ...(startedBy === undefined ? {} : { startedBy }) };
    this.#index.append({ start: { facts, definitionHash, ...(startedBy === undefined ? {} : { startedBy }) } });
    this.#remember(entry);
    engine.metric?.('ExecutionsStarted', facts.stateMachineArn, 1);
    this.#run(entry);
    return entry;
  }

  #run(entry: Entry): void {
    const engine = this.#engine!;
    const { arn } = entry.facts;
    const machine = this.#machines.compiled(entry.definitionHash);
    const journal = openJournal<ExecutionRecord>(this.#path(arn));
    const saved = emptySaved();
    for (const record of journal.recovered) foldRecord(saved, record);
    const taken = journal.recovered.length > 0;
    journal.forget();
    const expected = taken ? [...openTokens(saved), ...engine.mapRuns.openTokens(arn)] : [];
    for (const token of expected) engine.tokens.expect(token);
    const execution = new Execution(engine, entry.facts, machine, (record) => journal.append(record), { saved });
    entry.running = execution;
    const done = (async () => {
      const end = await execution.run();
      for (const token of expected) engine.tokens.unexpect(token);
      journal.close();
      delete entry.running;
      if (!end) return;
      entry.end = end;
      this.#index.append({ arn, end });
      this.#countEnd(entry.facts.stateMachineArn, end.status);
      const waiting = this.#waiting.get(arn);
      this.#waiting.delete(arn);
      for (const callback of waiting ?? []) callback();
    })().catch((error: unknown) =>
      engine.log('error', 'an execution could not be kept', { executionArn: arn, error: String(error) }),
    );
    const tracked = done.finally(() => this.#settled.delete(tracked));
    this.#settled.add(tracked);
  }

  /** One for how it ended and zero for the other ways, so that every metric of a machine has points. */
  #countEnd(stateMachineArn: string, status: Status): void {
    for (const [name, counted] of END_METRICS) this.#engine?.metric?.(name, stateMachineArn, status === counted ? 1 : 0);
  }

  onEnd(arn: string, callback: () => void): () => void {
    const entry = this.#entries.get(arn);
    if (!entry || entry.end) {
      queueMicrotask(callback);
      return () => {};
    }
    let set = this.#waiting.get(arn);
    if (!set) {
      set = new Set();
      this.#waiting.set(arn, set);
    }
    set.add(callback);
    return () => set.delete(callback);
  }

  history(entry: Entry): HistoryEvent[] {
    if (entry.running) return entry.running.events;
    const { arn } = entry.facts;
    const cached = this.#histories.get(arn);
    if (cached) return cached;
    const events: HistoryEvent[] = [];
    if (existsSync(this.#path(arn)))
      for (const record of readJournal<ExecutionRecord>(this.#path(arn))) if (record.e) events.push(...record.e);
    events.sort((a, b) => a.id - b.id);
    this.#histories.set(arn, events);
    if (this.#histories.size > CACHED_HISTORIES) this.#histories.delete(this.#histories.keys().next().value!);
    return events;
  }

  /** Lets go of everything that runs, so that another process can take it up. */
  async close(): Promise<void> {
    for (const entry of this.#entries.values()) entry.running?.suspend();
    await Promise.all([...this.#settled]);
    this.#index.close();
  }
}
