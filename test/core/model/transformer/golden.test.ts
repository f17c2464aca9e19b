/** The engine beside PyTorch: test/golden/transformer, made by its make.py in double precision. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type Batch,
  createTransformer,
  type KernelChoice,
  learningRateAt,
  parameterPlaces,
} from '../../../../core/model/transformer/index.ts';
import run from '../../../golden/transformer/run.json' with { type: 'json' };
import { relativeError } from './cases.ts';

const { buffer, byteOffset, byteLength } = readFileSync(new URL('../../../golden/transformer/run.f32', import.meta.url));
const numbers = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
const places = parameterPlaces(run.config);
const size = places.reduce((sum, { length }) => sum + length, 0);
const weights = numbers.slice(0, size);
const gradient = numbers.slice(size, 2 * size);
const logits = numbers.slice(2 * size);
const batches = run.batches.map(
  ({ tokens, targets, starts }): Batch => ({
    tokens: Uint16Array.from(tokens),
    targets: Uint16Array.from(targets),
    starts: Uint32Array.from(starts),
  }),
);

describe.each<KernelChoice>(['fastest', 'bitwise'])('a transformer with %s kernels, beside PyTorch,', (kernels) => {
  test('has the same logits and loss', () => {
    expect(places.map(({ name, shape }) => ({ name, shape }))).toEqual(run.tensors);
    const model = createTransformer(run.config, { weights, kernels });
    expect(relativeError(model.logits(batches[0]!), logits)).toBeLessThan(1e-6);
    expect(Math.abs(model.loss(batches[0]!).mean - run.loss)).toBeLessThan(1e-6);
  });

  test('has the same gradient of every tensor', () => {
    const model = createTransformer(run.config, { weights, kernels });
    model.lossAndGradient(batches[0]!);
    const found = model.gradient();
    for (const { name, offset, length } of places) {
      const [ours, theirs] = [found, gradient].map((all) => all.subarray(offset, offset + length));
      expect(relativeError(ours!, theirs!), name).toBeLessThan(5e-6);
    }
  });

  test('trains along the same losses for 200 steps', () => {
    const model = createTransformer(run.config, { weights, kernels });
    run.losses.forEach((theirs, i) => {
      const { mean } = model.lossAndGradient(batches[i % batches.length]!);
      const learningRate = learningRateAt(i + 1, run.training);
      expect(learningRate).toBeCloseTo(run.learningRates[i]!, 12);
      const { gradientNorm } = model.step({ learningRate, ...run.adamw });
      // Single precision goes its own way with time; AdamW divides by small numbers.
      expect(Math.abs(mean - theirs), `loss of step ${i + 1}`).toBeLessThan(1e-3);
      if (i < 20) expect(Math.abs(gradientNorm / run.norms[i]! - 1), `norm of step ${i + 1}`).toBeLessThan(1e-4);
    });
  });
});
