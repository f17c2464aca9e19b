/** The scored library shard by shard, duplicates left out: what is ranked never lies in memory whole. */
import { DuplicateList, EncodedShard, ScoreColumns, ScoredShard } from '../../core/contracts/artifacts.ts';
import { ArtifactInvalid } from '../../core/contracts/errors.ts';
import { place } from '../../core/contracts/places.ts';
import type { TensorFile } from '../../core/contracts/tensors.ts';
import type { RankedEntry, ScoreColumn } from '../../core/screening/ranking.ts';
import { mergeShards } from '../../core/screening/ranking.ts';
import type { ArtifactStore } from './artifacts.ts';

export interface ScoredPart {
  shard: number;
  header: EncodedShard;
  file: TensorFile<EncodedShard>;
  /** In the library's order, without those that stood in it before. */
  entries: RankedEntry[];
}

export async function readDuplicates(artifacts: ArtifactStore, runId: string): Promise<DuplicateList['duplicates']> {
  const lists = await Promise.all(
    (await artifacts.list(place.duplicatesPrefix(runId))).map((key) => artifacts.read(key, DuplicateList)),
  );
  return lists.flatMap(({ duplicates }) => duplicates).sort((a, b) => a.row - b.row);
}

export async function* scoredLibrary(artifacts: ArtifactStore, runId: string, shardCount: number): AsyncGenerator<ScoredPart> {
  const duplicates = new Set(
    (await readDuplicates(artifacts, runId)).map(({ shard, indexInShard }) => `${shard}/${indexInShard}`),
  );
  for (let shard = 0; shard < shardCount; shard++) {
    const file = await artifacts.readTensors(place.encoded(runId, shard), EncodedShard);
    const scores = await artifacts.readTensors(place.scored(runId, shard), ScoredShard);
    const columns = Object.fromEntries(
      ScoreColumns.map((name) => {
        const data = scores.tensors[name]?.data;
        if (data === undefined) throw new ArtifactInvalid(`scored shard ${shard}: column ${name} is missing`);
        return [name, data];
      }),
    ) as unknown as Record<ScoreColumn, ArrayLike<number>>;
    const { entries } = mergeShards([{ shard, ligands: file.header.ligands, columns }]);
    yield {
      shard,
      header: file.header,
      file,
      // Within a shard the merge has dropped repetitions already; across shards the list says which.
      entries: entries.filter(({ indexInShard }) => !duplicates.has(`${shard}/${indexInShard}`)),
    };
  }
}

/** Keeps the best `limit` of a stream by a value; ties keep the order of arrival. */
export function keepBest<T>(limit: number, value: (item: T) => number) {
  let kept: T[] = [];
  const trim = () => {
    kept = kept.sort((a, b) => value(b) - value(a)).slice(0, limit);
  };
  return {
    add(item: T) {
      kept.push(item);
      if (kept.length >= 2 * limit + 1000) trim();
    },
    best(): T[] {
      trim();
      return kept;
    },
  };
}
