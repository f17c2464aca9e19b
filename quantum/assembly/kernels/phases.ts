// Any product of diagonal gates on one and two bits is one table of phases: exp i(g + sum r_j x_j + sum r_jk x_j x_k). It is built by
// doubling, bit after bit, at a cost of one or two products an entry however many gates there are, and applied in one pass.
//
// Record: i32 pairs, i32 outer, 8 bytes free; T0 forward, T0 backward (complex); the factor of each bit (complex each);
// then pairs, then outer factors, of 32 bytes each: i32 j, i32 k (pair: k < j; outer: mask of state bits outside the block, j = -1 for
// a factor of the whole block), 8 bytes free, the factor (complex). Both lists are sorted by j.

import { addDerivative } from './derivatives';
import { SINGLE } from './precision';
import {
  AMPLITUDE,
  amplitude,
  imaginary,
  number,
  product,
  productConjugate,
  put,
  SHIFT,
  splat,
  sumOfLanes,
  times,
} from './vector';

const HEADER: usize = 48;

/** to[i] = from[i] · (re + i im) for `count` entries. */
function scaled(from: usize, to: usize, count: usize, re: f64, im: f64): void {
  const bytes = count << SHIFT;
  if (re === 1 && im === 0) {
    memory.copy(to, from, bytes);
    return;
  }
  const r = splat(re);
  const i = imaginary(im);
  if (bytes < 16) {
    put(to, times(amplitude(from), r, i));
    return;
  }
  for (let p: usize = 0; p < bytes; p += 16) v128.store(to + p, times(v128.load(from + p), r, i));
}

// The complex number that factors are multiplied up in.
let re: f64 = 1;
let im: f64 = 0;

function multiplyBy(at: usize): void {
  const r = load<f64>(at);
  const i = load<f64>(at, 8);
  const product = re * r - im * i;
  im = re * i + im * r;
  re = product;
}

function start(at: usize): void {
  re = load<f64>(at);
  im = load<f64>(at, 8);
}

/** An amplitude from `re` and `im`. */
function write(at: usize): void {
  if (SINGLE) {
    store<f32>(at, <f32>re);
    store<f32>(at, <f32>im, 4);
  } else {
    store<f64>(at, re);
    store<f64>(at, im, 8);
  }
}

/** The table on `n` bits of a block whose first amplitude has the index `base`; backward leaves out the scale of rotations. */
export function buildPhases(table: usize, n: i32, record: usize, base: usize, backward: bool): void {
  const pairs = load<i32>(record);
  const outer = load<i32>(record, 4);
  const factors = record + HEADER;
  let pair = factors + ((<usize>n) << 4);
  const pairEnd = pair + ((<usize>pairs) << 5);
  let out = pairEnd;
  const outEnd = out + ((<usize>outer) << 5);
  start(backward ? record + 32 : record + 16);
  while (out < outEnd && load<i32>(out) < 0) {
    const mask: usize = load<u32>(out, 4);
    if ((base & mask) === mask) multiplyBy(out + 16);
    out += 32;
  }
  write(table);
  for (let j = 0; j < n; j++) {
    start(factors + ((<usize>j) << 4));
    while (out < outEnd && load<i32>(out) === j) {
      const mask: usize = load<u32>(out, 4);
      if ((base & mask) === mask) multiplyBy(out + 16);
      out += 32;
    }
    const half: usize = (<usize>1) << j;
    const upper = table + (half << SHIFT);
    if (pair >= pairEnd || load<i32>(pair) !== j) {
      scaled(table, upper, half, re, im);
      continue;
    }
    // The factors that bit j brings for each value of the bits below it, then times what those bits have already.
    write(upper);
    for (let k = 0; k < j; k++) {
      let r: f64 = 1;
      let i: f64 = 0;
      if (pair < pairEnd && load<i32>(pair) === j && load<i32>(pair, 4) === k) {
        r = load<f64>(pair, 16);
        i = load<f64>(pair, 24);
        pair += 32;
      }
      scaled(upper, upper + (AMPLITUDE << k), (<usize>1) << k, r, i);
    }
    for (let p: usize = 0; p < half << SHIFT; p += 16) v128.store(upper + p, product(v128.load(table + p), v128.load(upper + p)));
  }
}

export function applyPhases(state: usize, table: usize, n: i32): void {
  const bytes: usize = AMPLITUDE << n;
  for (let p: usize = 0; p < bytes; p += 16) v128.store(state + p, product(v128.load(state + p), v128.load(table + p)));
}

export function applyPhasesConjugate(state: usize, table: usize, n: i32): void {
  const bytes: usize = AMPLITUDE << n;
  for (let p: usize = 0; p < bytes; p += 16) {
    v128.store(state + p, productConjugate(v128.load(state + p), v128.load(table + p)));
  }
}

/** One phase (complex at m) where all bits of the mask are set. */
export function applyPhase(state: usize, n: i32, mask: usize, m: usize, conjugate: bool): void {
  const size: usize = (<usize>1) << n;
  const r = number(m);
  const i = imaginary(conjugate ? -load<f64>(m, 8) : load<f64>(m, 8));
  for (let x: usize = mask; x < size; x = (x + 1) | mask) {
    const p = state + (x << SHIFT);
    put(p, times(amplitude(p), r, i));
  }
}

/** w[x] = Im(conj(lambda_x) phi_x). */
function overlaps(phi: usize, lambda: usize, w: usize, n: i32): void {
  const size: usize = (<usize>1) << n;
  for (let x: usize = 0; x < size; x++) {
    const at = x << 4;
    const lr = load<f64>(lambda + at);
    const li = load<f64>(lambda + at, 8);
    store<f64>(w + (x << 3), lr * load<f64>(phi + at, 8) - li * load<f64>(phi + at));
  }
}

function paritySum(w: usize, n: i32, mask: usize): f64 {
  const size: usize = (<usize>1) << n;
  let even: f64 = 0;
  let odd: f64 = 0;
  for (let x: usize = 0; x < size; x++) {
    const v = load<f64>(w + (x << 3));
    if (popcnt<usize>(x & mask) & 1) odd += v;
    else even += v;
  }
  return even - odd;
}

/**
 * Derivatives of diagonal gates: out += coefficient · sum over x of (-1)^(bits of x under the masks) w[x]. An entry is 32 bytes:
 * i32 mask in the block, i32 mask of the state outside it, i32 out, i32 free, f64 coefficient, 8 bytes free. `w` holds 2^n numbers and
 * n + 1 more.
 */
export function phaseSums(phi: usize, lambda: usize, w: usize, n: i32, base: usize, entries: usize, count: i32): void {
  overlaps(phi, lambda, w, n);
  const end = entries + ((<usize>count) << 5);
  for (let entry = entries; entry < end; entry += 32) {
    const mask: usize = load<u32>(entry);
    if (popcnt<usize>(mask) > 1) add(entry, base, paritySum(w, n, mask));
  }
  // Single bits by halving: the difference of the halves, then their sum as the next, smaller table.
  const singles = w + ((<usize>8) << n);
  for (let j = n - 1; j >= 0; j--) {
    const half: usize = (<usize>8) << j;
    let difference: f64 = 0;
    if (j > 0) {
      let sum = f64x2.splat(0);
      for (let p: usize = 0; p < half; p += 16) {
        const low = v128.load(w + p);
        const high = v128.load(w + half + p);
        sum = f64x2.add(sum, f64x2.sub(low, high));
        v128.store(w + p, f64x2.add(low, high));
      }
      difference = sumOfLanes(sum);
    } else {
      difference = load<f64>(w) - load<f64>(w, 8);
      store<f64>(w, load<f64>(w) + load<f64>(w, 8));
    }
    store<f64>(singles + ((<usize>j) << 3), difference);
  }
  for (let entry = entries; entry < end; entry += 32) {
    const mask: usize = load<u32>(entry);
    if (mask === 0) add(entry, base, load<f64>(w));
    else if (popcnt<usize>(mask) === 1) add(entry, base, load<f64>(singles + (ctz<usize>(mask) << 3)));
  }
}

function add(entry: usize, base: usize, sum: f64): void {
  const outside: usize = load<u32>(entry, 4);
  const out: usize = load<u32>(entry, 8);
  const signed = popcnt<usize>(base & outside) & 1 ? -sum : sum;
  addDerivative(out, load<f64>(entry, 16) * signed);
}
