import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyObservable,
  applyPauliSum,
  complexState,
  groupQubitWise,
  isDiagonal,
  observableOf,
  pauliSum,
  pauliTerm,
  pauliText,
  qubitWiseCommute,
  simplifySum,
  zAndNeighbourZz,
} from '../../../quantum/index.ts';
import { largestDifference, randomSum, realVector } from '../../support/quantum-circuits.ts';

describe('Pauli sums', () => {
  test('are read from text and written back', () => {
    expect(pauliText(pauliTerm('z3 X0'))).toBe('X0 Z3');
    expect(pauliText(pauliTerm('I'))).toBe('I');
    expect(
      pauliSum([
        [0.5, 'Z0 Z1'],
        [-1, 'I'],
      ]),
    ).toHaveLength(2);
  });

  test('refuse other letters and a qubit named twice', () => {
    expect(() => pauliTerm('Q0')).toThrow(/Pauli factor/);
    expect(() => pauliTerm('X0 Z0')).toThrow(/each qubit once/);
  });

  test('act on states as the product of their matrices does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer(), (qubits, seed) => {
        const state = complexState(realVector(qubits, seed));
        const H = randomSum(qubits, seed);
        expect(largestDifference(applyPauliSum(state, H), applyObservable(state, observableOf(H)))).toBeLessThan(1e-13);
      }),
    );
  });

  test('gather like terms and drop what cancels', () => {
    const sum = simplifySum(
      pauliSum([
        [1, 'X0'],
        [2, 'Z1'],
        [-1, 'X0'],
        [0.5, 'Z1'],
      ]),
      1e-12,
    );
    expect(sum).toEqual([{ coefficient: 2.5, factors: [{ qubit: 1, pauli: 'Z' }] }]);
  });

  test('commute qubit by qubit only where letters agree', () => {
    expect(qubitWiseCommute(pauliTerm('X0 Z1'), pauliTerm('Z1 Y2'))).toBe(true);
    expect(qubitWiseCommute(pauliTerm('X0 X1'), pauliTerm('Z0 Z1'))).toBe(false);
  });

  test('fall into groups that each have one basis, with nothing lost', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.integer(), (qubits, seed) => {
        const H = randomSum(qubits, seed);
        const groups = groupQubitWise(H);
        expect(groups.flat()).toHaveLength(H.length);
        for (const group of groups) for (const a of group) for (const b of group) expect(qubitWiseCommute(a, b)).toBe(true);
      }),
    );
  });

  test('list Z and neighbouring ZZ: twelve strings for a ring of six', () => {
    const strings = zAndNeighbourZz(6);
    expect(strings).toHaveLength(12);
    expect(isDiagonal(strings)).toBe(true);
    expect(strings.map(pauliText)).toContain('Z0 Z5');
    expect(zAndNeighbourZz(6, 'line')).toHaveLength(11);
    expect(zAndNeighbourZz(2)).toHaveLength(3);
  });
});
