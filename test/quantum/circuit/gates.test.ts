import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { controlled, dagger, distance, identity, isHermitian, multiply } from '../../../quantum/circuit/matrix.ts';
import {
  buildCircuit,
  type ComplexMatrix,
  evaluateAngle,
  expectation,
  GATES,
  type GateSpec,
  gateDerivative,
  gateGenerator,
  inverseCircuit,
  isUnitary,
  parameter,
  shiftRule,
  simulate,
  unitaryPower,
} from '../../../quantum/index.ts';
import { angle, largestDifference, randomSum } from '../../support/quantum-circuits.ts';

const specs = [...GATES.values()];
const withParameters = specs.filter((spec) => spec.parameters.length > 0);

function anglesOf(spec: GateSpec) {
  return fc.array(angle, { minLength: spec.parameters.length, maxLength: spec.parameters.length });
}

function difference(spec: GateSpec, angles: readonly number[], index: number, step: number): ComplexMatrix {
  const at = (shift: number) => spec.matrix(angles.map((value, i) => (i === index ? value + shift : value)));
  const plus = at(step);
  const minus = at(-step);
  return plus.map((value, i) => (value - minus[i]!) / (2 * step));
}

describe('the catalogue of gates', () => {
  test('holds every gate of Braket once', () => {
    const names =
      'i x y z h s si t ti v vi rx ry rz phaseshift gphase u prx gpi gpi2 ms cnot cy cz cv swap iswap pswap xy xx yy zz';
    const more = 'cphaseshift cphaseshift00 cphaseshift01 cphaseshift10 ecr ccnot cswap';
    expect([...GATES.keys()].sort()).toEqual(`${names} ${more}`.split(' ').sort());
    const spellings = specs.flatMap((spec) => [spec.openQasm, ...spec.standardNames]);
    expect(new Set(spellings).size).toBe(spellings.length);
  });

  test.each(specs.map((spec) => [spec.name, spec] as const))('%s is unitary for all angles', (_, spec) => {
    fc.assert(
      fc.property(anglesOf(spec), (angles) => {
        const matrix = spec.matrix(angles);
        expect(matrix.length).toBe(2 * 4 ** spec.qubits);
        expect(isUnitary(matrix, 1e-13)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test.each(specs.map((spec) => [spec.name, spec] as const))('%s is undone by its inverse', (_, spec) => {
    fc.assert(
      fc.property(anglesOf(spec), (angles) => {
        const inverse = spec.inverse(angles);
        const inner = GATES.get(inverse.gate)!.matrix(inverse.angles.map((value) => evaluateAngle(value, () => undefined)));
        const matrix = inverse.controlFirst ? controlled(inner, [1]) : inner;
        expect(distance(multiply(matrix, spec.matrix(angles)), identity(2 ** spec.qubits))).toBeLessThan(1e-13);
      }),
      { numRuns: 20 },
    );
  });

  test.each(withParameters.map((spec) => [spec.name, spec] as const))(
    '%s has the derivative of finite differences',
    (_, spec) => {
      fc.assert(
        fc.property(anglesOf(spec), (angles) => {
          spec.parameters.forEach((_rule, index) => {
            // Central differences with step 1e-5 are off by about 1e-10.
            expect(distance(gateDerivative(spec, angles, index), difference(spec, angles, index, 1e-5))).toBeLessThan(1e-8);
          });
        }),
        { numRuns: 20 },
      );
    },
  );

  test.each(withParameters.map((spec) => [spec.name, spec] as const))('%s has Hermitian generators that move it', (_, spec) => {
    fc.assert(
      fc.property(anglesOf(spec), (angles) => {
        spec.parameters.forEach((_rule, index) => {
          const generator = gateGenerator(spec, angles, index);
          expect(isHermitian(generator, 1e-12)).toBe(true);
          // U' = -i G U.
          const product = multiply(generator, spec.matrix(angles));
          const moved = product.map((_value, i) => (i % 2 === 0 ? product[i + 1]! : -product[i - 1]!));
          expect(distance(moved, gateDerivative(spec, angles, index))).toBeLessThan(1e-12);
        });
      }),
      { numRuns: 20 },
    );
  });

  test.each(withParameters.map((spec) => [spec.name, spec] as const))(
    '%s has the shift rule it states, with and without a control',
    (_, spec) => {
      const qubits = spec.qubits + 1;
      fc.assert(
        fc.property(anglesOf(spec), fc.integer(), (angles, seed) => {
          for (const control of [false, true]) {
            const circuit = buildCircuit(qubits, (builder) => {
              for (let q = 0; q < qubits; q++) {
                builder.gate('rx', [q], [0.4 + q]);
                builder.gate('rz', [q], [1.1 - q]);
              }
              const targets = Array.from({ length: spec.qubits }, (_v, q) => q + 1);
              builder.declare(...angles.map((_v, i) => `a${i}`));
              builder.gate(
                spec.name,
                targets,
                angles.map((_v, i) => parameter(`a${i}`)),
                control ? [{ qubit: 0, value: 1 }] : [],
              );
            });
            const H = randomSum(qubits, seed);
            const mean = (index: number, shift: number) =>
              expectation(
                simulate(
                  circuit,
                  angles.map((value, i) => (i === index ? value + shift : value)),
                ),
                H,
              );
            spec.parameters.forEach((rule, index) => {
              const { base, count } = control ? rule.controlled : rule;
              const exact = shiftRule(base, count).reduce((sum, term) => sum + term.coefficient * mean(index, term.shift), 0);
              const numeric = (mean(index, 1e-5) - mean(index, -1e-5)) / 2e-5;
              expect(Math.abs(exact - numeric)).toBeLessThan(1e-8);
            });
          }
        }),
        { numRuns: 5 },
      );
    },
  );
});

describe('unitaryPower', () => {
  const fixed = specs.filter((spec) => spec.parameters.length === 0 && spec.qubits > 0);

  test.each(fixed.map((spec) => [spec.name, spec] as const))('takes a root of %s whose power gives it back', (_, spec) => {
    const root = unitaryPower(spec.matrix([]), 1 / 3);
    expect(distance(multiply(root, multiply(root, root)), spec.matrix([]))).toBeLessThan(1e-12);
    expect(distance(unitaryPower(spec.matrix([]), -1), dagger(spec.matrix([])))).toBeLessThan(1e-12);
  });

  test('takes an eigenvalue that rounding put just below -1 for -1', () => {
    const dust = 1e-12;
    const root = unitaryPower(Float64Array.of(1, 0, 0, 0, 0, 0, -1, -dust), 0.5);
    expect(distance(root, GATES.get('s')!.matrix([]))).toBeLessThan(1e-11);
  });

  test('takes the roots that have names', () => {
    expect(distance(unitaryPower(GATES.get('x')!.matrix([]), 0.5), GATES.get('v')!.matrix([]))).toBeLessThan(1e-13);
    expect(distance(unitaryPower(GATES.get('z')!.matrix([]), 0.25), GATES.get('t')!.matrix([]))).toBeLessThan(1e-13);
  });
});

describe('inverseCircuit', () => {
  test('takes every gate back to where it began', () => {
    const circuit = buildCircuit(3, (builder) => {
      for (const spec of specs)
        builder.gate(
          spec.name,
          [2, 0, 1].slice(0, spec.qubits),
          spec.parameters.map((_rule, i) => 0.3 + i),
        );
    });
    const initial = simulate(
      buildCircuit(3, (builder) => {
        for (const qubit of [0, 1, 2]) builder.gate('u', [qubit], [qubit + 0.2, 0.5, qubit]);
      }),
    );
    const back = simulate(inverseCircuit(circuit), [], simulate(circuit, [], initial));
    expect(largestDifference(back, initial)).toBeLessThan(1e-13);
  });
});
