import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  amplitudeEncoding,
  amplitudeEncodingOf,
  ansatzParameterCount,
  complexState,
  encodingAngles,
  fidelity,
  hardwareEfficientAnsatz,
  simulate,
} from '../../../quantum/index.ts';
import { largestDifference, realVector } from '../../support/quantum-circuits.ts';

function count(circuit: ReturnType<typeof amplitudeEncoding>, gate: string): number {
  return circuit.operations.filter((operation) => operation.kind === 'gate' && operation.gate === gate).length;
}

describe('amplitudeEncoding', () => {
  test('loads any real vector exactly, signs included', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer(),
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        (qubits, seed, scale) => {
          const vector = realVector(qubits, seed);
          const state = simulate(amplitudeEncoding(qubits), encodingAngles(vector.map((x) => scale * x)));
          expect(fidelity(state, complexState(vector))).toBeGreaterThan(1 - 1e-12);
          // Not only up to a phase: the amplitudes themselves.
          expect(largestDifference(state, complexState(vector))).toBeLessThan(1e-12);
        },
      ),
    );
  });

  test('loads sparse vectors and single basis states', () => {
    for (const vector of [
      [0, 0, 0, 1],
      [0, -1, 0, 0],
      [0, 0, 3, -4],
      [-1, 0, 0, 0],
      [1, 0, 0, 0, 0, 0, 0, -1],
    ]) {
      const norm = Math.hypot(...vector);
      const state = simulate(amplitudeEncodingOf(vector));
      expect(largestDifference(state, complexState(vector.map((x) => x / norm)))).toBeLessThan(1e-14);
    }
  });

  test('takes 2^n - 1 rotations and 2^n - 2 CNOTs', () => {
    for (let qubits = 1; qubits <= 7; qubits++) {
      const circuit = amplitudeEncoding(qubits);
      expect(count(circuit, 'ry')).toBe(2 ** qubits - 1);
      expect(count(circuit, 'cnot')).toBe(2 ** qubits - 2);
      expect(circuit.parameters).toHaveLength(2 ** qubits - 1);
    }
  });

  test('writes angles into room that is given', () => {
    const room = new Float64Array(7);
    expect(encodingAngles([1, 2, 3, 4, 5, 6, 7, 8], room)).toBe(room);
    expect(encodingAngles([1, 2, 3, 4, 5, 6, 7, 8])).toEqual(room);
  });

  test('refuses vectors of other lengths, of zeros and of numbers that are not finite', () => {
    expect(() => encodingAngles([1, 2, 3])).toThrow(/length 2\^n/);
    expect(() => encodingAngles([0, 0])).toThrow(/not zero/);
    expect(() => encodingAngles([1, Number.NaN])).toThrow(/finite/);
  });
});

describe('hardwareEfficientAnsatz', () => {
  test('has 54 angles for six qubits, four layers and a final rotation', () => {
    const circuit = hardwareEfficientAnsatz({ qubits: 6, layers: 4 });
    expect(circuit.parameters).toHaveLength(54);
    expect(ansatzParameterCount({ qubits: 6, layers: 4 })).toBe(54);
    expect(count(circuit, 'cz')).toBe(24);
    expect(count(hardwareEfficientAnsatz({ qubits: 6, layers: 4, entangler: 'line' }), 'cz')).toBe(20);
  });

  test('leaves product states apart when it has no entanglers', () => {
    const circuit = hardwareEfficientAnsatz({ qubits: 2, layers: 3, entangler: 'none' });
    const state = simulate(
      circuit,
      circuit.parameters.map((_, i) => 0.3 * i + 0.1),
    );
    // A product state has a vanishing determinant a00 a11 - a01 a10.
    const [a, b, c, d] = [0, 1, 2, 3].map((x) => [state[2 * x]!, state[2 * x + 1]!] as const);
    expect(Math.abs(a![0] * d![0] - a![1] * d![1] - (b![0] * c![0] - b![1] * c![1]))).toBeLessThan(1e-14);
    const entangled = hardwareEfficientAnsatz({ qubits: 2, layers: 3 });
    expect(count(entangled, 'cz')).toBe(3);
  });

  test('is the identity up to a phase at zero angles on |0…0>', () => {
    const circuit = hardwareEfficientAnsatz({ qubits: 4, layers: 2, finalRotation: false });
    const state = simulate(circuit, new Float64Array(16));
    expect(state[0]).toBeCloseTo(1, 14);
  });
});
