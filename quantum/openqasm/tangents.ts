/**
 * Arithmetic of affine forms in the inputs. Where a result is not affine and the inputs have values, it is replaced by its tangent
 * there: same value, same first derivatives, which is all that a simulator or an adjoint gradient at these inputs asks.
 */

import type { Angle } from '../circuit/angle.ts';
import { addAngles, evaluateAngle, scaleAngle } from '../circuit/angle.ts';
import { QuantumError } from '../errors.ts';

/** Value of an input, if it was given. */
export type InputLookup = (name: string) => number | undefined;

interface Curve {
  readonly value: (x: number) => number;
  readonly slope: (x: number) => number;
}

const CURVES: ReadonlyMap<string, Curve> = new Map(
  Object.entries({
    sin: { value: Math.sin, slope: Math.cos },
    cos: { value: Math.cos, slope: (x: number) => -Math.sin(x) },
    tan: { value: Math.tan, slope: (x: number) => 1 / Math.cos(x) ** 2 },
    arcsin: { value: Math.asin, slope: (x: number) => 1 / Math.sqrt(1 - x * x) },
    arccos: { value: Math.acos, slope: (x: number) => -1 / Math.sqrt(1 - x * x) },
    arctan: { value: Math.atan, slope: (x: number) => 1 / (1 + x * x) },
    exp: { value: Math.exp, slope: Math.exp },
    log: { value: Math.log, slope: (x: number) => 1 / x },
    ln: { value: Math.log, slope: (x: number) => 1 / x },
    sqrt: { value: Math.sqrt, slope: (x: number) => 0.5 / Math.sqrt(x) },
  }),
);

/** Value of a form at the inputs; throws where one has no value. */
export function valueAt(angle: Angle, input: InputLookup): number {
  if (typeof angle === 'number') return angle;
  for (const { parameter } of angle.terms) {
    if (input(parameter) === undefined) {
      throw new QuantumError(`a sum of multiples of inputs wanted where '${parameter}' has no value`);
    }
  }
  return evaluateAngle(angle, input);
}

export function isCurve(name: string): boolean {
  return CURVES.has(name);
}

export function applyCurve(name: string, x: Angle, input: InputLookup): Angle {
  const curve = CURVES.get(name)!;
  if (typeof x === 'number') return curve.value(x);
  const x0 = valueAt(x, input);
  return tangent(curve.value(x0), [[curve.slope(x0), x, x0]]);
}

/** value + Σ slope (x - x0): the tangent of an expression. */
function tangent(value: number, slopes: readonly (readonly [number, Angle, number])[]): Angle {
  return slopes.reduce<Angle>((sum, [slope, x, x0]) => addAngles(addAngles(sum, x, slope), slope * x0, -1), value);
}

/** a + b, a - b, a * b, a / b, a % b or a ** b of floats. */
export function arithmetic(operator: string, a: Angle, b: Angle, input: InputLookup): Angle {
  switch (operator) {
    case '+':
      return addAngles(a, b);
    case '-':
      return addAngles(a, b, -1);
    case '*':
      if (typeof b === 'number') return scaleAngle(a, b);
      if (typeof a === 'number') return scaleAngle(b, a);
      return product(a, b, valueAt(a, input), valueAt(b, input));
    case '/':
      if (typeof b !== 'number') return quotient(a, b, valueAt(a, input), valueAt(b, input));
      if (b === 0) throw new QuantumError('a divisor other than 0 wanted');
      return typeof a === 'number' ? a / b : scaleAngle(a, 1 / b);
    case '%': {
      if (b === 0) throw new QuantumError('a divisor other than 0 wanted');
      const turns = Math.floor(valueAt(a, input) / valueAt(b, input));
      return addAngles(a, b, -turns);
    }
    default:
      return typeof a === 'number' && typeof b === 'number' ? a ** b : power(a, b, valueAt(a, input), valueAt(b, input));
  }
}

function product(a: Angle, b: Angle, a0: number, b0: number): Angle {
  return tangent(a0 * b0, [
    [b0, a, a0],
    [a0, b, b0],
  ]);
}

function quotient(a: Angle, b: Angle, a0: number, b0: number): Angle {
  return tangent(a0 / b0, [
    [1 / b0, a, a0],
    [-a0 / b0 ** 2, b, b0],
  ]);
}

function power(a: Angle, b: Angle, a0: number, b0: number): Angle {
  const value = a0 ** b0;
  const slopes: [number, Angle, number][] = [];
  if (typeof a !== 'number') slopes.push([b0 * a0 ** (b0 - 1), a, a0]);
  if (typeof b !== 'number') slopes.push([value * Math.log(a0), b, b0]);
  return tangent(value, slopes);
}
