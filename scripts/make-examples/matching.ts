/** Area under the ROC curve of a score for positives over negatives, ties counted half. In [0, 1]; 0.5 says that the score tells nothing. */
export function rocArea(positives: readonly number[], negatives: readonly number[]): number {
  const all = [
    ...positives.map((value) => ({ value, positive: true })),
    ...negatives.map((value) => ({ value, positive: false })),
  ];
  all.sort((a, b) => a.value - b.value);
  let rankSum = 0;
  for (let i = 0; i < all.length; ) {
    let j = i;
    while (j < all.length && all[j]!.value === all[i]!.value) j++;
    const rank = (i + j + 1) / 2;
    for (let k = i; k < j; k++) if (all[k]!.positive) rankSum += rank;
    i = j;
  }
  return (rankSum - (positives.length * (positives.length + 1)) / 2) / (positives.length * negatives.length);
}

/** Share of the positives that lie above a value, ties counted half; its mean over a set of decoys is their ROC area. */
function shareAbove(sortedPositives: Float64Array, value: number): number {
  let below = 0;
  let upTo = 0;
  for (const positive of sortedPositives) {
    if (positive < value) below++;
    if (positive <= value) upTo++;
  }
  return 1 - (below + upTo) / 2 / sortedPositives.length;
}

/** Of the pool only so many are considered, those with most weight; the rest is nowhere near a target. */
const MOST_MEMBERS = 40_000;

export interface MatchProblem {
  /** Properties of the compounds to be matched, one row each. */
  readonly targets: readonly Float64Array[];
  /** Properties of everything that may become a decoy. */
  readonly pool: readonly Float64Array[];
  /** Length of one step in each property. */
  readonly scales: readonly number[];
  /** ROC area of targets over decoys to be reached by each property alone. */
  readonly areas: readonly number[];
  readonly count: number;
  /** A number in (0, 1) for each member of the pool; it decides who is drawn. */
  readonly draw: (poolIndex: number) => number;
}

/**
 * Draws decoys that look like the targets in every property alone and, as far as the pool allows, in all together. Each target spreads one unit of
 * weight over its neighbours in property space; the weights are then tilted by exp(sum of lambda_p * share above_p) until the expected ROC area of
 * each property is the wanted one, which is the smallest change of the weights (in relative entropy) that does so.
 *
 * returns  indices into the pool in the order of the draw, best first; the first `count` are the decoys, the rest are substitutes
 */
export function drawDecoys({ targets, pool, scales, areas, count, draw }: MatchProblem): number[] {
  const base = new Float64Array(pool.length);
  const squared = new Float64Array(pool.length);
  for (const target of targets) {
    for (let i = 0; i < pool.length; i++) {
      let sum = 0;
      for (let p = 0; p < scales.length; p++) sum += ((pool[i]![p]! - target[p]!) / scales[p]!) ** 2;
      squared[i] = sum;
    }
    // Where the pool is thin, the neighbourhood widens until it holds a few dozen.
    const width = Math.max(1, Float64Array.from(squared).sort()[40]!);
    let total = 0;
    for (let i = 0; i < pool.length; i++) total += Math.exp(-squared[i]! / (2 * width));
    for (let i = 0; i < pool.length; i++) base[i]! += Math.exp(-squared[i]! / (2 * width)) / total;
  }
  const members = Array.from(pool.keys())
    .sort((a, b) => base[b]! - base[a]!)
    .slice(0, MOST_MEMBERS);
  const shares = scales.map((_, p) => {
    const sorted = Float64Array.from(targets, (target) => target[p]!).sort();
    return Float64Array.from(members, (i) => shareAbove(sorted, pool[i]![p]!));
  });
  const lambda = new Float64Array(scales.length);
  let chances = new Float64Array(members.length);
  for (let iteration = 0; iteration < 400; iteration++) {
    chances = inclusionChances(members, base, shares, lambda, count);
    const expected = chances.reduce((sum, chance) => sum + chance, 0);
    let worst = 0;
    shares.forEach((share, p) => {
      let sum = 0;
      for (let m = 0; m < members.length; m++) sum += chances[m]! * share[m]!;
      const miss = areas[p]! - sum / expected;
      worst = Math.max(worst, Math.abs(miss));
      lambda[p]! += 6 * miss;
    });
    if (worst < 1e-3) break;
  }
  const order = Array.from(members.keys()).sort((a, b) => draw(members[a]!) / chances[a]! - draw(members[b]!) / chances[b]!);
  return order.map((m) => members[m]!);
}

/** Chances of being drawn, at most 1 each, proportional to the tilted weights otherwise, that sum to `count`. */
function inclusionChances(
  members: readonly number[],
  base: Float64Array,
  shares: readonly Float64Array[],
  lambda: Float64Array,
  count: number,
): Float64Array<ArrayBuffer> {
  const weights = Float64Array.from(members, (i, m) => {
    let tilt = 0;
    for (let p = 0; p < lambda.length; p++) tilt += lambda[p]! * shares[p]![m]!;
    return base[i]! * Math.exp(tilt);
  });
  let factor = count / weights.reduce((sum, weight) => sum + weight, 0);
  for (let iteration = 0; iteration < 60; iteration++) {
    const sum = weights.reduce((total, weight) => total + Math.min(1, factor * weight), 0);
    if (Math.abs(sum - count) < 1e-4 * count) break;
    factor *= count / sum;
  }
  return weights.map((weight) => Math.min(1, factor * weight)) as Float64Array<ArrayBuffer>;
}
