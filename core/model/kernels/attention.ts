// Causal attention of H heads over sequences that lie end to end: row i sees rows j <= i of its own sequence.
//
//   S_ij = q_i . k_j / sqrt(W),  P_i = softmax of S_i over j <= i,  o_i = sum over j of P_ij v_j
//
// shapes  qkv [R, 3 d]: queries, keys, values, each H heads of W = d / H; out [R, d]; starts [sequences + 1] u32
//         probabilities: [H, n, n] of each sequence in turn, n = its length filled up to a multiple of 8
// source  Vaswani et al. 2017, arXiv:1706.03762, section 3.2

import { lowerProduct, lowerScores, upperProduct } from './lower';
import { exp4, largestLane, sumOfLanes } from './simd';

// @ts-expect-error: decorators of AssemblyScript
@inline
function at(base: usize, index: i32): usize {
  return base + ((<usize>index) << 2);
}

/** Filled-up length of sequence s. */
// @ts-expect-error: decorators of AssemblyScript
@inline
function lengthOf(starts: usize, s: i32): i32 {
  return <i32>(load<u32>(at(starts, s + 1)) - load<u32>(at(starts, s)));
}

/** Copies a head, [rows, width] out of rows of `stride`, times `factor`; zeros to row n. */
function gather(from: usize, stride: i32, rows: i32, n: i32, width: i32, factor: f32, to: usize): void {
  const f = f32x4.splat(factor);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < width; c += 4) v128.store(at(to, r * width + c), f32x4.mul(v128.load(at(from, r * stride + c)), f));
  }
  memory.fill(at(to, rows * width), 0, (<usize>((n - rows) * width)) << 2);
}

/** The same, turned: [width, n]. */
function gatherTurned(from: usize, stride: i32, rows: i32, n: i32, width: i32, to: usize): void {
  for (let c = 0; c < width; c++) {
    for (let r = 0; r < rows; r++) store<f32>(at(to, c * n + r), load<f32>(at(from, r * stride + c)));
    for (let r = rows; r < n; r++) store<f32>(at(to, c * n + r), 0);
  }
}

function scatter(from: usize, rows: i32, width: i32, factor: f32, to: usize, stride: i32): void {
  const f = f32x4.splat(factor);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < width; c += 4) v128.store(at(to, r * stride + c), f32x4.mul(v128.load(at(from, r * width + c)), f));
  }
}

/** Softmax of the first `count` numbers, in place; zeros from there to n, a multiple of 4. */
function softmaxRow(row: usize, count: i32, n: i32): void {
  const end = (count + 3) & ~3;
  for (let j = count; j < end; j++) store<f32>(at(row, j), -1e30);
  let highest = v128.load(row);
  for (let j = 4; j < end; j += 4) highest = f32x4.max(highest, v128.load(at(row, j)));
  const top = f32x4.splat(largestLane(highest));
  let sum = f32x4.splat(0);
  for (let j = 0; j < end; j += 4) {
    const e = exp4(f32x4.sub(v128.load(at(row, j)), top));
    v128.store(at(row, j), e);
    sum = f32x4.add(sum, e);
  }
  const inverse = f32x4.splat(1 / sumOfLanes(sum));
  for (let j = 0; j < end; j += 4) v128.store(at(row, j), f32x4.mul(v128.load(at(row, j)), inverse));
  memory.fill(at(row, end), 0, (<usize>(n - end)) << 2);
}

/** Scratch: four heads of the longest sequence, [n, W] each, and one square of it, [n, n]. */
export function attentionForward(
  qkv: usize, starts: usize, sequences: i32, width: i32, heads: i32, out: usize, probabilities: usize, kept: i32, scratch: usize,
): void {
  const w = width / heads;
  const stride = 3 * width;
  const scale: f32 = 1 / sqrt<f32>(<f32>w);
  let square = probabilities;
  for (let s = 0; s < sequences; s++) {
    const first = <i32>load<u32>(at(starts, s));
    const rows = lengthOf(starts, s);
    const n = (rows + 7) & ~7;
    const q = scratch;
    const kTurned = at(q, n * w);
    const v = at(kTurned, n * w);
    const o = at(v, n * w);
    for (let h = 0; h < heads; h++) {
      const from = at(qkv, first * stride + h * w);
      gather(from, stride, rows, n, w, scale, q);
      gatherTurned(at(from, width), stride, rows, n, w, kTurned);
      gather(at(from, 2 * width), stride, rows, n, w, 1, v);
      lowerScores(q, kTurned, n, w, square);
      for (let i = 0; i < rows; i++) softmaxRow(at(square, i * n), i + 1, n);
      memory.fill(at(square, rows * n), 0, (<usize>((n - rows) * n)) << 2);
      lowerProduct(square, v, n, w, o);
      scatter(o, rows, w, 1, at(out, first * width + h * w), width);
      // Without a backward pass to come, the next head takes the place of this one.
      if (kept !== 0) square = at(square, n * n);
    }
  }
}

/** dS_ij = P_ij (dP_ij - sum over k of P_ik dP_ik), in place of dP, with zeros elsewhere. */
function softmaxBackward(p: usize, d: usize, rows: i32, n: i32): void {
  for (let i = 0; i < rows; i++) {
    const end = (i + 4) & ~3;
    const pRow = at(p, i * n);
    const dRow = at(d, i * n);
    let sum = f32x4.splat(0);
    for (let j = 0; j < end; j += 4) sum = f32x4.add(sum, f32x4.mul(v128.load(at(pRow, j)), v128.load(at(dRow, j))));
    const mean = f32x4.splat(sumOfLanes(sum));
    for (let j = 0; j < end; j += 4)
      v128.store(at(dRow, j), f32x4.mul(v128.load(at(pRow, j)), f32x4.sub(v128.load(at(dRow, j)), mean)));
    memory.fill(at(dRow, end), 0, (<usize>(n - end)) << 2);
  }
  memory.fill(at(d, rows * n), 0, (<usize>((n - rows) * n)) << 2);
}

/** dqkv from dOut, in the layout of qkv. Scratch: five heads of the longest sequence and one square. */
export function attentionBackward(
  qkv: usize, probabilities: usize, dOut: usize, starts: usize, sequences: i32, width: i32, heads: i32, dqkv: usize, scratch: usize,
): void {
  const w = width / heads;
  const stride = 3 * width;
  const scale: f32 = 1 / sqrt<f32>(<f32>w);
  let square = probabilities;
  for (let s = 0; s < sequences; s++) {
    const first = <i32>load<u32>(at(starts, s));
    const rows = lengthOf(starts, s);
    const n = (rows + 7) & ~7;
    const q = scratch;
    const k = at(q, n * w);
    const vTurned = at(k, n * w);
    const o = at(vTurned, n * w);
    const d = at(o, n * w);
    const dSquare = at(d, n * w);
    for (let h = 0; h < heads; h++) {
      const from = at(qkv, first * stride + h * w);
      const to = at(dqkv, first * stride + h * w);
      gather(from, stride, rows, n, w, scale, q);
      gather(at(from, width), stride, rows, n, w, 1, k);
      gatherTurned(at(from, 2 * width), stride, rows, n, w, vTurned);
      gather(at(dOut, first * width + h * w), width, rows, n, w, 1, o);
      upperProduct(square, o, n, w, d);
      scatter(d, rows, w, 1, at(to, 2 * width), stride);
      lowerScores(o, vTurned, n, w, dSquare);
      softmaxBackward(square, dSquare, rows, n);
      lowerProduct(dSquare, k, n, w, d);
      scatter(d, rows, w, scale, to, stride);
      upperProduct(dSquare, q, n, w, d);
      scatter(d, rows, w, 1, at(to, width), stride);
      square = at(square, n * n);
    }
  }
}

/**
 * One new row for each of `rows` sequences in work: its key and value go into the caches, its query meets all of its sequence.
 * shapes  qkv [rows, 3 d]; slots and positions [rows] u32; keys and values [slots, context, d]; out [rows, d]; scratch [context]
 */
export function attentionStep(
  qkv: usize, rows: i32, slots: usize, positions: usize, keys: usize, values: usize, context: i32, width: i32, heads: i32,
  out: usize, scratch: usize,
): void {
  const w = width / heads;
  const bytes: usize = (<usize>width) << 2;
  const scale: f32 = 1 / sqrt<f32>(<f32>w);
  for (let r = 0; r < rows; r++) {
    const slot = <usize>load<u32>(at(slots, r)) * <usize>context * bytes;
    const position = <i32>load<u32>(at(positions, r));
    const from = at(qkv, r * 3 * width);
    memory.copy(keys + slot + <usize>position * bytes, from + bytes, bytes);
    memory.copy(values + slot + <usize>position * bytes, from + 2 * bytes, bytes);
    for (let h = 0; h < heads; h++) {
      const q = at(from, h * w);
      for (let j = 0; j <= position; j++) {
        const k = at(keys + slot + <usize>j * bytes, h * w);
        let sum = f32x4.splat(0);
        for (let c = 0; c < w; c += 4) sum = f32x4.add(sum, f32x4.mul(v128.load(at(q, c)), v128.load(at(k, c))));
        store<f32>(at(scratch, j), sumOfLanes(sum) * scale);
      }
      softmaxRow(scratch, position + 1, (position + 4) & ~3);
      for (let c = 0; c < w; c += 4) {
        const v = at(values + slot, h * w + c);
        let sum = f32x4.splat(0);
        for (let j = 0; j <= position; j++)
          sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(at(scratch, j)), v128.load(v + <usize>j * bytes)));
        v128.store(at(out, r * width + h * w + c), sum);
      }
    }
  }
}
