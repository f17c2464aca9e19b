/**
 * The problem `affinity`: hybrid training on the labelled set, and refinement of the top of a ranking.
 *
 * A gradient step is two rounds of ask and tell: mean values of a batch, then derivatives along the cotangents that the loss of
 * those mean values gives. Training is steps alone; refinement is a forward pass of the candidates, up to five steps on their
 * nearest labelled neighbours under the anchor term, and a second forward pass.
 */
import { InvalidRequest } from '../contracts/errors.ts';
import { backboneForward } from '../model/backbone.ts';
import { prepareInputs } from '../model/features.ts';
import { headAngles } from '../model/head-circuit.ts';
import { headInputs, headViews, hybridPredictions } from '../model/quantum-head.ts';
import {
  type AffinityState,
  type CandidateScores,
  type RefineState,
  readState,
  type TrainState,
  writeState,
} from './affinity-state.ts';
import {
  accumulateGradients,
  anchorGradients,
  applyGradients,
  batchObjective,
  encodingOf,
  expectationBatch,
  gradientBatch,
  gradientVariance,
  readExpectations,
  readSlopes,
  trainingBatch,
  validationRmsePk,
  viewRows,
  zeroGradients,
} from './affinity-step.ts';
import type { CircuitBatch, CircuitResult, Problem, ProblemProgress } from './problem.ts';

/**
 * Share of the steps before which weights are not kept: the first validation error is the one that the classical weights were
 * chosen by, so an untrained head would win by that choice alone, and there would be no head to audit or to refine.
 */
const HEAD_WARM_UP = 0.25;

export const affinity: Problem<AffinityState> = {
  name: 'affinity',
  read: readState,
  write: writeState,
  ask,
  tell,
  done: ({ phase }) => phase === 'done',
  progress,
};

/** Circuits that a device runs for a batch: one a mean value, two an angle, two a direction. */
export function circuitsOf({ circuit, requests }: CircuitBatch): number {
  let count = 0;
  for (const request of requests) {
    count += request.kind === 'expectations' ? 1 : (request.angles ? 2 * headAngles(circuit) : 0) + 2 * request.directions.length;
  }
  return count;
}

/** The same for the batch a state asks for, without building it. */
function circuitsAsked({ phase, head, settings }: AffinityState, requests: number): number {
  if (phase !== 'gradient') return requests;
  const directions = Math.min(settings.directions, head.shape.latentSize);
  return requests * ((settings.trainAngles ? 2 * headAngles(head.shape) : 0) + 2 * directions);
}

function ask(state: AffinityState): CircuitBatch {
  switch (state.phase) {
    case 'first-forward':
    case 'last-forward':
      return expectationBatch(state.head, viewCandidates(refining(state)).inputs);
    case 'expectations':
      return expectationBatch(state.head, viewRows(state.model, state, stepRows(state)).inputs);
    case 'gradient': {
      const view = viewRows(state.model, state, stepRows(state));
      const { dy } = batchObjective(state.model, state.head, view, pendingOf(state));
      return gradientBatch(state.head, view.inputs, dy, state.settings);
    }
    case 'done':
      throw new InvalidRequest('the problem is done: no circuit is wanted');
  }
}

function tell(state: AffinityState, results: readonly CircuitResult[]): AffinityState {
  const circuits = state.circuits + circuitsAsked(state, results.length);
  switch (state.phase) {
    case 'first-forward': {
      const refine = refining(state);
      const before = scoreCandidates(refine, results);
      return refine.settings.steps === 0
        ? { ...refine, circuits, before, after: before, phase: 'done' }
        : { ...refine, circuits, before, phase: 'expectations' };
    }
    case 'last-forward': {
      const refine = refining(state);
      return { ...refine, circuits, after: scoreCandidates(refine, results), phase: 'done' };
    }
    case 'expectations':
      return { ...state, circuits, pending: readExpectations(results, stepRows(state).length), phase: 'gradient' };
    case 'gradient':
      return learn(state, results, circuits);
    case 'done':
      throw new InvalidRequest('the problem is done: no result is wanted');
  }
}

/** The second half of a step: every weight moves. */
function learn(state: AffinityState, results: readonly CircuitResult[], circuits: number): AffinityState {
  const { model, settings } = state;
  const rows = stepRows(state);
  const view = viewRows(model, state, rows);
  const expectations = pendingOf(state);
  const slopes = readSlopes(results, rows.length);
  const { loss, dy } = batchObjective(model, state.head, view, expectations);
  const gradients = zeroGradients(state);
  accumulateGradients(model, state, view, dy, expectations, slopes, settings.frozenBackbone, gradients);
  const anchorLoss =
    state.stage === 'refine' ? anchorGradients(model, state, state.anchors, state.settings.anchorWeight, settings, gradients) : 0;
  const iteration = state.iteration + 1;
  const stepped = applyGradients(state, gradients, settings, iteration, rateOf(state));
  const curve = {
    ...state.curve,
    loss: [...state.curve.loss, loss + anchorLoss],
    gradientVariance: [...state.curve.gradientVariance, gradientVariance(slopes)],
  };
  const next = { ...stepped, circuits, iteration, curve, pending: null };
  const last = iteration >= settings.steps;
  if (state.stage === 'refine') return { ...state, ...next, phase: last ? 'last-forward' : 'expectations' };
  return keepBest({ ...state, ...next, phase: last ? 'done' : 'expectations' });
}

function keepBest(state: TrainState): TrainState {
  const { iteration, settings, backbone, head } = state;
  if (iteration % settings.evaluateEvery !== 0 && iteration !== settings.steps) return state;
  const rmsePk = validationRmsePk(state.model, backbone, head);
  const curve = { ...state.curve, validation: [...state.curve.validation, { iteration, rmsePk }] };
  const trained = iteration >= Math.ceil(settings.steps * HEAD_WARM_UP);
  const better = state.best === null || state.best.iteration === 0 || rmsePk < state.best.loss;
  if (!trained || !better) return { ...state, curve };
  return { ...state, curve, best: { iteration, loss: rmsePk, backbone, head: head.flat } };
}

/** Training falls to nothing on a half cosine; the few steps of refinement are alike. */
function rateOf(state: AffinityState): number {
  return state.stage === 'refine' ? 1 : 0.5 * (1 + Math.cos((Math.PI * state.iteration) / state.settings.steps));
}

function stepRows(state: AffinityState): readonly number[] {
  if (state.stage === 'refine') return state.neighbours;
  return trainingBatch(state.model, state.seed, state.settings.batch, state.iteration);
}

function pendingOf({ pending, phase }: AffinityState): readonly Float64Array[] {
  if (pending === null) throw new InvalidRequest(`phase ${phase} wants the mean values of its batch, the state has none`);
  return pending;
}

function refining(state: AffinityState): RefineState {
  if (state.stage === 'refine') return state;
  throw new InvalidRequest(`phase ${state.phase} belongs to refinement, the state is in training`);
}

function viewCandidates({ model, backbone, head, candidates }: RefineState) {
  const inputs = prepareInputs(candidates, model.scaling);
  const rows = Array.from({ length: candidates.count }, (_, i) => i);
  const forward = backboneForward(model.shape, backbone, inputs, rows);
  return { forward, inputs: headInputs(head, encodingOf(head), forward.u) };
}

/** Predictions from measured mean values; standard errors neglect the covariance between observables of one circuit. */
function scoreCandidates(state: RefineState, results: readonly CircuitResult[]): CandidateScores {
  const { head } = state;
  const { forward, inputs } = viewCandidates(state);
  const expectations = readExpectations(results, state.candidates.count);
  const { w, scale } = headViews(head.shape, head.flat);
  const standardErrors = Float64Array.from(results, (result, m) => {
    if (result.kind !== 'expectations' || result.standardErrors === undefined) return 0;
    const variance = result.standardErrors.reduce((sum, error, i) => sum + (w[i]! * error) ** 2, 0);
    return Math.abs(scale[0]!) * (inputs.encoded[m]!.norm ** 2 / head.normSquare) * Math.sqrt(variance);
  });
  return { pK: hybridPredictions(head, inputs, forward.y, expectations), standardErrors };
}

/** `bestLoss` is the smallest exact validation error in training, pK, and the smallest loss of a step in refinement. */
function progress(state: AffinityState): ProblemProgress {
  const { loss, gradientVariance: variances } = state.curve;
  const smallest = loss.length === 0 ? null : Math.min(...loss);
  return {
    iteration: state.iteration,
    totalIterations: state.settings.steps,
    loss: loss.at(-1) ?? null,
    bestLoss: state.stage === 'train' ? (state.best?.loss ?? null) : smallest,
    gradientVariance: variances.at(-1) ?? null,
    circuits: state.circuits,
  };
}
