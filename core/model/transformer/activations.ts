/** Where a batch and everything computed from it lie in memory. All rows of a batch share one array; each thread works on its own rows. */
import type { Batch } from './api.ts';
import { filledLength, positionsOf, type Share, sharesOf } from './batch.ts';
import type { TransformerConfig } from './config.ts';
import type { ModelMachine } from './machine.ts';

/** What a block leaves for its backward pass; addresses. R rows, d width, F feedForward. */
export interface BlockPlaces {
  /** Input x [R, d], normalised n1 [R, d] with its statistics [R, 2]. */
  readonly x: number;
  readonly n1: number;
  readonly stats1: number;
  /** [R, 3 d], the probabilities, and what attention makes of them [R, d]. */
  readonly qkv: number;
  readonly probabilities: number;
  readonly mixed: number;
  /** x after attention [R, d]; the second norm; the hidden layer before and after GELU [R, F]. */
  readonly middle: number;
  readonly n2: number;
  readonly stats2: number;
  readonly hidden: number;
  readonly gelu: number;
}

export interface BatchPlaces {
  readonly shares: readonly Share[];
  readonly rows: number;
  readonly sequences: number;
  readonly tokens: number;
  readonly targets: number;
  readonly positions: number;
  readonly starts: number;
  readonly blocks: readonly BlockPlaces[];
  /** Output of the last block, final norm, its statistics. */
  readonly x: number;
  readonly normal: number;
  readonly stats: number;
  /** [R, stride] with the stride of `logitStride`; losses [R]; means [S, d]. */
  readonly logits: number;
  readonly losses: number;
  readonly means: number;
  /** Of each sequence, numbers before its first probability, in one layer; the sum of all at the end. */
  readonly squares: Float64Array;
}

/** Places of derivatives during a backward pass. */
export interface BackwardPlaces {
  /** In the residual stream and in what a layer reads: [R, d] both. */
  readonly dx: number;
  readonly dn: number;
  readonly dqkv: number;
  readonly dHidden: number;
}

export const logitStride = ({ vocabulary }: TransformerConfig) => Math.ceil(vocabulary / 8) * 8;

const FLOAT = 4;

/** Numbers of scratch memory that attention wants for sequences of up to `context` inputs. */
export function attentionScratch({ context, width, heads }: TransformerConfig): number {
  const n = filledLength(context);
  return n * (5 * (width / heads) + n);
}

function squaresOf({ starts }: Batch, heads: number): Float64Array {
  const squares = new Float64Array(starts.length);
  for (let s = 0; s + 1 < starts.length; s++)
    squares[s + 1] = squares[s]! + heads * filledLength(starts[s + 1]! - starts[s]!) ** 2;
  return squares;
}

/** With `training`, every block keeps its own places; without, all blocks use the same. */
export function placeBatch(machine: ModelMachine, config: TransformerConfig, batch: Batch, training: boolean): BatchPlaces {
  const { width: d, feedForward, layers, heads } = config;
  const rows = batch.tokens.length;
  const sequences = batch.starts.length - 1;
  const squares = squaresOf(batch, heads);
  const floats = (count: number) => machine.allocate(FLOAT * count);
  const block = (x: number): BlockPlaces => {
    const hidden = floats(rows * feedForward);
    return {
      x,
      n1: floats(rows * d),
      stats1: floats(2 * rows),
      qkv: floats(rows * 3 * d),
      probabilities: floats(squares[sequences]!),
      mixed: floats(rows * d),
      middle: floats(rows * d),
      n2: floats(rows * d),
      stats2: floats(2 * rows),
      hidden,
      gelu: training ? floats(rows * feedForward) : hidden,
    };
  };
  const first = floats(rows * d);
  const blocks: BlockPlaces[] = [];
  for (let l = 0; l < layers; l++) blocks.push(l === 0 ? block(first) : training ? block(floats(rows * d)) : blocks[0]!);
  const places: BatchPlaces = {
    shares: sharesOf(batch, machine.threads),
    rows,
    sequences,
    squares,
    tokens: machine.allocate(2 * rows),
    targets: machine.allocate(2 * rows),
    positions: machine.allocate(4 * rows),
    starts: machine.allocate(4 * (sequences + 1)),
    blocks,
    x: training ? floats(rows * d) : first,
    normal: floats(rows * d),
    stats: floats(2 * rows),
    logits: floats(rows * logitStride(config)),
    losses: floats(rows),
    means: floats(sequences * d),
  };
  machine.shorts(places.tokens, rows).set(batch.tokens);
  if (batch.targets.length === rows) machine.shorts(places.targets, rows).set(batch.targets);
  machine.words(places.positions, rows).set(positionsOf(batch));
  machine.words(places.starts, sequences + 1).set(batch.starts);
  return places;
}

export function placeBackward(machine: ModelMachine, { width: d, feedForward }: TransformerConfig, rows: number): BackwardPlaces {
  const floats = (count: number) => machine.allocate(FLOAT * count);
  return { dx: floats(rows * d), dn: floats(rows * d), dqkv: floats(rows * 3 * d), dHidden: floats(rows * feedForward) };
}
