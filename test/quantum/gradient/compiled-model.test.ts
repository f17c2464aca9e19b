import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  adjoint,
  compileModel,
  complexState,
  expectations,
  hardwareEfficientAnsatz,
  isDiagonal,
  pauliSum,
  seeded,
  zAndNeighbourZz,
} from '../../../quantum/index.ts';
import { simulateReference } from '../../../quantum/simulator/reference-kernels.ts';
import { largestDifference, randomCase, realVector } from '../../support/quantum-circuits.ts';

describe('CompiledModel', () => {
  test('finds the means and vector-Jacobian products of the reference on random circuits', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 5 }), fc.integer(), ({ circuit, theta }, seed) => {
        const strings = zAndNeighbourZz(circuit.qubits);
        const psi = realVector(circuit.qubits, seed);
        const cotangent = seeded(seed, 'cotangent').fillNormal(new Float64Array(strings.length));
        const model = compileModel(circuit, strings);
        model.setTheta(theta);
        const means = model.expectations(psi);
        const state = simulateReference(circuit, theta, complexState(psi));
        expect(largestDifference(means, expectations(state, strings))).toBeLessThan(1e-12);
        const gradTheta = new Float64Array(theta.length);
        const gradPsi = new Float64Array(psi.length);
        model.vjp(cotangent, gradTheta, gradPsi);
        const weighted = strings.map((string, i) => ({ ...string, coefficient: cotangent[i]! }));
        const exact = adjoint(circuit, theta, weighted, psi);
        expect(largestDifference(gradTheta, exact.gradient)).toBeLessThan(1e-10);
        expect(largestDifference(gradPsi, exact.inputGradient)).toBeLessThan(1e-10);
      }),
      { numRuns: 100 },
    );
  });

  test('serves many samples and new angles without mixing them up', () => {
    const circuit = hardwareEfficientAnsatz({ qubits: 6, layers: 4 });
    const strings = zAndNeighbourZz(6);
    const model = compileModel(circuit, strings);
    const gradTheta = new Float64Array(54);
    const gradPsi = new Float64Array(64);
    for (let round = 0; round < 3; round++) {
      const theta = seeded(round, 'theta').fillNormal(new Float64Array(54));
      model.setTheta(theta);
      for (let sample = 0; sample < 3; sample++) {
        const psi = realVector(6, 10 * round + sample);
        const exact = expectations(simulateReference(circuit, theta, complexState(psi)), strings);
        expect(largestDifference(model.expectations(psi), exact)).toBeLessThan(1e-12);
        model.vjp(exact, gradTheta, gradPsi);
      }
    }
  });

  test('adds up the angle gradients of a batch', () => {
    const circuit = hardwareEfficientAnsatz({ qubits: 3, layers: 2 });
    const strings = zAndNeighbourZz(3);
    const theta = seeded('batch').fillNormal(new Float64Array(circuit.parameters.length));
    const model = compileModel(circuit, strings);
    model.setTheta(theta);
    const sum = new Float64Array(theta.length);
    const wanted = new Float64Array(theta.length);
    for (let i = 0; i < 4; i++) {
      const psi = realVector(3, i);
      const cotangent = strings.map((_, m) => m - i);
      model.expectations(psi);
      model.vjp(cotangent, sum, new Float64Array(8));
      const one = adjoint(
        circuit,
        theta,
        strings.map((string, m) => ({ ...string, coefficient: cotangent[m]! })),
        psi,
      );
      for (let p = 0; p < wanted.length; p++) wanted[p]! += one.gradient[p]!;
    }
    expect(largestDifference(sum, wanted)).toBeLessThan(1e-11);
  });

  test('weighs strings by their coefficients and allows one string twice', () => {
    const circuit = hardwareEfficientAnsatz({ qubits: 2, layers: 1 });
    const strings = pauliSum([
      [2, 'Z0'],
      [-1, 'Z0 Z1'],
      [3, 'Z0'],
      [0.5, 'I'],
    ]);
    expect(isDiagonal(strings)).toBe(true);
    const model = compileModel(circuit, strings);
    const theta = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
    model.setTheta(theta);
    const psi = realVector(2, 5);
    expect(
      largestDifference(model.expectations(psi), expectations(simulateReference(circuit, theta, complexState(psi)), strings)),
    ).toBeLessThan(1e-13);
    const gradTheta = new Float64Array(6);
    model.vjp([1, 1, 1, 1], gradTheta, new Float64Array(4));
    expect(largestDifference(gradTheta, adjoint(circuit, theta, strings, psi).gradient)).toBeLessThan(1e-13);
  });

  test('refuses to run out of order, on wrong shapes and for strings other than Z', () => {
    const circuit = hardwareEfficientAnsatz({ qubits: 2, layers: 1 });
    const model = compileModel(circuit, zAndNeighbourZz(2));
    expect(() => model.expectations([1, 0, 0, 0])).toThrow(/setTheta first/);
    expect(() => model.setTheta([1])).toThrow(/6 parameter values wanted, 1 found/);
    model.setTheta(new Float64Array(6));
    expect(() => model.expectations([1, 0])).toThrow(/4 amplitudes wanted, 2 found/);
    expect(() => model.vjp([1, 1, 1], new Float64Array(6), new Float64Array(4))).toThrow(/expectations first/);
    expect(() => compileModel(circuit, pauliSum('X0'))).toThrow(/strings of Z/);
  });
});
