import { DuplicateList, KeyList } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import { MergeDuplicates } from '../../core/contracts/steps.ts';
import { mapLimited } from '../shared/concurrency.ts';
import { step } from '../shared/step.ts';

const READS_AT_ONCE = 16;

/** State `MergeDuplicates`: equal compounds of one hash prefix meet; the first row of the library keeps the compound. */
export const handler = step(MergeDuplicates, async ({ runId, prefix }, { artifacts }) => {
  const lists = await mapLimited(await artifacts.list(place.keysPrefix(runId, prefix)), READS_AT_ONCE, (key) =>
    artifacts.read(key, KeyList),
  );
  const entries = lists
    .flatMap(({ shard, entries: ofShard }) => ofShard.map((entry) => ({ ...entry, shard })))
    .sort((a, b) => a.row - b.row);
  const kept = new Map<string, string>();
  const duplicates: DuplicateList['duplicates'] = [];
  for (const { key, id, shard, indexInShard, row } of entries) {
    const keptId = kept.get(key);
    if (keptId === undefined) kept.set(key, id);
    else duplicates.push({ shard, indexInShard, row, id, keptId });
  }
  await artifacts.write(place.duplicates(runId, prefix), DuplicateList, { schema: 'duplicate-list/1', duplicates });
  return { duplicates: duplicates.length };
});
