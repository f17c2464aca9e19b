/** Which devices really ran, and how much: from the results that tasks left, and from the states of the loop where a Lambda simulated. */

import { OpenToken } from '../../../core/contracts/artifacts.ts';
import { parseUri, place } from '../../../core/contracts/places.ts';
import type { Device } from '../../../core/contracts/primitives.ts';
import type { DeviceUse } from '../../../core/contracts/report.ts';
import { ResultsHeader } from '../../../core/problems/circuit-files.ts';
import type { ArtifactStore } from '../artifacts.ts';

const stages = ['train', 'refine'] as const;
type Stage = (typeof stages)[number];

export interface StageUse {
  device: Device;
  circuits: number;
  shots: number;
}

export interface DevicesUsed {
  devices: DeviceUse[];
  /** What trained the head, whatever the campaign had asked for: a refusal sends training to the simulator. */
  training: StageUse;
}

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

/** `simulated`: circuits by stage that a device would have run for what was asked; it counts where the stage had no task at all. */
export async function devicesUsed(
  artifacts: ArtifactStore,
  runId: string,
  simulated: Readonly<Record<Stage, number>>,
): Promise<DevicesUsed> {
  const uses = new Map<string, DeviceUse>();
  const add = (use: DeviceUse) => {
    const before = uses.get(use.device) ?? { tasks: 0, circuits: 0, shots: 0 };
    uses.set(use.device, {
      ...use,
      tasks: before.tasks + use.tasks,
      circuits: before.circuits + use.circuits,
      shots: before.shots + use.shots,
    });
  };
  const byTasks = new Map<Stage, StageUse>();
  for (const { key, device, circuitsUri } of await tokensOf(artifacts, runId)) {
    const resultsKey = place.results(runId, key);
    const header = (await artifacts.exists(resultsKey)) ? (await artifacts.readTensors(resultsKey, ResultsHeader)).header : null;
    const { tasks, circuitsRun: circuits, shots } = header ?? { tasks: 0, circuitsRun: 0, shots: 0 };
    if (header !== null) add({ device, what: 'circuits as Braket tasks', tasks, circuits, shots });
    const stage = stages.find((name) => parseUri(circuitsUri).key.startsWith(place.circuitsPrefix(runId, name)));
    if (stage === undefined) continue;
    const before = byTasks.get(stage) ?? { circuits: 0, shots: 0 };
    byTasks.set(stage, { device, circuits: before.circuits + circuits, shots: before.shots + shots });
  }
  for (const stage of stages) {
    if (byTasks.has(stage) || simulated[stage] === 0) continue;
    add({
      device: 'lambda',
      what: 'exact values and gradients; circuits are what a device would have run for them',
      tasks: 0,
      circuits: simulated[stage],
      shots: 0,
    });
  }
  return {
    devices: [...uses.values()],
    training: byTasks.get('train') ?? { device: 'lambda', circuits: simulated.train, shots: 0 },
  };
}
