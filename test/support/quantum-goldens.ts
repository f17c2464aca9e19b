/** Recorded answers of Braket's local simulators, and the comparison of JSON values within a tolerance. */

import { readFileSync } from 'node:fs';

export interface GoldenCase {
  readonly name: string;
  readonly device: 'sv' | 'dm';
  readonly shots: number;
  readonly program: number;
  readonly inputs?: Readonly<Record<string, number>>;
  readonly answer: {
    readonly measuredQubits: readonly number[];
    readonly measurements: readonly (readonly number[])[];
    readonly resultTypes: readonly { readonly type: unknown; readonly value: unknown }[];
  };
}

export interface Golden {
  readonly header: Readonly<Record<string, string>>;
  readonly programs: readonly string[];
  readonly cases: readonly GoldenCase[];
}

export function readGolden<T = Golden>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../golden/quantum/${name}.json`, import.meta.url), 'utf8')) as T;
}

/** Largest difference of the numbers of two JSON values of the same shape; Infinity where the shapes differ. */
export function jsonDistance(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b ? 0 : Number.POSITIVE_INFINITY;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return Number.POSITIVE_INFINITY;
  return keys.reduce((most, key) => Math.max(most, jsonDistance((a as never)[key], (b as never)[key])), 0);
}
