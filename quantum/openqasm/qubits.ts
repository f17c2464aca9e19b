/** The qubits of a program: declared registers, their aliases, and physical qubits. */

import { QuantumError } from '../errors.ts';
import type { Evaluator } from './evaluate.ts';
import type { Scope } from './scope.ts';
import { positions } from './selection.ts';
import type { Expression, Operand } from './syntax.ts';

/** More qubits than any simulator holds may be declared, but not without bound. */
const MAX_DECLARED = 4096;

/** Qubits that an operand names, and whether it names a single one (over registers gates broadcast). */
export interface Selection {
  readonly qubits: readonly number[];
  readonly single: boolean;
}

export class Qubits {
  readonly #scope: Scope;
  readonly #evaluator: Evaluator;
  readonly #physical = new Set<number>();
  #total = 0;

  constructor(scope: Scope, evaluator: Evaluator) {
    this.#scope = scope;
    this.#evaluator = evaluator;
  }

  get total(): number {
    return this.#total;
  }

  get physical(): boolean {
    return this.#physical.size > 0;
  }

  declare(name: string, size: Expression | undefined): void {
    if (this.physical) throw new QuantumError('either qubit registers or physical qubits wanted, not both');
    const count = size === undefined ? 1 : this.#evaluator.whole(size);
    if (count < 1 || this.#total + count > MAX_DECLARED) {
      throw new QuantumError(`1 to ${MAX_DECLARED} qubits in all wanted, ${this.#total + count} found`);
    }
    const qubits = Array.from({ length: count }, (_, i) => this.#total + i);
    this.#scope.declare(name, { kind: 'qubits', qubits, single: false });
    this.#total += count;
  }

  select(operand: Operand): readonly number[] {
    return this.selection(operand).qubits;
  }

  selection(operand: Operand): Selection {
    return this.#scope.located(operand.at, () =>
      operand.name.startsWith('$') ? this.#physicalQubit(operand) : this.#declared(operand),
    );
  }

  #physicalQubit({ name }: Operand): Selection {
    if (this.#total > 0) throw new QuantumError('either qubit registers or physical qubits wanted, not both');
    const index = Number(name.slice(1));
    if (index >= MAX_DECLARED) throw new QuantumError(`a physical qubit below ${MAX_DECLARED} wanted, ${name} found`);
    this.#physical.add(index);
    return { qubits: [index], single: true };
  }

  #declared({ name, selectors, at }: Operand): Selection {
    const entry = this.#scope.lookup(name);
    if (entry?.kind !== 'qubits') throw new QuantumError(`a qubit register wanted, '${name}' found`);
    let { qubits, single } = entry;
    this.#scope.spendSmall(at, qubits.length);
    for (const places of this.#evaluator.places(selectors)) {
      const from = qubits;
      qubits = positions(places, from.length, name).map((place) => from[place]!);
      single = places.kind === 'index';
    }
    return { qubits, single };
  }

  /** Qubits of an expression, as a subroutine is handed them. */
  argument(expression: Expression): readonly number[] {
    const { at } = expression;
    if (expression.kind === 'name') return this.select({ name: expression.name, selectors: [], at });
    if (expression.kind === 'index' && expression.of.kind === 'name') {
      return this.select({ name: expression.of.name, selectors: expression.selectors, at });
    }
    return this.#scope.fail(at, 'qubits wanted, a value found');
  }
}
