/** Counts of the library and the rows that were left out, from what the encoding of each shard left behind. */

import type { LabelledSet, RejectedRow } from '../../../core/contracts/artifacts.ts';
import { EncodedShard, RejectedRows, ShardList } from '../../../core/contracts/artifacts.ts';
import { place } from '../../../core/contracts/places.ts';
import type { LibraryCounts, Rejections } from '../../../core/contracts/report.ts';
import type { ArtifactStore } from '../artifacts.ts';
import { readDuplicates } from '../scored-library.ts';

/** Rows shown on the page; the artifacts hold them all. */
const ROWS_SHOWN = 50;

function summarise(rows: readonly RejectedRow[]): Rejections {
  const byCode: Record<string, number> = {};
  for (const { code } of rows) byCode[code] = (byCode[code] ?? 0) + 1;
  return { total: rows.length, byCode, rows: [...rows].sort((a, b) => a.row - b.row).slice(0, ROWS_SHOWN) };
}

export interface LibraryFacts {
  library: LibraryCounts;
  rejectedLibrary: Rejections;
}

/** Null before PrepareRun has cut the library. */
export async function libraryFacts(artifacts: ArtifactStore, runId: string): Promise<LibraryFacts | null> {
  const shards = await artifacts.find(place.shards(runId), ShardList);
  const cut = await artifacts.find(place.splitRejected(runId), RejectedRows);
  if (shards === null || cut === null) return null;
  let accepted = 0;
  const rejected = [...cut.rejected];
  for (const key of await artifacts.list(place.encodedPrefix(runId))) {
    const { header } = await artifacts.readTensors(key, EncodedShard);
    accepted += header.ligands.length;
    rejected.push(...header.rejected);
  }
  const duplicates = await readDuplicates(artifacts, runId);
  const repeated: RejectedRow[] = duplicates.map(({ row, id, keptId }) => ({
    row,
    id,
    code: 'DUPLICATE',
    message: `the same compound as ${keptId}`,
  }));
  const rows = shards.reduce((sum, shard) => sum + shard.rows, cut.rejected.length);
  return {
    library: { rows, accepted, rejected: rejected.length, duplicates: duplicates.length, shards: shards.length },
    rejectedLibrary: summarise([...rejected, ...repeated]),
  };
}

export const rejectedAssay = (header: LabelledSet): Rejections => summarise(header.rejected);
