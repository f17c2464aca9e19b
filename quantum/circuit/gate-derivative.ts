/** Exact derivatives of gates in their angles, from the frequencies that the catalogue states. */

import type { GateSpec } from './gates.ts';
import type { ComplexMatrix } from './matrix.ts';
import { dagger, multiply } from './matrix.ts';

/**
 * Derivative of a gate's matrix with respect to one parameter, exact: entries have frequencies 0 and ±w, so
 * U'(t) = (w / 2) (U(t + π/2w) - U(t - π/2w)).
 */
export function gateDerivative(spec: GateSpec, angles: readonly number[], index: number): ComplexMatrix {
  const rule = spec.parameters[index]!;
  const shift = Math.PI / (2 * rule.entry);
  const at = (sign: number) => spec.matrix(angles.map((angle, i) => (i === index ? angle + sign * shift : angle)));
  const plus = at(1);
  const minus = at(-1);
  return plus.map((value, i) => (rule.entry / 2) * (value - minus[i]!));
}

/** The Hermitian generator G = i U' U† of one parameter at the given angles: moving it by dt multiplies U by exp(-i G dt). */
export function gateGenerator(spec: GateSpec, angles: readonly number[], index: number): ComplexMatrix {
  const product = multiply(gateDerivative(spec, angles, index), dagger(spec.matrix(angles)));
  const out = new Float64Array(product.length);
  for (let i = 0; i < out.length; i += 2) {
    out[i] = -product[i + 1]!;
    out[i + 1] = product[i]!;
  }
  return out;
}
