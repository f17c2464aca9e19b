/**
 * What a transformer does: a causal language model over token ids, trained and run in WebAssembly. `createTransformer` makes one.
 *
 * A sequence is [source, atoms …, end]. Its inputs are all tokens but the last, its targets all but the first; inputs of a batch lie end to
 * end, without padding. R rows (inputs) in a batch, S sequences, d width, V vocabulary. Losses are in nats.
 */
import type { KernelPool, Label } from '@qefm/quantum';
import type { TransformerConfig } from './config.ts';

/** Ids that mean the same in every vocabulary; ids from 2 on are source tokens, then atoms. */
export const END_TOKEN = 0;
export const UNKNOWN_TOKEN = 1;

export interface Batch {
  /** [R] inputs. */
  readonly tokens: Uint16Array;
  /** [R] the token that follows each input in its sequence. Only `loss` and `lossAndGradient` read it. */
  readonly targets: Uint16Array;
  /** [S + 1] row where each sequence starts, from 0, ascending; the last entry is R. No sequence is empty or longer than the context. */
  readonly starts: Uint32Array;
}

/**
 * 'fastest': fused multiply-add where the host has it, so last digits depend on the host. 'bitwise': plain SIMD, the same bits on every
 * host for the same number of threads.
 */
export type KernelChoice = 'fastest' | 'bitwise';

/** The build that runs: fused multiply-add (relaxed SIMD) or plain SIMD. */
export type KernelBuild = 'relaxed' | 'plain';

export interface TransformerOptions {
  /** As `weights()` gives them; without them, fresh ones from the seed. */
  readonly weights?: Float32Array;
  /** As `optimizerState()` gives it, to go on with training; without it, the first step. */
  readonly optimizer?: OptimizerState;
  /** Of fresh weights; default 0. */
  readonly seed?: Label;
  /** Default 'fastest'. */
  readonly kernels?: KernelChoice;
  /**
   * Threads that share a batch: each takes sequences in a row, and gradients are added in the order of the threads. Results depend on
   * `pool.size`, never on timing. Without a pool the caller works alone.
   */
  readonly pool?: KernelPool;
}

/** A named tensor in the flat vector of weights, of gradients and of both moments. */
export interface ParameterPlace {
  /** Such as `block.0.attention.in.weight`. */
  readonly name: string;
  /** Matrices are [inputs, outputs], embeddings [ids, d]; row-major. */
  readonly shape: readonly number[];
  /** First value, and their number. */
  readonly offset: number;
  readonly length: number;
  /** Whether weight decay acts on it: on matrices and embeddings, not on biases and norms. */
  readonly decays: boolean;
}

export interface OptimizerState {
  /** Steps taken. */
  readonly step: number;
  /** Moments of AdamW, as long as the weights. */
  readonly first: Float32Array;
  readonly second: Float32Array;
}

export interface StepSettings {
  readonly learningRate: number;
  /** Decoupled; default 0.1. */
  readonly weightDecay?: number;
  /** Defaults 0.9, 0.95, 1e-8. */
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Largest L2 norm of the whole gradient, beyond which it is scaled down; default 1, Infinity for none. */
  readonly clipNorm?: number;
}

export interface StepReport {
  /** Steps taken, this one included. */
  readonly step: number;
  /** L2 norm before clipping. */
  readonly gradientNorm: number;
  readonly clipped: boolean;
}

export interface Loss {
  /** Mean cross-entropy per target, nats. */
  readonly mean: number;
  /** [S] sum over the targets of each sequence: minus its log-likelihood, nats. */
  readonly perSequence: Float64Array;
}

export interface SampleSettings {
  /** Molecules wanted. */
  readonly count: number;
  /** The token a sequence starts with. */
  readonly source: number;
  /** Divides the logits; default 1. 0 takes the likeliest token. */
  readonly temperature?: number;
  /** Molecule i depends on seed and i alone, not on `count` or `slots`. */
  readonly seed: Label;
  /** Most tokens between source and end; default and upper bound: context - 1. */
  readonly maxLength?: number;
  /** Tokens that are never drawn, such as the unknown one and sources; default none. */
  readonly forbidden?: readonly number[];
  /** Molecules in work at once; default 64. */
  readonly slots?: number;
}

export interface Sample {
  /** Tokens between source and end. */
  readonly tokens: Uint16Array;
  /** Whether the end came; without it the sequence was cut at `maxLength`. */
  readonly ended: boolean;
}

export interface Transformer {
  readonly config: TransformerConfig;
  /** What runs, for the record of a result. */
  readonly kernels: { readonly build: KernelBuild; readonly threads: number };
  /** Where each tensor lies in the flat vectors. */
  readonly parameters: readonly ParameterPlace[];
  /** Numbers in the flat vectors. */
  readonly size: number;

  /**
   * [S, d] mean of the final norm over the positions of each sequence.
   * cost  some 7 KB of memory a row at d = 128, so thousands of sequences go in several batches; results do not depend on the cut
   */
  features(batch: Batch): Float32Array;
  /** [R, V] */
  logits(batch: Batch): Float32Array;
  loss(batch: Batch): Loss;
  /**
   * The same loss; its gradient (of the mean) replaces the one that `gradient()` shows and `step` uses.
   * cost  some 40 KB of memory a row at d = 128, L = 4
   */
  lossAndGradient(batch: Batch): Loss;
  /**
   * One AdamW step along the gradient of the last `lossAndGradient`.
   * throws  RangeError when there is no new gradient, or when it is not finite (the weights stay as they are)
   */
  step(settings: StepSettings): StepReport;
  /** Draws molecules, in the order of their index. */
  sample(settings: SampleSettings): Sample[];

  /** Copies of the flat vectors, laid out as `parameters` says. */
  weights(): Float32Array;
  gradient(): Float32Array;
  optimizerState(): OptimizerState;
}
