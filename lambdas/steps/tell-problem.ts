import { parseUri } from '../../core/contracts/places.ts';
import { TellProblem } from '../../core/contracts/steps.ts';
import { affinity } from '../../core/problems/affinity.ts';
import { ResultsHeader, readResults } from '../../core/problems/circuit-files.ts';
import { reportLoop } from '../shared/loop-progress.ts';
import { readState, writeState } from '../shared/models.ts';
import { step } from '../shared/step.ts';

/** State `TellProblem`: the device's numbers become a loss, a backward pass through head and network, and new weights. */
export const handler = step(TellProblem, async ({ runId, stateUri, resultsUri }, { artifacts, telemetry }) => {
  const results = readResults(await artifacts.readTensors(parseUri(resultsUri).key, ResultsHeader));
  const state = affinity.tell(await readState(artifacts, stateUri), results);
  await reportLoop(artifacts, telemetry, runId, state);
  return { stateUri: await writeState(artifacts, runId, state), done: affinity.done(state) };
});
