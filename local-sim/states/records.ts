/** What an execution writes to its journal, and how an interrupted one is put together again from it. */
import type { HistoryEvent } from './history.ts';
import type { Json } from './json.ts';

/** How far the visit of one state has come; replaced as a whole by each record that carries one. */
export interface Progress {
  /** Retries taken so far. */
  readonly retryCount?: number;
  /** The same, per retrier. */
  readonly retries?: readonly number[];
  readonly retryAtMs?: number;
  /** Wait: when it is over. */
  readonly wakeAtMs?: number;
  /** Task: it was announced in the history. */
  readonly scheduled?: boolean;
  readonly token?: string;
  readonly deadlineMs?: number;
  /** Task: the call was accepted; a `.sync` child to attach to, or just waiting for the token. */
  readonly submitted?: { readonly id?: string };
  /** Task: it succeeded; the output is in the record's event. */
  readonly settled?: boolean;
  readonly failed?: { readonly error: string; readonly cause?: string; readonly alias?: string };
  /** Parallel and Map: the branches were started, with this input or these items when they were computed. */
  readonly started?: boolean;
  readonly arguments?: Json;
  readonly items?: Json;
  readonly mapRunArn?: string;
}

/** One line of the journal: events of one branch, and what they change for it. */
export interface ExecutionRecord {
  /** Branch: `r` is the top level. */
  readonly f?: string;
  readonly e?: readonly HistoryEvent[];
  /** The last event entered this state; its input is in the event. */
  readonly s?: string;
  /** Variables assigned. */
  readonly v?: Readonly<Record<string, Json>>;
  readonly p?: Progress;
  /** The branch is done with this output. */
  readonly d?: { readonly output: Json };
}

export interface SavedFrame {
  visits: number;
  variables: Record<string, Json>;
  lastEventId: number;
  state?: string;
  inputText: string;
  enteredMs: number;
  enteredEventId: number;
  progress: Progress;
  /** Output of the task, once `progress.settled`. */
  settledText?: string;
  done?: { output: Json };
}

export interface SavedExecution {
  readonly events: HistoryEvent[];
  readonly frames: Map<string, SavedFrame>;
}

export function emptySaved(): SavedExecution {
  return { events: [], frames: new Map() };
}

/** Adds one record; records come in the order they were written. */
export function foldRecord(saved: SavedExecution, record: ExecutionRecord): void {
  if (record.e) saved.events.push(...record.e);
  if (record.f === undefined) return;
  let frame = saved.frames.get(record.f);
  if (!frame) {
    frame = { visits: 0, variables: {}, lastEventId: 0, inputText: 'null', enteredMs: 0, enteredEventId: 0, progress: {} };
    saved.frames.set(record.f, frame);
  }
  const last = record.e?.at(-1);
  if (last) frame.lastEventId = last.id;
  if (record.v) Object.assign(frame.variables, record.v);
  if (record.p) {
    frame.progress = record.p;
    if (record.p.settled) {
      const output = record.e?.findLast((event) => typeof event.details?.['output'] === 'string')?.details?.['output'];
      if (typeof output === 'string') frame.settledText = output;
    }
  }
  if (record.s !== undefined && last) {
    // Branches of an earlier visit are over: forget them, or a long loop over a Map would pile them up.
    const below = `${record.f}/`;
    for (const id of saved.frames.keys()) if (id.startsWith(below)) saved.frames.delete(id);
    frame.visits++;
    frame.state = record.s;
    frame.inputText = String(last.details?.['input'] ?? 'null');
    frame.enteredMs = last.ms;
    frame.enteredEventId = last.id;
    frame.progress = {};
    delete frame.settledText;
  }
  if (record.d) frame.done = record.d;
}

/** Tokens that were open when the last record was written. */
export function openTokens(saved: SavedExecution): string[] {
  return [...saved.frames.values()].flatMap(({ done, progress }) =>
    done || progress.settled || progress.failed || progress.token === undefined ? [] : [progress.token],
  );
}
