/**
 * Observables as Braket writes them: sums of scaled tensor products of i, x, y, z, h and Hermitian matrices on qubits.
 * A PauliSum is the special case without matrices; `observableOf` turns one into the other.
 */

import { must } from '../errors.ts';
import { eigenHermitian } from './eigen.ts';
import { GATES } from './gates.ts';
import type { ComplexMatrix } from './matrix.ts';
import { dagger, identity, isHermitian, matrixFrom, multiply, qubitsOf } from './matrix.ts';
import type { Pauli, PauliSum, PauliTerm } from './pauli.ts';

export type StandardObservable = 'i' | 'x' | 'y' | 'z' | 'h';

/** An operator on its targets; the matrix is Hermitian, first target most significant. */
export interface ObservableFactor {
  readonly name: StandardObservable | 'hermitian';
  readonly targets: readonly number[];
  readonly matrix: ComplexMatrix;
}

/** coefficient · product of factors on different qubits. */
export interface ObservableTerm {
  readonly coefficient: number;
  readonly factors: readonly ObservableFactor[];
}

/** A weighted sum of products, in the unit of the coefficients: what Braket can be asked for. `PauliSum` is its fast special case. */
export type Observable = readonly ObservableTerm[];

/** One of the operators that Braket knows by name, on one qubit. */
export function standardFactor(name: StandardObservable, qubit: number): ObservableFactor {
  return { name, targets: [qubit], matrix: GATES.get(name)!.matrix([]) };
}

/** A Hermitian matrix [2 · 4^k] on k targets, first one most significant; throws QuantumError for another. */
export function hermitianFactor(matrix: ComplexMatrix, targets: readonly number[]): ObservableFactor {
  must(qubitsOf(matrix) === targets.length, `hermitian: a matrix for ${targets.length} targets wanted`);
  must(isHermitian(matrix), 'hermitian: a matrix equal to its conjugate transpose wanted');
  return { name: 'hermitian', targets: [...targets], matrix };
}

/** A sum of Pauli strings as a general observable. */
export function observableOf(sum: PauliSum): Observable {
  return sum.map((term) => ({
    coefficient: term.coefficient,
    factors: term.factors.map(({ qubit, pauli }) => standardFactor(pauli.toLowerCase() as StandardObservable, qubit)),
  }));
}

/** A term as a Pauli string, or null where it holds h or a matrix. */
export function pauliTermOf(term: ObservableTerm): PauliTerm | null {
  const factors: { qubit: number; pauli: Pauli }[] = [];
  for (const { name, targets } of term.factors) {
    if (name === 'h' || name === 'hermitian') return null;
    if (name !== 'i') factors.push({ qubit: targets[0]!, pauli: name.toUpperCase() as Pauli });
  }
  return { coefficient: term.coefficient, factors };
}

/** The factor squared, as a factor. */
export function squaredFactor(factor: ObservableFactor): ObservableFactor {
  if (factor.name !== 'hermitian') return { ...factor, name: 'i', matrix: identity(2) };
  return { ...factor, matrix: multiply(factor.matrix, factor.matrix) };
}

/** How a factor is measured: rotate its qubits, read bits, and take the eigenvalue of the bit pattern. */
export interface MeasurementBasis {
  readonly rotation: ComplexMatrix | null;
  readonly eigenvalues: readonly number[];
}

const S_DAGGER_THEN_H = multiply(GATES.get('h')!.matrix([]), GATES.get('si')!.matrix([]));
const EIGHTH = Math.PI / 8;

export function measurementBasis(factor: ObservableFactor): MeasurementBasis {
  switch (factor.name) {
    case 'i':
      return { rotation: null, eigenvalues: [1, 1] };
    case 'z':
      return { rotation: null, eigenvalues: [1, -1] };
    case 'x':
      return { rotation: GATES.get('h')!.matrix([]), eigenvalues: [1, -1] };
    case 'y':
      return { rotation: S_DAGGER_THEN_H, eigenvalues: [1, -1] };
    case 'h':
      return {
        rotation: matrixFrom([
          [Math.cos(EIGHTH), Math.sin(EIGHTH)],
          [-Math.sin(EIGHTH), Math.cos(EIGHTH)],
        ]),
        eigenvalues: [1, -1],
      };
    case 'hermitian': {
      const { values, vectors } = eigenHermitian(factor.matrix);
      return { rotation: dagger(vectors), eigenvalues: [...values] };
    }
  }
}

/** Equal observables on equal targets can be measured together. */
export function sameFactor(a: ObservableFactor, b: ObservableFactor): boolean {
  return (
    a.name === b.name &&
    a.targets.length === b.targets.length &&
    a.targets.every((qubit, i) => qubit === b.targets[i]) &&
    a.matrix.every((value, i) => Math.abs(value - b.matrix[i]!) < 1e-8)
  );
}
