/**
 * What pretraining asks of a model: the part of `Transformer` (core/model/transformer) that the loop, the checkpoints and the samples use. Tests put a
 * smaller model in its place.
 */
import type { OptimizerState, ParameterPlace, Transformer } from '../../core/model/transformer/index.ts';

export type { Batch, Loss, OptimizerState, ParameterPlace, Sample, SampleSettings } from '../../core/model/transformer/index.ts';

type Used = 'parameters' | 'size' | 'loss' | 'lossAndGradient' | 'step' | 'sample' | 'weights' | 'optimizerState';

export interface Trainer extends Pick<Transformer, Used> {
  /** Facts of the shape, for the record; `context` is the most inputs of a sequence. */
  readonly config: Readonly<Record<'vocabulary' | 'context', number>>;
  readonly kernels: { readonly build: string; readonly threads: number };
}

export interface TrainerState {
  readonly weights: Float32Array;
  readonly optimizer?: OptimizerState;
}

export interface TrainerOptions {
  readonly vocabulary: number;
  /** Of fresh weights. */
  readonly seed: number;
  /** 1 is the caller alone. */
  readonly threads: number;
  /** What differs from the engine's own defaults (layers, width, context …), as it names them. */
  readonly shape: Readonly<Record<string, number>>;
  /** Gives the weights and moments to go on from, in the layout that it is told; without it, fresh weights. */
  readonly state?: (parameters: readonly ParameterPlace[]) => TrainerState;
}

/** An engine is a module that exports `createTrainer`. `close` ends its threads. */
export interface Engine {
  createTrainer(options: TrainerOptions): Promise<{ trainer: Trainer; close(): Promise<void> }>;
}
