/**
 * What memory allows: one pass in place, in WebAssembly, on one thread and on a pool, that reads and writes every amplitude of a state and does next to nothing with it
 * (the STREAM benchmark's scale, with one array). No simulator can apply a gate to a state that does not fit the cache in less; one that fuses
 * gates can apply many in one pass. source  McCalpin 1995, Memory Bandwidth and Machine Balance
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';
import type { KernelPool } from '../../../quantum/threads/node.ts';
import { measure } from './measure.ts';

/** AssemblyScript, four vectors a turn as the kernels do it; each part takes its share. */
const SOURCE = `
export function pass(part: i32, parts: i32, address: usize, bytes: usize, factor: f64): void {
  const f = f64x2.splat(factor);
  const turns = bytes / 64;
  const end = address + (turns * (part + 1) / parts) * 64;
  for (let at = address + (turns * part / parts) * 64; at < end; at += 64) {
    v128.store(at, f64x2.mul(v128.load(at), f), 0);
    v128.store(at, f64x2.mul(v128.load(at, 16), f), 16);
    v128.store(at, f64x2.mul(v128.load(at, 32), f), 32);
    v128.store(at, f64x2.mul(v128.load(at, 48), f), 48);
  }
}
`;

type Pass = (part: number, parts: number, address: number, bytes: number, factor: number) => void;

const FIRST_ADDRESS = 65536;
const PAGE = 65536;

async function compile(): Promise<WebAssembly.Module> {
  const folder = mkdtempSync(join(tmpdir(), 'bandwidth-'));
  try {
    writeFileSync(join(folder, 'pass.ts'), SOURCE);
    const { error } = await asc.main([
      ...['pass.ts', '--baseDir', folder, '--outFile', 'pass.wasm', '--runtime', 'stub', '-O3', '--noAssert'],
      ...['--enable', 'simd', '--enable', 'threads', '--importMemory', '--sharedMemory'],
      ...['--initialMemory', '1', '--maximumMemory', '65536', '--use', 'abort='],
    ]);
    if (error) throw error;
    return new WebAssembly.Module(readFileSync(join(folder, 'pass.wasm')));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface MemoryLimit {
  /** Milliseconds of one pass over a state of double precision, by number of qubits. */
  readonly passMs: ReadonlyMap<number, number>;
  /** The same on all threads of the pool. */
  readonly pooledPassMs: ReadonlyMap<number, number>;
  /** Milliseconds to hand the pool a task that does nothing. */
  readonly dispatchMs: number;
}

export async function measureMemory(sizes: readonly number[], pool: KernelPool): Promise<MemoryLimit> {
  const module = await compile();
  const pages = FIRST_ADDRESS / PAGE + Math.ceil((16 * 2 ** Math.max(4, ...sizes)) / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true });
  new Float64Array(memory.buffer).fill(1);
  const pass = new WebAssembly.Instance(module, { env: { memory } }).exports['pass'] as Pass;
  const each = (call: (bytes: number) => void) =>
    new Map(sizes.map((qubits) => [qubits, measure(() => call(16 * 2 ** qubits), 300).wallMs]));
  // The sign turns, so that values neither grow nor vanish.
  const pooled = (bytes: number) => pool.runSync({ module, memory, entry: 'pass', args: [FIRST_ADDRESS, bytes, -1] });
  return {
    passMs: each((bytes) => pass(0, 1, FIRST_ADDRESS, bytes, -1)),
    pooledPassMs: each(pooled),
    dispatchMs: measure(() => pooled(0), 100).wallMs,
  };
}
