/**
 * The textbook simulator: plain loops over indices, never tuned. Every fast path is tested against it.
 * A state of n qubits is 2^n amplitudes, interleaved (re, im); amplitude x belongs to |x⟩ with qubit 0 as the first bit of x.
 * source  Nielsen and Chuang, sections 2.2 (states), 2.4 (density matrices), 8.2 (operator sum)
 */

import type { Circuit, Control } from '../circuit/circuit.ts';
import { bitOf, operationMatrix, parameterLookup } from '../circuit/circuit.ts';
import type { ComplexMatrix } from '../circuit/matrix.ts';
import { conjugate } from '../circuit/matrix.ts';
import { krausOperators } from '../circuit/noise.ts';
import { must } from '../errors.ts';

/** |0…0⟩. */
export function zeroState(qubits: number): Float64Array {
  const state = new Float64Array(2 * 2 ** qubits);
  state[0] = 1;
  return state;
}

/** matrix on the listed qubits (first one most significant), where all controls hold; a new state [2 · 2^n]. */
export function applyMatrixReference(
  state: Float64Array,
  qubits: number,
  targets: readonly number[],
  matrix: ComplexMatrix,
  controls: readonly Control[] = [],
): Float64Array {
  const out = new Float64Array(state.length);
  const d = 2 ** targets.length;
  const bitAt = (x: number, qubit: number) => Math.floor(x / 2 ** bitOf(qubits, qubit)) % 2;
  for (let x = 0; x < 2 ** qubits; x++) {
    if (!controls.every((control) => bitAt(x, control.qubit) === control.value)) {
      out[2 * x] = state[2 * x]!;
      out[2 * x + 1] = state[2 * x + 1]!;
      continue;
    }
    const row = targets.reduce((index, qubit) => 2 * index + bitAt(x, qubit), 0);
    for (let column = 0; column < d; column++) {
      let y = x;
      targets.forEach((qubit, i) => {
        const wanted = Math.floor(column / 2 ** (targets.length - 1 - i)) % 2;
        y += (wanted - bitAt(x, qubit)) * 2 ** bitOf(qubits, qubit);
      });
      const mr = matrix[2 * (row * d + column)]!;
      const mi = matrix[2 * (row * d + column) + 1]!;
      out[2 * x] = out[2 * x]! + mr * state[2 * y]! - mi * state[2 * y + 1]!;
      out[2 * x + 1] = out[2 * x + 1]! + mr * state[2 * y + 1]! + mi * state[2 * y]!;
    }
  }
  return out;
}

/** U(theta)|initial⟩ for a circuit without noise. */
export function simulateReference(circuit: Circuit, theta: ArrayLike<number>, initial?: Float64Array): Float64Array {
  const lookup = parameterLookup(circuit, theta);
  let state = initial === undefined ? zeroState(circuit.qubits) : Float64Array.from(initial);
  for (const operation of circuit.operations) {
    must(operation.kind !== 'noise', 'simulateReference: a circuit without noise wanted');
    if (operation.kind === 'gate') {
      const matrix = operationMatrix(operation, lookup);
      state = applyMatrixReference(state, circuit.qubits, operation.targets, matrix, operation.controls);
    }
  }
  return state;
}

/**
 * The density matrix after a circuit with noise: ρ → U ρ U†, ρ → Σ K ρ K†. ρ [2 · 4^n] is row-major; its rows are read as the
 * first n qubits of a vector on 2n qubits and its columns as the last n, so K acts on the rows and conj(K) on the columns.
 */
export function simulateDensityReference(circuit: Circuit, theta: ArrayLike<number>): Float64Array {
  const n = circuit.qubits;
  const lookup = parameterLookup(circuit, theta);
  const columns = (qubits: readonly number[]) => qubits.map((qubit) => qubit + n);
  let rho = zeroState(2 * n);
  for (const operation of circuit.operations) {
    if (operation.kind === 'barrier') continue;
    if (operation.kind === 'gate') {
      const matrix = operationMatrix(operation, lookup);
      const onColumns = operation.controls.map((control) => ({ ...control, qubit: control.qubit + n }));
      rho = applyMatrixReference(rho, 2 * n, operation.targets, matrix, operation.controls);
      rho = applyMatrixReference(rho, 2 * n, columns(operation.targets), conjugate(matrix), onColumns);
      continue;
    }
    const sum = new Float64Array(rho.length);
    for (const k of krausOperators(operation.channel, operation.probabilities, operation.kraus)) {
      const left = applyMatrixReference(rho, 2 * n, operation.targets, k);
      const term = applyMatrixReference(left, 2 * n, columns(operation.targets), conjugate(k));
      for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + term[i]!;
    }
    rho = sum;
  }
  return rho;
}

/** ⟨a|b⟩ as [re, im]. */
export function innerReference(a: Float64Array, b: Float64Array): [number, number] {
  let re = 0;
  let im = 0;
  for (let i = 0; i < a.length; i += 2) {
    re += a[i]! * b[i]! + a[i + 1]! * b[i + 1]!;
    im += a[i]! * b[i + 1]! - a[i + 1]! * b[i]!;
  }
  return [re, im];
}
