/** `ranked.csv` and `ranked.sdf` beside the report. */
import { place } from '../../../core/contracts/places.ts';
import type { RankedCompound } from '../../../core/contracts/report.ts';
import type { Chemistry } from '../../../core/molecule/chemistry.ts';
import { rankedCsv, rankedSdf, SDF_RECORDS, tableColumns } from '../../../core/report/tables.ts';
import type { ArtifactStore } from '../artifacts.ts';
import { molblockOf } from './compound-facts.ts';

/** Names of the files written, by what they are. */
export async function writeTables(
  artifacts: ArtifactStore,
  runId: string,
  rows: readonly RankedCompound[],
  chemistry: Chemistry,
): Promise<Record<string, string>> {
  const names = tableColumns(rows);
  await artifacts.writeBytes(place.rankedCsv(runId), [...rankedCsv(rows, names)].join(''), 'text/csv; charset=utf-8');
  const records = [];
  for (const row of rows.slice(0, SDF_RECORDS)) records.push({ row, molblock: await molblockOf(row.smiles, chemistry) });
  await artifacts.writeBytes(place.rankedSdf(runId), [...rankedSdf(records, names)].join(''), 'chemical/x-mdl-sdfile');
  return { ranking: 'ranked.csv', structures: 'ranked.sdf', manifest: 'manifest.json' };
}
