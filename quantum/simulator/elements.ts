/**
 * What the fast kernels know: every step of a circuit taken apart into rotations about Y, phases on one and two bits, flips, swaps and
 * whatever is left as a dense matrix. A unitary on one bit is phase · rotation · phase, and all phases commute, so they are gathered.
 */

import type { ComplexMatrix } from '../circuit/matrix.ts';
import { dimensionOf, isUnitary } from '../circuit/matrix.ts';
import type { Step } from './steps.ts';

/** An angle: a constant, or a multiple of one angle of a parametric step (its number among all of them; -1: a constant). */
export interface LinearAngle {
  readonly constant: number;
  readonly at: number;
  readonly coefficient: number;
}

/** exp(i angle) where all bits are set (no bits: everywhere). */
export interface PhaseTerm {
  readonly bits: readonly number[];
  readonly angle: LinearAngle;
}

/** A derivative as a sum over signed overlaps: coefficient · Σ_x (-1)^{bits of x under the mask} Im(conj(λ_x) φ_x). */
export interface PhaseDerivative {
  readonly slot: number;
  readonly bits: readonly number[];
  readonly coefficient: number;
}

export interface Control {
  readonly bit: number;
  readonly value: number;
}

export type Element =
  | { readonly kind: 'rotation'; readonly bit: number; readonly angle: LinearAngle; readonly slot: number }
  | { readonly kind: 'phases'; readonly terms: readonly PhaseTerm[]; readonly derivatives: readonly PhaseDerivative[] }
  | { readonly kind: 'flip'; readonly bit: number; readonly controls: readonly Control[] }
  | { readonly kind: 'swap'; readonly bits: readonly [number, number] }
  | {
      readonly kind: 'dense';
      readonly bits: readonly number[];
      readonly controls: readonly Control[];
      readonly step: Step;
      /** Number of its first angle among those of all parametric steps, or -1. */
      readonly firstAngle: number;
      /** First of its derivatives, or -1. */
      readonly slot: number;
    };

export const constantAngle = (constant: number): LinearAngle => ({ constant, at: -1, coefficient: 0 });

const TINY = 1e-150;

function entry(matrix: ComplexMatrix, row: number, column: number): readonly [number, number] {
  const at = 2 * (row * dimensionOf(matrix) + column);
  return [matrix[at]!, matrix[at + 1]!];
}

const argument = ([re, im]: readonly [number, number]): number => Math.atan2(im, re);
const isZero = ([re, im]: readonly [number, number]): boolean => re === 0 && im === 0;

function controlsOf(step: Step): Control[] {
  const controls: Control[] = [];
  for (let bit = 0, rest = step.mask; rest >= 1; bit++, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) controls.push({ bit, value: Math.floor(step.value / 2 ** bit) % 2 });
  }
  return controls;
}

/** Angles of a diagonal as a polynomial in the bits (first one most significant): constant, then one for each subset. */
function termsOf(bits: readonly number[], angles: readonly number[]): { bits: number[]; angle: number }[] {
  const k = bits.length;
  const coefficients = [...angles];
  // Moebius transform: from values to the coefficients of products of bits.
  for (let j = 0; j < k; j++) {
    for (let p = 0; p < 2 ** k; p++) {
      if ((p >>> j) & 1) coefficients[p] = coefficients[p]! - coefficients[p ^ (1 << j)]!;
    }
  }
  return coefficients.map((angle, p) => ({ bits: bits.filter((_, i) => (p >>> (k - 1 - i)) & 1), angle }));
}

/** The phases of a diagonal under controls, spelt out on all bits; null for more than two bits. */
function onAllBits(bits: readonly number[], controls: readonly Control[], inner: readonly number[]) {
  const all = [...controls.map((control) => control.bit), ...bits];
  if (all.length > 2) return null;
  const wanted = controls.reduce((pattern, control) => 2 * pattern + control.value, 0);
  const values = Array.from({ length: 2 ** all.length }, (_, p) => (p >>> bits.length === wanted ? inner[p % inner.length]! : 0));
  return { all, values };
}

/** Diagonal entries of a matrix as angles, or null where it is not a unitary diagonal. */
function diagonalAngles(matrix: ComplexMatrix): number[] | null {
  const d = dimensionOf(matrix);
  const angles: number[] = [];
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) if (r !== c && !isZero(entry(matrix, r, c))) return null;
    const value = entry(matrix, r, r);
    if (Math.abs(Math.hypot(...value) - 1) > 1e-14) return null;
    angles.push(argument(value));
  }
  return angles;
}

/** Angle of a matrix that is itself a rotation about Y, else null. */
function rotationAngle(matrix: ComplexMatrix): number | null {
  const [a, b, c, d] = [matrix[0]!, matrix[2]!, matrix[4]!, matrix[6]!];
  const real = matrix[1] === 0 && matrix[3] === 0 && matrix[5] === 0 && matrix[7] === 0;
  return real && a === d && b === -c ? 2 * Math.atan2(c, a) : null;
}

/** phase · RY(t) · phase of a unitary on one bit. */
function factorSingle(matrix: ComplexMatrix) {
  const u00 = entry(matrix, 0, 0);
  const u01 = entry(matrix, 0, 1);
  const u10 = entry(matrix, 1, 0);
  const u11 = entry(matrix, 1, 1);
  const c = Math.hypot(...u00);
  const s = Math.hypot(...u10);
  const minus01 = argument([-u01[0], -u01[1]]);
  const whole = c > TINY ? argument(u00) : 0;
  const after = s > TINY ? argument(u10) - whole : 0;
  const before = c >= s ? argument(u11) - whole - after : minus01 - whole;
  return { t: 2 * Math.atan2(s, c), whole, after, before };
}

function phase(bits: readonly number[], angle: number): PhaseTerm {
  return { bits, angle: constantAngle(angle) };
}

function phases(terms: readonly PhaseTerm[], derivatives: readonly PhaseDerivative[] = []): Element[] {
  const kept = terms.filter(({ angle }) => angle.constant !== 0 || angle.coefficient !== 0);
  return kept.length === 0 && derivatives.length === 0 ? [] : [{ kind: 'phases', terms: kept, derivatives }];
}

function ofFixed(step: Step, matrix: ComplexMatrix, controls: readonly Control[], dense: Element): Element[] {
  const [bit = -1] = step.bits;
  const angles = diagonalAngles(matrix);
  if (angles !== null) {
    const spelt = onAllBits(step.bits, controls, angles);
    if (spelt !== null) return phases(termsOf(spelt.all, spelt.values).map(({ bits, angle }) => phase(bits, angle)));
  }
  if (step.gate === 'x') return [{ kind: 'flip', bit, controls }];
  if (step.gate === 'cnot') return [{ kind: 'flip', bit: step.bits[1]!, controls: [...controls, { bit, value: 1 }] }];
  if (step.gate === 'ccnot') {
    const added = step.bits.slice(0, 2).map((control) => ({ bit: control, value: 1 }));
    return [{ kind: 'flip', bit: step.bits[2]!, controls: [...controls, ...added] }];
  }
  if (controls.length > 0) return [dense];
  if (step.gate === 'swap') return [{ kind: 'swap', bits: [bit, step.bits[1]!] }];
  if (step.bits.length !== 1 || !isUnitary(matrix, 1e-13)) return [dense];
  if (isZero(entry(matrix, 0, 0)) && isZero(entry(matrix, 1, 1))) {
    const first = argument(entry(matrix, 1, 0));
    const turned = [phase([], first), phase([bit], argument(entry(matrix, 0, 1)) - first)];
    return [...phases(turned), { kind: 'flip', bit, controls: [] }];
  }
  const turn = rotationAngle(matrix);
  if (turn !== null) return [{ kind: 'rotation', bit, angle: constantAngle(turn), slot: -1 }];
  const { t, whole, after, before } = factorSingle(matrix);
  return [
    ...phases([phase([], whole), phase([bit], before)]),
    { kind: 'rotation', bit, angle: constantAngle(t), slot: -1 },
    ...phases([phase([bit], after)]),
  ];
}

/** Phases per unit of its one angle, for diagonal gates exp(i g angle); null for other gates. */
function linearPhases(step: Step): number[] | null {
  const { angles } = step;
  if (step.kernel !== 'diagonal' || angles === undefined || angles.count !== 1) return null;
  const d = 2 ** step.bits.length;
  const generator = angles.generator([0.5], 0);
  return Array.from({ length: d }, (_, p) => generator[2 * (p * d + p) + 1]!);
}

function ofParametric(step: Step, firstAngle: number, controls: readonly Control[], slot: number, dense: Element): Element[] {
  const [bit = -1] = step.bits;
  const angle: LinearAngle = { constant: 0, at: firstAngle, coefficient: 1 };
  const perUnit = linearPhases(step);
  const spelt = perUnit && onAllBits(step.bits, controls, perUnit);
  if (spelt !== null) {
    const terms = termsOf(spelt.all, spelt.values).map(({ bits, angle: coefficient }) => ({
      bits,
      angle: { ...angle, coefficient },
    }));
    return phases(terms, slot < 0 ? [] : derivativesOf(spelt.all, spelt.values, slot));
  }
  if (controls.length > 0) return [dense];
  if (step.gate === 'ry') return [{ kind: 'rotation', bit, angle, slot }];
  if (step.gate === 'rx') {
    const quarter = step.conjugated ? -Math.PI / 2 : Math.PI / 2;
    return [...phases([phase([bit], quarter)]), { kind: 'rotation', bit, angle, slot }, ...phases([phase([bit], -quarter)])];
  }
  return [dense];
}

/** d/dangle of a diagonal with phases g angle: 2 Re⟨λ|i g|φ⟩ = -2 Σ_p g_p Σ_{x in p} w_x, written in signed sums over all x. */
function derivativesOf(bits: readonly number[], perUnit: readonly number[], slot: number): PhaseDerivative[] {
  const k = bits.length;
  return Array.from({ length: 2 ** k }, (_, mask) => {
    let sum = 0;
    perUnit.forEach((g, p) => {
      let common = mask & p;
      let sign = 1;
      for (; common !== 0; common &= common - 1) sign = -sign;
      sum += sign * g;
    });
    return { slot, bits: bits.filter((_, i) => (mask >>> (k - 1 - i)) & 1), coefficient: (-2 * sum) / 2 ** k };
  }).filter(({ coefficient }) => coefficient !== 0);
}

/** The elements of steps in order; derivatives are numbered in the order of the parametric steps and their wanted angles. */
export function elementsOf(
  steps: readonly Step[],
  derivatives: boolean,
): { elements: Element[]; angleCount: number; derivativeCount: number } {
  const elements: Element[] = [];
  let angleCount = 0;
  let slot = 0;
  for (const step of steps) {
    const controls = controlsOf(step);
    const wanted = derivatives ? (step.angles?.wanted.length ?? 0) : 0;
    const own = wanted > 0 ? slot : -1;
    const firstAngle = step.angles === undefined ? -1 : angleCount;
    angleCount += step.angles?.count ?? 0;
    slot += wanted;
    const dense: Element = { kind: 'dense', bits: step.bits, controls, step, firstAngle, slot: own };
    if (step.kernel === 'depolarizing') elements.push(dense);
    else if (step.matrix !== undefined) elements.push(...ofFixed(step, step.matrix, controls, dense));
    else elements.push(...ofParametric(step, firstAngle, controls, own, dense));
  }
  return { elements, angleCount, derivativeCount: slot };
}

/** Bits that an element changes, and bits that it only reads: two elements commute where neither changes a bit of the other. */
export function bitsOf(element: Element): { readonly moved: readonly number[]; readonly held: readonly number[] } {
  switch (element.kind) {
    case 'rotation':
      return { moved: [element.bit], held: [] };
    case 'phases':
      return {
        moved: [],
        held: element.terms.flatMap((term) => term.bits).concat(element.derivatives.flatMap((one) => one.bits)),
      };
    case 'flip':
      return { moved: [element.bit], held: element.controls.map((control) => control.bit) };
    case 'swap':
      return { moved: element.bits, held: [] };
    case 'dense':
      return { moved: element.bits, held: element.controls.map((control) => control.bit) };
  }
}
