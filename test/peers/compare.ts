/** Whether two simulators agree: exact values to 1e-10, samples by their distance from the exact distribution. */

import type { JsonValue } from '../../quantum/index.ts';

export const TOLERANCE = 1e-10;
/** Standard deviations that a sampled mean, or a chi-square in its normal form, may lie off; the seeds are fixed, so no run differs. */
const MOST_DEVIATIONS = 6;

/** Largest distance of numbers anywhere in two JSON values of equal shape; infinite where the shapes differ. */
export function distance(a: JsonValue | undefined, b: JsonValue | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return Number.isNaN(a - b) ? Number.POSITIVE_INFINITY : Math.abs(a - b);
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return Number.POSITIVE_INFINITY;
    return a.reduce<number>((most, item, i) => Math.max(most, distance(item, b[i])), 0);
  }
  if (isRecord(a) && isRecord(b)) {
    const keys = Object.keys(a).sort();
    if (keys.join() !== Object.keys(b).sort().join()) return Number.POSITIVE_INFINITY;
    return keys.reduce((most, key) => Math.max(most, distance(a[key], b[key])), 0);
  }
  return a === b ? 0 : Number.POSITIVE_INFINITY;
}

function isRecord(value: JsonValue | undefined): value is Readonly<Record<string, JsonValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Counts against probabilities: null where they fit, otherwise what does not. */
export function chiSquareProblem(counts: readonly number[], probabilities: readonly number[]): string | null {
  const shots = counts.reduce((sum, count) => sum + count, 0);
  let statistic = 0;
  let freedom = -1;
  let rareCount = 0;
  let rareWanted = 0;
  counts.forEach((count, i) => {
    const wanted = shots * probabilities[i]!;
    if (wanted >= 5) {
      statistic += (count - wanted) ** 2 / wanted;
      freedom++;
    } else {
      rareCount += count;
      rareWanted += wanted;
    }
  });
  // Outcomes too rare for the approximation are one class, and a class of its own too rare is bounded as a Poisson count.
  if (rareWanted >= 5) {
    statistic += (rareCount - rareWanted) ** 2 / rareWanted;
    freedom++;
  } else if (rareCount > rareWanted + MOST_DEVIATIONS * Math.sqrt(rareWanted + 1e-9) + (rareWanted > 1e-9 ? 6 : 0)) {
    return `${rareCount} rare outcomes found, ${rareWanted} wanted`;
  }
  if (freedom < 1) return null;
  // Wilson and Hilferty 1931: the cube root of chi-square over its freedom is nearly normal.
  const spread = 2 / (9 * freedom);
  const deviations = (Math.cbrt(statistic / freedom) - (1 - spread)) / Math.sqrt(spread);
  return deviations > MOST_DEVIATIONS ? `chi-square ${statistic} with ${freedom} degrees of freedom` : null;
}

/** A mean of `shots` samples against the exact mean and variance. */
export function meanProblem(found: number, mean: number, variance: number, shots: number): string | null {
  const most = MOST_DEVIATIONS * Math.sqrt(Math.max(variance, 0) / shots) + TOLERANCE;
  return Math.abs(found - mean) <= most ? null : `mean ${found} found, ${mean} ± ${most} wanted`;
}
