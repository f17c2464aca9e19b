/** Intervals that hold their coverage on compounds the training never saw, wider where the training set is far. */

import { TooFewLabels } from '../contracts/errors.ts';
import type { Calibration } from '../contracts/model.ts';

export type Split = 'train' | 'validation' | 'calibration';

/** One labelled compound with a measured (not censored) value. */
export interface Residual {
  split: Split;
  /** |prediction - label|, pK. */
  error: number;
  /** Tanimoto similarity to the nearest training compound other than itself. */
  similarity: number;
}

/** Below this number of compounds no finite 90 % quantile exists: ceil(0.9 (n + 1)) > n. */
const leastCompounds = (coverage: number) => Math.ceil(coverage / (1 - coverage) - 1e-9);
const FLOOR_PK = 0.1;

/**
 * Split-conformal calibration with a spread that grows with the distance to the training set.
 *
 * The spread floor + slope (1 - similarity) is a least-squares line through the validation errors, so the calibration split stays
 * untouched until its quantile of error / spread is taken. Too small a calibration split is filled up from validation, then from
 * training (where errors are too small: `source` tells it).
 *
 * throws  TooFewLabels when all splits together are too few
 * source  Lei et al. 2018, J. Am. Stat. Assoc. 113:1094, section 5.2 (locally weighted split conformal)
 */
export function calibrate(residuals: readonly Residual[], coverage = 0.9): Calibration {
  const of = (...splits: Split[]) => residuals.filter(({ split }) => splits.includes(split));
  const wanted = leastCompounds(coverage);
  const sources = [
    { source: 'calibration', used: of('calibration') },
    { source: 'calibration+validation', used: of('calibration', 'validation') },
    { source: 'calibration+validation+train', used: of('calibration', 'validation', 'train') },
  ] as const;
  const chosen = sources.find(({ used }) => used.length >= wanted);
  if (chosen === undefined) {
    throw new TooFewLabels(`an interval of ${coverage} coverage wants ${wanted} measured labels, found ${residuals.length}`);
  }
  const { floorPk, slopePk } = spreadLine(of('validation').length >= 10 ? of('validation') : chosen.used);
  const scores = chosen.used.map(({ error, similarity }) => error / (floorPk + slopePk * (1 - similarity))).sort((a, b) => a - b);
  const rank = Math.ceil(coverage * (scores.length + 1));
  // A model that is exact on every calibration compound still gets a width above nothing.
  const quantile = Math.max(scores[rank - 1]!, 1e-3);
  return { quantile, floorPk, slopePk, coverage, compounds: scores.length, source: chosen.source };
}

/** Half width of the interval at a given similarity to the nearest training compound, pK. */
export function halfWidthPk({ quantile, floorPk, slopePk }: Calibration, similarity: number): number {
  return quantile * (floorPk + slopePk * (1 - similarity));
}

/** Least-squares line of the error on the distance, kept positive and not falling. */
function spreadLine(residuals: readonly Residual[]): { floorPk: number; slopePk: number } {
  const n = residuals.length;
  const meanDistance = residuals.reduce((sum, { similarity }) => sum + (1 - similarity), 0) / n;
  const meanError = residuals.reduce((sum, { error }) => sum + error, 0) / n;
  let cross = 0;
  let square = 0;
  for (const { error, similarity } of residuals) {
    cross += (1 - similarity - meanDistance) * (error - meanError);
    square += (1 - similarity - meanDistance) ** 2;
  }
  const slope = square > 1e-12 ? Math.max(0, cross / square) : 0;
  const floor = meanError - slope * meanDistance;
  if (floor >= FLOOR_PK) return { floorPk: floor, slopePk: slope };
  // The line would reach zero for near compounds: keep its mean, lift its foot.
  return { floorPk: FLOOR_PK, slopePk: meanDistance > 1e-12 ? Math.max(0, (meanError - FLOOR_PK) / meanDistance) : 0 };
}

/** The value below which `share` of the values lie; 0 for no values. */
export function quantileOf(values: readonly number[], share: number): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}
