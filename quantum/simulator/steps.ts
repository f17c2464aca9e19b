/** The linear maps that a circuit is made of, on the bits of the index of a vector. */

import type { GateKernel } from '../circuit/gates.ts';
import type { ComplexMatrix } from '../circuit/matrix.ts';

/** One linear map on a few index bits (first one most significant), on the indices that match `value` under `mask`. */
export interface Step {
  readonly bits: readonly number[];
  readonly mask: number;
  readonly value: number;
  /** 'depolarizing': the bits are rows, then columns, of a density matrix, and the matrix is the one number that is kept of it. */
  readonly kernel: GateKernel | 'depolarizing';
  /** Name of a catalogue gate, or '' for any matrix. */
  readonly gate: string;
  /** Whether the complex conjugate of the gate is meant, as on the columns of a density matrix. */
  readonly conjugated?: boolean;
  /** Absent where `angles` is present: the matrix then comes from the angles. */
  readonly matrix?: ComplexMatrix;
  readonly angles?: StepAngles;
}

/** The numbers of a parametric step as functions of its angles. */
export interface StepAngles {
  readonly count: number;
  readonly matrix: (angles: readonly number[]) => ComplexMatrix;
  /** U' U† of one angle. */
  readonly generator: (angles: readonly number[], index: number) => ComplexMatrix;
  /** Which of the angles want a derivative. */
  readonly wanted: readonly number[];
}
