import { describe, expect, test } from 'vitest';
import { judgeDrugLikeness } from '../../../core/molecule/alerts.ts';
import { describeMolecule, descriptorNames, estimatedCharge } from '../../../core/molecule/descriptors.ts';
import { graphFromCanonicalSmiles } from '../../../core/molecule/graph.ts';
import { hasOpenAromaticSeam, isLigandLike, readable } from './golden.ts';

const describeSmiles = (smiles: string): Float64Array => describeMolecule(graphFromCanonicalSmiles(smiles));

describe('describeMolecule', () => {
  // Absolute tolerance 1e-6: sums of table values in another order than RDKit's.
  test.each(descriptorNames.filter((name) => name !== 'estimatedCharge'))('gives the %s that Python RDKit gives', (name) => {
    const column = descriptorNames.indexOf(name);
    let compared = 0;
    for (const { canonical, descriptors } of readable) {
      if (!isLigandLike(canonical)) continue;
      if (name === 'aromaticRings' && hasOpenAromaticSeam(canonical)) continue;
      const found = describeSmiles(canonical)[column]!;
      expect(Math.abs(found - descriptors[name]!), `${canonical}: found ${found}, RDKit ${descriptors[name]}`).toBeLessThan(1e-6);
      compared++;
    }
    expect(compared).toBeGreaterThan(650);
  });

  test('names as many values as it gives', () => {
    expect(describeSmiles('CCO')).toHaveLength(descriptorNames.length);
  });

  test('counts an aromatic ring by its aromatic bonds, also where RDKit sees a seam', () => {
    const column = descriptorNames.indexOf('aromaticRings');
    expect(describeSmiles('c1ccc2cccc-2cc1')[column]).toBe(1);
    expect(describeSmiles('c1ccc2ccccc2c1')[column]).toBe(2);
  });
});

describe('estimatedCharge', () => {
  test.each([
    ['CCN', 1],
    ['CC(=O)O', -1],
    ['NCC(=O)O', 0],
    ['CC(N)=O', 0],
    ['Nc1ccccc1', 0],
    ['CC(=N)N', 1],
    ['N=C(N)N', 1],
    ['CS(=O)(=O)O', -1],
    ['Cc1nnn[nH]1', -1],
    ['CN1CCN(C)CC1', 2],
    ['CN1CCNCC1=O', 1],
    ['C[N+](C)(C)C', 1],
    ['C[N+](=O)[O-]', 0],
    ['c1ccncc1', 0],
    ['CC(=O)N=C(N)N', 0],
    ['CS(N)(=O)=O', 0],
  ])('expects of %s the charge %i', (smiles, charge) => {
    expect(estimatedCharge(graphFromCanonicalSmiles(smiles))).toBe(charge);
  });
});

describe('judgeDrugLikeness', () => {
  test('finds nothing wrong with paracetamol and much with a long fatty peptide', () => {
    expect(judgeDrugLikeness(describeSmiles('CC(=O)Nc1ccc(O)cc1'))).toEqual({ lipinskiViolations: 0, veber: true });
    const fatty = 'CCCCCCCCCCCCCCCCCC(=O)NCC(=O)NCC(=O)NCC(=O)NCC(=O)NCC(=O)NCC(=O)NCCCCCCCCCCCCCCCCCC';
    expect(judgeDrugLikeness(describeSmiles(fatty)).lipinskiViolations).toBeGreaterThanOrEqual(3);
    expect(judgeDrugLikeness(describeSmiles(fatty)).veber).toBe(false);
  });
});
