import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidAssay } from '../../../core/contracts/errors.ts';
import { AssayCompound } from '../../../core/contracts/ligand.ts';
import type { AssayOptions, AssayTable } from '../../../core/molecule/assay.ts';
import { readAssay, readLabel } from '../../../core/molecule/assay.ts';
import { nodeChemistry } from '../../support/chemistry.ts';

const chemistry = nodeChemistry();
const read = (text: string, options: Partial<AssayOptions> = {}): Promise<AssayTable> =>
  readAssay(new TextEncoder().encode(text), { valueColumn: 'value', unit: 'nM', ...options }, chemistry);
const label = (value: string, options: Partial<AssayOptions> = {}, columns: Record<string, string> = {}) =>
  readLabel({ value, ...columns }, { valueColumn: 'value', unit: 'nM', ...options });

describe('readLabel', () => {
  test.each([
    ['1000', 'nM', 6],
    ['1', 'uM', 6],
    ['0.001', 'mM', 6],
    ['1e-6', 'M', 6],
    ['1000000', 'pM', 6],
    ['6', 'pX', 6],
    ['5 nM', 'uM', 8.301029995663981],
    ['5nM', 'uM', 8.301029995663981],
    ['2.5 \u00b5M', 'nM', 5.6020599913279625],
    ['2.5 \u03bcM', 'nM', 5.6020599913279625],
    ['.5', 'uM', 6.301029995663981],
  ] as const)('turns %s in %s into pK %f', (value, unit, pK) => {
    expect(label(value, { unit })).toMatchObject({ relation: '=', quantity: 'IC50' });
    expect((label(value, { unit }) as { pK: number }).pK).toBeCloseTo(pK, 12);
  });

  test('takes unit, relation and quantity from their columns', () => {
    const options = { unitColumn: 'u', relationColumn: 'r', quantityColumn: 'q' };
    expect(label('10', options, { u: 'uM', r: '>', q: 'Ki' })).toEqual({ pK: 5, relation: '<', quantity: 'Ki' });
    expect(label('10', options, { u: 'nmol/L', r: "'='", q: 'p Kd' })).toEqual({ pK: 8, relation: '=', quantity: 'Kd' });
    expect(label('5', { ...options, unit: 'pX' }, { u: '', r: '<=', q: 'pIC50' })).toEqual({
      pK: 5,
      relation: '<',
      quantity: 'IC50',
    });
  });

  test.each([
    ['>10000', '<', 5],
    ['> 10000', '<', 5],
    ['>=10000', '<', 5],
    ['\u226510000', '<', 5],
    ['<10', '>', 8],
    ['<=10', '>', 8],
    ['~100', '=', 7],
  ] as const)('turns the side of %s nM round', (value, relation, pK) => {
    expect(label(value)).toEqual({ pK, relation, quantity: 'IC50' });
  });

  test('keeps the side of a pX', () => {
    expect(label('<5', { unit: 'pX' })).toMatchObject({ pK: 5, relation: '<' });
  });

  test.each([
    ['', 'MISSING_VALUE'],
    ['n/a', 'MISSING_VALUE'],
    ['abc', 'INVALID_VALUE'],
    ['1,5', 'INVALID_VALUE'],
    ['0', 'INVALID_VALUE'],
    ['-3', 'INVALID_VALUE'],
    ['1e400', 'INVALID_VALUE'],
    ['1e30', 'INVALID_VALUE'],
    ['5 furlongs', 'UNKNOWN_UNIT'],
    ['<>5', 'UNKNOWN_RELATION'],
  ])('rejects %j as %s', (value, code) => {
    expect(label(value)).toMatchObject({ code });
  });

  test('rejects a relation or quantity it does not know, and two that disagree', () => {
    expect(label('5', { relationColumn: 'r' }, { r: 'about' })).toMatchObject({ code: 'UNKNOWN_RELATION' });
    expect(label('>5', { relationColumn: 'r' }, { r: '<' })).toMatchObject({ code: 'UNKNOWN_RELATION' });
    expect(label('5', { quantityColumn: 'q' }, { q: 'Inhibition' })).toMatchObject({ code: 'UNKNOWN_QUANTITY' });
  });

  test('answers any cell with a pK within range or a code', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String)), fc.constantFrom('pX', 'M', 'uM', 'nM'), (cell, unit) => {
        const result = label(cell, { unit: unit as 'nM' });
        if ('pK' in result) expect(result.pK >= -1 && result.pK <= 16).toBe(true);
        else expect(result.message).toContain('found');
      }),
    );
  });
});

describe('readAssay', () => {
  test('reads a plain table', async () => {
    const table = await read('id,smiles,value\na,CCO,10\nb,CCN,1000\n');
    expect(table.compounds).toEqual([
      { id: 'a', smiles: 'CCO', pK: 8, relation: '=', quantity: 'IC50', replicates: 1, sdPk: 0 },
      { id: 'b', smiles: 'CCN', pK: 6, relation: '=', quantity: 'IC50', replicates: 1, sdPk: 0 },
    ]);
    expect(table.rules).toMatchObject({ rowsRead: 2, rowsRejected: 0, compounds: 2 });
    for (const compound of table.compounds) expect(AssayCompound.safeParse(compound).success).toBe(true);
  });

  test('averages replicates of one compound, however it is written', async () => {
    const table = await read('id,smiles,value\na,CCO,6.0\nb,OCC,6.6\nc,C(C)O.Cl,6.3\n', { unit: 'pX' });
    expect(table.compounds).toHaveLength(1);
    expect(table.compounds[0]).toMatchObject({ id: 'a', replicates: 3 });
    expect(table.compounds[0]!.pK).toBeCloseTo(6.3, 12);
    expect(table.compounds[0]!.sdPk).toBeCloseTo(0.3, 12);
    expect(table.rules.rowsMergedAsReplicates).toBe(2);
  });

  test('drops compounds whose replicates contradict each other, and says so at every row', async () => {
    const table = await read('id,smiles,value\na,CCO,5\nb,CCO,6.1\nc,CCN,7\nd,CCC,6.0\ne,CCC,7.0\n', { unit: 'pX' });
    expect(table.compounds.map((compound) => compound.smiles)).toEqual(['CCN', 'CCC']);
    expect(table.rejected.map(({ row, code }) => [row, code])).toEqual([
      [1, 'CONTRADICTION'],
      [2, 'CONTRADICTION'],
    ]);
    expect(table.rules).toMatchObject({ compoundsDroppedAsContradiction: 1, rowsDroppedAsContradiction: 2 });
  });

  test('keeps bounds with their side, the tightest of several', async () => {
    const table = await read('id,smiles,value\na,CCO,>10000\nb,CCO,>30000\nc,CCN,<1\n');
    expect(table.compounds).toMatchObject([
      { smiles: 'CCO', relation: '<', replicates: 2 },
      { smiles: 'CCN', relation: '>', pK: 9 },
    ]);
    expect(table.compounds[0]!.pK).toBeCloseTo(4.5229, 4);
    expect(table.rules.compoundsCensored).toBe(2);
  });

  test('prefers a measurement to a bound, and drops what a bound forbids', async () => {
    const table = await read('id,smiles,value\na,CCO,6\nb,CCO,>5\nc,CCN,8\nd,CCN,<5\ne,CCC,>5\nf,CCC,<7\ng,CCCC,7\n', {
      unit: 'pX',
    });
    expect(table.compounds).toMatchObject([{ smiles: 'CCO', pK: 6, relation: '=', replicates: 1 }, { smiles: 'CCCC' }]);
    expect(table.rules).toMatchObject({
      boundsDroppedBesideMeasurement: 1,
      compoundsDroppedAsContradiction: 2,
      rowsDroppedAsContradiction: 4,
    });
  });

  test('never mixes Ki and IC50: the larger group is used unless the campaign chooses', async () => {
    const text = 'id,smiles,value,type\na,CCO,6,IC50\nb,CCO,8,Ki\nc,CCN,7,IC50\nd,CCC,5,Kd\n';
    const options = { unit: 'pX', quantityColumn: 'type' } as const;
    const table = await read(text, options);
    expect(table.quantity).toBe('IC50');
    expect(table.compounds).toMatchObject([{ smiles: 'CCO', pK: 6 }, { smiles: 'CCN' }]);
    expect(table.rejected.map(({ row, code }) => [row, code])).toEqual([
      [2, 'OTHER_QUANTITY'],
      [4, 'OTHER_QUANTITY'],
    ]);
    expect(table.rules.rowsOfOtherQuantity).toBe(2);
    expect((await read(text, { ...options, quantity: 'Ki' })).compounds).toMatchObject([
      { smiles: 'CCO', pK: 8, quantity: 'Ki' },
    ]);
  });

  test('rejects rows one by one, for values as for structures', async () => {
    const table = await read('id,smiles,value\na,CCO,10\nb,C1CC,10\nc,,10\nd,CCN,zero\ne,C\u00e9,5\nf,CCC\ng,O,5\n');
    expect(table.compounds.map((compound) => compound.id)).toEqual(['a']);
    expect(table.rejected.map(({ id, code }) => [id, code])).toEqual([
      ['b', 'UNPARSABLE'],
      ['c', 'EMPTY'],
      ['d', 'INVALID_VALUE'],
      ['e', 'NOT_ASCII'],
      ['f', 'MISSING_VALUE'],
      ['g', 'NO_CARBON'],
    ]);
    expect(table.rules).toMatchObject({ rowsRead: 7, rowsRejected: 6, compounds: 1 });
  });

  test('accounts for every row', async () => {
    const row = fc.tuple(
      fc.constantFrom('CCO', 'OCC', 'CCN', 'C1CC', 'CCC.Cl'),
      fc.constantFrom('5', '6', '6.5', '>7', '<4', 'x', ''),
      fc.constantFrom('IC50', 'Ki', '?'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 25 }), async (rows) => {
        const text = `id,smiles,value,type\n${rows.map((fields, i) => `r${i},${fields.join(',')}\n`).join('')}`;
        try {
          const { compounds, rules, rejected } = await read(text, { unit: 'pX', quantityColumn: 'type' });
          const used = compounds.reduce((sum, compound) => sum + compound.replicates, 0);
          expect(used + rules.boundsDroppedBesideMeasurement + rejected.length).toBe(rows.length);
          expect(rules.rowsRejected + rules.rowsOfOtherQuantity + rules.rowsDroppedAsContradiction).toBe(rejected.length);
          expect(new Set(compounds.map((compound) => compound.smiles)).size).toBe(compounds.length);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidAssay);
        }
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ['', {}, 'empty file'],
    ['id,smiles\na,C\n', {}, 'wanted a column named "value", found "id", "smiles"'],
    ['id,value\na,5\n', {}, 'column named "smiles"'],
    ['id,smiles,value\n', {}, 'below the header'],
    ['id,smiles,value\na,C1CC,5\n', {}, 'found none among 1'],
    ['id,smiles,value,t\na,CC,5,Ki\n', { quantityColumn: 't', quantity: 'IC50' }, 'found only Ki'],
  ] as [string, Partial<AssayOptions>, string][])('refuses the table %j', async (text, options, message) => {
    await expect(read(text, options)).rejects.toThrow(InvalidAssay);
    await expect(read(text, options)).rejects.toThrow(message);
  });
});
