import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildCircuit,
  complexState,
  densityExpectation,
  densityObservable,
  densityProbabilities,
  expectation,
  marginal,
  matrixFrom,
  observableOf,
  probabilities,
  pureDensity,
  purity,
  realInner,
  reducedDensity,
  simulate,
  simulateDensity,
  trace,
  variance,
} from '../../../quantum/index.ts';
import {
  applyMatrixReference,
  innerReference,
  simulateDensityReference,
  simulateReference,
} from '../../../quantum/simulator/reference-kernels.ts';
import { KernelMachine } from '../../../quantum/simulator/wasm-kernels.ts';
import { largestDifference, noisy, randomCase, realVector } from '../../support/quantum-circuits.ts';

const RUNS = { numRuns: 60 };

describe('the state vector simulator', () => {
  test('agrees with the reference on random circuits', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 6 }), ({ circuit, theta }) => {
        expect(largestDifference(simulate(circuit, theta), simulateReference(circuit, theta))).toBeLessThan(1e-13);
      }),
      { numRuns: 200 },
    );
  });

  test('agrees with the reference from a given initial state', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 5 }), fc.integer(), ({ circuit, theta }, seed) => {
        const initial = complexState(realVector(circuit.qubits, seed));
        expect(largestDifference(simulate(circuit, theta, initial), simulateReference(circuit, theta, initial))).toBeLessThan(
          1e-13,
        );
      }),
      RUNS,
    );
  });

  test('keeps the norm', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 6, maxGates: 40 }), ({ circuit, theta }) => {
        expect(Math.abs(probabilities(simulate(circuit, theta)).reduce((sum, p) => sum + p, 0) - 1)).toBeLessThan(1e-12);
      }),
      RUNS,
    );
  });

  test('runs unitaries on three qubits and under controls', () => {
    const permutation = matrixFrom(
      Array.from({ length: 8 }, (_, r) => Array.from({ length: 8 }, (_v, c) => ((c + 3) % 8 === r ? ([0, 1] as const) : 0))),
    );
    const circuit = buildCircuit(5, (builder) => {
      for (let q = 0; q < 5; q++) builder.gate('u', [q], [q + 0.1, 0.3, -q]);
      builder.unitary(permutation, [4, 0, 2]);
      builder.unitary(
        permutation,
        [1, 2, 3],
        [
          { qubit: 0, value: 0 },
          { qubit: 4, value: 1 },
        ],
      );
    });
    expect(largestDifference(simulate(circuit), simulateReference(circuit, []))).toBeLessThan(1e-14);
  });

  test('grows its memory for more qubits and shrinks back', () => {
    for (const qubits of [3, 18, 2]) {
      const circuit = buildCircuit(qubits, (builder) => {
        builder.gate('h', [0]);
        for (let q = 1; q < qubits; q++) builder.gate('cnot', [q - 1, q]);
      });
      const state = simulate(circuit);
      expect(state).toHaveLength(2 ** (qubits + 1));
      expect(state[0]).toBeCloseTo(Math.SQRT1_2, 14);
      expect(state[state.length - 2]).toBeCloseTo(Math.SQRT1_2, 14);
    }
  });

  test('refuses noise and an initial state of another size', () => {
    const circuit = buildCircuit(1, (builder) => builder.noise('bit_flip', [0], [0.1]));
    expect(() => simulate(circuit)).toThrow(/density matrix/);
    expect(() =>
      simulate(
        buildCircuit(1, () => undefined),
        [],
        new Float64Array(3),
      ),
    ).toThrow(/4 numbers wanted, 3 found/);
  });
});

describe('the density matrix simulator', () => {
  test('agrees with the reference on random noisy circuits', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 3, maxGates: 6 }), fc.integer(), ({ circuit, theta }, seed) => {
        const dirty = noisy(circuit, seed);
        expect(largestDifference(simulateDensity(dirty, theta), simulateDensityReference(dirty, theta))).toBeLessThan(1e-13);
      }),
      RUNS,
    );
  });

  test('is the projector on the state vector when there is no noise', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 4 }), ({ circuit, theta }) => {
        expect(largestDifference(simulateDensity(circuit, theta), pureDensity(simulate(circuit, theta)))).toBeLessThan(1e-13);
      }),
      RUNS,
    );
  });

  test('keeps trace one and never gains purity from noise', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 3, maxGates: 6 }), fc.integer(), ({ circuit, theta }, seed) => {
        const rho = simulateDensity(noisy(circuit, seed), theta);
        expect(Math.abs(trace(rho) - 1)).toBeLessThan(1e-13);
        expect(purity(rho)).toBeLessThan(1 + 1e-13);
      }),
      RUNS,
    );
  });

  test('gives the means, probabilities and marginals of the state vector', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 4 }), ({ circuit, theta, H }) => {
        const state = simulate(circuit, theta);
        const rho = pureDensity(state);
        expect(Math.abs(densityExpectation(rho, H) - expectation(state, H))).toBeLessThan(1e-12);
        expect(Math.abs(densityObservable(rho, observableOf(H)) - expectation(state, H))).toBeLessThan(1e-12);
        expect(largestDifference(densityProbabilities(rho), probabilities(state))).toBeLessThan(1e-13);
        const qubits = circuit.qubits > 1 ? [circuit.qubits - 1, 0] : [0];
        const reduced = reducedDensity(rho, qubits);
        expect(largestDifference(densityProbabilities(reduced), marginal(probabilities(state), qubits))).toBeLessThan(1e-13);
      }),
      RUNS,
    );
  });

  test('reduces an entangled pair to the maximally mixed state', () => {
    const bell = buildCircuit(2, (builder) => {
      builder.gate('h', [0]);
      builder.gate('cnot', [0, 1]);
    });
    expect(largestDifference(reducedDensity(simulateDensity(bell), [1]), [0.5, 0, 0, 0, 0, 0, 0.5, 0])).toBeLessThan(1e-15);
  });
});

describe('expectation values', () => {
  test('are real inner products with the reference matrices applied', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 4 }), ({ circuit, theta, H }) => {
        const state = simulateReference(circuit, theta);
        let mean = 0;
        for (const term of observableOf(H)) {
          const image = term.factors.reduce(
            (vector, factor) => applyMatrixReference(vector, circuit.qubits, factor.targets, factor.matrix),
            state,
          );
          mean += term.coefficient * innerReference(state, image)[0];
        }
        expect(Math.abs(expectation(state, H) - mean)).toBeLessThan(1e-12);
        expect(variance(state, H)).toBeGreaterThan(-1e-12);
      }),
      RUNS,
    );
  });
});

describe('the kernels', () => {
  test('find inner products, sums of Z and Walsh-Hadamard transforms', () => {
    const machine = new KernelMachine();
    const [a, b, table] = [machine.allocate(16 * 16), machine.allocate(16 * 16), machine.allocate(8 * 16)];
    const left = realVector(5, 1);
    const right = realVector(5, 2);
    machine.doubles(a, 32).set(left);
    machine.doubles(b, 32).set(right);
    const [re, im] = innerReference(left, right);
    expect(machine.kernels.realInner(a, b, 4)).toBeCloseTo(re, 14);
    expect(machine.kernels.realInner(a, b, 4)).toBeCloseTo(realInner(left, right), 14);
    expect(machine.kernels.imaginaryInner(a, b, 4)).toBeCloseTo(im, 14);
    const sum = expectation(
      left,
      [0, 1, 2, 3].map((qubit) => ({ coefficient: 1, factors: [{ qubit, pauli: 'Z' as const }] })),
    );
    expect(machine.kernels.sumOfZ(a, 4)).toBeCloseTo(sum, 14);
    machine.kernels.probabilities(a, 4, table);
    machine.kernels.walshHadamard(table, 4);
    const means = machine.doubles(table, 16);
    expect(means[8]).toBeCloseTo(expectation(left, [{ coefficient: 1, factors: [{ qubit: 0, pauli: 'Z' }] }]), 14);
    expect(means[0b0011]).toBeCloseTo(
      expectation(left, [
        {
          coefficient: 1,
          factors: [
            { qubit: 2, pauli: 'Z' },
            { qubit: 3, pauli: 'Z' },
          ],
        },
      ]),
      14,
    );
  });
});
