import { describe, expect, test } from 'vitest';
import { decodeTensors, encodeTensors } from '../../../core/contracts/tensors.ts';
import { labelledInputs, prepareScorer, rowsOf } from '../../../core/model/affinity-model.ts';
import { backboneForward, backboneViews } from '../../../core/model/backbone.ts';
import { compileHead } from '../../../core/model/head-circuit.ts';
import { affinityObjective } from '../../../core/model/objective.ts';
import { headInputs, headViews, hybridPredictions } from '../../../core/model/quantum-head.ts';
import { pickLabels } from '../../../core/model/train-classical.ts';
import { affinity, circuitsOf } from '../../../core/problems/affinity.ts';
import {
  type AffinityState,
  finishTraining,
  type RefineState,
  refinedScores,
  type TrainState,
} from '../../../core/problems/affinity-state.ts';
import { encodingOf, trainingBatch } from '../../../core/problems/affinity-step.ts';
import { problems } from '../../../core/problems/index.ts';
import type { CircuitResult } from '../../../core/problems/problem.ts';
import { advanceExactly, simulateBatch } from '../../../core/problems/simulate.ts';
import { classicalModel, hybridModel, refineState, trainState, withScale } from './scenario.ts';

/** One whole gradient step, its results changed on the way by `change`. */
function step<S extends AffinityState>(
  state: S,
  change: (results: CircuitResult[]) => CircuitResult[] = (results) => results,
): S {
  const half = affinity.tell(state, change(simulateBatch(affinity.ask(state))));
  return affinity.tell(half, change(simulateBatch(affinity.ask(half)))) as S;
}

/** A device that answers nothing but zeros. */
function zeroed(results: CircuitResult[]): CircuitResult[] {
  return results.map((result) =>
    result.kind === 'expectations'
      ? { kind: 'expectations', values: new Float64Array(result.values.length) }
      : {
          kind: 'gradient',
          theta: new Float64Array(result.theta.length),
          directions: new Float64Array(result.directions.length),
        },
  );
}

/** The loss of the state's batch as a function of the backbone's weights; `device` false reads zeros in place of mean values. */
function batchLoss({ model, head, seed, settings, iteration }: TrainState, backbone: Float64Array, device = true): number {
  const rows = trainingBatch(model, seed, settings.batch, iteration);
  const forward = backboneForward(model.shape, backbone, labelledInputs(model), rows);
  const inputs = headInputs(head, encodingOf(head), forward.u);
  const { theta } = headViews(head.shape, head.flat);
  const circuit = compileHead(head.shape);
  const expectations = inputs.encoded.map(({ amplitudes }) =>
    device ? circuit.expectations(theta, amplitudes) : new Float64Array(circuit.observables),
  );
  return affinityObjective(hybridPredictions(head, inputs, forward.y, expectations), pickLabels(model.labelled, rows)).loss;
}

/** Central difference of the loss in one weight of the backbone. */
function slope(state: TrainState, at: number, device = true): number {
  const moved = (sign: number) => {
    const other = state.backbone.slice();
    other[at]! += sign * 1e-5;
    return batchLoss(state, other, device);
  };
  return (moved(1) - moved(-1)) / 2e-5;
}

/** Positions of some weights of W1 that the state's batch touches. */
function firstLayerWeights(state: TrainState): number[] {
  const { model, seed, settings } = state;
  const inputs = labelledInputs(model);
  const { width } = model.shape;
  const offset = backboneViews(model.shape, state.backbone).bitWeights.byteOffset / 8 - state.backbone.byteOffset / 8;
  const rows = trainingBatch(model, seed, settings.batch, 0).slice(0, 4);
  return [3, ...rows.flatMap((row) => [0, 1, 5].map((k) => offset + inputs.bits[inputs.starts[row]! + k]! * width + k))];
}

describe('feedback from the device into the backbone', () => {
  const start = withScale(trainState({ optimizer: 'sgd', headRate: 1, backboneShare: 1 }), 0.9);
  // The half cosine stands at 1 in the first step, so a weight moves by its slope.
  const weights = firstLayerWeights(start);

  test('changes a weight of the first layer by the predicted amount', () => {
    const after = step(start);
    for (const at of weights) {
      expect(Math.abs(after.backbone[at]! - start.backbone[at]! + slope(start, at)), `weight ${at}`).toBeLessThan(1e-6);
    }
    expect(weights.some((at) => Math.abs(slope(start, at)) > 1e-3)).toBe(true);
  });

  test('changes it not at all in the frozen control', () => {
    const frozen = step({ ...start, settings: { ...start.settings, frozenBackbone: true } });
    expect(frozen.backbone.every((weight, i) => weight === start.backbone[i])).toBe(true);
    expect(frozen.head.flat.some((value, i) => value !== start.head.flat[i])).toBe(true);
  });

  test('changes it as predicted, and otherwise, when the device answers zeros', () => {
    const real = step(start);
    const control = step(start, zeroed);
    let apart = 0;
    for (const at of weights) {
      expect(Math.abs(control.backbone[at]! - start.backbone[at]! + slope(start, at, false)), `weight ${at}`).toBeLessThan(1e-6);
      apart = Math.max(apart, Math.abs(control.backbone[at]! - real.backbone[at]!));
    }
    expect(apart).toBeGreaterThan(1e-4);
    const angles = headViews(start.head.shape, start.head.flat).theta;
    expect([...headViews(start.head.shape, control.head.flat).theta]).toEqual([...angles]);
  });

  test('predicts the change of the loss to first order in the step', () => {
    const small = { ...start, settings: { ...start.settings, headRate: 1e-5 } };
    const after = step(small);
    const moved = after.backbone.map((weight, i) => weight - start.backbone[i]!);
    const squared = moved.reduce((sum, change) => sum + change * change, 0) / 1e-10;
    const change = batchLoss(start, after.backbone) - batchLoss(start, start.backbone);
    // Only the backbone's part of the step is applied here: dL = -rate |g|^2.
    expect(Math.abs(change + 1e-5 * squared)).toBeLessThan(1e-6);
    expect(change).toBeLessThan(0);
  });
});

describe('training', () => {
  test('starts at the classical predictions, bit for bit', () => {
    const { hybridPk, classicalPk } = prepareScorer(finishTraining(trainState({ steps: 0 }))).score(
      classicalModel.labelled.features,
    );
    // Table mode adds exact zeros.
    expect([...hybridPk]).toEqual([...classicalPk]);
    expect(affinity.done(trainState({ steps: 0 }))).toBe(true);
  });

  test('lowers the training loss and keeps the best validation weights after the warm-up', () => {
    const end = advanceExactly(affinity, trainState({ steps: 60, headRate: 0.02 }), 1000) as TrainState;
    expect(affinity.done(end)).toBe(true);
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
    expect(mean(end.curve.loss.slice(-10))).toBeLessThan(mean(end.curve.loss.slice(0, 10)));
    expect(end.best!.iteration).toBeGreaterThanOrEqual(15);
    const eligible = end.curve.validation.filter(({ iteration }) => iteration >= 15);
    expect(end.best!.loss).toBe(Math.min(...eligible.map(({ rmsePk }) => rmsePk)));
    const progress = affinity.progress(end);
    expect(progress).toMatchObject({ iteration: 60, totalIterations: 60, bestLoss: end.best!.loss });
    expect(progress.gradientVariance).toBeGreaterThan(0);
    const model = finishTraining(end);
    expect(headViews(model.hybrid!.head.shape, model.hybrid!.head.flat).scale[0]).not.toBe(0);
    expect(model.calibration.hybrid).not.toBeNull();
  });

  test('never touches validation or calibration compounds', () => {
    const train = new Set(rowsOf(classicalModel.labelled, 'train'));
    const seen = new Set<number>();
    for (let iteration = 0; iteration < 30; iteration++)
      for (const row of trainingBatch(classicalModel, 1, 16, iteration)) seen.add(row);
    expect(seen).toEqual(train);
  });

  test('counts the circuits that a device would have run', () => {
    let state: AffinityState = withScale(trainState(), 0.5);
    let circuits = 0;
    for (let half = 0; half < 6; half++) {
      const batch = affinity.ask(state);
      circuits += circuitsOf(batch);
      state = affinity.tell(state, simulateBatch(batch));
    }
    expect(state.circuits).toBe(circuits);
  });

  test('refuses results of another kind, number or worth', () => {
    const state = trainState();
    const good = simulateBatch(affinity.ask(state));
    expect(() => affinity.tell(state, good.slice(1))).toThrow(/circuit results wanted/);
    const broken = good.map((result) => ({ ...result, values: Float64Array.of(Number.NaN) })) as CircuitResult[];
    expect(() => affinity.tell(state, broken)).toThrow(/result 0 holds a value that is not finite/);
    const half = affinity.tell(state, good);
    expect(() => affinity.tell(half, good)).toThrow(/a gradient wanted, expectations found/);
    const end = advanceExactly(affinity, state, 1000);
    expect(() => affinity.ask(end)).toThrow(/done/);
  });
});

describe('state files', () => {
  const bytes = (state: AffinityState) => {
    const { header, tensors } = affinity.write(state);
    return Buffer.from(encodeTensors(header, tensors));
  };
  const reread = (state: AffinityState) => affinity.read(decodeTensors(new Uint8Array(bytes(state))));

  test.each([
    ['train', () => trainState()],
    ['refine', () => refineState()],
  ] as const)('let a run stopped at any point go on bit for bit: %s', (_, create) => {
    let undisturbed: AffinityState = create();
    let interrupted: AffinityState = reread(create());
    for (let round = 0; !affinity.done(undisturbed); round++) {
      undisturbed = affinity.tell(undisturbed, simulateBatch(affinity.ask(undisturbed)));
      const restored = reread(interrupted);
      expect(bytes(restored).equals(bytes(interrupted))).toBe(true);
      interrupted = affinity.tell(restored, simulateBatch(affinity.ask(restored)));
      expect(round).toBeLessThan(100);
    }
    expect(bytes(interrupted).equals(bytes(undisturbed))).toBe(true);
  });

  test('are not changed by ask or tell', () => {
    const state = withScale(trainState(), 0.5);
    const before = bytes(state);
    step(state);
    expect(bytes(state).equals(before)).toBe(true);
  });

  test('name the first thing out of place', () => {
    const { header, tensors } = affinity.write(trainState());
    expect(() => affinity.read({ header: { ...header, phase: 'asleep' }, tensors })).toThrow(/affinity-state\/1: phase/);
    expect(() => affinity.read({ header, tensors: { ...tensors, backbone: { shape: [0], data: new Float64Array(0) } } })).toThrow(
      /tensor backbone/,
    );
  });
});

describe('refinement', () => {
  test('scores the candidates before and after as the models do', () => {
    const end = advanceExactly(affinity, refineState(), 1000) as RefineState;
    const { before, after } = refinedScores(end);
    const trained = prepareScorer(hybridModel()).score(end.candidates).hybridPk;
    const tuned = prepareScorer({ ...hybridModel(), hybrid: { backbone: end.backbone, head: end.head } }).score(
      end.candidates,
    ).hybridPk;
    for (let i = 0; i < trained.length; i++) {
      expect(before.pK[i]).toBeCloseTo(trained[i]!, 10);
      expect(after.pK[i]).toBeCloseTo(tuned[i]!, 10);
    }
    expect(Math.max(...after.pK.map((value, i) => Math.abs(value - before.pK[i]!)))).toBeGreaterThan(1e-4);
    expect([...before.standardErrors]).toEqual(new Array(6).fill(0));
  });

  test('lowers the loss on the neighbours, which are labelled, near and not of the calibration split', () => {
    const start = refineState();
    expect(new Set(start.neighbours).size).toBe(5);
    for (const row of [...start.neighbours, ...start.anchors]) expect(start.model.labelled.splits[row]).not.toBe('calibration');
    expect(start.anchors.some((row) => start.neighbours.includes(row))).toBe(false);
    const end = advanceExactly(affinity, start, 1000);
    expect(end.curve.loss).toHaveLength(5);
    expect(end.curve.loss[4]!).toBeLessThan(end.curve.loss[0]!);
  });

  test('holds the other compounds by its anchors', () => {
    const drift = (anchorWeight: number) => {
      const end = advanceExactly(affinity, refineState({ anchorWeight, optimizer: 'sgd', headRate: 0.05 }), 1000) as RefineState;
      const { features } = classicalModel.labelled;
      const before = prepareScorer(hybridModel()).score(features).hybridPk;
      const after = prepareScorer({ ...hybridModel(), hybrid: { backbone: end.backbone, head: end.head } }).score(
        features,
      ).hybridPk;
      return Math.sqrt(end.anchors.reduce((sum, row) => sum + (after[row]! - before[row]!) ** 2, 0) / end.anchors.length);
    };
    expect(drift(2)).toBeLessThan(0.9 * drift(0));
  });

  test('leaves the angles alone when their gradient is not paid for', () => {
    const start = refineState({ trainAngles: false, directions: 2 });
    const half = advanceExactly(affinity, start, 1);
    const batch = affinity.ask(affinity.tell(half, simulateBatch(affinity.ask(half))));
    for (const request of batch.requests) expect(request).toMatchObject({ kind: 'gradient', angles: false });
    const end = advanceExactly(affinity, start, 1000);
    const { shape } = start.head;
    expect([...headViews(shape, end.head.flat).theta]).toEqual([...headViews(shape, start.head.flat).theta]);
  });

  test('carries the standard errors of shots into the scores', () => {
    const start = refineState();
    const noisy = simulateBatch(affinity.ask(start)).map((result) =>
      result.kind === 'expectations' ? { ...result, standardErrors: new Float64Array(result.values.length).fill(0.1) } : result,
    );
    const { before } = affinity.tell(start, noisy) as RefineState;
    const { w, scale } = headViews(start.head.shape, start.head.flat);
    const length = Math.sqrt(w.reduce((sum, value) => sum + value * value, 0));
    for (const error of before!.standardErrors) {
      expect(error).toBeGreaterThan(0);
      // r^2 / r0^2 is of order 1.
      expect(error / (0.1 * Math.abs(scale[0]!) * length)).toBeGreaterThan(0.2);
      expect(error / (0.1 * Math.abs(scale[0]!) * length)).toBeLessThan(5);
    }
  });

  test('is a single forward pass when no step is wanted', () => {
    const end = advanceExactly(affinity, refineState({ steps: 0 }), 1) as RefineState;
    expect(affinity.done(end)).toBe(true);
    expect(refinedScores(end).after).toEqual(refinedScores(end).before);
    expect(end.circuits).toBe(6);
  });

  test('wants a trained head, a candidate and an end', () => {
    expect(() => refineState({}, 0)).toThrow(/at least one candidate/);
    expect(() => refinedScores(refineState())).toThrow(/not finished/);
  });
});

describe('problems', () => {
  test('are listed under their own names', () => {
    for (const [name, problem] of Object.entries(problems)) expect(problem.name).toBe(name);
  });
});
