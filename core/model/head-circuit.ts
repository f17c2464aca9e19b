/** The head's circuit, compiled once a process: the hardware-efficient ansatz on an encoded vector, read by Z_i and Z_i Z_{i+1}. */
import {
  ansatzParameterCount,
  type Circuit,
  compileModel,
  hardwareEfficientAnsatz,
  type PauliTerm,
  zAndNeighbourZz,
} from '@qefm/quantum';
import type { HeadCircuit } from '../problems/problem.ts';

export type HeadStructure = Pick<HeadCircuit, 'qubits' | 'layers' | 'entangler'>;

export interface ExactSlopes {
  /** Mean values [M]. */
  values: Float64Array;
  /** dF/dtheta [P] of F = sum_i cotangent_i <O_i>. */
  theta: Float64Array;
  /** dF/dpsi = 2 Re(A psi) [2^n], the component along psi included. */
  amplitudes: Float64Array;
}

export interface HeadModel {
  /** P */
  readonly parameters: number;
  /** M */
  readonly observables: number;
  /** shapes  theta [P], amplitudes [2^n] normalised; result [M] */
  expectations(theta: Float64Array, amplitudes: Float64Array): Float64Array;
  pullback(theta: Float64Array, amplitudes: Float64Array, cotangent: Float64Array): ExactSlopes;
}

/** Angles of the ansatz: RY and RZ on every qubit in each layer, and a last RY. */
export function headAngles({ qubits, layers, entangler }: HeadStructure): number {
  return ansatzParameterCount({ qubits, layers, entangler });
}

export function headAnsatz({ qubits, layers, entangler }: HeadStructure): Circuit {
  return hardwareEfficientAnsatz({ qubits, layers, entangler });
}

/** Z_0 .. Z_{n-1}, then Z_i Z_{i+1} around the ring, whatever the entangler: one measurement basis reads them all. */
export function headReadout({ qubits }: HeadStructure): PauliTerm[] {
  return zAndNeighbourZz(qubits, 'ring');
}

export function headObservables(structure: HeadStructure): number {
  return headReadout(structure).length;
}

const compiled = new Map<string, HeadModel>();

/** The same structure gives the same compiled model, so its memory is taken once. */
export function compileHead(structure: HeadStructure): HeadModel {
  const key = `${structure.qubits} ${structure.layers} ${structure.entangler}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const fresh = build(structure);
  compiled.set(key, fresh);
  return fresh;
}

function build(structure: HeadStructure): HeadModel {
  const machine = compileModel(headAnsatz(structure), headReadout(structure));
  const { parameterCount: P, observableCount: M } = machine;
  let angles: Float64Array | undefined;
  const use = (theta: Float64Array) => {
    if (angles !== undefined && angles.length === theta.length && angles.every((angle, p) => angle === theta[p])) return;
    machine.setTheta(theta);
    angles = theta.slice();
  };
  return {
    parameters: P,
    observables: M,
    expectations(theta, amplitudes) {
      use(theta);
      return machine.expectations(amplitudes);
    },
    pullback(theta, amplitudes, cotangent) {
      use(theta);
      const values = machine.expectations(amplitudes);
      const slopes = { values, theta: new Float64Array(P), amplitudes: new Float64Array(amplitudes.length) };
      machine.vjp(cotangent, slopes.theta, slopes.amplitudes);
      return slopes;
    },
  };
}
