/** Shards become one ranking: merged without duplicates, ordered by prediction, with the top chosen for the refinement. */
import type { Candidate, EncodedLigand, ScoreColumns } from '../contracts/artifacts.ts';
import type { Device } from '../contracts/primitives.ts';
import { refinedCount } from '../guards/cost.ts';

export type ScoreColumn = (typeof ScoreColumns)[number];

/** One shard: its ligands and, in their order, the columns of its score file. */
export interface ShardScores {
  shard: number;
  ligands: readonly EncodedLigand[];
  columns: Record<ScoreColumn, ArrayLike<number>>;
}

export interface RankedEntry {
  shard: number;
  indexInShard: number;
  ligand: EncodedLigand;
  classicalPk: number;
  hybridPk: number;
  refinedPk: number | null;
  halfWidthPk: number;
  nearestSimilarity: number;
  nearestIndex: number;
  outOfDomain: boolean;
}

export interface Duplicate {
  key: string;
  keptId: string;
  droppedId: string;
  droppedRow: number;
}

/** Half widths are of 90 % intervals: 1.645 standard deviations. */
const SIGMAS_IN_HALF_WIDTH = 1.6448536269514722;

/** The value a compound is ranked by: the refined prediction where there is one, the hybrid otherwise. */
export const finalPk = ({ refinedPk, hybridPk }: Pick<RankedEntry, 'refinedPk' | 'hybridPk'>): number => refinedPk ?? hybridPk;

const before = (a: RankedEntry, b: RankedEntry): number => a.shard - b.shard || a.indexInShard - b.indexInShard;

/** Best first; equal predictions keep the order of the library, so that the same run gives the same ranking. */
export function rankEntries(entries: readonly RankedEntry[]): RankedEntry[] {
  return [...entries].sort((a, b) => finalPk(b) - finalPk(a) || before(a, b));
}

/**
 * Merges shards in any order into one list in the order of the library. Equal keys are equal compounds: the first in the library stays, the
 * others are reported. Throws RangeError when a column and the ligands differ in length.
 */
export function mergeShards(shards: Iterable<ShardScores>): { entries: RankedEntry[]; duplicates: Duplicate[] } {
  const all: RankedEntry[] = [];
  for (const { shard, ligands, columns } of shards) {
    for (const [name, values] of Object.entries(columns)) {
      if (values.length !== ligands.length) {
        throw new RangeError(`shard ${shard}: ${ligands.length} ligands want as many values of ${name}, found ${values.length}`);
      }
    }
    ligands.forEach((ligand, i) => {
      all.push({
        shard,
        indexInShard: i,
        ligand,
        classicalPk: columns.classicalPk[i]!,
        hybridPk: columns.hybridPk[i]!,
        refinedPk: null,
        halfWidthPk: columns.halfWidthPk[i]!,
        nearestSimilarity: columns.nearestSimilarity[i]!,
        nearestIndex: columns.nearestIndex[i]!,
        outOfDomain: columns.outOfDomain[i] !== 0,
      });
    });
  }
  all.sort(before);
  const kept = new Map<string, RankedEntry>();
  const duplicates: Duplicate[] = [];
  for (const entry of all) {
    const { key, id, row } = entry.ligand;
    const first = kept.get(key);
    if (first === undefined) kept.set(key, entry);
    else duplicates.push({ key, keptId: first.ligand.id, droppedId: id, droppedRow: row });
  }
  return { entries: [...kept.values()], duplicates };
}

/** What a compound may still be worth: the classical prediction plus one standard deviation, pK. */
export const optimisticPk = ({ classicalPk, halfWidthPk }: Pick<RankedEntry, 'classicalPk' | 'halfWidthPk'>): number =>
  classicalPk + halfWidthPk / SIGMAS_IN_HALF_WIDTH;

/** The top fraction by y_c + 1 sigma, at least one compound, at most 32 where the device is paid. Ties keep the library's order. */
export function selectTop(entries: readonly RankedEntry[], topFraction: number, device: Device): RankedEntry[] {
  return [...entries]
    .sort((a, b) => optimisticPk(b) - optimisticPk(a) || before(a, b))
    .slice(0, refinedCount(entries.length, topFraction, device));
}

/** Puts refined predictions in place; `refined` maps `shard/indexInShard` to pK. Throws RangeError for a compound that is not there. */
export function applyRefinement(entries: readonly RankedEntry[], refined: ReadonlyMap<string, number>): RankedEntry[] {
  const missing = new Set(refined.keys());
  const result = entries.map((entry) => {
    const place = `${entry.shard}/${entry.indexInShard}`;
    missing.delete(place);
    return { ...entry, refinedPk: refined.get(place) ?? null };
  });
  if (missing.size > 0) throw new RangeError(`refined compounds are not in the ranking: ${[...missing].slice(0, 5).join(', ')}`);
  return result;
}

/** The best `limit` of a ranking as candidates; `assay` are the labelled compounds that nearestIndex counts in. */
export function toCandidates(
  ranked: readonly RankedEntry[],
  assay: { ids: readonly string[]; pK: ArrayLike<number> },
  limit: number,
): Candidate[] {
  return ranked.slice(0, limit).map((entry, i) => {
    const {
      ligand,
      shard,
      indexInShard,
      classicalPk,
      hybridPk,
      refinedPk,
      halfWidthPk,
      nearestIndex,
      nearestSimilarity,
      outOfDomain,
    } = entry;
    const nearestId = assay.ids[nearestIndex];
    const nearestPk = assay.pK[nearestIndex];
    if (nearestId === undefined || nearestPk === undefined) {
      throw new RangeError(`${ligand.id}: the nearest labelled compound is number ${nearestIndex}, of ${assay.ids.length}`);
    }
    return {
      rank: i + 1,
      id: ligand.id,
      smiles: ligand.smiles,
      key: ligand.key,
      shard,
      indexInShard,
      heavyAtoms: ligand.heavyAtoms,
      classicalPk,
      hybridPk,
      refinedPk,
      halfWidthPk,
      nearest: { id: nearestId, pK: nearestPk, similarity: nearestSimilarity },
      outOfDomain,
      columns: ligand.columns,
    };
  });
}

/**
 * The nearest neighbour as a predictor: its pK, drawn towards the assay's mean as the similarity falls. Without that pull a compound that
 * resembles nothing would carry a stranger's value, and the rival that everyone knows would look weaker than it is.
 */
export const neighbourPk = (nearestPk: number, similarity: number, meanPk: number): number =>
  meanPk + similarity * (nearestPk - meanPk);
