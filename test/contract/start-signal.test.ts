import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'start-signal-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(['SIGTERM', 'SIGINT'] as const)('npm start that gets %s alone leaves no cloud behind', async (signal) => {
  const state = join(folder, signal);
  const child = spawn(
    process.execPath,
    ['scripts/start.ts', '--campaign', 'examples/bace-tiny', '--state', state, '--results', join(folder, 'results')],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('local cloud at')) break;
  expect(existsSync(join(state, 'lock.json'))).toBe(true);
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  expect(code).toBe(130);
  // The lock is the cloud's own: it is gone only when the cloud has ended by itself.
  expect(existsSync(join(state, 'lock.json'))).toBe(false);
});
