/**
 * An append-only file of JSON lines. A record counts once its line, newline included, is on disk: a process killed
 * half-way through a line leaves a torn tail, which the next opening cuts off.
 */
import { closeSync, existsSync, fdatasyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Journal<T> {
  /** Records found when the file was opened, oldest first. */
  readonly recovered: readonly T[];
  /** Writes one record; with `durable` it is on the disk, not just in the kernel, when this returns. */
  append(record: T, durable?: boolean): void;
  /** Drops `recovered` from memory once it was read. */
  forget(): void;
  close(): void;
}

/** Records of a file that exists, without opening it for writing; a torn last line is left out. */
export function readJournal<T>(path: string): T[] {
  return parseLines<T>(readFileSync(path)).records;
}

function parseLines<T>(bytes: Buffer): { records: T[]; validBytes: number } {
  const records: T[] = [];
  let start = 0;
  for (let end = bytes.indexOf(10, start); end >= 0; end = bytes.indexOf(10, start)) {
    records.push(JSON.parse(bytes.toString('utf8', start, end)) as T);
    start = end + 1;
  }
  return { records, validBytes: start };
}

export function openJournal<T>(path: string): Journal<T> {
  mkdirSync(dirname(path), { recursive: true });
  const exists = existsSync(path);
  const { records, validBytes } = exists ? parseLines<T>(readFileSync(path)) : { records: [], validBytes: 0 };
  const file = openSync(path, exists ? 'r+' : 'w+');
  ftruncateSync(file, validBytes);
  let position = validBytes;
  let recovered: readonly T[] = records;
  return {
    get recovered() {
      return recovered;
    },
    append(record, durable = false) {
      const line = Buffer.from(`${JSON.stringify(record)}\n`);
      for (let written = 0; written < line.length; ) {
        written += writeSync(file, line, written, line.length - written, position + written);
      }
      position += line.length;
      if (durable) fdatasyncSync(file);
    },
    forget() {
      recovered = [];
    },
    close: () => closeSync(file),
  };
}
