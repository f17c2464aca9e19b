/** A script of the project as a child process, as its user calls it. */
import { spawn } from 'node:child_process';

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a TypeScript file with Node and waits for its end; nothing of this process's own environment but PATH and HOME gets in. */
export function runScript(
  script: string,
  args: readonly string[],
  env: Record<string, string> = {},
  timeoutMs = 450_000,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], AWS_EC2_METADATA_DISABLED: 'true', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Fails unless the script ended with code 1 and said one line, without a stack. */
export function oneLine(ended: Ended): string {
  const lines = ended.stderr.trim().split('\n');
  if (ended.code !== 1 || lines.length !== 1 || ended.stdout !== '')
    throw new Error(`wanted one line and exit code 1, found ${JSON.stringify(ended)}`);
  return lines[0]!;
}
