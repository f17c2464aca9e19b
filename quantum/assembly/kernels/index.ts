// A circuit as a list of passes, run by one call. A pass works through the state in blocks of 2^B amplitudes: the active bits of the
// index count inside a block, the others number the blocks. A block is copied into a buffer that stays in the cache (or lies in place
// when the active bits are the lowest), all instructions of the pass act on it, and it is copied back: one journey through memory for
// many gates.
//
// Pass, 64 bytes of sixteen i32:
//   0 address of the instructions   1 their number   2 B   3 lowest active bits in a row   4 free
//   5 mask of the bits that number the blocks   6 whether the block is copied   7 address of the byte offsets of its rows
// Instruction, 64 bytes of sixteen i32:
//   0 code   1 first bit   2 second bit   3 number of bits   4 address of the bit list (i32 each, most significant first)
//   5 address of the numbers   6 the same of the inverse   7 control mask in the block   8 control value
//   9 number of derivatives wanted   10 address of their generators G = U'U† (one matrix after the other)
//   11 address of the derivative (second rotation: 12)   13 mask and 14 value of the state bits outside the block
//   12 of phases: whether the permutation that comes next takes them along
//   15 table of a list of phases that is built once a pass, or -1: once a block
// Codes, with what the numbers are:
//   0 nothing   1 Y rotations on two bits, three where word 3 says so (record in rotations.ts; word 10: written out; the third bit
//   in word 9)   2 complex 2x2 (8 f64)   3 diagonal 2x2 (4)   4 CNOT   5 X
//   6 a phase under a mask (2)   7 SWAP   8 complex 4x4 (32)   9 real 2x2 (4; a Y rotation where a derivative is wanted)
//   10 complex 2^k x 2^k under controls   11 depolarisation (1: the kept share)   12 phases (record in phases.ts)
//   13 derivatives of diagonal gates (entries in phases.ts), backward only   14 X under controls
//   15 permutation (record in permutations.ts): first on the way into the block (1: 0), inside (1), or last on the way out (2)

import { addDerivative, shiftDerivatives } from './derivatives';
import {
  applyCnot,
  applyControlledX,
  applyDepolarizing,
  applyDepolarizingOne,
  applyDiagonal,
  applyMany,
  applyOne,
  applyReal,
  applySwap,
  applyTwo,
  applyX,
} from './gates';
import { permute, permuteBack } from './permutations';
import { applyPhase, applyPhases, applyPhasesConjugate, buildPhases, phaseSums } from './phases';
import { gradientMany, gradientRy } from './products';
import { rotatePair, rotateTriple, sweepPair } from './rotations';
import { shareOf } from './shares';
import { AMPLITUDE, amplitude, put, SHIFT } from './vector';

export { pauliApply, pauliMean } from './paulis';
export { imaginaryInner, probabilities, realInner, sumOfZ, walshHadamard, weighted } from './products';

function word(at: usize, index: i32): i32 {
  return load<i32>(at + ((<usize>index) << 2));
}

/** Whether the block with this base is one that the instruction acts on. */
function applies(at: usize, base: usize): bool {
  const mask: usize = <usize>word(at, 13);
  return mask === 0 || (base & mask) === <usize>word(at, 14);
}

function execute(at: usize, numbers: usize, state: usize, n: i32, scratch: usize): void {
  const a = word(at, 1);
  const b = word(at, 2);
  switch (word(at, 0)) {
    case 1:
      if (word(at, 3) === 3) rotateTriple(state, n, a, b, word(at, 9), word(at, 10) !== 0, numbers);
      else rotatePair(state, n, a, b, word(at, 10) !== 0, numbers);
      break;
    case 2:
      applyOne(state, n, a, numbers);
      break;
    case 3:
      applyDiagonal(state, n, a, numbers);
      break;
    case 4:
      applyCnot(state, n, a, b);
      break;
    case 5:
      applyX(state, n, a);
      break;
    case 6:
      applyPhase(state, n, word(at, 7), numbers, false);
      break;
    case 7:
      applySwap(state, n, a, b);
      break;
    case 8:
      applyTwo(state, n, a, b, numbers);
      break;
    case 9:
      applyReal(state, n, a, load<f64>(numbers), load<f64>(numbers, 8), load<f64>(numbers, 16), load<f64>(numbers, 24));
      break;
    case 10:
      applyMany(state, n, word(at, 3), word(at, 4), numbers, word(at, 7), word(at, 8), scratch);
      break;
    case 11:
      if (word(at, 3) === 2) applyDepolarizingOne(state, n, a, b, load<f64>(numbers));
      else applyDepolarizing(state, n, word(at, 3), word(at, 4), load<f64>(numbers), scratch);
      break;
    case 14:
      applyControlledX(state, n, a, word(at, 7), word(at, 8));
      break;
    default:
      break;
  }
}

/** The table of phases of an instruction: built before the blocks, or now. */
function phasesOf(at: usize, n: i32, base: usize, tables: usize, backward: bool): usize {
  const slot = word(at, 15);
  if (slot >= 0) return tables + ((<usize>slot) << (n + SHIFT));
  buildPhases(tables, n, word(at, 5), base, backward);
  return tables;
}

function prepare(pass: usize, tables: usize, backward: bool): void {
  const list: usize = word(pass, 0);
  const count = word(pass, 1);
  const n = word(pass, 2);
  for (let i = 0; i < count; i++) {
    const at = list + ((<usize>i) << 6);
    const slot = word(at, 15);
    if (word(at, 0) === 12 && slot >= 0) buildPhases(tables + ((<usize>slot) << (n + SHIFT)), n, word(at, 5), 0, backward);
  }
}

/** One block, forward. `blocks` are two buffers; a block that is not copied lies in the state. */
function forward(pass: usize, here: usize, base: usize, blocks: usize, scratch: usize, tables: usize): void {
  const list: usize = word(pass, 0);
  const count = word(pass, 1);
  const n = word(pass, 2);
  const low = word(pass, 3);
  const rows = 1 << (n - low);
  const offsets: usize = word(pass, 7);
  const copied = word(pass, 6) !== 0;
  let block = copied ? blocks : here;
  let other = blocks + (AMPLITUDE << n);
  let carried: usize = 0;
  let inState = !copied;
  if (copied) fetch(here, rows, low, offsets);
  if (copied && (count === 0 || word(list, 0) !== 15 || word(list, 1) !== 0)) copyIn(here, block, rows, low, offsets);
  for (let i = 0; i < count; i++) {
    const at = list + ((<usize>i) << 6);
    if (!applies(at, base)) continue;
    const code = word(at, 0);
    if (code === 12) {
      const table = phasesOf(at, n, base, tables, false);
      if (word(at, 12) !== 0) carried = table;
      else applyPhases(block, table, n);
    } else if (code === 15) {
      const record: usize = word(at, 5);
      const where = word(at, 1);
      if (where === 0) permute(here, block, record, rows, low, offsets, base, carried);
      else if (where === 2) {
        permute(block, here, record, rows, low, 0, base, carried);
        inState = true;
      } else {
        permute(block, other, record, rows, low, 0, base, carried);
        const full = other;
        other = block;
        block = full;
      }
      carried = 0;
    } else execute(at, word(at, 5), block, n, scratch);
  }
  if (!inState) copyOut(block, here, rows, low, offsets);
}

/** The table that the permutation after instruction i took along, 0 if none. */
function carriedBefore(list: usize, i: i32, n: i32, base: usize, tables: usize): usize {
  if (i === 0) return 0;
  const at = list + ((<usize>(i - 1)) << 6);
  return word(at, 0) === 12 && word(at, 12) !== 0 ? phasesOf(at, n, base, tables, true) : 0;
}

/** One block of both states, backward. `blocks` are four buffers. */
function backward(
  pass: usize,
  phiHere: usize,
  lambdaHere: usize,
  base: usize,
  blocks: usize,
  scratch: usize,
  tables: usize,
  w: usize,
): void {
  const list: usize = word(pass, 0);
  const count = word(pass, 1);
  const n = word(pass, 2);
  const low = word(pass, 3);
  const rows = 1 << (n - low);
  const offsets: usize = word(pass, 7);
  const copied = word(pass, 6) !== 0;
  const bytes: usize = AMPLITUDE << n;
  let phi = copied ? blocks : phiHere;
  let lambda = copied ? blocks + bytes : lambdaHere;
  let otherPhi = blocks + 2 * bytes;
  let otherLambda = blocks + 3 * bytes;
  let inState = !copied;
  const final = list + ((<usize>(count - 1)) << 6);
  if (copied) {
    fetch(phiHere, rows, low, offsets);
    fetch(lambdaHere, rows, low, offsets);
  }
  if (copied && (count === 0 || word(final, 0) !== 15 || word(final, 1) !== 2)) {
    copyIn(phiHere, phi, rows, low, offsets);
    copyIn(lambdaHere, lambda, rows, low, offsets);
  }
  for (let i = count - 1; i >= 0; i--) {
    const at = list + ((<usize>i) << 6);
    if (!applies(at, base)) continue;
    const code = word(at, 0);
    if (code === 1) sweepPair(phi, lambda, n, word(at, 1), word(at, 2), word(at, 6), word(at, 11), word(at, 12));
    else if (code === 12) {
      if (word(at, 12) !== 0) continue;
      const table = phasesOf(at, n, base, tables, true);
      applyPhasesConjugate(phi, table, n);
      applyPhasesConjugate(lambda, table, n);
    } else if (code === 13) phaseSums(phi, lambda, w, n, base, word(at, 5), word(at, 9));
    else if (code === 6) {
      applyPhase(phi, n, word(at, 7), word(at, 5), true);
      applyPhase(lambda, n, word(at, 7), word(at, 5), true);
    } else if (code === 15) {
      const record: usize = word(at, 5);
      const where = word(at, 1);
      const table = carriedBefore(list, i, n, base, tables);
      if (where === 2) {
        permuteBack(phiHere, phi, record, rows, low, 0, base, table);
        permuteBack(lambdaHere, lambda, record, rows, low, 0, base, table);
      } else if (where === 0) {
        permuteBack(phi, phiHere, record, rows, low, offsets, base, table);
        permuteBack(lambda, lambdaHere, record, rows, low, offsets, base, table);
        inState = true;
      } else {
        permuteBack(phi, otherPhi, record, rows, low, 0, base, table);
        permuteBack(lambda, otherLambda, record, rows, low, 0, base, table);
        const fullPhi = otherPhi;
        const fullLambda = otherLambda;
        otherPhi = phi;
        otherLambda = lambda;
        phi = fullPhi;
        lambda = fullLambda;
      }
    } else undo(at, code, phi, lambda, n, scratch);
  }
  if (inState) return;
  copyOut(phi, phiHere, rows, low, offsets);
  copyOut(lambda, lambdaHere, rows, low, offsets);
}

/** Derivatives of one gate, then the gate undone on both states. */
function undo(at: usize, code: i32, phi: usize, lambda: usize, n: i32, scratch: usize): void {
  const wanted = word(at, 9);
  const out: usize = word(at, 11);
  if (wanted > 0 && code === 9) addDerivative(out, gradientRy(lambda, phi, n, word(at, 1)));
  else {
    const k = word(at, 3);
    for (let j = 0; j < wanted; j++) {
      const generator: usize = <usize>word(at, 10) + (((<usize>j) << (2 * k)) << 4);
      const sum = gradientMany(lambda, phi, n, k, word(at, 4), generator, word(at, 7), word(at, 8));
      addDerivative(out + ((<usize>j) << 3), sum);
    }
  }
  execute(at, word(at, 6), phi, n, scratch);
  execute(at, word(at, 6), lambda, n, scratch);
}

/** Exported, so that the loads of `fetch` are not left out. */
export let fetched: u64 = 0;

/**
 * Asks for every line of a block at once. Its rows lie apart in the state, where the processor does not fetch ahead by itself, and
 * would otherwise be waited for row after row.
 */
function fetch(here: usize, rows: i32, low: i32, offsets: usize): void {
  const bytes: usize = AMPLITUDE << low;
  let asked: u64 = 0;
  for (let h = 0; h < rows; h++) {
    const source = here + <usize>load<u32>(offsets + ((<usize>h) << 2));
    for (let i: usize = 0; i < bytes; i += 64) asked ^= load<u64>(source + i);
  }
  fetched = asked;
}

/** Copies a block out of the state: its rows of 2^low amplitudes lie apart. */
function copyIn(here: usize, block: usize, rows: i32, low: i32, offsets: usize): void {
  const bytes: usize = AMPLITUDE << low;
  for (let h = 0; h < rows; h++) {
    const source = here + <usize>load<u32>(offsets + ((<usize>h) << 2));
    if (bytes < 16) put(block, amplitude(source));
    else for (let i: usize = 0; i < bytes; i += 16) v128.store(block + i, v128.load(source + i));
    block += bytes;
  }
}

function copyOut(block: usize, here: usize, rows: i32, low: i32, offsets: usize): void {
  const bytes: usize = AMPLITUDE << low;
  for (let h = 0; h < rows; h++) {
    const target = here + <usize>load<u32>(offsets + ((<usize>h) << 2));
    if (bytes < 16) put(target, amplitude(block));
    else for (let i: usize = 0; i < bytes; i += 16) v128.store(target + i, v128.load(block + i));
    block += bytes;
  }
}

/** The bits of a number at the places of a mask. */
function deposit(value: usize, mask: usize): usize {
  let out: usize = 0;
  for (; mask !== 0; mask &= mask - 1) {
    if (value & 1) out |= mask & -mask;
    value >>= 1;
  }
  return out;
}

/**
 * Runs one pass on the share `part` of `parts` of its blocks. `blocks` holds two blocks, `tables` the tables of phases.
 */
export function runPass(pass: usize, state: usize, blocks: usize, scratch: usize, tables: usize, part: i32, parts: i32): void {
  const outside: usize = word(pass, 5);
  const count = (<usize>1) << popcnt<usize>(outside);
  const last = shareOf(count, part + 1, parts);
  prepare(pass, tables, false);
  let base = deposit(shareOf(count, part, parts), outside);
  for (let i = shareOf(count, part, parts); i < last; i++) {
    forward(pass, state + (base << SHIFT), base, blocks, scratch, tables);
    base = ((base | ~outside) + 1) & outside;
  }
}

export function run(passes: usize, count: i32, state: usize, blocks: usize, scratch: usize, tables: usize): void {
  for (let i = 0; i < count; i++) runPass(passes + ((<usize>i) << 6), state, blocks, scratch, tables, 0, 1);
}

/**
 * The backward sweep of the adjoint method: phi is the final state, lambda the observable applied to it. Adds every derivative
 * at its address, leaves the initial state in phi and U† O U |initial> in lambda. `blocks` holds four blocks, `w` 2^B + B + 1 numbers.
 */
export function sweepPass(
  pass: usize,
  phi: usize,
  lambda: usize,
  blocks: usize,
  scratch: usize,
  tables: usize,
  w: usize,
  part: i32,
  parts: i32,
): void {
  const outside: usize = word(pass, 5);
  const count = (<usize>1) << popcnt<usize>(outside);
  const last = shareOf(count, part + 1, parts);
  prepare(pass, tables, true);
  let base = deposit(shareOf(count, part, parts), outside);
  for (let i = shareOf(count, part, parts); i < last; i++) {
    backward(pass, phi + (base << SHIFT), lambda + (base << SHIFT), base, blocks, scratch, tables, w);
    base = ((base | ~outside) + 1) & outside;
  }
}

export function sweep(
  passes: usize,
  count: i32,
  phi: usize,
  lambda: usize,
  blocks: usize,
  scratch: usize,
  tables: usize,
  w: usize,
): void {
  for (let i = count - 1; i >= 0; i--) {
    sweepPass(passes + ((<usize>i) << 6), phi, lambda, blocks, scratch, tables, w, 0, 1);
  }
}

/** Waits until all threads have come this far; `barrier` counts their arrivals. */
function meet(barrier: usize, arrivals: i32): void {
  if (ASC_FEATURE_THREADS) {
    atomic.add<i32>(barrier, 1);
    while (atomic.load<i32>(barrier) < arrivals) {}
  }
}

/**
 * What thread `part` of `parts` does of `run`, all threads at once on shared memory: its share of the blocks of each pass, then a wait for
 * the others. Strides are the bytes from one thread's buffers to the next one's; `barrier` is an i32 that is zero at the start.
 */
export function runShare(
  part: i32,
  parts: i32,
  passes: usize,
  count: i32,
  state: usize,
  blocks: usize,
  blockStride: usize,
  scratch: usize,
  scratchStride: usize,
  tables: usize,
  tableStride: usize,
  barrier: usize,
): void {
  const own = <usize>part;
  for (let i = 0; i < count; i++) {
    runPass(
      passes + ((<usize>i) << 6),
      state,
      blocks + own * blockStride,
      scratch + own * scratchStride,
      tables + own * tableStride,
      part,
      parts,
    );
    meet(barrier, parts * (i + 1));
  }
}

/** The same for `sweep`; each thread adds to derivatives of its own. */
export function sweepShare(
  part: i32,
  parts: i32,
  passes: usize,
  count: i32,
  phi: usize,
  lambda: usize,
  blocks: usize,
  blockStride: usize,
  scratch: usize,
  scratchStride: usize,
  tables: usize,
  tableStride: usize,
  w: usize,
  wStride: usize,
  derivativeStride: usize,
  barrier: usize,
): void {
  const own = <usize>part;
  shiftDerivatives(own * derivativeStride);
  for (let i = count - 1; i >= 0; i--) {
    sweepPass(
      passes + ((<usize>i) << 6),
      phi,
      lambda,
      blocks + own * blockStride,
      scratch + own * scratchStride,
      tables + own * tableStride,
      w + own * wStride,
      part,
      parts,
    );
    meet(barrier, parts * (count - i));
  }
  shiftDerivatives(0);
}
