import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { seededUnit } from '../../../local-sim/states/functions.ts';
import type { Ran } from './cloud.ts';

const folders: string[] = [];
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true });
});

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'qefm-kill-'));
  folders.push(dir);
  return dir;
}

/** Runs the child until it is done, or kills it so many milliseconds after it is ready. */
function runChild(stateDir: string, killAfterMs?: number): Promise<Ran | 'killed'> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-child.ts'), stateDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return new Promise((resolve, reject) => {
    let out = '';
    let errors = '';
    let timer: NodeJS.Timeout | undefined;
    child.stderr?.on('data', (chunk) => {
      errors += String(chunk);
    });
    child.stdout?.on('data', (chunk) => {
      out += String(chunk);
      if (out.includes('ready\n') && killAfterMs !== undefined) timer ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      const done = /^done (.*)$/m.exec(out)?.[1];
      if (done !== undefined) resolve(JSON.parse(done) as Ran);
      else if (signal === 'SIGKILL') resolve('killed');
      else reject(new Error(`the child ended with ${code}: ${errors}`));
    });
  });
}

describe('kill -9', () => {
  test('of the whole process, again and again, changes neither the result nor runs finished work twice', async () => {
    const undisturbed = (await runChild(folder())) as Ran;
    expect(undisturbed.status).toBe('SUCCEEDED');
    const stateDir = folder();
    let kills = 0;
    let ran: Ran | 'killed' = 'killed';
    for (let i = 0; i < 7 && ran === 'killed'; i++) {
      ran = await runChild(stateDir, 5 + Math.floor(seededUnit(`kill ${i}`) * 90));
      if (ran === 'killed') kills++;
    }
    if (ran === 'killed') ran = await runChild(stateDir);
    expect(kills).toBeGreaterThan(2);
    expect(ran).toEqual(undisturbed);
    const lines = readFileSync(join(stateDir, 'calls.log'), 'utf8').trim().split('\n');
    const ends = new Map<string, number>();
    for (const line of lines) if (line.startsWith('end ')) ends.set(line, (ends.get(line) ?? 0) + 1);
    // 6 in the loop, 2 and 6 in the branches, 12 children.
    expect(ends.size).toBe(26);
    // A call may end in the instant before the kill, too late for its answer to be on record: at most one per kill and worker.
    const twice = [...ends.values()].reduce((sum, count) => sum + count - 1, 0);
    expect(twice).toBeLessThanOrEqual(kills);
    const starts = lines.filter((line) => line.startsWith('start ')).length;
    expect(starts - 26).toBeLessThanOrEqual(kills * 3);
  }, 120_000);
});
