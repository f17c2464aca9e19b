/**
 * One attempt of a job as a process that outlives its parent. A small shell wrapper leads its own process group, writes down
 * who it is, and at the end the exit code, so that a later cloud can take the process over, or be sure that it is gone.
 *
 * Files in the attempt's folder: `claim/` (made by whoever decides first whether the attempt runs), `claim/identity` (process
 * id and start time), `exit` (exit code), `stdout.log`, `stderr.log` unless a file for both is named.
 */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface AttemptCommand {
  command: readonly string[];
  cwd?: string;
  environment: Readonly<Record<string, string>>;
  dir: string;
  /** One file for both streams, in the order of the writes, instead of `stdout.log` and `stderr.log`. */
  log?: string;
}

export interface AttemptEnd {
  exitCode: number;
  /** When the process could not be started at all. */
  error?: string;
}

export interface AttemptProcess {
  readonly ended: Promise<AttemptEnd>;
  /** Asks the whole group to end (SIGTERM), and ends it (SIGKILL) after the grace. */
  terminate(graceMs: number): void;
  /** Lets go of the process without ending it. */
  release(): void;
}

/** Of the wrapper itself: the attempt was given up before it began, or the exit code could not be written. */
const NOT_RUN_EXIT_CODE = 125;

// The trap keeps the shell alive for the exit code while its child gets the signal; a trap with a command is not inherited.
const WRAPPER = `
dir=$1; shift
mkdir "$dir/claim" 2>/dev/null || exit ${NOT_RUN_EXIT_CODE}
trap : TERM INT HUP
{ echo $$; cat "/proc/$$/stat" 2>/dev/null || LC_ALL=C ps -o lstart= -p $$; } > "$dir/claim/identity.new"
mv "$dir/claim/identity.new" "$dir/claim/identity"
"$@"
code=$?
echo $code > "$dir/exit.new"
mv "$dir/exit.new" "$dir/exit"
`;

const POLL_MS = 100;
const IDENTITY_WAIT_MS = 5_000;
const KILLED_EXIT_CODE = 137;

export function startAttempt({ command, cwd, environment, dir, log }: AttemptCommand): AttemptProcess {
  mkdirSync(dir, { recursive: true });
  const stdout = openSync(log ?? join(dir, 'stdout.log'), 'a');
  const stderr = openSync(log ?? join(dir, 'stderr.log'), 'a');
  try {
    const child = spawn('/bin/sh', ['-c', WRAPPER, 'attempt', dir, ...command], {
      detached: true,
      stdio: ['ignore', stdout, stderr],
      env: { ...environment },
      ...(cwd === undefined ? {} : { cwd }),
    });
    child.unref();
    let stopKilling: () => void = () => {};
    const ended = new Promise<AttemptEnd>((resolve) => {
      child.once('error', (error) => resolve({ exitCode: 127, error: error.message }));
      child.once('exit', (code, signal) => {
        stopKilling();
        // As in a container: what the main process left running ends with it.
        if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
        resolve({ exitCode: readExitCode(dir) ?? (signal ? KILLED_EXIT_CODE : code || NOT_RUN_EXIT_CODE) });
      });
    });
    return {
      ended,
      terminate(graceMs) {
        if (child.pid !== undefined) stopKilling = terminateGroup(child.pid, graceMs);
      },
      release: () => child.removeAllListeners(),
    };
  } finally {
    closeSync(stdout);
    closeSync(stderr);
  }
}

/**
 * What became of an attempt that another cloud started: it still runs, it is over with this exit code, or it left no trace of
 * an end: never begun (and, from now on, never to begin), or killed together with its wrapper.
 */
export async function recoverAttempt(dir: string): Promise<{ process: AttemptProcess } | { end: AttemptEnd } | 'no-end'> {
  mkdirSync(dir, { recursive: true });
  try {
    mkdirSync(join(dir, 'claim'));
    return 'no-end';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const identityPath = join(dir, 'claim', 'identity');
  for (let waitedMs = 0; !existsSync(identityPath) && waitedMs < IDENTITY_WAIT_MS; waitedMs += POLL_MS) await pause(POLL_MS);
  const over = () => {
    const exitCode = readExitCode(dir);
    return exitCode === undefined ? 'no-end' : { end: { exitCode } };
  };
  if (!existsSync(identityPath)) return over();
  const [pidLine = '', ...rest] = readFileSync(identityPath, 'utf8').split('\n');
  const pid = Number(pidLine);
  const startTime = startTimeFrom(rest.join('\n'));
  if (!isAlive(pid, startTime)) return over();
  return { process: adopt(dir, pid, startTime) };
}

function adopt(dir: string, pid: number, startTime: string): AttemptProcess {
  let stopKilling: () => void = () => {};
  let released = false;
  const watch = async (): Promise<AttemptEnd> => {
    while (!released && isAlive(pid, startTime)) await pause(POLL_MS);
    stopKilling();
    return { exitCode: readExitCode(dir) ?? KILLED_EXIT_CODE };
  };
  return {
    ended: watch(),
    terminate(graceMs) {
      stopKilling = terminateGroup(pid, graceMs);
    },
    release() {
      released = true;
    },
  };
}

/** Returns a function that calls the SIGKILL off. */
function terminateGroup(pid: number, graceMs: number): () => void {
  signalGroup(pid, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
  return () => clearTimeout(timer);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Alive, not a zombie, and the process we mean: ids are used again, start times are not. */
function isAlive(pid: number, startTime: string): boolean {
  const found = processLine(pid);
  return found !== undefined && startTime !== '' && startTimeFrom(found) === startTime;
}

function processLine(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/stat`, 'utf8');
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  } catch {
    return undefined;
  }
}

/** Start time in clock ticks from a line of /proc/PID/stat (field 22), '' for a zombie; elsewhere the text that `ps` prints. */
function startTimeFrom(line: string): string {
  const afterName = line.lastIndexOf(') ');
  if (afterName < 0) return line.trim();
  const fields = line.slice(afterName + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '');
}

function readExitCode(dir: string): number | undefined {
  const path = join(dir, 'exit');
  if (!existsSync(path)) return undefined;
  return Number(readFileSync(path, 'utf8').trim());
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
