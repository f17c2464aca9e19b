import { describe, expect, test } from 'vitest';
import {
  type ActionOptions,
  BraketValidationError,
  type DeviceTarget,
  inspectAction,
  parseOpenQasm,
  runAction,
} from '../../../quantum/index.ts';

const header = (name: string) => ({ braketSchemaHeader: { name, version: '1' } });
const program = (...lines: string[]) => ({
  ...header('braket.ir.openqasm.program'),
  source: ['OPENQASM 3.0;', ...lines].join('\n'),
});
const programSet = (...programs: object[]) => ({ ...header('braket.ir.openqasm.program_set'), programs });

/** A square of four and one qubit at its corner: 1-2, 2-3, 3-4, 4-1, 4-5. */
const SQUARE: DeviceTarget = {
  qubitCount: 5,
  nativeGates: ['cz', 'prx'],
  connectivity: { 1: ['2', '4'], 2: ['1', '3'], 3: ['2', '4'], 4: ['3', '1', '5'], 5: ['4'] },
  metadata: 'iqmMetadata',
};
const IONS: DeviceTarget = { qubitCount: 5, nativeGates: ['GPi', 'GPi2', 'ZZ'], connectivity: null };

const options = (changes: Partial<ActionOptions> = {}): ActionOptions => ({
  device: 'qpu',
  shots: 400,
  seed: 5,
  taskId: 'task',
  deviceArn: 'device',
  createdAt: '2026-01-01T00:00:00Z',
  endedAt: '2026-01-01T00:00:01Z',
  ...changes,
});

interface Result {
  measurements: number[][];
  measuredQubits: number[];
  resultTypes: { value: unknown }[];
  additionalMetadata: { iqmMetadata?: { braketSchemaHeader: { name: string }; compiledProgram: string } };
}
const run = (action: object, changes: Partial<ActionOptions> = {}) =>
  runAction(action, options(changes)).files['results.json'] as unknown as Result;

const STATE = [
  'qubit[4] q;',
  'ry(0.4) q[0];',
  'cnot q[0], q[2];',
  'U(0.3, 0.2, 0.9) q[1];',
  'ccnot q[0], q[1], q[3];',
  'cphaseshift(0.7) q[3], q[1];',
  'iswap q[0], q[3];',
];

describe('a program on a device', () => {
  test.each([
    ['all qubits', ['bit[4] b;', ...STATE, 'b = measure q;']],
    ['some qubits in another order', ['bit[2] b;', ...STATE, 'b[0] = measure q[3];', 'b[1] = measure q[0];']],
    [
      'in turned bases',
      [...STATE, '#pragma braket result expectation x(q[0]) @ y(q[3])', '#pragma braket result variance h(q[1])'],
    ],
    [
      'of a Hermitian observable on two qubits',
      [...STATE, '#pragma braket result sample hermitian([[0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]]) q[2], q[0]'],
    ],
  ])('reads what the ideal simulator reads: %s', (_, lines) => {
    const action = program(...lines);
    const ideal = run(action);
    for (const target of [SQUARE, IONS]) {
      const found = run(action, { target });
      expect(found.measurements).toEqual(ideal.measurements);
      expect(found.measuredQubits).toEqual(ideal.measuredQubits);
      expect(found.resultTypes).toEqual(ideal.resultTypes);
    }
  });

  test('reports the program that ran, in native gates, where the vendor does', () => {
    const { additionalMetadata } = run(program('bit[4] b;', ...STATE, 'b = measure q;'), { target: SQUARE });
    expect(additionalMetadata.iqmMetadata!.braketSchemaHeader.name).toBe('braket.task_result.iqm_metadata');
    const compiled = parseOpenQasm(additionalMetadata.iqmMetadata!.compiledProgram);
    expect(compiled.verbatim).toBe(true);
    const gates = compiled.circuit.operations.flatMap((one) => (one.kind === 'gate' ? [one.gate] : []));
    expect(new Set(gates)).toEqual(new Set(['cz', 'prx']));
    expect(
      run(program('bit[4] b;', ...STATE, 'b = measure q;'), { target: IONS }).additionalMetadata.iqmMetadata,
    ).toBeUndefined();
  });

  test('has the noise of the qubits that it runs on', () => {
    const rates = (low: number, bad: Record<string, number>) => ({
      ...Object.fromEntries(['1', '2', '3', '4', '5', '1-2', '2-3', '3-4', '1-4', '4-5'].map((label) => [label, low])),
      ...bad,
    });
    const noise = { oneQubit: rates(0, {}), twoQubit: rates(0, { '2-3': 0.9 }), readout: rates(0, { 5: 0.25 }) };
    const read = (...lines: string[]) => run(program('bit[1] b;', ...lines), { target: SQUARE, noise, shots: 4_000 });
    const ones = (result: Result) => result.measurements.filter((row) => row[0] === 1).length;
    expect(ones(read('prx(0, 0) $1;', 'b[0] = measure $1;'))).toBe(0);
    // A quarter of 4,000 misread bits, with a deviation of 27.
    expect(Math.abs(ones(read('prx(0, 0) $5;', 'b[0] = measure $5;')) - 1_000)).toBeLessThan(140);
    expect(ones(read('cz $1, $2;', 'b[0] = measure $1;'))).toBe(0);
    // Of the 15 errors of a pair eight flip its first bit: 0.9 x 8 / 15 of 4,000, with a deviation of 32.
    expect(Math.abs(ones(read('cz $2, $3;', 'b[0] = measure $2;')) - 1_920)).toBeLessThan(160);
  });

  test('takes its own compiled program for a verbatim box, and reads the same', () => {
    const shots = 20_000;
    const first = run(program('bit[4] b;', ...STATE, 'b = measure q;'), { target: SQUARE, shots });
    const { compiledProgram } = first.additionalMetadata.iqmMetadata!;
    const again = run({ ...header('braket.ir.openqasm.program'), source: compiledProgram }, { target: SQUARE, shots });
    const shareOf = (result: Result, bits: string) => result.measurements.filter((row) => row.join('') === bits).length / shots;
    for (const bits of new Set([...first.measurements, ...again.measurements].map((row) => row.join('')))) {
      // The order of the qubits differs, and with it the draws: the difference of two shares deviates by 0.005 at most.
      expect(Math.abs(shareOf(first, bits) - shareOf(again, bits))).toBeLessThan(0.025);
    }
    const turned = program(
      '#pragma braket verbatim',
      'box {',
      'prx(1.1, 0.4) $4;',
      'cz $4, $5;',
      '}',
      '#pragma braket result expectation x($4) @ y($5)',
    );
    expect(run(turned, { target: SQUARE }).resultTypes).toEqual(run(turned).resultTypes);
  });
});

describe('what a device refuses', () => {
  const inspect = (action: object, target = SQUARE) => inspectAction(action, { device: 'qpu', shots: 100, target });
  const box = (...lines: string[]) =>
    program('bit[1] b;', '#pragma braket verbatim', 'box {', ...lines, '}', 'b[0] = measure $1;');

  test.each([
    ['a foreign gate in a verbatim box', box('h $1;'), /native gate of the device \(cz, prx\) wanted, h found/],
    ['a pair without a coupler', box('cz $1, $3;'), /cz on \$1 and \$3 found; \$1 meets \$2, \$4/],
    ['a qubit that is not there', program('bit[1] b;', 'h $7;', 'b[0] = measure $7;'), /\$7 found/],
  ])('%s', (_, action, message) => {
    expect(() => inspect(action)).toThrow(BraketValidationError);
    expect(() => inspect(action)).toThrow(message);
  });

  test('a gate outside the verbatim rule is fine on the same qubits', () => {
    expect(() => inspect(program('bit[1] b;', 'h $1;', 'cnot $1, $3;', 'b[0] = measure $1;'))).not.toThrow();
    expect(() => inspect(box('cz $1, $3;'), { ...SQUARE, connectivity: null, qubitCount: 5 })).not.toThrow();
    // A remark about verbatim boxes is none.
    expect(() => inspect(program('// #pragma braket verbatim', 'bit[1] b;', 'h $1;', 'b[0] = measure $1;'))).not.toThrow();
  });

  test('with all the programs of a set that are wrong, and why', () => {
    const good = program('bit[1] b;', 'h $1;', 'b[0] = measure $1;');
    const unread = program('nothing;');
    const uneven = { ...program('input float a;', 'input float b;', 'rx(a) $1;', 'rx(b) $1;'), inputs: { a: [1, 2], b: [1] } };
    expect(() => inspect(programSet(unread, good, box('h $1;'), uneven))).toThrow(
      expect.objectContaining({
        programSetValidationFailures: [
          { programIndex: 0, inputsIndex: 0, errors: [expect.stringContaining('nothing')] },
          { programIndex: 2, errors: [expect.stringContaining('h found')] },
          { programIndex: 3, errors: [expect.stringContaining('same length')] },
        ],
      }),
    );
  });

  test('with the place in a program set', () => {
    const good = program('bit[1] b;', 'h $1;', 'b[0] = measure $1;');
    expect(() => inspect(programSet(good, box('h $1;')))).toThrow(
      expect.objectContaining({
        reason: 'ProgramSetValidationFailed',
        programSetValidationFailures: [{ programIndex: 1, errors: [expect.stringContaining('h found')] }],
      }),
    );
  });
});
