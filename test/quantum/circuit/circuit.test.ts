import { describe, expect, test } from 'vitest';
import { dagger, distance, multiply } from '../../../quantum/circuit/matrix.ts';
import {
  addAngles,
  bindParameters,
  bitOf,
  buildCircuit,
  composeCircuits,
  eigenHermitian,
  matrixFrom,
  parameter,
  scaleAngle,
  seeded,
  simulate,
} from '../../../quantum/index.ts';
import { largestDifference } from '../../support/quantum-circuits.ts';

describe('circuits', () => {
  test('put qubit 0 into the most significant bit', () => {
    const state = simulate(buildCircuit(3, (builder) => builder.gate('x', [0])));
    expect(state[2 * 4]).toBe(1);
    expect(bitOf(3, 0)).toBe(2);
  });

  test('collect parameters in order of declaration, then of use', () => {
    const circuit = buildCircuit(1, (builder) => {
      builder.declare('late');
      builder.gate('rx', [0], [parameter('a', 2, 0.1)]);
      builder.gate('rz', [0], [addAngles(parameter('b'), parameter('a'))]);
    });
    expect(circuit.parameters).toEqual(['late', 'a', 'b']);
  });

  test('evaluate affine angles', () => {
    const circuit = buildCircuit(1, (builder) =>
      builder.gate('ry', [0], [addAngles(parameter('a', 2, 0.5), parameter('b', -1))]),
    );
    const literal = buildCircuit(1, (builder) => builder.gate('ry', [0], [2 * 0.3 + 0.5 - 0.7]));
    expect(largestDifference(simulate(circuit, [0.3, 0.7]), simulate(literal))).toBeLessThan(1e-15);
  });

  test('lose a parameter whose coefficient vanishes', () => {
    expect(addAngles(parameter('a'), parameter('a'), -1)).toBe(0);
    expect(scaleAngle(parameter('a', 2, 1), 0)).toBe(0);
  });

  test('bind some parameters and keep the others', () => {
    const circuit = buildCircuit(2, (builder) => {
      builder.gate('rx', [0], [parameter('a')]);
      builder.gate('xx', [0, 1], [parameter('b', 3)]);
      builder.gate('rz', [1], [addAngles(parameter('a'), parameter('b'))]);
    });
    const bound = bindParameters(circuit, { a: 0.4 });
    expect(bound.parameters).toEqual(['b']);
    expect(largestDifference(simulate(bound, [0.9]), simulate(circuit, [0.4, 0.9]))).toBeLessThan(1e-15);
    expect(() => bindParameters(circuit, { c: 1 })).toThrow(/'c'/);
  });

  test('compose in order, parameters shared by name', () => {
    const one = buildCircuit(2, (builder) => builder.gate('ry', [0], [parameter('a')]));
    const two = buildCircuit(2, (builder) => builder.gate('cnot', [0, 1]));
    const both = composeCircuits(one, two, one);
    expect(both.parameters).toEqual(['a']);
    expect(largestDifference(simulate(both, [0.3]), simulate(one, [0.3], simulate(two, [], simulate(one, [0.3]))))).toBeLessThan(
      1e-15,
    );
  });

  test('refuse what makes no sense, saying what was wanted and what was found', () => {
    const attempt = (write: Parameters<typeof buildCircuit>[1]) => () => buildCircuit(2, write);
    expect(attempt((b) => b.gate('foo', [0]))).toThrow(/a gate of the catalogue wanted, 'foo' found/);
    expect(attempt((b) => b.gate('cnot', [0]))).toThrow(/2 targets wanted, 1 found/);
    expect(attempt((b) => b.gate('rx', [0]))).toThrow(/1 angles wanted, 0 found/);
    expect(attempt((b) => b.gate('cnot', [1, 1]))).toThrow(/distinct qubits/);
    expect(attempt((b) => b.gate('x', [2]))).toThrow(/qubit 0..1 wanted, 2 found/);
    expect(attempt((b) => b.gate('rx', [0], [Number.NaN]))).toThrow(/finite angle/);
    expect(
      attempt((b) =>
        b.unitary(
          matrixFrom([
            [1, 1],
            [0, 1],
          ]),
          [0],
        ),
      ),
    ).toThrow(/unitary matrix/);
    expect(attempt((b) => [b.measure(0), b.gate('x', [0])])).toThrow(/measured before/);
    expect(() => buildCircuit(27, () => undefined)).toThrow(/0 to 26 qubits wanted, 27 found/);
    expect(() => simulate(buildCircuit(1, (b) => b.gate('rx', [0], [parameter('a')])))).toThrow(
      /1 parameter values wanted, 0 found/,
    );
  });
});

describe('eigenHermitian', () => {
  test('diagonalises random Hermitian matrices, degenerate ones too', () => {
    const random = seeded('eigen');
    for (const d of [2, 4, 8, 16]) {
      const a = random.fillNormal(new Float64Array(2 * d * d));
      const sum = dagger(a).map((value, i) => value + a[i]!);
      for (const matrix of [
        sum,
        multiply(sum, sum),
        matrixFrom(Array.from({ length: d }, (_, r) => Array.from({ length: d }, (_v, c) => (r === c ? 2 : 0)))),
      ]) {
        const { values, vectors } = eigenHermitian(matrix);
        const scaled = Float64Array.from(vectors, (value, i) => value * values[Math.floor(i / 2) % d]!);
        expect(distance(multiply(matrix, vectors), scaled)).toBeLessThan(1e-11 * d * d);
        expect([...values]).toEqual([...values].sort((x, y) => x - y));
      }
    }
  });

  test('refuses a matrix that is not Hermitian', () => {
    expect(() =>
      eigenHermitian(
        matrixFrom([
          [0, 1],
          [0, 0],
        ]),
      ),
    ).toThrow(/Hermitian/);
  });
});
