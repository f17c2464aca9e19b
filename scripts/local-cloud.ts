/** The local cloud as a process of its own, for scripts that want one. */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const STARTUP_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;

export interface LocalCloudProcess {
  /** Base address of the HTTP API. */
  api: string;
  endpoint: string;
  /** What an AWS client needs in its environment. */
  env: Record<string, string>;
  process: ChildProcess;
  stop(): Promise<void>;
}

/** The jobs' Python, where the set-up could make one. */
export const jobsPython = (): string | null => {
  const path = process.platform === 'win32' ? join('.venv', 'Scripts', 'python.exe') : join('.venv', 'bin', 'python');
  return existsSync(path) ? path : null;
};

/** Starts `local-sim/main.ts` on a folder of state and resolves when it answers. */
export async function startLocalCloudProcess(stateDir: string, port = 0): Promise<LocalCloudProcess> {
  const python = jobsPython();
  const child = spawn(
    process.execPath,
    [
      'local-sim/main.ts',
      '--json',
      '--state',
      stateDir,
      '--port',
      String(port),
      ...(python === null ? [] : ['--python', join(process.cwd(), python)]),
    ],
    // Compiled code is kept between starts: half of a start's CPU time.
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_COMPILE_CACHE: join('.cache', 'compile') } },
  );
  const ready = new Promise<{ endpoint: string; api: string; env: Record<string, string> }>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the local cloud did not answer within ${STARTUP_TIMEOUT_MS} ms`)),
      STARTUP_TIMEOUT_MS,
    );
    createInterface({ input: child.stdout! }).once('line', (line) => {
      clearTimeout(timer);
      resolve(JSON.parse(line) as { endpoint: string; api: string; env: Record<string, string> });
    });
    child.once('exit', (code) => reject(new Error(`the local cloud ended with exit code ${code} before it answered`)));
  });
  try {
    const facts = await ready;
    return { ...facts, process: child, stop: () => stopProcess(child) };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
