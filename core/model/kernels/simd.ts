// Arithmetic on four f32. With relaxed SIMD a product and a sum are one instruction and one rounding; without it every result is
// the same bits on every host.

/** a b + c. */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<f32>(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** c - a b. */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_nmadd<f32>(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

// @ts-expect-error: decorators of AssemblyScript
@inline
export function sumOfLanes(a: v128): f32 {
  const pairs = f32x4.add(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

// @ts-expect-error: decorators of AssemblyScript
@inline
export function largestLane(a: v128): f32 {
  const pairs = f32x4.max(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/**
 * e to the power of x; exactly 0 below -87.3, bounded by e^87.
 * error   2 units in the last place
 * source  Cephes, expf: ln 2 in two parts, then a polynomial of degree 7 on [-ln 2 / 2, ln 2 / 2]
 */
// @ts-expect-error: decorators of AssemblyScript
@inline
export function exp4(given: v128): v128 {
  const lowest = f32x4.splat(-87.3);
  const x = f32x4.min(f32x4.max(given, lowest), f32x4.splat(87));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  const r = nmadd(n, f32x4.splat(-2.12194440e-4), nmadd(n, f32x4.splat(0.693359375), x));
  let y = f32x4.splat(1.9875691500e-4);
  y = madd(y, r, f32x4.splat(1.3981999507e-3));
  y = madd(y, r, f32x4.splat(8.3334519073e-3));
  y = madd(y, r, f32x4.splat(4.1665795894e-2));
  y = madd(y, r, f32x4.splat(1.6666665459e-1));
  y = madd(y, r, f32x4.splat(5.0000001201e-1));
  y = f32x4.add(madd(y, f32x4.mul(r, r), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.and(f32x4.mul(y, power), f32x4.gt(given, lowest));
}
