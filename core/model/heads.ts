/**
 * Heads on fixed hidden features, quantum and classical twins, all trained the same way: what the audit compares.
 *
 * Every head but `ridge` sees the same k latent numbers z (the spectrum of the training features) and predicts the residual on an
 * offset, which is the classical prediction when the head is audited as a residual and 0 when it stands alone.
 */
import { seeded } from '@qefm/quantum';
import { dot, type Matrix, matrix, ridge, row } from '../math/linalg.ts';
import { adamDefaults, adamStep, zeroMoments } from '../math/optimizers.ts';
import { circuitTwin } from './circuit-twin.ts';
import { classicalTwin, type LatentFunction } from './classical-twins.ts';
import { affinityObjective, type Labels, objectiveDefaults, type Relation, rootMeanSquareError } from './objective.ts';
import { project, spectralProjection } from './quantum-head.ts';

export const headKinds = ['vqc', 'vqc-no-entangler', 'vqc-frozen', 'mlp', 'quadratic', 'linear', 'ridge'] as const;
export type HeadKind = (typeof headKinds)[number];

export interface HeadData {
  /** [N, d] */
  features: Matrix;
  /** Labels, pK. */
  target: Float64Array;
  /** Absent when every label is a measured value. */
  relations?: readonly Relation[];
  /** Added to what the head says, pK; absent means 0. */
  offset?: Float64Array;
}

export interface HeadOptions {
  seed: number;
  qubits?: number;
  layers?: number;
  latentSize?: number;
  steps?: number;
  learningRate?: number;
  weightDecay?: number;
  /** Validation is looked at every so many steps; the best parameters are kept. */
  evaluateEvery?: number;
  /** Penalties among which ridge chooses on the validation rows. */
  ridgeStrengths?: readonly number[];
}

export const headDefaults = {
  qubits: 6,
  layers: 3,
  latentSize: 8,
  steps: 400,
  learningRate: 0.03,
  weightDecay: 1e-3,
  evaluateEvery: 10,
  ridgeStrengths: [0.1, 1, 10, 100, 1000],
} as const;

export interface TrainedHead {
  kind: HeadKind;
  /** Numbers in the head, and those of them that were trained. */
  parameterCount: number;
  trainedCount: number;
  validationRmsePk: number;
  steps: number;
  /** shapes  features [N, d], offset [N] or absent; result [N], pK */
  predict(features: Matrix, offset?: Float64Array): Float64Array;
}

/**
 * Trains one head on the training rows; early stop by the validation rows.
 *
 * loss    mean Huber(0.5) with one-sided censored labels, no ranking term; AdamW on the full batch
 * throws  RangeError for arrays that do not belong together
 */
export function trainHead(
  kind: HeadKind,
  { train, validation }: { train: HeadData; validation: HeadData },
  options: HeadOptions,
): TrainedHead {
  const settings = { ...headDefaults, ...options };
  for (const data of [train, validation]) {
    const lengths = [data.target.length, data.offset?.length ?? data.target.length, data.relations?.length ?? data.target.length];
    if (lengths.some((length) => length !== data.features.rows)) {
      throw new RangeError(`${data.features.rows} rows of features but ${lengths.join(', ')} targets, offsets and relations`);
    }
  }
  if (kind === 'ridge') return trainRidge(train, validation, settings.ridgeStrengths);

  const latent = spectralProjection(train.features, settings.latentSize);
  const latents = (features: Matrix): Matrix => {
    if (features.columns !== train.features.columns) {
      throw new RangeError(`the head was trained on ${train.features.columns} features, found ${features.columns}`);
    }
    const z = matrix(features.rows, settings.latentSize);
    for (let m = 0; m < z.rows; m++) z.values.set(project(latent, row(features, m)), m * z.columns);
    return z;
  };
  const zTrain = latents(train.features);
  const meanResidual = residualMean(train);
  const random = seeded(settings.seed, 'head', kind);
  const head: LatentFunction =
    kind === 'mlp' || kind === 'quadratic' || kind === 'linear'
      ? classicalTwin(kind, settings, meanResidual, random)
      : circuitTwin(kind, settings, zTrain, meanResidual, random);
  const fitted = descend(head, { train, validation, zTrain, zValidation: latents(validation.features) }, settings);
  return {
    kind,
    parameterCount: head.initial.length,
    trainedCount: head.initial.length - head.held,
    validationRmsePk: fitted.validationRmsePk,
    steps: fitted.steps,
    predict: (features, offset) => withOffset(head.forward(fitted.parameters, latents(features)), offset),
  };
}

interface Descent {
  parameters: Float64Array;
  validationRmsePk: number;
  /** Steps taken up to the parameters that were kept. */
  steps: number;
}

function descend(
  head: LatentFunction,
  data: { train: HeadData; validation: HeadData; zTrain: Matrix; zValidation: Matrix },
  settings: { steps: number; learningRate: number; weightDecay: number; evaluateEvery: number },
): Descent {
  const parameters = head.initial.slice();
  const moments = zeroMoments(parameters.length);
  const labels = labelsOf(data.train);
  const validationError = () =>
    rootMeanSquareError(
      withOffset(head.forward(parameters, data.zValidation), data.validation.offset),
      labelsOf(data.validation),
    );
  let best: Descent = { parameters: parameters.slice(), validationRmsePk: validationError(), steps: 0 };
  for (let step = 1; step <= settings.steps; step++) {
    const y = withOffset(head.forward(parameters, data.zTrain), data.train.offset);
    const { dy } = affinityObjective(y, labels, { ...objectiveDefaults, rankingWeight: 0 });
    const gradient = head.backward(parameters, data.zTrain, dy);
    const free = head.held;
    adamStep(
      parameters.subarray(free),
      gradient.subarray(free),
      { first: moments.first.subarray(free), second: moments.second.subarray(free) },
      step,
      { ...adamDefaults, learningRate: settings.learningRate, weightDecay: settings.weightDecay },
    );
    if (step % settings.evaluateEvery !== 0 && step !== settings.steps) continue;
    const error = validationError();
    if (error < best.validationRmsePk) best = { parameters: parameters.slice(), validationRmsePk: error, steps: step };
  }
  return best;
}

/** Ridge on all features, its penalty chosen on the validation rows; censored labels are taken at their bound. */
function trainRidge(train: HeadData, validation: HeadData, strengths: readonly number[]): TrainedHead {
  const residual = train.target.map((value, m) => value - (train.offset?.[m] ?? 0));
  const predictor = (strength: number) => {
    const { weights, intercept } = ridge(train.features, residual, strength);
    return (features: Matrix, offset?: Float64Array) =>
      withOffset(
        Float64Array.from({ length: features.rows }, (_, m) => intercept + dot(weights, row(features, m))),
        offset,
      );
  };
  let best: { predict: TrainedHead['predict']; error: number } | undefined;
  for (const strength of strengths) {
    const predict = predictor(strength);
    const error = rootMeanSquareError(predict(validation.features, validation.offset), labelsOf(validation));
    if (best === undefined || error < best.error) best = { predict, error };
  }
  if (best === undefined) throw new RangeError('ridge wants at least one strength');
  const count = train.features.columns + 1;
  return {
    kind: 'ridge',
    parameterCount: count,
    trainedCount: count,
    validationRmsePk: best.error,
    steps: 0,
    predict: best.predict,
  };
}

function labelsOf({ target, relations }: HeadData): Labels {
  return { pK: target, relations: relations ?? Array.from(target, () => '=' as const) };
}

function residualMean({ target, offset }: HeadData): number {
  return target.reduce((sum, value, m) => sum + value - (offset?.[m] ?? 0), 0) / target.length;
}

function withOffset(values: Float64Array, offset: Float64Array | undefined): Float64Array {
  return offset === undefined ? values : values.map((value, m) => value + offset[m]!);
}
