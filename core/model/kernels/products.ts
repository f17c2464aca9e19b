// Matrix products: C = base + A B + bias, with A [M, K], B [K, N], C and base [M, N], bias [N], all f32, rows end to end with a stride.
// Either factor may lie transposed: NN is a forward pass, NT its derivative in the input, TN its derivative in the weights.
//
// Both factors are copied into panels, A in 6 rows and B in 8 columns with k outermost, so that the innermost loop reads straight on:
// 12 accumulators, two vectors of B and one broadcast number of A fill 15 of 16 registers. K is cut at 256 (panels stay in the
// first-level cache), M at 96 and N at 1024 (blocks stay in the second). A panel's K is filled up with zeros to a multiple of 4.
// The order of sums depends on K alone, so a row of C is the same wherever it lies in the batch.

import { packColumns, packRows } from './panels';
import { madd } from './simd';

const K_BLOCK: i32 = 256;
const M_BLOCK: i32 = 96;
const N_BLOCK: i32 = 1024;

/** Places in the scratch memory of a product, and its size in bytes. */
const A_PANELS: usize = 256 * 1024 * 4;
const EDGE: usize = A_PANELS + 256 * 96 * 4;
export const PRODUCT_SCRATCH: i32 = 256 * 1024 * 4 + 256 * 96 * 4 + 6 * 8 * 4;

/** base + sum + bias; either address may be 0 for none. */
// @ts-expect-error: decorators of AssemblyScript
@inline
function put(c: usize, sum: v128, base: usize, bias: usize): void {
  let v = sum;
  if (base !== 0) v = f32x4.add(v, v128.load(base));
  if (bias !== 0) v = f32x4.add(v, v128.load(bias));
  v128.store(c, v);
}

// @ts-expect-error: decorators of AssemblyScript
@inline
function putRow(c: usize, left: v128, right: v128, base: usize, bias: usize): void {
  put(c, left, base, bias);
  put(c + 16, right, base === 0 ? 0 : base + 16, bias === 0 ? 0 : bias + 16);
}

/** A tile [6, 8] of C from one panel of A and one of B; k is a multiple of 4, `stride` in bytes. */
function tile(k: i32, pa: usize, pb: usize, c: usize, stride: usize, base: usize, bias: usize): void {
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c10 = f32x4.splat(0), c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0), c21 = f32x4.splat(0), c30 = f32x4.splat(0), c31 = f32x4.splat(0);
  let c40 = f32x4.splat(0), c41 = f32x4.splat(0), c50 = f32x4.splat(0), c51 = f32x4.splat(0);
  let a = pa;
  let b = pb;
  const end = pb + ((<usize>k) << 5);
  while (b < end) {
    let b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a); c00 = madd(x, b0, c00); c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 4); c10 = madd(x, b0, c10); c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 8); c20 = madd(x, b0, c20); c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 12); c30 = madd(x, b0, c30); c31 = madd(x, b1, c31);
    x = v128.load32_splat(a, 16); c40 = madd(x, b0, c40); c41 = madd(x, b1, c41);
    x = v128.load32_splat(a, 20); c50 = madd(x, b0, c50); c51 = madd(x, b1, c51);

    b0 = v128.load(b, 32); b1 = v128.load(b, 48);
    x = v128.load32_splat(a, 24); c00 = madd(x, b0, c00); c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 28); c10 = madd(x, b0, c10); c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 32); c20 = madd(x, b0, c20); c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 36); c30 = madd(x, b0, c30); c31 = madd(x, b1, c31);
    x = v128.load32_splat(a, 40); c40 = madd(x, b0, c40); c41 = madd(x, b1, c41);
    x = v128.load32_splat(a, 44); c50 = madd(x, b0, c50); c51 = madd(x, b1, c51);

    b0 = v128.load(b, 64); b1 = v128.load(b, 80);
    x = v128.load32_splat(a, 48); c00 = madd(x, b0, c00); c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 52); c10 = madd(x, b0, c10); c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 56); c20 = madd(x, b0, c20); c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 60); c30 = madd(x, b0, c30); c31 = madd(x, b1, c31);
    x = v128.load32_splat(a, 64); c40 = madd(x, b0, c40); c41 = madd(x, b1, c41);
    x = v128.load32_splat(a, 68); c50 = madd(x, b0, c50); c51 = madd(x, b1, c51);

    b0 = v128.load(b, 96); b1 = v128.load(b, 112);
    x = v128.load32_splat(a, 72); c00 = madd(x, b0, c00); c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 76); c10 = madd(x, b0, c10); c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 80); c20 = madd(x, b0, c20); c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 84); c30 = madd(x, b0, c30); c31 = madd(x, b1, c31);
    x = v128.load32_splat(a, 88); c40 = madd(x, b0, c40); c41 = madd(x, b1, c41);
    x = v128.load32_splat(a, 92); c50 = madd(x, b0, c50); c51 = madd(x, b1, c51);
    a += 96;
    b += 128;
  }
  // Without a base its stride is 0, and its address stays 0.
  const step: usize = base === 0 ? 0 : stride;
  putRow(c, c00, c01, base, bias);
  putRow(c + stride, c10, c11, base + step, bias);
  putRow(c + 2 * stride, c20, c21, base + 2 * step, bias);
  putRow(c + 3 * stride, c30, c31, base + 3 * step, bias);
  putRow(c + 4 * stride, c40, c41, base + 4 * step, bias);
  putRow(c + 5 * stride, c50, c51, base + 5 * step, bias);
}

/** The part of a tile that lies inside C: rows and columns are fewer than 6 and 8. */
function putEdge(edge: usize, rows: i32, columns: i32, c: usize, stride: usize, base: usize, bias: usize): void {
  for (let i = 0; i < rows; i++) {
    const row: usize = <usize>i * stride;
    for (let j = 0; j < columns; j++) {
      const at: usize = (<usize>j) << 2;
      let v = load<f32>(edge + ((<usize>i) << 5) + at);
      if (base !== 0) v += load<f32>(base + row + at);
      if (bias !== 0) v += load<f32>(bias + at);
      store<f32>(c + row + at, v);
    }
  }
}

/**
 * C = base + A B + bias. Strides count numbers; a transposed A is stored [K, M], a transposed B [N, K]. `base` has C's stride and may
 * be C itself (to add to it); base and bias may be 0 for none. `scratch` has PRODUCT_SCRATCH bytes.
 */
export function product(
  m: i32, n: i32, k: i32,
  a: usize, aStride: i32, aTransposed: i32,
  b: usize, bStride: i32, bTransposed: i32,
  c: usize, cStride: i32, base: usize, bias: usize, scratch: usize,
): void {
  const stride: usize = (<usize>cStride) << 2;
  const edge = scratch + EDGE;
  for (let n0 = 0; n0 < n; n0 += N_BLOCK) {
    const ns = min(N_BLOCK, n - n0);
    for (let k0 = 0; k0 < k; k0 += K_BLOCK) {
      const ks = min(K_BLOCK, k - k0);
      const kp = (ks + 3) & ~3;
      packColumns(b, bStride, bTransposed !== 0, k0, ks, n0, ns, scratch);
      for (let m0 = 0; m0 < m; m0 += M_BLOCK) {
        const ms = min(M_BLOCK, m - m0);
        packRows(a, aStride, aTransposed !== 0, m0, ms, k0, ks, scratch + A_PANELS);
        for (let j = 0; j < ns; j += 8) {
          const pb = scratch + ((<usize>(j * kp)) << 2);
          const columnBias: usize = bias === 0 || k0 !== 0 ? 0 : bias + ((<usize>(n0 + j)) << 2);
          for (let i = 0; i < ms; i += 6) {
            const pa = scratch + A_PANELS + ((<usize>(i * kp)) << 2);
            const offset = <usize>(m0 + i) * stride + ((<usize>(n0 + j)) << 2);
            const from: usize = k0 !== 0 ? c + offset : base === 0 ? 0 : base + offset;
            if (ms - i >= 6 && ns - j >= 8) {
              tile(kp, pa, pb, c + offset, stride, from, columnBias);
            } else {
              tile(kp, pa, pb, edge, 32, 0, 0);
              putEdge(edge, min(6, ms - i), min(8, ns - j), c + offset, stride, from, columnBias);
            }
          }
        }
      }
    }
  }
}
