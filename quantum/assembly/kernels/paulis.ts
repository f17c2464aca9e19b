// Sums of Pauli strings. Strings that flip the same bits differ in signs only: together they are one diagonal, followed by the flips.
// The diagonal is made for a run of 2^b indices at a time, by a Walsh-Hadamard transform of the strings' weights, so a group costs one
// journey through the state whether it has one string or a thousand.
//
// Strings: 16 bytes each: u32 mask of Z, 4 bytes free, f64 weight.

import { shareOf } from './shares';
import { SHIFT, sumOfLanes, wide } from './vector';

const RUN_BITS = 9;

/** Weights of the diagonal for the indices base … base + 2^b - 1, less the strings that are constant there (`offset`). */
function diagonal(weights: usize, b: i32, strings: usize, count: i32, base: usize): void {
  const size: usize = (<usize>1) << b;
  const low = size - 1;
  memory.fill(weights, 0, size << 3);
  for (let i = 0; i < count; i++) {
    const string = strings + ((<usize>i) << 4);
    const mask: usize = load<u32>(string);
    if ((mask & low) === 0) continue;
    const weight = load<f64>(string, 8);
    const at = weights + ((mask & low) << 3);
    store<f64>(at, load<f64>(at) + (popcnt<usize>(mask & base) & 1 ? -weight : weight));
  }
  // First stage within a vector, the others between vectors.
  if (b === 0) return;
  const end = weights + (size << 3);
  for (let p = weights; p < end; p += 16) {
    const a = load<f64>(p);
    const c = load<f64>(p, 8);
    store<f64>(p, a + c);
    store<f64>(p, a - c, 8);
  }
  for (let half: usize = 16; half < size << 3; half <<= 1) {
    for (let block = weights; block < end; block += half << 1) {
      for (let p = block; p < block + half; p += 16) {
        const a = v128.load(p);
        const c = v128.load(p + half);
        v128.store(p, f64x2.add(a, c));
        v128.store(p + half, f64x2.sub(a, c));
      }
    }
  }
}

/** Whether some string has bits both inside and above a run, so that the diagonal changes from run to run. */
function changes(strings: usize, count: i32, b: i32): bool {
  const low: usize = ((<usize>1) << b) - 1;
  for (let i = 0; i < count; i++) {
    const mask: usize = load<u32>(strings + ((<usize>i) << 4));
    if ((mask & low) !== 0 && (mask & ~low) !== 0) return true;
  }
  return false;
}

/** What the strings without bits inside a run add to all its indices. */
function offset(strings: usize, count: i32, b: i32, base: usize): f64 {
  const low: usize = ((<usize>1) << b) - 1;
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) {
    const string = strings + ((<usize>i) << 4);
    const mask: usize = load<u32>(string);
    if ((mask & low) !== 0) continue;
    const weight = load<f64>(string, 8);
    sum += popcnt<usize>(mask & base) & 1 ? -weight : weight;
  }
  return sum;
}

/** Sign that the bits above a run give to a string. */
function signOf(string: usize, base: usize): f64 {
  return popcnt<usize>(<usize>load<u32>(string) & base) & 1 ? -1 : 1;
}

// @ts-expect-error: decorators of AssemblyScript
@inline
function term(state: usize, k: usize, flip: usize, w: v128, turned: bool, sum: v128): v128 {
  const y = wide(state + ((k ^ flip) << SHIFT));
  return f64x2.add(f64x2.mul(f64x2.mul(wide(state + (k << SHIFT)), w), turned ? v128.shuffle<f64>(y, y, 1, 0) : y), sum);
}

// @ts-expect-error: decorators of AssemblyScript
@inline
function runMean(state: usize, base: usize, size: usize, flip: usize, weights: usize, same: v128, turned: bool): v128 {
  let a = f64x2.splat(0);
  let c = f64x2.splat(0);
  let l: usize = 0;
  // Two sums, so that an addition does not wait for the one before.
  for (; l + 2 <= size; l += 2) {
    const w = weights + (l << 3);
    a = term(state, base | l, flip, f64x2.add(v128.load64_splat(w), same), turned, a);
    c = term(state, base | l | 1, flip, f64x2.add(v128.load64_splat(w, 8), same), turned, c);
  }
  if (l < size) a = term(state, base | l, flip, f64x2.add(v128.load64_splat(weights + (l << 3)), same), turned, a);
  return f64x2.add(a, c);
}

/**
 * Σ over the strings of weight · Re(turn · <state| flip, signs |state>), turn 1 or i, over the share `part` of `parts` of the indices. The
 * sum goes to `sums`, a line of memory for each part. `weights` has room for 2^9 numbers a part, `stride` bytes from one to the next.
 */
export function pauliMean(
  part: i32,
  parts: i32,
  state: usize,
  n: i32,
  flip: usize,
  strings: usize,
  count: i32,
  turn: i32,
  weights: usize,
  stride: usize,
  sums: usize,
): void {
  const own = weights + <usize>part * stride;
  const b = min(n, RUN_BITS);
  const size: usize = (<usize>1) << b;
  const changing = changes(strings, count, b);
  // k and k with the bits flipped bring the same; where a bit above the runs is flipped, the runs without it will do.
  const above: usize = flip >> b;
  const half: usize = above === 0 ? 0 : (<usize>1) << (31 - clz<usize>(above));
  const runs: usize = (<usize>1) << (half === 0 ? n - b : n - b - 1);
  const first = shareOf(runs, part, parts);
  const last = shareOf(runs, part + 1, parts);
  let total: f64 = 0;
  for (let i = first; i < last; i++) {
    const run = half === 0 ? i : ((i & ~(half - 1)) << 1) | (i & (half - 1));
    const base = run << b;
    if (i === first || (changing && count > 1)) diagonal(own, b, strings, count, count === 1 ? 0 : base);
    const same = f64x2.splat(offset(strings, count, b, base));
    const sum =
      turn === 0
        ? runMean(state, base, size, flip, own, same, false)
        : runMean(state, base, size, flip, own, same, true);
    // Re(i conj(y) z) = y_im z_re - y_re z_im.
    const here = turn === 0 ? sumOfLanes(sum) : f64x2.extract_lane(sum, 0) - f64x2.extract_lane(sum, 1);
    // One string alone changes its sign from run to run, unless it is constant there.
    total += count === 1 && changing ? here * signOf(strings, base) : here;
  }
  store<f64>(sums + ((<usize>part) << 6), half === 0 ? total : 2 * total);
}

/**
 * Double precision only: out += Σ over the strings of weight · turn · flip, signs |state>, for the share of the indices of |state>; no two
 * shares write to the same place.
 */
export function pauliApply(
  part: i32,
  parts: i32,
  state: usize,
  out: usize,
  n: i32,
  flip: usize,
  strings: usize,
  count: i32,
  turn: i32,
  weights: usize,
  stride: usize,
): void {
  const own = weights + <usize>part * stride;
  const b = min(n, RUN_BITS);
  const size: usize = (<usize>1) << b;
  const runs: usize = (<usize>1) << (n - b);
  const changing = changes(strings, count, b);
  const first = shareOf(runs, part, parts);
  const last = shareOf(runs, part + 1, parts);
  for (let run = first; run < last; run++) {
    const base = run << b;
    if (run === first || (changing && count > 1)) diagonal(own, b, strings, count, count === 1 ? 0 : base);
    const same = f64x2.splat(offset(strings, count, b, base));
    const sign = f64x2.splat(count === 1 && changing ? signOf(strings, base) : 1);
    for (let l: usize = 0; l < size; l++) {
      const k = base | l;
      let z = wide(state + (k << SHIFT));
      if (turn !== 0) z = f64x2.mul(v128.shuffle<f64>(z, z, 1, 0), f64x2(-1, 1));
      const to = out + ((k ^ flip) << 4);
      const w = f64x2.mul(f64x2.add(v128.load64_splat(own + (l << 3)), same), sign);
      v128.store(to, f64x2.add(f64x2.mul(z, w), v128.load(to)));
    }
  }
}
