/** Small dense linear algebra on row-major Float64Array matrices: what ridge, whitening and the head table need. */

/** Row-major matrix: element (i, j) is values[i * columns + j]. */
export interface Matrix {
  rows: number;
  columns: number;
  values: Float64Array;
}

/** Throws RangeError when the values do not fill rows x columns. */
export function matrix(rows: number, columns: number, values: Float64Array = new Float64Array(rows * columns)): Matrix {
  if (values.length !== rows * columns) {
    throw new RangeError(`a ${rows} x ${columns} matrix wants ${rows * columns} values, found ${values.length}`);
  }
  return { rows, columns, values };
}

/** Row i as a view, not a copy. */
export function row({ columns, values }: Matrix, i: number): Float64Array {
  return values.subarray(i * columns, (i + 1) * columns);
}

/** The rows of `source` named by `indices`, in that order. */
export function selectRows(source: Matrix, indices: readonly number[]): Matrix {
  const { columns } = source;
  const picked = matrix(indices.length, columns);
  for (const [position, index] of indices.entries()) {
    if (!(index >= 0 && index < source.rows)) throw new RangeError(`row ${index} wanted, the matrix has ${source.rows}`);
    picked.values.set(source.values.subarray(index * columns, (index + 1) * columns), position * columns);
  }
  return picked;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/**
 * Solves M x = b for a symmetric positive definite M by Cholesky factorisation.
 *
 * shapes  M [n, n], b [n]; result [n]; neither argument is changed
 * throws  RangeError when a pivot is not positive
 */
export function choleskySolve(M: Matrix, b: Float64Array): Float64Array {
  const n = M.rows;
  if (M.columns !== n || b.length !== n) throw new RangeError(`wanted n x n and n, found ${n} x ${M.columns} and ${b.length}`);
  const L = M.values.slice();
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = L[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= L[i * n + k]! * L[j * n + k]!;
      if (i === j) {
        if (!(sum > 0)) throw new RangeError(`pivot ${j} is ${sum}: the matrix is not positive definite`);
        L[j * n + j] = Math.sqrt(sum);
      } else {
        L[i * n + j] = sum / L[j * n + j]!;
      }
    }
  }
  const x = b.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= L[i * n + k]! * x[k]!;
    x[i]! /= L[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= L[k * n + i]! * x[k]!;
    x[i]! /= L[i * n + i]!;
  }
  return x;
}

export interface Eigen {
  /** Descending. */
  values: Float64Array;
  /** Row j is the unit eigenvector of values[j]; its largest component is positive. */
  vectors: Matrix;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations.
 *
 * cost    about 8 sweeps of n^3; meant for n up to a few hundred
 * error   off-diagonal norm below 1e-14 of the whole
 * throws  RangeError for a matrix that is not square, or when 60 sweeps do not suffice (NaN in the input)
 * source  Golub and Van Loan, Matrix Computations, section 8.5
 */
export function symmetricEigen(M: Matrix): Eigen {
  const n = M.rows;
  if (M.columns !== n) throw new RangeError(`wanted a square matrix, found ${n} x ${M.columns}`);
  const a = M.values.slice();
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  let whole = 0;
  for (const x of a) whole += x * x;
  const tolerance = 1e-28 * whole;
  for (let sweep = 0; ; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += 2 * a[p * n + q]! ** 2;
    if (off <= tolerance) break;
    if (sweep === 60) throw new RangeError(`Jacobi rotations did not converge: off-diagonal square sum ${off} of ${whole}`);
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q);
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j]! - a[i * n + i]! || i - j);
  const vectors = matrix(n, n);
  for (const [row, column] of order.entries()) {
    let largest = 0;
    for (let k = 0; k < n; k++) if (Math.abs(v[k * n + column]!) > Math.abs(largest)) largest = v[k * n + column]!;
    const sign = largest < 0 ? -1 : 1;
    for (let k = 0; k < n; k++) vectors.values[row * n + k] = sign * v[k * n + column]!;
  }
  return { values: Float64Array.from(order, (i) => a[i * n + i]!), vectors };
}

/** Zeroes a[p, q] by one rotation, applied to `a` from both sides and collected in the columns of `v`. */
function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q]!;
  if (apq === 0) return;
  const tau = (a[q * n + q]! - a[p * n + p]!) / (2 * apq);
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
  const c = 1 / Math.sqrt(1 + t * t);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const akp = a[k * n + p]!;
    const akq = a[k * n + q]!;
    a[k * n + p] = c * akp - s * akq;
    a[k * n + q] = s * akp + c * akq;
  }
  for (let k = 0; k < n; k++) {
    const apk = a[p * n + k]!;
    const aqk = a[q * n + k]!;
    a[p * n + k] = c * apk - s * aqk;
    a[q * n + k] = s * apk + c * aqk;
    const vkp = v[k * n + p]!;
    const vkq = v[k * n + q]!;
    v[k * n + p] = c * vkp - s * vkq;
    v[k * n + q] = s * vkp + c * vkq;
  }
}

export interface Ridge {
  weights: Float64Array;
  intercept: number;
}

/**
 * Ridge regression with an unpenalised intercept: minimises sum (y - w.x - c)^2 + strength |w|^2.
 *
 * shapes  X [N, d], y [N]; weights [d]
 */
export function ridge(X: Matrix, y: Float64Array, strength: number): Ridge {
  const { rows, columns, values } = X;
  if (y.length !== rows) throw new RangeError(`${rows} rows but ${y.length} targets`);
  const means = columnMeans(X);
  const yMean = y.reduce((sum, value) => sum + value, 0) / rows;
  const gram = matrix(columns, columns);
  const right = new Float64Array(columns);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < columns; i++) {
      const xi = values[r * columns + i]! - means[i]!;
      right[i]! += xi * (y[r]! - yMean);
      for (let j = 0; j <= i; j++) gram.values[i * columns + j]! += xi * (values[r * columns + j]! - means[j]!);
    }
  }
  for (let i = 0; i < columns; i++) {
    gram.values[i * columns + i]! += strength;
    for (let j = i + 1; j < columns; j++) gram.values[i * columns + j] = gram.values[j * columns + i]!;
  }
  const weights = choleskySolve(gram, right);
  return { weights, intercept: yMean - dot(weights, means) };
}

export function columnMeans(X: Matrix): Float64Array {
  const means = new Float64Array(X.columns);
  for (let r = 0; r < X.rows; r++) for (let j = 0; j < X.columns; j++) means[j]! += X.values[r * X.columns + j]!;
  return means.map((sum) => sum / X.rows);
}

/** Covariance [d, d] of the rows, divided by N. */
export function covariance(X: Matrix): Matrix {
  const { rows, columns, values } = X;
  const means = columnMeans(X);
  const C = matrix(columns, columns);
  const centred = new Float64Array(columns);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < columns; j++) centred[j] = values[r * columns + j]! - means[j]!;
    for (let i = 0; i < columns; i++)
      for (let j = 0; j < columns; j++) C.values[i * columns + j]! += (centred[i]! * centred[j]!) / rows;
  }
  return C;
}
