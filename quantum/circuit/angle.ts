/**
 * Angles of a circuit: a number, or an affine expression Σ coefficient · parameter + constant in named free parameters.
 * Affine is enough for shared angles, halves and offsets, and keeps every gradient an exact chain rule.
 */

import { QuantumError } from '../errors.ts';

export interface AngleTerm {
  readonly parameter: string;
  readonly coefficient: number;
}

/** A linear expression of named parameters, in radians: constant + Σ coefficient · parameter. */
export interface AngleExpression {
  readonly constant: number;
  readonly terms: readonly AngleTerm[];
}

/** An angle in radians: a number, or an expression that a theta vector fills in. */
export type Angle = number | AngleExpression;

/** coefficient · name + constant, in radians. */
export function parameter(name: string, coefficient = 1, constant = 0): AngleExpression {
  return { constant, terms: [{ parameter: name, coefficient }] };
}

/** Sum of two angles, like terms gathered; a number when no parameter is left. */
export function addAngles(a: Angle, b: Angle, factor = 1): Angle {
  if (typeof a === 'number' && typeof b === 'number') return a + factor * b;
  const left = typeof a === 'number' ? { constant: a, terms: [] } : a;
  const right = typeof b === 'number' ? { constant: b, terms: [] } : b;
  const coefficients = new Map<string, number>();
  for (const term of left.terms) coefficients.set(term.parameter, (coefficients.get(term.parameter) ?? 0) + term.coefficient);
  for (const term of right.terms) {
    coefficients.set(term.parameter, (coefficients.get(term.parameter) ?? 0) + factor * term.coefficient);
  }
  return simplified(left.constant + factor * right.constant, coefficients);
}

/** An angle times a number. */
export function scaleAngle(a: Angle, factor: number): Angle {
  if (typeof a === 'number') return a * factor;
  return simplified(a.constant * factor, new Map(a.terms.map((term) => [term.parameter, term.coefficient * factor])));
}

function simplified(constant: number, coefficients: ReadonlyMap<string, number>): Angle {
  const terms = [...coefficients].flatMap(([name, coefficient]) => (coefficient === 0 ? [] : [{ parameter: name, coefficient }]));
  // Adding zero turns -0 into 0: one angle, one spelling.
  return terms.length === 0 ? constant + 0 : { constant: constant + 0, terms };
}

/** Value in radians; `lookup` returns undefined for a parameter that has no value. */
export function evaluateAngle(angle: Angle, lookup: (name: string) => number | undefined): number {
  if (typeof angle === 'number') return angle;
  let value = angle.constant;
  for (const term of angle.terms) {
    const bound = lookup(term.parameter);
    if (bound === undefined) throw new QuantumError(`a value for parameter '${term.parameter}' wanted, none found`);
    value += term.coefficient * bound;
  }
  return value;
}

/** Replaces the parameters that `lookup` knows, keeps the others. */
export function bindAngle(angle: Angle, lookup: (name: string) => Angle | undefined): Angle {
  if (typeof angle === 'number') return angle;
  let bound: Angle = angle.constant;
  for (const term of angle.terms) {
    bound = addAngles(bound, lookup(term.parameter) ?? parameter(term.parameter), term.coefficient);
  }
  return bound;
}
