import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { learningRateAt, stepsWithin } from '../../../models/pretraining/schedule.ts';

const settings = fc.record({
  peak: fc.constantFrom(1e-3, 2e-3),
  warmUpSteps: fc.integer({ min: 1, max: 50 }),
  totalSteps: fc.integer({ min: 60, max: 500 }),
});

describe('learningRateAt', () => {
  test('rises to the peak in the warm-up and falls to its share of it at the end', () => {
    fc.assert(
      fc.property(settings, (given) => {
        const rates = Array.from({ length: given.totalSteps }, (_, i) => learningRateAt(i + 1, given));
        const top = given.warmUpSteps - 1;
        expect(rates[top]).toBe(given.peak);
        expect(rates.at(-1)).toBeCloseTo(0.05 * given.peak, 12);
        const wrong = rates.slice(1).filter((rate, i) => (i + 1 <= top ? rate <= rates[i]! : rate >= rates[i]!));
        expect(wrong).toEqual([]);
      }),
    );
  });

  test('does not know the length of the run while it warms up', () => {
    fc.assert(
      fc.property(settings, fc.integer({ min: 60, max: 900 }), fc.nat(), (given, totalSteps, n) => {
        const step = 1 + (n % given.warmUpSteps);
        expect(learningRateAt(step, { ...given, totalSteps })).toBe(learningRateAt(step, given));
      }),
    );
  });
});

describe('stepsWithin', () => {
  test('leaves a twentieth of the time to validations and checkpoints', () => {
    expect(stepsWithin(10_000, 100)).toBe(95);
    expect(stepsWithin(-5, 100)).toBe(0);
  });
});
