/** A local cloud in a child process that a test may kill at any moment and start again on the same folder and port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatchOptions } from '../../local-sim/batch.ts';
import type { BraketOptions } from '../../local-sim/braket.ts';

export interface CloudProcessOptions {
  stateDir: string;
  /** 0 for a free one. */
  port: number;
  buckets: string[];
  braket: BraketOptions;
  batch: BatchOptions;
}

export interface KillableCloud {
  stateDir: string;
  client: { region: string; endpoint: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  /** SIGKILL, and a new process on the same folder and port; `between` runs while there is none. */
  killAndRestart(changes?: Partial<CloudProcessOptions>, between?: () => void): Promise<void>;
  remove(): Promise<void>;
}

export async function startKillableCloud(wanted: Partial<CloudProcessOptions>): Promise<KillableCloud> {
  const stateDir = mkdtempSync(join(tmpdir(), 'killed-cloud-'));
  const options: CloudProcessOptions = { stateDir, port: 0, buckets: [], braket: {}, batch: {}, ...wanted };
  let running = await launch(options);
  const kill = async () => {
    const gone = new Promise((resolve) => running.child.once('exit', resolve));
    running.child.kill('SIGKILL');
    await gone;
  };
  return {
    stateDir,
    client: { region: 'us-east-1', endpoint: running.endpoint, credentials: running.credentials },
    async killAndRestart(changes = {}, between = () => {}) {
      await kill();
      between();
      running = await launch({ ...options, port: running.port, ...changes });
    },
    async remove() {
      await kill();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

interface Running {
  child: ChildProcess;
  endpoint: string;
  port: number;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

function launch(options: CloudProcessOptions): Promise<Running> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'cloud-process.ts'), JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      if (stdout.includes('\n')) resolve({ child, ...JSON.parse(stdout) });
    });
    child.once('exit', (code) => reject(new Error(`the cloud process ended with ${code}: ${stderr}`)));
  });
}
