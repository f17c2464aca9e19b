/**
 * Table mode: for fixed angles the head is a set of quadratic forms o_i = psi^T A_i psi, and classical from then on.
 *
 *   A_jj = F(e_j),  A_jk = F((e_j + e_k) / sqrt 2) - (A_jj + A_kk) / 2
 *
 * This is both the fast way to score a library and the proof that a head of this size has no quantum advantage
 * (Schreiber et al. 2023, arXiv:2206.11740; Jerbi et al. 2024, arXiv:2306.00061).
 */
import type { LatentEncoding } from '../encoding/amplitude.ts';
import { type Matrix, matrix } from '../math/linalg.ts';
import type { HeadCircuit } from '../problems/problem.ts';
import { compileHead, type HeadModel } from './head-circuit.ts';
import { headViews, type QuantumHead } from './quantum-head.ts';

/**
 * A_i for each of the M observables, symmetric [2^n, 2^n], from 2^n (2^n + 1) / 2 exact circuits.
 *
 * error   psi^T A_i psi equals the circuit to 1e-10
 */
export function headTable(circuit: HeadCircuit): Matrix[] {
  const size = 2 ** circuit.qubits;
  const vectors = Array.from({ length: size }, (_, j) => {
    const unit = new Float64Array(size);
    unit[j] = 1;
    return unit;
  });
  return subspaceForms(compileHead(circuit), circuit.theta, vectors);
}

/** V^T A_i V for orthonormal vectors V: the forms on the space they span, [d, d] each. */
export function subspaceForms(model: HeadModel, theta: Float64Array, vectors: readonly Float64Array[]): Matrix[] {
  const d = vectors.length;
  const forms = Array.from({ length: model.observables }, () => matrix(d, d));
  const diagonal = vectors.map((vector) => model.expectations(theta, vector));
  for (let j = 0; j < d; j++) {
    for (const [i, form] of forms.entries()) form.values[j * d + j] = diagonal[j]![i]!;
    for (let k = 0; k < j; k++) {
      const mixed = model.expectations(theta, halfway(vectors[j]!, vectors[k]!));
      for (const [i, form] of forms.entries()) {
        const value = mixed[i]! - (diagonal[j]![i]! + diagonal[k]![i]!) / 2;
        form.values[j * d + k] = value;
        form.values[k * d + j] = value;
      }
    }
  }
  return forms;
}

/** (a + b) / sqrt 2, a unit vector when a and b are orthonormal. */
export function halfway(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => (value + b[i]!) * Math.SQRT1_2);
}

/** The orthonormal vectors that every encoded state is made of: the bias amplitude and the k columns of B. */
export function encodingVectors({ qubits, basis }: LatentEncoding): Float64Array[] {
  const bias = new Float64Array(2 ** qubits);
  bias[0] = 1;
  return [bias, ...basis];
}

/** The head as one form on (c0, z): y = y_c + (c0, z)^T Q (c0, z) + b, with s and r0^2 inside Q [k + 1, k + 1]. */
export function latentForm({ shape, flat, normSquare }: QuantumHead, encoding: LatentEncoding): Matrix {
  const { theta, w, scale } = headViews(shape, flat);
  const forms = subspaceForms(compileHead(shape), theta, encodingVectors(encoding));
  const d = encoding.latentSize + 1;
  const Q = matrix(d, d);
  for (const [i, form] of forms.entries()) {
    const factor = (scale[0]! * w[i]!) / normSquare;
    for (let at = 0; at < Q.values.length; at++) Q.values[at]! += factor * form.values[at]!;
  }
  return Q;
}

/** (c0, z)^T Q (c0, z): r^2 psi^T A psi without the division that r^2 would undo. */
export function evaluateForm(Q: Matrix, bias: number, z: Float64Array): number {
  const d = Q.columns;
  let sum = Q.values[0]! * bias * bias;
  for (let j = 1; j < d; j++) {
    const zj = z[j - 1]!;
    sum += (Q.values[j]! + Q.values[j * d]!) * bias * zj;
    for (let k = 1; k < d; k++) sum += Q.values[j * d + k]! * zj * z[k - 1]!;
  }
  return sum;
}
