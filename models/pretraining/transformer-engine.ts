/** The transformer of core/model/transformer as an engine of pretraining, its kernels on threads of this process. */
import { createKernelPool } from '@qefm/quantum/node';
import { createTransformer, parameterPlaces, transformerConfig } from '../../core/model/transformer/index.ts';
import type { Engine } from './trainer.ts';

/**
 * `shape` is what differs from the defaults of `transformerConfig`.
 *
 * throws  RangeError for a shape that the transformer refuses
 */
export const createTrainer: Engine['createTrainer'] = async ({ vocabulary, seed, threads, shape, state }) => {
  const config = transformerConfig({ ...shape, vocabulary });
  const pool = threads > 1 ? await createKernelPool({ size: threads }) : undefined;
  const trainer = createTransformer(config, {
    seed,
    ...state?.(parameterPlaces(config)),
    ...(pool === undefined ? {} : { pool }),
  });
  return { trainer, close: async () => pool?.close() };
};
