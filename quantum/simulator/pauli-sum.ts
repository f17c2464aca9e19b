/**
 * Sums of Pauli strings on the fast kernels. Strings that flip the same bits are one group, and a group costs one journey through the
 * state; a sum of Z strings is one group whatever their number. Where the machine has a pool, its threads share the journey.
 */

import type { PauliSum } from '../circuit/pauli.ts';
import { pauliMasks } from '../circuit/pauli.ts';
import type { KernelMachine } from './wasm-kernels.ts';

interface Group {
  readonly flip: number;
  /** 1 where the strings have an odd number of Y, so that their factor is imaginary. */
  readonly turn: 0 | 1;
  readonly address: number;
  readonly count: number;
}

/** Numbers that the kernels need for the diagonal of a run of indices, 2^9 of them. */
const WEIGHTS = 512;
/** Bytes from one thread's weights, and from one thread's sum, to the next one's: lines of their own. */
const WEIGHTS_STRIDE = 8 * WEIGHTS + 64;
const SUM_STRIDE = 64;

/** A sum in a machine's memory. */
export class KernelPauliSum {
  readonly #machine: KernelMachine;
  readonly #qubits: number;
  readonly #groups: readonly Group[];
  readonly #parts: number;
  readonly #weights: number;
  readonly #sums: number;

  constructor(machine: KernelMachine, qubits: number, sum: PauliSum) {
    this.#machine = machine;
    this.#qubits = qubits;
    const gathered = new Map<string, { flip: number; turn: 0 | 1; strings: { mask: number; weight: number }[] }>();
    for (const term of sum) {
      const { xMask, zMask, yCount } = pauliMasks(term, qubits);
      const turn = (yCount % 2) as 0 | 1;
      // i^y = i^(y mod 2) · (-1)^(y div 2).
      const weight = Math.floor(yCount / 2) % 2 === 0 ? term.coefficient : -term.coefficient;
      const key = `${xMask} ${turn}`;
      const group = gathered.get(key) ?? { flip: xMask, turn, strings: [] };
      gathered.set(key, group);
      group.strings.push({ mask: zMask, weight });
    }
    this.#groups = [...gathered.values()].map(({ flip, turn, strings }) => {
      const address = machine.allocate(16 * strings.length);
      strings.forEach(({ mask, weight }, i) => {
        machine.words(address + 16 * i, 1)[0] = mask;
        machine.doubles(address + 16 * i + 8, 1)[0] = weight;
      });
      return { flip, turn, address, count: strings.length };
    });
    // Threads share the runs of indices.
    this.#parts = 2 ** qubits >= 2 * WEIGHTS ? (machine.pool?.size ?? 1) : 1;
    this.#weights = machine.allocate(WEIGHTS_STRIDE * this.#parts);
    this.#sums = machine.allocate(SUM_STRIDE * this.#parts);
  }

  /** ⟨state|H|state⟩. */
  mean(state: number): number {
    let total = 0;
    for (const { flip, turn, address, count } of this.#groups) {
      this.#onEveryPart('pauliMean', [
        state,
        this.#qubits,
        flip,
        address,
        count,
        turn,
        this.#weights,
        WEIGHTS_STRIDE,
        this.#sums,
      ]);
      for (let part = 0; part < this.#parts; part++) total += this.#machine.f64[(this.#sums + SUM_STRIDE * part) / 8]!;
    }
    return total;
  }

  /** out = H|state⟩. */
  apply(state: number, out: number): void {
    this.#machine.doubles(out, 2 * 2 ** this.#qubits).fill(0);
    for (const { flip, turn, address, count } of this.#groups)
      this.#onEveryPart('pauliApply', [state, out, this.#qubits, flip, address, count, turn, this.#weights, WEIGHTS_STRIDE]);
  }

  #onEveryPart(entry: 'pauliMean' | 'pauliApply', args: readonly number[]): void {
    if (this.#parts === 1) this.#machine.kernels[entry](0, 1, ...args);
    else this.#machine.runOnPool(entry, args);
  }
}
