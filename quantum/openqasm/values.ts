/** Classical values and their types, and the conversion of one into another. */

import type { Angle } from '../circuit/angle.ts';
import { QuantumError } from '../errors.ts';

/** A float may be an affine form in the inputs of the program; everything else is known. Elements never written are undefined. */
export type Value =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: Angle }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'bits'; readonly items: readonly (Value | undefined)[] }
  | { readonly kind: 'array'; readonly items: readonly (Value | undefined)[] };

export type ClassicalType =
  | { readonly kind: 'int' | 'uint'; readonly width?: number }
  | { readonly kind: 'float'; readonly width: 16 | 32 | 64 }
  | { readonly kind: 'angle' | 'bool' }
  /** Without a width a single bit, which is a bool. */
  | { readonly kind: 'bit'; readonly width?: number }
  /** The size of an array that a subroutine takes may be open. */
  | { readonly kind: 'array'; readonly of: ClassicalType; readonly size?: number };

/** Turns an affine form into its value at the inputs and back; throws where an input has no value. */
export interface Shift {
  readonly known: (angle: Angle) => number;
  /** The form with another value and the same slopes. */
  readonly moved: (angle: Angle, by: number) => Angle;
}

export const intOf = (value: number): Value => ({ kind: 'int', value: wholeNumber(value) });
export const floatOf = (value: Angle): Value => ({ kind: 'float', value });
export const boolOf = (value: boolean): Value => ({ kind: 'bool', value });
export const bitsOf = (bits: readonly boolean[]): Value => ({ kind: 'bits', items: bits.map(boolOf) });

function wholeNumber(value: number): number {
  if (Number.isSafeInteger(value)) return value + 0;
  throw new QuantumError(`a whole number within ±2^53 wanted, ${value} found`);
}

export function nameOfType(type: ClassicalType): string {
  if (type.kind === 'array') return `array[${nameOfType(type.of)}, ${type.size ?? '#dim'}]`;
  return 'width' in type && type.width !== undefined ? `${type.kind}[${type.width}]` : type.kind;
}

/** What a value is called in an error. */
export function nameOfValue(value: Value): string {
  if (value.kind === 'bits') return `bit[${value.items.length}]`;
  if (value.kind === 'array') return `an array of ${value.items.length}`;
  if (value.kind === 'float' && typeof value.value !== 'number') return 'an input';
  return `${value.kind} ${value.value}`;
}

/** The bits of a register; throws where one was never written. */
export function plainBits(value: Extract<Value, { kind: 'bits' }>): boolean[] {
  return value.items.map((item, i) => {
    if (item?.kind === 'bool') return item.value;
    throw new QuantumError(`bits with values wanted, bit ${i} has none`);
  });
}

/** 0 or false for numbers and bools; bits and arrays begin without values, as in Braket's simulator. */
export function initialValue(type: ClassicalType): Value | undefined {
  switch (type.kind) {
    case 'int':
    case 'uint':
      return intOf(0);
    case 'float':
      return floatOf(0);
    case 'bool':
      return boolOf(false);
    case 'bit':
      return type.width === undefined ? undefined : { kind: 'bits', items: new Array<undefined>(type.width).fill(undefined) };
    case 'array': {
      // One inner array serves for all places: values never change, they are replaced.
      const inner = type.of.kind === 'array' ? initialValue(type.of) : undefined;
      return { kind: 'array', items: new Array<Value | undefined>(type.size ?? 0).fill(inner) };
    }
    default:
      return undefined;
  }
}

/** A value as a type holds it: whole numbers wrap at their width, floats are rounded to it. */
export function castTo(type: ClassicalType, value: Value, shift: Shift): Value {
  switch (type.kind) {
    case 'int':
    case 'uint':
      return intOf(castWhole(type, value, shift));
    case 'float':
      return floatOf(castFloat(type.width, value, shift));
    case 'angle': {
      const angle = numeric(value, type);
      return floatOf(
        typeof angle === 'number' ? turned(angle) : shift.moved(angle, turned(shift.known(angle)) - shift.known(angle)),
      );
    }
    case 'bool':
      return boolOf(truth(value, shift));
    case 'bit':
      return type.width === undefined ? boolOf(truth(value, shift)) : castBits(type.width, value);
    case 'array': {
      if (value.kind !== 'array' || (type.size !== undefined && value.items.length !== type.size)) {
        throw new QuantumError(`${nameOfType(type)} wanted, ${nameOfValue(value)} found`);
      }
      return { kind: 'array', items: value.items.map((item) => item && castTo(type.of, item, shift)) };
    }
  }
}

function numeric(value: Value, type: ClassicalType): Angle {
  if (value.kind === 'bits' || value.kind === 'array') {
    throw new QuantumError(`a value that ${nameOfType(type)} can hold wanted, ${nameOfValue(value)} found`);
  }
  return value.kind === 'bool' ? Number(value.value) : value.value;
}

function castWhole(type: { readonly kind: 'int' | 'uint'; readonly width?: number }, value: Value, shift: Shift): number {
  if (value.kind === 'bits') {
    const bits = plainBits(value);
    const whole = bits.reduce((sum, bit) => 2 * sum + Number(bit), 0);
    return type.kind === 'int' && bits[0] ? whole - 2 ** bits.length : whole;
  }
  const whole = Math.trunc(shift.known(numeric(value, type)));
  if (type.width === undefined) return whole;
  const limit = 2 ** type.width;
  const [least, most] = type.kind === 'int' ? [-limit / 2, limit / 2] : [0, limit];
  if (whole >= least && whole < most) return whole;
  const wrapped = whole - limit * Math.floor(whole / limit);
  return type.kind === 'int' && wrapped >= limit / 2 ? wrapped - limit : wrapped;
}

function castFloat(width: 16 | 32 | 64, value: Value, shift: Shift): Angle {
  const angle = numeric(value, { kind: 'float', width });
  if (width === 64) return angle;
  const known = shift.known(angle);
  const rounded = width === 32 ? Math.fround(known) : half(known);
  return typeof angle === 'number' ? rounded : shift.moved(angle, rounded - known);
}

/** Nearest number of half precision, ties to even. */
function half(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const quantum = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(value)))) - 10);
  const steps = Math.abs(value) / quantum;
  const below = Math.floor(steps);
  const rest = steps - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? 1 : 0;
  const size = (below + up) * quantum;
  return Math.sign(value) * (size > 65504 ? Number.POSITIVE_INFINITY : size);
}

/** An angle in [0, 2π). */
function turned(angle: number): number {
  return angle - 2 * Math.PI * Math.floor(angle / (2 * Math.PI));
}

function truth(value: Value, shift: Shift): boolean {
  return shift.known(numeric(value, { kind: 'bool' })) !== 0;
}

function castBits(width: number, value: Value): Value {
  if (value.kind === 'bits' && value.items.length === width) return value;
  if (value.kind === 'array' && value.items.length === width && value.items.every((item) => item?.kind === 'bool')) {
    return { kind: 'bits', items: value.items };
  }
  throw new QuantumError(`bit[${width}] wanted, ${nameOfValue(value)} found`);
}
