/** Indices, ranges and sets between brackets: which places of a register or array they name, and what stands there. */

import { QuantumError } from '../errors.ts';
import type { Selector } from './syntax.ts';
import type { Value } from './values.ts';
import { nameOfValue } from './values.ts';

/** A selector with its numbers. */
export type Places =
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'set'; readonly items: readonly number[] }
  | { readonly kind: 'range'; readonly start?: number; readonly step?: number; readonly stop?: number };

const MAX_RANGE = 1e6;

/** start, start + step … up to and including stop, as OpenQASM counts; at most a million numbers. */
export function* countRange(start: number, step: number, stop: number): Generator<number> {
  if (step === 0) throw new QuantumError('a step other than 0 wanted');
  if ((stop - start) / step > MAX_RANGE) throw new QuantumError('a range of at most a million numbers wanted');
  for (let i = start; step > 0 ? i <= stop : i >= stop; i += step) yield i;
}

export function placesOf(
  selector: Selector,
  number: (expression: Extract<Selector, { kind: 'index' }>['index']) => number,
): Places {
  if (selector.kind === 'index') return { kind: 'index', index: number(selector.index) };
  if (selector.kind === 'set') return { kind: 'set', items: selector.items.map(number) };
  return {
    kind: 'range',
    ...(selector.start === undefined ? {} : { start: number(selector.start) }),
    ...(selector.step === undefined ? {} : { step: number(selector.step) }),
    ...(selector.stop === undefined ? {} : { stop: number(selector.stop) }),
  };
}

/** Positions among `size` places, counted from the end where negative; `name` is for the error. */
export function positions(places: Places, size: number, name: string): number[] {
  const inside = (index: number) => {
    const found = index < 0 ? index + size : index;
    if (found < 0 || found >= size) {
      throw new QuantumError(`an index of '${name}' in ${-size}..${size - 1} wanted, ${index} found`);
    }
    return found;
  };
  if (places.kind === 'index') return [inside(places.index)];
  if (places.kind === 'set') return places.items.map(inside);
  const { step = 1 } = places;
  const wrap = (index: number) => (index < 0 ? index + size : index);
  const start = wrap(places.start ?? (step > 0 ? 0 : size - 1));
  const stop = wrap(places.stop ?? (step > 0 ? size - 1 : 0));
  const found: number[] = [];
  for (const index of countRange(start, step, stop)) {
    if (index < 0) throw new QuantumError(`an index of '${name}' in 0..${size - 1} wanted, ${index} found`);
    found.push(inside(index));
  }
  return found;
}

/** What stands at the places; further selectors go one dimension deeper, through every element that a range names. */
export function readAt(value: Value, path: readonly Places[], name: string): Value | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  const items = itemsOf(value, name);
  const inner = positions(first, items.length, name).map((place) => {
    const item = items[place];
    return rest.length === 0 || item === undefined ? item : readAt(item, rest, name);
  });
  return first.kind === 'index' ? inner[0] : { kind: value.kind === 'bits' ? 'bits' : 'array', items: inner };
}

/** The value with other elements at the places; `cast` makes each new element fit, one call per place of the last dimension. */
export function writeAt(value: Value, path: readonly Places[], written: Value, name: string, cast: Cast): Value {
  const [first, ...rest] = path;
  if (first === undefined) return cast(written, 0);
  const items = [...itemsOf(value, name)];
  const places = positions(first, items.length, name);
  const parts = first.kind === 'index' ? [written] : itemsOf(written, name);
  if (parts.length !== places.length) {
    throw new QuantumError(`${places.length} elements for '${name}' wanted, ${parts.length} found`);
  }
  places.forEach((place, i) => {
    const part = parts[i];
    if (part === undefined) throw new QuantumError(`elements with values for '${name}' wanted, element ${i} has none`);
    const deeper: Cast = (one, depth) => cast(one, depth + 1);
    const old = items[place];
    if (rest.length > 0 && old === undefined) throw new QuantumError(`an array of more dimensions wanted, '${name}' found`);
    items[place] = rest.length === 0 ? deeper(part, 0) : writeAt(old!, rest, part, name, deeper);
  });
  return { kind: value.kind === 'bits' ? 'bits' : 'array', items };
}

/** `depth`: how many dimensions below the variable the element lies. */
type Cast = (element: Value, depth: number) => Value;

function itemsOf(value: Value, name: string): readonly (Value | undefined)[] {
  if (value.kind === 'bits' || value.kind === 'array') return value.items;
  throw new QuantumError(`an array or a bit register wanted where '${name}' is indexed, ${nameOfValue(value)} found`);
}
