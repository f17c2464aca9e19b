/** What the operators of the language make of two values: bool < int < float, and bits among themselves. */

import { addAngles, scaleAngle } from '../circuit/angle.ts';
import { QuantumError } from '../errors.ts';
import type { InputLookup } from './tangents.ts';
import { arithmetic, valueAt } from './tangents.ts';
import type { Value } from './values.ts';
import { bitsOf, boolOf, floatOf, intOf, nameOfValue, plainBits } from './values.ts';

type Scalar = Exclude<Value, { kind: 'bits' | 'array' }>;

const COMPARISONS: ReadonlyMap<string, (a: number | string, b: number | string) => boolean> = new Map([
  ['==', (a, b) => a === b],
  ['!=', (a, b) => a !== b],
  ['<', (a, b) => a < b],
  ['<=', (a, b) => a <= b],
  ['>', (a, b) => a > b],
  ['>=', (a, b) => a >= b],
]);

const LOGIC: ReadonlyMap<string, (a: boolean, b: boolean) => boolean> = new Map([
  ['&', (a, b) => a && b],
  ['|', (a, b) => a || b],
  ['^', (a, b) => a !== b],
  ['&&', (a, b) => a && b],
  ['||', (a, b) => a || b],
]);

const ARITHMETIC = new Set(['+', '-', '*', '/', '%', '**']);

export function binaryOperation(operator: string, a: Value, b: Value, input: InputLookup): Value {
  if (a.kind === 'bits') return bitsOperation(operator, a, b);
  if (a.kind !== 'array' && b.kind !== 'bits' && b.kind !== 'array') return scalarOperation(operator, a, b, input);
  return refuse(operator, a, b);
}

function refuse(operator: string, a: Value, b: Value): never {
  throw new QuantumError(`operands that '${operator}' takes wanted, ${nameOfValue(a)} and ${nameOfValue(b)} found`);
}

function bitsOperation(operator: string, a: Extract<Value, { kind: 'bits' }>, b: Value): Value {
  const left = plainBits(a);
  if (operator === '<<' || operator === '>>') {
    if (b.kind !== 'int' || b.value < 0) return refuse(operator, a, b);
    const gone = Math.min(b.value, left.length);
    const zeros = new Array<boolean>(gone).fill(false);
    return bitsOf(operator === '<<' ? [...left.slice(gone), ...zeros] : [...zeros, ...left.slice(0, left.length - gone)]);
  }
  if (b.kind !== 'bits' || b.items.length !== left.length) return refuse(operator, a, b);
  const right = plainBits(b);
  const logic = operator.length === 1 ? LOGIC.get(operator) : undefined;
  if (logic !== undefined) return bitsOf(left.map((bit, i) => logic(bit, right[i]!)));
  const compare = COMPARISONS.get(operator);
  if (compare === undefined) return refuse(operator, a, b);
  const text = (bits: readonly boolean[]) => bits.map(Number).join('');
  return boolOf(compare(text(left), text(right)));
}

function scalarOperation(operator: string, a: Scalar, b: Scalar, input: InputLookup): Value {
  const compare = COMPARISONS.get(operator);
  if (compare !== undefined) return boolOf(compare(valueAt(asAngle(a), input), valueAt(asAngle(b), input)));
  if (a.kind === 'bool' && b.kind === 'bool') {
    const logic = LOGIC.get(operator);
    return logic === undefined ? refuse(operator, a, b) : boolOf(logic(a.value, b.value));
  }
  if (!ARITHMETIC.has(operator)) return refuse(operator, a, b);
  if (a.kind === 'float' || b.kind === 'float') return floatOf(arithmetic(operator, asAngle(a), asAngle(b), input));
  return wholeArithmetic(operator, Number(a.value), Number(b.value));
}

function asAngle(value: Scalar) {
  return value.kind === 'bool' ? Number(value.value) : value.value;
}

/** Quotients and remainders are rounded towards minus infinity, in Braket's simulator; a negative power is a float. */
function wholeArithmetic(operator: string, a: number, b: number): Value {
  if ((operator === '/' || operator === '%') && b === 0) throw new QuantumError('a divisor other than 0 wanted');
  switch (operator) {
    case '+':
      return intOf(a + b);
    case '-':
      return intOf(a - b);
    case '*':
      return intOf(a * b);
    case '/':
      return intOf(Math.floor(a / b));
    case '%':
      return intOf(a - b * Math.floor(a / b));
    default:
      return b < 0 ? floatOf(a ** b) : intOf(a ** b);
  }
}

export function unaryOperation(operator: string, value: Value): Value {
  if (operator === '-' || operator === '+') {
    const sign = operator === '-' ? -1 : 1;
    if (value.kind === 'int') return intOf(sign * value.value);
    if (value.kind === 'float') return floatOf(sign < 0 ? scaleAngle(value.value, -1) : addAngles(value.value, 0));
  } else if (operator === '~' && value.kind === 'bits') return bitsOf(plainBits(value).map((bit) => !bit));
  else if (operator === '!' && value.kind === 'bool') return boolOf(!value.value);
  else if (operator === '!' && value.kind === 'bits') return boolOf(!plainBits(value).some(Boolean));
  throw new QuantumError(`an operand that '${operator}' takes wanted, ${nameOfValue(value)} found`);
}
