/**
 * The classical network below both heads, each forward beside its backward.
 *
 *   a = x W1 + b1,  h = relu(g1 norm(a) + c1),  e = h W2 + b2,  u = tanh(g2 norm(e) + c2),  y = u.v + c
 *
 * B molecules of a batch, D descriptors, F fingerprint bits, H width of the first layer, U hidden features u.
 * x is D standardised descriptors and F bits; `norm` is layer normalisation without its affine part (g and c carry that).
 */
import type { Random } from '@qefm/quantum';
import { type Matrix, matrix } from '../math/linalg.ts';
import type { Inputs } from './features.ts';

export interface BackboneShape {
  descriptors: number;
  bits: number;
  width: number;
  features: number;
}

/** Views into one flat vector of parameters. */
export interface BackboneViews {
  /** [D, H] and [F, H]: the rows of W1. */
  descriptorWeights: Float64Array;
  bitWeights: Float64Array;
  b1: Float64Array;
  g1: Float64Array;
  c1: Float64Array;
  /** [H, U] */
  W2: Float64Array;
  b2: Float64Array;
  g2: Float64Array;
  c2: Float64Array;
  /** The classical head: [U] and [1]. */
  v: Float64Array;
  c: Float64Array;
}

const NORM_EPSILON = 1e-5;

export function backboneSize({ descriptors, bits, width, features }: BackboneShape): number {
  return (descriptors + bits) * width + 3 * width + width * features + 4 * features + 1;
}

/** Names the parts of a flat parameter (or gradient) vector; throws RangeError when its length does not fit the shape. */
export function backboneViews(shape: BackboneShape, flat: Float64Array): BackboneViews {
  if (flat.length !== backboneSize(shape))
    throw new RangeError(`backbone wants ${backboneSize(shape)} values, found ${flat.length}`);
  const { descriptors: D, bits: F, width: H, features: U } = shape;
  let offset = 0;
  const take = (length: number) => {
    offset += length;
    return flat.subarray(offset - length, offset);
  };
  return {
    descriptorWeights: take(D * H),
    bitWeights: take(F * H),
    b1: take(H),
    g1: take(H),
    c1: take(H),
    W2: take(H * U),
    b2: take(U),
    g2: take(U),
    c2: take(U),
    v: take(U),
    c: take(1),
  };
}

/** Fresh weights; the head starts at the mean label so that the first error is the spread. */
export function initialBackbone(shape: BackboneShape, meanLabel: number, random: Random): Float64Array {
  const flat = new Float64Array(backboneSize(shape));
  const views = backboneViews(shape, flat);
  random.fork('descriptors').fillNormal(views.descriptorWeights, 0.3);
  random.fork('bits').fillNormal(views.bitWeights, 0.1);
  random.fork('W2').fillNormal(views.W2, Math.sqrt(2 / shape.width));
  random.fork('v').fillNormal(views.v, 0.3 / Math.sqrt(shape.features));
  views.g1.fill(1);
  views.g2.fill(0.5);
  views.c[0] = meanLabel;
  return flat;
}

export interface BackboneForward {
  rows: readonly number[];
  /** Normalised first layer [B, H], its outputs [B, H] and the standard deviations [B]; the same of the second. */
  norm1: Matrix;
  h: Matrix;
  scale1: Float64Array;
  norm2: Matrix;
  scale2: Float64Array;
  /** Hidden features u [B, U]. */
  u: Matrix;
  /** Classical prediction y_c [B], in pK units. */
  y: Float64Array;
}

/** Multiplies inputs of the first layer, for dropout in training: [F] for bits and [H] for hidden units; 1 keeps. */
export interface DropoutMask {
  bits: Float64Array;
  hidden: Float64Array;
}

/** The network on the named rows of `inputs`. */
export function backboneForward(
  shape: BackboneShape,
  flat: Float64Array,
  inputs: Inputs,
  rows: readonly number[],
  mask?: DropoutMask,
): BackboneForward {
  const { descriptors: D, width: H, features: U } = shape;
  const w = backboneViews(shape, flat);
  const B = rows.length;
  const norm1 = matrix(B, H);
  const h = matrix(B, H);
  const norm2 = matrix(B, U);
  const u = matrix(B, U);
  const scale1 = new Float64Array(B);
  const scale2 = new Float64Array(B);
  const y = new Float64Array(B);
  const a = new Float64Array(H);
  const e = new Float64Array(U);
  for (let m = 0; m < B; m++) {
    const row = rows[m]!;
    a.set(w.b1);
    for (let d = 0; d < D; d++) addScaled(a, w.descriptorWeights, d * H, inputs.descriptors.values[row * D + d]!);
    for (let k = inputs.starts[row]!; k < inputs.starts[row + 1]!; k++) {
      const bit = inputs.bits[k]!;
      addScaled(a, w.bitWeights, bit * H, mask === undefined ? 1 : mask.bits[bit]!);
    }
    scale1[m] = normalise(a, norm1.values, m * H);
    e.set(w.b2);
    for (let i = 0; i < H; i++) {
      const raw = w.g1[i]! * norm1.values[m * H + i]! + w.c1[i]!;
      if (raw <= 0) continue;
      const kept = mask === undefined ? raw : raw * mask.hidden[i]!;
      h.values[m * H + i] = kept;
      addScaled(e, w.W2, i * U, kept);
    }
    scale2[m] = normalise(e, norm2.values, m * U);
    let sum = w.c[0]!;
    for (let j = 0; j < U; j++) {
      const uj = Math.tanh(w.g2[j]! * norm2.values[m * U + j]! + w.c2[j]!);
      u.values[m * U + j] = uj;
      sum += w.v[j]! * uj;
    }
    y[m] = sum;
  }
  return { rows, norm1, h, scale1, norm2, scale2, u, y };
}

/**
 * Adds to `gradient` the derivative of sum_m (dy[m] y[m] + du[m].u[m]) in every parameter.
 *
 * shapes  dy [B]; du [B, U] or absent; gradient as long as the parameters
 */
export function backboneBackward(
  shape: BackboneShape,
  flat: Float64Array,
  inputs: Inputs,
  forward: BackboneForward,
  { dy, du, mask }: { dy: Float64Array; du?: Matrix; mask?: DropoutMask },
  gradient: Float64Array,
): void {
  const { descriptors: D, width: H, features: U } = shape;
  const w = backboneViews(shape, flat);
  const g = backboneViews(shape, gradient);
  const { norm1, h, norm2, u } = forward;
  const dNorm2 = new Float64Array(U);
  const dNorm1 = new Float64Array(H);
  for (let m = 0; m < forward.rows.length; m++) {
    const row = forward.rows[m]!;
    g.c[0]! += dy[m]!;
    for (let j = 0; j < U; j++) {
      const at = m * U + j;
      const uj = u.values[at]!;
      g.v[j]! += dy[m]! * uj;
      const dRaw = (dy[m]! * w.v[j]! + (du === undefined ? 0 : du.values[at]!)) * (1 - uj * uj);
      g.g2[j]! += dRaw * norm2.values[at]!;
      g.c2[j]! += dRaw;
      dNorm2[j] = dRaw * w.g2[j]!;
    }
    const de = normaliseBackward(dNorm2, norm2.values, m * U, forward.scale2[m]!);
    for (let j = 0; j < U; j++) g.b2[j]! += de[j]!;
    for (let i = 0; i < H; i++) {
      const hi = h.values[m * H + i]!;
      if (hi === 0) {
        dNorm1[i] = 0;
        continue;
      }
      let dh = 0;
      for (let j = 0; j < U; j++) {
        dh += de[j]! * w.W2[i * U + j]!;
        g.W2[i * U + j]! += hi * de[j]!;
      }
      if (mask !== undefined) dh *= mask.hidden[i]!;
      g.g1[i]! += dh * norm1.values[m * H + i]!;
      g.c1[i]! += dh;
      dNorm1[i] = dh * w.g1[i]!;
    }
    const da = normaliseBackward(dNorm1, norm1.values, m * H, forward.scale1[m]!);
    for (let i = 0; i < H; i++) g.b1[i]! += da[i]!;
    for (let d = 0; d < D; d++) addTo(g.descriptorWeights, d * H, da, inputs.descriptors.values[row * D + d]!);
    for (let k = inputs.starts[row]!; k < inputs.starts[row + 1]!; k++) {
      const bit = inputs.bits[k]!;
      addTo(g.bitWeights, bit * H, da, mask === undefined ? 1 : mask.bits[bit]!);
    }
  }
}

function addScaled(target: Float64Array, source: Float64Array, offset: number, factor: number): void {
  if (factor === 0) return;
  for (let i = 0; i < target.length; i++) target[i]! += factor * source[offset + i]!;
}

function addTo(target: Float64Array, offset: number, source: Float64Array, factor: number): void {
  if (factor === 0) return;
  for (let i = 0; i < source.length; i++) target[offset + i]! += factor * source[i]!;
}

/** Writes (a - mean) / sd to `into` at `offset` and returns sd = sqrt(variance + epsilon). */
function normalise(a: Float64Array, into: Float64Array, offset: number): number {
  const n = a.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += a[i]! / n;
  let variance = 0;
  for (let i = 0; i < n; i++) variance += (a[i]! - mean) ** 2 / n;
  const scale = Math.sqrt(variance + NORM_EPSILON);
  for (let i = 0; i < n; i++) into[offset + i] = (a[i]! - mean) / scale;
  return scale;
}

/** Derivative in `a` from the derivative in its normalised form, which is read at `offset`. */
function normaliseBackward(dNorm: Float64Array, norm: Float64Array, offset: number, scale: number): Float64Array {
  const n = dNorm.length;
  let mean = 0;
  let projection = 0;
  for (let i = 0; i < n; i++) {
    mean += dNorm[i]! / n;
    projection += (dNorm[i]! * norm[offset + i]!) / n;
  }
  const da = new Float64Array(n);
  for (let i = 0; i < n; i++) da[i] = (dNorm[i]! - mean - norm[offset + i]! * projection) / scale;
  return da;
}
