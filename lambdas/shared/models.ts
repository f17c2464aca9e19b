/** The labelled set and the state of the problem, as the steps read and write them. */
import { LabelledSet } from '../../core/contracts/artifacts.ts';
import { ArtifactInvalid } from '../../core/contracts/errors.ts';
import { parseUri, place, uri } from '../../core/contracts/places.ts';
import type { TensorFile } from '../../core/contracts/tensors.ts';
import type { LabelledCompounds } from '../../core/model/affinity-model.ts';
import { labelledCompounds } from '../../core/model/affinity-model.ts';
import type { FeatureTable } from '../../core/model/features.ts';
import { affinity } from '../../core/problems/affinity.ts';
import type { AffinityState } from '../../core/problems/affinity-state.ts';
import type { ArtifactStore } from './artifacts.ts';

function floats(file: TensorFile<unknown>, name: string): Float64Array {
  const data = file.tensors[name]?.data;
  if (!(data instanceof Float64Array)) throw new ArtifactInvalid(`tensor ${name} of type f64 was wanted`);
  return data;
}

/** Descriptors and fingerprints of an encoded shard or of the labelled set. */
export function featuresOf(file: TensorFile<unknown>, count: number): FeatureTable {
  const fingerprints = file.tensors['fingerprints']?.data;
  if (!(fingerprints instanceof Uint8Array)) throw new ArtifactInvalid('tensor fingerprints of type u8 was wanted');
  return { count, descriptors: floats(file, 'descriptors'), fingerprints };
}

export interface Labelled {
  header: LabelledSet;
  compounds: LabelledCompounds;
}

export async function readLabelled(artifacts: ArtifactStore, runId: string): Promise<Labelled> {
  const file = await artifacts.readTensors(place.labelled(runId), LabelledSet);
  const { header } = file;
  const compounds = labelledCompounds({
    ids: header.ids,
    pK: floats(file, 'pK'),
    relations: header.relations,
    splits: header.splits,
    features: featuresOf(file, header.ids.length),
  });
  return { header, compounds };
}

export async function readState(artifacts: ArtifactStore, stateUri: string): Promise<AffinityState> {
  return affinity.read(await artifacts.readRawTensors(parseUri(stateUri).key));
}

const ROUNDS_KEPT = 4;
const KEPT_EVERY = 50;

/** States of a stage in the order they were written, oldest first. */
export async function listStates(artifacts: ArtifactStore, runId: string, stage: string): Promise<string[]> {
  const order = ['first-forward', 'expectations', 'gradient', 'last-forward', 'done'];
  const place_ = (key: string) => {
    const match = /state-(\d+)-([a-z-]+)\.bin$/.exec(key)!;
    return [Number(match[1]), order.indexOf(match[2]!)] as const;
  };
  return (await artifacts.list(place.statePrefix(runId, stage))).sort((a, b) => {
    const [iterationA, phaseA] = place_(a);
    const [iterationB, phaseB] = place_(b);
    return iterationA - iterationB || phaseA - phaseB;
  });
}

/**
 * Writes the state under its iteration and phase, and clears away older ones: the last rounds stay, because a retried step reads them
 * again, and so does every fiftieth iteration. The best weights ride in every state.
 */
export async function writeState(artifacts: ArtifactStore, runId: string, state: AffinityState): Promise<string> {
  const key = place.state(runId, state.stage, state.iteration, state.phase);
  await artifacts.writeTensors(key, affinity.write(state));
  const older = (await listStates(artifacts, runId, state.stage)).slice(0, -ROUNDS_KEPT);
  for (const old of older) {
    const iteration = Number(/state-(\d+)-/.exec(old)![1]);
    if (iteration % KEPT_EVERY !== 0) await artifacts.delete(old);
  }
  return uri(artifacts.bucket, key);
}
