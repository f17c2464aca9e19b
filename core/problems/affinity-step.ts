/** One gradient step of the hybrid model: the loss of a batch, and the chain from mean values on a device to every weight. */
import { seeded } from '@qefm/quantum';
import type { LearningSettings } from '../contracts/model.ts';
import { latentEncoding } from '../encoding/amplitude.ts';
import { type AdamMoments, adamDefaults, adamStep, gradientStep } from '../math/optimizers.ts';
import { type AffinityModel, hybridScores, labelledInputs, rowsOf } from '../model/affinity-model.ts';
import { type BackboneForward, backboneBackward, backboneForward } from '../model/backbone.ts';
import { affinityObjective, type Labels, rootMeanSquareError } from '../model/objective.ts';
import {
  type HeadInputs,
  headBackward,
  headCotangents,
  headDirections,
  headInputs,
  headViews,
  hybridPredictions,
  type QuantumHead,
} from '../model/quantum-head.ts';
import { pickLabels } from '../model/train-classical.ts';
import type { CircuitBatch, CircuitResult, GradientRequest, HeadCircuit } from './problem.ts';
import { simulateBatch } from './simulate.ts';

export interface Weights {
  backbone: Float64Array;
  head: QuantumHead;
}

/** Labelled rows seen through the current weights. */
export interface BatchView {
  forward: BackboneForward;
  inputs: HeadInputs;
}

export function viewRows(model: AffinityModel, { backbone, head }: Weights, rows: readonly number[]): BatchView {
  const forward = backboneForward(model.shape, backbone, labelledInputs(model), rows);
  return { forward, inputs: headInputs(head, encodingOf(head), forward.u) };
}

export function encodingOf({ shape }: QuantumHead) {
  return latentEncoding(shape.qubits, shape.latentSize);
}

export function circuitOf({ shape, flat }: QuantumHead): HeadCircuit {
  const { qubits, layers, entangler } = shape;
  return { qubits, layers, entangler, theta: headViews(shape, flat).theta };
}

export function expectationBatch(head: QuantumHead, { encoded }: HeadInputs): CircuitBatch {
  return { circuit: circuitOf(head), requests: encoded.map(({ amplitudes }) => ({ kind: 'expectations', amplitudes })) };
}

/** The second round of a step: what the cotangents dL/do want to know of each state. */
export function gradientBatch(head: QuantumHead, inputs: HeadInputs, dy: Float64Array, settings: LearningSettings): CircuitBatch {
  const cotangents = headCotangents(head, inputs, dy);
  const directions = headDirections(encodingOf(head), inputs);
  const requests = inputs.encoded.map(
    ({ amplitudes }, m): GradientRequest => ({
      kind: 'gradient',
      amplitudes,
      cotangent: cotangents[m]!,
      angles: settings.trainAngles,
      directions: directions[m]!.directions.slice(0, settings.directions),
    }),
  );
  return { circuit: circuitOf(head), requests };
}

/** Mean values out of results; throws RangeError for a result of another kind or number, or one that is not finite. */
export function readExpectations(results: readonly CircuitResult[], wanted: number): Float64Array[] {
  checkCount(results, wanted);
  return results.map((result, m) => {
    if (result.kind !== 'expectations') throw new RangeError(`result ${m}: expectations wanted, ${result.kind} found`);
    checkFinite(result.values, m);
    return result.values;
  });
}

export function readSlopes(
  results: readonly CircuitResult[],
  wanted: number,
): { theta: Float64Array; directions: Float64Array }[] {
  checkCount(results, wanted);
  return results.map((result, m) => {
    if (result.kind !== 'gradient') throw new RangeError(`result ${m}: a gradient wanted, ${result.kind} found`);
    checkFinite(result.theta, m);
    checkFinite(result.directions, m);
    return result;
  });
}

function checkCount(results: readonly CircuitResult[], wanted: number): void {
  if (results.length !== wanted) throw new RangeError(`${wanted} circuit results wanted, ${results.length} found`);
}

function checkFinite(values: Float64Array, m: number): void {
  if (!values.every(Number.isFinite)) throw new RangeError(`result ${m} holds a value that is not finite`);
}

/** Loss of a batch and its derivative in the predictions, from measured mean values. */
export function batchObjective(
  model: AffinityModel,
  head: QuantumHead,
  { forward, inputs }: BatchView,
  expectations: readonly Float64Array[],
): { loss: number; dy: Float64Array } {
  const y = hybridPredictions(head, inputs, forward.y, expectations);
  return affinityObjective(y, pickLabels(model.labelled, forward.rows));
}

export interface Gradients {
  backbone: Float64Array;
  head: Float64Array;
}

export function zeroGradients({ backbone, head }: Weights): Gradients {
  return { backbone: new Float64Array(backbone.length), head: new Float64Array(head.flat.length) };
}

/** Adds the derivative of the loss in every weight: dL/dz through E into u, and on into the backbone unless it is frozen. */
export function accumulateGradients(
  model: AffinityModel,
  { backbone, head }: Weights,
  { forward, inputs }: BatchView,
  dy: Float64Array,
  expectations: readonly Float64Array[],
  slopes: readonly { theta: Float64Array; directions: Float64Array }[],
  frozenBackbone: boolean,
  into: Gradients,
): void {
  const { latentSize } = head.shape;
  const lengths = headDirections(encodingOf(head), inputs).map((directions) => directions.lengths);
  // Directions that were not asked for count as flat.
  const padded = slopes.map(({ theta, directions }) => {
    const all = new Float64Array(latentSize);
    all.set(directions);
    return { theta, directions: all };
  });
  const du = headBackward(head, inputs, lengths, dy, expectations, padded, into.head);
  if (!frozenBackbone) backboneBackward(model.shape, backbone, labelledInputs(model), forward, { dy, du }, into.backbone);
}

/** Adds weight times the mean squared distance to the trained model's predictions on the anchors, by exact simulation; returns its value. */
export function anchorGradients(
  model: AffinityModel,
  weights: Weights,
  rows: readonly number[],
  weight: number,
  settings: LearningSettings,
  into: Gradients,
): number {
  if (rows.length === 0 || weight === 0 || model.hybrid === null) return 0;
  const view = viewRows(model, weights, rows);
  const expectations = readExpectations(simulateBatch(expectationBatch(weights.head, view.inputs)), rows.length);
  const y = hybridPredictions(weights.head, view.inputs, view.forward.y, expectations);
  const target = hybridScores(model.shape, model.hybrid, labelledInputs(model), rows);
  let square = 0;
  const dy = y.map((value, m) => {
    const distance = value - target[m]!;
    square += distance * distance;
    return (2 * weight * distance) / rows.length;
  });
  const exact = { ...settings, directions: weights.head.shape.latentSize };
  const slopes = readSlopes(simulateBatch(gradientBatch(weights.head, view.inputs, dy, exact)), rows.length);
  accumulateGradients(model, weights, view, dy, expectations, slopes, settings.frozenBackbone, into);
  return (weight * square) / rows.length;
}

export interface Stepped {
  backbone: Float64Array;
  head: QuantumHead;
  moments: { backbone: AdamMoments; head: AdamMoments };
}

/** New weights and moments; `step` counts from 1, `rate` scales both learning rates. */
export function applyGradients(
  { backbone, head, moments }: Stepped,
  gradients: Gradients,
  settings: LearningSettings,
  step: number,
  rate: number,
): Stepped {
  const headRate = settings.headRate * rate;
  const backboneRate = headRate * settings.backboneShare;
  const flat = head.flat.slice();
  const nextHead = { ...head, flat };
  if (settings.optimizer === 'sgd') {
    gradientStep(flat, gradients.head, headRate);
    if (settings.frozenBackbone) return { backbone, head: nextHead, moments };
    const nextBackbone = backbone.slice();
    gradientStep(nextBackbone, gradients.backbone, backboneRate);
    return { backbone: nextBackbone, head: nextHead, moments };
  }
  const headMoments = copyMoments(moments.head);
  // The decay holds the backbone's many weights; the head's few are not drawn to zero.
  adamStep(flat, gradients.head, headMoments, step, { ...adamDefaults, learningRate: headRate });
  if (settings.frozenBackbone) return { backbone, head: nextHead, moments: { ...moments, head: headMoments } };
  const nextBackbone = backbone.slice();
  const backboneMoments = copyMoments(moments.backbone);
  const { weightDecay } = settings;
  adamStep(nextBackbone, gradients.backbone, backboneMoments, step, { ...adamDefaults, learningRate: backboneRate, weightDecay });
  return { backbone: nextBackbone, head: nextHead, moments: { backbone: backboneMoments, head: headMoments } };
}

function copyMoments({ first, second }: AdamMoments): AdamMoments {
  return { first: first.slice(), second: second.slice() };
}

/** Exact error on the validation rows, pK. */
export function validationRmsePk(model: AffinityModel, backbone: Float64Array, head: QuantumHead): number {
  const rows = rowsOf(model.labelled, 'validation');
  const labels: Labels = pickLabels(model.labelled, rows);
  return rootMeanSquareError(hybridScores(model.shape, { backbone, head }, labelledInputs(model), rows), labels);
}

/** Rows of the training split for a step: each epoch is one seeded shuffle, cut into batches of nearly equal size. */
export function trainingBatch(model: AffinityModel, seed: number, batch: number, iteration: number): number[] {
  const train = rowsOf(model.labelled, 'train');
  const batches = Math.ceil(train.length / batch);
  const order = seeded(seed, 'hybrid', 'order', Math.floor(iteration / batches)).shuffled(train);
  const position = iteration % batches;
  return order.slice(Math.floor((position * order.length) / batches), Math.floor(((position + 1) * order.length) / batches));
}

/** Mean over the angles of the variance of dF/dtheta over the batch; null where no angle was differentiated. */
export function gradientVariance(slopes: readonly { theta: Float64Array }[]): number | null {
  const angles = slopes[0]?.theta.length ?? 0;
  if (angles === 0) return null;
  let sum = 0;
  for (let p = 0; p < angles; p++) {
    const mean = slopes.reduce((total, { theta }) => total + theta[p]!, 0) / slopes.length;
    sum += slopes.reduce((total, { theta }) => total + (theta[p]! - mean) ** 2, 0) / slopes.length;
  }
  return sum / angles;
}
