/**
 * One bucket on disk: `log.jsonl` is the truth, `data/` holds the bytes. A body is written to a file of its own first;
 * the line in the log commits it. A kill between the two leaves a file that no line names, which the next start removes.
 */

import { constants, writeFileSync } from 'node:fs';
import { copyFile, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommitLog, openCommitLog } from '../commit-log.ts';
import { fileStretch } from '../http/front.ts';
import { type SortedKeys, sortedKeys } from './keys.ts';
import { newDataId, type Segment, type VersionRecord } from './record.ts';

export interface PartRecord {
  number: number;
  etag: string;
  segment: Segment;
  checksums: VersionRecord['checksums'];
  lastModifiedMs: number;
}

export interface UploadRecord {
  uploadId: string;
  key: string;
  initiatedMs: number;
  headers: Record<string, string>;
  metadata: Record<string, string>;
  checksumAlgorithm?: string;
  checksumType?: 'FULL_OBJECT' | 'COMPOSITE';
  parts: Map<number, PartRecord>;
}

/** The event a change causes; open until the event bus has taken it. */
export interface ObjectChange {
  id: string;
  detailType: 'Object Created' | 'Object Deleted';
  timeMs: number;
  detail: Record<string, unknown>;
}

type Line =
  | { op: 'put'; version: VersionRecord; completes?: string; event?: ObjectChange }
  | { op: 'drop'; key: string; versionId: string; event?: ObjectChange }
  | { op: 'upload'; upload: Omit<UploadRecord, 'parts'> }
  | { op: 'part'; uploadId: string; part: PartRecord }
  | { op: 'abort'; uploadId: string }
  | { op: 'pending'; event: ObjectChange }
  | { op: 'delivered'; id: string };

export interface BucketStore {
  readonly name: string;
  readonly keys: SortedKeys;
  readonly uploads: ReadonlyMap<string, UploadRecord>;
  readonly pendingEvents: ReadonlyMap<string, ObjectChange>;
  /** Every key that has a version, deleted ones included, in no order. */
  allKeys(): string[];
  /** Versions of a key, oldest first; empty when there are none. */
  versions(key: string): readonly VersionRecord[];
  /** The newest version unless that is a delete marker. */
  current(key: string): VersionRecord | undefined;
  /** How often the key was deleted since the start: tells whether a delete came between two moments. */
  deletions(key: string): number;
  /** One at a time per key. */
  exclusive<T>(key: string, work: () => Promise<T>): Promise<T>;
  nextSequencer(nowMs: number): string;
  /** Keeps a body: a file is moved in, bytes are written. */
  keep(body: Buffer, bodyPath: string | undefined, bytes: number): Promise<Segment>;
  copy(segment: Segment, from: BucketStore): Promise<Segment>;
  discard(segments: readonly Segment[]): Promise<void>;
  segmentPath(segment: Segment): string;
  read(segments: readonly Segment[], start: number, end: number): AsyncIterable<Uint8Array>;
  put(version: VersionRecord, event: ObjectChange | undefined, completes?: string): Promise<void>;
  drop(key: string, versionId: string, event?: ObjectChange): Promise<void>;
  openUpload(upload: Omit<UploadRecord, 'parts'>): Promise<void>;
  addPart(uploadId: string, part: PartRecord): Promise<void>;
  abortUpload(uploadId: string): Promise<void>;
  delivered(id: string): void;
  /** Drops what stopped being current before this time, and the delete markers that then stand alone. */
  expire(beforeMs: number): Promise<number>;
  /** Removes files that no line names. */
  sweep(): Promise<void>;
  isEmpty(): boolean;
  close(): Promise<void>;
}

const COMPACT_AFTER_LINES = 10_000;
const SMALL_BYTES = 64 * 1024;

export async function openBucket(name: string, folder: string, fsync = false): Promise<BucketStore> {
  const dataDir = join(folder, 'data');
  await mkdir(dataDir, { recursive: true });
  const objects = new Map<string, VersionRecord[]>();
  const uploads = new Map<string, UploadRecord>();
  const pendingEvents = new Map<string, ObjectChange>();
  const deletions = new Map<string, number>();
  const locks = new Map<string, Promise<unknown>>();
  /** Files that a line names, or that are being written. */
  const named = new Set<string>();
  const shelves = new Set<string>();
  const removed: Segment[] = [];
  let lastSequencer = 0n;
  let lines = 0;

  const remember = (line: Line): void => {
    lines++;
    if ('event' in line && line.event) pendingEvents.set(line.event.id, line.event);
    if (line.op === 'put') {
      const { version } = line;
      const list = objects.get(version.key);
      if (list) list.push(version);
      else objects.set(version.key, [version]);
      if (version.deleteMarker) deletions.set(version.key, (deletions.get(version.key) ?? 0) + 1);
      const sequencer = BigInt(`0x${version.sequencer}`);
      if (sequencer > lastSequencer) lastSequencer = sequencer;
      for (const segment of version.segments) named.add(segment.id);
      if (line.completes !== undefined) {
        const used = new Set(version.segments.map((s) => s.id));
        for (const part of uploads.get(line.completes)?.parts.values() ?? [])
          if (!used.has(part.segment.id)) removed.push(part.segment);
        uploads.delete(line.completes);
      }
    } else if (line.op === 'drop') {
      const list = objects.get(line.key) ?? [];
      const at = list.findIndex((v) => v.versionId === line.versionId);
      if (at >= 0) {
        removed.push(...list[at]!.segments);
        if (at === list.length - 1) deletions.set(line.key, (deletions.get(line.key) ?? 0) + 1);
        list.splice(at, 1);
        if (list.length === 0) objects.delete(line.key);
      }
    } else if (line.op === 'upload') uploads.set(line.upload.uploadId, { ...line.upload, parts: new Map() });
    else if (line.op === 'part') {
      const parts = uploads.get(line.uploadId)?.parts;
      const old = parts?.get(line.part.number);
      if (old) removed.push(old.segment);
      parts?.set(line.part.number, line.part);
      named.add(line.part.segment.id);
    } else if (line.op === 'abort') {
      for (const part of uploads.get(line.uploadId)?.parts.values() ?? []) removed.push(part.segment);
      uploads.delete(line.uploadId);
    } else if (line.op === 'delivered') pendingEvents.delete(line.id);
  };

  const present = function* (): Generator<Line> {
    for (const list of objects.values()) for (const version of list) yield { op: 'put', version };
    for (const { parts, ...upload } of uploads.values()) {
      yield { op: 'upload', upload };
      for (const part of parts.values()) yield { op: 'part', uploadId: upload.uploadId, part };
    }
    for (const event of pendingEvents.values()) yield { op: 'pending', event };
  };

  const log: CommitLog<Line> = await openCommitLog<Line>(join(folder, 'log.jsonl'), remember, fsync);
  for (const segment of removed.splice(0)) named.delete(segment.id);
  deletions.clear();
  const keys = sortedKeys([...objects.keys()].filter((key) => !objects.get(key)!.at(-1)!.deleteMarker));
  const live = () => objects.size * 2 + uploads.size + pendingEvents.size;
  if (lines > COMPACT_AFTER_LINES && lines > 2 * live()) await log.rewrite(present);

  const pathOf = (segment: Segment) => join(dataDir, segment.id.slice(0, 2), segment.id);
  const discard = async (segments: readonly Segment[]) => {
    for (const segment of segments) {
      named.delete(segment.id);
      await rm(pathOf(segment), { force: true });
    }
  };
  const commit = async (line: Line, key?: string): Promise<void> => {
    await log.append(line);
    remember(line);
    if (key !== undefined) {
      const newest = objects.get(key)?.at(-1);
      if (newest && !newest.deleteMarker) keys.add(key);
      else keys.remove(key);
    }
    await discard(removed.splice(0));
  };
  const reserve = async (bytes: number): Promise<Segment> => {
    const segment = { id: newDataId(), bytes };
    named.add(segment.id);
    const shelf = segment.id.slice(0, 2);
    if (!shelves.has(shelf)) {
      await mkdir(join(dataDir, shelf), { recursive: true });
      shelves.add(shelf);
    }
    return segment;
  };

  const store: BucketStore = {
    name,
    keys,
    uploads,
    pendingEvents,
    allKeys: () => [...objects.keys()],
    versions: (key) => objects.get(key) ?? [],
    current(key) {
      const newest = objects.get(key)?.at(-1);
      return newest?.deleteMarker ? undefined : newest;
    },
    deletions: (key) => deletions.get(key) ?? 0,
    async exclusive(key, work) {
      const before = locks.get(key) ?? Promise.resolve();
      const mine = before.then(work, work);
      const settled = mine.then(
        () => {},
        () => {},
      );
      locks.set(key, settled);
      try {
        return await mine;
      } finally {
        if (locks.get(key) === settled) locks.delete(key);
      }
    },
    nextSequencer(nowMs) {
      const fromClock = BigInt(Math.max(0, Math.floor(nowMs))) << 16n;
      lastSequencer = fromClock > lastSequencer ? fromClock : lastSequencer + 1n;
      return lastSequencer.toString(16).toUpperCase().padStart(18, '0');
    },
    async keep(body, bodyPath, bytes) {
      const segment = await reserve(bytes);
      if (bodyPath !== undefined) await rename(bodyPath, pathOf(segment));
      // Into the kernel's memory: quicker here than by way of another thread.
      else if (!fsync && bytes <= SMALL_BYTES) writeFileSync(pathOf(segment), body, { flag: 'wx' });
      else {
        const file = await open(pathOf(segment), 'wx');
        try {
          await file.writeFile(body);
          if (fsync) await file.sync();
        } finally {
          await file.close();
        }
      }
      return segment;
    },
    async copy(segment, from) {
      const copied = await reserve(segment.bytes);
      await copyFile(from.segmentPath(segment), pathOf(copied), constants.COPYFILE_FICLONE);
      if (fsync) {
        const file = await open(pathOf(copied), 'r+');
        await file.sync();
        await file.close();
      }
      return copied;
    },
    discard,
    segmentPath: pathOf,
    async *read(segments, start, end) {
      let offset = 0;
      for (const segment of segments) {
        const from = Math.max(0, start - offset);
        const to = Math.min(segment.bytes, end - offset);
        if (from < to) yield* fileStretch(pathOf(segment), from, to);
        offset += segment.bytes;
      }
    },
    put: (version, event, completes) =>
      commit({ op: 'put', version, ...(completes === undefined ? {} : { completes }), ...(event ? { event } : {}) }, version.key),
    drop: (key, versionId, event) => commit({ op: 'drop', key, versionId, ...(event ? { event } : {}) }, key),
    openUpload: (upload) => commit({ op: 'upload', upload }),
    addPart: (uploadId, part) => commit({ op: 'part', uploadId, part }),
    abortUpload: (uploadId) => commit({ op: 'abort', uploadId }),
    delivered(id) {
      if (!pendingEvents.delete(id)) return;
      lines++;
      void log.append({ op: 'delivered', id }).catch(() => {});
    },
    async expire(beforeMs) {
      let dropped = 0;
      for (const [key, list] of [...objects]) {
        // A version stopped being current when its successor arrived.
        const stale = list.filter((_, i) => i + 1 < list.length && list[i + 1]!.lastModifiedMs < beforeMs);
        const newest = list.at(-1)!;
        if (newest.deleteMarker && newest.lastModifiedMs < beforeMs && stale.length === list.length - 1) stale.push(newest);
        for (const version of stale) {
          await store.exclusive(key, () => store.drop(key, version.versionId));
          dropped++;
        }
      }
      if (lines > COMPACT_AFTER_LINES && lines > 4 * live()) {
        lines = live();
        await log.rewrite(present);
      }
      return dropped;
    },
    async sweep() {
      for (const shelf of await readdir(dataDir)) {
        for (const id of await readdir(join(dataDir, shelf))) {
          if (!named.has(id)) await rm(join(dataDir, shelf, id), { force: true });
        }
      }
    },
    isEmpty: () => objects.size === 0 && uploads.size === 0,
    close: () => log.close(),
  };
  return store;
}
