import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parameter } from '../../../quantum/circuit/angle.ts';
import type { GateOperation } from '../../../quantum/circuit/circuit.ts';
import type { Circuit } from '../../../quantum/index.ts';
import { buildCircuit, parameterShift } from '../../../quantum/index.ts';
import { CompiledCircuit } from '../../../quantum/simulator/compiled-circuit.ts';
import { exponential, withExponentials } from '../../../quantum/simulator/exponentials.ts';
import { simulateReference } from '../../../quantum/simulator/reference-kernels.ts';
import { largestDifference, randomCase, randomSum } from '../../support/quantum-circuits.ts';

type Builder = Parameters<Parameters<typeof buildCircuit>[1]>[0];
const TURNING = new Set(['h', 'v', 'vi', 'rx', 'ry', 'xx', 'yy', 'unitary', 'u']);
const turning = (operations: Circuit['operations']) =>
  operations.filter((operation) => operation.kind === 'gate' && TURNING.has(operation.gate)).length;

/** exp(-i t P / 2) as chemistry programs write it; letters such as 'XZY.', one for each qubit. */
function written(
  builder: Builder,
  letters: string,
  angle: Parameters<Builder['gate']>[2],
  wayOfY: 'rx' | 'v' | 'sh' = 'rx',
): void {
  const members = [...letters].flatMap((letter, qubit) => (letter === '.' ? [] : [qubit]));
  const turn = (back: boolean) => {
    for (const qubit of members) {
      if (letters[qubit] === 'X') builder.gate('h', [qubit]);
      if (letters[qubit] !== 'Y') continue;
      if (wayOfY === 'rx') builder.gate('rx', [qubit], [(back ? -1 : 1) * (Math.PI / 2)]);
      else if (wayOfY === 'v') builder.gate(back ? 'vi' : 'v', [qubit]);
      else for (const name of back ? ['h', 's'] : ['si', 'h']) builder.gate(name, [qubit]);
    }
  };
  turn(false);
  for (let k = 0; k + 1 < members.length; k++) builder.gate('cnot', [members[k]!, members[k + 1]!]);
  builder.gate('rz', [members.at(-1)!], angle);
  for (let k = members.length - 2; k >= 0; k--) builder.gate('cnot', [members[k]!, members[k + 1]!]);
  turn(true);
}

const letters = (qubits: number) =>
  fc
    .array(fc.constantFrom('X', 'Y', 'Z', '.'), { minLength: qubits, maxLength: qubits })
    .map((list) => list.join(''))
    .filter((text) => /[XYZ]/.test(text));

/** A random circuit with exponentials in it. */
const mixed = fc
  .tuple(
    randomCase({ minQubits: 4, maxQubits: 6, maxGates: 10 }),
    fc.array(fc.tuple(letters(4), fc.constantFrom('rx', 'v', 'sh'), fc.nat(10)), { minLength: 1, maxLength: 5 }),
  )
  .map(([{ circuit, theta }, strings]) => {
    const written_ = buildCircuit(circuit.qubits, (builder) => {
      builder.declare(...circuit.parameters);
      const places = strings.map(([, , place]) => Math.min(place, circuit.operations.length)).sort((a, b) => a - b);
      const write = (at: number) => {
        places.forEach((place, k) => {
          const [text, way] = strings[k]!;
          if (place === at) written(builder, text, [k % 2 === 0 ? parameter(`e${k}`) : 0.3 + k], way as 'rx' | 'v' | 'sh');
        });
      };
      circuit.operations.forEach((operation, at) => {
        write(at);
        builder.append(operation);
      });
      write(circuit.operations.length);
    });
    const values = new Map(circuit.parameters.map((name, i) => [name, theta[i]!]));
    return {
      circuit: written_,
      theta: Float64Array.from(written_.parameters, (name, i) => values.get(name) ?? Math.sin(3 * i + 1)),
    };
  });

const whole = (qubits: number, operations: Circuit['operations']): Circuit =>
  buildCircuit(qubits, (builder) => {
    for (const operation of operations) builder.append(operation);
  });

describe('exponentials of Pauli strings', () => {
  test('are one turn between flips and signs, for every string on three qubits and both signs', () => {
    for (let x = 0; x < 8; x++) {
      for (let z = 0; z < 8; z++) {
        if (x === 0 && z === 0) continue;
        for (const sign of [1, -1] as const) {
          // Qubit q has bit q in the masks.
          const text = [0, 1, 2].map((q) => '.XZY'[((x >> q) & 1) + 2 * ((z >> q) & 1)]!).join('');
          const wanted = buildCircuit(3, (builder) => written(builder, text, [sign * 0.7]));
          const found = whole(3, exponential({ x, z, sign }, 0.7));
          const initial = Float64Array.from({ length: 16 }, (_, i) => Math.cos(i * i + 1) / 4);
          expect(largestDifference(simulateReference(found, [], initial), simulateReference(wanted, [], initial))).toBeLessThan(
            1e-15,
          );
          expect(turning(found.operations)).toBe(x === 0 ? 0 : 1);
        }
      }
    }
  });

  test('are found as chemistry writes them, with every way to turn Y', () => {
    for (const way of ['rx', 'v', 'sh'] as const) {
      const circuit = buildCircuit(5, (builder) => {
        builder.gate('x', [0]);
        written(builder, 'XYZ.X', [parameter('a')], way);
        written(builder, 'YYYX.', [parameter('b')], way);
      });
      expect(turning(circuit.operations)).toBeGreaterThanOrEqual(12);
      expect(turning(withExponentials(circuit))).toBe(2);
    }
  });

  test('that share a basis are found together, and other gates beside them stay', () => {
    const circuit = buildCircuit(4, (builder) => {
      for (const qubit of [0, 1]) builder.gate('h', [qubit]);
      builder.gate('zz', [0, 1], [parameter('a')]);
      builder.gate('t', [3]);
      builder.gate('rz', [0], [parameter('b')]);
      builder.gate('iswap', [2, 3]);
      for (const qubit of [1, 0]) builder.gate('h', [qubit]);
    });
    const found = withExponentials(circuit);
    expect(turning(found)).toBe(2);
    expect(found.filter((operation): operation is GateOperation => operation.kind === 'gate').map(({ gate }) => gate)).toContain(
      'iswap',
    );
  });

  test.each([
    [
      'more turns than changes of basis',
      (b: Builder) => {
        b.gate('h', [0]);
        for (const t of [0.1, 0.2]) {
          b.gate('rz', [0], [t]);
          b.gate('cz', [0, 1]);
        }
        b.gate('h', [0]);
      },
    ],
    [
      'a gate between that is no Clifford gate',
      (b: Builder) => {
        b.gate('h', [0]);
        b.gate('cphaseshift', [0, 1], [0.3]);
        b.gate('h', [0]);
      },
    ],
    [
      'a basis that is never left',
      (b: Builder) => {
        b.gate('h', [0]);
        b.gate('rz', [0], [0.3]);
        b.gate('h', [1]);
      },
    ],
    [
      'a control',
      (b: Builder) => {
        b.gate('h', [0]);
        b.gate('rz', [0], [0.3], [{ qubit: 1, value: 1 }]);
        b.gate('h', [0]);
      },
    ],
  ])('are not seen in %s', (_, write) => {
    const circuit = buildCircuit(2, write);
    expect(withExponentials(circuit)).toEqual(circuit.operations);
  });

  test('leave the state as it is, its global phase included, in random circuits', () => {
    let rewritten = 0;
    fc.assert(
      fc.property(mixed, ({ circuit, theta }) => {
        if (withExponentials(circuit).length !== circuit.operations.length) rewritten++;
        const wanted = simulateReference(circuit, theta);
        for (const blockBits of [3, 13])
          expect(largestDifference(new CompiledCircuit(circuit, { blockBits }).run(theta), wanted)).toBeLessThan(1e-13);
      }),
      { numRuns: 150 },
    );
    expect(rewritten).toBeGreaterThan(50);
  });

  test('keep their gradients', () => {
    fc.assert(
      fc.property(mixed, ({ circuit, theta }) => {
        const H = randomSum(circuit.qubits, 3);
        const { gradient } = new CompiledCircuit(circuit, { gradients: true, blockBits: 3 }).gradient(H, theta);
        expect(largestDifference(gradient, parameterShift(circuit, theta, H))).toBeLessThan(1e-10);
      }),
      { numRuns: 40 },
    );
  });
});
