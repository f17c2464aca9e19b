// Sums over gradients and the step of AdamW. Counts are multiples of 4.

import { madd } from './simd';

/** Sum of squares, in f64, lanes in a fixed order. */
export function squareSum(x: usize, count: i32): f64 {
  const bytes: usize = (<usize>count) << 2;
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  for (let p: usize = 0; p < bytes; p += 16) {
    const v = v128.load(x + p);
    const low = f64x2.promote_low_f32x4(v);
    const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3));
    even = f64x2.add(even, f64x2.mul(low, low));
    odd = f64x2.add(odd, f64x2.mul(high, high));
  }
  const sum = f64x2.add(even, odd);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Adds to the first of `parts` vectors the others in their order; `stride` bytes from one to the next. */
export function sumParts(first: usize, stride: usize, parts: i32, count: i32): void {
  const bytes: usize = (<usize>count) << 2;
  for (let part = 1; part < parts; part++) {
    const from = first + <usize>part * stride;
    for (let p: usize = 0; p < bytes; p += 16) v128.store(first + p, f32x4.add(v128.load(first + p), v128.load(from + p)));
  }
}

/**
 * One step on `count` parameters, in place on them and both moments:
 *   m = b1 m + (1 - b1) s g,  v = b2 v + (1 - b2) (s g)²,  x = shrink x - rate m / (sqrt(v) / correction + epsilon)
 * with rate = learning rate / (1 - b1^step), shrink = 1 - learning rate · decay, correction = sqrt(1 - b2^step) and s what clipping leaves.
 * source  Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2
 */
export function adamw(
  x: usize, g: usize, m: usize, v: usize, count: i32,
  scale: f32, rate: f32, shrink: f32, beta1: f32, beta2: f32, inverseCorrection: f32, epsilon: f32,
): void {
  const bytes: usize = (<usize>count) << 2;
  const b1 = f32x4.splat(beta1);
  const b2 = f32x4.splat(beta2);
  const rest1 = f32x4.splat(1 - beta1);
  const rest2 = f32x4.splat(1 - beta2);
  for (let p: usize = 0; p < bytes; p += 16) {
    const d = f32x4.mul(v128.load(g + p), f32x4.splat(scale));
    const first = madd(b1, v128.load(m + p), f32x4.mul(rest1, d));
    const second = madd(b2, v128.load(v + p), f32x4.mul(rest2, f32x4.mul(d, d)));
    v128.store(m + p, first);
    v128.store(v + p, second);
    const root = madd(f32x4.sqrt(second), f32x4.splat(inverseCorrection), f32x4.splat(epsilon));
    const change = f32x4.div(f32x4.mul(first, f32x4.splat(rate)), root);
    v128.store(x + p, f32x4.sub(f32x4.mul(v128.load(x + p), f32x4.splat(shrink)), change));
  }
}
