/**
 * The quantum head against its classical twins and its own controls: same split, same features, same optimiser, on what the classical model
 * leaves over, as in the product. Quick by default: three seeds on one split.
 */
import type { HeadAudit, HeadFacts, HeadKey } from '../contracts/report.ts';
import type { Matrix } from '../math/linalg.ts';
import { clustersOf } from '../math/statistics.ts';
import type { HeadData, HeadKind, HeadOptions, TrainedHead } from '../model/heads.ts';
import { EQUIVALENCE_BOUND_PK, headLabels, judge } from './verdict.ts';

/** The shape of `trainHead` in core/model/heads.ts. */
export type TrainHead = (kind: HeadKind, data: { train: HeadData; validation: HeadData }, options: HeadOptions) => TrainedHead;

/** Rows with features, measured pK and what the classical model says about them. */
export interface AuditRows {
  /** [N, d] */
  features: Matrix;
  /** [N] */
  pK: Float64Array;
  relations: readonly ('=' | '<' | '>')[];
  /** Prediction of the classical model, pK [N]. */
  classicalPk: Float64Array;
}

export interface AuditRequest {
  train: AuditRows;
  validation: AuditRows;
  test: AuditRows;
  /** Murcko scaffolds of the test rows, empty for acyclic compounds. */
  testScaffolds: readonly string[];
  trainHead: TrainHead;
  /** One per repetition; three in the product. */
  seeds: readonly number[];
  head: Omit<HeadOptions, 'seed'>;
  /** Uniform on [0, 1): shuffles labels and draws the bootstrap. */
  random: () => number;
  draws?: number;
}

const trainedKinds: readonly (readonly [HeadKey, HeadKind])[] = [
  ['ridge', 'ridge'],
  ['mlp', 'mlp'],
  ['quadratic', 'quadratic'],
  ['quantum-no-entanglers', 'vqc-no-entangler'],
  ['quantum-frozen', 'vqc-frozen'],
  ['quantum', 'vqc'],
  ['quantum-shuffled', 'vqc'],
];
/** Those without randomness of their own are trained once. */
const deterministic: ReadonlySet<HeadKey> = new Set(['mean', 'ridge']);

const headData = ({ features, pK, relations, classicalPk }: AuditRows): HeadData => ({
  features,
  target: pK,
  relations,
  offset: classicalPk,
});

/** Residuals change owners; relations and predictions stay, so that only the link between features and residual is cut. */
function shuffled({ features, pK, relations, classicalPk }: AuditRows, random: () => number): HeadData {
  const order = Array.from(pK, (_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.min(i, Math.floor(random() * (i + 1)));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return {
    features,
    target: classicalPk.map((value, i) => value + pK[order[i]!]! - classicalPk[order[i]!]!),
    relations: order.map((i) => relations[i]!),
    offset: classicalPk,
  };
}

function meanResidual({ pK, relations, classicalPk }: AuditRows): number {
  const residuals = Array.from(pK, (value, i) => value - classicalPk[i]!).filter((_, i) => relations[i] === '=');
  return residuals.length === 0 ? 0 : residuals.reduce((sum, value) => sum + value, 0) / residuals.length;
}

/**
 * Trains every head once per seed and judges the trained circuit.
 *
 * Only exactly measured test compounds count. The squared error of a compound is averaged over seeds before the bootstrap, so that seeds do
 * not pass for compounds. Throws RangeError when the test rows do not belong together or hold no measured value.
 */
export function auditHeads(request: AuditRequest): HeadAudit {
  const { train, validation, test, testScaffolds, trainHead, seeds, head, random, draws = 2000 } = request;
  if (testScaffolds.length !== test.pK.length) {
    throw new RangeError(`${test.pK.length} test compounds want as many scaffolds, found ${testScaffolds.length}`);
  }
  const counted = Array.from(test.pK, (_, i) => i).filter((i) => test.relations[i] === '=');
  if (counted.length === 0) throw new RangeError(`the audit wants measured test compounds, found none among ${test.pK.length}`);
  if (seeds.length === 0) throw new RangeError('the audit wants at least one seed, found none');

  const squaredErrors = {} as Record<HeadKey, Float64Array>;
  const parameterCounts = {} as Record<HeadKey, number>;
  const keep = (key: HeadKey, predictions: readonly Float64Array[]) => {
    squaredErrors[key] = Float64Array.from(
      counted,
      (i) => predictions.reduce((sum, predicted) => sum + (predicted[i]! - test.pK[i]!) ** 2, 0) / predictions.length,
    );
  };

  const shift = meanResidual(train);
  keep('mean', [test.classicalPk.map((value) => value + shift)]);
  parameterCounts.mean = 1;
  const plain = { train: headData(train), validation: headData(validation) };
  for (const [key, kind] of trainedKinds) {
    const predictions = (deterministic.has(key) ? seeds.slice(0, 1) : seeds).map((seed) => {
      const data =
        key === 'quantum-shuffled' ? { train: shuffled(train, random), validation: shuffled(validation, random) } : plain;
      const trained = trainHead(kind, data, { ...head, seed });
      parameterCounts[key] = trained.trainedCount;
      return trained.predict(test.features, test.classicalPk);
    });
    keep(key, predictions);
  }

  const clusters = clustersOf(counted.map((i) => testScaffolds[i]!));
  const { rmsePk, ...judged } = judge({ depth: 'quick', squaredErrors, clusters, random, draws });
  const heads = (['mean', ...trainedKinds.map(([key]) => key)] as const).map(
    (key): HeadFacts => ({
      key,
      label: headLabels[key],
      parameterCount: parameterCounts[key],
      rmsePk: rmsePk[key],
      costMicroUsd: 0,
    }),
  );
  return {
    depth: 'quick',
    compounds: counted.length,
    scaffolds: clusters.count,
    seeds: seeds.length,
    splits: 1,
    equivalenceBoundPk: EQUIVALENCE_BOUND_PK,
    heads,
    ...judged,
  };
}
