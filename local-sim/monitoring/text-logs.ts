/**
 * Log streams that are plain text files, for whatever writes its output to a file: a folder for each group, a path below it for each
 * stream. Lines of a process carry no time, so all of a stream bear the one that its name ends with, `…-<milliseconds>`, or else 0; no
 * line is later than the last change of the file.
 */
import { createReadStream, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { LogEvent } from '../lambda/logs.ts';

const FOLDER = 'text-logs';
const SUFFIX = '.log';

/** The file of a stream, its folder made; stream names may have slashes. */
export function textLogPath(stateDir: string, group: string, stream: string): string {
  const path = join(stateDir, FOLDER, encodeURIComponent(group), `${stream}${SUFFIX}`);
  mkdirSync(dirname(path), { recursive: true });
  return path;
}

export function textLogGroups(stateDir: string): string[] {
  const folder = join(stateDir, FOLDER);
  return existsSync(folder) ? readdirSync(folder).map(decodeURIComponent).sort() : [];
}

/** Names of the streams of a group, sorted. */
export function textLogStreams(stateDir: string, group: string): string[] {
  const folder = join(stateDir, FOLDER, encodeURIComponent(group));
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => name.slice(0, -SUFFIX.length))
    .sort();
}

export async function* readTextLog(
  stateDir: string,
  group: string,
  stream: string,
): AsyncGenerator<LogEvent & { untilMs: number }> {
  const timestampMs = Number(/-(\d+)$/.exec(stream)?.[1] ?? 0);
  const path = join(stateDir, FOLDER, encodeURIComponent(group), `${stream}${SUFFIX}`);
  const untilMs = Math.max(timestampMs, statSync(path).mtimeMs);
  for await (const message of createInterface({ input: createReadStream(path) }))
    yield { timestampMs, untilMs, requestId: stream, message };
}
