import { describe, expect, test } from 'vitest';
import { addScaled, dagger, distance, identity, matrixFrom, multiply } from '../../../quantum/circuit/matrix.ts';
import {
  buildCircuit,
  CHANNELS,
  densityExpectation,
  densityProbabilities,
  krausOperators,
  pauliSum,
  simulateDensity,
  trace,
} from '../../../quantum/index.ts';

const names = [...CHANNELS.keys()];

function numbersOf(name: string): number[] {
  return CHANNELS.get(name)!.probabilities.map((_, i) => 0.1 + 0.05 * i);
}

describe('the noise channels of Braket', () => {
  test('are the ten of the guide, the tenth being kraus', () => {
    expect(names).toEqual([
      'bit_flip',
      'phase_flip',
      'pauli_channel',
      'depolarizing',
      'two_qubit_depolarizing',
      'two_qubit_dephasing',
      'amplitude_damping',
      'generalized_amplitude_damping',
      'phase_damping',
    ]);
  });

  test.each(names)('%s preserves the trace', (name) => {
    const operators = krausOperators(name, numbersOf(name));
    const dimension = 2 ** CHANNELS.get(name)!.qubits;
    const sum = operators.reduce((total, k) => addScaled(total, multiply(dagger(k), k), 1), new Float64Array(2 * dimension ** 2));
    expect(distance(sum, identity(dimension))).toBeLessThan(1e-14);
  });

  test.each(names)('%s keeps a state a state', (name) => {
    const { qubits } = CHANNELS.get(name)!;
    const circuit = buildCircuit(2, (builder) => {
      builder.gate('u', [0], [0.7, 0.2, 0.4]);
      builder.gate('cnot', [0, 1]);
      builder.noise(name, [1, 0].slice(0, qubits), numbersOf(name));
    });
    const rho = simulateDensity(circuit);
    expect(Math.abs(trace(rho) - 1)).toBeLessThan(1e-14);
    for (const p of densityProbabilities(rho)) expect(p).toBeGreaterThanOrEqual(0);
  });

  test('shrinks a Pauli mean under depolarizing(p) by 1 - 4p/3', () => {
    const circuit = buildCircuit(1, (builder) => {
      builder.gate('h', [0]);
      builder.noise('depolarizing', [0], [0.3]);
    });
    expect(densityExpectation(simulateDensity(circuit), pauliSum('X0'))).toBeCloseTo(1 - 0.4, 12);
  });

  test('decays |1> to |0> under amplitude damping, and to a thermal mixture under the generalised one', () => {
    const settled = (channel: string, numbers: number[]) =>
      densityProbabilities(
        simulateDensity(
          buildCircuit(1, (builder) => {
            builder.gate('x', [0]);
            for (let i = 0; i < 400; i++) builder.noise(channel, [0], numbers);
          }),
        ),
      );
    expect(settled('amplitude_damping', [0.1])[0]).toBeCloseTo(1, 10);
    expect(settled('generalized_amplitude_damping', [0.1, 0.7])[0]).toBeCloseTo(0.7, 10);
  });

  test('refuses numbers that are no probabilities, wrong counts and operators that lose trace', () => {
    const build = (channel: string, numbers: number[]) => () =>
      buildCircuit(1, (builder) => builder.noise(channel, [0], numbers));
    expect(build('bit_flip', [0.6])).toThrow(/up to 0.5/);
    expect(build('bit_flip', [-0.1])).toThrow(/in \[0, 1\]/);
    expect(build('pauli_channel', [0.5, 0.4, 0.2])).toThrow(/up to 1/);
    expect(build('pauli_channel', [0.5])).toThrow(/3 numbers/);
    expect(build('fog', [0.5])).toThrow(/noise channel/);
    const half = matrixFrom([
      [0.5, 0],
      [0, 0.5],
    ]);
    expect(() => buildCircuit(1, (builder) => builder.noise('kraus', [0], [], [half]))).toThrow(/trace preserving/);
  });
});
