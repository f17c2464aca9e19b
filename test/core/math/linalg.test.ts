import { seeded } from '@qefm/quantum';
import { describe, expect, test } from 'vitest';
import { choleskySolve, covariance, dot, matrix, ridge, row, selectRows, symmetricEigen } from '../../../core/math/linalg.ts';

function randomMatrix(rows: number, columns: number, seed: number) {
  return matrix(rows, columns, seeded(seed).fillNormal(new Float64Array(rows * columns)));
}

/** A A^T + I: symmetric positive definite. */
function randomDefinite(n: number, seed: number) {
  const A = randomMatrix(n, n, seed);
  const M = matrix(n, n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) M.values[i * n + j] = dot(row(A, i), row(A, j)) + (i === j ? 1 : 0);
  return M;
}

describe('choleskySolve', () => {
  test('solves what the matrix multiplies', () => {
    const M = randomDefinite(12, 1);
    const x = seeded(2).fillNormal(new Float64Array(12));
    const b = Float64Array.from(x, (_, i) => dot(row(M, i), x));
    const found = choleskySolve(M, b);
    for (let i = 0; i < 12; i++) expect(found[i]).toBeCloseTo(x[i]!, 9);
  });

  test('refuses a matrix that is not positive definite', () => {
    expect(() => choleskySolve(matrix(2, 2, Float64Array.of(1, 2, 2, 1)), Float64Array.of(1, 1))).toThrow(/pivot 1/);
  });
});

describe('symmetricEigen', () => {
  test('gives orthonormal vectors that rebuild the matrix, largest value first', () => {
    const n = 20;
    const M = randomDefinite(n, 3);
    const { values, vectors } = symmetricEigen(M);
    for (let j = 1; j < n; j++) expect(values[j - 1]!).toBeGreaterThanOrEqual(values[j]!);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        expect(dot(row(vectors, i), row(vectors, j))).toBeCloseTo(i === j ? 1 : 0, 12);
        let rebuilt = 0;
        for (let k = 0; k < n; k++) rebuilt += values[k]! * row(vectors, k)[i]! * row(vectors, k)[j]!;
        expect(rebuilt).toBeCloseTo(M.values[i * n + j]!, 9);
      }
    }
  });

  test('finds the eigenvalues 3 and 1 of [[2, 1], [1, 2]]', () => {
    const { values } = symmetricEigen(matrix(2, 2, Float64Array.of(2, 1, 1, 2)));
    expect(values[0]).toBeCloseTo(3, 14);
    expect(values[1]).toBeCloseTo(1, 14);
  });

  test('stops with an error on NaN', () => {
    expect(() => symmetricEigen(matrix(2, 2, Float64Array.of(Number.NaN, 1, 1, 2)))).toThrow(/did not converge/);
  });
});

describe('ridge', () => {
  test('recovers a noiseless line as the penalty vanishes, and the mean as it grows', () => {
    const X = randomMatrix(50, 3, 4);
    const y = Float64Array.from({ length: 50 }, (_, i) => 2 + 0.5 * row(X, i)[0]! - row(X, i)[2]!);
    const sharp = ridge(X, y, 1e-9);
    expect(sharp.intercept).toBeCloseTo(2, 6);
    expect([...sharp.weights].map((w) => Number(w.toFixed(6)))).toEqual([0.5, 0, -1].map((w) => expect.closeTo(w, 5)));
    const flat = ridge(X, y, 1e12);
    expect(flat.intercept).toBeCloseTo(y.reduce((a, b) => a + b) / 50, 6);
  });

  test('has a gradient of zero at its solution', () => {
    const X = randomMatrix(30, 4, 5);
    const y = seeded(6).fillNormal(new Float64Array(30));
    const { weights, intercept } = ridge(X, y, 2);
    const residual = Float64Array.from(y, (value, i) => value - intercept - dot(weights, row(X, i)));
    expect(residual.reduce((a, b) => a + b)).toBeCloseTo(0, 10);
    for (let j = 0; j < 4; j++) {
      let slope = 2 * weights[j]!;
      for (let i = 0; i < 30; i++) slope -= residual[i]! * row(X, i)[j]!;
      expect(slope).toBeCloseTo(0, 9);
    }
  });
});

describe('selectRows and covariance', () => {
  test('pick rows in the order asked for and refuse one that is not there', () => {
    const X = matrix(3, 2, Float64Array.of(1, 2, 3, 4, 5, 6));
    expect([...selectRows(X, [2, 0]).values]).toEqual([5, 6, 1, 2]);
    expect(() => selectRows(X, [3])).toThrow(RangeError);
  });

  test('give the covariance of two perfectly coupled columns', () => {
    const C = covariance(matrix(3, 2, Float64Array.of(-1, -2, 0, 0, 1, 2)));
    expect([...C.values]).toEqual([2 / 3, 4 / 3, 4 / 3, 8 / 3].map((value) => expect.closeTo(value, 12)));
  });
});
