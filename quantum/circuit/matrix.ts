/**
 * Small dense complex matrices: the language in which gates, channels and observables are written down.
 * A matrix of dimension d is a Float64Array of 2 d² numbers, row-major, real and imaginary part interleaved.
 */

import { must } from '../errors.ts';

export type ComplexMatrix = Float64Array;

/** Dimension d of a matrix; refuses a length that is not 2 d². */
export function dimensionOf(matrix: ComplexMatrix): number {
  const d = Math.round(Math.sqrt(matrix.length / 2));
  must(2 * d * d === matrix.length && d > 0, `a square complex matrix wanted, ${matrix.length} numbers found`);
  return d;
}

/** Number of qubits of a 2^k by 2^k matrix. */
export function qubitsOf(matrix: ComplexMatrix): number {
  const d = dimensionOf(matrix);
  const k = Math.round(Math.log2(d));
  must(2 ** k === d, `a matrix of dimension 2^k wanted, dimension ${d} found`);
  return k;
}

/** A complex number given as a real, or as [re, im]. */
export type ComplexLike = number | readonly [number, number];

/** Matrix from rows. */
export function matrixFrom(rows: readonly (readonly ComplexLike[])[]): ComplexMatrix {
  const d = rows.length;
  const out = new Float64Array(2 * d * d);
  rows.forEach((row, r) => {
    must(row.length === d, `a square matrix wanted: row ${r} has ${row.length} entries, ${d} rows`);
    row.forEach((value, c) => {
      const at = 2 * (r * d + c);
      out[at] = typeof value === 'number' ? value : value[0];
      out[at + 1] = typeof value === 'number' ? 0 : value[1];
    });
  });
  return out;
}

/** Rows of [re, im] pairs, as Braket writes matrices. */
export function rowsOf(matrix: ComplexMatrix): [number, number][][] {
  const d = dimensionOf(matrix);
  return Array.from({ length: d }, (_, r) =>
    Array.from({ length: d }, (_, c): [number, number] => [matrix[2 * (r * d + c)]!, matrix[2 * (r * d + c) + 1]!]),
  );
}

export function identity(dimension: number): ComplexMatrix {
  const out = new Float64Array(2 * dimension * dimension);
  for (let i = 0; i < dimension; i++) out[2 * (i * dimension + i)] = 1;
  return out;
}

/** Matrix product a b. */
export function multiply(a: ComplexMatrix, b: ComplexMatrix): ComplexMatrix {
  const d = dimensionOf(a);
  must(a.length === b.length, `equal dimensions wanted, ${d} and ${dimensionOf(b)} found`);
  const out = new Float64Array(a.length);
  for (let r = 0; r < d; r++) {
    for (let k = 0; k < d; k++) {
      const ar = a[2 * (r * d + k)]!;
      const ai = a[2 * (r * d + k) + 1]!;
      if (ar === 0 && ai === 0) continue;
      for (let c = 0; c < d; c++) {
        const br = b[2 * (k * d + c)]!;
        const bi = b[2 * (k * d + c) + 1]!;
        const at = 2 * (r * d + c);
        out[at] = out[at]! + ar * br - ai * bi;
        out[at + 1] = out[at + 1]! + ar * bi + ai * br;
      }
    }
  }
  return out;
}

/** Conjugate transpose. */
export function dagger(a: ComplexMatrix): ComplexMatrix {
  const d = dimensionOf(a);
  const out = new Float64Array(a.length);
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      out[2 * (c * d + r)] = a[2 * (r * d + c)]!;
      out[2 * (c * d + r) + 1] = -a[2 * (r * d + c) + 1]!;
    }
  }
  return out;
}

/** Complex conjugate, entry by entry. */
export function conjugate(a: ComplexMatrix): ComplexMatrix {
  const out = Float64Array.from(a);
  for (let i = 1; i < out.length; i += 2) out[i] = -out[i]!;
  return out;
}

/** Tensor product a ⊗ b: the first factor acts on the more significant qubits. */
export function kron(a: ComplexMatrix, b: ComplexMatrix): ComplexMatrix {
  const da = dimensionOf(a);
  const db = dimensionOf(b);
  const d = da * db;
  const out = new Float64Array(2 * d * d);
  for (let ra = 0; ra < da; ra++) {
    for (let ca = 0; ca < da; ca++) {
      const ar = a[2 * (ra * da + ca)]!;
      const ai = a[2 * (ra * da + ca) + 1]!;
      for (let rb = 0; rb < db; rb++) {
        for (let cb = 0; cb < db; cb++) {
          const br = b[2 * (rb * db + cb)]!;
          const bi = b[2 * (rb * db + cb) + 1]!;
          const at = 2 * ((ra * db + rb) * d + ca * db + cb);
          out[at] = ar * br - ai * bi;
          out[at + 1] = ar * bi + ai * br;
        }
      }
    }
  }
  return out;
}

/** a + factor · b with a real or complex factor. */
export function addScaled(a: ComplexMatrix, b: ComplexMatrix, re: number, im = 0): ComplexMatrix {
  const out = Float64Array.from(a);
  for (let i = 0; i < out.length; i += 2) {
    out[i] = out[i]! + re * b[i]! - im * b[i + 1]!;
    out[i + 1] = out[i + 1]! + re * b[i + 1]! + im * b[i]!;
  }
  return out;
}

export function scale(a: ComplexMatrix, re: number, im = 0): ComplexMatrix {
  return addScaled(new Float64Array(a.length), a, re, im);
}

/** Largest absolute difference of two entries. */
export function distance(a: ComplexMatrix, b: ComplexMatrix): number {
  must(a.length === b.length, `matrices of equal size wanted, ${a.length} and ${b.length} numbers found`);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}

/** Whether no entry of A A† differs from the identity by more than the tolerance. */
export function isUnitary(a: ComplexMatrix, tolerance = 1e-8): boolean {
  return distance(multiply(a, dagger(a)), identity(dimensionOf(a))) <= tolerance;
}

export function isHermitian(a: ComplexMatrix, tolerance = 1e-8): boolean {
  return distance(a, dagger(a)) <= tolerance;
}

/** 1 on the given control pattern's complement, `a` where every control bit matches; controls are the most significant bits. */
export function controlled(a: ComplexMatrix, values: readonly (0 | 1)[]): ComplexMatrix {
  const d = dimensionOf(a);
  const whole = d << values.length;
  const block = values.reduce<number>((index, value) => 2 * index + value, 0);
  const out = identity(whole);
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      const at = 2 * ((block * d + r) * whole + block * d + c);
      out[at] = a[2 * (r * d + c)]!;
      out[at + 1] = a[2 * (r * d + c) + 1]!;
    }
  }
  return out;
}
