import { readFileSync } from 'node:fs';
import { runAction } from '@qefm/quantum';
import { describe, expect, test } from 'vitest';
import type { Target } from '../../../core/problems/circuit-files.ts';
import { collectBatch, type ResultFiles } from '../../../core/problems/collect.ts';
import type { CircuitBatch } from '../../../core/problems/problem.ts';
import { compileBatch } from '../../../core/problems/programs.ts';
import { simulateBatch } from '../../../core/problems/simulate.ts';

interface Golden {
  header: { tool: string; version: string };
  programs: string[];
  cases: {
    inputs: Record<string, number>;
    amplitudes: number[];
    answer: { resultTypes: { type: { type: string }; value: number }[] };
  }[];
}

const golden = JSON.parse(readFileSync(new URL('../../golden/affinity/bace-circuits.json', import.meta.url), 'utf8')) as Golden;
const target: Target = { kind: 'sv1', shots: 0, maximumExecutables: 1 };
const theta = Float64Array.from({ length: 42 }, (_, p) => golden.cases[0]!.inputs[`theta${p}`]!);
const batch: CircuitBatch = {
  circuit: { qubits: 6, layers: 3, entangler: 'ring', theta },
  requests: golden.cases.map(({ amplitudes }) => ({ kind: 'expectations', amplitudes: Float64Array.from(amplitudes) })),
};

/** Largest distance to the recorded values over all circuits and observables. */
function worst(results: ReturnType<typeof simulateBatch>): number {
  let distance = 0;
  for (const [m, result] of results.entries()) {
    if (result.kind !== 'expectations') throw new Error('expectations wanted');
    const { resultTypes } = golden.cases[m]!.answer;
    expect(result.values).toHaveLength(resultTypes.length);
    for (const [i, { value }] of resultTypes.entries()) distance = Math.max(distance, Math.abs(result.values[i]! - value));
  }
  return distance;
}

describe('circuits of the BACE example', () => {
  test('are at least 50, each with 12 values recorded from amazon-braket-default-simulator', () => {
    expect(golden.header.tool).toBe('amazon-braket-default-simulator');
    expect(golden.cases.length).toBeGreaterThanOrEqual(50);
    for (const { answer } of golden.cases)
      expect(answer.resultTypes.map(({ type }) => type.type)).toEqual(new Array(12).fill('expectation'));
  });

  test('equal the recorded values in the Lambda', () => {
    expect(worst(simulateBatch(batch))).toBeLessThan(1e-10);
  });

  test('compile to the recorded program and inputs, and equal the recorded values through Braket', () => {
    const compiled = compileBatch(batch, target);
    const files = compiled.tasks.map(({ action, shots }, m) => {
      if (!('source' in action)) throw new Error('a single program wanted');
      expect(action.source).toBe(golden.programs[0]);
      for (const [name, value] of Object.entries(golden.cases[m]!.inputs))
        expect(Math.abs(Number(action.inputs![name]) - value)).toBeLessThan(1e-12);
      const options = { device: 'sv1', shots, seed: m, taskId: 'task', deviceArn: 'sv1', createdAt: '', endedAt: '' } as const;
      return runAction(action, options).files as ResultFiles;
    });
    expect(worst(collectBatch(batch, compiled, files))).toBeLessThan(1e-10);
  });
});
