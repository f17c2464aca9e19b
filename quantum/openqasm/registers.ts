/** Names of qubits and bits, and the selection of single ones by index, range or set. */

import { QuantumError } from '../errors.ts';
import type { Operand } from './syntax.ts';
import type { ValueScope } from './values.ts';
import { evaluateInteger } from './values.ts';

/** More qubits than any simulator holds may be declared, but not without bound. */
export const MAX_DECLARED = 4096;

interface Register {
  readonly start: number;
  readonly size: number;
}

/** Positions that an operand names, and whether it names a whole register (which gates broadcast over). */
export interface Selection {
  readonly indices: readonly number[];
  readonly single: boolean;
}

export class Registers {
  readonly #what: string;
  readonly #registers = new Map<string, Register>();
  #total = 0;

  constructor(what: string) {
    this.#what = what;
  }

  get total(): number {
    return this.#total;
  }

  has(name: string): boolean {
    return this.#registers.has(name);
  }

  declare(name: string, size: number | undefined): void {
    const count = size ?? 1;
    if (count < 1 || this.#total + count > MAX_DECLARED) {
      throw new QuantumError(`1 to ${MAX_DECLARED} ${this.#what}s in all wanted, ${this.#total + count} found`);
    }
    this.#registers.set(name, { start: this.#total, size: count });
    this.#total += count;
  }

  /** Which register a position belongs to, by the order of declaration, and its element there. */
  names(): string[] {
    return [...this.#registers.keys()];
  }

  registerOf(index: number): string {
    for (const [name, { start, size }] of this.#registers) if (index >= start && index < start + size) return name;
    throw new QuantumError(`a ${this.#what} below ${this.#total} wanted, ${index} found`);
  }

  select(operand: Operand, scope: ValueScope): Selection {
    const register = this.#registers.get(operand.name);
    if (register === undefined) throw new QuantumError(`a ${this.#what} register wanted, '${operand.name}' found`);
    let indices = Array.from({ length: register.size }, (_, i) => register.start + i);
    let single = false;
    for (const selector of operand.selectors) {
      const size = indices.length;
      const place = (index: number) => {
        const found = index < 0 ? index + size : index;
        if (found < 0 || found >= size) {
          throw new QuantumError(`an index of '${operand.name}' in ${-size}..${size - 1} wanted, ${index} found`);
        }
        return indices[found]!;
      };
      if (selector.kind === 'index') {
        indices = [place(evaluateInteger(selector.index, scope))];
        single = true;
      } else if (selector.kind === 'set') {
        indices = selector.items.map((item) => place(evaluateInteger(item, scope)));
        single = false;
      } else {
        const step = selector.step === undefined ? 1 : evaluateInteger(selector.step, scope);
        const start = selector.start === undefined ? (step > 0 ? 0 : size - 1) : evaluateInteger(selector.start, scope);
        const stop = selector.stop === undefined ? (step > 0 ? size - 1 : 0) : evaluateInteger(selector.stop, scope);
        const from = start < 0 ? start + size : start;
        const to = stop < 0 ? stop + size : stop;
        indices = [...countRange(from, step, to)].map(place);
        single = false;
      }
    }
    return { indices, single };
  }
}

/** start, start + step … up to and including stop, as OpenQASM counts; at most a million numbers. */
export function* countRange(start: number, step: number, stop: number): Generator<number> {
  if (step === 0) throw new QuantumError('a step other than 0 wanted');
  if ((stop - start) / step > 1e6) throw new QuantumError('a range of at most a million numbers wanted');
  for (let i = start; step > 0 ? i <= stop : i >= stop; i += step) yield i;
}
