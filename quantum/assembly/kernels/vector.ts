// Arithmetic on amplitudes (re, im). A vector holds one amplitude of two f64 or two amplitudes of two f32; kernels that walk along
// whole vectors do the same in both. `amplitude` and `put` move one amplitude alone, in the lower half where it is single.
// With relaxed SIMD a product and a sum are one instruction and one rounding.

import { SINGLE } from './precision';

/** Bytes of an amplitude, and its binary logarithm. */
export const AMPLITUDE: usize = SINGLE ? 8 : 16;
export const SHIFT: i32 = SINGLE ? 3 : 4;

// @ts-expect-error: decorators of AssemblyScript
@inline
export function amplitude(p: usize): v128 {
  if (SINGLE) return v128.load64_zero(p);
  return v128.load(p);
}

// @ts-expect-error: decorators of AssemblyScript
@inline
export function put(p: usize, z: v128): void {
  if (SINGLE) v128.store64_lane(p, z, 0);
  else v128.store(p, z);
}

/** `one`: the amplitude alone, where a gate acts within a vector; else a whole vector. */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function take(one: bool, p: usize): v128 {
  if (one) return amplitude(p);
  return v128.load(p);
}

// @ts-expect-error: decorators of AssemblyScript
@inline
export function give(one: bool, p: usize, z: v128): void {
  if (one) put(p, z);
  else v128.store(p, z);
}

/** One amplitude as two f64. */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function wide(p: usize): v128 {
  if (SINGLE) return f64x2.promote_low_f32x4(v128.load64_zero(p));
  return v128.load(p);
}

// @ts-expect-error: decorators of AssemblyScript
@inline
export function splat(x: f64): v128 {
  if (SINGLE) return f32x4.splat(<f32>x);
  return f64x2.splat(x);
}

/** The number (f64) at an address, in every lane. */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function number(p: usize): v128 {
  if (SINGLE) return f32x4.splat(<f32>load<f64>(p));
  return v128.load64_splat(p);
}

// @ts-expect-error: decorators of AssemblyScript
@inline
export function add(a: v128, b: v128): v128 {
  if (SINGLE) return f32x4.add(a, b);
  return f64x2.add(a, b);
}

// @ts-expect-error: decorators of AssemblyScript
@inline
export function mul(a: v128, b: v128): v128 {
  if (SINGLE) return f32x4.mul(a, b);
  return f64x2.mul(a, b);
}

/** a b + c. */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (SINGLE) {
    if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<f32>(a, b, c);
    return f32x4.add(f32x4.mul(a, b), c);
  }
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<f64>(a, b, c);
  return f64x2.add(f64x2.mul(a, b), c);
}

/** c - a b. */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (SINGLE) {
    if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_nmadd<f32>(a, b, c);
    return f32x4.sub(c, f32x4.mul(a, b));
  }
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_nmadd<f64>(a, b, c);
  return f64x2.sub(c, f64x2.mul(a, b));
}

/** (re, im) -> (im, re). */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function cross(a: v128): v128 {
  if (SINGLE) return v128.shuffle<f32>(a, a, 1, 0, 3, 2);
  return v128.shuffle<f64>(a, a, 1, 0);
}

/** (-1, 1): the signs of a crossed amplitude that is multiplied by i. */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function turn(): v128 {
  if (SINGLE) return f32x4(-1, 1, -1, 1);
  return f64x2(-1, 1);
}

/** (-im, im): multiplies the crossed amplitude. */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function imaginary(im: f64): v128 {
  return mul(splat(im), turn());
}

/** m · a for a complex m split in (re, re) and (-im, im). */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function times(a: v128, re: v128, im: v128): v128 {
  return madd(cross(a), im, mul(a, re));
}

// @ts-expect-error: decorators of AssemblyScript
@inline
function realParts(m: v128): v128 {
  if (SINGLE) return v128.shuffle<f32>(m, m, 0, 0, 2, 2);
  return v128.shuffle<f64>(m, m, 0, 0);
}

// @ts-expect-error: decorators of AssemblyScript
@inline
function imaginaryParts(m: v128): v128 {
  if (SINGLE) return v128.shuffle<f32>(m, m, 1, 1, 3, 3);
  return v128.shuffle<f64>(m, m, 1, 1);
}

/** a · m, both given as amplitudes. */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function product(a: v128, m: v128): v128 {
  return madd(mul(cross(a), imaginaryParts(m)), turn(), mul(a, realParts(m)));
}

/** a · conj(m). */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function productConjugate(a: v128, m: v128): v128 {
  return nmadd(mul(cross(a), imaginaryParts(m)), turn(), mul(a, realParts(m)));
}

/** Sum of both lanes of two f64. */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function sumOfLanes(a: v128): f64 {
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
}
