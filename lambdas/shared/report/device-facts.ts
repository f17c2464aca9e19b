/** Which devices really ran, and how much: from the states of the loop and the results that tasks left. */

import type { QuantumDecision, RunRecord } from '../../../core/contracts/artifacts.ts';
import { OpenToken } from '../../../core/contracts/artifacts.ts';
import { runPrefix } from '../../../core/contracts/places.ts';
import type { DeviceUse } from '../../../core/contracts/report.ts';
import type { AffinityState } from '../../../core/problems/affinity-state.ts';
import { ResultsHeader } from '../../../core/problems/circuit-files.ts';
import type { ArtifactStore } from '../artifacts.ts';

/** Every token names its device. One whose closing was cut short still lies among the open ones, which are read first, as closing moves them on. */
async function tokensOf(artifacts: ArtifactStore, runId: string): Promise<OpenToken[]> {
  const tokens = new Map<string, OpenToken>();
  for (const prefix of [`tokens/open/${runId}/`, `tokens/closed/${runId}/`]) {
    for (const key of await artifacts.list(prefix)) {
      const token = await artifacts.find(key, OpenToken);
      if (token !== null) tokens.set(token.key, token);
    }
  }
  return [...tokens.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

export async function devicesUsed(
  artifacts: ArtifactStore,
  { runId, campaign }: RunRecord,
  trainState: AffinityState | null,
  decision: QuantumDecision | null,
): Promise<DeviceUse[]> {
  const uses = new Map<string, DeviceUse>();
  for (const token of await tokensOf(artifacts, runId)) {
    const resultsKey = `${runPrefix(runId)}optimize/results/${token.key}.bin`;
    if (!(await artifacts.exists(resultsKey))) continue;
    const { header } = await artifacts.readTensors(resultsKey, ResultsHeader);
    const use = uses.get(token.device) ?? {
      device: token.device,
      what: 'circuits as Braket tasks',
      tasks: 0,
      circuits: 0,
      shots: 0,
    };
    uses.set(token.device, {
      ...use,
      tasks: use.tasks + header.tasks,
      circuits: use.circuits + header.circuitsRun,
      shots: use.shots + header.shots,
    });
  }
  // A refusal sends training to the simulator whatever the campaign asks for.
  const local = campaign.quantum.trainDevice === 'lambda' || decision?.deviceAllowed === false;
  if (local && trainState !== null && trainState.circuits > 0) {
    uses.set('lambda', {
      device: 'lambda',
      what: 'training by exact gradients; circuits are what a device would have run for it',
      tasks: 0,
      circuits: trainState.circuits,
      shots: 0,
    });
  }
  return [...uses.values()];
}
