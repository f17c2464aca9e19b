import { seeded } from '@qefm/quantum';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { affinityObjective, rootMeanSquareError } from '../../../core/model/objective.ts';

const relation = fc.constantFrom('=' as const, '<' as const, '>' as const);
const batch = fc.array(
  fc.record({ y: fc.double({ min: 4, max: 10, noNaN: true }), pK: fc.double({ min: 4, max: 10, noNaN: true }), relation }),
  {
    minLength: 2,
    maxLength: 8,
  },
);

describe('affinityObjective', () => {
  test('has the derivative that finite differences find', () => {
    fc.assert(
      fc.property(batch, (items) => {
        const y = Float64Array.from(items, (item) => item.y);
        const labels = { pK: Float64Array.from(items, (item) => item.pK), relations: items.map((item) => item.relation) };
        // Kinks of the one-sided terms lie where y meets pK; differences across one say nothing.
        fc.pre(items.every((item) => Math.abs(item.y - item.pK) > 1e-4));
        const { dy } = affinityObjective(y, labels);
        for (let i = 0; i < y.length; i++) {
          const moved = (sign: number) =>
            affinityObjective(
              y.map((value, j) => (j === i ? value + sign * 1e-6 : value)),
              labels,
            ).loss;
          expect(Math.abs((moved(1) - moved(-1)) / 2e-6 - dy[i]!)).toBeLessThan(1e-6);
        }
      }),
    );
  });

  test('is Huber with delta 0.5: square near, linear far', () => {
    const single = (error: number) =>
      affinityObjective(Float64Array.of(7 + error), { pK: Float64Array.of(7), relations: ['='] }).loss;
    expect(single(0.4)).toBeCloseTo(0.08, 12);
    expect(single(-2)).toBeCloseTo(0.5 * (2 - 0.25), 12);
  });

  test('charges a censored label on its wrong side only', () => {
    const at = (y: number, relation: '<' | '>') =>
      affinityObjective(Float64Array.of(y), { pK: Float64Array.of(6), relations: [relation] });
    expect(at(8, '>')).toEqual({ loss: 0, dy: Float64Array.of(0) });
    expect(at(5, '>').dy[0]).toBeLessThan(0);
    expect(at(5, '<').loss).toBe(0);
    expect(at(8, '<').dy[0]).toBeGreaterThan(0);
  });

  test('ranks only pairs whose order is certain', () => {
    const ranking = (relations: readonly ('=' | '<' | '>')[]) =>
      affinityObjective(Float64Array.of(8, 5), { pK: Float64Array.of(8, 5), relations }, { huberDelta: 0.5, rankingWeight: 1 })
        .loss;
    expect(ranking(['=', '='])).toBeCloseTo(Math.log1p(Math.exp(-3)), 12);
    expect(ranking(['>', '='])).toBeCloseTo(Math.log1p(Math.exp(-3)), 12);
    expect(ranking(['=', '<'])).toBeCloseTo(Math.log1p(Math.exp(-3)), 12);
    expect(ranking(['<', '='])).toBe(0);
    expect(ranking(['=', '>'])).toBe(0);
  });

  test('does not overflow for predictions that lie far apart', () => {
    const { loss, dy } = affinityObjective(Float64Array.of(-1e4, 1e4), { pK: Float64Array.of(9, 5), relations: ['=', '='] });
    expect(Number.isFinite(loss)).toBe(true);
    expect(dy.every(Number.isFinite)).toBe(true);
  });
});

describe('rootMeanSquareError', () => {
  test('counts a censored label that is not contradicted as no error', () => {
    const y = seeded(1)
      .fillNormal(new Float64Array(3))
      .map((value) => value + 20);
    expect(rootMeanSquareError(y, { pK: Float64Array.of(6, 6, 6), relations: ['>', '>', '>'] })).toBe(0);
    expect(rootMeanSquareError(Float64Array.of(7, 5), { pK: Float64Array.of(6, 6), relations: ['=', '='] })).toBe(1);
  });
});
