// Gates on a state vector of interleaved complex doubles: one amplitude is one 16-byte vector (re, im), amplitude x lies at
// state + 16 x, and bit b of x is the qubit with place value 2^b. Every kernel walks the pairs whose index differs in its bit.

/** (re, im) -> (-im, re), times a vector (m, m): the imaginary half of a complex product. */
function cross(a: v128): v128 {
  return v128.shuffle<f64>(a, a, 1, 0);
}

/** (-im, im): multiplies the crossed amplitude. */
function imaginary(im: f64): v128 {
  return f64x2.replace_lane(f64x2.splat(im), 0, -im);
}

/** m · a for a complex m split in (re, re) and (-im, im). */
function times(a: v128, re: v128, im: v128): v128 {
  return f64x2.add(f64x2.mul(a, re), f64x2.mul(cross(a), im));
}

/** Real 2x2 matrix on one bit. */
export function applyReal(state: usize, n: i32, bit: i32, m00: f64, m01: f64, m10: f64, m11: f64): void {
  const stride: usize = (<usize>16) << bit;
  const end: usize = state + ((<usize>16) << n);
  const a = f64x2.splat(m00);
  const b = f64x2.splat(m01);
  const c = f64x2.splat(m10);
  const d = f64x2.splat(m11);
  for (let block = state; block < end; block += stride << 1) {
    const blockEnd = block + stride;
    for (let p = block; p < blockEnd; p += 16) {
      const z0 = v128.load(p);
      const z1 = v128.load(p + stride);
      v128.store(p, f64x2.add(f64x2.mul(a, z0), f64x2.mul(b, z1)));
      v128.store(p + stride, f64x2.add(f64x2.mul(c, z0), f64x2.mul(d, z1)));
    }
  }
}

/** Complex 2x2 matrix (8 doubles at m) on one bit. */
export function applyOne(state: usize, n: i32, bit: i32, m: usize): void {
  const stride: usize = (<usize>16) << bit;
  const end: usize = state + ((<usize>16) << n);
  const r00 = f64x2.splat(load<f64>(m));
  const i00 = imaginary(load<f64>(m, 8));
  const r01 = f64x2.splat(load<f64>(m, 16));
  const i01 = imaginary(load<f64>(m, 24));
  const r10 = f64x2.splat(load<f64>(m, 32));
  const i10 = imaginary(load<f64>(m, 40));
  const r11 = f64x2.splat(load<f64>(m, 48));
  const i11 = imaginary(load<f64>(m, 56));
  for (let block = state; block < end; block += stride << 1) {
    const blockEnd = block + stride;
    for (let p = block; p < blockEnd; p += 16) {
      const z0 = v128.load(p);
      const z1 = v128.load(p + stride);
      v128.store(p, f64x2.add(times(z0, r00, i00), times(z1, r01, i01)));
      v128.store(p + stride, f64x2.add(times(z0, r10, i10), times(z1, r11, i11)));
    }
  }
}

/** diag(d0, d1) (4 doubles at m) on one bit. */
export function applyDiagonal(state: usize, n: i32, bit: i32, m: usize): void {
  const stride: usize = (<usize>16) << bit;
  const end: usize = state + ((<usize>16) << n);
  const r0 = f64x2.splat(load<f64>(m));
  const i0 = imaginary(load<f64>(m, 8));
  const r1 = f64x2.splat(load<f64>(m, 16));
  const i1 = imaginary(load<f64>(m, 24));
  for (let block = state; block < end; block += stride << 1) {
    const blockEnd = block + stride;
    for (let p = block; p < blockEnd; p += 16) {
      v128.store(p, times(v128.load(p), r0, i0));
      v128.store(p + stride, times(v128.load(p + stride), r1, i1));
    }
  }
}

/** diag(d00, d01, d10, d11) (8 doubles at m) on two bits; `a` is the more significant bit of the matrix index. */
export function applyDiagonalTwo(state: usize, n: i32, a: i32, b: i32, m: usize): void {
  const size: usize = (<usize>1) << n;
  for (let x: usize = 0; x < size; x++) {
    const d = m + (((((x >> a) & 1) << 1) | ((x >> b) & 1)) << 4);
    const p = state + (x << 4);
    v128.store(p, times(v128.load(p), f64x2.splat(load<f64>(d)), imaginary(load<f64>(d, 8))));
  }
}

/** Spreads a counter over the index bits other than two given ones, low < high. */
function spread(x: usize, low: i32, high: i32): usize {
  const lowMask: usize = ((<usize>1) << low) - 1;
  const first = ((x & ~lowMask) << 1) | (x & lowMask);
  const highMask: usize = ((<usize>1) << high) - 1;
  return ((first & ~highMask) << 1) | (first & highMask);
}

export function applyX(state: usize, n: i32, bit: i32): void {
  const stride: usize = (<usize>16) << bit;
  const end: usize = state + ((<usize>16) << n);
  for (let block = state; block < end; block += stride << 1) {
    const blockEnd = block + stride;
    for (let p = block; p < blockEnd; p += 16) {
      const z0 = v128.load(p);
      v128.store(p, v128.load(p + stride));
      v128.store(p + stride, z0);
    }
  }
}

export function applyCnot(state: usize, n: i32, control: i32, target: i32): void {
  const low = min(control, target);
  const high = max(control, target);
  const quarter: usize = (<usize>1) << (n - 2);
  const set: usize = (<usize>1) << control;
  const stride: usize = (<usize>16) << target;
  for (let x: usize = 0; x < quarter; x++) {
    const p = state + ((spread(x, low, high) | set) << 4);
    const z0 = v128.load(p);
    v128.store(p, v128.load(p + stride));
    v128.store(p + stride, z0);
  }
}

export function applyCz(state: usize, n: i32, a: i32, b: i32): void {
  const low = min(a, b);
  const high = max(a, b);
  const quarter: usize = (<usize>1) << (n - 2);
  const set: usize = ((<usize>1) << a) | ((<usize>1) << b);
  for (let x: usize = 0; x < quarter; x++) {
    const p = state + ((spread(x, low, high) | set) << 4);
    v128.store(p, f64x2.neg(v128.load(p)));
  }
}

export function applySwap(state: usize, n: i32, a: i32, b: i32): void {
  const low = min(a, b);
  const high = max(a, b);
  const quarter: usize = (<usize>1) << (n - 2);
  for (let x: usize = 0; x < quarter; x++) {
    const base = spread(x, low, high);
    const p = state + ((base | ((<usize>1) << a)) << 4);
    const q = state + ((base | ((<usize>1) << b)) << 4);
    const z = v128.load(p);
    v128.store(p, v128.load(q));
    v128.store(q, z);
  }
}

/** Complex 4x4 matrix (32 doubles at m) on two bits; `a` is the more significant bit of the matrix index. */
export function applyTwo(state: usize, n: i32, a: i32, b: i32, m: usize): void {
  const low = min(a, b);
  const high = max(a, b);
  const quarter: usize = (<usize>1) << (n - 2);
  const sa: usize = (<usize>16) << a;
  const sb: usize = (<usize>16) << b;
  for (let x: usize = 0; x < quarter; x++) {
    const p = state + (spread(x, low, high) << 4);
    const z0 = v128.load(p);
    const z1 = v128.load(p + sb);
    const z2 = v128.load(p + sa);
    const z3 = v128.load(p + sa + sb);
    v128.store(p, rowTimes(m, z0, z1, z2, z3));
    v128.store(p + sb, rowTimes(m + 64, z0, z1, z2, z3));
    v128.store(p + sa, rowTimes(m + 128, z0, z1, z2, z3));
    v128.store(p + sa + sb, rowTimes(m + 192, z0, z1, z2, z3));
  }
}

function rowTimes(row: usize, z0: v128, z1: v128, z2: v128, z3: v128): v128 {
  const left = f64x2.add(
    times(z0, f64x2.splat(load<f64>(row)), imaginary(load<f64>(row, 8))),
    times(z1, f64x2.splat(load<f64>(row, 16)), imaginary(load<f64>(row, 24))),
  );
  const right = f64x2.add(
    times(z2, f64x2.splat(load<f64>(row, 32)), imaginary(load<f64>(row, 40))),
    times(z3, f64x2.splat(load<f64>(row, 48)), imaginary(load<f64>(row, 56))),
  );
  return f64x2.add(left, right);
}

/** Index offset of matrix index j on k bits listed (most significant first) as i32 at `bits`. */
export function offsetOf(j: i32, k: i32, bits: usize): usize {
  let offset: usize = 0;
  for (let i = 0; i < k; i++) {
    if ((j >> (k - 1 - i)) & 1) offset |= (<usize>1) << load<i32>(bits + ((<usize>i) << 2));
  }
  return offset;
}

/**
 * Complex 2^k by 2^k matrix at m on k listed bits, where the index matches `value` under the control mask.
 * `scratch` holds 2^k amplitudes and 2^k offsets.
 */
export function applyMany(state: usize, n: i32, k: i32, bits: usize, m: usize, mask: usize, value: usize, scratch: usize): void {
  const size: usize = (<usize>1) << n;
  const d: i32 = 1 << k;
  const offsets = scratch + ((<usize>d) << 4);
  for (let j = 0; j < d; j++) store<usize>(offsets + ((<usize>j) << 2), offsetOf(j, k, bits) << 4);
  const targets: usize = offsetOf(d - 1, k, bits);
  for (let x: usize = 0; x < size; x++) {
    if ((x & targets) !== 0 || (x & mask) !== value) continue;
    const base = state + (x << 4);
    for (let j = 0; j < d; j++)
      v128.store(scratch + ((<usize>j) << 4), v128.load(base + load<usize>(offsets + ((<usize>j) << 2))));
    let entry = m;
    for (let r = 0; r < d; r++) {
      let sum = f64x2.splat(0);
      for (let c = 0; c < d; c++) {
        sum = f64x2.add(
          sum,
          times(v128.load(scratch + ((<usize>c) << 4)), f64x2.splat(load<f64>(entry)), imaginary(load<f64>(entry, 8))),
        );
        entry += 16;
      }
      v128.store(base + load<usize>(offsets + ((<usize>r) << 2)), sum);
    }
  }
}

/**
 * Depolarisation of q qubits of a vectorised density matrix: rho -> keep rho + (1 - keep) Tr_q(rho) x 1/2^q.
 * `bits` lists the row bits, then the column bits (k = 2q in all); `scratch` holds 2^k offsets.
 */
export function applyDepolarizing(state: usize, n: i32, k: i32, bits: usize, keep: f64, scratch: usize): void {
  const size: usize = (<usize>1) << n;
  const d: i32 = 1 << (k >> 1);
  const count: i32 = d * d;
  for (let j = 0; j < count; j++) store<usize>(scratch + ((<usize>j) << 2), offsetOf(j, k, bits) << 4);
  const targets: usize = offsetOf(count - 1, k, bits);
  const kept = f64x2.splat(keep);
  const mixed = f64x2.splat((1 - keep) / <f64>d);
  for (let x: usize = 0; x < size; x++) {
    if ((x & targets) !== 0) continue;
    const base = state + (x << 4);
    let sum = f64x2.splat(0);
    for (let j = 0; j < count; j += d + 1) sum = f64x2.add(sum, v128.load(base + load<usize>(scratch + ((<usize>j) << 2))));
    sum = f64x2.mul(sum, mixed);
    for (let j = 0; j < count; j++) {
      const p = base + load<usize>(scratch + ((<usize>j) << 2));
      v128.store(p, f64x2.mul(v128.load(p), kept));
    }
    for (let j = 0; j < count; j += d + 1) {
      const p = base + load<usize>(scratch + ((<usize>j) << 2));
      v128.store(p, f64x2.add(v128.load(p), sum));
    }
  }
}
