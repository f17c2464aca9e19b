// A run of flips and swaps is a linear map of the index over GF(2): y = M x + v. Linearity splits it: the image of a row number h and
// of a column l are two table entries, and the target of amplitude (h, l) is their exclusive or. So the whole run is one journey from
// one buffer to another, which a block makes anyway when it is copied out of the state or back; a table of phases rides along.
//
// Record: i32 number of outer entries, 12 bytes free; u32 tables of byte offsets: images of rows and of columns; then outer entries of
// 8 bytes: u32 bit of the block's base, u32 image. `v` is part of the images of rows.

import { AMPLITUDE, amplitude, product, productConjugate, put, SHIFT } from './vector';

/** What the bits outside the block add to every target. */
export function shiftOf(record: usize, rows: i32, columns: i32, base: usize): usize {
  const count = load<i32>(record);
  let at = record + 16 + ((<usize>(rows + columns)) << 2);
  let shift: usize = 0;
  for (let i = 0; i < count; i++) {
    if (base & <usize>load<u32>(at)) shift ^= <usize>load<u32>(at, 4);
    at += 8;
  }
  return shift;
}

/** Offset of a row: from a list, or one row after the other. */
// @ts-expect-error: decorators of AssemblyScript
@inline
function rowOffset(offsets: usize, h: i32, low: i32): usize {
  return offsets === 0 ? (<usize>h) << (low + SHIFT) : <usize>load<u32>(offsets + ((<usize>h) << 2));
}

/** to[image of x] = from[x] · table[x]; table 0: no phases. `offsets`: byte offsets of the rows of `from`, 0: one after the other. */
export function permute(
  from: usize,
  to: usize,
  record: usize,
  rows: i32,
  low: i32,
  offsets: usize,
  base: usize,
  table: usize,
): void {
  const columns = 1 << low;
  const shift = shiftOf(record, rows, columns, base);
  const rowImages = record + 16;
  const columnImages = rowImages + ((<usize>rows) << 2);
  const bytes: usize = AMPLITUDE << low;
  for (let h = 0; h < rows; h++) {
    const source = from + rowOffset(offsets, h, low);
    const image = <usize>load<u32>(rowImages + ((<usize>h) << 2)) ^ shift;
    let column = columnImages;
    if (table === 0) {
      for (let p: usize = 0; p < bytes; p += AMPLITUDE) {
        put(to + (image ^ <usize>load<u32>(column)), amplitude(source + p));
        column += 4;
      }
    } else {
      const phases = table + ((<usize>h) << (low + SHIFT));
      for (let p: usize = 0; p < bytes; p += AMPLITUDE) {
        put(to + (image ^ <usize>load<u32>(column)), product(amplitude(source + p), amplitude(phases + p)));
        column += 4;
      }
    }
  }
}

/** to[x] = from[image of x] · conj(table[x]). `offsets`: byte offsets of the rows of `to`. */
export function permuteBack(
  from: usize,
  to: usize,
  record: usize,
  rows: i32,
  low: i32,
  offsets: usize,
  base: usize,
  table: usize,
): void {
  const columns = 1 << low;
  const shift = shiftOf(record, rows, columns, base);
  const rowImages = record + 16;
  const columnImages = rowImages + ((<usize>rows) << 2);
  const bytes: usize = AMPLITUDE << low;
  for (let h = 0; h < rows; h++) {
    const target = to + rowOffset(offsets, h, low);
    const image = <usize>load<u32>(rowImages + ((<usize>h) << 2)) ^ shift;
    let column = columnImages;
    if (table === 0) {
      for (let p: usize = 0; p < bytes; p += AMPLITUDE) {
        put(target + p, amplitude(from + (image ^ <usize>load<u32>(column))));
        column += 4;
      }
    } else {
      const phases = table + ((<usize>h) << (low + SHIFT));
      for (let p: usize = 0; p < bytes; p += AMPLITUDE) {
        put(target + p, productConjugate(amplitude(from + (image ^ <usize>load<u32>(column))), amplitude(phases + p)));
        column += 4;
      }
    }
  }
}
