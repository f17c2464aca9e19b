// Copies of a block of a matrix into panels: [panel][k][6 rows of A or 8 columns of B], what is missing filled up with zeros, k to a
// multiple of 4. A factor that lies along k is turned in blocks of 4 x 4.

// @ts-expect-error: decorators of AssemblyScript
@inline
function at(base: usize, index: i32): usize {
  return base + ((<usize>index) << 2);
}

/** Four lines along k, from `from` with `stride` bytes between them, become four vectors across, `step` bytes apart. */
// @ts-expect-error: decorators of AssemblyScript
@inline
function turn(from: usize, stride: usize, to: usize, step: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + stride);
  const r2 = v128.load(from + 2 * stride);
  const r3 = v128.load(from + 3 * stride);
  const lowA = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const lowB = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const highA = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const highB = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(lowA, lowB, 0, 2));
  v128.store(to + step, v128.shuffle<f64>(lowA, lowB, 1, 3));
  v128.store(to + 2 * step, v128.shuffle<f64>(highA, highB, 0, 2));
  v128.store(to + 3 * step, v128.shuffle<f64>(highA, highB, 1, 3));
}

/** Any panel, number by number: `lines` of `width` exist; line l at k lies at l * lineStride + k * kStride. */
function packEdge(from: usize, lineStride: i32, kStride: i32, lines: i32, width: i32, first: i32, k: i32, kp: i32, to: usize): void {
  for (let q = first; q < kp; q++) {
    for (let l = 0; l < width; l++) {
      const value: f32 = l < lines && q < k ? load<f32>(at(from, l * lineStride + q * kStride)) : 0;
      store<f32>(at(to, q * width + l), value);
    }
  }
}

/** Rows m0 … of A [M, K] (transposed: stored [K, M]) at k0 …, in panels of 6. */
export function packRows(a: usize, stride: i32, transposed: bool, m0: i32, m: i32, k0: i32, k: i32, to: usize): void {
  const kp = (k + 3) & ~3;
  const whole = k & ~3;
  const bytes: usize = (<usize>stride) << 2;
  for (let i = 0; i < m; i += 6) {
    const panel = at(to, i * kp);
    if (transposed) {
      const from = at(a, k0 * stride + m0 + i);
      let next = 0;
      if (m - i >= 6) {
        for (let q = 0; q < k; q++) {
          const source = from + <usize>q * bytes;
          const target = at(panel, q * 6);
          v128.store(target, v128.load(source));
          store<u64>(target, load<u64>(source, 16), 16);
        }
        next = k;
      }
      packEdge(from, 1, stride, m - i, 6, next, k, kp, panel);
    } else {
      const from = at(a, (m0 + i) * stride + k0);
      let next = 0;
      if (m - i >= 6) {
        for (let q = 0; q < whole; q += 4) {
          const source = at(from, q);
          const target = at(panel, q * 6);
          turn(source, bytes, target, 24);
          const r4 = v128.load(source + 4 * bytes);
          const r5 = v128.load(source + 5 * bytes);
          const low = v128.shuffle<f32>(r4, r5, 0, 4, 1, 5);
          const high = v128.shuffle<f32>(r4, r5, 2, 6, 3, 7);
          v128.store64_lane(target, low, 0, 16);
          v128.store64_lane(target, low, 1, 40);
          v128.store64_lane(target, high, 0, 64);
          v128.store64_lane(target, high, 1, 88);
        }
        next = whole;
      }
      packEdge(from, stride, 1, m - i, 6, next, k, kp, panel);
    }
  }
}

/** Columns n0 … of B [K, N] (transposed: stored [N, K]) at k0 …, in panels of 8. */
export function packColumns(b: usize, stride: i32, transposed: bool, k0: i32, k: i32, n0: i32, n: i32, to: usize): void {
  const kp = (k + 3) & ~3;
  const whole = k & ~3;
  const bytes: usize = (<usize>stride) << 2;
  for (let j = 0; j < n; j += 8) {
    const panel = at(to, j * kp);
    if (transposed) {
      const from = at(b, (n0 + j) * stride + k0);
      let next = 0;
      if (n - j >= 8) {
        for (let q = 0; q < whole; q += 4) {
          turn(at(from, q), bytes, at(panel, q * 8), 32);
          turn(at(from, q) + 4 * bytes, bytes, at(panel, q * 8 + 4), 32);
        }
        next = whole;
      }
      packEdge(from, stride, 1, n - j, 8, next, k, kp, panel);
    } else {
      const from = at(b, k0 * stride + n0 + j);
      let next = 0;
      if (n - j >= 8) {
        for (let q = 0; q < k; q++) {
          const source = from + <usize>q * bytes;
          const target = at(panel, q * 8);
          v128.store(target, v128.load(source));
          v128.store(target, v128.load(source, 16), 16);
        }
        next = k;
      }
      packEdge(from, 1, stride, n - j, 8, next, k, kp, panel);
    }
  }
}
