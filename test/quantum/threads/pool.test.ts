import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKernelPool, type KernelPool } from '../../../quantum/threads/node.ts';
import { threadKernels } from '../../support/thread-kernels.ts';

const SIZE = 3;
let bytes: Uint8Array<ArrayBuffer>;
let module: WebAssembly.Module;
let pool: KernelPool;

beforeAll(async () => {
  bytes = await threadKernels();
  module = await WebAssembly.compile(bytes);
  pool = await createKernelPool({ size: SIZE });
});
afterAll(() => pool.close());

const sharedMemory = () => new WebAssembly.Memory({ initial: 2, maximum: 65536, shared: true });

describe('a kernel pool in Node', () => {
  test.each(['run', 'runSync'] as const)('%s gives each part its share', async (verb) => {
    const memory = sharedMemory();
    await pool[verb]({ module, memory, entry: 'fill', args: [1024, 9] });
    expect([...new Int32Array(memory.buffer, 1024, 9)]).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3]);
  });

  test.each(['run', 'runSync'] as const)('%s runs the parts at the same time', async (verb) => {
    const memory = sharedMemory();
    await pool[verb]({ module, memory, entry: 'meet', args: [0] });
    expect([...new Int32Array(memory.buffer, 0, 4)]).toEqual([3, 3, 3, 3]);
  });

  test('passes doubles and sees memory that has grown', async () => {
    const memory = sharedMemory();
    pool.runSync({ module, memory, entry: 'count', args: [0] });
    memory.grow(10);
    const [x, y] = [new Float64Array(memory.buffer, 8 * 65536, 100), new Float64Array(memory.buffer, 9 * 65536, 100)];
    x.forEach((_, i) => {
      x[i] = i;
    });
    pool.runSync({ module, memory, entry: 'axpy', args: [100, 0.25, x.byteOffset, y.byteOffset] });
    await pool.run({ module, memory, entry: 'axpy', args: [100, 0.5, x.byteOffset, y.byteOffset] });
    expect([...y]).toEqual(Array.from({ length: 100 }, (_, i) => 0.75 * i));
  });

  test('runs every part once, whatever the order of calls and memories', async () => {
    const memories = [sharedMemory(), sharedMemory()];
    const waiting: Promise<void>[] = [];
    for (let i = 0; i < 400; i++) pool.runSync({ module, memory: memories[i & 1]!, entry: 'count', args: [0] });
    for (let i = 0; i < 1000; i++) pool.runSync({ module, memory: memories[0]!, entry: 'count', args: [0] });
    for (let i = 0; i < 100; i++) waiting.push(pool.run({ module, memory: memories[(i >> 1) & 1]!, entry: 'count', args: [0] }));
    await Promise.all(waiting);
    for (let i = 0; i < 100; i++) pool.runSync({ module, memory: memories[1]!, entry: 'count', args: [0] });
    expect(memories.map((memory) => new Int32Array(memory.buffer)[0])).toEqual([SIZE * 1250, SIZE * 350]);
  });

  test('says which part failed and stays usable', async () => {
    const memory = sharedMemory();
    for (const which of [0, 2]) {
      expect(() => pool.runSync({ module, memory, entry: 'fail', args: [which] })).toThrow(
        new RegExp(`^pool: fail failed in part ${which}: RuntimeError`),
      );
      await expect(pool.run({ module, memory, entry: 'fail', args: [which] })).rejects.toThrow(`in part ${which}: RuntimeError`);
    }
    pool.runSync({ module, memory, entry: 'count', args: [0] });
    expect(new Int32Array(memory.buffer)[0]).toBe(SIZE);
  });

  test('refuses what it cannot run', async () => {
    const memory = sharedMemory();
    expect(() => pool.runSync({ module, memory, entry: 'nothing' })).toThrow("an exported function wanted, 'nothing' found");
    await expect(pool.run({ module, memory, entry: 'nothing' })).rejects.toThrow("'nothing' found");
    const single = new WebAssembly.Memory({ initial: 1 });
    expect(() => pool.runSync({ module, memory: single, entry: 'count', args: [0] })).toThrow('shared memory wanted');
    expect(() => pool.runSync({ module, memory, entry: 'count', args: new Array(17).fill(0) })).toThrow('at most 16 arguments');
    await expect(createKernelPool({ size: 0 })).rejects.toThrow('1 to 64 threads wanted, 0 found');
    const running = pool.run({ module, memory, entry: 'count', args: [0] });
    expect(() => pool.runSync({ module, memory, entry: 'count', args: [0] })).toThrow('an idle pool');
    await running;
  });

  test('works alone with one thread, and refuses work once closed', async () => {
    const alone = await createKernelPool({ size: 1 });
    const memory = sharedMemory();
    alone.runSync({ module, memory, entry: 'fill', args: [0, 4] });
    await alone.run({ module, memory, entry: 'count', args: [64] });
    expect([...new Int32Array(memory.buffer, 0, 4)]).toEqual([1, 1, 1, 1]);
    await alone.close();
    expect(() => alone.runSync({ module, memory, entry: 'count', args: [0] })).toThrow('this one was closed');
    await expect(alone.run({ module, memory, entry: 'count', args: [0] })).rejects.toThrow('this one was closed');
  });

  test('ends its threads after the tasks that wait', async () => {
    const brief = await createKernelPool({ size: 2 });
    const memory = sharedMemory();
    const waiting = [1, 2, 3].map(() => brief.run({ module, memory, entry: 'count', args: [0] }));
    await brief.close();
    await Promise.all(waiting);
    expect(new Int32Array(memory.buffer)[0]).toBe(6);
  });

  test('lets the process end while it is open, but not while a task runs', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kernel-pool-'));
    try {
      writeFileSync(join(folder, 'kernels.wasm'), bytes);
      const script = `
        import { readFileSync } from 'node:fs';
        import { createKernelPool } from ${JSON.stringify(new URL('../../../quantum/threads/node.ts', import.meta.url).href)};
        const module = new WebAssembly.Module(readFileSync('kernels.wasm'));
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
        const pool = await createKernelPool({ size: 2 });
        pool.run({ module, memory, entry: 'meet', args: [0] }).then(() => console.log(new Int32Array(memory.buffer)[0]));
      `;
      const options = { cwd: folder, encoding: 'utf8', timeout: 50_000 } as const;
      expect(execFileSync(process.execPath, ['--input-type=module', '--eval', script], options)).toBe('2\n');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
