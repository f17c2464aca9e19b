import { place, uri } from '../../core/contracts/places.ts';
import { AskCircuits } from '../../core/contracts/steps.ts';
import { affinity } from '../../core/problems/affinity.ts';
import { writeCircuits } from '../../core/problems/circuit-files.ts';
import { resolveTarget } from '../shared/devices.ts';
import { readState } from '../shared/models.ts';
import { step } from '../shared/step.ts';

/** State `AskCircuits`: what the problem wants to know next, written as one artifact of circuits for the device. */
export const handler = step(AskCircuits, async ({ runId, stage, stateUri, device }, { artifacts, run }) => {
  const state = await readState(artifacts, stateUri);
  if (affinity.done(state)) return { done: true, circuitsUri: null, circuits: 0 };
  const batch = affinity.ask(state);
  const { quantum } = (await run()).campaign;
  const key = place.circuits(runId, stage, state.iteration, state.phase);
  await artifacts.writeTensors(key, writeCircuits(batch, await resolveTarget(device, quantum.shots)));
  return { done: false, circuitsUri: uri(artifacts.bucket, key), circuits: batch.requests.length };
});
