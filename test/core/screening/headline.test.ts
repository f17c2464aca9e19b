import { seeded } from '@qefm/quantum';
import { describe, expect, test } from 'vitest';
import { Headline } from '../../../core/contracts/report.ts';
import { enrichmentCurve, labelsOfKept, screeningHeadline } from '../../../core/screening/headline.ts';

const N = 1000;
const random = seeded(4, 'headline');
/** The first 100 compounds are measured, 30 of them active. */
const truthPk = Float64Array.from({ length: N }, (_, i) => (i < 100 ? 5 + (i % 10) * 0.3 : Number.NaN));
const perfect = Float64Array.from(truthPk, (pK) => (Number.isNaN(pK) ? random.uniform() : pK));
const blind = Float64Array.from({ length: N }, () => random.normal());
const constant = new Float64Array(N).fill(3);
const request = { truthPk, activeFromPk: 7, quantity: 'pIC50', random: () => random.uniform(), draws: 300 };

describe('screeningHeadline', () => {
  const headline = Headline.parse(
    screeningHeadline({ ...request, scores: { 'heavy-atoms': constant, classical: perfect, hybrid: blind } }),
  );
  const row = (scorer: string) => headline.scorers.find((each) => each.scorer === scorer)!;

  test('counts library, measured and active compounds', () => {
    expect(headline).toMatchObject({ libraryCount: 1000, measuredCount: 100, activeCount: 30, bootstrapDraws: 300 });
  });

  test('gives a perfect ranking the largest enrichment there is, AUC 1 and correlation 1', () => {
    expect(row('classical').enrichmentAt1Percent!.value).toBeCloseTo(1000 / 30, 10);
    expect(row('classical').enrichmentAt5Percent!.value).toBeCloseTo(20, 10);
    expect(row('classical').rocAuc!.value).toBeCloseTo(1, 12);
    expect(row('classical').spearman!.value).toBeCloseTo(1, 12);
  });

  test('holds chance inside the intervals of a ranking without knowledge', () => {
    const { rocAuc, spearman, enrichmentAt5Percent } = row('hybrid');
    expect(rocAuc!.low!).toBeLessThan(0.5);
    expect(rocAuc!.high!).toBeGreaterThan(0.5);
    expect(spearman!.low!).toBeLessThan(0);
    expect(spearman!.high!).toBeGreaterThan(0);
    expect(enrichmentAt5Percent!.low!).toBeLessThanOrEqual(1);
  });

  test('gives a constant the enrichment of chance and no correlation at all', () => {
    expect(row('heavy-atoms').enrichmentAt1Percent!.value).toBeCloseTo(1, 10);
    expect(row('heavy-atoms').spearman).toBeNull();
    expect(row('heavy-atoms').kendall).toBeNull();
  });

  test('has no enrichment without an active and no correlation with two measurements', () => {
    const none = screeningHeadline({ ...request, activeFromPk: 99, scores: { classical: perfect } });
    expect(none.scorers[0]).toMatchObject({ enrichmentAt1Percent: null, rocAuc: null });
    expect(none.curves).toEqual([]);
    const two = screeningHeadline({
      ...request,
      truthPk: truthPk.map((pK, i) => (i < 2 ? pK : Number.NaN)),
      scores: { classical: perfect },
    });
    expect(two.scorers[0]).toMatchObject({ spearman: null, kendall: null });
  });

  test('says when a library is so large that fewer draws were taken', () => {
    const size = 100_000;
    const large = screeningHeadline({
      ...request,
      draws: 2000,
      truthPk: Float64Array.from({ length: size }, (_, i) => (i < 2 ? 8 : Number.NaN)),
      scores: { classical: Float64Array.from({ length: size }, (_, i) => -i) },
    });
    expect(large.bootstrapDraws).toBe(200);
    expect(large.scorers[0]!.enrichmentAt1Percent!.value).toBeCloseTo(100, 6);
  });

  test('counts the measured compounds inside the intervals of what predicts a pK, and of nothing else', () => {
    const halfWidthPk = Float64Array.from({ length: N }, (_, i) => (i % 4 === 0 ? 0.1 : 2));
    const wrong = perfect.map((value) => value + 1);
    const { scorers } = screeningHeadline({ ...request, halfWidthPk, scores: { 'heavy-atoms': perfect, classical: wrong } });
    expect(scorers.map(({ scorer, coverage }) => [scorer, coverage?.value])).toEqual([
      ['heavy-atoms', undefined],
      ['classical', 0.75],
    ]);
    expect(scorers[1]!.coverage!.low!).toBeGreaterThan(0.6);
    expect(scorers[1]!.coverage!.high!).toBeLessThan(0.9);
    expect(row('classical').coverage).toBeNull();
  });

  test('is wider in its intervals where the measured compounds are few series of analogues, and says how many', () => {
    const noisy = perfect.map((value, i) => value + (i < 100 ? Math.sin((i % 10) * 7) * 1.5 : 0));
    const rowOf = (scaffolds?: string[]) => {
      const seededAgain = seeded(9, 'clusters');
      const found = screeningHeadline({
        ...request,
        random: () => seededAgain.uniform(),
        scores: { classical: noisy },
        ...(scaffolds === undefined ? {} : { scaffolds }),
      });
      return { found, width: found.scorers[0]!.spearman!.high! - found.scorers[0]!.spearman!.low! };
    };
    const alone = rowOf();
    const series = rowOf(Array.from({ length: N }, (_, i) => (i < 100 ? `scaffold ${i % 10}` : '')));
    expect([alone.found.measuredScaffolds, series.found.measuredScaffolds]).toEqual([null, 10]);
    expect(series.found.scorers[0]!.spearman!.value).toBe(alone.found.scorers[0]!.spearman!.value);
    expect(series.width).toBeGreaterThan(1.5 * alone.width);
    expect(() => rowOf(['one'])).toThrow('scaffolds: 1000 are wanted, found 1');
  });

  test('refuses scores of another length', () => {
    expect(() => screeningHeadline({ ...request, scores: { classical: [1, 2] } })).toThrow(
      'classical: 1000 scores are wanted, found 2',
    );
  });
});

test('labelsOfKept hands the label of a merged row to the compound that was kept, unless that has its own', () => {
  const truth = new Map([
    ['dropped', 8],
    ['also', 7],
    ['own', 6],
    ['repeat', 5],
  ]);
  const duplicates = [
    { id: 'dropped', keptId: 'kept' },
    { id: 'also', keptId: 'kept' },
    { id: 'repeat', keptId: 'own' },
    { id: 'unmeasured', keptId: 'other' },
  ];
  expect(Object.fromEntries(labelsOfKept(truth, duplicates))).toEqual({ dropped: 8, also: 7, own: 6, repeat: 5, kept: 8 });
});

test('enrichmentCurve rises from the first compound to all actives', () => {
  const { screened, found } = enrichmentCurve(
    'classical',
    perfect,
    Array.from(truthPk, (pK) => pK >= 7),
  );
  expect(screened[0]).toBe(1 / N);
  expect(screened.at(-1)).toBe(1);
  expect(found.at(-1)).toBeCloseTo(1, 12);
  found.forEach((value, i) => {
    if (i > 0) expect(value).toBeGreaterThanOrEqual(found[i - 1]! - 1e-12);
  });
  expect(found[screened.findIndex((fraction) => fraction >= 0.03)]).toBeCloseTo(1, 10);
});
