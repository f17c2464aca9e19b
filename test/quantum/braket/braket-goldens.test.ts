import { describe, expect, test } from 'vitest';
import { type GateModelTaskResult, runAction } from '../../../quantum/index.ts';
import { type GoldenCase, jsonDistance, readGolden } from '../../support/quantum-goldens.ts';

const golden = readGolden('braket-simulator');

function answer(one: GoldenCase): GateModelTaskResult {
  const action = {
    braketSchemaHeader: { name: 'braket.ir.openqasm.program', version: '1' },
    source: golden.programs[one.program],
    ...(one.inputs === undefined ? {} : { inputs: one.inputs }),
  };
  const { files } = runAction(action, {
    device: one.device === 'sv' ? 'local-sv' : 'local-dm',
    shots: one.shots,
    seed: 7,
    taskId: 'task',
    deviceArn: 'arn:aws:braket:::device/quantum-simulator/amazon/sv1',
    createdAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:00:01.000Z',
  });
  return files['results.json'] as unknown as GateModelTaskResult;
}

describe('runAction against the recorded answers of amazon-braket-default-simulator', () => {
  test('has at least sixty programs on record, twenty of them encoded samples', () => {
    expect(golden.header['tool']).toBe('amazon-braket-default-simulator');
    expect(golden.cases.length).toBeGreaterThanOrEqual(60);
    expect(golden.cases.filter((one) => one.name.startsWith('encoded sample')).length).toBeGreaterThanOrEqual(20);
  });

  test.each(golden.cases.map((one) => [one.name, one] as const))('answers as Braket does: %s', (_, one) => {
    const found = answer(one);
    expect(found.measuredQubits).toEqual(one.answer.measuredQubits);
    expect(found.resultTypes.map((entry) => entry.type)).toEqual(one.answer.resultTypes.map((entry) => entry.type));
    found.resultTypes.forEach((entry, i) => {
      expect(jsonDistance(entry.value, one.answer.resultTypes[i]!.value)).toBeLessThan(1e-10);
    });
    expect(found.measurements ?? []).toEqual(one.answer.measurements);
  });
});
