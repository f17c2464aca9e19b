/**
 * An append-only file of JSON lines for many writers at once: appends that arrive while the disk is busy share the next write,
 * so a thousand small commits do not wait for a thousand disk turns, and the event loop waits for none.
 * Same format as journal.ts; a torn last line is cut off at opening.
 *
 * What was acknowledged survives the end of the process, however sudden, since the kernel has it; with `fsync` it survives a power cut too.
 */
import { existsSync, mkdirSync, readFileSync, writeSync } from 'node:fs';
import { type FileHandle, open, rename, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface CommitLog<T> {
  /** Resolves once the record cannot be lost any more. */
  append(record: T): Promise<void>;
  /**
   * Puts these records in place of the whole file, atomically; later appends follow them. They are asked for once all earlier
   * appends have been flushed and acknowledged, so a caller that updates its memory on acknowledgement misses none.
   */
  rewrite(records: () => Iterable<T>): Promise<void>;
  close(): Promise<void>;
}

/** Opens or creates the file and feeds its records, oldest first, to `onRecord`. */
export async function openCommitLog<T>(path: string, onRecord: (record: T) => void, fsync = false): Promise<CommitLog<T>> {
  mkdirSync(dirname(path), { recursive: true });
  if (existsSync(path)) {
    const bytes = readFileSync(path);
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      onRecord(JSON.parse(bytes.toString('utf8', start, end)) as T);
      start = end + 1;
    }
    if (start < bytes.length) await truncate(path, start);
  }
  let file: FileHandle = await open(path, 'a');
  let waiting: { line: string; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let turn: Promise<void> = Promise.resolve();
  let scheduled = false;

  const flush = async () => {
    scheduled = false;
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    try {
      const bytes = Buffer.from(batch.map((one) => one.line).join(''));
      // Into the kernel's memory: quicker here than by way of another thread.
      for (let written = 0; written < bytes.length; ) written += writeSync(file.fd, bytes, written);
      if (fsync) await file.datasync();
      for (const one of batch) one.resolve();
    } catch (error) {
      for (const one of batch) one.reject(error);
    }
  };
  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    turn = turn.then(flush);
  };

  return {
    append: (record) =>
      new Promise((resolve, reject) => {
        waiting.push({ line: `${JSON.stringify(record)}\n`, resolve, reject });
        schedule();
      }),
    rewrite(records) {
      const done = turn.then(async () => {
        const text: string[] = [];
        for (const record of records()) text.push(`${JSON.stringify(record)}\n`);
        const fresh = await open(`${path}.new`, 'w');
        await fresh.writeFile(text.join(''));
        await fresh.sync();
        await fresh.close();
        await rename(`${path}.new`, path);
        await file.close();
        file = await open(path, 'a');
      });
      turn = done.catch(() => {});
      return done;
    },
    async close() {
      await turn;
      await flush();
      await file.close();
    },
  };
}
