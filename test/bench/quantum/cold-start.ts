/**
 * Cold start: from the import of the packed package to the first result, in a fresh process, as a Lambda function or a script feels it.
 * The process's own start is shown apart.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installPacked } from '../../support/packed-quantum.ts';
import { median } from './measure.ts';

const PROCESSES = 15;

const PROGRAM = `
const start = performance.now();
const { buildCircuit, expectation, pauliSum, simulate } = await import('@qefm/quantum');
const imported = performance.now();
const bell = buildCircuit(2, (builder) => {
  builder.gate('h', [0]);
  builder.gate('cnot', [0, 1]);
});
const value = expectation(simulate(bell), pauliSum('X0 X1'));
const end = performance.now();
if (Math.abs(value - 1) > 1e-12) throw new Error('wrong: ' + value);
console.log(JSON.stringify([imported - start, end - start]));
`;

export interface ColdStart {
  readonly importMs: number;
  /** Import and first result. */
  readonly totalMs: number;
  /** A process that does nothing. */
  readonly emptyProcessMs: number;
}

export async function coldStart(): Promise<ColdStart> {
  const packed = await installPacked();
  try {
    writeFileSync(join(packed.folder, 'first.js'), PROGRAM);
    writeFileSync(join(packed.folder, 'empty.js'), '');
    const run = (file: string) => execFileSync(process.execPath, [file], { cwd: packed.folder, encoding: 'utf8' });
    run('first.js');
    const times = Array.from({ length: PROCESSES }, () => JSON.parse(run('first.js')) as [number, number]);
    const empty = Array.from({ length: PROCESSES }, () => {
      const start = performance.now();
      run('empty.js');
      return performance.now() - start;
    });
    return {
      importMs: median(times.map(([imported]) => imported)),
      totalMs: median(times.map(([, total]) => total)),
      emptyProcessMs: median(empty),
    };
  } finally {
    packed.remove();
  }
}
