/** Small transformers, batches and comparisons for the tests beside this file. */
import { type Random, seeded } from '@qefm/quantum';
import type { Batch, TransformerConfig } from '../../../../core/model/transformer/index.ts';
import { initialWeights, transformerConfig } from '../../../../core/model/transformer/index.ts';

/** Every kind of edge: a vocabulary that is no multiple of 8, heads of one vector and more, sequences of 1 to 13. */
export const tiny: TransformerConfig = transformerConfig({
  layers: 2,
  width: 32,
  heads: 4,
  vocabulary: 11,
  context: 20,
  feedForward: 40,
});

export function randomBatch(config: TransformerConfig, lengths: readonly number[], random: Random): Batch {
  const rows = lengths.reduce((sum, length) => sum + length, 0);
  const ids = () => Uint16Array.from({ length: rows }, () => random.integer(config.vocabulary));
  const starts = new Uint32Array(lengths.length + 1);
  lengths.forEach((length, s) => {
    starts[s + 1] = starts[s]! + length;
  });
  return { tokens: ids(), targets: ids(), starts };
}

/** Fresh weights are small and biases zero; these are neither, so that every term counts. */
export function roughWeights(config: TransformerConfig, random: Random): Float32Array {
  return initialWeights(config, random.fork('fresh')).map((v) => v * 4 + 0.1 * random.normal());
}

export const normals = (length: number, random: Random) => Float32Array.from({ length }, () => random.normal());

/** L2 norm of the difference over that of the truth. */
export function relativeError(found: ArrayLike<number>, truth: ArrayLike<number>): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < truth.length; i++) {
    difference += (found[i]! - truth[i]!) ** 2;
    size += truth[i]! ** 2;
  }
  return Math.sqrt(difference / size);
}

export const flat = (rows: readonly ArrayLike<number>[]): number[] => rows.flatMap((row) => Array.from(row));

export const stream = (...labels: (string | number)[]) => seeded(20261130, ...labels);

/** Central differences of f in the numbers picked (all, unless said), in f64. */
export function differences(at: ArrayLike<number>, f: (x: Float64Array) => number, picked?: readonly number[]): number[] {
  const x = Float64Array.from(at);
  return (picked ?? [...x.keys()]).map((i) => {
    const middle = x[i]!;
    x[i] = middle + 1e-4;
    const above = f(x);
    x[i] = middle - 1e-4;
    const below = f(x);
    x[i] = middle;
    return (above - below) / 2e-4;
  });
}
