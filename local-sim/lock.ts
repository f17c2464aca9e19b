/** One process for one folder of state: a lock file with pid and start time, so that the lock of a dead process is known to be stale. */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Holder {
  pid: number;
  startedAt: string;
}

/** When a process started, in whatever form the system tells it; undefined when there is no such process. */
export function processStart(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      // The name in field 2 may hold spaces and parentheses; the start time is the twentieth field after it.
      return readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[19];
    } catch {
      return undefined;
    }
  }
  try {
    if (process.platform === 'win32') {
      process.kill(pid, 0);
      return 'running';
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Takes the folder, or throws an Error that names the process which has it. Returns the release. */
export function lockStateDir(stateDir: string): () => void {
  mkdirSync(stateDir, { recursive: true });
  const path = join(stateDir, 'lock.json');
  const mine: Holder = { pid: process.pid, startedAt: processStart(process.pid) ?? '' };
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, JSON.stringify(mine));
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        // A link appears whole or not at all, and fails when the name is taken.
        linkSync(fresh, path);
        return () => {
          if (readHolder(path)?.pid === process.pid) rmSync(path, { force: true });
        };
      } catch (error) {
        if ((error as { code?: string }).code !== 'EEXIST') throw error;
      }
      const holder = readHolder(path);
      if (holder && holder.startedAt !== '' && processStart(holder.pid) === holder.startedAt) {
        throw new Error(`the folder of state ${stateDir} is in use by process ${holder.pid}`);
      }
      rmSync(path, { force: true });
    }
    throw new Error(`could not take ${path}: other processes take it at the same time`);
  } finally {
    rmSync(fresh, { force: true });
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}
