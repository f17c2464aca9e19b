/**
 * Observables as weighted sums of Pauli strings, the form in which Hamiltonians and losses are written.
 */

import { must, QuantumError } from '../errors.ts';
import { bitOf } from './circuit.ts';

export type Pauli = 'X' | 'Y' | 'Z';

/** One letter of a string. */
export interface PauliFactor {
  readonly qubit: number;
  readonly pauli: Pauli;
}

/** coefficient · Pauli string. */
export interface PauliTerm {
  readonly coefficient: number;
  /** Sorted by qubit, each qubit once; empty for the identity. */
  readonly factors: readonly PauliFactor[];
}

/** H = Σ coefficient · string, in the unit of the coefficients. */
export type PauliSum = readonly PauliTerm[];

/** One string from text: 'Z0 Z1', 'X3', or 'I' for the identity. */
export function pauliTerm(text: string, coefficient = 1): PauliTerm {
  const factors: PauliFactor[] = [];
  for (const word of text.trim().split(/\s+/)) {
    if (/^I\d*$/i.test(word)) continue;
    const match = /^([XYZ])(\d{1,4})$/i.exec(word);
    if (match === null) throw new QuantumError(`a Pauli factor such as X0 wanted, '${word}' found`);
    factors.push({ pauli: match[1]!.toUpperCase() as Pauli, qubit: Number(match[2]) });
  }
  factors.sort((a, b) => a.qubit - b.qubit);
  for (let i = 1; i < factors.length; i++) {
    must(factors[i]!.qubit !== factors[i - 1]!.qubit, `each qubit once wanted in '${text}'`);
  }
  return { coefficient, factors };
}

/** A sum from text or from pairs: `pauliSum([[0.5, 'Z0 Z1'], [-0.2, 'X0']])`, `pauliSum('Z0 Z1')`. */
export function pauliSum(terms: string | readonly (readonly [number, string])[]): PauliSum {
  if (typeof terms === 'string') return [pauliTerm(terms)];
  return terms.map(([coefficient, text]) => pauliTerm(text, coefficient));
}

/** Text of a string, 'I' for the identity. */
export function pauliText(term: PauliTerm): string {
  return term.factors.length === 0 ? 'I' : term.factors.map((factor) => `${factor.pauli}${factor.qubit}`).join(' ');
}

/** Like terms gathered, terms below the tolerance dropped. */
export function simplifySum(sum: PauliSum, tolerance = 0): PauliSum {
  const gathered = new Map<string, PauliTerm>();
  for (const term of sum) {
    const key = pauliText(term);
    const before = gathered.get(key);
    gathered.set(key, { factors: term.factors, coefficient: term.coefficient + (before?.coefficient ?? 0) });
  }
  return [...gathered.values()].filter((term) => Math.abs(term.coefficient) > tolerance);
}

/** Whether two strings can be read in one basis: on every shared qubit the same Pauli. */
export function qubitWiseCommute(a: PauliTerm, b: PauliTerm): boolean {
  const letters = new Map(a.factors.map((factor) => [factor.qubit, factor.pauli]));
  return b.factors.every((factor) => (letters.get(factor.qubit) ?? factor.pauli) === factor.pauli);
}

/** Terms in groups that are each read in one basis, greedily, largest weight first. */
export function groupQubitWise(sum: PauliSum): PauliTerm[][] {
  const groups: PauliTerm[][] = [];
  for (const term of [...sum].sort((a, b) => Math.abs(b.coefficient) - Math.abs(a.coefficient))) {
    const home = groups.find((group) => group.every((other) => qubitWiseCommute(other, term)));
    if (home) home.push(term);
    else groups.push([term]);
  }
  return groups;
}

/** Whether every factor is a Z: the sum is then diagonal and read from plain measurements. */
export function isDiagonal(sum: PauliSum): boolean {
  return sum.every((term) => term.factors.every((factor) => factor.pauli === 'Z'));
}

/**
 * Index masks of a string on n qubits: P|x⟩ = i^{yCount} (-1)^{popcount(x & zMask)} |x ^ xMask⟩,
 * where Y counts in both masks.
 */
export interface PauliMasks {
  readonly xMask: number;
  readonly zMask: number;
  readonly yCount: number;
}

/** The string as bit masks of an amplitude's index: it takes |x⟩ to i^yCount (-1)^{popcount(x & zMask)} |x ^ xMask⟩. */
export function pauliMasks(term: PauliTerm, qubits: number): PauliMasks {
  let xMask = 0;
  let zMask = 0;
  let yCount = 0;
  for (const { qubit, pauli } of term.factors) {
    must(qubit < qubits, `a string on qubits 0..${qubits - 1} wanted, ${pauliText(term)} found`);
    const bit = 2 ** bitOf(qubits, qubit);
    if (pauli !== 'Z') xMask += bit;
    if (pauli !== 'X') zMask += bit;
    if (pauli === 'Y') yCount++;
  }
  return { xMask, zMask, yCount };
}

/** Parity of the set bits: 0 or 1. */
export function parity(x: number): number {
  let p = x ^ (x >>> 16);
  p ^= p >>> 8;
  p ^= p >>> 4;
  return (0x6996 >>> (p & 15)) & 1;
}

/** Z_i for every qubit, then Z_i Z_{i+1} for neighbours (on a ring also the last with the first): 2n strings for n ≥ 3. */
export function zAndNeighbourZz(qubits: number, topology: 'line' | 'ring' = 'ring'): PauliTerm[] {
  const singles = Array.from({ length: qubits }, (_, q) => pauliTerm(`Z${q}`));
  return [...singles, ...neighbours(qubits, topology).map(([a, b]) => pauliTerm(`Z${a} Z${b}`))];
}

/** Neighbouring pairs on a line or ring; a ring of two has one pair. */
export function neighbours(qubits: number, topology: 'line' | 'ring'): [number, number][] {
  const pairs = Array.from({ length: Math.max(0, qubits - 1) }, (_, q): [number, number] => [q, q + 1]);
  if (topology === 'ring' && qubits > 2) pairs.push([qubits - 1, 0]);
  return pairs;
}
