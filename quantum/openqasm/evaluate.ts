/** From expressions to values. */

import type { Angle } from '../circuit/angle.ts';
import { addAngles } from '../circuit/angle.ts';
import { CONSTANTS, callBuiltIn, isBuiltIn } from './functions.ts';
import { binaryOperation, unaryOperation } from './operators.ts';
import type { Scope } from './scope.ts';
import type { Places } from './selection.ts';
import { placesOf, readAt } from './selection.ts';
import type { Expression, Selector, TypeNode } from './syntax.ts';
import { valueAt } from './tangents.ts';
import type { ClassicalType, Shift, Value } from './values.ts';
import { bitsOf, castTo, floatOf, intOf, nameOfValue } from './values.ts';

export const MAX_ARRAY_ELEMENTS = 65_536;
const MAX_BITS = 4096;

type Call = Extract<Expression, { kind: 'call' }>;

/** Expressions of one program. Subroutines are called back, since their bodies are statements. */
export class Evaluator {
  readonly #scope: Scope;
  readonly #subroutine: (call: Call) => Value | null | undefined;

  /** `subroutine`: null where there is none of the name, undefined where it returns nothing. */
  constructor(scope: Scope, subroutine: (call: Call) => Value | null | undefined) {
    this.#scope = scope;
    this.#subroutine = subroutine;
  }

  readonly #shift: Shift = {
    known: (angle) => valueAt(angle, this.#scope.input),
    moved: addAngles,
  };

  cast(type: ClassicalType, value: Value): Value {
    return castTo(type, value, this.#shift);
  }

  /** throws  OpenQasmError for unknown names, wrong operands and numbers that are not finite */
  value(expression: Expression): Value {
    const { at } = expression;
    this.#scope.spendSmall(at);
    // Few frames of the stack per level, because expressions may lie a thousand deep.
    this.#scope.enter(at, 1);
    let value: Value;
    try {
      value = this.#evaluate(expression);
    } catch (error) {
      throw this.#scope.positioned(at, error);
    }
    this.#scope.leave(1);
    if (value.kind === 'float') {
      const number = typeof value.value === 'number' ? value.value : value.value.constant;
      if (!Number.isFinite(number)) this.#scope.fail(at, `a finite number wanted, ${number} found`);
    }
    return value;
  }

  /** Value of an angle or of another real number. */
  angle(expression: Expression): Angle {
    const value = this.value(expression);
    if (value.kind === 'int' || value.kind === 'float') return value.value;
    if (value.kind === 'bool') return Number(value.value);
    return this.#scope.fail(expression.at, `a number wanted, ${nameOfValue(value)} found`);
  }

  /** Value of an expression that must be a whole number. */
  whole(expression: Expression): number {
    const value = this.value(expression);
    if (value.kind === 'int') return value.value;
    if (value.kind === 'float' && typeof value.value === 'number' && Number.isSafeInteger(value.value)) return value.value;
    const found = value.kind === 'float' && typeof value.value === 'number' ? value.value : nameOfValue(value);
    return this.#scope.fail(expression.at, `a whole number wanted, ${found} found`);
  }

  condition(expression: Expression): boolean {
    const value = this.#scope.located(expression.at, () => this.cast({ kind: 'bool' }, this.value(expression)));
    return value.kind === 'bool' && value.value;
  }

  places(selectors: readonly Selector[]): Places[] {
    return selectors.map((selector) => placesOf(selector, (index) => this.whole(index)));
  }

  /** A type with its sizes worked out. */
  type(node: TypeNode): ClassicalType {
    if (node.kind !== 'array') return this.#scalarType(node);
    const base = this.type(node.base);
    if (node.sizes === null) return { kind: 'array', of: base };
    const sizes = node.sizes.map((size) => this.#size(size, MAX_ARRAY_ELEMENTS));
    const elements = sizes.reduce((product, size) => product * size, base.kind === 'bit' ? (base.width ?? 1) : 1);
    if (elements > MAX_ARRAY_ELEMENTS) {
      this.#scope.fail(node.at, `at most ${MAX_ARRAY_ELEMENTS} elements in an array wanted, ${elements} found`);
    }
    this.#scope.spendSmall(node.at, elements);
    return sizes.reduceRight<ClassicalType>((of, size) => ({ kind: 'array', of, size }), base);
  }

  #scalarType(node: Exclude<TypeNode, { kind: 'array' }>): ClassicalType {
    const { kind, width } = node;
    switch (kind) {
      case 'angle':
      case 'bool':
        return { kind };
      case 'float': {
        const bits = width === undefined ? 64 : this.whole(width);
        if (bits !== 16 && bits !== 32 && bits !== 64) this.#scope.fail(node.at, `float[16], [32] or [64] wanted, ${bits} found`);
        return { kind, width: bits };
      }
      case 'bit':
        return width === undefined ? { kind } : { kind, width: this.#size(width, MAX_BITS) };
      default:
        return width === undefined ? { kind } : { kind, width: this.#size(width, 64) };
    }
  }

  #size(expression: Expression, most: number): number {
    const size = this.whole(expression);
    if (size < 1 || size > most) this.#scope.fail(expression.at, `a size of 1 to ${most} wanted, ${size} found`);
    return size;
  }

  #evaluate(expression: Expression): Value {
    switch (expression.kind) {
      case 'number':
        return expression.at.kind === 'integer' && Number.isSafeInteger(expression.value)
          ? intOf(expression.value)
          : floatOf(expression.value);
      case 'bits':
        return bitsOf(expression.bits);
      case 'name':
        return this.#named(expression, true);
      case 'array':
        return { kind: 'array', items: expression.items.map((item) => this.value(item)) };
      case 'index':
        return this.#indexed(expression);
      case 'cast':
        return this.cast(this.type(expression.type), this.value(expression.operand));
      case 'unary':
        return unaryOperation(expression.operator, this.value(expression.operand));
      case 'binary':
        return this.#binary(expression);
      case 'call':
        return this.#call(expression);
    }
  }

  /** Both sides are always worked out, as in Braket's simulator. */
  #binary({ operator, left, right, at }: Extract<Expression, { kind: 'binary' }>): Value {
    const [a, b] = [this.value(left), this.value(right)];
    if (a.kind === 'bits') this.#scope.spendSmall(at, a.items.length);
    return binaryOperation(operator, a, b, this.#scope.input);
  }

  #named({ name, at }: Extract<Expression, { kind: 'name' }>, whole: boolean): Value {
    const entry = this.#scope.lookup(name);
    if (entry === undefined) {
      return CONSTANTS.get(name) ?? this.#scope.fail(at, `a known name wanted, '${name}' found`);
    }
    if (entry.kind === 'qubits') return this.#scope.fail(at, `a classical value wanted, the qubits '${name}' found`);
    if (entry.measured) {
      return this.#scope.fail(
        at,
        `a bit that is not measured wanted, '${name}' found (mid-circuit measurement is not supported)`,
      );
    }
    const { value } = entry;
    if (value === undefined) return this.#scope.fail(at, `a variable with a value wanted, '${name}' found`);
    if (whole && 'items' in value) this.#scope.spendSmall(at, value.items.length);
    return value;
  }

  #indexed(expression: Extract<Expression, { kind: 'index' }>): Value {
    const { of, selectors, at } = expression;
    const name = of.kind === 'name' ? of.name : 'the value';
    const plain = of.kind === 'name' ? this.#named(of, false) : this.value(of);
    const value = plain.kind === 'int' && of.kind === 'name' ? this.#bitsOf(plain.value, of.name) : plain;
    const found = readAt(value, this.places(selectors), name);
    if (found === undefined) return this.#scope.fail(at, `an element with a value wanted, one of '${name}' has none`);
    if ('items' in found) this.#scope.spendSmall(at, found.items.length);
    return found;
  }

  /** The bits of a whole number of known width, the most significant first; negative ones in two's complement. */
  #bitsOf(value: number, name: string): Value {
    const entry = this.#scope.lookup(name);
    const type = entry?.kind === 'value' ? entry.type : undefined;
    const width = type?.kind === 'int' || type?.kind === 'uint' ? type.width : undefined;
    if (width === undefined) return intOf(value);
    return bitsOf(Array.from({ length: width }, (_, i) => Math.floor(value / 2 ** (width - 1 - i)) % 2 !== 0));
  }

  #call(call: Call): Value {
    const { name, operands, at } = call;
    const returned = this.#subroutine(call);
    if (returned === undefined) return this.#scope.fail(at, `a subroutine that returns a value wanted, '${name}' found`);
    if (returned !== null) return returned;
    if (!isBuiltIn(name)) return this.#scope.fail(at, `a known function or subroutine wanted, '${name}' found`);
    return callBuiltIn(
      name,
      operands.map((operand) => this.value(operand)),
      this.#scope.input,
    );
  }
}
