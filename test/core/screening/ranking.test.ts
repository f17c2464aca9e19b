import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Candidate, type EncodedLigand } from '../../../core/contracts/artifacts.ts';
import {
  applyRefinement,
  mergeShards,
  neighbourPk,
  optimisticPk,
  rankEntries,
  type ShardScores,
  selectTop,
  toCandidates,
} from '../../../core/screening/ranking.ts';

const sv1 = 'arn:aws:braket:::device/quantum-simulator/amazon/sv1';

interface Row {
  key: string;
  classicalPk: number;
  hybridPk: number;
  halfWidthPk?: number;
}

function shardOf(shard: number, rows: readonly Row[], firstRow = 100 * shard): ShardScores {
  return {
    shard,
    ligands: rows.map(
      ({ key }, i): EncodedLigand => ({
        row: firstRow + i,
        id: `id-${shard}-${i}`,
        smiles: 'C',
        key,
        heavyAtoms: 10,
        columns: { plate: 'A' },
        notes: [],
      }),
    ),
    columns: {
      classicalPk: rows.map((row) => row.classicalPk),
      hybridPk: rows.map((row) => row.hybridPk),
      halfWidthPk: rows.map((row) => row.halfWidthPk ?? 1),
      nearestSimilarity: rows.map(() => 0.5),
      nearestIndex: rows.map(() => 1),
      outOfDomain: rows.map((_, i) => i % 2),
    },
  };
}

const rowsOf = fc.array(
  fc.record({
    key: fc.nat(30).map(String),
    classicalPk: fc.integer({ min: 4, max: 9 }),
    hybridPk: fc.integer({ min: 4, max: 9 }),
  }),
  {
    maxLength: 20,
  },
);

describe('mergeShards', () => {
  test('gives the same ranking whatever order the shards arrive in', () => {
    fc.assert(
      fc.property(fc.array(rowsOf, { minLength: 1, maxLength: 5 }), (shards) => {
        const all = shards.map((rows, i) => shardOf(i, rows));
        const ids = (order: ShardScores[]) => rankEntries(mergeShards(order).entries).map(({ ligand }) => ligand.id);
        expect(ids([...all].reverse())).toEqual(ids(all));
      }),
    );
  });

  test('keeps the first of equal compounds and reports the others', () => {
    const { entries, duplicates } = mergeShards([
      shardOf(1, [{ key: 'x', classicalPk: 9, hybridPk: 9 }]),
      shardOf(0, [
        { key: 'x', classicalPk: 5, hybridPk: 5 },
        { key: 'y', classicalPk: 6, hybridPk: 6 },
      ]),
    ]);
    expect(entries.map(({ ligand }) => ligand.id)).toEqual(['id-0-0', 'id-0-1']);
    expect(duplicates).toEqual([{ key: 'x', keptId: 'id-0-0', droppedId: 'id-1-0', droppedRow: 100 }]);
  });

  test('loses no compound: kept and dropped add up, and keys stand once', () => {
    fc.assert(
      fc.property(fc.array(rowsOf, { maxLength: 4 }), (shards) => {
        const { entries, duplicates } = mergeShards(shards.map((rows, i) => shardOf(i, rows)));
        expect(entries.length + duplicates.length).toBe(shards.flat().length);
        expect(new Set(entries.map(({ ligand }) => ligand.key)).size).toBe(entries.length);
      }),
    );
  });

  test('refuses a column that does not fit its ligands', () => {
    const shard = shardOf(0, [{ key: 'a', classicalPk: 5, hybridPk: 5 }]);
    expect(() => mergeShards([{ ...shard, columns: { ...shard.columns, hybridPk: [] } }])).toThrow(
      '1 ligands want as many values of hybridPk, found 0',
    );
  });
});

describe('the ranking', () => {
  const { entries } = mergeShards([
    shardOf(0, [
      { key: 'a', classicalPk: 7, hybridPk: 6.5, halfWidthPk: 0.5 },
      { key: 'b', classicalPk: 6.5, hybridPk: 7, halfWidthPk: 2 },
      { key: 'c', classicalPk: 5, hybridPk: 7, halfWidthPk: 0.5 },
      { key: 'd', classicalPk: 5, hybridPk: 4, halfWidthPk: 0.5 },
    ]),
  ]);

  test('goes by the hybrid, ties by the order of the library', () => {
    expect(rankEntries(entries).map(({ ligand }) => ligand.key)).toEqual(['b', 'c', 'a', 'd']);
  });

  test('goes by the refined value where there is one', () => {
    const refined = applyRefinement(entries, new Map([['0/3', 9]]));
    expect(rankEntries(refined).map(({ ligand }) => ligand.key)).toEqual(['d', 'b', 'c', 'a']);
    expect(() => applyRefinement(entries, new Map([['5/0', 9]]))).toThrow('5/0');
  });

  test('chooses for the refinement by the classical value plus one sigma, which favours the uncertain', () => {
    expect(optimisticPk(entries[1]!)).toBeCloseTo(6.5 + 2 / 1.6449, 4);
    expect(selectTop(entries, 0.05, 'lambda').map(({ ligand }) => ligand.key)).toEqual(['b']);
    expect(selectTop(entries, 0.5, 'lambda').map(({ ligand }) => ligand.key)).toEqual(['b', 'a']);
  });

  test('sends at most 32 compounds to a paid device', () => {
    const many = mergeShards([
      shardOf(
        0,
        Array.from({ length: 4000 }, (_, i) => ({ key: `${i}`, classicalPk: i / 1000, hybridPk: 1 })),
      ),
    ]).entries;
    expect(selectTop(many, 0.01, 'lambda')).toHaveLength(40);
    expect(selectTop(many, 0.01, sv1)).toHaveLength(32);
    expect(selectTop(many, 0.01, sv1)[0]!.ligand.key).toBe('3999');
  });

  test('becomes candidates that fit the contract, with their nearest labelled compound', () => {
    const candidates = toCandidates(rankEntries(entries), { ids: ['l0', 'l1'], pK: [5, 8.1] }, 2);
    expect(candidates.map((candidate) => Candidate.parse(candidate).id)).toEqual(['id-0-1', 'id-0-2']);
    expect(candidates[0]).toMatchObject({
      rank: 1,
      nearest: { id: 'l1', pK: 8.1, similarity: 0.5 },
      outOfDomain: true,
      columns: { plate: 'A' },
    });
    expect(() => toCandidates(entries, { ids: [], pK: [] }, 1)).toThrow('number 1, of 0');
  });
});

test('neighbourPk is the neighbour for a twin and the mean for a stranger', () => {
  expect(neighbourPk(9, 1, 6)).toBe(9);
  expect(neighbourPk(9, 0, 6)).toBe(6);
});
