import { describe, expect, test } from 'vitest';
import { createTransformer, type KernelChoice, transformerConfig } from '../../../../core/model/transformer/index.ts';
import { referenceForward } from '../../../../core/model/transformer/reference.ts';
import { flat, randomBatch, relativeError, roughWeights, stream, tiny } from './cases.ts';

const lengths = [5, 1, 13, 8, 2];
const batch = randomBatch(tiny, lengths, stream('batch'));
const weights = roughWeights(tiny, stream('weights'));
const builds: KernelChoice[] = ['fastest', 'bitwise'];

describe.each(builds)('a transformer with %s kernels', (kernels) => {
  const model = createTransformer(tiny, { weights, kernels });

  test('has the logits, features and loss of the plain f64 pass', () => {
    const truth = referenceForward(tiny, weights, batch);
    expect(relativeError(model.logits(batch), flat(truth.logits))).toBeLessThan(1e-6);
    expect(relativeError(model.features(batch), flat(truth.features))).toBeLessThan(1e-6);
    const { mean, perSequence } = model.loss(batch);
    expect(mean).toBeCloseTo(truth.loss, 5);
    expect(perSequence.reduce((sum, loss) => sum + loss, 0) / batch.tokens.length).toBeCloseTo(mean, 12);
  });

  test('has the gradient that central differences of the f64 pass find', () => {
    const { mean } = model.lossAndGradient(batch);
    expect(mean).toBe(model.loss(batch).mean);
    const gradient = model.gradient();
    const moved = Float64Array.from(weights);
    const random = stream('which');
    const picked: number[] = [];
    const truth: number[] = [];
    for (const { offset, length } of model.parameters) {
      for (let k = 0; k < 3; k++) {
        const i = offset + random.integer(length);
        const at = moved[i]!;
        const side = (step: number) => {
          moved[i] = at + step;
          return referenceForward(tiny, moved, batch).loss;
        };
        picked.push(gradient[i]!);
        truth.push((side(1e-4) - side(-1e-4)) / 2e-4);
        moved[i] = at;
      }
    }
    expect(relativeError(picked, truth)).toBeLessThan(1e-5);
  });
});

describe('createTransformer', () => {
  test('names the build that runs', () => {
    expect(createTransformer(tiny, { kernels: 'bitwise' }).kernels).toEqual({ build: 'plain', threads: 1 });
    expect(createTransformer(tiny).kernels).toEqual({ build: 'relaxed', threads: 1 });
  });

  test('refuses shapes and batches that do not fit', () => {
    expect(() => transformerConfig({ vocabulary: 9, width: 36 })).toThrow('multiples of 8');
    const model = createTransformer(tiny, { weights });
    expect(() => createTransformer(tiny, { weights: weights.slice(1) })).toThrow('weights wanted');
    expect(() => model.loss({ ...batch, starts: Uint32Array.of(0, 3) })).toThrow('starts from 0 to 29');
    expect(() => model.loss({ ...batch, tokens: batch.tokens.map(() => 11) })).toThrow('ids below 11');
    expect(() => model.loss(randomBatch(tiny, [21], stream(1)))).toThrow('1 to 20 inputs');
    expect(() => model.step({ learningRate: 1e-3 })).toThrow('a gradient that no step has used');
  });
});
