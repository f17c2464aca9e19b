// What touches token ids (u16): the embedding below the blocks and the cross-entropy above them.

import { exp4, largestLane, sumOfLanes } from './simd';

// @ts-expect-error: decorators of AssemblyScript
@inline
function idOf(ids: usize, r: i32): usize {
  return <usize>load<u16>(ids + ((<usize>r) << 1));
}

/** out = row of the token's table + row of the position's. tokens [rows] u16, positions [rows] u32, tables [ids, width]. */
export function embedForward(
  tokens: usize, positions: usize, rows: i32, width: i32, tokenTable: usize, positionTable: usize, out: usize,
): void {
  const bytes: usize = (<usize>width) << 2;
  for (let r = 0; r < rows; r++) {
    const t = tokenTable + idOf(tokens, r) * bytes;
    const s = positionTable + <usize>load<u32>(positions + ((<usize>r) << 2)) * bytes;
    const to = out + <usize>r * bytes;
    for (let p: usize = 0; p < bytes; p += 16) v128.store(to + p, f32x4.add(v128.load(t + p), v128.load(s + p)));
  }
}

/** Adds d [rows, width] to the derivatives of both tables. */
export function embedBackward(
  tokens: usize, positions: usize, rows: i32, width: i32, d: usize, dTokens: usize, dPositions: usize,
): void {
  const bytes: usize = (<usize>width) << 2;
  for (let r = 0; r < rows; r++) {
    const t = dTokens + idOf(tokens, r) * bytes;
    const s = dPositions + <usize>load<u32>(positions + ((<usize>r) << 2)) * bytes;
    const from = d + <usize>r * bytes;
    for (let p: usize = 0; p < bytes; p += 16) {
      const v = v128.load(from + p);
      v128.store(t + p, f32x4.add(v128.load(t + p), v));
      v128.store(s + p, f32x4.add(v128.load(s + p), v));
    }
  }
}

/**
 * ln x of a positive, normal number: the exponent's share, and 2 artanh((m - 1) / (m + 1)) of what is left, m in [sqrt(1/2), sqrt(2)), to
 * the 17th power. The library's own has a table in low memory, which is not free here.
 * error   1e-14
 */
function logarithm(x: f32): f64 {
  const bits = reinterpret<u64>(<f64>x);
  let exponent = <i32>(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent++;
  }
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let series: f64 = 1.0 / 17;
  for (let odd: f64 = 15; odd > 0; odd -= 2) series = series * z + 1 / odd;
  return <f64>exponent * 0.6931471805599453 + 2 * s * series;
}

/**
 * Cross-entropy of each row, in nats: ln of the sum of exp(logits) - logit of the target. With `scale` other than 0, the logits become
 * scale (softmax - target), the derivative of scale times the sum of losses.
 * shapes  logits [rows, stride], the first `vocabulary` of each count, stride a multiple of 4; targets [rows] u16; losses [rows] f32
 */
export function crossEntropy(
  logits: usize, targets: usize, rows: i32, vocabulary: i32, stride: i32, scale: f32, losses: usize,
): void {
  const bytes: usize = (<usize>stride) << 2;
  const factor = f32x4.splat(scale);
  for (let r = 0; r < rows; r++) {
    const row = logits + <usize>r * bytes;
    for (let j = vocabulary; j < stride; j++) store<f32>(row + ((<usize>j) << 2), -1e30);
    let highest = v128.load(row);
    for (let p: usize = 16; p < bytes; p += 16) highest = f32x4.max(highest, v128.load(row + p));
    const top = largestLane(highest);
    const target = row + (idOf(targets, r) << 2);
    const wanted = load<f32>(target);
    let sum = f32x4.splat(0);
    for (let p: usize = 0; p < bytes; p += 16) {
      const e = exp4(f32x4.sub(v128.load(row + p), f32x4.splat(top)));
      sum = f32x4.add(sum, e);
      if (scale !== 0) v128.store(row + p, e);
    }
    const total = sumOfLanes(sum);
    store<f32>(losses + ((<usize>r) << 2), <f32>(logarithm(total) + <f64>(top - wanted)));
    if (scale === 0) continue;
    const share = f32x4.mul(factor, f32x4.splat(1 / total));
    for (let p: usize = 0; p < bytes; p += 16) v128.store(row + p, f32x4.mul(v128.load(row + p), share));
    store<f32>(target, load<f32>(target) - scale);
  }
}
