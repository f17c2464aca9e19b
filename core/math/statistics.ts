/**
 * Rank statistics, early enrichment and the bootstrap. Random numbers come from the caller: `random()` is uniform on [0, 1).
 * Correlations of a constant are NaN, as in scipy.
 */

/** Ranks from 1, ties sharing their mean rank. shapes: values [N]; result [N] */
export function midranks(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let k = start; k < end; k++) ranks[order[k]!] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

function sameLength(x: ArrayLike<number>, y: ArrayLike<number>): number {
  if (x.length !== y.length) throw new RangeError(`two series of one length are wanted, found ${x.length} and ${y.length}`);
  return x.length;
}

function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

/** Pearson's product-moment correlation; NaN when a series is constant or shorter than 2. */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const n = sameLength(x, y);
  // Rounding of the mean would turn a constant into noise, and noise into a correlation.
  if (isConstant(x) || isConstant(y)) return Number.NaN;
  let meanX = 0;
  let meanY = 0;
  for (let i = 0; i < n; i++) {
    meanX += x[i]! / n;
    meanY += y[i]! / n;
  }
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let i = 0; i < n; i++) {
    const dx = x[i]! - meanX;
    const dy = y[i]! - meanY;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return xy / Math.sqrt(xx * yy);
}

/** Spearman's rank correlation with midranks for ties. */
export const spearman = (x: ArrayLike<number>, y: ArrayLike<number>): number => pearson(midranks(x), midranks(y));

/** Sum of t(t-1)/2 over runs of equal neighbours in `sorted`. */
function tiedPairs(sorted: ArrayLike<number>, equal: (a: number, b: number) => boolean): number {
  let pairs = 0;
  let run = 1;
  for (let i = 1; i <= sorted.length; i++) {
    if (i < sorted.length && equal(sorted[i]!, sorted[i - 1]!)) run++;
    else {
      pairs += (run * (run - 1)) / 2;
      run = 1;
    }
  }
  return pairs;
}

/** Sorts in place and counts the exchanges that neighbours would need: merge sort. */
function countInversions(values: Float64Array, buffer: Float64Array): number {
  let inversions = 0;
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      const middle = Math.min(start + width, values.length);
      const end = Math.min(start + 2 * width, values.length);
      let left = start;
      let right = middle;
      for (let k = start; k < end; k++) {
        if (left < middle && (right >= end || values[left]! <= values[right]!)) buffer[k] = values[left++]!;
        else {
          inversions += middle - left;
          buffer[k] = values[right++]!;
        }
      }
      values.set(buffer.subarray(start, end), start);
    }
  }
  return inversions;
}

/**
 * Kendall's tau-b in O(N log N); NaN when a series is constant.
 * source: Knight 1966, J. Am. Stat. Assoc. 61, 436: exchanges of a merge sort count the discordant pairs.
 */
export function kendallTauB(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const n = sameLength(x, y);
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) => x[a]! - x[b]! || y[a]! - y[b]!);
  const total = (n * (n - 1)) / 2;
  const tiedX = tiedPairs(order, (a, b) => x[a] === x[b]);
  const tiedBoth = tiedPairs(order, (a, b) => x[a] === x[b] && y[a] === y[b]);
  const ordered = Float64Array.from(order, (i) => y[i]!);
  const discordant = countInversions(ordered, new Float64Array(n));
  const tiedY = tiedPairs(ordered, (a, b) => a === b);
  return (total - tiedX - tiedY + tiedBoth - 2 * discordant) / Math.sqrt((total - tiedX) * (total - tiedY));
}

/** Compounds from the best score down, in groups of equal scores: sorted once, read by many bootstrap draws. */
export interface ScreenOrder {
  /** Compound at each place [N]. */
  order: Uint32Array;
  /** First place of each group, and N at the end. */
  groupStarts: Uint32Array;
}

/** Higher scores first; throws RangeError for a score that is not finite. */
export function screenOrder(scores: ArrayLike<number>): ScreenOrder {
  for (let i = 0; i < scores.length; i++) {
    if (!Number.isFinite(scores[i]!)) throw new RangeError(`scores must be finite, found ${scores[i]} at ${i}`);
  }
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const starts: number[] = [];
  for (let k = 0; k < order.length; k++) if (k === 0 || scores[order[k]!] !== scores[order[k - 1]!]) starts.push(k);
  return { order, groupStarts: Uint32Array.from([...starts, order.length]) };
}

export interface ScreenStatistics {
  /** Enrichment factor at each fraction asked for. */
  enrichment: number[];
  rocAuc: number;
}

/**
 * Enrichment factors and ROC AUC of a ranking, with a weight for each compound (1, or its count in a bootstrap draw).
 *
 * Enrichment at f is (share of the actives in the first ⌈f·N⌉) / (share of the library looked at). Equal scores have no order: a group that
 * the limit cuts gives its actives in proportion. NaN without actives or without inactives.
 */
export function screenStatistics(
  { order, groupStarts }: ScreenOrder,
  active: ArrayLike<boolean | number>,
  fractions: readonly number[],
  weights?: ArrayLike<number>,
): ScreenStatistics {
  const groups = groupStarts.length - 1;
  const all = new Float64Array(groups);
  const hits = new Float64Array(groups);
  let total = 0;
  let actives = 0;
  for (let g = 0; g < groups; g++) {
    for (let k = groupStarts[g]!; k < groupStarts[g + 1]!; k++) {
      const compound = order[k]!;
      const weight = weights === undefined ? 1 : weights[compound]!;
      all[g]! += weight;
      if (active[compound]) hits[g]! += weight;
    }
    total += all[g]!;
    actives += hits[g]!;
  }
  const enrichment = fractions.map((fraction) => {
    // A fraction times N may stand an ulp above a whole number; that is not one compound more.
    const limit = Math.max(1, Math.ceil(total * fraction - 1e-9));
    let seen = 0;
    let found = 0;
    for (let g = 0; g < groups && seen < limit; g++) {
      if (all[g] === 0) continue;
      const share = Math.min(1, (limit - seen) / all[g]!);
      seen += share * all[g]!;
      found += share * hits[g]!;
    }
    return found / actives / (seen / total);
  });
  let above = 0;
  let wins = 0;
  for (let g = 0; g < groups; g++) {
    const inactive = all[g]! - hits[g]!;
    wins += inactive * (above + hits[g]! / 2);
    above += hits[g]!;
  }
  return { enrichment, rocAuc: wins / (actives * (total - actives)) };
}

/** Area under the ROC curve: the chance that an active scores above an inactive, ties counting one half. */
export const rocAuc = (scores: ArrayLike<number>, active: ArrayLike<boolean | number>): number =>
  screenStatistics(screenOrder(scores), active, []).rocAuc;

/** Enrichment factor in the first `fraction` of the ranking; see screenStatistics. */
export const enrichmentFactor = (scores: ArrayLike<number>, active: ArrayLike<boolean | number>, fraction: number): number =>
  screenStatistics(screenOrder(scores), active, [fraction]).enrichment[0]!;

/** Quantile by linear interpolation between order statistics (numpy's default). `sorted` ascending, 0 ≤ q ≤ 1. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) throw new RangeError('a quantile wants at least one value, found none');
  const place = q * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (place - low) * (sorted[high]! - sorted[low]!);
}

/** Percentile interval of bootstrap draws, finite ones only; null when fewer than 20 or under half of them are finite. */
export function percentileInterval(draws: ArrayLike<number>, confidence = 0.95): { low: number; high: number } | null {
  const finite = Float64Array.from(Array.from(draws).filter(Number.isFinite)).sort();
  if (finite.length < 20 || 2 * finite.length < draws.length) return null;
  const tail = (1 - confidence) / 2;
  return { low: quantile(finite, tail), high: quantile(finite, 1 - tail) };
}

/** Two-sided bootstrap p of "the difference is 0": twice the smaller share of draws on either side, never 0. */
export function bootstrapPValue(draws: ArrayLike<number>): number {
  let below = 0;
  let above = 0;
  for (let i = 0; i < draws.length; i++) {
    if (draws[i]! <= 0) below++;
    if (draws[i]! >= 0) above++;
  }
  return Math.min(1, (2 * (Math.min(below, above) + 1)) / (draws.length + 1));
}

export interface Clusters {
  /** Cluster of each item [N], from 0. */
  of: Uint32Array;
  count: number;
}

/** Clusters by equal name; an item with an empty name (an acyclic compound has no scaffold) is a cluster of its own. */
export function clustersOf(names: readonly string[]): Clusters {
  const numbers = new Map<string, number>();
  let count = 0;
  const of = Uint32Array.from(names, (name) => {
    const known = name === '' ? undefined : numbers.get(name);
    if (known !== undefined) return known;
    if (name !== '') numbers.set(name, count);
    return count++;
  });
  return { of, count };
}

/** Every item a cluster of its own: the plain bootstrap. */
export const singletons = (n: number): Clusters => ({ of: Uint32Array.from({ length: n }, (_, i) => i), count: n });

/**
 * Cluster bootstrap: whole clusters are drawn with replacement, and each statistic sees the same draws, so that differences are paired.
 *
 * `statistics` maps item weights [N] (how often the item's cluster was drawn; the array is reused) to K numbers.
 * shapes  result K arrays of [draws]
 */
export function clusterBootstrap(
  clusters: Clusters,
  draws: number,
  random: () => number,
  statistics: (weights: Float64Array) => readonly number[],
): Float64Array[] {
  const times = new Uint32Array(clusters.count);
  const weights = new Float64Array(clusters.of.length);
  const results: Float64Array[] = [];
  for (let draw = 0; draw < draws; draw++) {
    times.fill(0);
    for (let k = 0; k < clusters.count; k++) times[Math.min(clusters.count - 1, Math.floor(random() * clusters.count))]!++;
    for (let i = 0; i < weights.length; i++) weights[i] = times[clusters.of[i]!]!;
    statistics(weights).forEach((value, k) => {
      results[k] ??= new Float64Array(draws);
      results[k][draw] = value;
    });
  }
  return results;
}

/** Square root of the weighted mean of squared errors. */
export function weightedRmse(squaredErrors: ArrayLike<number>, weights?: ArrayLike<number>): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < squaredErrors.length; i++) {
    const weight = weights === undefined ? 1 : weights[i]!;
    sum += weight * squaredErrors[i]!;
    total += weight;
  }
  return Math.sqrt(sum / total);
}

/** Adjusted p-values of Holm's step-down method, in the order given. source: Holm 1979, Scand. J. Stat. 6, 65 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let largest = 0;
  order.forEach((i, step) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - step) * pValues[i]!));
    adjusted[i] = largest;
  });
  return adjusted;
}

/** Standard deviation with N - 1; NaN below two values. */
export function standardDeviation(values: ArrayLike<number>): number {
  let mean = 0;
  for (let i = 0; i < values.length; i++) mean += values[i]! / values.length;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - mean) ** 2;
  return Math.sqrt(sum / (values.length - 1));
}

/**
 * Compounds needed to show a gain of `gain` at 80 % power, 5 % two-sided: N = (2.8 sd / gain)², 2.8 = 1.96 + 0.84.
 * `sdOfDifference` is of the paired differences, in the unit of the gain.
 */
export const sampleSize = (sdOfDifference: number, gain = 0.05): number => Math.ceil(((2.8 * sdOfDifference) / gain) ** 2);
