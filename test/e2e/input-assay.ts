/** Assay tables as people have them: units, bounds, replicates, mixed quantities, contradictions, and too little of everything. */
import { beforeAll, describe, expect, test } from 'vitest';
import { assayCsv, campaignJson, type FinishedRun, failureWords, type InputCloud, RUN_MS } from '../support/input-cloud.ts';
import { assayLines, goodCompounds, plainLabels } from '../support/input-mixed.ts';
import { mixedRun, sharedCloud, sparseRun } from '../support/input-shared.ts';

let input: InputCloud;
beforeAll(async () => {
  input = await sharedCloud();
});

const library = ['id,smiles', ...goodCompounds.map(({ id, smiles }) => `${id},${smiles}`)].join('\n');
const screen = (name: string, assay: string, change = {}) =>
  input.screen(name, { 'campaign.json': campaignJson(name, change), 'assay.csv': assay, 'libraries/a.csv': library });

describe('an assay in nM with bounds, replicates, two quantities and contradictions', () => {
  let run: FinishedRun;
  beforeAll(async () => {
    run = await mixedRun();
  }, RUN_MS);

  test('succeeds and prints how many rows each rule touched', () => {
    expect(run.record).toMatchObject({ outcome: 'SUCCEEDED', reasons: [] });
    expect(run.facts.assayRules).toEqual({
      rowsRead: assayLines.length,
      rowsRejected: 7,
      rowsOfOtherQuantity: 2,
      rowsMergedAsReplicates: 1,
      rowsDroppedAsContradiction: 2,
      compoundsDroppedAsContradiction: 1,
      boundsDroppedBesideMeasurement: 1,
      compoundsCensored: 2,
      compounds: 63,
    });
    expect(run.facts.labelledCount).toBe(63);
  });

  test('gives each row that was left out its reason, in the page as well', () => {
    const said = run.facts.rejectedAssay!.rows.map(({ id, code }) => [id, code]);
    expect(said).toEqual([
      [plainLabels[1]!.id, 'CONTRADICTION'],
      ['contradiction', 'CONTRADICTION'],
      ['ki', 'OTHER_QUANTITY'],
      ['ki-too', 'OTHER_QUANTITY'],
      ['no-value', 'MISSING_VALUE'],
      ['zero', 'INVALID_VALUE'],
      ['word', 'UNKNOWN_UNIT'],
      ['relation', 'UNKNOWN_RELATION'],
      ['quantity', 'UNKNOWN_QUANTITY'],
      ['comma', 'INVALID_VALUE'],
      ['broken', 'UNPARSABLE'],
    ]);
    for (const { id } of run.facts.rejectedAssay!.rows) expect(run.page.includes(id!), id!).toBe(true);
    const counts: readonly [string, number][] = [
      ['Rows of other quantity', 2],
      ['Compounds dropped as contradiction', 1],
      ['Rows merged as replicates', 1],
    ];
    for (const [rule, n] of counts)
      expect(run.page.includes(`<th scope="row">${rule}</th><td class="n">${n}</td>`), rule).toBe(true);
  });
});

describe('too few labels', () => {
  test('trains no head below 50, says so and ranks classically', async () => {
    const run = await sparseRun();
    expect(run.record.outcome).toBe('PARTIAL');
    expect(run.record.reasons[0]).toEqual({
      code: 'AUDIT_UNAVAILABLE',
      message: expect.stringMatching(/^TooFewLabels: .* from 50 labelled compounds on, found 40: no head was trained/),
    });
    expect(run.status.reasons).toEqual(run.record.reasons);
    expect(run.facts.quantum).toMatchObject({ deviceAllowed: false, deviceUsed: null });
    expect(run.facts.quantum!.reason).toMatch(/40 labelled compounds and a head needs 50.*No circuit is run/);
    expect(run.facts.audit).toBeNull();
    expect(run.page.includes('40 labelled compounds and a head needs 50')).toBe(true);
    expect(run.ranked).toHaveLength(goodCompounds.length);
    for (const { hybrid_pK, classical_pK, refined_pK } of run.ranked!)
      expect([hybrid_pK, refined_pK]).toEqual([classical_pK, '']);
  });

  test.each([
    ['five', assayCsv(5), /TooFewLabels: .*wants 10 training labels/],
    ['one-usable', 'id,smiles,pIC50\na,CCO,\nb,CCN,7\n', /TooFewLabels: .*wants 10 training labels/],
    ['none-usable', 'id,smiles,pIC50\na,CCO,\nb,C1C,7\n', /InvalidAssay: wanted at least one usable row, found none among 2/],
    ['no-rows', 'id,smiles,pIC50\n', /InvalidAssay: wanted at least one labelled compound below the header/],
    ['no-file', '', /InvalidAssay: .*found an empty file/],
    ['no-column', 'id,smiles,pKi\na,CCO,5\n', /InvalidAssay: wanted a column named "pIC50", found "id", "smiles", "pKi"/],
    ['no-smiles', 'id,pIC50\na,5\n', /InvalidAssay: wanted a header with a column named "smiles", found "id", "pIC50"/],
    ['a-workbook', 'PK\x03\x04 and so on', /InvalidAssay: assay\.csv: wanted text.*office workbook/],
  ])('fails as a run that says why: %s', async (name, assay, words) => {
    const run = await screen(name, assay);
    expect(failureWords(run)).toMatch(words);
    expect(run.ranked).toBeNull();
  });
});
