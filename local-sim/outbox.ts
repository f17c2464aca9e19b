/**
 * Work that was promised and is not yet done, kept on disk: `add` returns once the promise survives a kill, `done` forgets it,
 * and what was open when a process died is open again at the next start.
 */
import { type CommitLog, openCommitLog } from './commit-log.ts';

export interface Outbox<T> {
  readonly open: ReadonlyMap<string, T>;
  add(id: string, record: T): Promise<void>;
  /** Several at once, under one flush. */
  addAll(entries: readonly (readonly [string, T])[]): Promise<void>;
  /** Not waited for: a `done` lost in a kill makes the work happen once more. */
  done(id: string): void;
  close(): Promise<void>;
}

type Line<T> = { add: string; record: T } | { done: string };

const COMPACT_AFTER_LINES = 20_000;

export async function openOutbox<T>(path: string, fsync = false): Promise<Outbox<T>> {
  const open = new Map<string, T>();
  let lines = 0;
  const log: CommitLog<Line<T>> = await openCommitLog<Line<T>>(
    path,
    (line) => {
      lines++;
      if ('add' in line) open.set(line.add, line.record);
      else open.delete(line.done);
    },
    fsync,
  );
  const compact = () => {
    lines = open.size;
    return log.rewrite(() => [...open].map(([id, record]) => ({ add: id, record })));
  };
  if (lines > open.size) await compact();
  const add = async (entries: readonly (readonly [string, T])[]) => {
    for (const [id, record] of entries) open.set(id, record);
    lines += entries.length;
    await Promise.all(entries.map(([id, record]) => log.append({ add: id, record })));
  };
  return {
    open,
    add: (id, record) => add([[id, record]]),
    addAll: add,
    done(id) {
      if (!open.delete(id)) return;
      lines++;
      void log.append({ done: id }).catch(() => {});
      if (lines > COMPACT_AFTER_LINES && lines > 4 * open.size) void compact().catch(() => {});
    },
    close: () => log.close(),
  };
}
