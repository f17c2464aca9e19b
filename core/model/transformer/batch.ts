/** What a batch must be, and how threads share it. */
import type { Batch } from './api.ts';
import type { TransformerConfig } from './config.ts';

/** Throws RangeError for a batch that the network cannot read. */
export function checkBatch(
  { tokens, targets, starts }: Batch,
  { vocabulary, context }: TransformerConfig,
  wantsTargets: boolean,
): void {
  const rows = tokens.length;
  const last = starts.length - 1;
  if (last < 1 || starts[0] !== 0 || starts[last] !== rows)
    throw new RangeError(`batch: starts from 0 to ${rows} rows wanted, ${starts[0]} to ${starts[last]} found`);
  for (let s = 0; s < last; s++) {
    const length = starts[s + 1]! - starts[s]!;
    if (length < 1 || length > context)
      throw new RangeError(`batch: sequences of 1 to ${context} inputs wanted, ${length} found in sequence ${s}`);
  }
  if (wantsTargets && targets.length !== rows) throw new RangeError(`batch: ${rows} targets wanted, ${targets.length} found`);
  for (const ids of wantsTargets ? [tokens, targets] : [tokens])
    for (let r = 0; r < rows; r++)
      if (ids[r]! >= vocabulary) throw new RangeError(`batch: ids below ${vocabulary} wanted, ${ids[r]} found in row ${r}`);
}

/** [R] position of each row in its sequence. */
export function positionsOf({ tokens, starts }: Batch): Uint32Array {
  const positions = new Uint32Array(tokens.length);
  for (let s = 0; s + 1 < starts.length; s++) for (let r = starts[s]!; r < starts[s + 1]!; r++) positions[r] = r - starts[s]!;
  return positions;
}

/** A sequence's length, filled up for the attention kernels. */
export const filledLength = (length: number) => Math.ceil(length / 8) * 8;

/** The part of a batch that is one thread's. */
export interface Share {
  readonly firstSequence: number;
  readonly sequences: number;
  readonly firstRow: number;
  readonly rows: number;
}

/** Sequences in a row for each of `parts` threads, cut where the rows come nearest to equal numbers. */
export function sharesOf({ tokens, starts }: Batch, parts: number): Share[] {
  const sequences = starts.length - 1;
  const cuts = [0];
  for (let part = 1; part < parts; part++) {
    const wanted = (tokens.length * part) / parts;
    let cut = cuts[part - 1]!;
    while (cut < sequences && Math.abs(starts[cut + 1]! - wanted) < Math.abs(starts[cut]! - wanted)) cut++;
    cuts.push(cut);
  }
  cuts.push(sequences);
  return Array.from({ length: parts }, (_, part) => {
    const firstSequence = cuts[part]!;
    const endSequence = cuts[part + 1]!;
    const firstRow = starts[firstSequence]!;
    return {
      firstSequence,
      sequences: endSequence - firstSequence,
      firstRow,
      rows: starts[endSequence]! - firstRow,
    };
  });
}
