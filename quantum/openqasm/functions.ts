/** The built-in constants and functions of the language. */

import { QuantumError } from '../errors.ts';
import { binaryOperation } from './operators.ts';
import type { InputLookup } from './tangents.ts';
import { applyCurve, isCurve, valueAt } from './tangents.ts';
import type { Value } from './values.ts';
import { boolOf, floatOf, intOf, nameOfValue, plainBits } from './values.ts';

export const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['true', boolOf(true)],
  ['false', boolOf(false)],
  ['pi', floatOf(Math.PI)],
  ['π', floatOf(Math.PI)],
  ['tau', floatOf(2 * Math.PI)],
  ['τ', floatOf(2 * Math.PI)],
  ['euler', floatOf(Math.E)],
  ['ℇ', floatOf(Math.E)],
]);

const TWO_OPERANDS: ReadonlyMap<string, string> = new Map([
  ['pow', '**'],
  ['mod', '%'],
]);

export function isBuiltIn(name: string): boolean {
  return isCurve(name) || TWO_OPERANDS.has(name) || ['floor', 'ceiling', 'popcount', 'sizeof'].includes(name);
}

export function callBuiltIn(name: string, operands: readonly Value[], input: InputLookup): Value {
  const [first, second, third] = operands;
  const operator = TWO_OPERANDS.get(name);
  if (operator !== undefined) {
    if (first === undefined || second === undefined || third !== undefined) throw wrongCount(name, 'two numbers', operands);
    return binaryOperation(operator, first, second, input);
  }
  if (first === undefined || (second !== undefined && name !== 'sizeof')) throw wrongCount(name, 'one operand', operands);
  if (name === 'sizeof') return sizeOf(first, second);
  if (name === 'popcount') return popcount(first);
  if (first.kind !== 'int' && first.kind !== 'float')
    throw new QuantumError(`${name}: a number wanted, ${nameOfValue(first)} found`);
  if (name === 'floor') return intOf(Math.floor(valueAt(first.value, input)));
  if (name === 'ceiling') return intOf(Math.ceil(valueAt(first.value, input)));
  return floatOf(applyCurve(name, first.value, input));
}

function wrongCount(name: string, wanted: string, operands: readonly Value[]): QuantumError {
  return new QuantumError(`${name}: ${wanted} wanted, ${operands.length} found`);
}

function sizeOf(value: Value, dimension: Value | undefined): Value {
  if (dimension !== undefined && (dimension.kind !== 'int' || dimension.value < 0)) {
    throw new QuantumError(`sizeof: a dimension from 0 on wanted, ${nameOfValue(dimension)} found`);
  }
  let inner: Value | undefined = value;
  for (let i = dimension?.value ?? 0; i > 0 && inner?.kind === 'array'; i--) inner = inner.items[0];
  if (inner?.kind !== 'array' && inner?.kind !== 'bits') {
    throw new QuantumError(`sizeof: an array of more dimensions wanted, ${nameOfValue(value)} found`);
  }
  return intOf(inner.items.length);
}

function popcount(value: Value): Value {
  if (value.kind === 'bits') return intOf(plainBits(value).filter(Boolean).length);
  if (value.kind !== 'int' || value.value < 0) {
    throw new QuantumError(`popcount: bits or a whole number from 0 on wanted, ${nameOfValue(value)} found`);
  }
  return intOf([...value.value.toString(2)].filter((digit) => digit === '1').length);
}
