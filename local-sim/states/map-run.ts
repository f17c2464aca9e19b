/** Map runs: the children of a Distributed Map, all in one journal, and what the API tells about them. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { type Journal, openJournal, readJournal } from '../journal.ts';
import { type Execution, type ExecutionEnd, type ExecutionFacts, endOf, type Status } from './execution.ts';
import type { HistoryEvent } from './history.ts';
import type { Json } from './json.ts';
import { type ExecutionRecord, emptySaved, foldRecord, openTokens, type SavedExecution } from './records.ts';
import { derivedUuid } from './sync.ts';

export interface MapRunFacts {
  readonly arn: string;
  readonly executionArn: string;
  /** `…:stateMachine:Name/Label`, as the children see their machine. */
  readonly stateMachineArn: string;
  readonly stateMachineName: string;
  readonly roleArn: string;
  readonly express: boolean;
  readonly startMs: number;
  readonly itemCount: number;
  readonly maxConcurrency: number;
  readonly toleratedFailureCount?: number;
  readonly toleratedFailurePercentage?: number;
  /** The object the items were read from, as it was at the start. */
  readonly etag?: string;
  /** Items that cannot be read again. */
  readonly kept?: Json;
}

type MapRunStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED';

interface MapRecord extends ExecutionRecord {
  readonly start?: MapRunFacts;
  readonly end?: { readonly status: MapRunStatus; readonly ms: number };
  /** Child that the rest of the record belongs to. */
  readonly c?: number;
  /** First record of a child: how many items it has, its input and its start. */
  readonly n?: number;
  readonly i?: string;
  readonly ms?: number;
}

export interface Child {
  readonly index: number;
  readonly facts: ExecutionFacts;
  readonly itemCount: number;
  end: ExecutionEnd | undefined;
  /** While it runs in this process. */
  execution?: Execution;
  saved?: SavedExecution;
}

const fileName = (arn: string) => `${createHash('sha256').update(arn).digest('hex').slice(0, 32)}.jsonl`;

export class MapRun {
  readonly facts: MapRunFacts;
  readonly children = new Map<number, Child>();
  status: MapRunStatus = 'RUNNING';
  stopMs: number | undefined;
  #journal: Journal<MapRecord> | undefined;

  constructor(facts: MapRunFacts, journal?: Journal<MapRecord>) {
    this.facts = facts;
    this.#journal = journal;
  }

  childFacts(index: number, input: string, startMs: number): ExecutionFacts {
    const { arn, stateMachineArn, stateMachineName, roleArn, express } = this.facts;
    const name = derivedUuid(`${arn} ${index}`);
    const childArn = express
      ? `${stateMachineArn.replace(':stateMachine:', ':express:')}:${name}:${derivedUuid(`${arn} ${index} express`)}`
      : `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
    return { arn: childArn, name, stateMachineArn, stateMachineName, roleArn, startMs, input, mapRunArn: arn };
  }

  /** The child with this number: a new one, or the one the journal knows. */
  begin(index: number, input: string, itemCount: number, startMs: number): Child {
    const known = this.children.get(index);
    if (known) return known;
    const child: Child = { index, facts: this.childFacts(index, input, startMs), itemCount, end: undefined };
    this.children.set(index, child);
    this.#journal?.append({ c: index, n: itemCount, i: input, ms: startMs });
    return child;
  }

  append(index: number, record: ExecutionRecord): void {
    this.#journal?.append({ c: index, ...record });
  }

  finish(status: MapRunStatus, ms: number): void {
    if (this.status !== 'RUNNING') return;
    this.status = status;
    this.stopMs = ms;
    this.#journal?.append({ end: { status, ms } });
  }

  /** Ends the writing; what is in memory of the children's histories goes. */
  close(): void {
    this.#journal?.close();
    this.#journal = undefined;
    for (const child of this.children.values()) {
      delete child.execution;
      delete child.saved;
    }
  }

  fold(record: MapRecord, keepHistories: boolean): void {
    if (record.end) {
      this.status = record.end.status;
      this.stopMs = record.end.ms;
    }
    if (record.c === undefined) return;
    if (record.n !== undefined) {
      this.begin(record.c, record.i ?? 'null', record.n, record.ms ?? this.facts.startMs);
      return;
    }
    const child = this.children.get(record.c);
    if (!child) return;
    child.end = endOf(record.e?.at(-1)) ?? child.end;
    if (!keepHistories || child.end) delete child.saved;
    else {
      child.saved ??= emptySaved();
      foldRecord(child.saved, record);
    }
  }

  describe(): Record<string, unknown> {
    const zero = () => ({
      pending: 0,
      running: 0,
      succeeded: 0,
      failed: 0,
      timedOut: 0,
      aborted: 0,
      total: 0,
      resultsWritten: 0,
      failuresNotRedrivable: 0,
      pendingRedrive: 0,
    });
    const executionCounts = zero();
    const itemCounts = zero();
    const field = {
      RUNNING: 'running',
      SUCCEEDED: 'succeeded',
      FAILED: 'failed',
      TIMED_OUT: 'timedOut',
      ABORTED: 'aborted',
    } as const satisfies Record<Status, string>;
    for (const child of this.children.values()) {
      const status: Status = child.end?.status ?? (this.status === 'RUNNING' ? 'RUNNING' : 'ABORTED');
      executionCounts[field[status]]++;
      executionCounts.total++;
      itemCounts[field[status]] += child.itemCount;
    }
    if (this.status !== 'RUNNING') {
      executionCounts.resultsWritten = executionCounts.succeeded;
      itemCounts.resultsWritten = itemCounts.succeeded;
    }
    itemCounts.total = this.facts.itemCount;
    itemCounts.pending = Math.max(
      0,
      itemCounts.total - itemCounts.running - itemCounts.succeeded - itemCounts.failed - itemCounts.timedOut - itemCounts.aborted,
    );
    return {
      mapRunArn: this.facts.arn,
      executionArn: this.facts.executionArn,
      status: this.status,
      startDate: new Date(this.facts.startMs),
      ...(this.stopMs === undefined ? {} : { stopDate: new Date(this.stopMs) }),
      maxConcurrency: this.facts.maxConcurrency,
      toleratedFailureCount: this.facts.toleratedFailureCount ?? 0,
      toleratedFailurePercentage: this.facts.toleratedFailurePercentage ?? 0,
      itemCounts,
      executionCounts,
      redriveCount: 0,
    };
  }
}

interface IndexRecord {
  readonly arn: string;
  readonly executionArn: string;
  readonly startMs: number;
}

/** Map runs that ended and were asked about, kept so that paging does not read their journal anew. */
const CACHED_RUNS = 4;

export class MapRuns {
  readonly #dir: string;
  readonly #index: Journal<IndexRecord>;
  readonly #known = new Map<string, IndexRecord>();
  readonly #live = new Map<string, MapRun>();
  readonly #cache = new Map<string, MapRun>();
  readonly #clock: Clock;

  constructor(dir: string, clock: Clock) {
    this.#dir = dir;
    this.#clock = clock;
    this.#index = openJournal<IndexRecord>(join(dir, 'map-runs.jsonl'));
    for (const record of this.#index.recovered) this.#known.set(record.arn, record);
    this.#index.forget();
  }

  #path(arn: string): string {
    return join(this.#dir, 'maps', fileName(arn));
  }

  /** The run that an earlier process began under this ARN, with its children, ready to go on; undefined if there is none. */
  reopen(arn: string): MapRun | undefined {
    if (!existsSync(this.#path(arn))) return undefined;
    const journal = openJournal<MapRecord>(this.#path(arn));
    const facts = journal.recovered[0]?.start;
    if (!facts) {
      journal.close();
      return undefined;
    }
    const run = new MapRun(facts);
    for (const record of journal.recovered) run.fold(record, true);
    journal.forget();
    const live = new MapRun(facts, journal);
    for (const [index, child] of run.children) live.children.set(index, child);
    live.status = run.status;
    live.stopMs = run.stopMs;
    this.#live.set(arn, live);
    return live;
  }

  /** Tokens that the children of an interrupted execution's map runs hold. */
  openTokens(executionArn: string): string[] {
    const tokens: string[] = [];
    for (const { arn, executionArn: parent } of this.#known.values()) {
      if (parent !== executionArn || !existsSync(this.#path(arn))) continue;
      const [first, ...records] = readJournal<MapRecord>(this.#path(arn));
      if (!first?.start) continue;
      const run = new MapRun(first.start);
      for (const record of records) run.fold(record, true);
      if (run.status !== 'RUNNING') continue;
      for (const child of run.children.values()) {
        if (!child.saved) continue;
        tokens.push(...openTokens(child.saved), ...this.openTokens(child.facts.arn));
      }
    }
    return tokens;
  }

  create(facts: MapRunFacts): MapRun {
    const journal = openJournal<MapRecord>(this.#path(facts.arn));
    journal.append({ start: facts });
    if (!this.#known.has(facts.arn)) {
      const record: IndexRecord = { arn: facts.arn, executionArn: facts.executionArn, startMs: facts.startMs };
      this.#index.append(record);
      this.#known.set(facts.arn, record);
    }
    const run = new MapRun(facts, journal);
    this.#live.set(facts.arn, run);
    return run;
  }

  release(run: MapRun): void {
    run.close();
    this.#live.delete(run.facts.arn);
  }

  get(arn: string): MapRun | undefined {
    const live = this.#live.get(arn) ?? this.#cache.get(arn);
    if (live) return live;
    if (!this.#known.has(arn) || !existsSync(this.#path(arn))) return undefined;
    const records = readJournal<MapRecord>(this.#path(arn));
    const facts = records[0]?.start;
    if (!facts) return undefined;
    const run = new MapRun(facts);
    for (const record of records) run.fold(record, false);
    // Its execution ended, or it would be live: a run without an end was cut off with it.
    if (run.status === 'RUNNING') run.status = 'ABORTED';
    this.#cache.set(arn, run);
    if (this.#cache.size > CACHED_RUNS) this.#cache.delete(this.#cache.keys().next().value!);
    return run;
  }

  list(executionArn: string): MapRun[] {
    return [...this.#known.values()]
      .filter((record) => record.executionArn === executionArn)
      .flatMap((record) => this.get(record.arn) ?? []);
  }

  /** The child execution of this ARN, with its map run. */
  child(executionArn: string): { run: MapRun; child: Child } | undefined {
    const machine = /^(.*):(?:execution|express):([^:/]+\/[^:]+):/.exec(executionArn);
    if (!machine) return undefined;
    for (const record of this.#known.values()) {
      if (!record.arn.includes(`:mapRun:${machine[2]}:`)) continue;
      const run = this.get(record.arn);
      for (const child of run?.children.values() ?? []) if (child.facts.arn === executionArn) return { run: run!, child };
    }
    return undefined;
  }

  history(run: MapRun, child: Child): HistoryEvent[] {
    if (child.execution) return child.execution.events;
    const events: HistoryEvent[] = [];
    for (const record of readJournal<MapRecord>(this.#path(run.facts.arn)))
      if (record.c === child.index && record.e) events.push(...record.e);
    return events.sort((a, b) => a.id - b.id);
  }

  now(): number {
    return this.#clock.now();
  }

  close(): void {
    for (const run of this.#live.values()) run.close();
    this.#live.clear();
    this.#index.close();
  }
}
