import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildCircuit,
  emitOpenQasm,
  hermitianFactor,
  matrixFrom,
  observableOf,
  parameter,
  parseOpenQasm,
  type ResultRequest,
  simulate,
  simulateDensity,
  standardFactor,
} from '../../../quantum/index.ts';
import { largestDifference, noisy, randomCase, randomSum } from '../../support/quantum-circuits.ts';

describe('parseOpenQasm(emitOpenQasm(circuit))', () => {
  test('gives back the circuit, operation by operation', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 5 }), ({ circuit }) => {
        const back = parseOpenQasm(emitOpenQasm(circuit)).circuit;
        expect(back.qubits).toBe(circuit.qubits);
        expect(back.parameters).toEqual(circuit.parameters);
        expect(back.operations).toEqual(circuit.operations.map((operation) => withoutNegativeZero(operation)));
      }),
      { numRuns: 200 },
    );
  });

  test('gives back noise channels and Kraus operators', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 3, maxGates: 4 }), fc.integer(), ({ circuit, theta }, seed) => {
        const dirty = noisy(circuit, seed);
        const back = parseOpenQasm(emitOpenQasm(dirty)).circuit;
        expect(largestDifference(simulateDensity(back, theta), simulateDensity(dirty, theta))).toBeLessThan(1e-14);
      }),
      { numRuns: 40 },
    );
    const kraus = [0.8, 0.6].map((size, i) =>
      matrixFrom(
        i === 0
          ? [
              [size, 0],
              [0, size],
            ]
          : [
              [0, [0, -size]],
              [[0, size], 0],
            ],
      ),
    );
    const circuit = buildCircuit(1, (builder) => builder.noise('kraus', [0], [], kraus));
    expect(parseOpenQasm(emitOpenQasm(circuit)).circuit.operations).toEqual(circuit.operations);
  });

  test('gives back unitaries, barriers, measurements and physical qubits', () => {
    const circuit = buildCircuit(3, (builder) => {
      builder.unitary(
        matrixFrom([
          [0, [0, -1]],
          [[0, 1], 0],
        ]),
        [1],
      );
      builder.barrier([0, 2]);
      builder.gate('cswap', [2, 0, 1]);
      builder.measure(2, 0);
    });
    expect(parseOpenQasm(emitOpenQasm(circuit)).circuit).toEqual(circuit);
    const physical = parseOpenQasm(emitOpenQasm(circuit, { physicalQubits: [4, 7, 9], verbatim: true }));
    expect(physical.labels).toEqual([4, 7, 9]);
    expect(physical.circuit).toEqual(circuit);
    expect([physical.verbatim, physical.physical]).toEqual([true, true]);
  });

  test('gives back every kind of result', () => {
    const results: ResultRequest[] = [
      { type: 'state_vector' },
      { type: 'amplitude', states: ['00', '10'] },
      { type: 'probability', targets: null },
      { type: 'probability', targets: [1, 0] },
      { type: 'density_matrix', targets: [0] },
      { type: 'expectation', factors: [standardFactor('x', 1), standardFactor('h', 0)], everyQubit: false },
      {
        type: 'variance',
        factors: [
          hermitianFactor(
            matrixFrom([
              [1, [0, 2]],
              [[0, -2], 3],
            ]),
            [1],
          ),
        ],
        everyQubit: false,
      },
      { type: 'sample', factors: [standardFactor('z', 0)], everyQubit: true },
      { type: 'adjoint_gradient', observable: observableOf(randomSum(2, 3).slice(0, 3)), parameters: ['a'] },
      { type: 'adjoint_gradient', observable: [{ coefficient: -1, factors: [standardFactor('y', 1)] }], parameters: 'all' },
    ];
    const circuit = buildCircuit(2, (builder) => builder.gate('xx', [0, 1], [parameter('a')]));
    expect(parseOpenQasm(emitOpenQasm(circuit, { results })).results).toEqual(results);
  });

  test('gives back numbers to the last bit', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const circuit = buildCircuit(1, (builder) => builder.gate('rz', [0], [value]));
        const [operation] = parseOpenQasm(emitOpenQasm(circuit)).circuit.operations;
        expect(operation).toMatchObject({ angles: [value + 0] });
      }),
    );
  });

  test('measures all qubits on request', () => {
    const circuit = buildCircuit(2, (builder) => builder.gate('h', [0]));
    expect(parseOpenQasm(emitOpenQasm(circuit, { measureAll: true })).circuit.measured).toEqual([0, 1]);
  });
});

/** Text has no negative zero. */
function withoutNegativeZero<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

describe('emitOpenQasm', () => {
  test('refuses parameter names that are not identifiers or are taken', () => {
    for (const name of ['q', 'b', 'rx', 'a[0]', '1a', 'pi']) {
      const circuit = buildCircuit(1, (builder) => builder.gate('rx', [0], [parameter(name)]));
      expect(() => emitOpenQasm(circuit)).toThrow(/identifier/);
    }
  });

  test('refuses a verbatim box without physical qubits and lists that do not fit', () => {
    const circuit = buildCircuit(2, (builder) => builder.gate('cz', [0, 1]));
    expect(() => emitOpenQasm(circuit, { verbatim: true })).toThrow(/physical qubits/);
    expect(() => emitOpenQasm(circuit, { physicalQubits: [1] })).toThrow(/2 physical qubits wanted, 1 found/);
  });
});

test('a program with inputs keeps its state when expressions are expanded at their values', () => {
  const source = 'OPENQASM 3.0;\ninput float a;\nqubit[1] q;\nrx(sin(a) * a + a ** 2 / (1 + a)) q[0];\n';
  const a = 0.37;
  const { circuit } = parseOpenQasm(source, { inputs: { a } });
  const literal = buildCircuit(1, (builder) => builder.gate('rx', [0], [Math.sin(a) * a + a ** 2 / (1 + a)]));
  expect(largestDifference(simulate(circuit, [a]), simulate(literal))).toBeLessThan(1e-15);
});
