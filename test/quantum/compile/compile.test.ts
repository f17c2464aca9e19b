import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CompileTarget, compileForDevice } from '../../../quantum/compile/compile.ts';
import { deviceLabels } from '../../../quantum/compile/route.ts';
import { checkNative } from '../../../quantum/compile/verbatim.ts';
import {
  buildCircuit,
  type Circuit,
  GATES,
  type GateOperation,
  hardwareEfficientAnsatz,
  probabilities,
  simulate,
} from '../../../quantum/index.ts';
import { largestDifference, randomCase } from '../../support/quantum-circuits.ts';

const line = (length: number, first: number): Record<string, string[]> =>
  Object.fromEntries(
    Array.from({ length }, (_, i) => [
      String(first + i),
      [i - 1, i + 1].filter((k) => k >= 0 && k < length).map((k) => String(first + k)),
    ]),
  );

/** Two rows of four, labels 1 to 8. */
const LADDER: Record<string, string[]> = {
  1: ['2', '5'],
  2: ['1', '3', '6'],
  3: ['2', '4', '7'],
  4: ['3', '8'],
  5: ['1', '6'],
  6: ['2', '5', '7'],
  7: ['3', '6', '8'],
  8: ['4', '7'],
};

const TARGETS: Record<string, CompileTarget> = {
  'CZ and PRX on a ladder': { qubitCount: 8, nativeGates: ['cz', 'prx'], connectivity: LADDER },
  'CZ, RX and RZ on a line': { qubitCount: 6, nativeGates: ['rx', 'rz', 'cz'], connectivity: line(6, 0) },
  'GPi, GPi2 and ZZ, all connected': { qubitCount: 6, nativeGates: ['GPi', 'GPi2', 'ZZ'], connectivity: null },
  'XX, PRX and RZ, all connected': { qubitCount: 6, nativeGates: ['prx', 'xx', 'rz'], connectivity: null },
};

/** Amplitudes of the program's state, read from the compiled circuit's: its qubits lie at `final`, all others read zero. */
function readBack(state: Float64Array, qubits: number, compiledQubits: number, final: readonly number[]): Float64Array {
  const out = new Float64Array(2 * 2 ** qubits);
  for (let x = 0; x < 2 ** qubits; x++) {
    let index = 0;
    final.forEach((at, qubit) => {
      if ((x >> (qubits - 1 - qubit)) & 1) index |= 1 << (compiledQubits - 1 - at);
    });
    out[2 * x] = state[2 * index]!;
    out[2 * x + 1] = state[2 * index + 1]!;
  }
  return out;
}

function overlap(a: Float64Array, b: Float64Array): number {
  let re = 0;
  let im = 0;
  for (let i = 0; i < a.length; i += 2) {
    re += a[i]! * b[i]! + a[i + 1]! * b[i + 1]!;
    im += a[i]! * b[i + 1]! - a[i + 1]! * b[i]!;
  }
  return Math.hypot(re, im);
}

/** A layer that no axis leaves alone, so that a wrong phase of any basis state is seen. */
function scrambled(circuit: Circuit): Circuit {
  return buildCircuit(circuit.qubits, (builder) => {
    builder.declare(...circuit.parameters);
    for (let qubit = 0; qubit < circuit.qubits; qubit++) builder.gate('u', [qubit], [0.7 + qubit, 0.3 * qubit, 1.1]);
    for (const operation of circuit.operations) builder.append(operation);
  });
}

const twoQubitGates = (circuit: Circuit) =>
  circuit.operations.filter((operation) => operation.kind === 'gate' && operation.targets.length === 2).length;

describe.each(Object.entries(TARGETS))('%s', (_, target) => {
  const native = new Set(target.nativeGates.map((name) => name.toLowerCase()));

  test('gives the state of any circuit, in native gates on neighbours', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 5, maxGates: 8 }), ({ circuit: bare, theta }) => {
        const circuit = scrambled(bare);
        const compiled = compileForDevice(circuit, theta, target, { keepFinalTurns: true });
        for (const operation of compiled.circuit.operations) {
          if (operation.kind !== 'gate') throw new Error('only gates wanted');
          expect(native.has(operation.gate)).toBe(true);
          expect(operation.controls).toEqual([]);
          if (operation.targets.length < 2 || target.connectivity === null) continue;
          const [a, b] = operation.targets.map((qubit) => compiled.labels[qubit]!);
          expect(target.connectivity[a!]).toContain(String(b));
        }
        const wanted = simulate(circuit, theta);
        const found = simulate(compiled.circuit, []);
        const read = readBack(found, circuit.qubits, compiled.circuit.qubits, compiled.final);
        expect(overlap(read, wanted)).toBeCloseTo(1, 8);
      }),
      { numRuns: 60 },
    );
  });

  test('gives the same probabilities without the last turns about Z, and never more gates', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 4, maxGates: 6 }), ({ circuit: bare, theta }) => {
        const circuit = scrambled(bare);
        const compiled = compileForDevice(circuit, theta, target);
        const full = compileForDevice(circuit, theta, target, { keepFinalTurns: true });
        expect(compiled.circuit.operations.length).toBeLessThanOrEqual(full.circuit.operations.length);
        const read = readBack(simulate(compiled.circuit, []), circuit.qubits, compiled.circuit.qubits, compiled.final);
        expect(largestDifference(probabilities(read), probabilities(simulate(circuit, theta)))).toBeLessThan(1e-8);
      }),
      { numRuns: 40 },
    );
  });

  test('takes every gate of the catalogue', () => {
    for (const spec of GATES.values()) {
      const angles = spec.parameters.map((__, i) => 0.4 + 0.9 * i);
      const circuit = scrambled(
        buildCircuit(4, (builder) =>
          builder.gate(
            spec.name,
            Array.from({ length: spec.qubits }, (__, q) => 2 * q - (q > 1 ? 1 : 0)),
            angles,
          ),
        ),
      );
      const compiled = compileForDevice(circuit, [], target, { keepFinalTurns: true });
      const read = readBack(simulate(compiled.circuit, []), 4, compiled.circuit.qubits, compiled.final);
      expect(overlap(read, simulate(circuit, [])), spec.name).toBeCloseTo(1, 8);
    }
  });
});

describe('the router', () => {
  const GARNET = TARGETS['CZ and PRX on a ladder']!;

  test('needs no swap for a ring on a ladder, and stays on as many qubits as the circuit has', () => {
    const ring = hardwareEfficientAnsatz({ qubits: 8, layers: 2, entangler: 'ring' });
    const compiled = compileForDevice(ring, new Float64Array(ring.parameters.length).fill(0.3), GARNET);
    expect(compiled.circuit.qubits).toBe(8);
    expect(compiled.swaps).toBe(0);
  });

  test('starts where the program puts its physical qubits', () => {
    const circuit = buildCircuit(2, (builder) => {
      builder.gate('h', [0]);
      builder.gate('cnot', [0, 1]);
      builder.measure(0, 1);
    });
    const compiled = compileForDevice(circuit, [], GARNET, { physicalQubits: [1, 8] });
    expect(compiled.initial.map((qubit) => compiled.labels[qubit])).toEqual([1, 8]);
    expect(compiled.swaps).toBeGreaterThan(0);
    expect(compiled.circuit.measured).toEqual(compiled.final);
  });

  test('says what does not fit', () => {
    const wide = buildCircuit(9, (builder) => builder.gate('h', [8]));
    expect(() => compileForDevice(wide, [], GARNET)).toThrow(/9 qubits wanted, 8 found/);
    const one = buildCircuit(1, (builder) => builder.gate('h', [0]));
    expect(() => compileForDevice(one, [], GARNET, { physicalQubits: [12] })).toThrow(/\$12/);
    const islands = { ...GARNET, connectivity: { 1: ['2'], 2: ['1'], 3: ['4'], 4: ['3'] }, qubitCount: 4 };
    const three = buildCircuit(3, (builder) => builder.gate('ccnot', [0, 1, 2]));
    expect(() => compileForDevice(three, [], islands)).toThrow(/connected/);
    expect(() => compileForDevice(one, [], { ...GARNET, nativeGates: ['ms'] })).toThrow(/\[ms\] found/);
    const noisy = buildCircuit(1, (builder) => builder.noise('bit_flip', [0], [0.1]));
    expect(() => compileForDevice(noisy, [], GARNET)).toThrow(/channel bit_flip/);
  });

  test('names the qubits of a device by its graph', () => {
    expect(deviceLabels(LADDER, 8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(deviceLabels(null, 3)).toEqual([0, 1, 2]);
  });
});

describe('the number of entangling gates', () => {
  const count = (gate: string, angles: number[], target: CompileTarget) =>
    twoQubitGates(
      compileForDevice(
        buildCircuit(2, (builder) => builder.gate(gate, [0, 1], angles)),
        [],
        target,
      ).circuit,
    );
  const [iqm, , ionq, aqt] = Object.values(TARGETS) as [CompileTarget, CompileTarget, CompileTarget, CompileTarget];

  test.each([
    ['cz', [], 1],
    ['cnot', [], 1],
    ['cy', [], 1],
    ['ecr', [], 1],
    ['zz', [0.3], 2],
    ['cphaseshift', [0.3], 2],
    ['iswap', [], 2],
    ['xy', [0.3], 2],
    ['swap', [], 3],
    ['pswap', [0.3], 3],
    ['xx', [0], 0],
  ] as const)('is the least possible with CZ: %s', (gate, angles, wanted) => {
    expect(count(gate, [...angles], iqm)).toBe(wanted);
  });

  test.each(Object.values(TARGETS))('is all there is where the gate is native, without a pulse beside it: %#', (target) => {
    const [entangler] = [...target.nativeGates]
      .map((name) => name.toLowerCase())
      .filter((name) => ['cz', 'zz', 'xx'].includes(name));
    const angles = entangler === 'cz' ? [] : [0.3];
    const circuit = buildCircuit(2, (builder) => builder.gate(entangler!, [0, 1], angles));
    const [only, ...rest] = compileForDevice(circuit, [], target, { keepFinalTurns: true }).circuit.operations;
    expect(rest).toEqual([]);
    expect(only).toMatchObject({ gate: entangler });
    expect(largestDifference((only as GateOperation).angles.map(Number), angles)).toBeLessThan(1e-12);
  });

  test('and pulses are few: three for a Bell pair with CZ and PRX', () => {
    const bell = buildCircuit(2, (builder) => {
      builder.gate('h', [0]);
      builder.gate('cnot', [0, 1]);
    });
    expect(compileForDevice(bell, [], iqm).circuit.operations).toHaveLength(1 + 3);
  });

  test('is one for an Ising gate on ions, whatever its angle and axis', () => {
    for (const target of [ionq, aqt]) {
      for (const gate of ['xx', 'yy', 'zz', 'cphaseshift']) expect(count(gate, [0.3], target)).toBe(1);
      expect(count('swap', [], target)).toBe(3);
    }
  });
});

describe('the check of a verbatim box', () => {
  const target = TARGETS['CZ and PRX on a ladder']!;
  const two = (write: Parameters<typeof buildCircuit>[1]) => buildCircuit(2, write);

  test('passes what the compiler writes', () => {
    const circuit = two((builder) => builder.gate('swap', [0, 1]));
    for (const one of Object.values(TARGETS)) {
      const compiled = compileForDevice(circuit, [], one);
      expect(() => checkNative(compiled.circuit, compiled.labels, one)).not.toThrow();
    }
  });

  test.each([
    ['h is no native gate', two((b) => b.gate('h', [0])), [1, 2], /native gate of the device \(cz, prx\) wanted, h found/],
    ['1 and 8 do not meet', two((b) => b.gate('cz', [0, 1])), [1, 8], /cz on \$1 and \$8 found; \$1 meets \$2, \$5/],
    ['there is no qubit 9', two((b) => b.gate('cz', [0, 1])), [8, 9], /\$9 found/],
    ['a control is a modifier', two((b) => b.gate('prx', [0], [1, 2], [{ qubit: 1, value: 1 }])), [1, 2], /without modifiers/],
  ] as const)('refuses with the reason: %s', (_, circuit, labels, message) => {
    expect(() => checkNative(circuit, labels, target)).toThrow(message);
  });
});
