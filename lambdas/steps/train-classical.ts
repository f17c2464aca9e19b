import { CostPlan } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import { TrainClassical } from '../../core/contracts/steps.ts';
import { firstRefusal, MINIMUM_LABELS, stageCost } from '../../core/guards/index.ts';
import { trainClassicalModel } from '../../core/model/affinity-model.ts';
import { writeModel } from '../../core/model/model-file.ts';
import { createTrainState, trainDefaults } from '../../core/problems/affinity-state.ts';
import { readLabelled, writeState } from '../shared/models.ts';
import { askNeed, heldOutRmsePk } from '../shared/need.ts';
import { reportProgress } from '../shared/progress.ts';
import { seedFor } from '../shared/seeds.ts';
import { step } from '../shared/step.ts';

/** Compounds in a step on a device: there a batch is paid for by the circuit. */
const DEVICE_BATCH = 8;

/**
 * State `TrainClassical`: the network that every later claim is compared with, and the first state of the hybrid on top of it.
 * Where the guards refuse, no head is trained, or for an audit on the simulator only.
 */
export const handler = step(TrainClassical, async ({ runId }, { artifacts, telemetry, run }) => {
  const record = await run();
  const { quantum, seed } = record.campaign;
  const { header, compounds } = await readLabelled(artifacts, runId);
  const model = trainClassicalModel(compounds, header.descriptorNames, seedFor(seed, 'classical'));
  await artifacts.writeTensors(place.model(runId), writeModel(model));

  const refused = firstRefusal(await askNeed(artifacts, record, model, { loading: null, plateau: null })) !== null;
  const trained = compounds.ids.length >= MINIMUM_LABELS && (!refused || quantum.purpose === 'audit');
  const device = refused ? 'lambda' : quantum.trainDevice;
  const state = createTrainState(
    model,
    { qubits: quantum.qubits, layers: quantum.layers, entangler: 'ring', latentSize: quantum.latentSize },
    {
      ...trainDefaults,
      directions: quantum.latentSize,
      steps: trained ? quantum.trainSteps : 0,
      batch: device === 'lambda' ? trainDefaults.batch : DEVICE_BATCH,
    },
    seedFor(seed, 'hybrid'),
  );
  const stateUri = await writeState(artifacts, runId, state);
  const rmsePk = heldOutRmsePk(model);
  telemetry.info('classical model trained', { heldOutRmsePk: rmsePk, headTrained: trained });
  await reportProgress(artifacts, runId, 'classical', 1, 1, rmsePk === null ? {} : { 'held-out RMSE': rmsePk });
  const plan = await artifacts.read(place.plan(runId), CostPlan);
  return { stateUri, device, reserveMicroUsd: device === 'lambda' ? 0 : stageCost(plan, 'train'), heldOutRmsePk: rmsePk };
});
