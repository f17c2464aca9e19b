/** A small module for the tests of the thread pool: shared memory, no data segments, entries that show who did what. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

/** AssemblyScript; as text, because it is TypeScript in spelling only. */
const SOURCE = `
/** Each part writes its number into its slice of [0, count) i32. */
export function fill(part: i32, parts: i32, address: usize, count: i32): void {
  const first = (count * part) / parts;
  const end = (count * (part + 1)) / parts;
  for (let i = first; i < end; i++) store<i32>(address + (<usize>i << 2), part + 1);
}

/** Counts its calls. */
export function count(part: i32, parts: i32, address: usize): void {
  atomic.add<i32>(address, 1);
}

/** Parts meet: nobody goes on before all have come, so this ends only when they run at once. */
export function meet(part: i32, parts: i32, address: usize): void {
  atomic.add<i32>(address, 1);
  while (atomic.load<i32>(address) < parts) {}
  store<i32>(address + 4 + (<usize>part << 2), atomic.load<i32>(address));
}

/** y += a x on a share of [0, count) doubles. */
export function axpy(part: i32, parts: i32, count: i32, a: f64, x: usize, y: usize): void {
  const first = (count * part) / parts;
  const end = (count * (part + 1)) / parts;
  for (let i = first; i < end; i++) {
    const at = <usize>i << 3;
    store<f64>(y + at, load<f64>(y + at) + a * load<f64>(x + at));
  }
}

/** Traps in one part. */
export function fail(part: i32, parts: i32, which: i32): void {
  if (part == which) unreachable();
}
`;

export async function threadKernels(): Promise<Uint8Array<ArrayBuffer>> {
  const folder = mkdtempSync(join(tmpdir(), 'thread-kernels-'));
  try {
    writeFileSync(join(folder, 'kernels.ts'), SOURCE);
    const { error, stderr } = await asc.main([
      'kernels.ts',
      ...['--baseDir', folder, '--outFile', 'kernels.wasm', '--runtime', 'stub', '-O2', '--noAssert', '--use', 'abort='],
      ...['--enable', 'threads', '--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
    ]);
    if (error) throw new Error(`asc: ${error.message}\n${stderr.toString()}`);
    return new Uint8Array(readFileSync(join(folder, 'kernels.wasm')));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
