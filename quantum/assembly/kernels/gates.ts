// Gates on a state vector of interleaved amplitudes (re, im): amplitude x lies at state + AMPLITUDE x, and bit b of x is the qubit with place value 2^b. Every kernel walks the pairs whose index differs in its bit.

import { SINGLE } from './precision';
import { add, amplitude, AMPLITUDE, cross, give, imaginary, madd, mul, number, put, SHIFT, splat, take, times, turn } from './vector';

/** Real 2x2 matrix on one bit. */
export function applyReal(state: usize, n: i32, bit: i32, m00: f64, m01: f64, m10: f64, m11: f64): void {
  const stride: usize = AMPLITUDE << bit;
  const end: usize = state + (AMPLITUDE << n);
  const a = splat(m00);
  const b = splat(m01);
  const c = splat(m10);
  const d = splat(m11);
  for (let block = state; block < end; block += stride << 1) {
    const blockEnd = block + stride;
    for (let p = block; p < blockEnd; p += AMPLITUDE) {
      const z0 = amplitude(p);
      const z1 = amplitude(p + stride);
      put(p, madd(b, z1, mul(a, z0)));
      put(p + stride, madd(c, z0, mul(d, z1)));
    }
  }
}

/** Complex 2x2 matrix (8 doubles at m) on one bit. */
export function applyOne(state: usize, n: i32, bit: i32, m: usize): void {
  const stride: usize = AMPLITUDE << bit;
  const end: usize = state + (AMPLITUDE << n);
  const r00 = splat(load<f64>(m));
  const i00 = imaginary(load<f64>(m, 8));
  const r01 = splat(load<f64>(m, 16));
  const i01 = imaginary(load<f64>(m, 24));
  const r10 = splat(load<f64>(m, 32));
  const i10 = imaginary(load<f64>(m, 40));
  const r11 = splat(load<f64>(m, 48));
  const i11 = imaginary(load<f64>(m, 56));
  for (let block = state; block < end; block += stride << 1) {
    const blockEnd = block + stride;
    for (let p = block; p < blockEnd; p += AMPLITUDE) {
      const z0 = amplitude(p);
      const z1 = amplitude(p + stride);
      const c0 = cross(z0);
      const c1 = cross(z1);
      put(p, madd(i01, c1, madd(r01, z1, madd(i00, c0, mul(r00, z0)))));
      put(p + stride, madd(i11, c1, madd(r11, z1, madd(i10, c0, mul(r10, z0)))));
    }
  }
}

/** diag(d0, d1) (4 doubles at m) on one bit. */
export function applyDiagonal(state: usize, n: i32, bit: i32, m: usize): void {
  const stride: usize = AMPLITUDE << bit;
  const end: usize = state + (AMPLITUDE << n);
  const r0 = splat(load<f64>(m));
  const i0 = imaginary(load<f64>(m, 8));
  const r1 = splat(load<f64>(m, 16));
  const i1 = imaginary(load<f64>(m, 24));
  for (let block = state; block < end; block += stride << 1) {
    const blockEnd = block + stride;
    for (let p = block; p < blockEnd; p += AMPLITUDE) {
      put(p, times(amplitude(p), r0, i0));
      put(p + stride, times(amplitude(p + stride), r1, i1));
    }
  }
}

/** Exchanges `bytes` bytes at p and q. */
// @ts-expect-error: decorators of AssemblyScript
@inline
function exchange(p: usize, q: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += AMPLITUDE) {
    const z = amplitude(p + i);
    put(p + i, amplitude(q + i));
    put(q + i, z);
  }
}

export function applyX(state: usize, n: i32, bit: i32): void {
  const stride: usize = AMPLITUDE << bit;
  const end: usize = state + (AMPLITUDE << n);
  for (let block = state; block < end; block += stride << 1) exchange(block, block + stride, stride);
}

export function applyCnot(state: usize, n: i32, control: i32, target: i32): void {
  const sc: usize = AMPLITUDE << control;
  const st: usize = AMPLITUDE << target;
  const low = min(sc, st);
  const high = max(sc, st);
  const end: usize = state + (AMPLITUDE << n);
  for (let block = state; block < end; block += high << 1) {
    const blockEnd = block + high;
    if (low === AMPLITUDE) for (let p = block + sc; p < blockEnd + sc; p += 2 * AMPLITUDE) exchange(p, p + st, AMPLITUDE);
    else for (let middle = block; middle < blockEnd; middle += low << 1) exchange(middle + sc, middle + sc + st, low);
  }
}

/** X on a bit where the index matches `value` under the mask. */
export function applyControlledX(state: usize, n: i32, bit: i32, mask: usize, value: usize): void {
  const size: usize = (<usize>1) << n;
  const set: usize = (<usize>1) << bit;
  const fixed = mask | set;
  const stride: usize = AMPLITUDE << bit;
  for (let x: usize = fixed; x < size; x = (x + 1) | fixed) {
    const p = state + (((x & ~fixed) | value) << SHIFT);
    const z = amplitude(p);
    put(p, amplitude(p + stride));
    put(p + stride, z);
  }
}

export function applySwap(state: usize, n: i32, a: i32, b: i32): void {
  const low: usize = AMPLITUDE << min(a, b);
  const high: usize = AMPLITUDE << max(a, b);
  const end: usize = state + (AMPLITUDE << n);
  for (let block = state; block < end; block += high << 1) {
    const blockEnd = block + high;
    for (let middle = block; middle < blockEnd; middle += low << 1) exchange(middle + low, middle + high, low);
  }
}

/** Bytes of a vector, which is two amplitudes in single precision. */
const VECTOR: usize = 16;
/** The matrix of applyTwo as f32; only in single precision. */
const SINGLE_MATRIX: usize = memory.data(128, 16);

/** Complex 4x4 matrix (32 doubles at m) on two bits; `a` is the more significant bit of the matrix index. */
export function applyTwo(state: usize, n: i32, a: i32, b: i32, m: usize): void {
  const sa: usize = AMPLITUDE << a;
  const sb: usize = AMPLITUDE << b;
  const low = min(sa, sb);
  const high = max(sa, sb);
  const end: usize = state + (AMPLITUDE << n);
  if (SINGLE) for (let k: usize = 0; k < 32; k++) store<f32>(SINGLE_MATRIX + (k << 2), <f32>load<f64>(m + (k << 3)));
  for (let block = state; block < end; block += high << 1) {
    const blockEnd = block + high;
    for (let middle = block; middle < blockEnd; middle += low << 1) {
      const middleEnd = middle + low;
      // Two vectors share what is loaded of the matrix, which is as much as there is to multiply.
      if (low >= 2 * VECTOR) for (let p = middle; p < middleEnd; p += 2 * VECTOR) visitTwoTwice(p, sa, sb, m);
      else if (low === VECTOR) visitTwo(false, middle, sa, sb, m);
      else visitTwo(true, middle, sa, sb, m);
    }
  }
}

/** Number k of the matrix of applyTwo in every lane. */
// @ts-expect-error: decorators of AssemblyScript
@inline
function entry(m: usize, k: usize): v128 {
  if (SINGLE) return v128.load32_splat(SINGLE_MATRIX + (k << 2));
  return v128.load64_splat(m + (k << 3));
}

/** Re z + i Im z, from the sums over real and imaginary parts of a row. */
// @ts-expect-error: decorators of AssemblyScript
@inline
function joined(re: v128, im: v128): v128 {
  return madd(cross(im), turn(), re);
}

// @ts-expect-error: decorators of AssemblyScript
@inline
function row(m: usize, r: usize, part: usize, z0: v128, z1: v128, z2: v128, z3: v128): v128 {
  const k = 8 * r + part;
  return madd(entry(m, k + 6), z3, madd(entry(m, k + 4), z2, madd(entry(m, k + 2), z1, mul(entry(m, k), z0))));
}

/** One vector of each of the four, or one amplitude where a bit lies within a vector. */
// @ts-expect-error: decorators of AssemblyScript
@inline
function visitTwo(one: bool, p: usize, sa: usize, sb: usize, m: usize): void {
  const z0 = take(one, p);
  const z1 = take(one, p + sb);
  const z2 = take(one, p + sa);
  const z3 = take(one, p + sa + sb);
  give(one, p, joined(row(m, 0, 0, z0, z1, z2, z3), row(m, 0, 1, z0, z1, z2, z3)));
  give(one, p + sb, joined(row(m, 1, 0, z0, z1, z2, z3), row(m, 1, 1, z0, z1, z2, z3)));
  give(one, p + sa, joined(row(m, 2, 0, z0, z1, z2, z3), row(m, 2, 1, z0, z1, z2, z3)));
  give(one, p + sa + sb, joined(row(m, 3, 0, z0, z1, z2, z3), row(m, 3, 1, z0, z1, z2, z3)));
}

/** Two vectors of each of the four. */
// @ts-expect-error: decorators of AssemblyScript
@inline
function visitTwoTwice(p: usize, sa: usize, sb: usize, m: usize): void {
  const q = p + sb;
  const r = p + sa;
  const s = p + sa + sb;
  const a0 = v128.load(p);
  const a1 = v128.load(q);
  const a2 = v128.load(r);
  const a3 = v128.load(s);
  const b0 = v128.load(p, 16);
  const b1 = v128.load(q, 16);
  const b2 = v128.load(r, 16);
  const b3 = v128.load(s, 16);
  rowTwice(m, 0, p, a0, a1, a2, a3, b0, b1, b2, b3);
  rowTwice(m, 1, q, a0, a1, a2, a3, b0, b1, b2, b3);
  rowTwice(m, 2, r, a0, a1, a2, a3, b0, b1, b2, b3);
  rowTwice(m, 3, s, a0, a1, a2, a3, b0, b1, b2, b3);
}

// @ts-expect-error: decorators of AssemblyScript
@inline
function rowTwice(m: usize, r: usize, p: usize, a0: v128, a1: v128, a2: v128, a3: v128, b0: v128, b1: v128, b2: v128, b3: v128): void {
  const k = 8 * r;
  let re = entry(m, k);
  let im = entry(m, k + 1);
  let aRe = mul(re, a0);
  let aIm = mul(im, a0);
  let bRe = mul(re, b0);
  let bIm = mul(im, b0);
  re = entry(m, k + 2);
  im = entry(m, k + 3);
  aRe = madd(re, a1, aRe);
  aIm = madd(im, a1, aIm);
  bRe = madd(re, b1, bRe);
  bIm = madd(im, b1, bIm);
  re = entry(m, k + 4);
  im = entry(m, k + 5);
  aRe = madd(re, a2, aRe);
  aIm = madd(im, a2, aIm);
  bRe = madd(re, b2, bRe);
  bIm = madd(im, b2, bIm);
  re = entry(m, k + 6);
  im = entry(m, k + 7);
  aRe = madd(re, a3, aRe);
  aIm = madd(im, a3, aIm);
  bRe = madd(re, b3, bRe);
  bIm = madd(im, b3, bIm);
  v128.store(p, joined(aRe, aIm));
  v128.store(p, joined(bRe, bIm), 16);
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
  for (let j = 0; j < d; j++) store<usize>(offsets + ((<usize>j) << 2), offsetOf(j, k, bits) << SHIFT);
  const targets: usize = offsetOf(d - 1, k, bits);
  for (let x: usize = 0; x < size; x++) {
    if ((x & targets) !== 0 || (x & mask) !== value) continue;
    const base = state + (x << SHIFT);
    for (let j = 0; j < d; j++)
      put(scratch + ((<usize>j) << 4), amplitude(base + load<usize>(offsets + ((<usize>j) << 2))));
    let entry = m;
    for (let r = 0; r < d; r++) {
      let sum = splat(0);
      for (let c = 0; c < d; c++) {
        const z = amplitude(scratch + ((<usize>c) << 4));
        sum = madd(number(entry), z, sum);
        sum = madd(imaginary(load<f64>(entry, 8)), cross(z), sum);
        entry += 16;
      }
      put(base + load<usize>(offsets + ((<usize>r) << 2)), sum);
    }
  }
}

/** The same for one qubit: four entries of rho in one visit; `row` and `column` are its bits. */
export function applyDepolarizingOne(state: usize, n: i32, row: i32, column: i32, keep: f64): void {
  const sr: usize = AMPLITUDE << row;
  const sc: usize = AMPLITUDE << column;
  const low = min(sr, sc);
  const high = max(sr, sc);
  const end: usize = state + (AMPLITUDE << n);
  const kept = splat(keep);
  const mixed = splat((1 - keep) / 2);
  for (let block = state; block < end; block += high << 1) {
    const blockEnd = block + high;
    for (let middle = block; middle < blockEnd; middle += low << 1) {
      const middleEnd = middle + low;
      for (let p = middle; p < middleEnd; p += AMPLITUDE) {
        const z00 = amplitude(p);
        const z11 = amplitude(p + sr + sc);
        const mean = mul(add(z00, z11), mixed);
        put(p, madd(z00, kept, mean));
        put(p + sr + sc, madd(z11, kept, mean));
        put(p + sc, mul(amplitude(p + sc), kept));
        put(p + sr, mul(amplitude(p + sr), kept));
      }
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
  for (let j = 0; j < count; j++) store<usize>(scratch + ((<usize>j) << 2), offsetOf(j, k, bits) << SHIFT);
  const targets: usize = offsetOf(count - 1, k, bits);
  const kept = splat(keep);
  const mixed = splat((1 - keep) / <f64>d);
  for (let x: usize = 0; x < size; x++) {
    if ((x & targets) !== 0) continue;
    const base = state + (x << SHIFT);
    let sum = splat(0);
    for (let j = 0; j < count; j += d + 1) sum = add(sum, amplitude(base + load<usize>(scratch + ((<usize>j) << 2))));
    sum = mul(sum, mixed);
    for (let j = 0; j < count; j++) {
      const p = base + load<usize>(scratch + ((<usize>j) << 2));
      put(p, mul(amplitude(p), kept));
    }
    for (let j = 0; j < count; j += d + 1) {
      const p = base + load<usize>(scratch + ((<usize>j) << 2));
      put(p, add(amplitude(p), sum));
    }
  }
}
