import { describe, expect, test } from 'vitest';
import { place, uri } from '../../core/contracts/places.ts';
import type { ArtifactStore } from '../../lambdas/shared/artifacts.ts';
import { devicesUsed } from '../../lambdas/shared/report/device-facts.ts';

const RUN = 'bace-0123456789ab';
const SV1 = 'arn:aws:braket:::device/quantum-simulator/amazon/sv1';
const FORTE = 'arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1';

interface Left {
  key: string;
  stage: 'train' | 'refine';
  device: string;
  /** Null where the tasks left no result. */
  ran: { tasks: number; circuitsRun: number; shots: number } | null;
}

/** A store that holds these tokens, closed, and their results. */
function storeOf(left: readonly Left[]): ArtifactStore {
  const results = new Map(left.flatMap(({ key, ran }) => (ran === null ? [] : [[place.results(RUN, key), ran] as const])));
  const tokens = new Map(
    left.map(({ key, stage, device }) => [
      place.closedToken(RUN, key),
      { key, device, circuitsUri: uri('data', place.circuits(RUN, stage, 1, 'gradient')) },
    ]),
  );
  return {
    list: async (prefix: string) => [...tokens.keys()].filter((key) => key.startsWith(prefix)),
    find: async (key: string) => tokens.get(key) ?? null,
    exists: async (key: string) => results.has(key),
    readTensors: async (key: string) => ({ header: results.get(key), tensors: {} }),
  } as unknown as ArtifactStore;
}

describe('the devices of a run', () => {
  test('are told from the tasks, with the shots of training apart from those of refinement', async () => {
    const store = storeOf([
      { key: 'a', stage: 'train', device: FORTE, ran: { tasks: 1, circuitsRun: 8, shots: 800 } },
      { key: 'b', stage: 'train', device: FORTE, ran: { tasks: 1, circuitsRun: 64, shots: 6_400 } },
      { key: 'c', stage: 'refine', device: FORTE, ran: { tasks: 2, circuitsRun: 4, shots: 400 } },
    ]);
    const { devices, training } = await devicesUsed(store, RUN, { train: 90, refine: 4 });
    expect(devices).toEqual([{ device: FORTE, what: 'circuits as Braket tasks', tasks: 4, circuits: 76, shots: 7_600 }]);
    expect(training).toEqual({ device: FORTE, circuits: 72, shots: 7_200 });
  });

  test('hold the Lambda for every stage that ran without a task, whatever the campaign had asked for', async () => {
    const { devices, training } = await devicesUsed(storeOf([]), RUN, { train: 90, refine: 4 });
    expect(devices.map(({ device, tasks, circuits, shots }) => [device, tasks, circuits, shots])).toEqual([['lambda', 0, 94, 0]]);
    expect(training).toEqual({ device: 'lambda', circuits: 90, shots: 0 });
  });

  test('do not hold the Lambda for a stage whose tasks a device ran', async () => {
    const store = storeOf([{ key: 'a', stage: 'train', device: SV1, ran: { tasks: 8, circuitsRun: 8, shots: 0 } }]);
    const { devices, training } = await devicesUsed(store, RUN, { train: 90, refine: 0 });
    expect(devices.map(({ device }) => device)).toEqual([SV1]);
    expect(training).toEqual({ device: SV1, circuits: 8, shots: 0 });
  });

  test('hold no device whose tasks left no result, though the training was on it', async () => {
    const store = storeOf([{ key: 'a', stage: 'train', device: SV1, ran: null }]);
    expect(await devicesUsed(store, RUN, { train: 0, refine: 0 })).toEqual({
      devices: [],
      training: { device: SV1, circuits: 0, shots: 0 },
    });
  });
});
