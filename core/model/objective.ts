/** The loss of affinity training and its derivative in the predictions (docs/science.md: L_aff). */

export type Relation = '=' | '<' | '>';

/** Labels of a batch, in pK units; '>' means that the true pK is larger than the value. */
export interface Labels {
  pK: Float64Array;
  relations: readonly Relation[];
}

export interface ObjectiveSettings {
  /** Where Huber turns from square to linear, pK. */
  huberDelta: number;
  /** Weight of the pair ranking term. */
  rankingWeight: number;
}

export const objectiveDefaults: ObjectiveSettings = { huberDelta: 0.5, rankingWeight: 0.3 };

export interface Objective {
  loss: number;
  /** dL/dy [B]. */
  dy: Float64Array;
}

/**
 * Mean Huber loss plus the ranking weight times the mean of log(1 + exp(-(y_i - y_j))) over pairs whose order is certain,
 * i being the tighter binder. A censored label counts only on its wrong side, and its pairs only where the bound decides the order.
 * All labels are of one quantity; mixing IC50 and Ki is refused earlier, in assay curation.
 *
 * shapes  y [B], labels of the same B
 * source  Huber 1964; pair term: Burges et al. 2005 (RankNet), equation 3
 */
export function affinityObjective(
  y: Float64Array,
  { pK, relations }: Labels,
  { huberDelta, rankingWeight }: ObjectiveSettings = objectiveDefaults,
): Objective {
  const B = y.length;
  const dy = new Float64Array(B);
  let huber = 0;
  for (let i = 0; i < B; i++) {
    const error = y[i]! - pK[i]!;
    if ((relations[i] === '>' && error >= 0) || (relations[i] === '<' && error <= 0)) continue;
    const size = Math.abs(error);
    huber += size <= huberDelta ? 0.5 * error * error : huberDelta * (size - 0.5 * huberDelta);
    dy[i] = (size <= huberDelta ? error : huberDelta * Math.sign(error)) / B;
  }
  if (rankingWeight === 0 || B < 2) return { loss: huber / Math.max(B, 1), dy };
  let pairs = 0;
  let ranking = 0;
  const pairSlope = new Float64Array(B);
  for (let i = 0; i < B; i++) {
    // A label that may lie anywhere below its value is never surely the tighter one.
    if (relations[i] === '<') continue;
    for (let j = 0; j < B; j++) {
      if (relations[j] === '>' || !(pK[i]! > pK[j]!)) continue;
      const margin = y[i]! - y[j]!;
      const tail = Math.exp(-Math.abs(margin));
      ranking += Math.log1p(tail) + Math.max(0, -margin);
      const slope = margin >= 0 ? tail / (1 + tail) : 1 / (1 + tail);
      pairSlope[i]! -= slope;
      pairSlope[j]! += slope;
      pairs++;
    }
  }
  if (pairs > 0) for (let i = 0; i < B; i++) dy[i]! += (rankingWeight * pairSlope[i]!) / pairs;
  return { loss: huber / B + (pairs > 0 ? (rankingWeight * ranking) / pairs : 0), dy };
}

/** Errors of predictions against labels: 0 where a censored label is not contradicted. */
export function labelErrors(y: Float64Array, { pK, relations }: Labels): Float64Array {
  return y.map((value, i) => {
    const error = value - pK[i]!;
    return (relations[i] === '>' && error >= 0) || (relations[i] === '<' && error <= 0) ? 0 : error;
  });
}

/** Root mean square of `labelErrors`, pK; NaN for no labels. */
export function rootMeanSquareError(y: Float64Array, labels: Labels): number {
  return Math.sqrt(labelErrors(y, labels).reduce((sum, error) => sum + error * error, 0) / y.length);
}
