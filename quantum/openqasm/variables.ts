/** Classical variables: inputs, declarations, assignments and aliases. */

import { parameter } from '../circuit/angle.ts';
import { QuantumError } from '../errors.ts';
import type { Evaluator } from './evaluate.ts';
import type { Qubits } from './qubits.ts';
import type { Entry, Scope } from './scope.ts';
import { writeAt } from './selection.ts';
import type { Operand, Statement } from './syntax.ts';
import type { ClassicalType, Value } from './values.ts';
import { bitsOf, boolOf, floatOf, initialValue, nameOfType } from './values.ts';

/** A number, a string of bits, or a list of these for an array. */
export type InputValue = number | string | readonly InputValue[];

type Of<Kind> = Extract<Statement, { kind: Kind }>;

export class Variables {
  readonly #scope: Scope;
  readonly #evaluator: Evaluator;
  readonly #qubits: Qubits;
  readonly #inputs: Readonly<Record<string, InputValue>>;
  readonly #parameters: string[] = [];
  #registers = 0;

  constructor(scope: Scope, evaluator: Evaluator, qubits: Qubits, inputs: Readonly<Record<string, InputValue>>) {
    this.#scope = scope;
    this.#evaluator = evaluator;
    this.#qubits = qubits;
    this.#inputs = inputs;
  }

  /** Inputs that stay free parameters of the circuit: real numbers. */
  get parameters(): readonly string[] {
    return this.#parameters;
  }

  /** A real number stays a parameter; every other input must have its value, since it may steer what is run. */
  input({ name, type: node }: Of<'input'>): void {
    const type = this.#evaluator.type(node);
    const given = Object.hasOwn(this.#inputs, name) ? this.#inputs[name] : undefined;
    if (type.kind === 'angle' || (type.kind === 'float' && type.width === 64)) {
      if (given !== undefined && typeof given !== 'number') throw new QuantumError(`a number for the input '${name}' wanted`);
      this.#parameters.push(name);
      this.#scope.declare(name, { kind: 'value', type, constant: true, value: floatOf(parameter(name)) });
      return;
    }
    if (given === undefined)
      throw new QuantumError(`a value for the input '${name}' of type ${nameOfType(type)} wanted, none found`);
    const value = this.#evaluator.cast(type, inputValue(given, name, type.kind === 'bit' && type.width === undefined));
    this.#scope.declare(name, { kind: 'value', type, constant: true, value });
  }

  declare(statement: Of<'variable'>): void {
    const { name, constant, value: expression } = statement;
    const type = this.#evaluator.type(statement.type);
    // The value is worked out first: it may name a variable of an outer block that the new one hides.
    const value = expression === undefined ? initialValue(type) : this.#evaluator.cast(type, this.#evaluator.value(expression));
    const register = type.kind === 'bit' ? { register: this.#registers++ } : {};
    this.#scope.declare(name, { kind: 'value', type, constant, value, ...register });
  }

  assign({ target, operator, value: expression, at }: Of<'assign'>): void {
    const entry = this.#writable(target);
    const { name, selectors } = target;
    const current = () => {
      const of = { kind: 'name', name, at: target.at } as const;
      return selectors.length === 0 ? of : ({ kind: 'index', of, selectors, at: target.at } as const);
    };
    const found = this.#evaluator.value(
      operator === '' ? expression : { kind: 'binary', operator, left: current(), right: expression, at },
    );
    if (selectors.length === 0) {
      entry.value = this.#evaluator.cast(entry.type, found);
      entry.measured = false;
      return;
    }
    const path = this.#evaluator.places(selectors);
    if (entry.value === undefined) throw new QuantumError(`an array or a bit register wanted, '${name}' found`);
    if ('items' in entry.value) this.#scope.spendSmall(at, entry.value.items.length);
    const cast = (element: Value, depth: number) => this.#evaluator.cast(elementType(entry.type, depth), element);
    entry.value = writeAt(entry.value, path, found, name, cast);
  }

  #writable({ name, at }: Operand): Extract<Entry, { kind: 'value' }> {
    const entry = this.#scope.lookup(name);
    if (entry?.kind !== 'value') return this.#scope.fail(at, `a variable wanted, '${name}' found`);
    if (entry.constant) this.#scope.fail(at, `a variable that can be changed wanted, '${name}' is constant`);
    return entry;
  }

  alias({ name, parts }: Of<'alias'>): void {
    const selections = parts.map((part) => this.#qubits.selection(part));
    const qubits = selections.flatMap((selection) => [...selection.qubits]);
    if (new Set(qubits).size !== qubits.length) throw new QuantumError(`distinct qubits in '${name}' wanted`);
    this.#scope.declare(name, { kind: 'qubits', qubits, single: selections.length === 1 && selections[0]!.single });
  }
}

/** The type of what lies `depth` dimensions below. */
function elementType(type: ClassicalType, depth: number): ClassicalType {
  let inner = type;
  for (let i = 0; i < depth; i++) inner = inner.kind === 'array' ? inner.of : { kind: 'bit' };
  return inner;
}

function inputValue(given: InputValue, name: string, bit = false): Value {
  if (typeof given === 'number') {
    if (!Number.isFinite(given)) throw new QuantumError(`a finite number for the input '${name}' wanted, ${given} found`);
    return Number.isSafeInteger(given) ? { kind: 'int', value: given } : floatOf(given);
  }
  if (typeof given !== 'string') return { kind: 'array', items: given.map((item) => inputValue(item, name)) };
  if (!/^[01]+$/.test(given)) throw new QuantumError(`a string of bits for the input '${name}' wanted`);
  return bit && given.length === 1 ? boolOf(given === '1') : bitsOf([...given].map((bit) => bit === '1'));
}
