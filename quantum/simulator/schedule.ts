/**
 * Which elements run in which pass. A pass works on blocks of 2^B amplitudes whose active bits are chosen for it; an element can run
 * in it when the bits that it changes are active. Elements are taken in their order, and one that has to wait holds back only those
 * that do not commute with it.
 */

import { must } from '../errors.ts';
import type { Element } from './elements.ts';
import { bitsOf } from './elements.ts';

/** Amplitudes of a block: 2^13 of 16 bytes fill a quarter of a usual second-level cache, and the sweep needs two and a table. */
export const BLOCK_BITS = 13;

/**
 * Amplitudes of a state that is worked on in place, where its elements are cheap: 2^16 of 16 bytes are half of a usual second-level cache. Tables of
 * phases on two bits and dense matrices are quicker in blocks (measured at 14 to 17 qubits in five families of circuits).
 */
const WHOLE_BITS = 16;

function isCheap(element: Element): boolean {
  if (element.kind === 'phases') return element.terms.every((term) => term.bits.length < 2);
  return element.kind !== 'dense';
}

/** A pass: its active bits in ascending order, and its elements. */
export interface Pass {
  readonly active: readonly number[];
  readonly elements: readonly Element[];
}

/**
 * Lowest bits that are always active: a row of a block is 2^low amplitudes that lie together in memory. Shorter rows leave more bits to
 * choose, and are slower to fetch (measured at 20 and 22 qubits).
 */
const LOW_BITS = [
  { low: 5, cost: 1 },
  { low: 4, cost: 1.15 },
  { low: 3, cost: 2 },
] as const;

function passes(elements: readonly Element[], bits: number, low: number, blockBits: number): Pass[] {
  const out: Pass[] = [];
  const reach = elements.map(bitsOf);
  let waiting = elements.map((_, i) => i);
  const lowest = Array.from({ length: low }, (_, bit) => bit);
  while (waiting.length > 0) {
    const active = new Set(lowest);
    // A bit that a waiting element changes lets nothing pass; one that it reads lets through what only reads it too.
    const changed = new Uint8Array(bits);
    const read = new Uint8Array(bits);
    let closed = 0;
    const taken: Element[] = [];
    const left: number[] = [];
    for (let at = 0; at < waiting.length; at++) {
      const index = waiting[at]!;
      if (closed === bits) {
        left.push(...waiting.slice(at));
        break;
      }
      const { moved, held } = reach[index]!;
      const held_back = moved.some((bit) => changed[bit] || read[bit]) || held.some((bit) => changed[bit]);
      const missing = held_back ? 0 : new Set(moved.filter((bit) => !active.has(bit))).size;
      // Phases wait until one of their bits is active: outside a block they would cost a table for each.
      const idle = moved.length === 0 && held.length > 0 && !held.some((bit) => active.has(bit));
      if (held_back || active.size + missing > blockBits || (idle && active.size >= blockBits)) {
        for (const bit of moved) {
          if (!changed[bit]) closed++;
          changed[bit] = 1;
        }
        for (const bit of held) read[bit] = 1;
        left.push(index);
        continue;
      }
      if (idle) active.add(held[0]!);
      for (const bit of moved) active.add(bit);
      taken.push(elements[index]!);
    }
    for (let bit = 0; active.size < blockBits; bit++) active.add(bit);
    out.push({ active: [...active].sort((a, b) => a - b), elements: taken });
    waiting = left;
  }
  return out;
}

/** Elements in passes; one pass in place where the whole vector is a block, of 2^blockBits amplitudes if that is said. */
export function schedule(elements: readonly Element[], bits: number, blockBits?: number): Pass[] {
  const most = blockBits ?? (elements.every(isCheap) ? WHOLE_BITS : BLOCK_BITS);
  if (bits <= most) return [{ active: Array.from({ length: bits }, (_, bit) => bit), elements }];
  const size = blockBits ?? BLOCK_BITS;
  const widest = elements.reduce((k, element) => Math.max(k, bitsOf(element).moved.length), 1);
  must(widest <= size, `operations on at most ${size} bits wanted, ${widest} found`);
  let best: Pass[] | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const { low, cost } of LOW_BITS) {
    if (low + widest > size) continue;
    const found = passes(elements, bits, low, size);
    if (cost * found.length >= least) continue;
    best = found;
    least = cost * found.length;
  }
  return best ?? passes(elements, bits, 0, size);
}
