/** Exact simulation of mixed states: ρ as a vector on 2n qubits, so the state-vector kernels run it, once on rows, once on columns. */

import type { Circuit } from '../circuit/circuit.ts';
import { bitOf } from '../circuit/circuit.ts';
import type { Observable } from '../circuit/observable.ts';
import { pauliTermOf } from '../circuit/observable.ts';
import type { PauliSum } from '../circuit/pauli.ts';
import { parity, pauliMasks } from '../circuit/pauli.ts';
import { must } from '../errors.ts';
import { densityPlanOf } from './plans.ts';
import { applyMatrix, runPlan } from './statevector.ts';

export const MAX_DENSITY_QUBITS = 13;

/**
 * ρ after a circuit of gates and noise channels, from |0…0⟩ or from a given pure state.
 *
 * shapes  theta [P]; initial [2 · 2^n]; result [2 · 4^n], row-major, interleaved
 * throws  QuantumError above 13 qubits, for missing parameters or wrong shapes
 */
export function simulateDensity(circuit: Circuit, theta: ArrayLike<number> = [], initial?: Float64Array): Float64Array {
  const n = circuit.qubits;
  must(n <= MAX_DENSITY_QUBITS, `density matrix: at most ${MAX_DENSITY_QUBITS} qubits wanted, ${n} found`);
  const { plan, angles } = densityPlanOf(circuit);
  return runPlan(plan, angles.angles(theta), initial === undefined ? undefined : pureDensity(initial));
}

/** |ψ⟩⟨ψ|. */
export function pureDensity(state: Float64Array): Float64Array {
  const d = state.length / 2;
  const out = new Float64Array(2 * d * d);
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      const [ar, ai, br, bi] = [state[2 * r]!, state[2 * r + 1]!, state[2 * c]!, state[2 * c + 1]!];
      out[2 * (r * d + c)] = ar * br + ai * bi;
      out[2 * (r * d + c) + 1] = ai * br - ar * bi;
    }
  }
  return out;
}

/** Number of qubits of a density matrix. */
export function densityQubits(rho: Float64Array): number {
  const n = Math.round(Math.log2(rho.length / 2) / 2);
  must(rho.length === 2 * 4 ** n, `a density matrix of 2 · 4^n numbers wanted, ${rho.length} found`);
  return n;
}

/** The diagonal [2^n]; tiny negative rounding is set to zero. */
export function densityProbabilities(rho: Float64Array): Float64Array {
  const d = 2 ** densityQubits(rho);
  return Float64Array.from({ length: d }, (_, x) => Math.max(0, rho[2 * (x * d + x)]!));
}

export function trace(rho: Float64Array): number {
  const d = 2 ** densityQubits(rho);
  let sum = 0;
  for (let x = 0; x < d; x++) sum += rho[2 * (x * d + x)]!;
  return sum;
}

/** Tr ρ², 1 for a pure state. */
export function purity(rho: Float64Array): number {
  let sum = 0;
  for (const value of rho) sum += value * value;
  return sum;
}

/** Tr(ρ H): the string with masks x, z takes column y to row y ^ x. */
export function densityExpectation(rho: Float64Array, sum: PauliSum): number {
  const n = densityQubits(rho);
  const d = 2 ** n;
  let total = 0;
  for (const term of sum) {
    const { xMask, zMask, yCount } = pauliMasks(term, n);
    let re = 0;
    let im = 0;
    for (let x = 0; x < d; x++) {
      const sign = 1 - 2 * parity(x & zMask);
      const at = 2 * (x * d + (x ^ xMask));
      re += sign * rho[at]!;
      im += sign * rho[at + 1]!;
    }
    const turn = yCount % 4;
    total += term.coefficient * (turn === 0 ? re : turn === 1 ? -im : turn === 2 ? -re : im);
  }
  return total;
}

/** Tr(ρ O) for a general observable. */
export function densityObservable(rho: Float64Array, observable: Observable): number {
  let total = 0;
  for (const term of observable) {
    const string = pauliTermOf(term);
    if (string !== null) {
      total += densityExpectation(rho, [string]);
      continue;
    }
    // Rows are the first half of the qubits of the vector, so the targets stay as they are.
    const image = term.factors.reduce(
      (matrix, factor) => (factor.name === 'i' ? matrix : applyMatrix(matrix, factor.targets, factor.matrix)),
      rho,
    );
    total += term.coefficient * trace(image);
  }
  return total;
}

/** The reduced density matrix of some qubits, in the order they are listed [2 · 4^k]. */
export function reducedDensity(rho: Float64Array, qubits: readonly number[]): Float64Array {
  const n = densityQubits(rho);
  const d = 2 ** n;
  const bits = qubits.map((qubit) => bitOf(n, qubit));
  const rest = Array.from({ length: n }, (_, bit) => bit).filter((bit) => !bits.includes(bit));
  const size = 2 ** qubits.length;
  const spread = (key: number, places: readonly number[]) =>
    places.reduce((index, bit, i) => index + (Math.floor(key / 2 ** (places.length - 1 - i)) % 2) * 2 ** bit, 0);
  const out = new Float64Array(2 * size * size);
  for (let other = 0; other < 2 ** rest.length; other++) {
    const base = spread(other, rest);
    for (let r = 0; r < size; r++) {
      const row = base + spread(r, bits);
      for (let c = 0; c < size; c++) {
        const at = 2 * (row * d + base + spread(c, bits));
        out[2 * (r * size + c)] = out[2 * (r * size + c)]! + rho[at]!;
        out[2 * (r * size + c) + 1] = out[2 * (r * size + c) + 1]! + rho[at + 1]!;
      }
    }
  }
  return out;
}
