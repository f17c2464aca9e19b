import { seeded } from '@qefm/quantum';
import { describe, expect, test } from 'vitest';
import { matrix } from '../../../core/math/linalg.ts';
import { backboneBackward, backboneForward, backboneSize, backboneViews, initialBackbone } from '../../../core/model/backbone.ts';
import { fitScaling, prepareInputs } from '../../../core/model/features.ts';
import { syntheticFeatures } from './synthetic.ts';

const table = syntheticFeatures(12, seeded(2));
const inputs = prepareInputs(table, fitScaling(table, [...Array(12).keys()]));
const shape = { descriptors: 5, bits: 2048, width: 10, features: 7 };
const rows = [4, 0, 9, 9];
const weights = initialBackbone(shape, 6.5, seeded(3));
seeded(4).fillNormal(backboneViews(shape, weights).c1, 0.2);
seeded(5).fillNormal(backboneViews(shape, weights).c2, 0.2);
const dy = seeded(6).fillNormal(new Float64Array(4));
const du = matrix(4, 7, seeded(7).fillNormal(new Float64Array(28)));
const random = seeded(8);
const mask = {
  bits: Float64Array.from({ length: 2048 }, () => (random.uniform() < 0.3 ? 0 : 1 / 0.7)),
  hidden: Float64Array.from({ length: 10 }, () => (random.uniform() < 0.3 ? 0 : 1 / 0.7)),
};

function loss(flat: Float64Array, masked: boolean): number {
  const { y, u } = backboneForward(shape, flat, inputs, rows, masked ? mask : undefined);
  return (
    y.reduce((sum, value, m) => sum + dy[m]! * value, 0) + u.values.reduce((sum, value, i) => sum + du.values[i]! * value, 0)
  );
}

describe('backboneBackward', () => {
  test.each([false, true])('equals finite differences in every kind of weight (dropout %s)', (masked) => {
    const gradient = new Float64Array(weights.length);
    const forward = backboneForward(shape, weights, inputs, rows, masked ? mask : undefined);
    backboneBackward(shape, weights, inputs, forward, masked ? { dy, du, mask } : { dy, du }, gradient);
    const touched = [...inputs.bits.subarray(inputs.starts[4]!, inputs.starts[5]!)].slice(0, 5);
    const bitStart = shape.descriptors * shape.width;
    const checked = [
      ...Array.from({ length: bitStart }, (_, i) => i),
      ...touched.flatMap((bit) => Array.from({ length: shape.width }, (_, i) => bitStart + bit * shape.width + i)),
      ...Array.from({ length: weights.length - bitStart - 2048 * shape.width }, (_, i) => weights.length - 1 - i),
    ];
    for (const at of checked) {
      const moved = (sign: number) => {
        const other = weights.slice();
        other[at]! += sign * 1e-5;
        return loss(other, masked);
      };
      // Central differences: error of order 1e-10 from the third derivative and from rounding.
      expect(Math.abs((moved(1) - moved(-1)) / 2e-5 - gradient[at]!), `weight ${at}`).toBeLessThan(1e-7);
    }
  });

  test('leaves the weights of bits that no compound has at zero gradient', () => {
    const gradient = new Float64Array(weights.length);
    backboneBackward(shape, weights, inputs, backboneForward(shape, weights, inputs, rows), { dy }, gradient);
    const present = new Set(rows.flatMap((row) => [...inputs.bits.subarray(inputs.starts[row]!, inputs.starts[row + 1]!)]));
    const { bitWeights } = backboneViews(shape, gradient);
    for (let bit = 0; bit < 2048; bit++) {
      const slice = bitWeights.subarray(bit * shape.width, (bit + 1) * shape.width);
      if (!present.has(bit)) expect(slice.every((value) => value === 0)).toBe(true);
    }
  });
});

describe('backboneForward', () => {
  test('gives a compound the same answer in any batch', () => {
    const alone = backboneForward(shape, weights, inputs, [9]);
    const together = backboneForward(shape, weights, inputs, rows);
    expect(together.y[2]).toBe(alone.y[0]);
    expect([...together.u.values.subarray(14, 21)]).toEqual([...alone.u.values]);
  });

  test('refuses parameters of another shape', () => {
    expect(() => backboneForward(shape, new Float64Array(3), inputs, [0])).toThrow(
      `wants ${backboneSize(shape)} values, found 3`,
    );
  });
});
