/** Runs of flips and swaps in a pass of many blocks become one permutation of the index, linear over GF(2). */

import type { BlockOperation } from './block-code.ts';

type Flip = Extract<BlockOperation, { kind: 'flip' }>;

/** Target bit t of the index: parity of the block bits under `inside`, of the state bits under `outside`, and a constant. */
interface Row {
  inside: number;
  outside: number;
  constant: number;
}

/** Inside a block fewer exchanges are cheaper than a journey to the other buffer. */
const LONG_RUN = 6;

export interface Permutation {
  readonly kind: 'permutation';
  readonly rows: readonly Readonly<Row>[];
  /** On the way into the block, inside, or on the way out. */
  readonly where: 'in' | 'inside' | 'out';
}

const isPower = (mask: number): boolean => mask > 0 && Number.isInteger(Math.log2(mask));

/** A flip under one control at most keeps the map linear. */
function isLinear(operation: BlockOperation): boolean {
  if (operation.kind === 'swap') return true;
  if (operation.kind !== 'flip') return false;
  const { mask, outside } = operation;
  if (mask === 0) return outside.mask === 0 || isPower(outside.mask);
  return outside.mask === 0 && isPower(mask);
}

function flip(rows: Row[], operation: Flip): void {
  const target = rows[operation.bit]!;
  const { mask, value, outside } = operation;
  if (mask !== 0) {
    const control = rows[Math.log2(mask)]!;
    target.inside ^= control.inside;
    target.outside ^= control.outside;
    target.constant ^= control.constant ^ (value === mask ? 0 : 1);
  } else if (outside.mask !== 0) {
    target.outside ^= outside.mask;
    target.constant ^= outside.value === outside.mask ? 0 : 1;
  } else target.constant ^= 1;
}

function permutationOf(run: readonly BlockOperation[], bits: number): Row[] {
  const rows = Array.from({ length: bits }, (_, bit): Row => ({ inside: 2 ** bit, outside: 0, constant: 0 }));
  for (const operation of run) {
    if (operation.kind === 'flip') flip(rows, operation);
    else if (operation.kind === 'swap') {
      const [a, b] = operation.bits;
      const kept = rows[a]!;
      rows[a] = rows[b]!;
      rows[b] = kept;
    }
  }
  return rows;
}

/** Operations of a pass on blocks of 2^bits, with its runs of flips and swaps put together. */
export function withPermutations(operations: readonly BlockOperation[], bits: number): (BlockOperation | Permutation)[] {
  const out: (BlockOperation | Permutation)[] = [];
  for (let at = 0; at < operations.length; ) {
    let end = at;
    while (end < operations.length && isLinear(operations[end]!)) end++;
    if (end === at) {
      out.push(operations[at++]!);
      continue;
    }
    const where = end === operations.length ? 'out' : at === 0 ? 'in' : 'inside';
    if (where === 'inside' && end - at < LONG_RUN) out.push(...operations.slice(at, end));
    else out.push({ kind: 'permutation', rows: permutationOf(operations.slice(at, end), bits), where });
    at = end;
  }
  return out;
}

/** Whether flips and swaps come in runs long enough to pay for copying a block that could stay where it is. */
export function longRuns(operations: readonly BlockOperation[]): boolean {
  let length = 0;
  return operations.some((operation) => {
    length = isLinear(operation) ? length + 1 : 0;
    return length >= LONG_RUN;
  });
}
