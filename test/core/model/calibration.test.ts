import { seeded } from '@qefm/quantum';
import { describe, expect, test } from 'vitest';
import { calibrate, halfWidthPk, quantileOf, type Residual } from '../../../core/model/calibration.ts';

/** Errors that grow with the distance: |N(0, 0.3 + 1.2 (1 - similarity))|. */
function draw(split: Residual['split'], count: number, seed: number): Residual[] {
  const random = seeded(seed, split);
  return Array.from({ length: count }, () => {
    const similarity = random.uniform();
    return { split, similarity, error: Math.abs((0.3 + 1.2 * (1 - similarity)) * random.normal()) };
  });
}

describe('calibrate', () => {
  test('covers nine in ten unseen errors over many draws, near and far alike', () => {
    let near = 0;
    let far = 0;
    let inside = 0;
    let total = 0;
    for (let seed = 0; seed < 60; seed++) {
      const calibration = calibrate([...draw('validation', 80, seed), ...draw('calibration', 60, seed)]);
      expect(calibration.source).toBe('calibration');
      for (const { error, similarity } of draw('train', 200, seed + 1000)) {
        const covered = error <= halfWidthPk(calibration, similarity) ? 1 : 0;
        inside += covered;
        total++;
        if (similarity > 0.7) near += covered / 3600;
        if (similarity < 0.3) far += covered / 3600;
      }
    }
    // 12,000 draws from 60 calibrations: standard error about 0.5 %; the finite-sample rank lifts the mean slightly above 0.9.
    expect(inside / total).toBeGreaterThan(0.89);
    expect(inside / total).toBeLessThan(0.935);
    expect(near).toBeGreaterThan(0.83);
    expect(far).toBeGreaterThan(0.83);
  });

  test('is wider for a compound far from the training set', () => {
    const calibration = calibrate([...draw('validation', 80, 1), ...draw('calibration', 60, 1)]);
    expect(halfWidthPk(calibration, 0.2)).toBeGreaterThan(halfWidthPk(calibration, 0.9));
  });

  test('takes the rank ceil(0.9 (n + 1)) of the scores', () => {
    const residuals = Array.from({ length: 9 }, (_, i): Residual => ({ split: 'calibration', error: i + 1, similarity: 1 }));
    const calibration = calibrate(residuals);
    // Nine scores want the ninth: the largest error.
    expect(halfWidthPk(calibration, 1)).toBeCloseTo(9, 10);
  });

  test('fills up a small calibration split and says so', () => {
    expect(calibrate([...draw('calibration', 5, 1), ...draw('validation', 20, 1)]).source).toBe('calibration+validation');
    const all = [...draw('calibration', 2, 1), ...draw('validation', 2, 1), ...draw('train', 20, 1)];
    expect(calibrate(all).source).toBe('calibration+validation+train');
    expect(() => calibrate(draw('calibration', 8, 1))).toThrow(/wants 9 measured labels, found 8/);
  });

  test('keeps a positive width for a model without errors', () => {
    const perfect = Array.from({ length: 30 }, (): Residual => ({ split: 'calibration', error: 0, similarity: 0.5 }));
    expect(halfWidthPk(calibrate(perfect), 0.5)).toBeGreaterThan(0);
  });
});

describe('quantileOf', () => {
  test('finds the value below which the share lies', () => {
    expect(quantileOf([5, 1, 4, 2, 3], 0.2)).toBe(2);
    expect(quantileOf([], 0.5)).toBe(0);
  });
});
