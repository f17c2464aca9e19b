/** The model of a run: classical network, quantum head on it, the labelled compounds behind both, and what they say of a library. */
import { FINGERPRINT_BYTES } from '../contracts/artifacts.ts';
import { TooFewLabels } from '../contracts/errors.ts';
import type { Calibration, HeadGate } from '../contracts/model.ts';
import type { Matrix } from '../math/linalg.ts';
import { type BackboneShape, backboneForward } from './backbone.ts';
import { calibrate, halfWidthPk, quantileOf, type Residual, type Split } from './calibration.ts';
import { type FeatureTable, fitScaling, type Inputs, prepareInputs, type Scaling } from './features.ts';
import { exportHead, formPredictions } from './head-form.ts';
import { type Labels, labelErrors } from './objective.ts';
import type { QuantumHead } from './quantum-head.ts';
import { indexFingerprints, nearest, type SimilarityIndex, similarities } from './similarity.ts';
import { type ClassicalSettings, type ClassicalTraining, classicalDefaults, trainBackbone } from './train-classical.ts';

/** The labelled compounds of a run; N of them, in the order of the labelled-set artifact. */
export interface LabelledCompounds extends Labels {
  ids: readonly string[];
  splits: readonly Split[];
  features: FeatureTable;
}

export interface HybridWeights {
  backbone: Float64Array;
  head: QuantumHead;
}

export interface AffinityModel {
  seed: number;
  descriptorNames: readonly string[];
  scaling: Scaling;
  shape: BackboneShape;
  /** y_c: trained first, then never changed. */
  classical: Float64Array;
  classicalTraining: Omit<ClassicalTraining, 'shape' | 'weights'>;
  /** Null before the hybrid training is finished. */
  hybrid: HybridWeights | null;
  labelled: LabelledCompounds;
  calibration: { classical: Calibration; hybrid: Calibration | null };
  gate: HeadGate | null;
  domainSimilarity: number;
}

/** Fewer training labels than this are refused rather than fitted. */
const LEAST_TRAINING_LABELS = 10;
/** Share of unseen labelled compounds that may count as outside the domain. */
const OUTSIDE_SHARE = 0.05;

export function rowsOf({ splits }: LabelledCompounds, ...wanted: Split[]): number[] {
  return splits.flatMap((split, i) => (wanted.includes(split) ? [i] : []));
}

/**
 * Trains the classical model and calibrates its intervals.
 *
 * throws  TooFewLabels for fewer than 10 training labels or none for validation
 */
export function trainClassicalModel(
  labelled: LabelledCompounds,
  descriptorNames: readonly string[],
  seed: number,
  settings: ClassicalSettings = classicalDefaults,
): AffinityModel {
  const train = rowsOf(labelled, 'train');
  const validation = rowsOf(labelled, 'validation');
  if (train.length < LEAST_TRAINING_LABELS || validation.length === 0) {
    throw new TooFewLabels(
      `training wants ${LEAST_TRAINING_LABELS} training labels and 1 for validation, found ${train.length} and ${validation.length}`,
    );
  }
  const scaling = fitScaling(labelled.features, train);
  const inputs = prepareInputs(labelled.features, scaling);
  const { shape, weights, ...classicalTraining } = trainBackbone(inputs, labelled, { train, validation }, settings, seed);
  const all = labelled.splits.map((_, i) => i);
  const reach = trainingSimilarities(labelled, inputs);
  const unseen = rowsOf(labelled, 'validation', 'calibration').map((i) => reach[i]!);
  return {
    seed,
    descriptorNames,
    scaling,
    shape,
    classical: weights,
    classicalTraining,
    hybrid: null,
    labelled,
    calibration: {
      classical: calibrateRows(labelled, backboneForward(shape, weights, inputs, all).y, reach),
      hybrid: null,
    },
    gate: null,
    domainSimilarity: quantileOf(unseen, OUTSIDE_SHARE),
  };
}

/** By the scaling, which every training makes anew; the same table may serve models of other splits. */
const preparedInputs = new WeakMap<Scaling, Inputs>();

/** The labelled compounds as the backbone reads them, kept as long as the model's scaling lives. */
export function labelledInputs({ labelled: { features }, scaling }: Pick<AffinityModel, 'labelled' | 'scaling'>): Inputs {
  const known = preparedInputs.get(scaling);
  if (known !== undefined) return known;
  const inputs = prepareInputs(features, scaling);
  preparedInputs.set(scaling, inputs);
  return inputs;
}

/** The same model with a trained quantum head and intervals for its predictions. */
export function withHybrid(model: AffinityModel, hybrid: HybridWeights): AffinityModel {
  const inputs = labelledInputs(model);
  const predictions = hybridScores(model.shape, hybrid, inputs);
  const reach = trainingSimilarities(model.labelled, inputs);
  return {
    ...model,
    hybrid,
    calibration: { ...model.calibration, hybrid: calibrateRows(model.labelled, predictions, reach) },
  };
}

/** Hidden features u [N, U] and classical predictions y_c [N] of the classical network: what the audit trains its heads on. */
export function hiddenFeatures(model: AffinityModel, table: FeatureTable): { u: Matrix; y: Float64Array } {
  const inputs = prepareInputs(table, model.scaling);
  const { u, y } = backboneForward(model.shape, model.classical, inputs, allRows(inputs));
  return { u, y };
}

/** Exact hybrid predictions [N] by table mode: k + 1 dimensional quadratic forms instead of N circuits. */
export function hybridScores(
  shape: BackboneShape,
  { backbone, head }: HybridWeights,
  inputs: Inputs,
  rows: readonly number[] = allRows(inputs),
): Float64Array {
  const { u, y } = backboneForward(shape, backbone, inputs, rows);
  return formPredictions(exportHead(head), u, y);
}

/** One array a column of ScoreColumns, one entry a compound. */
export interface ScoredColumns {
  classicalPk: Float64Array;
  hybridPk: Float64Array;
  halfWidthPk: Float64Array;
  nearestSimilarity: Float64Array;
  nearestIndex: Int32Array;
  outOfDomain: Uint8Array;
}

/** What scoring needs beside the model, worth keeping between shards. */
export interface Scorer {
  score(table: FeatureTable): ScoredColumns;
}

/**
 * Scores compounds with both models. Without a trained quantum head the hybrid column repeats the classical one; with one, the half
 * width is the wider of the two models' intervals, so that it holds whichever prediction is returned in the end.
 */
export function prepareScorer(model: AffinityModel): Scorer {
  const { labelled } = model;
  const index = indexFingerprints(labelled.features.fingerprints, labelled.features.count);
  const training = Uint8Array.from(labelled.splits, (split) => (split === 'train' ? 1 : 0));
  return {
    score(table) {
      const inputs = prepareInputs(table, model.scaling);
      const classicalPk = backboneForward(model.shape, model.classical, inputs, allRows(inputs)).y;
      const hybridPk = model.hybrid === null ? classicalPk.slice() : hybridScores(model.shape, model.hybrid, inputs);
      const columns: ScoredColumns = {
        classicalPk,
        hybridPk,
        halfWidthPk: new Float64Array(table.count),
        nearestSimilarity: new Float64Array(table.count),
        nearestIndex: new Int32Array(table.count),
        outOfDomain: new Uint8Array(table.count),
      };
      const scratch = new Float64Array(index.count);
      for (let i = 0; i < table.count; i++) {
        const similarity = similarities(index, bitsOf(inputs, i), scratch);
        const neighbour = nearest(similarity);
        const reach = nearest(similarity, training).similarity;
        columns.nearestIndex[i] = neighbour.index;
        columns.nearestSimilarity[i] = neighbour.similarity;
        columns.outOfDomain[i] = reach < model.domainSimilarity ? 1 : 0;
        const { classical, hybrid } = model.calibration;
        columns.halfWidthPk[i] = Math.max(halfWidthPk(classical, reach), hybrid === null ? 0 : halfWidthPk(hybrid, reach));
      }
      return columns;
    },
  };
}

/** The labelled compounds nearest to each of the given ones, most similar first; the lower index wins a tie. */
export function nearestLabelled(
  model: AffinityModel,
  table: FeatureTable,
  eligible: Uint8Array,
): { index: number; similarity: number }[][] {
  const { features } = model.labelled;
  const index: SimilarityIndex = indexFingerprints(features.fingerprints, features.count);
  const inputs = prepareInputs(table, model.scaling);
  return Array.from({ length: table.count }, (_, i) => {
    const similarity = similarities(index, bitsOf(inputs, i));
    return Array.from(similarity, (value, j) => ({ index: j, similarity: value }))
      .filter(({ index: j }) => eligible[j] !== 0)
      .sort((a, b) => b.similarity - a.similarity || a.index - b.index);
  });
}

/** Similarity of each labelled compound to the nearest training compound other than itself. */
function trainingSimilarities({ features, splits }: LabelledCompounds, inputs: Inputs): Float64Array {
  const index = indexFingerprints(features.fingerprints, features.count);
  const eligible = Uint8Array.from(splits, (split) => (split === 'train' ? 1 : 0));
  const scratch = new Float64Array(index.count);
  return Float64Array.from({ length: features.count }, (_, i) => {
    const own = eligible[i]!;
    eligible[i] = 0;
    const { similarity } = nearest(similarities(index, bitsOf(inputs, i), scratch), eligible);
    eligible[i] = own;
    return similarity;
  });
}

function calibrateRows(labelled: LabelledCompounds, predictions: Float64Array, reach: Float64Array): Calibration {
  const errors = labelErrors(predictions, labelled);
  const residuals: Residual[] = [];
  for (const [i, split] of labelled.splits.entries()) {
    if (labelled.relations[i] === '=') residuals.push({ split, error: Math.abs(errors[i]!), similarity: reach[i]! });
  }
  return calibrate(residuals);
}

function bitsOf({ starts, bits }: Inputs, i: number): Int32Array {
  return bits.subarray(starts[i]!, starts[i + 1]!);
}

function allRows({ count }: Inputs): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Throws RangeError when a labelled set's parts do not belong together. */
export function labelledCompounds(parts: LabelledCompounds): LabelledCompounds {
  const { ids, pK, relations, splits, features } = parts;
  const lengths = { ids: ids.length, pK: pK.length, relations: relations.length, splits: splits.length };
  for (const [name, length] of Object.entries(lengths)) {
    if (length !== features.count) throw new RangeError(`${features.count} labelled compounds but ${length} ${name}`);
  }
  if (features.fingerprints.length !== features.count * FINGERPRINT_BYTES) {
    throw new RangeError(`${features.count} labelled compounds but ${features.fingerprints.length} fingerprint bytes`);
  }
  return parts;
}
