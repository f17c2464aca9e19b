import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ComplexMatrix, identity, kron, multiply } from '../../../quantum/circuit/matrix.ts';
import { canonicalForm, interaction, localPair, phaseDistance } from '../../../quantum/compile/canonical.ts';
import { entanglingPieces } from '../../../quantum/compile/entangle.ts';
import { eulerAngles, nativeGateSet, pulsesOf, turnMatrix } from '../../../quantum/compile/pulses.ts';
import { GATES } from '../../../quantum/index.ts';
import { angle } from '../../support/quantum-circuits.ts';

const gate = (name: string, ...angles: number[]): ComplexMatrix => GATES.get(name)!.matrix(angles);
const oneQubit = fc.oneof(
  fc.tuple(angle, angle, angle).map((angles) => gate('u', ...angles)),
  fc.constantFrom(...['i', 'x', 'y', 'z', 'h', 's', 't', 'v'].map((name) => gate(name))),
);
const local = fc.tuple(oneQubit, oneQubit).map(([a, b]) => kron(a, b));
const twoQubit = fc.constantFrom(...[...GATES.values()].filter((spec) => spec.qubits === 2)).chain((spec) =>
  fc
    .array(fc.oneof(angle, fc.constantFrom(0, Math.PI / 2, -Math.PI / 2, Math.PI)), {
      minLength: spec.parameters.length,
      maxLength: spec.parameters.length,
    })
    .map((angles) => spec.matrix(angles)),
);
const unitary = fc
  .tuple(local, fc.array(fc.tuple(twoQubit, local), { maxLength: 3 }))
  .map(([first, rest]) => rest.reduce((product, [two, one]) => multiply(one, multiply(two, product)), first));

describe('the canonical form', () => {
  test('is the gate, with coordinates in (-π/4, π/4]', () => {
    fc.assert(
      fc.property(unitary, (wanted) => {
        const { coordinates, before, after } = canonicalForm(wanted);
        const found = multiply(multiply(localPair(after), interaction(...coordinates)), localPair(before));
        expect(phaseDistance(found, wanted)).toBeLessThan(1e-9);
        for (const value of coordinates) {
          expect(value).toBeGreaterThan(-Math.PI / 4 - 1e-9);
          expect(value).toBeLessThan(Math.PI / 4 + 1e-8);
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each(['cz', 'zz', 'xx'] as const)('becomes pieces around %s whose product is the gate', (entangler) => {
    fc.assert(
      fc.property(unitary, (wanted) => {
        const found = entanglingPieces(wanted, entangler).reduce((product, piece) => {
          if (piece.kind === 'entangler')
            return multiply(entangler === 'cz' ? gate('cz') : gate(entangler, piece.angle), product);
          const whole = piece.qubit === 0 ? kron(piece.matrix, identity(2)) : kron(identity(2), piece.matrix);
          return multiply(whole, product);
        }, identity(4));
        expect(phaseDistance(found, wanted)).toBeLessThan(1e-8);
      }),
      { numRuns: 150 },
    );
  });
});

describe('pulses', () => {
  test('the angles of Euler give the gate', () => {
    fc.assert(
      fc.property(oneQubit, (wanted) => {
        const { theta, phi, lambda } = eulerAngles(wanted);
        const found = multiply(gate('rz', phi), multiply(gate('ry', theta), gate('rz', lambda)));
        expect(phaseDistance(found, wanted)).toBeLessThan(1e-9);
      }),
    );
  });

  test.each([
    [['cz', 'prx'], 1],
    [['rx', 'rz', 'cz'], 2],
    [['GPi', 'GPi2', 'ZZ'], 2],
    [['prx', 'xx', 'rz'], 1],
  ])('of %j give the gate after a turn about Z, with at most %i of them', (names, most) => {
    const set = nativeGateSet(names);
    fc.assert(
      fc.property(oneQubit, angle, (wanted, turnBy) => {
        const product = (gates: readonly { gate: string; angles: readonly number[] }[]) =>
          gates.reduce((matrix, one) => multiply(gate(one.gate, ...one.angles), matrix), identity(2));
        const { gates, turn } = pulsesOf(wanted, set);
        expect(gates.filter((one) => one.gate !== 'rz').length).toBeLessThanOrEqual(most);
        expect(phaseDistance(multiply(turnMatrix(turn), product(gates)), wanted)).toBeLessThan(1e-8);
        expect(phaseDistance(product(set.turn(turnBy)), turnMatrix(turnBy))).toBeLessThan(1e-8);
      }),
    );
  });
});
