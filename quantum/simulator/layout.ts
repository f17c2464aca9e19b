/** Where the amplitudes of a block lie in the state, and the tables that a permutation reads. */

import type { Permutation } from './permutation.ts';
import type { KernelMachine } from './wasm-kernels.ts';

/** Rows of a block are at most 2^5 amplitudes: the table of column images then stays in a few cache lines. */
const MAX_LOW = 5;

export interface Layout {
  /** Lowest active bits in a row, at most 5: a row of the block lies together in the state. */
  readonly low: number;
  /** Mask of the active bits. */
  readonly mask: number;
  /** Whether the active bits are the lowest, so that the whole block lies together. */
  readonly inPlace: boolean;
  /** Byte offset of each row of the block in the state. */
  readonly rows: Uint32Array;
  /** Byte offset in the state of each bit of a place in the block. */
  readonly offsets: readonly number[];
}

/** For every number of as many bits the exclusive or of the images of its bits, and of `start`. */
function imagesOf(images: readonly number[], start = 0): Uint32Array {
  const out = new Uint32Array(2 ** images.length);
  out[0] = start;
  for (let bit = 0, half = 1; bit < images.length; bit++, half *= 2) {
    for (let x = 0; x < half; x++) out[half + x] = out[x]! ^ images[bit]!;
  }
  return out;
}

export function layoutOf(active: readonly number[], amplitudeBytes: number): Layout {
  let together = 0;
  while (together < active.length && active[together] === together) together++;
  const low = Math.min(together, MAX_LOW);
  const offsets = active.map((bit) => amplitudeBytes * 2 ** bit);
  return {
    low,
    mask: active.reduce((mask, bit) => mask + 2 ** bit, 0),
    inPlace: together === active.length,
    rows: imagesOf(offsets.slice(low)),
    offsets,
  };
}

/** Writes the record of a permutation: images of rows and columns as byte offsets, in the block or, with `offsets`, in the state. */
export function writePermutation(
  machine: KernelMachine,
  rows: Permutation['rows'],
  low: number,
  offsets: readonly number[] | null,
): number {
  const place = (target: number) => offsets?.[target] ?? machine.amplitudeBytes * 2 ** target;
  const columnOf = (test: (row: Permutation['rows'][number]) => boolean) =>
    rows.reduce((sum, row, target) => (test(row) ? sum ^ place(target) : sum), 0);
  const images = rows.map((_, bit) => columnOf((row) => ((row.inside >>> bit) & 1) === 1));
  const constant = columnOf((row) => row.constant === 1);
  const outer: number[] = [];
  const outside = rows.reduce((mask, row) => mask | row.outside, 0);
  for (let bit = 0; outside >>> bit; bit++) {
    if ((outside >>> bit) & 1)
      outer.push(
        2 ** bit,
        columnOf((row) => ((row.outside >>> bit) & 1) === 1),
      );
  }
  const rowImages = imagesOf(images.slice(low), constant);
  const columnImages = imagesOf(images.slice(0, low));
  const size = 4 + rowImages.length + columnImages.length + outer.length;
  const record = machine.allocate(4 * size);
  const words = machine.words(record, size);
  words.fill(0, 0, 4);
  words[0] = outer.length / 2;
  words.set(rowImages, 4);
  words.set(columnImages, 4 + rowImages.length);
  words.set(outer, 4 + rowImages.length + columnImages.length);
  return record;
}
