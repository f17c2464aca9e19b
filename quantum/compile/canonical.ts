/**
 * The canonical form of a two-qubit gate: local gates around exp(i (x XX + y YY + z ZZ)). What entangles is in three numbers,
 * and the least number of native gates can be read off them.
 *
 * source  Zhang, Vala, Sastry and Whaley 2003, arXiv:quant-ph/0209120, sections III and IV
 */

import { eigenHermitian } from '../circuit/eigen.ts';
import type { ComplexMatrix } from '../circuit/matrix.ts';
import { conjugate, dagger, kron, matrixFrom, multiply, scale } from '../circuit/matrix.ts';
import { must, QuantumError } from '../errors.ts';

export interface CanonicalForm {
  /** Coordinates of XX, YY and ZZ, each in (-π/4, π/4]. */
  readonly coordinates: readonly [number, number, number];
  /** Gates before and after, first qubit first; the global phase is dropped. */
  readonly before: readonly [ComplexMatrix, ComplexMatrix];
  readonly after: readonly [ComplexMatrix, ComplexMatrix];
}

const R = Math.SQRT1_2;

/** The magic basis: local gates are real in it, and XX, YY and ZZ are diagonal. */
const MAGIC = matrixFrom([
  [R, 0, 0, [0, R]],
  [0, [0, R], R, 0],
  [0, [0, R], -R, 0],
  [R, 0, 0, [0, -R]],
]);
const MAGIC_DAGGER = dagger(MAGIC);

const PAULIS: readonly ComplexMatrix[] = [
  matrixFrom([
    [0, 1],
    [1, 0],
  ]),
  matrixFrom([
    [0, [0, -1]],
    [[0, 1], 0],
  ]),
  matrixFrom([
    [1, 0],
    [0, -1],
  ]),
];

/**
 * shapes  unitary 4 by 4, first qubit most significant
 * error   the form differs from the unitary by less than 1e-9, up to a global phase (canonical.test.ts)
 * throws  QuantumError where the matrix is not unitary
 */
export function canonicalForm(unitary: ComplexMatrix): CanonicalForm {
  must(unitary.length === 32, `canonical form: a 4 by 4 matrix wanted, ${unitary.length} numbers found`);
  const special = withDeterminantOne(unitary);
  const inMagic = multiply(multiply(MAGIC_DAGGER, special), MAGIC);
  // The symmetric unitary M^T M has real orthogonal eigenvectors; its eigenvalues are those of the entangling part, squared.
  const symmetric = multiply(transpose(inMagic), inMagic);
  const basis = realEigenbasis(symmetric);
  const squared = diagonalOf(multiply(multiply(transpose(basis), symmetric), basis));
  const angles = squared.map(([re, im]) => Math.atan2(im, re) / 2);
  // The square roots are free in sign; the determinant of the whole must stay one.
  const turns = Math.round(angles.reduce((sum, angle) => sum + angle, 0) / Math.PI);
  if (turns % 2 !== 0) angles[0] = angles[0]! + Math.PI;
  const left = multiply(multiply(inMagic, basis), phases(angles.map((angle) => -angle)));
  const [t0, t1, t2, t3] = angles as [number, number, number, number];
  const raw = [(t0 + t1 - t2 - t3) / 4, (-t0 + t1 - t2 + t3) / 4, (t0 - t1 - t2 + t3) / 4] as const;
  const after = splitLocal(multiply(multiply(MAGIC, left), MAGIC_DAGGER));
  const before = splitLocal(multiply(multiply(MAGIC, transpose(basis)), MAGIC_DAGGER));
  return reduced(raw, before, after);
}

/** exp(i c PP) has the period π/2 in c, up to the local gate P on both qubits. */
function reduced(
  raw: readonly [number, number, number],
  before: readonly [ComplexMatrix, ComplexMatrix],
  after: readonly [ComplexMatrix, ComplexMatrix],
): CanonicalForm {
  let [first, second] = before;
  const coordinates = raw.map((value, axis) => {
    const steps = Math.ceil(value / (Math.PI / 2) - 0.5 - 1e-9);
    if (steps % 2 !== 0) {
      first = multiply(PAULIS[axis]!, first);
      second = multiply(PAULIS[axis]!, second);
    }
    return value - (steps * Math.PI) / 2;
  }) as [number, number, number];
  return { coordinates, before: [first, second], after };
}

function transpose(matrix: ComplexMatrix): ComplexMatrix {
  return conjugate(dagger(matrix));
}

function diagonalOf(matrix: ComplexMatrix): [number, number][] {
  return [0, 1, 2, 3].map((i) => [matrix[2 * (5 * i)]!, matrix[2 * (5 * i) + 1]!]);
}

function phases(angles: readonly number[]): ComplexMatrix {
  const out = new Float64Array(32);
  angles.forEach((angle, i) => {
    out[10 * i] = Math.cos(angle);
    out[10 * i + 1] = Math.sin(angle);
  });
  return out;
}

/** Divides by a fourth root of the determinant. */
function withDeterminantOne(matrix: ComplexMatrix): ComplexMatrix {
  const [re, im] = determinant(matrix, 4);
  must(Math.abs(Math.hypot(re, im) - 1) < 1e-6, `canonical form: a unitary matrix wanted, |det| ${Math.hypot(re, im)} found`);
  const angle = -Math.atan2(im, re) / 4;
  return scale(matrix, Math.cos(angle), Math.sin(angle));
}

/** Determinant by expansion along the first row; the matrices are small. */
function determinant(matrix: ArrayLike<number>, d: number): [number, number] {
  if (d === 1) return [matrix[0]!, matrix[1]!];
  let re = 0;
  let im = 0;
  for (let c = 0; c < d; c++) {
    const minor: number[] = [];
    for (let r = 1; r < d; r++) {
      for (let k = 0; k < d; k++) if (k !== c) minor.push(matrix[2 * (r * d + k)]!, matrix[2 * (r * d + k) + 1]!);
    }
    const [mr, mi] = determinant(minor, d - 1);
    const sign = c % 2 === 0 ? 1 : -1;
    const [ar, ai] = [sign * matrix[2 * c]!, sign * matrix[2 * c + 1]!];
    re += ar * mr - ai * mi;
    im += ar * mi + ai * mr;
  }
  return [re, im];
}

/**
 * Real orthogonal P of determinant 1 with P^T S P diagonal. Real and imaginary part of S commute, so a generic mixture of both
 * has the eigenvectors of both; the mixtures are tried in turn, since each is unlucky for some gates.
 */
function realEigenbasis(symmetric: ComplexMatrix): ComplexMatrix {
  for (const weight of [0.61803398875, -1.32471795724, 0.27182818284, 3.35988566624, -0.11235813213]) {
    const mixed = new Float64Array(32);
    for (let i = 0; i < 32; i += 2) mixed[i] = symmetric[i]! + weight * symmetric[i + 1]!;
    for (let r = 0; r < 4; r++) {
      for (let c = 0; c < r; c++) {
        const mean = (mixed[2 * (4 * r + c)]! + mixed[2 * (4 * c + r)]!) / 2;
        mixed[2 * (4 * r + c)] = mean;
        mixed[2 * (4 * c + r)] = mean;
      }
    }
    const { vectors } = eigenHermitian(mixed);
    if (determinant(vectors, 4)[0] < 0) for (let r = 0; r < 4; r++) vectors[8 * r] = -vectors[8 * r]!;
    const turned = multiply(multiply(transpose(vectors), symmetric), vectors);
    if (turned.every((value, i) => Math.floor(i / 2) % 5 === 0 || Math.abs(value) < 1e-9)) return vectors;
  }
  throw new QuantumError('canonical form: no common eigenvectors found');
}

/** The two factors of a matrix that is a tensor product, each unitary of determinant one up to sign. */
function splitLocal(matrix: ComplexMatrix): [ComplexMatrix, ComplexMatrix] {
  let at = 0;
  for (let i = 0; i < 16; i++) {
    if (Math.hypot(matrix[2 * i]!, matrix[2 * i + 1]!) > Math.hypot(matrix[2 * at]!, matrix[2 * at + 1]!)) at = i;
  }
  const [row, column] = [Math.floor(at / 4), at % 4];
  const first = new Float64Array(8);
  const second = new Float64Array(8);
  for (let r = 0; r < 2; r++) {
    for (let c = 0; c < 2; c++) {
      const outer = 2 * ((2 * r + (row % 2)) * 4 + 2 * c + (column % 2));
      const inner = 2 * ((2 * (row >> 1) + r) * 4 + 2 * (column >> 1) + c);
      first.set(matrix.subarray(outer, outer + 2), 2 * (2 * r + c));
      second.set(matrix.subarray(inner, inner + 2), 2 * (2 * r + c));
    }
  }
  return [normalised(first), normalised(second)];
}

function normalised(matrix: ComplexMatrix): ComplexMatrix {
  const size = Math.sqrt(Math.hypot(...determinant(matrix, 2)));
  return scale(matrix, 1 / size);
}

/** exp(i (x XX + y YY + z ZZ)). */
export function interaction(x: number, y: number, z: number): ComplexMatrix {
  return multiply(multiply(MAGIC, phases([x - y + z, x + y - z, -x - y - z, -x + y + z])), MAGIC_DAGGER);
}

export function localPair([first, second]: readonly [ComplexMatrix, ComplexMatrix]): ComplexMatrix {
  return kron(first, second);
}

/** The phase (re, im) by which the first of two unitaries has to be multiplied to come closest to the second. */
export function phaseFrom(a: ComplexMatrix, b: ComplexMatrix): [number, number] {
  let re = 0;
  let im = 0;
  for (let i = 0; i < a.length; i += 2) {
    re += a[i]! * b[i]! + a[i + 1]! * b[i + 1]!;
    im += a[i]! * b[i + 1]! - a[i + 1]! * b[i]!;
  }
  const size = Math.hypot(re, im);
  return size === 0 ? [1, 0] : [re / size, im / size];
}

/** Largest difference of two unitaries of equal size once their global phases agree. */
export function phaseDistance(a: ComplexMatrix, b: ComplexMatrix): number {
  const turned = scale(a, ...phaseFrom(a, b));
  return turned.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
