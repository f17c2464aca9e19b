// A program is a list of instructions, 64 bytes of sixteen words each: word 0 says which kernel, the others are its arguments in their
// order (i32, addresses, f32 as their bits). Each part of a pool runs its own program; a lone caller is part 0 of 1.
// Codes
//   1 product   2 normForward   3 normBackward   4 geluForward   5 geluBackward   6 columnSums   7 sequenceMeans   8 attentionForward
//   9 attentionBackward   10 attentionStep   11 embedForward   12 embedBackward   13 crossEntropy   14 zeros (address, bytes)
//   15 sumParts   16 squareSum (address, count, where the f64 goes)   17 adamw

import { attentionBackward, attentionForward, attentionStep } from './attention';
import { columnSums, geluBackward, geluForward, normBackward, normForward, sequenceMeans } from './layers';
import { adamw, squareSum, sumParts } from './optimizer';
import { product } from './products';
import { crossEntropy, embedBackward, embedForward } from './tokens';

export { attentionBackward, attentionForward, attentionStep } from './attention';
export { columnSums, geluBackward, geluForward, normBackward, normForward, sequenceMeans } from './layers';
export { adamw, squareSum, sumParts } from './optimizer';
export { PRODUCT_SCRATCH, product } from './products';
export { crossEntropy, embedBackward, embedForward } from './tokens';

// @ts-expect-error: decorators of AssemblyScript
@inline
function w(at: usize, index: i32): i32 {
  return load<i32>(at + ((<usize>index) << 2));
}

// @ts-expect-error: decorators of AssemblyScript
@inline
function f(at: usize, index: i32): f32 {
  return load<f32>(at + ((<usize>index) << 2));
}

function execute(p: usize): void {
  switch (w(p, 0)) {
    case 1:
      product(
        w(p, 1), w(p, 2), w(p, 3), w(p, 4), w(p, 5), w(p, 6), w(p, 7), w(p, 8), w(p, 9), w(p, 10), w(p, 11), w(p, 12), w(p, 13), w(p, 14),
      );
      break;
    case 2:
      normForward(w(p, 1), w(p, 2), w(p, 3), w(p, 4), w(p, 5), w(p, 6), w(p, 7));
      break;
    case 3:
      normBackward(w(p, 1), w(p, 2), w(p, 3), w(p, 4), w(p, 5), w(p, 6), w(p, 7), w(p, 8), w(p, 9));
      break;
    case 4:
      geluForward(w(p, 1), w(p, 2), w(p, 3));
      break;
    case 5:
      geluBackward(w(p, 1), w(p, 2), w(p, 3));
      break;
    case 6:
      columnSums(w(p, 1), w(p, 2), w(p, 3), w(p, 4));
      break;
    case 7:
      sequenceMeans(w(p, 1), w(p, 2), w(p, 3), w(p, 4), w(p, 5));
      break;
    case 8:
      attentionForward(w(p, 1), w(p, 2), w(p, 3), w(p, 4), w(p, 5), w(p, 6), w(p, 7), w(p, 8), w(p, 9));
      break;
    case 9:
      attentionBackward(w(p, 1), w(p, 2), w(p, 3), w(p, 4), w(p, 5), w(p, 6), w(p, 7), w(p, 8), w(p, 9));
      break;
    case 10:
      attentionStep(w(p, 1), w(p, 2), w(p, 3), w(p, 4), w(p, 5), w(p, 6), w(p, 7), w(p, 8), w(p, 9), w(p, 10), w(p, 11));
      break;
    case 11:
      embedForward(w(p, 1), w(p, 2), w(p, 3), w(p, 4), w(p, 5), w(p, 6), w(p, 7));
      break;
    case 12:
      embedBackward(w(p, 1), w(p, 2), w(p, 3), w(p, 4), w(p, 5), w(p, 6), w(p, 7));
      break;
    case 13:
      crossEntropy(w(p, 1), w(p, 2), w(p, 3), w(p, 4), w(p, 5), f(p, 6), w(p, 7));
      break;
    case 14:
      memory.fill(w(p, 1), 0, w(p, 2));
      break;
    case 15:
      sumParts(w(p, 1), w(p, 2), w(p, 3), w(p, 4));
      break;
    case 16:
      store<f64>(w(p, 3), squareSum(w(p, 1), w(p, 2)));
      break;
    case 17:
      adamw(
        w(p, 1), w(p, 2), w(p, 3), w(p, 4), w(p, 5), f(p, 6), f(p, 7), f(p, 8), f(p, 9), f(p, 10), f(p, 11), f(p, 12),
      );
      break;
    default:
      unreachable();
  }
}

/** Runs the program of a part; `table` holds (address, number of instructions) of each part's. */
export function run(part: i32, parts: i32, table: usize): void {
  const entry = table + ((<usize>part) << 3);
  const first: usize = w(entry, 0);
  const count = w(entry, 1);
  for (let i = 0; i < count; i++) execute(first + ((<usize>i) << 6));
}
