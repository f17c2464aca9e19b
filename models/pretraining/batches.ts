/** Batches of a corpus in an order that seed and epoch fix, so that a place in it is two numbers. */
import { seeded } from '@qefm/quantum';
import { packSequences } from '../../core/encoding/smiles-tokens.ts';
import type { Corpus } from './packed.ts';
import type { Batch } from './trainer.ts';

/** Where the next batch begins: sequence `index` in the order of `epoch`, both from 0. */
export interface Position {
  readonly epoch: number;
  readonly index: number;
}

export interface BatchSettings {
  readonly seed: number;
  /** Sequences in a batch; the last of an epoch may have fewer. */
  readonly size: number;
  /** Most inputs of a sequence; longer ones are left out. */
  readonly context: number;
}

export interface Batches {
  /** Sequences in an epoch, those left out for their length, and batches. */
  readonly sequences: number;
  readonly leftOut: number;
  readonly batches: number;
  /** The batch at a position, and the position after it. Depends on nothing else. */
  at(position: Position): { batch: Batch; next: Position };
}

/**
 * throws  RangeError when no sequence is short enough, and for a position outside the epoch
 */
export function createBatches({ tokens, starts }: Corpus, { seed, size, context }: BatchSettings): Batches {
  const fitting = sequencesUpTo(starts, context);
  if (fitting.length === 0) throw new RangeError(`batches: sequences of at most ${context} inputs wanted, none found`);
  let held = { epoch: -1, order: fitting };
  const orderOf = (epoch: number): Uint32Array => {
    if (held.epoch !== epoch) held = { epoch, order: shuffled(fitting, seed, epoch) };
    return held.order;
  };
  return {
    sequences: fitting.length,
    leftOut: starts.length - 1 - fitting.length,
    batches: Math.ceil(fitting.length / size),
    at({ epoch, index }) {
      if (!Number.isInteger(index) || index < 0 || index >= fitting.length)
        throw new RangeError(`batches: a sequence from 0 to ${fitting.length - 1} wanted, ${index} found`);
      const chosen = orderOf(epoch).subarray(index, index + size);
      const batch = packSequences(Array.from(chosen, (s) => tokens.subarray(starts[s], starts[s + 1])));
      const after = index + chosen.length;
      return { batch, next: after < fitting.length ? { epoch, index: after } : { epoch: epoch + 1, index: 0 } };
    },
  };
}

/** The same sequences each time, in batches: what a validation loss is taken over. */
export function fixedBatches(corpus: Corpus, settings: BatchSettings, mostSequences: number): Batch[] {
  const batches = createBatches(corpus, settings);
  const list: Batch[] = [];
  for (let at: Position = { epoch: 0, index: 0 }; at.epoch === 0 && at.index + settings.size <= mostSequences; ) {
    const { batch, next } = batches.at(at);
    list.push(batch);
    at = next;
  }
  if (list.length === 0) throw new RangeError(`batches: ${settings.size} sequences or more wanted, ${mostSequences} asked for`);
  return list;
}

/** Numbers of the sequences with at most `context` inputs (all tokens but the last), ascending. */
function sequencesUpTo(starts: Uint32Array, context: number): Uint32Array {
  const fitting = new Uint32Array(starts.length - 1);
  let count = 0;
  for (let s = 0; s + 1 < starts.length; s++) if (starts[s + 1]! - starts[s]! - 1 <= context) fitting[count++] = s;
  return fitting.slice(0, count);
}

/** Fisher and Yates, by a stream of the seed for each epoch. */
function shuffled(items: Uint32Array, seed: number, epoch: number): Uint32Array {
  const order = items.slice();
  const random = seeded(seed, 'pretraining order', epoch);
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const moved = order[i]!;
    order[i] = order[j]!;
    order[j] = moved;
  }
  return order;
}
