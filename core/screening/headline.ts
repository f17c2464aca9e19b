/** The headline of a retrospective screen: each way of ranking against the measured truth, with bootstrap intervals from shared draws. */
import type { EnrichmentCurve, Headline, Interval, ScorerKey, ScreeningRow } from '../contracts/report.ts';
import {
  clusterBootstrap,
  clustersOf,
  kendallTauB,
  percentileInterval,
  screenOrder,
  screenStatistics,
  singletons,
  spearman,
} from '../math/statistics.ts';

export interface HeadlineRequest {
  /** Scores of every compound of the library [N], higher is better, by scorer. */
  scores: Partial<Record<ScorerKey, ArrayLike<number>>>;
  /** Measured pK [N], NaN where there is none. */
  truthPk: ArrayLike<number>;
  /** Half width of each compound's interval, pK [N]; with it the share of measured compounds inside is counted. */
  halfWidthPk?: ArrayLike<number>;
  /** Scaffold of each compound [N]: those of one name are drawn together, those without are drawn by themselves. */
  scaffolds?: readonly string[];
  activeFromPk: number;
  quantity: string;
  random: () => number;
  draws?: number;
  confidence?: number;
}

const FRACTIONS = [0.01, 0.05] as const;
/** Those that predict a pK and so have an interval around it. */
const PREDICTORS: ReadonlySet<ScorerKey> = new Set(['classical', 'hybrid', 'refined']);
/** Compounds × draws that the library's bootstrap may visit; larger libraries get fewer draws, which the page states. */
const WORK_LIMIT = 2e7;
const MINIMUM_DRAWS = 200;

function withInterval(value: number, draws: Float64Array | undefined, confidence: number): Interval | null {
  if (!Number.isFinite(value) || draws === undefined) return null;
  const range = percentileInterval(draws, confidence);
  return { value, low: range?.low ?? null, high: range?.high ?? null };
}

/**
 * Measured pK by the ids of the rows that were kept: the label of a row that was merged into an equal compound goes with the compound. Where both
 * carry one, that of the kept row stands; of several merged rows the first.
 */
export function labelsOfKept(
  truth: ReadonlyMap<string, number>,
  duplicates: readonly { id: string; keptId: string }[],
): Map<string, number> {
  const labels = new Map(truth);
  for (const { id, keptId } of duplicates) {
    const pK = truth.get(id);
    if (pK !== undefined && !labels.has(keptId)) labels.set(keptId, pK);
  }
  return labels;
}

/** Fraction of actives found by fraction of the library looked at, at up to 80 places spread evenly on a logarithmic axis. */
export function enrichmentCurve(scorer: ScorerKey, scores: ArrayLike<number>, active: readonly boolean[]): EnrichmentCurve {
  const order = screenOrder(scores);
  const total = active.length;
  const places = new Set(Array.from({ length: 80 }, (_, i) => Math.max(1, Math.round(total ** (i / 79)))));
  const fractions = [...places].sort((a, b) => a - b).map((place) => place / total);
  const found = screenStatistics(order, active, fractions).enrichment.map((factor, i) => Math.min(1, factor * fractions[i]!));
  return { scorer, screened: fractions, found };
}

/**
 * Correlations within the measured compounds, enrichment and ROC AUC over the whole library (no measurement counts as inactive).
 * Null numbers where they have no meaning: fewer than 3 measured compounds, no active, no inactive.
 * Throws RangeError when a scorer, the scaffolds and the truth differ in length.
 */
export function screeningHeadline(request: HeadlineRequest): Headline {
  const { truthPk, activeFromPk, quantity, random, confidence = 0.95 } = request;
  const total = truthPk.length;
  const scorers = (Object.entries(request.scores) as [ScorerKey, ArrayLike<number>][]).filter(
    ([, values]) => values !== undefined,
  );
  for (const [scorer, values] of scorers) {
    if (values.length !== total) throw new RangeError(`${scorer}: ${total} scores are wanted, found ${values.length}`);
  }
  const active = Array.from(truthPk, (pK) => pK >= activeFromPk);
  const measured = Array.from(truthPk, (pK, i) => (Number.isNaN(pK) ? -1 : i)).filter((i) => i >= 0);
  const activeCount = active.filter(Boolean).length;
  const draws = Math.max(MINIMUM_DRAWS, Math.min(request.draws ?? 2000, Math.floor(WORK_LIMIT / Math.max(1, total))));

  const { scaffolds } = request;
  if (scaffolds !== undefined && scaffolds.length !== total) {
    throw new RangeError(`scaffolds: ${total} are wanted, found ${scaffolds.length}`);
  }
  const clusters = scaffolds === undefined ? singletons(total) : clustersOf(scaffolds);
  const measuredClusters = scaffolds === undefined ? singletons(measured.length) : clustersOf(measured.map((i) => scaffolds[i]!));

  const orders = scorers.map(([, values]) => screenOrder(values));
  const canScreen = activeCount > 0 && activeCount < total;
  const screenDraws = canScreen
    ? clusterBootstrap(clusters, draws, random, (weights) =>
        orders.flatMap((order) => {
          const { enrichment, rocAuc } = screenStatistics(order, active, FRACTIONS, weights);
          return [...enrichment, rocAuc];
        }),
      )
    : [];

  const truth = measured.map((i) => truthPk[i]!);
  const within = scorers.map(([, values]) => measured.map((i) => values[i]!));
  const canCorrelate = measured.length >= 3;
  const rankDraws = canCorrelate
    ? clusterBootstrap(measuredClusters, draws, random, (weights) => {
        const chosen: number[] = [];
        weights.forEach((times, i) => {
          for (let k = 0; k < times; k++) chosen.push(i);
        });
        const drawn = chosen.map((i) => truth[i]!);
        return within.flatMap((values) => {
          const picked = chosen.map((i) => values[i]!);
          return [spearman(picked, drawn), kendallTauB(picked, drawn)];
        });
      })
    : [];
  const inside = scorers.map(([scorer, values]) =>
    request.halfWidthPk === undefined || !PREDICTORS.has(scorer)
      ? null
      : measured.map((i) => (Math.abs(values[i]! - truthPk[i]!) <= request.halfWidthPk![i]! ? 1 : 0)),
  );
  const share = (hits: readonly number[], weights?: ArrayLike<number>) =>
    hits.reduce<number>((sum, hit, i) => sum + hit * (weights?.[i] ?? 1), 0) /
    (weights === undefined ? hits.length : hits.reduce<number>((sum, _, i) => sum + weights[i]!, 0));
  const insideDraws = canCorrelate
    ? clusterBootstrap(measuredClusters, draws, random, (weights) =>
        inside.map((hits) => (hits === null ? Number.NaN : share(hits, weights))),
      )
    : [];

  const rows = scorers.map(([scorer], k): ScreeningRow => {
    const screen = canScreen ? screenStatistics(orders[k]!, active, FRACTIONS) : null;
    return {
      scorer,
      enrichmentAt1Percent: screen && withInterval(screen.enrichment[0]!, screenDraws[3 * k], confidence),
      enrichmentAt5Percent: screen && withInterval(screen.enrichment[1]!, screenDraws[3 * k + 1], confidence),
      rocAuc: screen && withInterval(screen.rocAuc, screenDraws[3 * k + 2], confidence),
      spearman: canCorrelate ? withInterval(spearman(within[k]!, truth), rankDraws[2 * k], confidence) : null,
      kendall: canCorrelate ? withInterval(kendallTauB(within[k]!, truth), rankDraws[2 * k + 1], confidence) : null,
      coverage: canCorrelate && inside[k] ? withInterval(share(inside[k]), insideDraws[k], confidence) : null,
    };
  });
  return {
    quantity,
    activeFromPk,
    libraryCount: total,
    measuredCount: measured.length,
    measuredScaffolds: scaffolds === undefined ? null : measuredClusters.count,
    activeCount,
    bootstrapDraws: draws,
    confidence,
    scorers: rows,
    curves: canScreen ? scorers.map(([scorer, values]) => enrichmentCurve(scorer, values, active)) : [],
  };
}
