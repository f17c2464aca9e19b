import { RunCircuits } from '../../core/contracts/steps.ts';
import { affinity } from '../../core/problems/affinity.ts';
import { simulateBatch } from '../../core/problems/simulate.ts';
import { reportLoop } from '../shared/loop-progress.ts';
import { readState, writeState } from '../shared/models.ts';
import { step } from '../shared/step.ts';

/** Stops early enough to write what was computed. */
const RESERVE_MS = 30_000;

/** State `RunCircuits`: up to `innerSteps` gradient steps on the exact simulator in this process; ask and tell as on a device. */
export const handler = step(RunCircuits, async ({ runId, stateUri, innerSteps }, { artifacts, telemetry, remainingMs }) => {
  let state = await readState(artifacts, stateUri);
  const stopAt = state.iteration + innerSteps;
  let circuits = 0;
  while (!affinity.done(state) && state.iteration < stopAt && remainingMs() > RESERVE_MS) {
    const batch = affinity.ask(state);
    circuits += batch.requests.length;
    state = affinity.tell(state, simulateBatch(batch));
  }
  // A stage may end with rounds that are no steps, such as the last forward pass.
  while (!affinity.done(state) && state.phase === 'last-forward')
    state = affinity.tell(state, simulateBatch(affinity.ask(state)));
  telemetry.count('CircuitsRun', circuits);
  await reportLoop(artifacts, telemetry, runId, state);
  return { stateUri: await writeState(artifacts, runId, state), done: affinity.done(state) };
});
