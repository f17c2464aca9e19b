import { describe, expect, test } from 'vitest';
import { adamDefaults, adamStep, gradientStep, zeroMoments } from '../../../core/math/optimizers.ts';

describe('adamStep', () => {
  test('moves by the learning rate against the sign of a first gradient of any size', () => {
    const parameters = Float64Array.of(1, 1, 1);
    adamStep(parameters, Float64Array.of(1e-3, -5, 0), zeroMoments(3), 1, { ...adamDefaults, learningRate: 0.1 });
    expect(parameters[0]).toBeCloseTo(0.9, 5);
    expect(parameters[1]).toBeCloseTo(1.1, 8);
    expect(parameters[2]).toBe(1);
  });

  test('follows the published recursion for a second step', () => {
    const settings = { ...adamDefaults, learningRate: 0.01, weightDecay: 0.1 };
    const parameters = Float64Array.of(0.5);
    const moments = zeroMoments(1);
    adamStep(parameters, Float64Array.of(2), moments, 1, settings);
    adamStep(parameters, Float64Array.of(-1), moments, 2, settings);
    const m = 0.9 * (0.1 * 2) + 0.1 * -1;
    const v = 0.999 * (0.001 * 4) + 0.001;
    const first = 0.5 * (1 - 0.001) - 0.01 * (2 / (2 + 1e-8));
    const second = first * (1 - 0.001) - (0.01 * (m / (1 - 0.81))) / (Math.sqrt(v / (1 - 0.999 ** 2)) + 1e-8);
    expect(parameters[0]).toBeCloseTo(second, 12);
  });

  test('finds the minimum of a badly scaled quadratic', () => {
    const parameters = Float64Array.of(3, -2);
    const moments = zeroMoments(2);
    for (let step = 1; step <= 2000; step++) {
      adamStep(parameters, Float64Array.of(200 * parameters[0]!, 0.02 * parameters[1]!), moments, step, {
        ...adamDefaults,
        learningRate: 0.02,
      });
    }
    expect(Math.abs(parameters[0]!)).toBeLessThan(1e-2);
    expect(Math.abs(parameters[1]!)).toBeLessThan(1e-2);
  });
});

describe('gradientStep', () => {
  test('subtracts the rate times the gradient', () => {
    const parameters = Float64Array.of(1, 2);
    gradientStep(parameters, Float64Array.of(10, -10), 0.1);
    expect([...parameters]).toEqual([0, 3]);
  });
});
