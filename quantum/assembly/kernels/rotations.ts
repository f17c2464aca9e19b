// Rotations about Y, two or three bits in one visit: the amplitudes stay in registers for all of them. A rotation by t is written as
// cos(t/2) · [[1, -k], [k, 1]] with k = tan(t/2), so a pair of amplitudes costs two fused operations; the cosines are put into the
// last rotation, written out as [[p, -q], [q, p]], or into a table of phases that follows. A steep k costs no accuracy: what it
// drowns has the weight cos(t/2), below the last digit.
// Record: k of each bit, lowest first; then p and q, which replace the last k where the rotation is written out.

import { addDerivative } from './derivatives';
import { AMPLITUDE, give, madd, mul, nmadd, number, sumOfLanes, take } from './vector';

// @ts-expect-error: decorators of AssemblyScript
@inline
function upper(full: bool, p: v128, q: v128, z0: v128, z1: v128): v128 {
  if (full) return nmadd(q, z1, mul(p, z0));
  return nmadd(p, z1, z0);
}

// @ts-expect-error: decorators of AssemblyScript
@inline
function lower(full: bool, p: v128, q: v128, z0: v128, z1: v128): v128 {
  if (full) return madd(q, z0, mul(p, z1));
  return madd(p, z0, z1);
}

// @ts-expect-error: decorators of AssemblyScript
@inline
function visitPair(full: bool, one: bool, at: usize, sa: usize, sb: usize, k: v128, p: v128, q: v128): void {
  const z00 = take(one, at);
  const z01 = take(one, at + sa);
  const z10 = take(one, at + sb);
  const z11 = take(one, at + sa + sb);
  const y00 = upper(false, k, k, z00, z01);
  const y01 = lower(false, k, k, z00, z01);
  const y10 = upper(false, k, k, z10, z11);
  const y11 = lower(false, k, k, z10, z11);
  give(one, at, upper(full, p, q, y00, y10));
  give(one, at + sb, lower(full, p, q, y00, y10));
  give(one, at + sa, upper(full, p, q, y01, y11));
  give(one, at + sa + sb, lower(full, p, q, y01, y11));
}

// @ts-expect-error: decorators of AssemblyScript
@inline
function walkPair(full: bool, state: usize, n: i32, a: i32, b: i32, record: usize): void {
  const k = number(record);
  const p = full ? number(record + 24) : number(record + 8);
  const q = number(record + 32);
  const sa: usize = AMPLITUDE << a;
  const sb: usize = AMPLITUDE << b;
  const end: usize = state + (AMPLITUDE << n);
  if (a === 0) {
    for (let block = state; block < end; block += sb << 1) {
      const blockEnd = block + sb;
      for (let at = block; at < blockEnd; at += 2 * AMPLITUDE) visitPair(full, true, at, AMPLITUDE, sb, k, p, q);
    }
    return;
  }
  for (let block = state; block < end; block += sb << 1) {
    const blockEnd = block + sb;
    for (let middle = block; middle < blockEnd; middle += sa << 1) {
      const middleEnd = middle + sa;
      for (let at = middle; at < middleEnd; at += 16) visitPair(full, false, at, sa, sb, k, p, q);
    }
  }
}

// @ts-expect-error: decorators of AssemblyScript
@inline
function visitTriple(
  full: bool,
  one: bool,
  at: usize,
  sa: usize,
  sb: usize,
  sc: usize,
  k: v128, l: v128, p: v128, q: v128): void {
  const z0 = take(one, at);
  const z1 = take(one, at + sa);
  const z2 = take(one, at + sb);
  const z3 = take(one, at + sa + sb);
  const top = at + sc;
  const z4 = take(one, top);
  const z5 = take(one, top + sa);
  const z6 = take(one, top + sb);
  const z7 = take(one, top + sa + sb);
  const y0 = nmadd(k, z1, z0);
  const y1 = madd(k, z0, z1);
  const y2 = nmadd(k, z3, z2);
  const y3 = madd(k, z2, z3);
  const y4 = nmadd(k, z5, z4);
  const y5 = madd(k, z4, z5);
  const y6 = nmadd(k, z7, z6);
  const y7 = madd(k, z6, z7);
  const x0 = nmadd(l, y2, y0);
  const x2 = madd(l, y0, y2);
  const x1 = nmadd(l, y3, y1);
  const x3 = madd(l, y1, y3);
  const x4 = nmadd(l, y6, y4);
  const x6 = madd(l, y4, y6);
  const x5 = nmadd(l, y7, y5);
  const x7 = madd(l, y5, y7);
  give(one, at, upper(full, p, q, x0, x4));
  give(one, top, lower(full, p, q, x0, x4));
  give(one, at + sa, upper(full, p, q, x1, x5));
  give(one, top + sa, lower(full, p, q, x1, x5));
  give(one, at + sb, upper(full, p, q, x2, x6));
  give(one, top + sb, lower(full, p, q, x2, x6));
  give(one, at + sa + sb, upper(full, p, q, x3, x7));
  give(one, top + sa + sb, lower(full, p, q, x3, x7));
}

// @ts-expect-error: decorators of AssemblyScript
@inline
function walkTriple(full: bool, state: usize, n: i32, a: i32, b: i32, c: i32, record: usize): void {
  const k = number(record);
  const l = number(record + 8);
  const p = full ? number(record + 24) : number(record + 16);
  const q = number(record + 32);
  const sa: usize = AMPLITUDE << a;
  const sb: usize = AMPLITUDE << b;
  const sc: usize = AMPLITUDE << c;
  const end: usize = state + (AMPLITUDE << n);
  for (let block = state; block < end; block += sc << 1) {
    const blockEnd = block + sc;
    for (let middle = block; middle < blockEnd; middle += sb << 1) {
      const middleEnd = middle + sb;
      for (let inner = middle; inner < middleEnd; inner += sa << 1) {
        const innerEnd = inner + sa;
        if (a === 0) visitTriple(full, true, inner, sa, sb, sc, k, l, p, q);
        else for (let at = inner; at < innerEnd; at += 16) visitTriple(full, false, at, sa, sb, sc, k, l, p, q);
      }
    }
  }
}

/** Rotations on bits a < b. */
export function rotatePair(state: usize, n: i32, a: i32, b: i32, full: bool, record: usize): void {
  if (full) walkPair(true, state, n, a, b, record);
  else walkPair(false, state, n, a, b, record);
}

/** Rotations on bits a < b < c. */
export function rotateTriple(state: usize, n: i32, a: i32, b: i32, c: i32, full: bool, record: usize): void {
  if (full) walkTriple(true, state, n, a, b, c, record);
  else walkTriple(false, state, n, a, b, c, record);
}

// The backward sweep: both derivatives, then both states rotated back. RY has the generator -iY/2, so its derivative is the real
// sum of lambda1 phi0 - lambda0 phi1; rotations on other bits and the rotation itself leave it as it is.

// @ts-expect-error: decorators of AssemblyScript
@inline
function gradientOf(sum: v128, l0: v128, l1: v128, f0: v128, f1: v128): v128 {
  return nmadd(l0, f1, madd(l1, f0, sum));
}

/** Adds the derivatives of both rotations at outA and outB (0: not wanted) and undoes both; the record is written out. */
export function sweepPair(phi: usize, lambda: usize, n: i32, a: i32, b: i32, record: usize, outA: usize, outB: usize): void {
  const k = number(record);
  const p = number(record + 24);
  const q = number(record + 32);
  const sa: usize = AMPLITUDE << a;
  const sb: usize = AMPLITUDE << b;
  const size: usize = AMPLITUDE << n;
  let sumA = f64x2.splat(0);
  let sumB = f64x2.splat(0);
  for (let block: usize = 0; block < size; block += sb << 1) {
    const blockEnd = block + sb;
    for (let middle = block; middle < blockEnd; middle += sa << 1) {
      const middleEnd = middle + sa;
      for (let at = middle; at < middleEnd; at += 16) {
        const f = phi + at;
        const l = lambda + at;
        const f00 = v128.load(f);
        const f01 = v128.load(f + sa);
        const f10 = v128.load(f + sb);
        const f11 = v128.load(f + sa + sb);
        const l00 = v128.load(l);
        const l01 = v128.load(l + sa);
        const l10 = v128.load(l + sb);
        const l11 = v128.load(l + sa + sb);
        sumA = gradientOf(sumA, l00, l01, f00, f01);
        sumA = gradientOf(sumA, l10, l11, f10, f11);
        sumB = gradientOf(sumB, l00, l10, f00, f10);
        sumB = gradientOf(sumB, l01, l11, f01, f11);
        rotateBack(f, sa, sb, f00, f01, f10, f11, k, p, q);
        rotateBack(l, sa, sb, l00, l01, l10, l11, k, p, q);
      }
    }
  }
  if (outA !== 0) addDerivative(outA, sumOfLanes(sumA));
  if (outB !== 0) addDerivative(outB, sumOfLanes(sumB));
}

// @ts-expect-error: decorators of AssemblyScript
@inline
function rotateBack(
  at: usize,
  sa: usize,
  sb: usize,
  z00: v128,
  z01: v128,
  z10: v128,
  z11: v128,
  k: v128,
  p: v128,
  q: v128,
): void {
  const y00 = upper(false, k, k, z00, z01);
  const y01 = lower(false, k, k, z00, z01);
  const y10 = upper(false, k, k, z10, z11);
  const y11 = lower(false, k, k, z10, z11);
  v128.store(at, upper(true, p, q, y00, y10));
  v128.store(at + sb, lower(true, p, q, y00, y10));
  v128.store(at + sa, upper(true, p, q, y01, y11));
  v128.store(at + sa + sb, lower(true, p, q, y01, y11));
}
