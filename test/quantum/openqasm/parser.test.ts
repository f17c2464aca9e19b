import { describe, expect, test } from 'vitest';
import { OpenQasmError, parseOpenQasm, simulate } from '../../../quantum/index.ts';
import { largestDifference } from '../../support/quantum-circuits.ts';

function failure(source: string): OpenQasmError {
  try {
    parseOpenQasm(source);
  } catch (error) {
    if (error instanceof OpenQasmError) return error;
    throw error;
  }
  throw new Error(`accepted: ${source}`);
}

function stateOf(...lines: string[]): Float64Array {
  return simulate(parseOpenQasm(lines.join('\n')).circuit);
}

describe('errors of parseOpenQasm', () => {
  test.each([
    ['OPENQASM 2.0;', 1, 10, /version 3 wanted, '2.0' found/],
    ['qubit[2] q;\nh q[5];', 2, 3, /index of 'q' in -2..1 wanted, 5 found/],
    ['qubit q; reset q;', 1, 10, /no 'reset'/],
    ['output int a;', 1, 1, /no 'output'/],
    ['qubit q; extern f(int) -> int;', 1, 10, /no 'extern'/],
    ['qubit[2] q;\nx q[0]\n y q[1];', 3, 2, /';' wanted, 'y' found/],
    ['input float a; qubit q;\nrx(a * a) q;', 2, 6, /sum of multiples of inputs wanted where 'a' has no value/],
    ['qubit q; gate g a { g a; }', 1, 21, /gate defined before wanted, 'g' found/],
    ['qubit q; gate h a { x a; }', 1, 10, /new name wanted, 'h' found/],
    ['qubit q; gate g a, a { x a; }', 1, 10, /distinct names/],
    ['rx(0.1) $0; qubit q;', 1, 13, /either qubit registers or physical qubits/],
    ['qubit q; measure q; x q;', 1, 21, /qubit 0 is used again/],
    ['qubit q; measure q; measure q;', 1, 21, /qubit 0 is used again/],
    ['bit[2] c; qubit[3] q; c = measure q;', 1, 23, /as many bits as qubits/],
    ['qubit q; #pragma braket result foo', 1, 32, /a result type wanted, 'foo' found/],
    ['qubit q;\n#pragma braket result state_vector q\n', 2, 36, /end of the pragma wanted/],
    ['#pragma other thing', 1, 9, /'braket' wanted, 'other' found/],
    ['qubit q;\n#pragma braket noise fog(0.1) q', 2, 22, /noise channel wanted, 'fog' found/],
    ['qubit q;\n#pragma braket noise bit_flip(0.7) q', 2, 1, /up to 0.5/],
    ['qubit q;\n#pragma braket unitary([[1, 0], [0, 2]]) q', 2, 1, /unitary matrix wanted/],
    ['qubit q;\n#pragma braket unitary([[1, 0], [0]]) q', 2, 24, /square matrix/],
    ['qubit q;\n#pragma braket result expectation hermitian([[1, 1], [0, 1]]) q', 2, 35, /conjugate transpose/],
    ['qubit q;\n#pragma braket result adjoint_gradient expectation(z(q)) a', 2, 1, /an input of the program wanted, 'a' found/],
    ['qubit[2] q; cnot q[0], q[0];', 1, 13, /distinct qubits/],
    ['qubit[2] q; qubit[3] r; cnot q, r;', 1, 25, /registers of equal length wanted, 2 and 3 found/],
    ['qubit q; foo q;', 1, 10, /known gate wanted, 'foo' found/],
    ['qubit q; cx q, q;', 1, 10, /known gate wanted, 'cx' found/],
    ['qubit q; rx q;', 1, 10, /rx: 1 angles wanted, 0 found/],
    ['qubit q; h q, q;', 1, 10, /h: 1 qubits wanted, 2 found/],
    ['qubit q; rx(1/0) q;', 1, 14, /divisor other than 0/],
    ['qubit q; rx(10ns) q;', 1, 13, /'10ns' found \(durations/],
    ['qubit q; rx(log(0)) q;', 1, 13, /finite number wanted/],
    ['qubit q; rx(foo) q;', 1, 13, /known name wanted, 'foo' found/],
    ['qubit q; rx(foo(1)) q;', 1, 13, /known function/],
    ['include "other.inc";', 1, 1, /stdgates.inc wanted/],
    ['/* open', 1, 1, /end of a comment wanted/],
    ['qubit q; §', 1, 10, /a token wanted, "§" found/],
    ['qubit[0] q;', 1, 1, /1 to 4096/],
    ['qubit[30] q; h q;', 1, 1, /0 to 26 qubits wanted, 30 found/],
    ['qubit[1.5] q;', 1, 7, /whole number wanted, 1.5 found/],
    ['qubit[2] q; ctrl(0) @ x q[0], q[1];', 1, 13, /at least one control/],
    ['qubit q; ctrl @ x q;', 1, 17, /x: 1 qubits wanted, 0 found/],
    ['input float a; qubit q; pow(a) @ x q;', 1, 25, /number as exponent/],
    ['bit c; bit d; qubit[2] q; c = measure q[0]; d = measure q[1];', 1, 1, /single bit register/],
  ])('say where and what: %s', (source, line, column, message) => {
    const error = failure(source);
    expect(error.message).toMatch(message);
    expect([error.line, error.column]).toEqual([line, column]);
    expect(error.message).toContain(`line ${line}:${column} `);
  });

  test('bound the work of a program', () => {
    expect(failure('for int i in [0:99999999] { }').message).toMatch(/million/);
    expect(failure('qubit q; for int i in [0:2000] { for int j in [0:2000] { x q; } }').message).toMatch(/1000000 steps/);
    const doubling = Array.from({ length: 31 }, (_, i) => `gate g${i + 1} a { g${i} a; g${i} a; }`);
    expect(failure(['qubit q; gate g0 a { x a; }', ...doubling, 'g31 q;'].join('\n')).message).toMatch(/1000000 steps/);
    expect(failure('qubit q; pow(99999999) @ x q;').message).toMatch(/gates wanted/);
    expect(failure(`qubit q; rx(${'('.repeat(500)}1${')'.repeat(500)}) q;`).message).toMatch(/nesting/);
    expect(failure(`qubit q; rx(1${'+1'.repeat(5000)}) q;`).message).toMatch(/1000 operators/);
    expect(failure('box {'.repeat(500)).message).toMatch(/nesting/);
    expect(failure(`x ${' '.repeat(8_000_001)}`).message).toMatch(/characters/);
  });
});

describe('parseOpenQasm', () => {
  test('knows the names of stdgates.inc where they are included', () => {
    const standard = stateOf(
      'OPENQASM 3;',
      'include "stdgates.inc";',
      'qubit[2] q;',
      'sx q[0];',
      'cx q[0], q[1];',
      'p(0.3) q[1];',
      'sdg q[0];',
    );
    const native = stateOf('OPENQASM 3;', 'qubit[2] q;', 'v q[0];', 'cnot q[0], q[1];', 'phaseshift(0.3) q[1];', 'si q[0];');
    expect(largestDifference(standard, native)).toBe(0);
  });

  test('raises a gate made of several gates as a whole', () => {
    const power = stateOf('gate bell a, c { h a; cnot a, c; }', 'qubit[2] q;', 'pow(2) @ bell q[0], q[1];');
    const twice = stateOf('qubit[2] q;', 'h q[0];', 'cnot q[0], q[1];', 'h q[0];', 'cnot q[0], q[1];');
    expect(largestDifference(power, twice)).toBe(0);
  });

  test('controls and inverts a global phase inside a gate', () => {
    const controlled = stateOf('gate g a { gphase(0.4); rz(0.2) a; }', 'qubit[2] q;', 'h q;', 'ctrl @ inv @ g q[0], q[1];');
    const spelled = stateOf('qubit[2] q;', 'h q;', 'ctrl @ rz(-0.2) q[0], q[1];', 'phaseshift(-0.4) q[0];');
    expect(largestDifference(controlled, spelled)).toBeLessThan(1e-15);
  });

  test('reads comments, old registers, unicode names and arrows', () => {
    const { circuit, inputs } = parseOpenQasm(
      [
        'OPENQASM 3.0; // head',
        'input angle θ;',
        'qreg q[2]; creg c[2];',
        '/* two',
        'lines */ rx(2*θ + π/2) q[1];',
        'measure q -> c;',
      ].join('\r\n'),
    );
    expect(inputs).toEqual(['θ']);
    expect(circuit.measured).toEqual([0, 1]);
    expect(circuit.operations[0]).toMatchObject({
      angles: [{ constant: Math.PI / 2, terms: [{ parameter: 'θ', coefficient: 2 }] }],
    });
  });

  test('reads results into bits in their order, whatever the order of the text', () => {
    const { circuit } = parseOpenQasm('bit[2] b; qubit[3] q; b[1] = measure q[0]; b[0] = measure q[2];');
    expect(circuit.measured).toEqual([2, 0]);
  });

  test('leaves out qubits that nothing touches only on request', () => {
    const source = 'qubit[5] q; h q[4]; x q[1];';
    expect(parseOpenQasm(source).circuit.qubits).toBe(5);
    const compact = parseOpenQasm(source, { compact: true });
    expect([compact.circuit.qubits, compact.labels]).toEqual([2, [1, 4]]);
  });
});
