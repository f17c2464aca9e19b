/**
 * What memory allows: one pass in place, in WebAssembly, that reads and writes every amplitude of a state and does next to nothing with it
 * (the STREAM benchmark's scale, with one array). No simulator can apply a gate to a state that does not fit the cache in less; one that fuses
 * gates can apply many in one pass. source  McCalpin 1995, Memory Bandwidth and Machine Balance
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';
import { measure } from './measure.ts';

/** AssemblyScript, four vectors a turn as the kernels do it. */
const SOURCE = `
export function pass(address: usize, bytes: usize, factor: f64): void {
  const f = f64x2.splat(factor);
  const end = address + bytes;
  for (let at = address; at < end; at += 64) {
    v128.store(at, f64x2.mul(v128.load(at), f), 0);
    v128.store(at, f64x2.mul(v128.load(at, 16), f), 16);
    v128.store(at, f64x2.mul(v128.load(at, 32), f), 32);
    v128.store(at, f64x2.mul(v128.load(at, 48), f), 48);
  }
}
`;

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly pass: (address: number, bytes: number, factor: number) => void;
}

const FIRST_ADDRESS = 65536;

async function compile(): Promise<WebAssembly.Module> {
  const folder = mkdtempSync(join(tmpdir(), 'bandwidth-'));
  try {
    writeFileSync(join(folder, 'pass.ts'), SOURCE);
    const flags = ['--runtime', 'stub', '-O3', '--noAssert', '--enable', 'simd', '--initialMemory', '1'];
    const { error } = await asc.main(['pass.ts', '--baseDir', folder, '--outFile', 'pass.wasm', ...flags]);
    if (error) throw error;
    return new WebAssembly.Module(readFileSync(join(folder, 'pass.wasm')));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Milliseconds of one pass over a state of double precision, by number of qubits. */
export async function passMs(sizes: readonly number[]): Promise<Map<number, number>> {
  const exports = new WebAssembly.Instance(await compile()).exports as unknown as Exports;
  const most = 16 * 2 ** Math.max(...sizes);
  exports.memory.grow(most / 65536 + 1);
  new Float64Array(exports.memory.buffer).fill(1);
  return new Map(
    sizes.map((qubits) => {
      const bytes = 16 * 2 ** qubits;
      // The sign turns, so that values neither grow nor vanish.
      return [qubits, measure(() => exports.pass(FIRST_ADDRESS, bytes, -1), 400).wallMs];
    }),
  );
}
