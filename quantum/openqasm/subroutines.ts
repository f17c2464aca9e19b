/** Subroutines: their definitions, and what a call does. */

import { QuantumError } from '../errors.ts';
import type { Evaluator } from './evaluate.ts';
import type { Qubits } from './qubits.ts';
import type { Scope } from './scope.ts';
import { writeAt } from './selection.ts';
import type { Expression, ParameterNode, Statement, Subroutine } from './syntax.ts';
import type { Value } from './values.ts';

/** How a list of statements ended: by itself, or by a jump. */
export type Completion = null | { readonly kind: 'break' | 'continue' } | { readonly kind: 'return'; readonly value?: Value };

type Call = Extract<Expression, { kind: 'call' }>;

const LEVELS_OF_A_CALL = 8;

export class Subroutines {
  readonly #scope: Scope;
  readonly #definitions = new Map<string, Subroutine>();

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  has(name: string): boolean {
    return this.#definitions.has(name);
  }

  define(definition: Subroutine): void {
    const names = definition.parameters.map((parameter) => parameter.name);
    if (new Set(names).size !== names.length)
      throw new QuantumError(`distinct names wanted in the subroutine '${definition.name}'`);
    this.#definitions.set(definition.name, definition);
  }

  /** Runs a call; undefined when it returns nothing. */
  call(call: Call, evaluator: Evaluator, qubits: Qubits, run: (body: readonly Statement[]) => Completion): Value | undefined {
    const { name, operands, at } = call;
    const { parameters, result, body } = this.#definitions.get(name)!;
    if (operands.length !== parameters.length) {
      throw new QuantumError(`${name}: ${parameters.length} arguments wanted, ${operands.length} found`);
    }
    this.#scope.spend(at);
    this.#scope.enter(at, LEVELS_OF_A_CALL);
    const bound = parameters.map((parameter, i) => this.#bind(parameter, operands[i]!, evaluator, qubits));
    const changed: { readonly target: Expression; readonly value: Value }[] = [];
    const completion = this.#scope.body(false, () => {
      parameters.forEach((parameter, i) => {
        this.#scope.declare(parameter.name, bound[i]!);
      });
      const ended = run(body);
      parameters.forEach((parameter, i) => {
        if (parameter.kind !== 'value' || !parameter.mutable) return;
        const entry = this.#scope.lookup(parameter.name);
        if (entry?.kind === 'value' && entry.value !== undefined) changed.push({ target: operands[i]!, value: entry.value });
      });
      return ended;
    });
    for (const { target, value } of changed) this.#writeBack(target, value, evaluator);
    this.#scope.leave(LEVELS_OF_A_CALL);
    if (completion !== null && completion.kind !== 'return') throw new QuantumError(`a loop around '${completion.kind}' wanted`);
    if (result === undefined || completion?.value === undefined) {
      if (result !== undefined) throw new QuantumError(`a value that '${name}' returns wanted, none found`);
      return completion?.value;
    }
    return evaluator.cast(evaluator.type(result), completion.value);
  }

  #bind(parameter: ParameterNode, operand: Expression, evaluator: Evaluator, qubits: Qubits) {
    const { name } = parameter;
    if (parameter.kind === 'qubits') {
      const found = qubits.argument(operand);
      const size = parameter.size === undefined ? 1 : evaluator.whole(parameter.size);
      if (found.length !== size) this.#scope.fail(operand.at, `${size} qubits for '${name}' wanted, ${found.length} found`);
      return { kind: 'qubits', qubits: found, single: parameter.size === undefined } as const;
    }
    const type = evaluator.type(parameter.type);
    const value = evaluator.value(operand);
    const cast = this.#scope.located(operand.at, () => evaluator.cast(type, value));
    return { kind: 'value', type, constant: parameter.type.kind === 'array' && !parameter.mutable, value: cast } as const;
  }

  /** A mutable array is handed back when the subroutine ends. */
  #writeBack(target: Expression, value: Value, evaluator: Evaluator): void {
    const of = target.kind === 'index' ? target.of : target;
    const entry = of.kind === 'name' ? this.#scope.lookup(of.name) : undefined;
    if (of.kind !== 'name' || entry?.kind !== 'value' || entry.constant || entry.value === undefined) {
      throw this.#scope.positioned(target.at, new QuantumError('an array that can be changed wanted'));
    }
    const path = target.kind === 'index' ? evaluator.places(target.selectors) : [];
    if ('items' in entry.value) this.#scope.spendSmall(target.at, entry.value.items.length);
    entry.value = this.#scope.located(target.at, () => writeAt(entry.value!, path, value, of.name, (element) => element));
  }
}
