// Inner products of two states, and the derivative of an expectation value with respect to one angle.
// The adjoint method asks for 2 Re <lambda| G |phi> with G = U' U† of one gate, both states taken after that gate.

import { offsetOf } from './gates';
import { SHIFT, wide } from './vector';

/** Re <a|b>: the plain dot product of the doubles. */
export function realInner(a: usize, b: usize, n: i32): f64 {
  const bytes: usize = (<usize>16) << n;
  let sum = f64x2.splat(0);
  for (let p: usize = 0; p < bytes; p += 16) sum = f64x2.add(sum, f64x2.mul(v128.load(a + p), v128.load(b + p)));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Im <a|b>. */
export function imaginaryInner(a: usize, b: usize, n: i32): f64 {
  const bytes: usize = (<usize>16) << n;
  let sum = f64x2.splat(0);
  for (let p: usize = 0; p < bytes; p += 16) {
    const vb = v128.load(b + p);
    sum = f64x2.add(sum, f64x2.mul(v128.load(a + p), v128.shuffle<f64>(vb, vb, 1, 0)));
  }
  return f64x2.extract_lane(sum, 0) - f64x2.extract_lane(sum, 1);
}

/** RY: G = -iY/2, so the derivative is the real sum of lambda1 phi0 - lambda0 phi1. */
export function gradientRy(lambda: usize, phi: usize, n: i32, bit: i32): f64 {
  const stride: usize = (<usize>16) << bit;
  const size: usize = (<usize>16) << n;
  let sum = f64x2.splat(0);
  for (let block: usize = 0; block < size; block += stride << 1) {
    const blockEnd = block + stride;
    for (let p = block; p < blockEnd; p += 16) {
      sum = f64x2.add(sum, f64x2.mul(v128.load(lambda + p + stride), v128.load(phi + p)));
      sum = f64x2.sub(sum, f64x2.mul(v128.load(lambda + p), v128.load(phi + p + stride)));
    }
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Any gate: 2 Re <lambda| G |phi> with the 2^k by 2^k matrix G at m, on the indices that match the controls. */
export function gradientMany(lambda: usize, phi: usize, n: i32, k: i32, bits: usize, m: usize, mask: usize, value: usize): f64 {
  const size: usize = (<usize>1) << n;
  const d: i32 = 1 << k;
  const targets: usize = offsetOf(d - 1, k, bits);
  let sum: f64 = 0;
  for (let x: usize = 0; x < size; x++) {
    if ((x & targets) !== 0 || (x & mask) !== value) continue;
    for (let r = 0; r < d; r++) {
      const pl = lambda + ((x | offsetOf(r, k, bits)) << 4);
      const lr = load<f64>(pl);
      const li = load<f64>(pl, 8);
      for (let c = 0; c < d; c++) {
        const entry = m + ((<usize>(r * d + c)) << 4);
        const gr = load<f64>(entry);
        const gi = load<f64>(entry, 8);
        if (gr === 0 && gi === 0) continue;
        const pp = phi + ((x | offsetOf(c, k, bits)) << 4);
        const zr = load<f64>(pp);
        const zi = load<f64>(pp, 8);
        sum += lr * (gr * zr - gi * zi) + li * (gr * zi + gi * zr);
      }
    }
  }
  return 2 * sum;
}

/** probability[x] = |amplitude x|². */
export function probabilities(state: usize, n: i32, out: usize): void {
  const size: usize = (<usize>1) << n;
  for (let x: usize = 0; x < size; x++) {
    const z = wide(state + (x << SHIFT));
    const re = f64x2.extract_lane(z, 0);
    const im = f64x2.extract_lane(z, 1);
    store<f64>(out + (x << 3), re * re + im * im);
  }
}

/** lambda[x] = weight[x] phi[x]: a diagonal observable applied to a state. */
export function weighted(phi: usize, weight: usize, lambda: usize, n: i32): void {
  const size: usize = (<usize>1) << n;
  for (let x: usize = 0; x < size; x++) {
    v128.store(lambda + (x << 4), f64x2.mul(v128.load(phi + (x << 4)), f64x2.splat(load<f64>(weight + (x << 3)))));
  }
}

/** Walsh-Hadamard transform in place: from probabilities to the means of all Z strings, and from weights of strings to a diagonal. */
export function walshHadamard(data: usize, n: i32): void {
  const size: usize = (<usize>8) << n;
  for (let half: usize = 8; half < size; half <<= 1) {
    for (let block: usize = 0; block < size; block += half << 1) {
      for (let p = data + block; p < data + block + half; p += 8) {
        const a = load<f64>(p);
        const b = load<f64>(p + half);
        store<f64>(p, a + b);
        store<f64>(p + half, a - b);
      }
    }
  }
}

/** Mean of the sum of Z over all qubits: the sum over x of |a_x|² (n - 2 popcount x). */
export function sumOfZ(state: usize, n: i32): f64 {
  const size: usize = (<usize>1) << n;
  let sum: f64 = 0;
  for (let x: usize = 0; x < size; x++) {
    const z = wide(state + (x << SHIFT));
    const re = f64x2.extract_lane(z, 0);
    const im = f64x2.extract_lane(z, 1);
    sum += (re * re + im * im) * <f64>(n - 2 * <i32>popcnt<usize>(x));
  }
  return sum;
}
