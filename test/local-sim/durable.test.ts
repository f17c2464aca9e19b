/** What lies under every service: the commit log, the outbox, the lock, the plan. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openCommitLog } from '../../local-sim/commit-log.ts';
import { lockStateDir, processStart } from '../../local-sim/lock.ts';
import { openOutbox } from '../../local-sim/outbox.ts';
import { substitute } from '../../local-sim/plan.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'durable-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('openCommitLog', () => {
  test('gives back what was acknowledged, in order, and cuts off a torn line', async () => {
    const path = join(folder, 'log.jsonl');
    const log = await openCommitLog<number>(path, () => {});
    await Promise.all(Array.from({ length: 100 }, (_, i) => log.append(i)));
    await log.close();
    appendFileSync(path, '{"torn": tr');
    const found: number[] = [];
    const again = await openCommitLog<number>(path, (n) => found.push(n));
    await again.append(100);
    await again.close();
    expect(found).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(101);
  });

  test('rewrites without losing appends that come at the same time', async () => {
    const path = join(folder, 'log.jsonl');
    const state: number[] = [];
    const log = await openCommitLog<number>(path, () => {});
    const append = async (n: number) => {
      await log.append(n);
      state.push(n);
    };
    const work = [];
    for (let n = 0; n < 300; n++) {
      work.push(append(n));
      if (n % 50 === 25) work.push(log.rewrite(() => [...state]));
      if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(work);
    await log.close();
    const found: number[] = [];
    await (await openCommitLog<number>(path, (n) => found.push(n))).close();
    expect([...found].sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i));
  });
});

describe('openOutbox', () => {
  test('has at the next opening what was added and not done', async () => {
    const path = join(folder, 'outbox.jsonl');
    const first = await openOutbox<string>(path);
    await first.addAll([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ]);
    first.done('b');
    await first.add('a', 'changed');
    await first.close();
    const second = await openOutbox<string>(path);
    expect([...second.open]).toEqual([
      ['a', 'changed'],
      ['c', '3'],
    ]);
    await second.close();
    expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(2);
  });
});

describe('lockStateDir', () => {
  test('lets one holder in at a time and forgets holders that are gone', () => {
    const release = lockStateDir(folder);
    expect(() => lockStateDir(folder)).toThrow(`in use by process ${process.pid}`);
    release();
    lockStateDir(folder)();
    writeFileSync(join(folder, 'lock.json'), JSON.stringify({ pid: process.pid, startedAt: 'another life of this number' }));
    lockStateDir(folder)();
    writeFileSync(join(folder, 'lock.json'), 'torn');
    lockStateDir(folder)();
  });

  test('knows when a process started', () => {
    expect(processStart(process.pid)).toBeTruthy();
    expect(processStart(process.pid)).toBe(processStart(process.pid));
    expect(processStart(2 ** 22 + 1)).toBeUndefined();
  });
});

describe('substitute', () => {
  test('replaces names and refuses one that stands for nothing', () => {
    expect(substitute('a ${X} b ${Y_1} {% $x %}', { X: '1', Y_1: '2' }, 'file')).toBe('a 1 b 2 {% $x %}');
    expect(() => substitute('${Z}', { X: '1' }, 'discover.asl.json')).toThrow('discover.asl.json names ${Z}');
    expect(() => substitute('${constructor}', {}, 'file')).toThrow('stands for nothing');
  });
});
