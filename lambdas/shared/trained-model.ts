import { createHash } from 'node:crypto';
import { InvalidRequest } from '../../core/contracts/errors.ts';
import { encodeTensors } from '../../core/contracts/tensors.ts';
import type { AffinityModel } from '../../core/model/affinity-model.ts';
import { writeModel } from '../../core/model/model-file.ts';
import { finishTraining } from '../../core/problems/affinity-state.ts';
import type { ArtifactStore } from './artifacts.ts';
import { readState } from './models.ts';

/** The model with the best hybrid weights of a training state, and the hash that names it in the manifest. */
export async function trainedModel(
  artifacts: ArtifactStore,
  stateUri: string,
): Promise<{ model: AffinityModel; sha256: string }> {
  const state = await readState(artifacts, stateUri);
  if (state.stage !== 'train') throw new InvalidRequest(`a state of the training stage was wanted, found ${state.stage}`);
  const model = finishTraining(state);
  const { header, tensors } = writeModel(model);
  return { model, sha256: createHash('sha256').update(encodeTensors(header, tensors)).digest('hex') };
}
