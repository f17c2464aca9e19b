/** One circuit with all its numbers, run on a simulated device: exact values at shots = 0, measured bits and their statistics otherwise. */

import type { Circuit } from '../circuit/circuit.ts';
import { bitOf, hasNoise } from '../circuit/circuit.ts';
import type { ObservableFactor, ObservableTerm } from '../circuit/observable.ts';
import { measurementBasis, sameFactor, squaredFactor, standardFactor } from '../circuit/observable.ts';
import { adjointOfObservable } from '../gradient/adjoint.ts';
import type { ResultRequest } from '../openqasm/results.ts';
import type { Random } from '../random.ts';
import {
  densityObservable,
  densityProbabilities,
  pureDensity,
  reducedDensity,
  simulateDensity,
} from '../simulator/density-matrix.ts';
import { sampleIndices } from '../simulator/sampler.ts';
import { applyMatrix, applyObservable, marginal, probabilities, realInner, simulate } from '../simulator/statevector.ts';
import type { DeviceNoise } from './device-noise.ts';
import { isNoisy, misread, noiseRate, noisyCircuit } from './device-noise.ts';
import type { JsonValue, ResultTypeValue } from './schema.ts';
import { BraketValidationError, echoOf, matrixRows } from './schema.ts';

export interface Executable {
  readonly circuit: Circuit;
  readonly theta: Float64Array;
  readonly results: readonly ResultRequest[];
  /** Whether the device is simulated with a density matrix. */
  readonly mixed: boolean;
}

/** A state of either kind, and the questions asked of it. */
interface QuantumState {
  readonly qubits: number;
  readonly amplitudes: Float64Array | null;
  readonly density: () => Float64Array;
  readonly distribution: () => Float64Array;
  readonly mean: (term: ObservableTerm) => number;
  readonly rotated: (factors: readonly ObservableFactor[]) => Float64Array;
}

function stateOf(circuit: Circuit, theta: Float64Array, mixed: boolean): QuantumState {
  const qubits = circuit.qubits;
  if (mixed || hasNoise(circuit)) {
    const rho = simulateDensity(circuit, theta);
    return {
      qubits,
      amplitudes: null,
      density: () => rho,
      distribution: () => densityProbabilities(rho),
      mean: (term) => densityObservable(rho, [term]),
      rotated: (factors) => densityProbabilities(rotatedDensity(rho, qubits, factors)),
    };
  }
  const state = simulate(circuit, theta);
  return {
    qubits,
    amplitudes: state,
    density: () => pureDensity(state),
    distribution: () => probabilities(state),
    mean: (term) => realInner(state, applyObservable(state, [term])),
    rotated: (factors) => {
      const rotate = (vector: Float64Array, factor: ObservableFactor) => {
        const { rotation } = measurementBasis(factor);
        return rotation === null ? vector : applyMatrix(vector, factor.targets, rotation);
      };
      return probabilities(factors.reduce(rotate, state));
    },
  };
}

function rotatedDensity(rho: Float64Array, qubits: number, factors: readonly ObservableFactor[]): Float64Array {
  return factors.reduce((matrix, factor) => {
    const { rotation } = measurementBasis(factor);
    if (rotation === null) return matrix;
    const columns = factor.targets.map((qubit) => qubit + qubits);
    const conjugated = rotation.map((value, i) => (i % 2 === 1 ? -value : value));
    const rows = applyMatrix(matrix, factor.targets, rotation);
    return applyMatrix(rows, columns, conjugated);
  }, rho);
}

/** Values of all requested results without sampling. */
export function exactValues(executable: Executable): ResultTypeValue[] {
  const { circuit, theta, results, mixed } = executable;
  const needsState = results.some((request) => request.type !== 'adjoint_gradient');
  const state = needsState ? stateOf(circuit, theta, mixed) : null;
  return results.map((request) => ({
    type: echoOf(request, circuit.parameters),
    value: request.type === 'adjoint_gradient' ? gradientValue(executable, request) : exactValue(state!, request),
  }));
}

function gradientValue(executable: Executable, request: Extract<ResultRequest, { type: 'adjoint_gradient' }>): JsonValue {
  const { circuit, theta } = executable;
  const { value, gradient } = adjointOfObservable(circuit, theta, request.observable);
  const names = request.parameters === 'all' ? circuit.parameters : request.parameters;
  return {
    expectation: value,
    gradient: Object.fromEntries(names.map((name) => [name, gradient[circuit.parameters.indexOf(name)] ?? 0])),
  };
}

function pairs(state: Float64Array): [number, number][] {
  return Array.from({ length: state.length / 2 }, (_, x) => [state[2 * x]!, state[2 * x + 1]!]);
}

/** The tensor products that a request stands for: one, or one per qubit. */
function products(request: { readonly factors: readonly ObservableFactor[]; readonly everyQubit: boolean }, qubits: number) {
  if (!request.everyQubit) return [request.factors];
  return Array.from({ length: qubits }, (_, qubit) => [{ ...request.factors[0]!, targets: [qubit] }]);
}

function exactValue(state: QuantumState, request: Exclude<ResultRequest, { type: 'adjoint_gradient' }>): JsonValue {
  switch (request.type) {
    case 'state_vector':
      return pairs(state.amplitudes!);
    case 'amplitude':
      return Object.fromEntries(
        request.states.map((bits) => {
          const x = Number.parseInt(bits, 2);
          return [bits, [state.amplitudes![2 * x]!, state.amplitudes![2 * x + 1]!]];
        }),
      );
    case 'probability':
      return [...(request.targets === null ? state.distribution() : marginal(state.distribution(), request.targets))];
    case 'density_matrix':
      return matrixRows(request.targets === null ? state.density() : reducedDensity(state.density(), request.targets));
    default: {
      const values = products(request, state.qubits).map((factors) => {
        const mean = state.mean({ coefficient: 1, factors });
        if (request.type === 'expectation') return mean;
        return state.mean({ coefficient: 1, factors: factors.map(squaredFactor) }) - mean ** 2;
      });
      return request.everyQubit ? values : values[0]!;
    }
  }
}

export interface Sampled {
  /** Rows of bits over all qubits of the circuit, qubit 0 first. */
  readonly rows: readonly (readonly number[])[];
  readonly values: readonly ResultTypeValue[];
}

/** What is read, before sampling [2^n]: the simulated state in the basis that the results ask for, with misread bits. */
export function readDistribution(executable: Executable, noise: DeviceNoise | null): Float64Array {
  const { circuit, theta, results, mixed } = executable;
  const noisy = noise !== null && isNoisy(noise);
  const state = stateOf(noisy ? noisyCircuit(circuit, noise) : circuit, theta, mixed || noisy);
  const ideal = state.rotated(jointBasis(results, circuit.qubits));
  if (noise === null) return ideal;
  return misread(
    ideal,
    Array.from({ length: circuit.qubits }, (_, qubit) => noiseRate(noise.readout, qubit)),
  );
}

/** Measures the circuit `shots` times in the basis that its results ask for, and takes the values of the results from the bits. */
export function sampledValues(executable: Executable, shots: number, random: Random, read: Float64Array): Sampled {
  const { circuit, results } = executable;
  const indices = sampleIndices(read, shots, random);
  const rows = Array.from(indices, (index) =>
    Array.from({ length: circuit.qubits }, (_, q) => (index >>> bitOf(circuit.qubits, q)) & 1),
  );
  const values = results.map((request) => ({
    type: echoOf(request, circuit.parameters),
    value: sampledValue(request, indices, circuit.qubits),
  }));
  return { rows, values };
}

/**
 * One basis for all results, as observables on disjoint qubits.
 * throws  BraketValidationError where two results want one qubit in different bases
 */
export function jointBasis(results: readonly ResultRequest[], qubits: number): ObservableFactor[] {
  const basis: ObservableFactor[] = [];
  const add = (factor: ObservableFactor): void => {
    if (factor.name === 'i') return;
    const clash = basis.find((other) => other.targets.some((qubit) => factor.targets.includes(qubit)));
    if (clash === undefined) basis.push(factor);
    else if (clash.targets.join() !== factor.targets.join())
      throw new BraketValidationError('Qubit part of incompatible results targets');
    else if (!sameFactor(clash, factor)) throw new BraketValidationError('Conflicting result types applied to a single qubit');
  };
  for (const request of results) {
    if ('factors' in request) for (const factors of products(request, qubits)) factors.forEach(add);
    else if (request.type === 'probability') {
      for (const qubit of request.targets ?? Array.from({ length: qubits }, (_, q) => q)) add(standardFactor('z', qubit));
    }
  }
  return basis;
}

function sampledValue(request: ResultRequest, indices: Uint32Array, qubits: number): JsonValue {
  if (request.type === 'probability') {
    const counts = new Float64Array(2 ** qubits);
    for (const index of indices) counts[index] = counts[index]! + 1 / indices.length;
    return [...(request.targets === null ? counts : marginal(counts, request.targets))];
  }
  if (!('factors' in request)) throw new BraketValidationError(`Result type ${request.type} is not available when shots>0`);
  const values = products(request, qubits).map((factors) => {
    const samples = eigenvalueSamples(factors, indices, qubits);
    if (request.type === 'sample') return samples;
    const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
    if (request.type === 'expectation') return mean;
    return samples.reduce((sum, value) => sum + (value - mean) ** 2, 0) / samples.length;
  });
  return request.everyQubit ? values : values[0]!;
}

function eigenvalueSamples(factors: readonly ObservableFactor[], indices: Uint32Array, qubits: number): number[] {
  const read = factors.map((factor) => ({
    bits: factor.targets.map((qubit) => bitOf(qubits, qubit)),
    eigenvalues: measurementBasis(factor).eigenvalues,
  }));
  return Array.from(indices, (index) =>
    read.reduce((value, { bits, eigenvalues }) => {
      let key = 0;
      for (const bit of bits) key = 2 * key + ((index >>> bit) & 1);
      return value * eigenvalues[key]!;
    }, 1),
  );
}
