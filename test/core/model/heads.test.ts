import { seeded } from '@qefm/quantum';
import { describe, expect, test } from 'vitest';
import { type Matrix, matrix, row } from '../../../core/math/linalg.ts';
import { circuitTwin } from '../../../core/model/circuit-twin.ts';
import { classicalTwin, type LatentFunction } from '../../../core/model/classical-twins.ts';
import { type HeadData, headKinds, trainHead } from '../../../core/model/heads.ts';

const z = matrix(9, 8, seeded(1).fillNormal(new Float64Array(72)));
const dy = seeded(2).fillNormal(new Float64Array(9));
const sizes = { qubits: 6, layers: 2, latentSize: 8 };

function expectGradient(head: LatentFunction): void {
  const parameters = head.initial.map((value, i) => value + 0.05 * Math.sin(i));
  const gradient = head.backward(parameters, z, dy);
  for (let at = 0; at < parameters.length; at++) {
    const moved = (sign: number) =>
      head
        .forward(
          parameters.map((value, i) => (i === at ? value + sign * 1e-5 : value)),
          z,
        )
        .reduce((sum, y, m) => sum + dy[m]! * y, 0);
    expect(Math.abs((moved(1) - moved(-1)) / 2e-5 - gradient[at]!), `parameter ${at}`).toBeLessThan(1e-7);
  }
}

describe('head functions', () => {
  test.each(['linear', 'quadratic', 'mlp'] as const)('have the gradient of finite differences: %s', (kind) => {
    expectGradient(classicalTwin(kind, sizes, 0.3, seeded(3)));
  });

  test.each(['vqc', 'vqc-no-entangler', 'vqc-frozen'] as const)('have the gradient of finite differences: %s', (kind) => {
    expectGradient(circuitTwin(kind, sizes, z, 0.3, seeded(3)));
  });
});

/** Targets that a linear head cannot learn: a product of two leading latent numbers, plus a linear part. */
function data(count: number, seed: number): HeadData {
  const random = seeded(seed);
  const features: Matrix = matrix(count, 10);
  const target = new Float64Array(count);
  for (let m = 0; m < count; m++) {
    for (let j = 0; j < 10; j++) features.values[m * 10 + j] = random.normal() / (1 + 0.5 * j);
    const x = row(features, m);
    target[m] = 6 + x[0]! + 1.5 * x[0]! * x[1]! + 0.1 * random.normal();
  }
  return { features, target };
}

const train = data(200, 10);
const validation = data(80, 11);
const test_ = data(200, 12);

function rmse(predicted: Float64Array, { target }: HeadData): number {
  return Math.sqrt(predicted.reduce((sum, value, m) => sum + (value - target[m]!) ** 2, 0) / target.length);
}

describe('trainHead', () => {
  test('counts parameters, and those that are trained', () => {
    const counts = headKinds.map((kind) => {
      const { parameterCount, trainedCount } = trainHead(kind, { train, validation }, { seed: 1, steps: 1 });
      return [kind, parameterCount, trainedCount];
    });
    expect(counts).toEqual([
      ['vqc', 55, 55],
      ['vqc-no-entangler', 55, 55],
      ['vqc-frozen', 55, 13],
      ['mlp', 71, 71],
      ['quadratic', 21, 21],
      ['linear', 9, 9],
      ['ridge', 11, 11],
    ]);
  });

  test('lets the bilinear heads learn a product that linear ones cannot', () => {
    const error = (kind: (typeof headKinds)[number]) =>
      rmse(trainHead(kind, { train, validation }, { seed: 1, layers: 2 }).predict(test_.features), test_);
    const mean = rmse(new Float64Array(200).fill(6), test_);
    const linear = error('linear');
    expect(error('ridge')).toBeCloseTo(linear, 1);
    expect(error('quadratic')).toBeLessThan(0.5 * linear);
    expect(error('vqc')).toBeLessThan(0.6 * linear);
    expect(linear).toBeLessThan(mean);
  });

  test('predicts a residual on an offset, and the same numbers for the same seed', () => {
    const withOffset = (part: HeadData): HeadData => ({ ...part, offset: part.target.map((value) => value - 1) });
    const parts = { train: withOffset(train), validation: withOffset(validation) };
    const one = trainHead('vqc', parts, { seed: 4, steps: 30 });
    const offset = test_.target.map((value) => value - 1);
    expect(rmse(one.predict(test_.features, offset), test_)).toBeLessThan(0.1);
    const two = trainHead('vqc', parts, { seed: 4, steps: 30 });
    expect([...two.predict(test_.features, offset)]).toEqual([...one.predict(test_.features, offset)]);
  });

  test('refuses arrays that do not belong together, and other features than it was trained on', () => {
    const short = { ...train, target: new Float64Array(3) };
    expect(() => trainHead('linear', { train: short, validation }, { seed: 1 })).toThrow(/200 rows of features but 3/);
    const head = trainHead('linear', { train, validation }, { seed: 1, steps: 1 });
    expect(() => head.predict(matrix(2, 4))).toThrow(/trained on 10 features, found 4/);
  });
});
