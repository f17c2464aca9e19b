/** The shapes from which the matrices of the catalogue are written down. */

import type { ComplexLike, ComplexMatrix } from './matrix.ts';
import { matrixFrom } from './matrix.ts';

export const R = Math.SQRT1_2;
export const I: ComplexLike = [0, 1];
export const MI: ComplexLike = [0, -1];

export function phase(angle: number): ComplexLike {
  return [Math.cos(angle), Math.sin(angle)];
}

/** -i e^{i angle} times a real factor. */
export function minusI(factor: number, angle = 0): ComplexLike {
  return [factor * Math.sin(angle), -factor * Math.cos(angle)];
}

export function diagonal(...entries: ComplexLike[]): ComplexMatrix {
  return matrixFrom(entries.map((entry, r) => entries.map((_, c) => (r === c ? entry : 0))));
}

export function permutation(...images: number[]): ComplexMatrix {
  const d = images.length;
  return matrixFrom(Array.from({ length: d }, (_, r) => Array.from({ length: d }, (_, c) => (images[c] === r ? 1 : 0))));
}

export function half(angles: readonly number[], index = 0): { c: number; s: number } {
  const angle = angles[index] ?? Number.NaN;
  return { c: Math.cos(angle / 2), s: Math.sin(angle / 2) };
}

export const CONTROLLED_V = matrixFrom([
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, [0.5, 0.5], [0.5, -0.5]],
  [0, 0, [0.5, -0.5], [0.5, 0.5]],
]);

export const ISWAP = matrixFrom([
  [1, 0, 0, 0],
  [0, 0, I, 0],
  [0, I, 0, 0],
  [0, 0, 0, 1],
]);
