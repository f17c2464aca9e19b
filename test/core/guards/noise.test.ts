import { describe, expect, test } from 'vitest';
import { expectedSuccess, headCircuitSize, noiseGuard } from '../../../core/guards/index.ts';

const rates = { oneQubit: 0, twoQubit: 0.005, readout: 0 };

describe('noiseGuard', () => {
  test('foresees 0.73 for exact loading on 6 qubits and 0.28 on 8, at 0.5 % per two-qubit gate', () => {
    const loading = (qubits: number) => headCircuitSize(qubits, 0, 'none');
    expect(loading(6).twoQubitGates).toBe(62);
    expect(loading(8).twoQubitGates).toBe(254);
    expect(expectedSuccess(loading(6), rates)).toBeCloseTo(0.733, 3);
    expect(expectedSuccess(loading(8), rates)).toBeCloseTo(0.28, 3);
  });

  test('counts the entanglers of a ring, a line and none', () => {
    const twoQubit = (entangler: 'ring' | 'line' | 'none') => headCircuitSize(6, 3, entangler).twoQubitGates - 62;
    expect([twoQubit('ring'), twoQubit('line'), twoQubit('none')]).toEqual([18, 15, 0]);
    expect(headCircuitSize(6, 3).oneQubitGates).toBe(63 + 36 + 6);
  });

  test('declines a QPU below 0.3 with its number, and takes one above', () => {
    const size = headCircuitSize(8, 3);
    const declined = noiseGuard({ device: 'qpu/iqm/Garnet', isQpu: true, size, rates });
    expect(declined.decision).toBe('refuse');
    expect(declined.evidence['expectedSuccess']).toBeCloseTo(0.995 ** 278, 12);
    const taken = noiseGuard({
      device: 'qpu/iqm/Garnet',
      isQpu: true,
      size: headCircuitSize(6, 3),
      rates: { oneQubit: 0.0005, twoQubit: 0.005, readout: 0.01 },
    });
    expect(taken.decision).toBe('pass');
  });

  test('declines a QPU that states no error rates', () => {
    expect(noiseGuard({ device: 'qpu/x/y', isQpu: true, size: headCircuitSize(4, 1), rates: null }).decision).toBe('refuse');
  });

  test('does not ask a simulator', () => {
    expect(noiseGuard({ device: 'lambda', isQpu: false, size: headCircuitSize(8, 6), rates: null }).decision).toBe(
      'not-applicable',
    );
  });
});
