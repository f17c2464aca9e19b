/** Where the weights lie in one flat vector, and their first values. */
import type { Random } from '@qefm/quantum';
import type { ParameterPlace } from './api.ts';
import type { TransformerConfig } from './config.ts';

/** Standard deviation of fresh weights; those that write into the residual stream are smaller by sqrt(2 L). */
const DEVIATION = 0.02;

type Shape = readonly number[];
type Named = readonly [name: string, shape: Shape];

/**
 * All parameters in their order: what weight decay acts on first, then biases and norms. With x a row, a layer is x W + b; `attention.in`
 * gives queries, keys and values side by side, each `heads` heads.
 */
export function parameterPlaces({ layers, width: d, feedForward, vocabulary, context }: TransformerConfig): ParameterPlace[] {
  const blocks = Array.from({ length: layers }, (_, l) => `block.${l}`);
  const decaying: Named[] = [
    ['embedding.token', [vocabulary, d]],
    ['embedding.position', [context, d]],
    ...blocks.flatMap((block): Named[] => [
      [`${block}.attention.in.weight`, [d, 3 * d]],
      [`${block}.attention.out.weight`, [d, d]],
      [`${block}.feedForward.in.weight`, [d, feedForward]],
      [`${block}.feedForward.out.weight`, [feedForward, d]],
    ]),
  ];
  const others: Named[] = [
    ...blocks.flatMap((block): Named[] => [
      [`${block}.attention.norm.gain`, [d]],
      [`${block}.attention.norm.bias`, [d]],
      [`${block}.attention.in.bias`, [3 * d]],
      [`${block}.attention.out.bias`, [d]],
      [`${block}.feedForward.norm.gain`, [d]],
      [`${block}.feedForward.norm.bias`, [d]],
      [`${block}.feedForward.in.bias`, [feedForward]],
      [`${block}.feedForward.out.bias`, [d]],
    ]),
    ['norm.gain', [d]],
    ['norm.bias', [d]],
  ];
  let offset = 0;
  return [...decaying, ...others].map(([name, shape], i) => {
    const length = shape.reduce((product, size) => product * size, 1);
    offset += length;
    return { name, shape, offset: offset - length, length, decays: i < decaying.length };
  });
}

export function parameterCount(places: readonly ParameterPlace[]): number {
  const last = places.at(-1)!;
  return last.offset + last.length;
}

/**
 * Fresh weights: normal deviates of 0.02, norms 1, biases 0. Each tensor has a stream of its own, named after it.
 * source  Radford et al. 2019 (GPT-2), section 2.3
 */
export function initialWeights(config: TransformerConfig, random: Random): Float32Array {
  const places = parameterPlaces(config);
  const weights = new Float32Array(parameterCount(places));
  for (const { name, offset, length, decays } of places) {
    if (!decays) {
      weights.fill(name.endsWith('.gain') ? 1 : 0, offset, offset + length);
      continue;
    }
    const deviation = name.endsWith('.out.weight') ? DEVIATION / Math.sqrt(2 * config.layers) : DEVIATION;
    weights.set(random.fork(name).fillNormal(new Float64Array(length), deviation), offset);
  }
  return weights;
}

/** What is known of a tensor by its name. */
export type PlaceOf = (name: string) => ParameterPlace;

export function placesByName(places: readonly ParameterPlace[]): PlaceOf {
  const byName = new Map(places.map((place) => [place.name, place]));
  return (name) => {
    const place = byName.get(name);
    if (place === undefined) throw new RangeError(`transformer: a known tensor wanted, '${name}' found`);
    return place;
  };
}
