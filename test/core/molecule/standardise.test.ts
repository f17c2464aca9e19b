import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StandardLigand } from '../../../core/contracts/ligand.ts';
import { duplicateKey, standardiseMolblock, standardiseSmiles } from '../../../core/molecule/standardise.ts';
import { nodeChemistry } from '../../support/chemistry.ts';
import { readable } from './golden.ts';

const chemistry = nodeChemistry();
const standard = async (smiles: string) => {
  const outcome = await standardiseSmiles(smiles, chemistry);
  return outcome.ok ? outcome.value : outcome.rejection.code;
};

describe('standardiseSmiles', () => {
  test('leaves a plain compound as RDKit writes it', async () => {
    expect(await standard('OCC')).toEqual({ smiles: 'CCO', heavyAtoms: 3, removedFragments: [], notes: [] });
  });

  test.each([
    ['CCN.Cl', 'CCN', ['hydrochloride']],
    ['C[NH3+].[Cl-]', 'CN', ['hydrochloride']],
    ['CC(=O)[O-].[Na+]', 'CC(=O)O', ['sodium']],
    ['CC(C)[O-].[K+].O.O', 'CC(C)O', ['potassium', 'water', 'water']],
    ['C[NH+](C)CCc1ccccc1.[O-]C(=O)/C=C/C(=O)O', 'CN(C)CCc1ccccc1', ['butenedioate']],
    ['C[C@H](N)c1ccccc1.O[C@H]([C@@H](O)C(=O)O)C(=O)O', 'C[C@H](N)c1ccccc1', ['tartrate']],
    ['CCN.CCO', 'CCN', ['ethanol']],
    ['Cc1ccccc1.[Cl]', 'Cc1ccccc1', ['chlorine atom']],
    ['c1ccc(CN)cc1.CCCC', 'NCc1ccccc1', ['CCCC']],
  ])('takes the salt %s for %s', async (given, smiles, removed) => {
    const ligand = await standard(given);
    expect(ligand).toMatchObject({ smiles, notes: expect.arrayContaining(['SALT_REMOVED']) });
    expect([...(ligand as StandardLigand).removedFragments].sort()).toEqual(removed);
  });

  test('keeps one of several copies, also in different states of charge', async () => {
    const ligand = await standard('CCCCN.CCCC[NH3+].OS(=O)(=O)[O-]');
    expect(ligand).toMatchObject({
      smiles: 'CCCCN',
      notes: expect.arrayContaining(['REPEATED_FRAGMENT_REMOVED', 'SALT_REMOVED']),
    });
    expect((ligand as StandardLigand).removedFragments.sort()).toEqual(['copy of the compound', 'sulfate']);
  });

  test.each([
    ['[O-]c1ccccc1', 'Oc1ccccc1'],
    ['C[NH2+]C', 'CNC'],
    ['c1cc[nH+]cc1', 'c1ccncc1'],
    ['NC(=[NH2+])N', 'N=C(N)N'],
    ['Cc1nnn[n-]1', 'Cc1nnn[nH]1'],
    ['C[N+](C)(C)CC(=O)[O-]', 'C[N+](C)(C)CC(=O)O'],
    ['[NH3+]CC(=O)[O-]', 'NCC(=O)O'],
    ['C[C@@H]([NH3+])C(=O)[O-]', 'C[C@@H](N)C(=O)O'],
  ])(
    'moves protons in %s',
    async (given, expected) => {
      const wanted = await standard(expected);
      expect(await standard(given)).toMatchObject({
        smiles: (wanted as StandardLigand).smiles,
        notes: expect.arrayContaining(['CHARGE_NEUTRALISED']),
      });
    },
    20_000,
  );

  test.each(['C[N+](=O)[O-]', 'CN=[N+]=[N-]', '[O-][n+]1ccccc1', '[C-]#[N+]C', 'C[N+](C)(C)C', 'C[n+]1ccccc1'])(
    'leaves the charges of %s',
    async (given) => {
      const ligand = (await standard(given)) as StandardLigand;
      expect(ligand.smiles).toBe(given);
      expect(ligand.notes).toEqual(given === 'C[N+](C)(C)C' || given === 'C[n+]1ccccc1' ? ['PERMANENT_CHARGE_KEPT'] : []);
    },
  );

  test('removes isotope labels and atom maps, and keeps stereo', async () => {
    expect(await standard('[13CH3][C@H]([2H])O')).toMatchObject({ smiles: 'CCO', notes: ['ISOTOPE_REMOVED'] });
    expect(await standard('[CH3:1][OH:2]')).toMatchObject({ smiles: 'CO' });
    expect(await standard('C[C@@H](N)C(=O)O')).toMatchObject({ smiles: 'C[C@@H](N)C(=O)O' });
    expect(await standard('C/C=C\\C')).toMatchObject({ smiles: 'C/C=C\\C' });
  });

  test.each([
    ['O', 'NO_CARBON'],
    ['[Na+].[Cl-]', 'NO_CARBON'],
    ['CC[Hg]C', 'UNSUPPORTED_ELEMENT'],
    ['*CC', 'WILDCARD_ATOM'],
    ['NCCc1ccccc1.CC(C)CCc1ccccc1', 'MIXTURE'],
    ['', 'EMPTY'],
    ['CC(', 'UNPARSABLE'],
  ])('refuses %j as %s', async (given, code) => {
    expect(await standard(given)).toBe(code);
  });

  test('changes nothing when done twice', async () => {
    for (const { input } of readable) {
      const once = await standard(input);
      if (typeof once === 'string') continue;
      expect(StandardLigand.safeParse(once).success).toBe(true);
      const twice = await standard(once.smiles);
      expect(twice, input).toMatchObject({ smiles: once.smiles, removedFragments: [], heavyAtoms: once.heavyAtoms });
    }
  });

  test('does not depend on the order of fragments', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(['CC[NH3+]', '[Cl-]', 'O', 'CC(=O)[O-]', 'OCC(N)(CO)CO'], { minLength: 1 }),
        async (parts) => {
          const forward = await standard(parts.join('.'));
          const backward = await standard([...parts].reverse().join('.'));
          expect(typeof forward === 'string' ? forward : forward.smiles).toBe(
            typeof backward === 'string' ? backward : backward.smiles,
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('standardiseMolblock', () => {
  test('reads V2000 and V3000 alike', async () => {
    const blocks = await chemistry.withSmiles('C[C@H](N)C(=O)O.Cl', (molecule) => [
      molecule.get_v2Kmolblock(),
      molecule.get_v3Kmolblock(),
    ]);
    if (!blocks.ok) throw new Error(blocks.rejection.message);
    for (const block of blocks.value) {
      expect(await standardiseMolblock(block, chemistry)).toMatchObject({
        ok: true,
        value: { smiles: 'C[C@H](N)C(=O)O', removedFragments: ['hydrochloride'] },
      });
    }
  });

  test('refuses a mol block that cannot be read', async () => {
    expect(await standardiseMolblock('name\n\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\nM  END', chemistry)).toMatchObject({
      ok: false,
    });
  });
});

describe('duplicateKey', () => {
  test('is FNV-1a with the finaliser of MurmurHash3', () => {
    // Recomputed with unbounded integers in Python.
    expect(duplicateKey('')).toBe('efd01f60ba992926');
    expect(duplicateKey('a')).toBe('82a2a958a9bece5b');
    expect(duplicateKey('foobar')).toBe('2c22194922d1672b');
    expect(duplicateKey('CC(=O)Nc1ccc(O)cc1')).toBe('cc303424d1344bbf');
  });

  test('spreads texts that differ in their last characters evenly over the first digit', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 1600; i++) {
      const digit = duplicateKey(`LIB-${String(i).padStart(5, '0')}`)[0]!;
      counts.set(digit, (counts.get(digit) ?? 0) + 1);
    }
    expect(counts.size).toBe(16);
    // 100 expected in each; 60 to 140 is four standard deviations.
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(40);
  });

  test('differs for all different compounds of the golden set', () => {
    const smiles = new Set(readable.map(({ canonical }) => canonical));
    expect(new Set([...smiles].map(duplicateKey)).size).toBe(smiles.size);
  });
});
