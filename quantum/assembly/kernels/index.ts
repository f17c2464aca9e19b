// A circuit as a list of instructions, run by one call. An instruction is 64 bytes of sixteen i32:
//   0 code   1 first bit   2 second bit   3 number of bits   4 address of the bit list (i32 each, most significant first)
//   5 address of the matrix   6 address of the inverse matrix   7 control mask   8 control value
//   9 number of angles that want a derivative   10 address of their generators G = U'U† (one matrix after the other)
//   11 address of the derivatives (f64 each)   12 kind of derivative: 0 generators, 1 RY, 2 RZ
// Codes, with what the matrix address holds:
//   0 nothing   1 real 2x2 (4 f64)   2 complex 2x2 (8)   3 diagonal 2x2 (4)   4 CNOT   5 X   6 CZ   7 SWAP
//   8 complex 4x4 (32)   9 diagonal 4x4 (8)   10 complex 2^k x 2^k under controls   11 depolarisation (1: the kept share)

import {
  applyCnot,
  applyCz,
  applyDepolarizing,
  applyDiagonal,
  applyDiagonalTwo,
  applyMany,
  applyOne,
  applyReal,
  applySwap,
  applyTwo,
  applyX,
} from './gates';
import { gradientMany, gradientRy, gradientRz } from './products';

export { imaginaryInner, probabilities, realInner, sumOfZ, walshHadamard, weighted } from './products';

function word(at: usize, index: i32): i32 {
  return load<i32>(at + ((<usize>index) << 2));
}

function execute(at: usize, matrix: usize, state: usize, n: i32, scratch: usize): void {
  const a = word(at, 1);
  const b = word(at, 2);
  switch (word(at, 0)) {
    case 1:
      applyReal(state, n, a, load<f64>(matrix), load<f64>(matrix, 8), load<f64>(matrix, 16), load<f64>(matrix, 24));
      break;
    case 2:
      applyOne(state, n, a, matrix);
      break;
    case 3:
      applyDiagonal(state, n, a, matrix);
      break;
    case 4:
      applyCnot(state, n, a, b);
      break;
    case 5:
      applyX(state, n, a);
      break;
    case 6:
      applyCz(state, n, a, b);
      break;
    case 7:
      applySwap(state, n, a, b);
      break;
    case 8:
      applyTwo(state, n, a, b, matrix);
      break;
    case 9:
      applyDiagonalTwo(state, n, a, b, matrix);
      break;
    case 10:
      applyMany(state, n, word(at, 3), word(at, 4), matrix, word(at, 7), word(at, 8), scratch);
      break;
    case 11:
      applyDepolarizing(state, n, word(at, 3), word(at, 4), load<f64>(matrix), scratch);
      break;
    default:
      break;
  }
}

/** Applies `count` instructions in order to the state. */
export function run(program: usize, count: i32, state: usize, n: i32, scratch: usize): void {
  for (let i = 0; i < count; i++) {
    const at = program + ((<usize>i) << 6);
    execute(at, word(at, 5), state, n, scratch);
  }
}

/**
 * The backward sweep of the adjoint method: phi is the final state, lambda the observable applied to it. Leaves every derivative
 * at its address, the initial state in phi and U† O U |initial> in lambda.
 */
export function sweep(program: usize, count: i32, phi: usize, lambda: usize, n: i32, scratch: usize): void {
  for (let i = count - 1; i >= 0; i--) {
    const at = program + ((<usize>i) << 6);
    const wanted = word(at, 9);
    if (wanted > 0) {
      const out: usize = word(at, 11);
      const kind = word(at, 12);
      if (kind === 1) store<f64>(out, gradientRy(lambda, phi, n, word(at, 1)));
      else if (kind === 2) store<f64>(out, gradientRz(lambda, phi, n, word(at, 1)));
      else {
        const k = word(at, 3);
        for (let j = 0; j < wanted; j++) {
          const generator: usize = <usize>word(at, 10) + (((<usize>j) << (2 * k)) << 4);
          store<f64>(out + ((<usize>j) << 3), gradientMany(lambda, phi, n, k, word(at, 4), generator, word(at, 7), word(at, 8)));
        }
      }
    }
    execute(at, word(at, 6), phi, n, scratch);
    execute(at, word(at, 6), lambda, n, scratch);
  }
}
