import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { textsOf } from '../../../models/pretraining/evaluate.ts';
import { type Form, formLine, readFormLine } from '../../../models/pretraining/form-line.ts';
import { createGatherer, type SourceCounts } from '../../../models/pretraining/gather.ts';
import { nodeChemistry } from '../../support/chemistry.ts';
import { librarySmiles } from '../../support/small-corpus.ts';

const chemistry = nodeChemistry();
const formOf = async (smiles: string) => readFormLine(await formLine(smiles, chemistry));
const plain = (smiles: string): Form => ({ ok: true, smiles, flat: smiles });
const facts = (split: 'train' | 'validation') => ({ split, seed: 1, validationShare: 0.2, inputs: [] });

describe('formLine', () => {
  test('writes the standard form, and beside it the form without stereo where they differ', async () => {
    expect(await formLine('OCC', chemistry)).toBe('CCO');
    expect(await formLine('C[C@H](N)C(=O)O', chemistry)).toBe('C[C@H](N)C(=O)O\tCC(N)C(=O)O');
    expect(await formLine('C1=CC=CC=C1C[NH3+].[Cl-]', chemistry)).toBe('NCc1ccccc1');
  });

  test('writes the reason where there is no standard form', async () => {
    expect(await formLine('C1CC', chemistry)).toBe('!UNPARSABLE');
    expect(await formLine('[Na+].[Cl-]', chemistry)).toBe('!NO_CARBON');
    expect(readFormLine('!MIXTURE')).toEqual({ ok: false, code: 'MIXTURE' });
  });

  test('gives stereoisomers, salts and charge states of a compound one form without stereo', async () => {
    const forms = await Promise.all(['F/C=C/C[NH3+]', 'F/C=C\\CN', 'FC=CCN.Cl', 'NC/C=C/F'].map(formOf));
    expect(new Set(forms.map((form) => form.ok && form.flat))).toEqual(new Set(['NCC=CF']));
    expect(new Set(forms.map((form) => form.ok && form.smiles)).size).toBe(3);
  });
});

describe('createGatherer', () => {
  test('counts every row exactly once', () => {
    const form = fc.oneof(
      fc.constantFrom(...librarySmiles.slice(0, 12)).map(plain),
      fc.constantFrom<Form>({ ok: false, code: 'MIXTURE' }, { ok: false, code: 'UNPARSABLE' }),
    );
    fc.assert(
      fc.property(fc.array(form), fc.array(form), fc.array(form, { maxLength: 4 }), (first, second, tested) => {
        const gatherer = createGatherer({ seed: 1, validationShare: 0.3 });
        for (const item of tested) gatherer.holdOut('tested', item);
        for (const item of first) gatherer.add('moses', item);
        for (const item of second) gatherer.add('aid1706', item);
        const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);
        const total = ({ rejected, heldOut, repeated, train, validation }: SourceCounts) =>
          sum(rejected) + sum(heldOut) + repeated + train + validation;
        for (const [source, rows] of [
          ['moses', first],
          ['aid1706', second],
        ] as const) {
          const counts = gatherer.counts[source];
          expect(counts?.rows ?? 0).toBe(rows.length);
          if (counts !== undefined) expect(total(counts)).toBe(rows.length);
        }
        const train = textsOf(gatherer.train.finish(facts('train')));
        const validation = textsOf(gatherer.validation.finish(facts('validation')));
        const forbidden = new Set(tested.map((item) => item.ok && item.smiles));
        expect([...train, ...validation].filter((text) => forbidden.has(text))).toEqual([]);
        expect([...train].filter((text) => validation.has(text))).toEqual([]);
      }),
    );
  });

  test('holds a compound out under any stereo', async () => {
    const gatherer = createGatherer({ seed: 1, validationShare: 0.5 });
    expect(gatherer.holdOut('kiba', await formOf('C[C@H](N)C(=O)O'))).toBe(true);
    expect(gatherer.holdOut('kiba', await formOf('not a molecule'))).toBe(false);
    for (const smiles of ['C[C@@H](N)C(=O)O', 'CC(N)C(=O)O', 'CC([NH3+])C(=O)[O-]'])
      gatherer.add('aid1706', await formOf(smiles));
    expect(gatherer.counts['aid1706']).toEqual({
      rows: 3,
      rejected: {},
      heldOut: { kiba: 3 },
      repeated: 0,
      train: 0,
      validation: 0,
    });
    expect(gatherer.heldOut).toEqual({ kiba: 1 });
  });

  test('puts stereoisomers on one side, by the seed alone', async () => {
    const pairs = librarySmiles.slice(0, 60).map((smiles, i): [Form, Form] => [
      { ok: true, smiles: `${smiles}[C@H]${i}`, flat: smiles },
      { ok: true, smiles: `${smiles}[C@@H]${i}`, flat: smiles },
    ]);
    const sides = (seed: number, list: readonly [Form, Form][]) =>
      list.map((pair) => {
        const gatherer = createGatherer({ seed, validationShare: 0.5 });
        for (const form of pair) gatherer.add('moses', form);
        return gatherer.counts['moses']!.train;
      });
    const first = sides(1, pairs);
    expect(new Set(first)).toEqual(new Set([0, 2]));
    expect(sides(1, [...pairs].reverse())).toEqual([...first].reverse());
    expect(sides(2, pairs)).not.toEqual(first);
  });

  test('sends about the wanted share to validation', () => {
    const gatherer = createGatherer({ seed: 3, validationShare: 0.25 });
    for (const smiles of librarySmiles) gatherer.add('aid1706', plain(smiles));
    const { validation, rows } = gatherer.counts['aid1706']!;
    // Five standard deviations of a binomial of 5,000.
    expect(Math.abs(validation / rows - 0.25)).toBeLessThan(0.031);
  });

  test('keeps a molecule with an unknown token, and names it', () => {
    const gatherer = createGatherer({ seed: 1, validationShare: 0 });
    gatherer.add('moses', plain('C[Po]C'));
    expect(gatherer.unknown).toEqual({ '[Po]': 1 });
    expect(gatherer.train.finish(facts('train')).header).toMatchObject({ sequences: 1, unknown: 1 });
  });
});
