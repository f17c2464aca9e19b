import { EncodedShard, ScoreColumns, type ScoredShard } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import { ScoreLigands } from '../../core/contracts/steps.ts';
import type { Tensor } from '../../core/contracts/tensors.ts';
import type { Scorer } from '../../core/model/affinity-model.ts';
import { prepareScorer } from '../../core/model/affinity-model.ts';
import { featuresOf } from '../shared/models.ts';
import { step } from '../shared/step.ts';
import { trainedModel } from '../shared/trained-model.ts';

/** A warm function scores many shards with one model. */
let warm: { stateUri: string; scorer: Scorer; sha256: string } | undefined;

/** State `ScoreLigands`: every compound of a shard by the classical model and by the hybrid, with its interval and nearest label. */
export const handler = step(ScoreLigands, async ({ runId, shard, stateUri }, { artifacts }) => {
  if (warm?.stateUri !== stateUri) {
    const { model, sha256 } = await trainedModel(artifacts, stateUri);
    warm = { stateUri, scorer: prepareScorer(model), sha256 };
  }
  const file = await artifacts.readTensors(place.encoded(runId, shard.index), EncodedShard);
  const count = file.header.ligands.length;
  const columns = warm.scorer.score(featuresOf(file, count));
  const tensors: Record<string, Tensor> = {};
  for (const name of ScoreColumns) tensors[name] = { shape: [count], data: columns[name] };
  const header: ScoredShard = { schema: 'scored-shard/1', shard: shard.index, rows: count, model: warm.sha256 };
  await artifacts.writeTensors(place.scored(runId, shard.index), { header, tensors });
  return { scored: count };
});
