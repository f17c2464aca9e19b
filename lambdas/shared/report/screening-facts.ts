/** The headline of a retrospective screen. This is the one place that reads the truth. */
import { seeded } from '@qefm/quantum';
import type { Ranking, RunRecord } from '../../../core/contracts/artifacts.ts';
import { InvalidCampaign } from '../../../core/contracts/errors.ts';
import { truthKey } from '../../../core/contracts/places.ts';
import type { Headline } from '../../../core/contracts/report.ts';
import type { Chemistry } from '../../../core/molecule/chemistry.ts';
import { graphFromCanonicalSmiles } from '../../../core/molecule/graph.ts';
import { createLibraryReader } from '../../../core/molecule/library.ts';
import { murckoScaffold } from '../../../core/molecule/scaffold.ts';
import { labelsOfKept, screeningHeadline } from '../../../core/screening/headline.ts';
import { finalPk, neighbourPk } from '../../../core/screening/ranking.ts';
import type { ArtifactStore } from '../artifacts.ts';
import type { Labelled } from '../models.ts';
import { readDuplicates, scoredLibrary } from '../scored-library.ts';
import { seedFor } from '../seeds.ts';

/** Measured pK by the id of the library's rows that were kept. */
export async function readTruth(artifacts: ArtifactStore, { campaign, runId }: RunRecord): Promise<Map<string, number> | null> {
  if (campaign.truth === undefined) return null;
  const { file, idColumn, valueColumn } = campaign.truth;
  // The reader of tables wants a structure column; a truth table has none, so its id stands in.
  const reader = createLibraryReader('csv', { smilesColumn: idColumn });
  const items = [...reader.push(await artifacts.readBytes(truthKey(campaign.name, file))), ...reader.end()];
  const truth = new Map<string, number>();
  for (const item of items) {
    if (item.kind === 'rejected') continue;
    const cell = item.columns[valueColumn]?.trim();
    // A row without a value is a compound presumed inactive.
    if (cell === '') continue;
    const pK = Number(cell);
    if (cell === undefined || !Number.isFinite(pK)) {
      throw new InvalidCampaign(`truth/${file} row ${item.row}: a number in column ${valueColumn} was wanted`);
    }
    truth.set(item.text, pK);
  }
  return labelsOfKept(truth, await readDuplicates(artifacts, runId));
}

/** A compound whose scaffold cannot be written is drawn by itself. */
async function scaffoldOf(smiles: string, chemistry: Chemistry): Promise<string> {
  const scaffold = await murckoScaffold(graphFromCanonicalSmiles(smiles), chemistry);
  return scaffold.ok ? scaffold.value : '';
}

export async function screeningFacts(
  artifacts: ArtifactStore,
  record: RunRecord,
  shardCount: number,
  labelled: Labelled,
  ranking: Ranking,
  truth: ReadonlyMap<string, number>,
  chemistry: Chemistry,
): Promise<Headline> {
  const refined = new Map(
    ranking.candidates.map((candidate) => [`${candidate.shard}/${candidate.indexInShard}`, candidate.refinedPk]),
  );
  const wasRefined = ranking.candidates.some(({ refinedPk }) => refinedPk !== null);
  const { pK } = labelled.compounds;
  const meanPk = pK.reduce((sum, value) => sum + value, 0) / pK.length;
  const columns = {
    heavyAtoms: [] as number[],
    neighbour: [] as number[],
    classical: [] as number[],
    hybrid: [] as number[],
    final: [] as number[],
    halfWidth: [] as number[],
  };
  const truthPk: number[] = [];
  const scaffolds: string[] = [];
  for await (const { entries } of scoredLibrary(artifacts, record.runId, shardCount)) {
    for (const entry of entries) {
      columns.heavyAtoms.push(entry.ligand.heavyAtoms);
      columns.neighbour.push(neighbourPk(pK[entry.nearestIndex]!, entry.nearestSimilarity, meanPk));
      columns.classical.push(entry.classicalPk);
      columns.hybrid.push(entry.hybridPk);
      columns.final.push(
        finalPk({ hybridPk: entry.hybridPk, refinedPk: refined.get(`${entry.shard}/${entry.indexInShard}`) ?? null }),
      );
      columns.halfWidth.push(entry.halfWidthPk);
      const measuredPk = truth.get(entry.ligand.id);
      truthPk.push(measuredPk ?? Number.NaN);
      // Analogues among the measured were made together; a decoy was drawn by itself.
      scaffolds.push(measuredPk === undefined ? '' : await scaffoldOf(entry.ligand.smiles, chemistry));
    }
  }
  const random = seeded(seedFor(record.seed, 'headline'));
  return screeningHeadline({
    scores: {
      'heavy-atoms': columns.heavyAtoms,
      'nearest-neighbour': columns.neighbour,
      classical: columns.classical,
      hybrid: columns.hybrid,
      ...(wasRefined ? { refined: columns.final } : {}),
    },
    truthPk,
    scaffolds,
    halfWidthPk: columns.halfWidth,
    activeFromPk: record.campaign.assay.activeFromPk,
    quantity: labelled.header.quantity,
    random: () => random.uniform(),
  });
}
