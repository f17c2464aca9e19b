// Products with a lower triangle, for attention: queries and keys of one head of one sequence, T rows filled up with zeros to `n`, a
// multiple of 8; W is the width of a head, a multiple of 8. Each stops at the blocks of the diagonal. Squares are [n, n].

import { madd } from './simd';

// @ts-expect-error: decorators of AssemblyScript
@inline
function at(base: usize, index: i32): usize {
  return base + ((<usize>index) << 2);
}

/** out_ij = sum over c of a_ic b_cj, in blocks [4, 8] that touch j <= i. a [n, W], b [W, n] (turned). */
export function lowerScores(a: usize, b: usize, n: i32, width: i32, out: usize): void {
  const row: usize = (<usize>n) << 2;
  const bytes: usize = (<usize>width) << 2;
  for (let i = 0; i < n; i += 4) {
    for (let j = 0; j < i + 4; j += 8) {
      let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c10 = f32x4.splat(0), c11 = f32x4.splat(0);
      let c20 = f32x4.splat(0), c21 = f32x4.splat(0), c30 = f32x4.splat(0), c31 = f32x4.splat(0);
      let pb = at(b, j);
      let pa = at(a, i * width);
      const end = pa + bytes;
      while (pa < end) {
        const b0 = v128.load(pb), b1 = v128.load(pb, 16);
        let x = v128.load32_splat(pa); c00 = madd(x, b0, c00); c01 = madd(x, b1, c01);
        x = v128.load32_splat(pa + bytes); c10 = madd(x, b0, c10); c11 = madd(x, b1, c11);
        x = v128.load32_splat(pa + 2 * bytes); c20 = madd(x, b0, c20); c21 = madd(x, b1, c21);
        x = v128.load32_splat(pa + 3 * bytes); c30 = madd(x, b0, c30); c31 = madd(x, b1, c31);
        pa += 4;
        pb += row;
      }
      const to = at(out, i * n + j);
      v128.store(to, c00); v128.store(to, c01, 16);
      v128.store(to + row, c10); v128.store(to + row, c11, 16);
      v128.store(to + 2 * row, c20); v128.store(to + 2 * row, c21, 16);
      v128.store(to + 3 * row, c30); v128.store(to + 3 * row, c31, 16);
    }
  }
}

/** Rows i … i + 3 and columns c … c + 7 of a sum over `count` rows: sum of p(row) b(row), p going on by `pStep` bytes. */
// @ts-expect-error: decorators of AssemblyScript
@inline
function weighted(p: usize, across: usize, pStep: usize, b: usize, bStep: usize, count: i32, to: usize): void {
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c10 = f32x4.splat(0), c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0), c21 = f32x4.splat(0), c30 = f32x4.splat(0), c31 = f32x4.splat(0);
  let pp = p;
  let pb = b;
  for (let q = 0; q < count; q++) {
    const b0 = v128.load(pb), b1 = v128.load(pb, 16);
    let x = v128.load32_splat(pp); c00 = madd(x, b0, c00); c01 = madd(x, b1, c01);
    x = v128.load32_splat(pp + across); c10 = madd(x, b0, c10); c11 = madd(x, b1, c11);
    x = v128.load32_splat(pp + 2 * across); c20 = madd(x, b0, c20); c21 = madd(x, b1, c21);
    x = v128.load32_splat(pp + 3 * across); c30 = madd(x, b0, c30); c31 = madd(x, b1, c31);
    pp += pStep;
    pb += bStep;
  }
  v128.store(to, c00); v128.store(to, c01, 16);
  v128.store(to + bStep, c10); v128.store(to + bStep, c11, 16);
  v128.store(to + 2 * bStep, c20); v128.store(to + 2 * bStep, c21, 16);
  v128.store(to + 3 * bStep, c30); v128.store(to + 3 * bStep, c31, 16);
}

/** out_i = sum over j <= i of p_ij b_j. p [n, n], zero above the diagonal; b and out [n, W]. */
export function lowerProduct(p: usize, b: usize, n: i32, width: i32, out: usize): void {
  const row: usize = (<usize>n) << 2;
  const bytes: usize = (<usize>width) << 2;
  for (let i = 0; i < n; i += 4) {
    for (let c = 0; c < width; c += 8) weighted(at(p, i * n), row, 4, at(b, c), bytes, i + 4, at(out, i * width + c));
  }
}

/** out_j = sum over i >= j of p_ij a_i: the transposed triangle. a and out [n, W]. */
export function upperProduct(p: usize, a: usize, n: i32, width: i32, out: usize): void {
  const row: usize = (<usize>n) << 2;
  const bytes: usize = (<usize>width) << 2;
  for (let j = 0; j < n; j += 4) {
    for (let c = 0; c < width; c += 8)
      weighted(at(p, j * n + j), 4, row, at(a, j * width + c), bytes, n - j, at(out, j * width + c));
  }
}
