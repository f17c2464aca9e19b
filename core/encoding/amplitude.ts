/**
 * Latent numbers as amplitudes: x = (c0, B z), psi = x / |x| on n qubits.
 *
 * The bias amplitude c0 gives an amplitude-encoded head the linear terms that x^T A x alone cannot have, and the norm r = |x| is
 * handed on so that the division can be undone (docs/science.md: the hybrid head). B is fixed: the first k columns of the
 * orthonormal DCT-II of 2^n - 1 points, smooth vectors that keep the encoded states away from Haar-like ones.
 */

export interface LatentEncoding {
  qubits: number;
  latentSize: number;
  /** c0 > 0. */
  bias: number;
  /** k vectors [2^n], orthonormal, component 0 zero: the columns of B below the bias. */
  basis: readonly Float64Array[];
}

export interface EncodedLatent {
  /** Normalised amplitudes psi [2^n]. */
  amplitudes: Float64Array;
  /** r = |x|, at least c0. */
  norm: number;
}

/** Below this length a projected direction is numerically nothing. */
const SMALLEST_DIRECTION = 1e-6;

/** Throws RangeError for a latent space that 2^n - 1 amplitudes cannot hold, or a bias that is not positive. */
export function latentEncoding(qubits: number, latentSize: number, bias = 1): LatentEncoding {
  const points = 2 ** qubits - 1;
  if (!(Number.isInteger(latentSize) && latentSize >= 1 && latentSize <= points)) {
    throw new RangeError(`${qubits} qubits hold 1 to ${points} latent numbers beside the bias, found ${latentSize}`);
  }
  if (!(bias > 0)) throw new RangeError(`the bias amplitude must be positive, found ${bias}`);
  const basis = Array.from({ length: latentSize }, (_, j) => {
    const column = new Float64Array(points + 1);
    const scale = Math.sqrt((j === 0 ? 1 : 2) / points);
    for (let i = 0; i < points; i++) column[i + 1] = scale * Math.cos((Math.PI * j * (i + 0.5)) / points);
    return column;
  });
  return { qubits, latentSize, bias, basis };
}

/** shapes  z [k]; throws RangeError for another length or a value that is not finite */
export function encodeLatent({ qubits, latentSize, bias, basis }: LatentEncoding, z: Float64Array): EncodedLatent {
  if (z.length !== latentSize) throw new RangeError(`wanted ${latentSize} latent numbers, found ${z.length}`);
  const amplitudes = new Float64Array(2 ** qubits);
  amplitudes[0] = bias;
  let square = bias * bias;
  for (let j = 0; j < latentSize; j++) {
    const zj = z[j]!;
    square += zj * zj;
    const column = basis[j]!;
    for (let i = 1; i < amplitudes.length; i++) amplitudes[i]! += zj * column[i]!;
  }
  if (!Number.isFinite(square)) throw new RangeError('latent numbers must be finite');
  const norm = Math.sqrt(square);
  for (let i = 0; i < amplitudes.length; i++) amplitudes[i]! /= norm;
  return { amplitudes, norm };
}

export interface LatentDirections {
  /** v_j: k unit vectors [2^n] orthogonal to the amplitudes. */
  directions: Float64Array[];
  /** nu_j [k]: how much of B_j lies along v_j. */
  lengths: Float64Array;
}

/**
 * The directions along which a device must be differentiated to know dF/dz, F being a mean value in the encoded state.
 *
 *   q_j = B_j - psi (psi.B_j),  nu_j = |q_j|,  v_j = q_j / nu_j,  dF/dz_j = (nu_j / r) dF/dv_j
 *
 * Where nu_j vanishes the derivative does too; v_j is then the bias direction made orthogonal to psi, measured and multiplied by 0.
 */
export function latentDirections({ basis }: LatentEncoding, { amplitudes }: EncodedLatent): LatentDirections {
  const lengths = new Float64Array(basis.length);
  const directions = basis.map((column, j) => {
    const projected = orthogonalTo(amplitudes, column);
    const length = norm(projected);
    if (length >= SMALLEST_DIRECTION) {
      lengths[j] = length;
      return projected.map((value) => value / length);
    }
    const bias = new Float64Array(amplitudes.length);
    bias[0] = 1;
    const standIn = orthogonalTo(amplitudes, bias);
    const standInLength = norm(standIn);
    return standIn.map((value) => value / standInLength);
  });
  return { directions, lengths };
}

/**
 * dL/dz from derivatives measured along `latentDirections`, and from dL/dr.
 *
 * shapes  slopes [k], lengths [k], z [k]; result [k]
 */
export function pullbackDirections(
  encoded: EncodedLatent,
  z: Float64Array,
  lengths: Float64Array,
  slopes: Float64Array,
  normSlope: number,
): Float64Array {
  // dr/dz_j = B_j.x / r = z_j / r, because the columns of B are orthonormal and the bias is apart.
  return z.map((zj, j) => (lengths[j]! * slopes[j]! + normSlope * zj) / encoded.norm);
}

/**
 * dL/dz from the derivative in the amplitudes, any component along psi ignored, and from dL/dr.
 *
 * shapes  amplitudeSlope dL/dpsi [2^n]; result [k]
 */
export function pullbackAmplitudes(
  { basis }: LatentEncoding,
  { amplitudes, norm: r }: EncodedLatent,
  amplitudeSlope: Float64Array,
  normSlope: number,
): Float64Array {
  const tangent = orthogonalTo(amplitudes, amplitudeSlope);
  return Float64Array.from(basis, (column) => {
    let sum = 0;
    for (let i = 1; i < column.length; i++) sum += column[i]! * (tangent[i]! / r + normSlope * amplitudes[i]!);
    return sum;
  });
}

function orthogonalTo(unit: Float64Array, vector: Float64Array): Float64Array {
  let overlap = 0;
  for (let i = 0; i < unit.length; i++) overlap += unit[i]! * vector[i]!;
  return vector.map((value, i) => value - overlap * unit[i]!);
}

function norm(vector: Float64Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}
