/** The state of hybrid training and of refinement: one value in memory, one tensor file in the bucket, read(write(state)) exact. */
import { seeded } from '@qefm/quantum';
import { FINGERPRINT_BYTES } from '../contracts/artifacts.ts';
import { ArtifactInvalid, InvalidRequest } from '../contracts/errors.ts';
import { AffinityStateHeader, type RefineSettings, type TrainSettings } from '../contracts/model.ts';
import type { Tensor, TensorFile } from '../contracts/tensors.ts';
import { type AdamMoments, zeroMoments } from '../math/optimizers.ts';
import { type AffinityModel, hiddenFeatures, nearestLabelled, rowsOf, withHybrid } from '../model/affinity-model.ts';
import { descriptorCount, type FeatureTable, selectFeatures } from '../model/features.ts';
import { headObservables } from '../model/head-circuit.ts';
import { readModel, takeBytes, takeFloats, takeIntegers, vectorTensor, writeModel } from '../model/model-file.ts';
import { type HeadShape, initialHead, type QuantumHead } from '../model/quantum-head.ts';
import { validationRmsePk } from './affinity-step.ts';

export type Phase = AffinityStateHeader['phase'];
export type Curve = AffinityStateHeader['curve'];

interface CommonState {
  seed: number;
  /** What the stage started from; never changed by it. */
  model: AffinityModel;
  /** Gradient steps taken. */
  iteration: number;
  phase: Phase;
  backbone: Float64Array;
  head: QuantumHead;
  moments: { backbone: AdamMoments; head: AdamMoments };
  /** Mean values of the current batch between the two rounds of a step: B times [M]. */
  pending: readonly Float64Array[] | null;
  /** Circuits that a device runs for what was asked so far. */
  circuits: number;
  curve: Curve;
  /** The weights with the smallest validation error; `loss` is that error, pK. */
  best: { iteration: number; loss: number; backbone: Float64Array; head: Float64Array } | null;
}

export interface TrainState extends CommonState {
  stage: 'train';
  settings: TrainSettings;
}

/** Hybrid predictions of the candidates and their standard errors from shots (0 for exact values), pK. */
export interface CandidateScores {
  pK: Float64Array;
  standardErrors: Float64Array;
}

export interface RefineState extends CommonState {
  stage: 'refine';
  settings: RefineSettings;
  candidates: FeatureTable;
  /** Rows of the labelled set. */
  neighbours: readonly number[];
  anchors: readonly number[];
  before: CandidateScores | null;
  after: CandidateScores | null;
}

export type AffinityState = TrainState | RefineState;

export const trainDefaults: TrainSettings = {
  optimizer: 'adam',
  headRate: 0.003,
  backboneShare: 0.1,
  frozenBackbone: false,
  weightDecay: 0.05,
  trainAngles: true,
  directions: 8,
  steps: 400,
  batch: 64,
  evaluateEvery: 10,
};

export const refineDefaults: RefineSettings = {
  optimizer: 'adam',
  headRate: 0.003,
  backboneShare: 0.1,
  frozenBackbone: false,
  weightDecay: 0,
  trainAngles: true,
  directions: 8,
  steps: 5,
  neighbours: 8,
  anchors: 256,
  anchorWeight: 1,
};

/** Starts hybrid training from a classical model; with s = 0 its first prediction is the classical one. */
export function createTrainState(
  model: AffinityModel,
  structure: Omit<HeadShape, 'features'>,
  settings: TrainSettings,
  seed: number,
): TrainState {
  const train = rowsOf(model.labelled, 'train');
  const shape = { ...structure, features: model.shape.features };
  const { u } = hiddenFeatures(model, selectFeatures(model.labelled.features, train));
  const head = initialHead(shape, u, seeded(seed, 'hybrid'));
  const backbone = model.classical.slice();
  const loss = validationRmsePk(model, backbone, head);
  return {
    stage: 'train',
    seed,
    settings,
    model,
    iteration: 0,
    phase: settings.steps === 0 ? 'done' : 'expectations',
    backbone,
    head,
    moments: { backbone: zeroMoments(backbone.length), head: zeroMoments(head.flat.length) },
    pending: null,
    circuits: 0,
    curve: { loss: [], gradientVariance: [], validation: [{ iteration: 0, rmsePk: loss }] },
    best: { iteration: 0, loss, backbone, head: head.flat },
  };
}

/** The model with the best hybrid weights found so far, and with intervals for them. */
export function finishTraining(state: TrainState): AffinityModel {
  const { best, model, head } = state;
  if (best === null) throw new ArtifactInvalid('a training state without best weights');
  return withHybrid(model, { backbone: best.backbone, head: { ...head, flat: best.head } });
}

/**
 * Starts the refinement of the top candidates on their nearest labelled neighbours, anchored to the trained model elsewhere.
 * Compounds of the calibration split are neither neighbours nor anchors: the intervals stand on them.
 *
 * throws  InvalidRequest without a trained head, without candidates or for candidates of other descriptors
 */
export function createRefineState(
  model: AffinityModel,
  candidates: FeatureTable,
  settings: RefineSettings,
  seed: number,
): RefineState {
  if (model.hybrid === null) throw new InvalidRequest('refinement wants a model with a trained quantum head');
  if (candidates.count === 0) throw new InvalidRequest('refinement wants at least one candidate');
  if (descriptorCount(candidates) !== model.shape.descriptors) {
    throw new InvalidRequest(
      `candidates with ${model.shape.descriptors} descriptors wanted, found ${descriptorCount(candidates)}`,
    );
  }
  const neighbours = chooseNeighbours(model, candidates, settings.neighbours);
  const taken = new Set(neighbours);
  const others = rowsOf(model.labelled, 'train', 'validation').filter((i) => !taken.has(i));
  const anchors = seeded(seed, 'anchors').shuffled(others).slice(0, settings.anchors);
  const { backbone, head } = model.hybrid;
  return {
    stage: 'refine',
    seed,
    settings,
    model,
    iteration: 0,
    phase: 'first-forward',
    backbone,
    head,
    moments: { backbone: zeroMoments(backbone.length), head: zeroMoments(head.flat.length) },
    pending: null,
    circuits: 0,
    curve: { loss: [], gradientVariance: [], validation: [] },
    best: null,
    candidates,
    neighbours,
    anchors,
    before: null,
    after: null,
  };
}

/** The candidates' nearest labelled compounds, one of each candidate in rank order, then the second nearest, until there are enough. */
function chooseNeighbours(model: AffinityModel, candidates: FeatureTable, wanted: number): number[] {
  const eligible = Uint8Array.from(model.labelled.splits, (split) => (split === 'calibration' ? 0 : 1));
  const lists = nearestLabelled(model, candidates, eligible);
  const chosen = new Set<number>();
  for (let depth = 0; depth < wanted; depth++) {
    for (const list of lists) {
      const index = list[depth]?.index;
      if (index !== undefined && chosen.size < wanted) chosen.add(index);
    }
  }
  return [...chosen];
}

/** Scores of the candidates before and after refinement; throws InvalidRequest before the end. */
export function refinedScores(state: RefineState): { before: CandidateScores; after: CandidateScores } {
  const { before, after } = state;
  if (before === null || after === null) throw new InvalidRequest(`refinement is not finished: it is at ${state.phase}`);
  return { before, after };
}

export function writeState(state: AffinityState): TensorFile<Record<string, unknown>> {
  const { head, moments, pending, best, model } = state;
  const { header: modelHeader, tensors } = writeModel(model, 'model/');
  const put = (name: string, data: Float64Array) => {
    tensors[name] = vectorTensor(data);
  };
  put('backbone', state.backbone);
  put('head', head.flat);
  for (const part of ['backbone', 'head'] as const) {
    put(`moments/${part}/first`, moments[part].first);
    put(`moments/${part}/second`, moments[part].second);
  }
  if (pending !== null) {
    const columns = headObservables(head.shape);
    tensors['pending'] = { shape: [pending.length, columns], data: Float64Array.from(pending.flatMap((values) => [...values])) };
  }
  if (best !== null) {
    put('best/backbone', best.backbone);
    put('best/head', best.head);
  }
  const header = {
    schema: 'affinity-state/1' as const,
    seed: state.seed,
    iteration: state.iteration,
    phase: state.phase,
    head: { shape: head.shape, normSquare: head.normSquare },
    circuits: state.circuits,
    curve: state.curve,
    best: best === null ? null : { iteration: best.iteration, loss: best.loss },
    model: modelHeader,
  };
  if (state.stage === 'train') return { header: canonical({ ...header, stage: state.stage, settings: state.settings }), tensors };
  const { candidates, neighbours, anchors, before, after } = state;
  tensors['candidates/descriptors'] = {
    shape: [candidates.count, descriptorCount(candidates)],
    data: candidates.descriptors,
  };
  tensors['candidates/fingerprints'] = { shape: [candidates.count, FINGERPRINT_BYTES], data: candidates.fingerprints };
  tensors['neighbours'] = integers(neighbours);
  tensors['anchors'] = integers(anchors);
  for (const [name, scores] of Object.entries({ before, after })) {
    if (scores === null) continue;
    put(name, scores.pK);
    put(`${name}Error`, scores.standardErrors);
  }
  return {
    header: canonical({ ...header, stage: state.stage, settings: state.settings, candidates: candidates.count }),
    tensors,
  };
}

/** Keys in the order of the schema, so that equal states are equal bytes, whether or not they were once read from a file. */
function canonical(header: AffinityStateHeader): AffinityStateHeader {
  return AffinityStateHeader.parse(header);
}

function integers(values: readonly number[]): Tensor {
  return { shape: [values.length], data: Int32Array.from(values) };
}

/** Throws ArtifactInvalid that names the first thing out of place. */
export function readState({ header, tensors }: TensorFile<Record<string, unknown>>): AffinityState {
  const parsed = AffinityStateHeader.safeParse(header);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new ArtifactInvalid(`affinity-state/1: ${issue.path.join('.')}: ${issue.message}`);
  }
  const facts = parsed.data;
  const model = readModel({ header: facts.model, tensors }, 'model/');
  const weights = model.classical.length;
  const flat = takeFloats(tensors, 'head');
  const moments = (part: string, length: number): AdamMoments => ({
    first: takeFloats(tensors, `moments/${part}/first`, length),
    second: takeFloats(tensors, `moments/${part}/second`, length),
  });
  const common: CommonState = {
    seed: facts.seed,
    model,
    iteration: facts.iteration,
    phase: facts.phase,
    backbone: takeFloats(tensors, 'backbone', weights),
    head: { ...facts.head, flat },
    moments: { backbone: moments('backbone', weights), head: moments('head', flat.length) },
    pending: tensors['pending'] === undefined ? null : rows(takeFloats(tensors, 'pending'), headObservables(facts.head.shape)),
    circuits: facts.circuits,
    curve: facts.curve,
    best:
      facts.best === null
        ? null
        : {
            ...facts.best,
            backbone: takeFloats(tensors, 'best/backbone', weights),
            head: takeFloats(tensors, 'best/head', flat.length),
          },
  };
  if (facts.stage === 'train') return { ...common, stage: facts.stage, settings: facts.settings };
  const { candidates: count } = facts;
  const scores = (name: string): CandidateScores | null =>
    tensors[name] === undefined
      ? null
      : { pK: takeFloats(tensors, name, count), standardErrors: takeFloats(tensors, `${name}Error`, count) };
  return {
    ...common,
    stage: facts.stage,
    settings: facts.settings,
    candidates: {
      count,
      descriptors: takeFloats(tensors, 'candidates/descriptors', count * model.shape.descriptors),
      fingerprints: takeBytes(tensors, 'candidates/fingerprints', count * FINGERPRINT_BYTES),
    },
    neighbours: takeIntegers(tensors, 'neighbours'),
    anchors: takeIntegers(tensors, 'anchors'),
    before: scores('before'),
    after: scores('after'),
  };
}

function rows(values: Float64Array, columns: number): Float64Array[] {
  return Array.from({ length: values.length / columns }, (_, i) => values.slice(i * columns, (i + 1) * columns));
}
