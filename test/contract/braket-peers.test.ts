import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compareWithBraket } from '../peers/braket-peer.ts';
import { chiSquareProblem, distance, meanProblem } from '../peers/compare.ts';
import { missingFeatures } from '../peers/features.ts';
import { randomProgram } from '../peers/random-program.ts';

const python = join('.venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
/** No wait of this length passes in a sound run; it only ends one that hangs. */
const PATIENCE_MS = 600_000;

describe('random programs', () => {
  test(
    'give what amazon-braket-default-simulator gives',
    async () => {
      const report = await compareWithBraket({ python, seed: 11, programs: 200 });
      expect(report.problems).toEqual([]);
      expect(report.largest).toBeLessThan(1e-10);
    },
    PATIENCE_MS,
  );

  test(
    'would show a wrong value and a wrong sample',
    async () => {
      const report = await compareWithBraket({
        python,
        seed: 11,
        programs: 30,
        spoil: (answer) => ({
          ...answer,
          values: answer.values.map((value) =>
            JSON.parse(JSON.stringify(value), (_, one) => (typeof one === 'number' ? one + 2e-10 : one)),
          ),
          measurements: answer.measurements.map((row) => row.map((bit) => 1 - bit)),
        }),
      });
      const exact = Array.from({ length: 30 }, (_, i) => randomProgram(11, i)).filter((program) => program.shots === 0).length;
      const found = report.problems.filter(({ problem }) => problem.startsWith('values that differ')).length;
      expect(found).toBe(exact);
      expect(report.problems.filter(({ problem }) => /chi-square|rare/.test(problem)).length).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );

  test('use every feature, and the same ones for the same seed', () => {
    const programs = Array.from({ length: 5000 }, (_, i) => randomProgram(7, i));
    expect(missingFeatures(new Set(programs.flatMap((program) => program.features)))).toEqual([]);
    expect(randomProgram(7, 12)).toEqual(programs[12]);
  });
});

describe('the comparison', () => {
  test('finds distances anywhere, and shapes that differ', () => {
    expect(distance([1, [2, { a: 3 }]], [1, [2, { a: 3.5 }]])).toBe(0.5);
    for (const other of [[1], [1, 2, 3], { 0: 1, 1: 2 }, [1, Number.NaN], null])
      expect(distance([1, 2], other)).toBe(Number.POSITIVE_INFINITY);
  });

  test('holds samples against their distribution', () => {
    expect(chiSquareProblem([498, 502], [0.5, 0.5])).toBeNull();
    expect(chiSquareProblem([300, 700], [0.5, 0.5])).toMatch(/chi-square/);
    expect(chiSquareProblem([990, 10], [1, 0])).toMatch(/rare/);
    expect(chiSquareProblem([1000, 0], [1, 0])).toBeNull();
    expect(meanProblem(0.02, 0, 1, 1000)).toBeNull();
    expect(meanProblem(0.3, 0, 1, 1000)).toMatch(/mean 0.3 found/);
  });
});
