/**
 * The quantum head on the backbone's hidden features u, forward beside backward (docs/science.md: the hybrid head).
 *
 *   z = E u + e,  x = (c0, B z),  r = |x|,  psi = x / r,  o = <O>(psi, theta),  y = y_c + s (r^2 / r0^2) (w.o) + b
 *
 * s starts at 0, so the hybrid model starts as the classical one, bit for bit. The mean values o come from outside: from the
 * simulator or from a device. P angles, M observables, k latent numbers, U hidden features.
 */
import type { Random } from '@qefm/quantum';
import {
  type EncodedLatent,
  encodeLatent,
  type LatentDirections,
  type LatentEncoding,
  latentDirections,
  latentEncoding,
  pullbackDirections,
} from '../encoding/amplitude.ts';
import { columnMeans, covariance, type Matrix, row, symmetricEigen } from '../math/linalg.ts';
import type { HeadCircuit } from '../problems/problem.ts';
import { headAngles, headObservables } from './head-circuit.ts';

export interface HeadShape {
  qubits: number;
  layers: number;
  entangler: HeadCircuit['entangler'];
  latentSize: number;
  /** U */
  features: number;
}

export interface HeadViews {
  /** [P], radians. */
  theta: Float64Array;
  /** [M] */
  w: Float64Array;
  /** s, [1] */
  scale: Float64Array;
  /** b, [1], pK. */
  offset: Float64Array;
  /** E, [k, U]. */
  projection: Float64Array;
  /** e, [k]. */
  shift: Float64Array;
}

/** A head and what is fixed about it. */
export interface QuantumHead {
  shape: HeadShape;
  /** r0^2: the mean of r^2 over the training rows at the start. */
  normSquare: number;
  flat: Float64Array;
}

export function headSize(shape: HeadShape): number {
  return headAngles(shape) + headObservables(shape) + 2 + shape.latentSize * (shape.features + 1);
}

/** Names the parts of a flat parameter (or gradient) vector; throws RangeError when its length does not fit the shape. */
export function headViews(shape: HeadShape, flat: Float64Array): HeadViews {
  if (flat.length !== headSize(shape))
    throw new RangeError(`the quantum head wants ${headSize(shape)} values, found ${flat.length}`);
  let offset = 0;
  const take = (length: number) => {
    offset += length;
    return flat.subarray(offset - length, offset);
  };
  return {
    theta: take(headAngles(shape)),
    w: take(headObservables(shape)),
    scale: take(1),
    offset: take(1),
    projection: take(shape.latentSize * shape.features),
    shift: take(shape.latentSize),
  };
}

export interface LatentProjection {
  /** E, [k, U] row-major. */
  projection: Float64Array;
  /** e, [k]. */
  shift: Float64Array;
}

/**
 * Principal components of the rows of U, in the order of their spectrum and all divided by the deviation of the first, so that
 * z_1 has variance 1 and the rest less. Components without variance project to 0.
 */
export function spectralProjection(U: Matrix, latentSize: number): LatentProjection {
  if (latentSize > U.columns) throw new RangeError(`${latentSize} latent numbers wanted from ${U.columns} features`);
  const { values, vectors } = symmetricEigen(covariance(U));
  const means = columnMeans(U);
  const largest = values[0]!;
  const projection = new Float64Array(latentSize * U.columns);
  const shift = new Float64Array(latentSize);
  for (let j = 0; j < latentSize; j++) {
    if (!(values[j]! > 1e-12 * largest)) continue;
    for (let i = 0; i < U.columns; i++) {
      const value = vectors.values[j * U.columns + i]! / Math.sqrt(largest);
      projection[j * U.columns + i] = value;
      shift[j]! -= value * means[i]!;
    }
  }
  return { projection, shift };
}

/** Small angles N(0, (0.1 pi)^2), random w, s = b = 0, E from the spectrum of the training rows' hidden features [N, U]. */
export function initialHead(shape: HeadShape, trainingFeatures: Matrix, random: Random): QuantumHead {
  const flat = new Float64Array(headSize(shape));
  const views = headViews(shape, flat);
  random.fork('theta').fillNormal(views.theta, 0.1 * Math.PI);
  random.fork('w').fillNormal(views.w, 1 / Math.sqrt(views.w.length));
  const { projection, shift } = spectralProjection(trainingFeatures, shape.latentSize);
  views.projection.set(projection);
  views.shift.set(shift);
  const encoding = latentEncoding(shape.qubits, shape.latentSize);
  let normSquare = 0;
  for (let m = 0; m < trainingFeatures.rows; m++) {
    normSquare += encodeLatent(encoding, project(views, row(trainingFeatures, m))).norm ** 2 / trainingFeatures.rows;
  }
  return { shape, normSquare, flat };
}

/** z = E u + e. */
export function project({ projection, shift }: LatentProjection, u: Float64Array): Float64Array {
  const z = shift.slice();
  for (let j = 0; j < z.length; j++) for (let i = 0; i < u.length; i++) z[j]! += projection[j * u.length + i]! * u[i]!;
  return z;
}

/** What a batch of compounds looks like to the circuit. */
export interface HeadInputs {
  u: Matrix;
  z: Float64Array[];
  encoded: EncodedLatent[];
}

export function headInputs({ shape, flat }: QuantumHead, encoding: LatentEncoding, u: Matrix): HeadInputs {
  const views = headViews(shape, flat);
  const z = Array.from({ length: u.rows }, (_, m) => project(views, row(u, m)));
  return { u, z, encoded: z.map((latent) => encodeLatent(encoding, latent)) };
}

/**
 * y from the classical prediction and the measured mean values.
 *
 * shapes  classical y_c [B], expectations: B times [M]; result [B]
 */
export function hybridPredictions(
  { shape, flat, normSquare }: QuantumHead,
  { encoded }: HeadInputs,
  classical: Float64Array,
  expectations: readonly Float64Array[],
): Float64Array {
  const { w, scale, offset } = headViews(shape, flat);
  return classical.map((y, m) => {
    const ratio = encoded[m]!.norm ** 2 / normSquare;
    return y + scale[0]! * ratio * weighted(w, expectations[m]!) + offset[0]!;
  });
}

/** dL/do for each compound [M]: what a device is asked to differentiate. */
export function headCotangents(
  { shape, flat, normSquare }: QuantumHead,
  { encoded }: HeadInputs,
  dy: Float64Array,
): Float64Array[] {
  const { w, scale } = headViews(shape, flat);
  return encoded.map(({ norm }, m) => w.map((wi) => dy[m]! * scale[0]! * (norm ** 2 / normSquare) * wi));
}

export function headDirections(encoding: LatentEncoding, { encoded }: HeadInputs): LatentDirections[] {
  return encoded.map((state) => latentDirections(encoding, state));
}

/** What a simulator or a device found for one compound: F is the cotangent-weighted sum of the observables. */
export interface HeadSlopes {
  /** dF/dtheta [P]; empty where the angles are held. */
  theta: Float64Array;
  /** dF along the latent directions [k]. */
  directions: Float64Array;
}

/**
 * Adds dL/d(head parameters) to `gradient` and returns dL/du [B, U], the cotangent that the backbone receives.
 *
 * slopes already contain dL/do (through the cotangent they were asked with); the rest of the chain is here:
 * dL/ds = dy rho (w.o), dL/db = dy, dL/dw = dy s rho o, dL/dr = dy s (2 r / r0^2) (w.o), dL/dE = dz u^T, dL/de = dz, dL/du = E^T dz.
 */
export function headBackward(
  { shape, flat, normSquare }: QuantumHead,
  inputs: HeadInputs,
  lengths: readonly Float64Array[],
  dy: Float64Array,
  expectations: readonly Float64Array[],
  slopes: readonly HeadSlopes[],
  gradient: Float64Array,
): Matrix {
  const { latentSize: k, features: U } = shape;
  const views = headViews(shape, flat);
  const into = headViews(shape, gradient);
  const du: Matrix = { rows: inputs.u.rows, columns: U, values: new Float64Array(inputs.u.rows * U) };
  for (let m = 0; m < du.rows; m++) {
    const encoded = inputs.encoded[m]!;
    const o = expectations[m]!;
    const slope = slopes[m]!;
    const ratio = encoded.norm ** 2 / normSquare;
    const s = views.scale[0]!;
    const read = weighted(views.w, o);
    into.scale[0]! += dy[m]! * ratio * read;
    into.offset[0]! += dy[m]!;
    for (let i = 0; i < o.length; i++) into.w[i]! += dy[m]! * s * ratio * o[i]!;
    for (let p = 0; p < slope.theta.length; p++) into.theta[p]! += slope.theta[p]!;
    const normSlope = (dy[m]! * s * 2 * encoded.norm * read) / normSquare;
    const dz = pullbackDirections(encoded, inputs.z[m]!, lengths[m]!, slope.directions, normSlope);
    for (let j = 0; j < k; j++) {
      const dzj = dz[j]!;
      into.shift[j]! += dzj;
      for (let i = 0; i < U; i++) {
        into.projection[j * U + i]! += dzj * inputs.u.values[m * U + i]!;
        du.values[m * U + i]! += dzj * views.projection[j * U + i]!;
      }
    }
  }
  return du;
}

function weighted(w: Float64Array, o: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < w.length; i++) sum += w[i]! * o[i]!;
  return sum;
}
