/** Eigenvalues and eigenvectors of small Hermitian matrices, for measuring a Hermitian observable. */

import { must } from '../errors.ts';
import type { ComplexMatrix } from './matrix.ts';
import { dagger, dimensionOf, identity, isHermitian, isUnitary, multiply } from './matrix.ts';

export interface Eigensystem {
  /** Ascending. */
  readonly values: Float64Array;
  /** Column j is the unit eigenvector of values[j]. */
  readonly vectors: ComplexMatrix;
}

/**
 * Jacobi's method: rotate away the largest off-diagonal entries, sweep by sweep, until none is left.
 *
 * shapes  matrix d by d, d ≤ 64
 * error   residual below 1e-12 times the norm
 * source  Golub and Van Loan, Matrix Computations, section 8.5, in its complex form
 */
export function eigenHermitian(matrix: ComplexMatrix): Eigensystem {
  must(isHermitian(matrix, 1e-8), 'eigen: a Hermitian matrix wanted');
  const d = dimensionOf(matrix);
  must(d <= 64, `eigen: dimension up to 64 wanted, ${d} found`);
  const a = Float64Array.from(matrix);
  const v = identity(d);
  const norm = Math.sqrt(a.reduce((sum, x) => sum + x * x, 0));
  for (let round = 0; round < 60 && offDiagonal(a, d) > 1e-15 * norm; round++) {
    for (let p = 0; p < d; p++) for (let q = p + 1; q < d; q++) rotate(a, v, d, p, q);
  }
  const order = Array.from({ length: d }, (_, i) => i).sort((i, j) => a[2 * (i * d + i)]! - a[2 * (j * d + j)]!);
  const vectors = new Float64Array(v.length);
  order.forEach((from, to) => {
    for (let r = 0; r < d; r++) {
      vectors[2 * (r * d + to)] = v[2 * (r * d + from)]!;
      vectors[2 * (r * d + to) + 1] = v[2 * (r * d + from) + 1]!;
    }
  });
  return { values: Float64Array.from(order, (i) => a[2 * (i * d + i)]!), vectors };
}

function offDiagonal(a: ComplexMatrix, d: number): number {
  let sum = 0;
  for (let r = 0; r < d; r++)
    for (let c = 0; c < d; c++) if (r !== c) sum += a[2 * (r * d + c)]! ** 2 + a[2 * (r * d + c) + 1]! ** 2;
  return Math.sqrt(sum);
}

/** One rotation J with J† A J diagonal in the plane (p, q): columns mix as p' = c p - s e^{-if} q, q' = s e^{if} p + c q. */
function rotate(a: ComplexMatrix, v: ComplexMatrix, d: number, p: number, q: number): void {
  const re = a[2 * (p * d + q)]!;
  const im = a[2 * (p * d + q) + 1]!;
  const size = Math.hypot(re, im);
  if (size === 0) return;
  const [fr, fi] = [re / size, im / size];
  const theta = (a[2 * (q * d + q)]! - a[2 * (p * d + p)]!) / (2 * size);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  mixColumns(a, d, p, q, c, s, fr, fi);
  mixRows(a, d, p, q, c, s, fr, fi);
  mixColumns(v, d, p, q, c, s, fr, fi);
}

function mixColumns(m: ComplexMatrix, d: number, p: number, q: number, c: number, s: number, fr: number, fi: number): void {
  for (let r = 0; r < d; r++) mix(m, 2 * (r * d + p), 2 * (r * d + q), c, s, fr, fi);
}

function mixRows(m: ComplexMatrix, d: number, p: number, q: number, c: number, s: number, fr: number, fi: number): void {
  for (let k = 0; k < d; k++) mix(m, 2 * (p * d + k), 2 * (q * d + k), c, s, fr, -fi);
}

function mix(m: ComplexMatrix, ip: number, iq: number, c: number, s: number, fr: number, fi: number): void {
  const [pr, pi, qr, qi] = [m[ip]!, m[ip + 1]!, m[iq]!, m[iq + 1]!];
  m[ip] = c * pr - s * (fr * qr + fi * qi);
  m[ip + 1] = c * pi - s * (fr * qi - fi * qr);
  m[iq] = s * (fr * pr - fi * pi) + c * qr;
  m[iq + 1] = s * (fr * pi + fi * pr) + c * qi;
}

/**
 * U^exponent with eigenphases taken in (-π, π], by the eigenvectors that the Hermitian and the anti-Hermitian part of a normal
 * matrix share; a mixture with irrational weight tells eigenvalues apart that either part alone would not.
 */
export function unitaryPower(matrix: ComplexMatrix, exponent: number): ComplexMatrix {
  must(isUnitary(matrix, 1e-6), 'power: a unitary matrix wanted');
  const d = dimensionOf(matrix);
  const adjoint = dagger(matrix);
  const mixture = new Float64Array(matrix.length);
  const weight = Math.SQRT2 - 0.7;
  for (let i = 0; i < matrix.length; i += 2) {
    mixture[i] = (matrix[i]! + adjoint[i]!) / 2 + (weight * (matrix[i + 1]! - adjoint[i + 1]!)) / 2;
    mixture[i + 1] = (matrix[i + 1]! + adjoint[i + 1]!) / 2 - (weight * (matrix[i]! - adjoint[i]!)) / 2;
  }
  const { vectors } = eigenHermitian(mixture);
  const diagonal = multiply(dagger(vectors), multiply(matrix, vectors));
  const powered = new Float64Array(matrix.length);
  for (let i = 0; i < d; i++) {
    const at = 2 * (i * d + i);
    const raw = Math.atan2(diagonal[at + 1]!, diagonal[at]!);
    // An eigenvalue -1 that rounding pushed below the cut belongs to +π.
    const phase = raw < -Math.PI + 1e-9 ? raw + 2 * Math.PI : raw;
    powered[at] = Math.cos(exponent * phase);
    powered[at + 1] = Math.sin(exponent * phase);
  }
  return multiply(vectors, multiply(powered, dagger(vectors)));
}
