import { createKernelPool, type KernelPool } from '@qefm/quantum/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AdamSettings, adamStep, zeroMoments } from '../../../../core/math/optimizers.ts';
import { sharesOf } from '../../../../core/model/transformer/batch.ts';
import {
  createTransformer,
  learningRateAt,
  type Transformer,
  transformerConfig,
} from '../../../../core/model/transformer/index.ts';
import { normals, randomBatch, relativeError, roughWeights, stream, tiny } from './cases.ts';

const weights = roughWeights(tiny, stream('trained'));
const batches = [1, 2, 3].map((i) => randomBatch(tiny, [5, 1, 13, 8, 2, 20, 7], stream('training', i)));

/** So many steps; the losses before each. */
function train(model: Transformer, steps: number, from = 0): number[] {
  return Array.from({ length: steps }, (_, i) => {
    const { mean } = model.lossAndGradient(batches[(from + i) % batches.length]!);
    model.step({ learningRate: 3e-3 });
    return mean;
  });
}

describe('step', () => {
  test('does what AdamW does in f64, with decay on matrices alone', () => {
    const model = createTransformer(tiny, { weights });
    const truth = Float64Array.from(weights);
    const moments = zeroMoments(truth.length);
    for (let step = 1; step <= 3; step++) {
      model.lossAndGradient(batches[step - 1]!);
      const gradient = Float64Array.from(model.gradient());
      const norm = Math.sqrt(gradient.reduce((sum, v) => sum + v * v, 0));
      const report = model.step({ learningRate: 0.01, weightDecay: 0.2, beta1: 0.8, beta2: 0.9, epsilon: 1e-6, clipNorm: 0.7 });
      expect(report).toEqual({ step, gradientNorm: expect.closeTo(norm, 6), clipped: true });
      const settings: AdamSettings = { learningRate: 0.01, weightDecay: 0, beta1: 0.8, beta2: 0.9, epsilon: 1e-6 };
      for (const { offset, length, decays } of model.parameters)
        if (decays) for (let i = offset; i < offset + length; i++) truth[i]! *= 1 - 0.01 * 0.2;
      const clipped = gradient.map((v) => (0.7 * v) / norm);
      adamStep(truth, clipped, moments, step, settings);
    }
    expect(relativeError(model.weights(), truth)).toBeLessThan(1e-6);
    expect(relativeError(model.optimizerState().first, moments.first)).toBeLessThan(1e-6);
    expect(relativeError(model.optimizerState().second, moments.second)).toBeLessThan(1e-6);
  });

  test('wants a new gradient each time, and a finite one', () => {
    const model = createTransformer(tiny, { weights });
    train(model, 1);
    expect(() => model.step({ learningRate: 0.01 })).toThrow('a gradient that no step has used');
    const broken = createTransformer(tiny, { weights: weights.map(() => Number.NaN) });
    broken.lossAndGradient(batches[0]!);
    expect(() => broken.step({ learningRate: 0.01 })).toThrow('a finite gradient');
  });
});

describe('training', () => {
  test('learns a batch by heart', () => {
    const model = createTransformer(tiny, { seed: 5 });
    const [first] = train(model, 1);
    expect(first).toBeCloseTo(Math.log(tiny.vocabulary), 1);
    const losses = train(model, 90);
    expect(losses.at(-1)).toBeLessThan(first! / 2);
  });

  test('goes on from stored weights and moments to the same bits', () => {
    const whole = createTransformer(tiny, { weights });
    train(whole, 5);
    const half = createTransformer(tiny, { weights });
    train(half, 2);
    const rest = createTransformer(tiny, { weights: half.weights(), optimizer: half.optimizerState() });
    train(rest, 3, 2);
    expect(rest.weights()).toEqual(whole.weights());
    expect(rest.optimizerState()).toEqual(whole.optimizerState());
  });

  test('gives fresh weights that depend on the seed alone', () => {
    expect(createTransformer(tiny, { seed: 1 }).weights()).toEqual(
      createTransformer(tiny, { seed: 1, kernels: 'bitwise' }).weights(),
    );
    expect(createTransformer(tiny, { seed: 1 }).weights()).not.toEqual(createTransformer(tiny, { seed: 2 }).weights());
  });
});

describe('threads', () => {
  let pool: KernelPool;
  beforeAll(async () => {
    pool = await createKernelPool({ size: 3 });
  });
  afterAll(() => pool.close());

  test('share a batch by rows, in the order of its sequences', () => {
    const batch = batches[0]!;
    for (const parts of [1, 2, 3, 9]) {
      const shares = sharesOf(batch, parts);
      let row = 0;
      let sequence = 0;
      for (const share of shares) {
        expect([share.firstRow, share.firstSequence]).toEqual([row, sequence]);
        row += share.rows;
        sequence += share.sequences;
      }
      expect([row, sequence, shares.length]).toEqual([batch.tokens.length, batch.starts.length - 1, parts]);
    }
  });

  test('find the losses, features and samples of one thread to the bit, and its gradient but for the order of sums', () => {
    const one = createTransformer(tiny, { weights });
    const three = createTransformer(tiny, { weights, pool });
    expect(three.kernels).toEqual({ build: 'relaxed', threads: 3 });
    const batch = batches[0]!;
    expect(three.lossAndGradient(batch)).toEqual(one.lossAndGradient(batch));
    expect(three.features(batch)).toEqual(one.features(batch));
    expect(three.logits(batch)).toEqual(one.logits(batch));
    expect(relativeError(three.gradient(), one.gradient())).toBeLessThan(1e-6);
    const settings = { count: 20, source: 3, seed: 1 };
    expect(three.sample(settings)).toEqual(one.sample(settings));
  });

  test('train to the same bits in every run', () => {
    const runs = [0, 1, 2].map(() => {
      const model = createTransformer(tiny, { weights, pool, kernels: 'bitwise' });
      const losses = train(model, 6);
      return { losses, weights: model.weights() };
    });
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
  });

  test('may be more than the sequences', () => {
    const few = randomBatch(tiny, [4, 3], stream('few'));
    const one = createTransformer(tiny, { weights });
    const three = createTransformer(tiny, { weights, pool });
    expect(three.lossAndGradient(few)).toEqual(one.lossAndGradient(few));
    expect(relativeError(three.gradient(), one.gradient())).toBeLessThan(1e-6);
  });
});

describe('learningRateAt', () => {
  test('rises in a line, then falls along half a cosine to its floor', () => {
    const settings = { peak: 2e-3, warmUpSteps: 10, totalSteps: 110, floor: 0.1 };
    expect([1, 5, 10].map((step) => learningRateAt(step, settings))).toEqual([2e-4, 1e-3, 2e-3]);
    expect(learningRateAt(60, settings)).toBeCloseTo(2e-3 * 0.55, 12);
    expect(learningRateAt(110, settings)).toBeCloseTo(2e-4, 12);
    expect(learningRateAt(500, settings)).toBeCloseTo(2e-4, 12);
  });
});

describe('a larger shape', () => {
  test('has derivatives along random directions that differences of the loss confirm', () => {
    // Every edge of the blocks of products: more than 256 rows, 96 and 256 are no divisors.
    const config = transformerConfig({ layers: 1, width: 72, heads: 3, vocabulary: 43, context: 60 });
    const large = roughWeights(config, stream('large')).map((v) => 0.5 * v);
    const batch = randomBatch(config, [60, 33, 41, 59, 60, 17, 52], stream('large batch'));
    const model = createTransformer(config, { weights: large });
    model.lossAndGradient(batch);
    const gradient = model.gradient();
    for (const name of ['embedding.token', 'block.0.attention.in.weight', 'block.0.feedForward.out.weight']) {
      const { offset, length } = model.parameters.find((place) => place.name === name)!;
      const direction = normals(length, stream('direction', name));
      const slope = direction.reduce((sum, v, i) => sum + v * gradient[offset + i]!, 0);
      const lossAt = (step: number) => {
        const moved = large.slice();
        direction.forEach((v, i) => {
          moved[offset + i]! += step * v;
        });
        const { perSequence } = createTransformer(config, { weights: moved }).loss(batch);
        return perSequence.reduce((sum, loss) => sum + loss, 0) / batch.tokens.length;
      };
      // Single precision limits the difference, not the gradient.
      expect(Math.abs((lossAt(1e-3) - lossAt(-1e-3)) / 2e-3 / slope - 1)).toBeLessThan(5e-3);
    }
  });
});
