/** A local cloud in a child process that dies inside one state after the other and is started again each time, on the same folder and port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientConfig } from './e2e.ts';

export interface KilledProcessOptions {
  stateDir: string;
  port: number;
  /** Names of the states in which a process was killed, a line each. */
  killsFile: string;
  seed: number;
  kill: boolean;
  /** A state that works is killed at most so long after it was entered. */
  longestMs: number;
  python?: string;
}

export interface KilledCloud {
  client: ClientConfig;
  /** States in which the cloud was killed so far. */
  killed(): string[];
  /** How many processes there were. */
  processes(): number;
  /** Ends the present process and goes on with other options. */
  restart(changes: Partial<KilledProcessOptions>): Promise<void>;
  remove(): Promise<void>;
}

interface Started extends ClientConfig {
  port: number;
}

export async function startKilledCloud(wanted: Pick<KilledProcessOptions, 'seed' | 'longestMs'>): Promise<KilledCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'killed-workflow-'));
  let options: KilledProcessOptions = {
    stateDir: join(folder, 'state'),
    port: 0,
    killsFile: join(folder, 'kills.txt'),
    kill: true,
    ...wanted,
  };
  let child: ChildProcess;
  let count = 0;
  let wantedEnd = false;
  let broken: Error | undefined;

  const launch = (): Promise<Started> =>
    new Promise((resolve, reject) => {
      count++;
      const one = spawn(process.execPath, [join(import.meta.dirname, 'e2e-killed-process.ts'), JSON.stringify(options)], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = one;
      let stdout = '';
      let stderr = '';
      one.stderr.on('data', (chunk) => {
        stderr += String(chunk);
      });
      one.stdout.on('data', (chunk) => {
        stdout += String(chunk);
        if (stdout.includes('\n')) resolve(JSON.parse(stdout) as Started);
      });
      one.once('exit', (code, signal) => {
        if (wantedEnd) return;
        // A process may die before it answers: it takes up the work of the last one first.
        if (signal === 'SIGKILL') launch().then(resolve, reject);
        else {
          broken = new Error(`the cloud ended with ${code ?? signal}: ${stderr.slice(0, 4000)}`);
          reject(broken);
        }
      });
    });

  const end = async () => {
    wantedEnd = true;
    if (child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    }
  };

  const { port, ...client } = await launch();
  options = { ...options, port };
  return {
    client,
    killed() {
      if (broken !== undefined) throw broken;
      return existsSync(options.killsFile) ? readFileSync(options.killsFile, 'utf8').split('\n').filter(Boolean) : [];
    },
    processes: () => count,
    async restart(changes) {
      await end();
      wantedEnd = false;
      options = { ...options, ...changes };
      await launch();
    },
    async remove() {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
