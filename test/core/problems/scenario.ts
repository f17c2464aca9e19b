/** A small trained model and the states of both stages, for the tests of the problem `affinity`. */
import { seeded } from '@qefm/quantum';
import { trainClassicalModel, withHybrid } from '../../../core/model/affinity-model.ts';
import { headViews } from '../../../core/model/quantum-head.ts';
import {
  createRefineState,
  createTrainState,
  type RefineState,
  refineDefaults,
  type TrainState,
  trainDefaults,
} from '../../../core/problems/affinity-state.ts';
import { DESCRIPTORS, quickSettings, syntheticFeatures, syntheticLabelled } from '../model/synthetic.ts';

export const structure = { qubits: 4, layers: 2, entangler: 'ring', latentSize: 3 } as const;
export const classicalModel = trainClassicalModel(syntheticLabelled(240, 1), DESCRIPTORS, 5, {
  ...quickSettings,
  maximumEpochs: 8,
});

export function trainState(settings: Partial<typeof trainDefaults> = {}): TrainState {
  return createTrainState(
    classicalModel,
    structure,
    { ...trainDefaults, batch: 16, steps: 12, evaluateEvery: 4, ...settings },
    11,
  );
}

/** With s = 0 the circuit has no say; this is a state some way into training. */
export function withScale<S extends TrainState | RefineState>(state: S, scale: number): S {
  const flat = state.head.flat.slice();
  headViews(state.head.shape, flat).scale[0] = scale;
  return { ...state, head: { ...state.head, flat } };
}

/** A finished model whose head has a say. */
export function hybridModel(scale = 0.7) {
  const { backbone, head } = withScale(trainState(), scale);
  return withHybrid(classicalModel, { backbone, head });
}

export function refineState(settings: Partial<typeof refineDefaults> = {}, candidates = 6): RefineState {
  const library = syntheticFeatures(candidates, seeded(77));
  return createRefineState(hybridModel(), library, { ...refineDefaults, neighbours: 5, anchors: 20, ...settings }, 13);
}
