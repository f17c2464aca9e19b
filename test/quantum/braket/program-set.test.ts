import { describe, expect, test } from 'vitest';
import { BraketValidationError, inspectAction, runAction } from '../../../quantum/index.ts';
import { programAction, programSetAction, runOptions } from '../../support/quantum-actions.ts';

const ROTATED =
  'OPENQASM 3.0;\ninput float a;\nbit[2] b;\nqubit[2] q;\nrx(a) q[0];\ncnot q[0], q[1];\nb[0] = measure q[0];\nb[1] = measure q[1];\n';
const FLIPPED = 'OPENQASM 3.0;\nbit[1] b;\nqubit[2] q;\nx q[1];\nb[0] = measure q[1];\n';
const SET = programSetAction(programAction(ROTATED, { a: [0, Math.PI] }), programAction(FLIPPED));

function failureOf(action: unknown, shots: number, device: 'qpu' | 'sv1' = 'qpu'): BraketValidationError {
  try {
    inspectAction(action, { device, shots });
  } catch (error) {
    if (error instanceof BraketValidationError) return error;
    throw error;
  }
  throw new Error('accepted');
}

describe('runAction for a program set', () => {
  const { files, summary, successfulShots } = runAction(
    SET,
    runOptions('qpu', 12, { s3Location: ['amazon-braket-x', 'tasks/1'] }),
  );

  test('writes the files that Braket writes, each path relative to its own folder', () => {
    expect(Object.keys(files).sort()).toEqual([
      'metadata.json',
      'programs/0/executables/0.json',
      'programs/0/executables/1.json',
      'programs/0/program.json',
      'programs/0/results.json',
      'programs/1/executables/0.json',
      'programs/1/program.json',
      'programs/1/results.json',
      'results.json',
    ]);
    expect(files['results.json']).toEqual({
      braketSchemaHeader: { name: 'braket.task_result.program_set_task_result', version: '1' },
      programResults: ['programs/0/results.json', 'programs/1/results.json'],
      taskMetadata: 'metadata.json',
      s3Location: ['amazon-braket-x', 'tasks/1'],
    });
    expect(files['programs/0/results.json']).toMatchObject({
      braketSchemaHeader: { name: 'braket.task_result.program_result', version: '1' },
      executableResults: ['executables/0.json', 'executables/1.json'],
      source: 'program.json',
    });
    expect(files['programs/0/program.json']).toEqual(programAction(ROTATED, { a: [0, Math.PI] }));
  });

  test('divides the shots among the executables and takes the k-th inputs for the k-th', () => {
    expect(summary).toEqual({ actionType: 'braket.ir.openqasm.program_set', programCount: 2, executableCount: 3, qubitCount: 2 });
    expect(files['programs/0/executables/0.json']).toEqual({
      braketSchemaHeader: { name: 'braket.task_result.program_set_executable_result', version: '1' },
      inputsIndex: 0,
      measurements: Array.from({ length: 4 }, () => [0, 0]),
      measuredQubits: [0, 1],
    });
    expect(files['programs/0/executables/1.json']).toMatchObject({
      inputsIndex: 1,
      measurements: Array.from({ length: 4 }, () => [1, 1]),
    });
    expect(files['programs/1/executables/0.json']).toMatchObject({ measurements: [[1], [1], [1], [1]], measuredQubits: [1] });
    expect(successfulShots).toBe(12);
    expect(files['metadata.json']).toMatchObject({
      braketSchemaHeader: { name: 'braket.task_result.program_set_task_metadata', version: '1' },
      requestedShots: 12,
      successfulShots: 12,
      programMetadata: [{ executables: [{}, {}] }, { executables: [{}] }],
      totalFailedExecutables: 0,
      status: 'COMPLETED',
    });
  });

  test('reports executables that fail and keeps the others', () => {
    const failing = runAction(
      SET,
      runOptions('qpu', 12, { failures: [{ programIndex: 0, inputsIndex: 1, failureReason: 'qubit offline' }] }),
    );
    expect(failing.files['programs/0/executables/1.json']).toEqual({
      braketSchemaHeader: { name: 'braket.task_result.program_set_executable_failure', version: '1' },
      inputsIndex: 1,
      failureMetadata: { failureReason: 'qubit offline', retryable: false, category: 'DEVICE' },
    });
    expect(failing.files['programs/1/executables/0.json']).toEqual(files['programs/1/executables/0.json']);
    expect(failing.successfulShots).toBe(8);
    expect(failing.files['metadata.json']).toMatchObject({ totalFailedExecutables: 1, successfulShots: 8 });
  });

  test('draws other shots for every executable', () => {
    const half = programSetAction(programAction(ROTATED, { a: [1.5, 1.5] }), programAction(ROTATED, { a: [1.5, 1.5] }));
    const drawn = runAction(half, runOptions('qpu', 400)).files;
    const shots = ['programs/0/executables/0.json', 'programs/0/executables/1.json', 'programs/1/executables/0.json'].map(
      (path) => JSON.stringify((drawn[path] as { measurements: number[][] }).measurements),
    );
    expect(new Set(shots).size).toBe(3);
  });
});

describe('what a program set is refused for', () => {
  test('refuses shots that do not divide, none at all, and devices without program sets', () => {
    expect(failureOf(SET, 10).message).toMatch(/divisible by number of executables/);
    expect(failureOf(SET, 0).message).toMatch(/0 found/);
    expect(failureOf(SET, 12, 'sv1').message).toMatch(/Program sets are not supported by SV1/);
    expect(() => inspectAction(SET, { device: 'local-sv', shots: 0 })).toThrow(/Shots must not be zero/);
  });

  test('points to the program and the inputs that are wrong', () => {
    const scalar = failureOf(programSetAction(programAction(FLIPPED), programAction(ROTATED, { a: 1 })), 2);
    expect(scalar.programSetValidationFailures).toEqual([
      { programIndex: 1, errors: ['All Program inputs must be lists when using ProgramSet'] },
    ]);
    expect(scalar.reason).toBe('ProgramSetValidationFailed');
    const uneven = failureOf(programSetAction(programAction(ROTATED, { a: [1, 2], c: [1] })), 2);
    expect(uneven.message).toMatch(/same length/);
    const missing = failureOf(programSetAction(programAction(ROTATED, { c: [1, 2] })), 2);
    expect(missing.programSetValidationFailures[0]).toMatchObject({
      programIndex: 0,
      inputsIndex: 0,
      errors: ["Missing input variable 'a'."],
    });
    const result = failureOf(
      programSetAction(programAction('OPENQASM 3.0;\nqubit[1] q;\nh q[0];\n#pragma braket result probability\n')),
      2,
    );
    expect(result.message).toMatch(/Result types are not supported with program set/);
  });

  test('refuses more than a hundred executables and more than 200,000 shots', () => {
    const many = programSetAction(programAction(ROTATED, { a: Array.from({ length: 101 }, (_, i) => i) }));
    expect(failureOf(many, 101).message).toMatch(/At most 100 executables/);
    expect(() => inspectAction(SET, { device: 'local-sv', shots: 300_000 })).toThrow(/At most 200000 shots/);
    expect(failureOf(programSetAction(), 1).message).toMatch(/at least one program/);
  });
});
