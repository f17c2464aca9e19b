import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { graphFromCanonicalSmiles } from '../../../core/molecule/graph.ts';
import { murckoScaffold, scaffoldSplit } from '../../../core/molecule/scaffold.ts';
import { nodeChemistry } from '../../support/chemistry.ts';
import { isLigandLike, readable } from './golden.ts';

const chemistry = nodeChemistry();
const scaffoldOf = async (smiles: string): Promise<string> => {
  const outcome = await murckoScaffold(graphFromCanonicalSmiles(smiles), chemistry);
  if (!outcome.ok) throw new Error(outcome.rejection.message);
  return outcome.value;
};

describe('murckoScaffold', () => {
  test('finds the scaffolds that Python RDKit finds', async () => {
    const compared = readable.filter(({ canonical }) => isLigandLike(canonical));
    expect(compared.length).toBeGreaterThan(500);
    for (const { canonical, scaffold } of compared) expect(await scaffoldOf(canonical), canonical).toBe(scaffold);
  });

  test('is its own scaffold', async () => {
    for (const { scaffold } of readable.slice(0, 150)) if (scaffold !== '') expect(await scaffoldOf(scaffold)).toBe(scaffold);
  });

  test('is empty without a ring, keeps exocyclic double bonds and linkers, and drops the rest', async () => {
    expect(await scaffoldOf('CCCO')).toBe('');
    expect(await scaffoldOf('CC1CCC(=O)C1')).toBe('O=C1CCCC1');
    expect(await scaffoldOf('Cc1ccc(CC(=O)c2ccncc2)cc1')).toBe('O=C(Cc1ccccc1)c1ccncc1');
    expect(await scaffoldOf('Cn1cccc1')).toBe('c1cc[nH]c1');
  });
});

describe('scaffoldSplit', () => {
  const fractions = { train: 0.8, validation: 0.1, test: 0.1 };

  test('keeps every scaffold on one side and loses no compound', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 200 }), (groups) => {
        const scaffolds = groups.map(String);
        const splits = scaffoldSplit(scaffolds, fractions);
        expect(splits).toHaveLength(scaffolds.length);
        for (const scaffold of new Set(scaffolds)) {
          expect(new Set(splits.filter((_, i) => scaffolds[i] === scaffold)).size).toBe(1);
        }
        expect(splits.filter((split) => split === 'train').length).toBeLessThanOrEqual(0.8 * scaffolds.length);
      }),
    );
  });

  test('gives the large groups to training and the single ones to the test', () => {
    const scaffolds = [...Array<string>(8).fill('a'), 'b', 'c'];
    expect(scaffoldSplit(scaffolds, fractions)).toEqual([...Array<string>(8).fill('train'), 'test', 'validation']);
  });

  test('refuses fractions that do not sum to one', () => {
    expect(() => scaffoldSplit(['a'], { train: 0.5, validation: 0.1, test: 0.1 })).toThrow('found 0.7');
  });
});
