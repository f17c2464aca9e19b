/**
 * What pretraining asks of a model: the part of the transformer's own interface (core/model/transformer) that the loop, the checkpoints and the
 * samples use. A `Transformer` is a `Trainer`.
 */

export interface Batch {
  /** [R] inputs of all sequences, end to end. */
  readonly tokens: Uint16Array;
  /** [R] the token that follows each. */
  readonly targets: Uint16Array;
  /** [S + 1] row where each sequence starts, then R. */
  readonly starts: Uint32Array;
}

export interface Loss {
  /** Mean cross-entropy per target, nats. */
  readonly mean: number;
  /** [S] sum over the targets of each sequence, nats. */
  readonly perSequence: Float64Array;
}

export interface ParameterPlace {
  readonly name: string;
  readonly shape: readonly number[];
  /** First value in the flat vector, and their number. */
  readonly offset: number;
  readonly length: number;
}

export interface OptimizerState {
  readonly step: number;
  /** Moments, as long as the weights. */
  readonly first: Float32Array;
  readonly second: Float32Array;
}

export interface SampleSettings {
  readonly count: number;
  /** The token a sequence starts with. */
  readonly source: number;
  readonly temperature?: number;
  readonly seed: string | number;
  /** Tokens that are never drawn. */
  readonly forbidden?: readonly number[];
}

export interface Sample {
  /** Tokens between source and end. */
  readonly tokens: Uint16Array;
  /** Whether the end came. */
  readonly ended: boolean;
}

export interface Trainer {
  /** Facts of the shape, for the record; `context` is the most inputs of a sequence. */
  readonly config: Readonly<Record<'vocabulary' | 'context', number>>;
  readonly kernels: { readonly build: string; readonly threads: number };
  readonly parameters: readonly ParameterPlace[];
  /** Numbers in the flat vectors. */
  readonly size: number;
  loss(batch: Batch): Loss;
  /** The loss; its gradient is what the next `step` uses. */
  lossAndGradient(batch: Batch): Loss;
  step(settings: { readonly learningRate: number }): { readonly gradientNorm: number; readonly clipped: boolean };
  sample(settings: SampleSettings): Sample[];
  weights(): Float32Array;
  optimizerState(): OptimizerState;
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
