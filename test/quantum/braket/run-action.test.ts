import { describe, expect, test } from 'vitest';
import {
  BraketValidationError,
  type GateModelTaskResult,
  inspectAction,
  type JsonValue,
  runAction,
} from '../../../quantum/index.ts';
import { firstValue, programAction, runOptions } from '../../support/quantum-actions.ts';
import { jsonDistance, readGolden } from '../../support/quantum-goldens.ts';

const BELL = 'OPENQASM 3.0;\nqubit[2] q;\nh q[0];\ncnot q[0], q[1];\n';
const Z = '#pragma braket result expectation z(q[0])\n';

function results(
  source: string,
  options: ReturnType<typeof runOptions>,
  inputs?: Record<string, JsonValue>,
): GateModelTaskResult {
  return runAction(programAction(source, inputs), options).files['results.json'] as unknown as GateModelTaskResult;
}

function refusal(source: string, options: ReturnType<typeof runOptions>, inputs?: Record<string, JsonValue>): string {
  try {
    runAction(programAction(source, inputs), options);
  } catch (error) {
    if (error instanceof BraketValidationError) return error.message;
    throw error;
  }
  throw new Error('accepted');
}

describe('adjoint_gradient', () => {
  interface Recorded {
    readonly programs: readonly string[];
    readonly cases: readonly { readonly program: number; readonly observable: string; readonly value: JsonValue }[];
  }
  const recorded = readGolden<Recorded>('sv1-adjoint-gradient');

  test.each(recorded.cases.map((one) => [one.observable, one] as const))('answers as SV1 did: %s', (observable, one) => {
    const found = results(recorded.programs[one.program]!, runOptions('sv1', 0), { theta: 0.2 });
    expect(jsonDistance(found.resultTypes[0]!.value, one.value)).toBeLessThan(1e-12);
    expect(found.resultTypes[0]!.type).toMatchObject({ type: 'adjoint_gradient', observable, parameters: ['theta'] });
  });

  test('nests the targets of each term and differentiates all inputs', () => {
    const source =
      'OPENQASM 3.0;\ninput float a;\ninput float c;\nqubit[2] q;\nrx(a) q[0];\nry(2 * c + a) q[1];\n' +
      '#pragma braket result adjoint_gradient expectation(2 * z(q[0]) @ x(q[1]) + y(q[0])) all\n';
    const found = results(source, runOptions('sv1', 0), { a: 0.3, c: 0.4 }).resultTypes[0]!;
    expect(found.type['targets']).toEqual([[0, 1], [0]]);
    const { gradient } = found.value as { gradient: Record<string, number> };
    expect(gradient['c']).toBeCloseTo(2 * Math.cos(0.3) * 2 * Math.cos(1.1), 12);
    expect(gradient['a']).toBeCloseTo(2 * (-Math.sin(0.3) * Math.sin(1.1) + Math.cos(0.3) * Math.cos(1.1)) - Math.cos(0.3), 12);
  });

  test('differentiates expressions that are not affine', () => {
    const source =
      'OPENQASM 3.0;\ninput float a;\nqubit[1] q;\nrx(a ** 2 + sin(a)) q[0];\n#pragma braket result adjoint_gradient expectation(z(q[0])) a\n';
    const a = 0.6;
    const { gradient } = firstValue(source, runOptions('sv1', 0), { a }) as { gradient: { a: number } };
    expect(gradient.a).toBeCloseTo(-Math.sin(a ** 2 + Math.sin(a)) * (2 * a + Math.cos(a)), 12);
  });
});

describe('runAction for one program', () => {
  test('writes the result schema of a gate task', () => {
    const found = results(BELL, runOptions('sv1', 10, { executionDurationMs: 3 }));
    expect(found.braketSchemaHeader).toEqual({ name: 'braket.task_result.gate_model_task_result', version: '1' });
    expect(found.taskMetadata).toEqual({
      braketSchemaHeader: { name: 'braket.task_result.task_metadata', version: '1' },
      id: 'task-1',
      shots: 10,
      deviceId: 'arn:aws:braket:::device/quantum-simulator/amazon/sv1',
      createdAt: '2026-01-01T00:00:00.000Z',
      endedAt: '2026-01-01T00:00:01.000Z',
      status: 'COMPLETED',
    });
    expect(found.additionalMetadata).toMatchObject({
      action: programAction(BELL),
      simulatorMetadata: {
        braketSchemaHeader: { name: 'braket.task_result.simulator_metadata', version: '1' },
        executionDuration: 3,
      },
    });
    expect(found.measuredQubits).toEqual([0, 1]);
    expect(found.measurements).toHaveLength(10);
    for (const row of found.measurements!) expect(row[0]).toBe(row[1]);
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  test('leaves measurements out at shots = 0', () => {
    expect('measurements' in results(BELL + Z, runOptions('sv1', 0))).toBe(false);
  });

  test('repeats itself for equal seeds and differs for others', () => {
    const draw = (seed: number) => results(BELL, runOptions('sv1', 64, { seed })).measurements;
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test('takes the values of results from the shots, within five standard errors', () => {
    const source = `OPENQASM 3.0;\nqubit[3] q;\nry(0.7) q[0];\nrx(0.4) q[1];\nh q[2];\ncnot q[0], q[2];\n`;
    const pragmas = [
      'expectation x(q[0])',
      'variance x(q[0])',
      'expectation y(q[1])',
      'expectation x(q[0]) @ y(q[1])',
      'expectation hermitian([[1, 1-2im], [1+2im, 0]]) q[2]',
      'variance hermitian([[1, 1-2im], [1+2im, 0]]) q[2]',
    ];
    const text = source + pragmas.map((pragma) => `#pragma braket result ${pragma}\n`).join('');
    const shots = 40_000;
    const exact = results(text, runOptions('sv1', 0)).resultTypes.map((entry) => entry.value as number);
    const found = results(text, runOptions('sv1', shots)).resultTypes.map((entry) => entry.value as number);
    // Eigenvalues lie within ±3, so a standard error is at most 9 / sqrt(shots), for variances too.
    found.forEach((value, i) => {
      expect(Math.abs(value - exact[i]!)).toBeLessThan((5 * 9) / Math.sqrt(shots));
    });
    expect(found[0]).not.toBe(exact[0]);
  });

  test('gives samples, probabilities and values per qubit that fit its measurements', () => {
    const text = `${BELL}#pragma braket result sample z(q[1])\n#pragma braket result probability q[0]\n#pragma braket result expectation z all\n`;
    const found = results(text, runOptions('sv1', 50));
    const bits = found.measurements!.map((row) => row[1]!);
    expect(found.resultTypes[0]!.value).toEqual(bits.map((bit) => 1 - 2 * bit));
    const ones = found.measurements!.filter((row) => row[0] === 1).length / 50;
    expect(jsonDistance(found.resultTypes[1]!.value, [1 - ones, ones])).toBeLessThan(1e-12);
    expect(jsonDistance(found.resultTypes[2]!.value, [1 - 2 * ones, 1 - 2 * ones])).toBeLessThan(1e-12);
  });

  test('runs noise on DM1 and gives its density matrix', () => {
    const source =
      'OPENQASM 3.0;\nqubit[1] q;\nx q[0];\n#pragma braket noise amplitude_damping(0.25) q[0]\n#pragma braket result density_matrix\n';
    const rho = firstValue(source, runOptions('dm1', 0));
    expect(
      jsonDistance(rho, [
        [
          [0.25, 0],
          [0, 0],
        ],
        [
          [0, 0],
          [0.75, 0],
        ],
      ]),
    ).toBeLessThan(1e-15);
  });

  test('contracts means and misreads bits on a noisy QPU, and on no other device', () => {
    const source = 'OPENQASM 3.0;\nqubit[1] q;\nx q[0];\n#pragma braket result expectation z(q[0])\n';
    const noise = { oneQubit: 0.3, twoQubit: 0, readout: 0.1 };
    const shots = 50_000;
    const mean = firstValue(source, runOptions('qpu', shots, { noise })) as number;
    // Depolarisation shrinks by 1 - 4p/3, misreading by 1 - 2e.
    expect(Math.abs(mean + 0.6 * 0.8)).toBeLessThan(5 / Math.sqrt(shots));
    expect(firstValue(source, runOptions('qpu', 100))).toBe(-1);
    expect(firstValue(source, runOptions('sv1', 100, { noise }))).toBe(-1);
  });
});

describe('what runAction refuses', () => {
  const input = 'OPENQASM 3.0;\ninput float a;\nqubit[1] q;\nrx(a) q[0];\n#pragma braket result expectation z(q[0])\n';

  test.each<[string, ReturnType<typeof runOptions>, RegExp]>([
    [BELL, runOptions('sv1', 0), /Result types must be specified in the IR when shots=0/],
    [`${BELL}#pragma braket result sample z(q[0])\n`, runOptions('sv1', 0), /sample is not available when shots=0/],
    [`${BELL}#pragma braket result amplitude "00"\n`, runOptions('sv1', 1), /amplitude is not available when shots>0/],
    [`${BELL}#pragma braket result amplitude "000"\n`, runOptions('sv1', 0), /Length of state 000/],
    [`${BELL}#pragma braket result state_vector\n`, runOptions('sv1', 0), /state_vector is not supported by SV1/],
    [`${BELL}#pragma braket result density_matrix\n`, runOptions('sv1', 0), /density_matrix is not supported by SV1/],
    [`${BELL}#pragma braket result amplitude "00"\n`, runOptions('dm1', 0), /amplitude is not supported by DM1/],
    [`${BELL}#pragma braket noise bit_flip(0.1) q[0]\n${Z}`, runOptions('sv1', 0), /Noise instructions are not supported by SV1/],
    [`${BELL}#pragma braket noise bit_flip(0.1) q[0]\n`, runOptions('qpu', 1), /Noise instructions are not supported by the QPU/],
    [`${BELL}#pragma braket unitary([[0, 1], [1, 0]]) q[0]\n`, runOptions('qpu', 1), /Unitaries given as a matrix/],
    [`${BELL}${Z}`, runOptions('qpu', 0), /Shots in 1..100000 wanted for the QPU, 0 found/],
    [BELL, runOptions('sv1', 100_001), /Shots in 0..100000/],
    [BELL, runOptions('sv1', 1.5), /1.5 found/],
    [
      `${BELL}${Z}#pragma braket result expectation x(q[0])\n`,
      runOptions('sv1', 1),
      /Conflicting result types applied to a single qubit/,
    ],
    [
      `${BELL}#pragma braket result probability\n#pragma braket result expectation x(q[0])\n`,
      runOptions('sv1', 1),
      /Conflicting result types/,
    ],
    [
      `${BELL}${Z}#pragma braket result expectation hermitian([[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,2]]) q[0], q[1]\n`,
      runOptions('sv1', 1),
      /Qubit part of incompatible results targets/,
    ],
    [`bit[1] b; ${BELL.slice(14)}b[0] = measure q[0];\n${Z}`, runOptions('sv1', 1), /Either result types or measure/],
    [input, runOptions('sv1', 0), /Missing input variable 'a'/],
    ['OPENQASM 3.0;\nqubit[2] q;\nh q[7];\n', runOptions('sv1', 1), /OpenQASM: line 3:3 an index/],
    ['OPENQASM 3.0;\n', runOptions('sv1', 1), /at least one qubit/],
  ])('%#: %s', (source, options, message) => {
    expect(refusal(source, options)).toMatch(message);
    expect(() => inspectAction(programAction(source), options)).toThrow(BraketValidationError);
  });

  test('names the error as the service does', () => {
    expect(() => runAction({}, runOptions('sv1', 1))).toThrow(
      expect.objectContaining({ name: 'ValidationException', reason: null }),
    );
    expect(() => runAction('text', runOptions('sv1', 1))).toThrow(/JSON object/);
    expect(() =>
      runAction({ braketSchemaHeader: { name: 'braket.ir.jaqcd.program', version: '1' } }, runOptions('sv1', 1)),
    ).toThrow(/braketSchemaHeader/);
    expect(() => runAction(programAction(input, { a: [1] }), runOptions('sv1', 0))).toThrow(/outside a program set/);
    expect(() => runAction(programAction(input, { a: '01' }), runOptions('sv1', 0))).toThrow(/bit string/);
  });

  test('describes an action without running it', () => {
    expect(inspectAction(programAction(BELL), { device: 'sv1', shots: 1 })).toEqual({
      actionType: 'braket.ir.openqasm.program',
      programCount: 1,
      executableCount: 1,
      qubitCount: 2,
    });
  });
});
