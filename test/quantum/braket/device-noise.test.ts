import { describe, expect, test } from 'vitest';
import { noisyCircuit, withGateNoise } from '../../../quantum/braket/device-noise.ts';
import { buildCircuit } from '../../../quantum/index.ts';

const circuit = buildCircuit(3, (builder) => {
  builder.gate('ry', [0], [0.3]);
  builder.gate('cnot', [0, 1]);
  builder.gate('ccnot', [0, 1, 2]);
});
const weak = { oneQubit: 0.01, twoQubit: 0.02, readout: 0 };
const strong = { ...weak, twoQubit: 0.2 };
const channels = (noisy: typeof circuit) =>
  noisy.operations.filter(({ kind }) => kind === 'noise').map((operation) => ('channel' in operation ? operation.channel : ''));

describe('the noise of a device', () => {
  test('follows one-qubit gates on their qubit and wider gates on each neighbouring pair', () => {
    expect(channels(withGateNoise(circuit, weak))).toEqual([
      'depolarizing',
      'two_qubit_depolarizing',
      'two_qubit_depolarizing',
      'two_qubit_depolarizing',
    ]);
  });

  test('is written into a circuit once for each noise, and apart for another', () => {
    const first = noisyCircuit(circuit, weak);
    expect(noisyCircuit(circuit, weak)).toBe(first);
    expect(first).toEqual(withGateNoise(circuit, weak));
    expect(noisyCircuit(circuit, strong)).toEqual(withGateNoise(circuit, strong));
    expect(noisyCircuit(circuit, strong)).not.toEqual(first);
    expect(noisyCircuit(circuit, weak)).toBe(first);
  });
});
