/** Headers of the tensor files that carry a trained model, and the state of its training. */
import { z } from 'zod';
import { Count, Finite, Seed } from './primitives.ts';

const Positive = z.number().positive();

export const BackboneShape = z.strictObject({ descriptors: Count, bits: Count, width: Count, features: Count });
export const HeadShape = z.strictObject({
  qubits: z.int().min(2).max(10),
  layers: Count,
  entangler: z.enum(['ring', 'line', 'none']),
  latentSize: z.int().min(1),
  features: Count,
});

/** Split-conformal intervals: half width = quantile * (floor + slope * (1 - similarity to the nearest training compound)). */
export const Calibration = z.strictObject({
  quantile: Positive,
  floorPk: Positive,
  slopePk: z.number().min(0),
  coverage: z.number().gt(0).lt(1),
  /** Compounds behind the quantile, and where they came from when the calibration split alone was too small. */
  compounds: Count,
  source: z.enum(['calibration', 'calibration+validation', 'calibration+validation+train']),
});

/** An interval for the residual's weight s found by the audit; a closed gate returns the classical prediction. */
export const HeadGate = z.strictObject({ scale: Finite, low: Finite, high: Finite, open: z.boolean() });

/**
 * Header of `affinity-model/1`. Tensors: `scaling/means`, `scaling/deviations` f64 [D]; `classical` f64 [backbone];
 * with a quantum head also `hybrid/backbone` f64 [backbone] and `hybrid/head` f64 [head]; of the N labelled compounds
 * `labelled/pK` f64 [N], `labelled/descriptors` f64 [N, D], `labelled/fingerprints` u8 [N, 256].
 */
export const AffinityModelHeader = z.strictObject({
  schema: z.literal('affinity-model/1'),
  seed: Seed,
  descriptorNames: z.array(z.string()),
  backbone: BackboneShape,
  head: z.strictObject({ shape: HeadShape, normSquare: Positive }).nullable(),
  classicalTraining: z.strictObject({
    epochs: Count,
    bestEpoch: Count,
    trainLoss: z.array(Finite),
    validationRmsePk: z.array(Finite),
  }),
  calibration: z.strictObject({ classical: Calibration, hybrid: Calibration.nullable() }),
  gate: HeadGate.nullable(),
  /** A compound less similar than this to every training compound is outside the model's domain. */
  domainSimilarity: z.number().min(0).max(1),
  labelled: z.strictObject({
    ids: z.array(z.string()),
    relations: z.array(z.enum(['=', '<', '>'])),
    splits: z.array(z.enum(['train', 'validation', 'calibration'])),
  }),
});

/**
 * Header of `head-form/1`, the trained head without its circuit: y = y_c + (c0, z)^T Q (c0, z) + b with z = E u + e. Tensors, f64:
 * `form` Q [k + 1, k + 1], `projection` E [k, U], `shift` e [k].
 */
export const HeadFormHeader = z.strictObject({
  schema: z.literal('head-form/1'),
  shape: HeadShape,
  /** c0 */
  bias: Positive,
  /** b */
  offsetPk: Finite,
});

export const LearningSettings = z.strictObject({
  optimizer: z.enum(['adam', 'sgd']),
  headRate: z.number().min(0),
  /** The backbone learns at this share of the head's rate, unless it is frozen. */
  backboneShare: z.number().min(0),
  frozenBackbone: z.boolean(),
  weightDecay: z.number().min(0),
  /** False holds the angles: their gradient costs 2 P circuits a compound on a device. */
  trainAngles: z.boolean(),
  /** Latent directions that are differentiated, the strongest first; the rest count as 0. */
  directions: z.int().min(1),
});

export const TrainSettings = z.strictObject({
  ...LearningSettings.shape,
  steps: Count,
  batch: z.int().min(2),
  /** The exact validation error is looked at every so many steps. */
  evaluateEvery: z.int().min(1),
});

export const RefineSettings = z.strictObject({
  ...LearningSettings.shape,
  steps: z.int().min(0).max(5),
  /** Labelled compounds in each gradient step, all candidates together. */
  neighbours: z.int().min(1),
  /** Compounds held to the trained model's own predictions, and the weight of that term. */
  anchors: Count,
  anchorWeight: z.number().min(0),
});

const LossCurve = z.strictObject({
  /** After each step. */
  loss: z.array(Finite),
  gradientVariance: z.array(Finite.nullable()),
  validation: z.array(z.strictObject({ iteration: Count, rmsePk: Finite })),
});

const stateFields = {
  schema: z.literal('affinity-state/1'),
  seed: Seed,
  iteration: Count,
  phase: z.enum(['first-forward', 'expectations', 'gradient', 'last-forward', 'done']),
  head: z.strictObject({ shape: HeadShape, normSquare: Positive }),
  circuits: Count,
  curve: LossCurve,
  best: z.strictObject({ iteration: Count, loss: Finite }).nullable(),
  model: AffinityModelHeader,
};

/**
 * Header of `affinity-state/1`. Tensors: the model's under `model/`; `backbone`, `head` and their moments
 * `moments/backbone/first` ... f64; `pending` f64 [B, M] between the two rounds of a step; `best/backbone`, `best/head`;
 * for refinement `candidates/descriptors`, `candidates/fingerprints`, `neighbours` and `anchors` i32 (rows of the labelled set),
 * `before`, `after` f64 [candidates] and their standard errors `beforeError`, `afterError`.
 */
export const AffinityStateHeader = z.discriminatedUnion('stage', [
  z.strictObject({ ...stateFields, stage: z.literal('train'), settings: TrainSettings }),
  z.strictObject({ ...stateFields, stage: z.literal('refine'), settings: RefineSettings, candidates: Count }),
]);

export type Calibration = z.infer<typeof Calibration>;
export type HeadGate = z.infer<typeof HeadGate>;
export type AffinityModelHeader = z.infer<typeof AffinityModelHeader>;
export type HeadFormHeader = z.infer<typeof HeadFormHeader>;
export type AffinityStateHeader = z.infer<typeof AffinityStateHeader>;
export type LearningSettings = z.infer<typeof LearningSettings>;
export type TrainSettings = z.infer<typeof TrainSettings>;
export type RefineSettings = z.infer<typeof RefineSettings>;
