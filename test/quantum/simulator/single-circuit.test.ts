import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildCircuit,
  compileSingle,
  expectation,
  parameter,
  pauliTerm,
  SingleCircuit,
  simulate,
} from '../../../quantum/index.ts';
import { planOf } from '../../../quantum/simulator/plans.ts';
import { KernelProgram } from '../../../quantum/simulator/program.ts';
import { simulateReference } from '../../../quantum/simulator/reference-kernels.ts';
import { KernelMachine } from '../../../quantum/simulator/wasm-kernels.ts';
import { largestDifference, randomCase } from '../../support/quantum-circuits.ts';

/** Twenty gates with a rounding of 6e-8 each. */
const SINGLE = 2e-6;

describe('single precision', () => {
  test.each([3, 4, 13])('agrees with the reference over the whole catalogue, blocks of 2^%i', (blockBits) => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 6, minQubits: 4, maxGates: 20 }), ({ circuit, theta, H }) => {
        const single = new SingleCircuit(circuit, { blockBits });
        const wanted = simulateReference(circuit, theta);
        const state = single.run(theta);
        expect(state).toBeInstanceOf(Float32Array);
        expect(largestDifference(state, wanted)).toBeLessThan(SINGLE);
        expect(Math.abs(single.expectation(H, theta) - expectation(wanted, H))).toBeLessThan(10 * SINGLE);
      }),
      { numRuns: 80 },
    );
  });

  test('has the probabilities of double precision, of sum 1', () => {
    const qubits = 15;
    const circuit = buildCircuit(qubits, (builder) => {
      for (let q = 0; q < qubits; q++) builder.gate('ry', [q], [parameter(`t${q}`)]);
      for (let q = 0; q < qubits; q++) builder.gate('cnot', [q, (q + 1) % qubits]);
      for (let q = 0; q < qubits; q++) builder.gate('rx', [q], [parameter(`s${q}`)]);
    });
    const theta = circuit.parameters.map((_, i) => Math.sin(3 * i + 1));
    const single = compileSingle(circuit);
    const probabilities = single.probabilities(theta);
    const state = simulate(circuit, theta);
    const wanted = probabilities.map((_, x) => state[2 * x]! ** 2 + state[2 * x + 1]! ** 2);
    expect(largestDifference(probabilities, wanted)).toBeLessThan(1e-7);
    expect(Math.abs(probabilities.reduce((sum, p) => sum + p, 0) - 1)).toBeLessThan(1e-12);
    const H = [pauliTerm('Z0 Z1', 0.5), pauliTerm('X3 Y4'), pauliTerm('Z14')];
    for (let again = 0; again < 2; again++) {
      expect(Math.abs(single.expectation(H, theta) - expectation(state, H))).toBeLessThan(1e-6);
    }
  });

  test('refuses gradients, which want double precision', () => {
    const circuit = buildCircuit(2, (builder) => builder.gate('ry', [0], [parameter('t')]));
    expect(() => new KernelProgram(new KernelMachine({ single: true }), planOf(circuit, true).plan)).toThrow(
      /without derivatives/,
    );
  });
});
