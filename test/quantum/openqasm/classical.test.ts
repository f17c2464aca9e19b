import { describe, expect, test } from 'vitest';
import { type InputValue, inspectAction, OpenQasmError, parseOpenQasm, simulate } from '../../../quantum/index.ts';
import { programAction } from '../../support/quantum-actions.ts';
import { largestDifference } from '../../support/quantum-circuits.ts';

function stateOf(source: string, inputs: Readonly<Record<string, InputValue>> = {}): Float64Array {
  const { circuit } = parseOpenQasm(source, { inputs });
  return simulate(
    circuit,
    circuit.parameters.map((name) => inputs[name] as number),
  );
}

/** Angle of an `rz` whose argument is the expression, after some statements. */
function angleOf(expression: string, before = '', inputs: Readonly<Record<string, InputValue>> = {}): number {
  const { circuit } = parseOpenQasm(`qubit q0_; ${before} rz(${expression}) q0_;`, { inputs });
  const operation = circuit.operations.at(-1)!;
  return operation.kind === 'gate' ? (operation.angles[0] as number) : Number.NaN;
}

function failure(source: string, inputs: Readonly<Record<string, InputValue>> = {}): string {
  try {
    parseOpenQasm(source, { inputs });
  } catch (error) {
    if (error instanceof OpenQasmError) return error.message;
    throw error;
  }
  throw new Error(`accepted: ${source}`);
}

describe('classical control', () => {
  test.each([
    ['takes the branch that holds', 'int[8] n = 3; if (n > 2) { x q[1]; } else { y q[0]; }', 'x q[1];'],
    ['takes the other branch', 'if (1 == 2) x q[0]; else if (true) h q[1]; else z q[0];', 'h q[1];'],
    [
      'leaves and skips rounds of loops',
      'int k = 0; while (true) { k += 1; if (k == 2) continue; if (k == 4) break; rx(0.1 * k) q[0]; }',
      'rx(0.1) q[0]; rx(0.3) q[0];',
    ],
    ['counts down', 'for uint i in [4:-2:0] { rx(i * 0.1) q[0]; }', 'rx(0.4) q[0]; rx(0.2) q[0]; rx(0) q[0];'],
    [
      'walks sets and arrays',
      'for float f in {0.1, 0.2} rx(f) q[0]; array[int[8], 2] a = {3, 4}; for int i in a { ry(i) q[1]; }',
      'rx(0.1) q[0]; rx(0.2) q[0]; ry(3) q[1]; ry(4) q[1];',
    ],
    ['keeps the names of a block to itself', 'int k = 1; if (true) { int k = 2; } rx(k) q[0];', 'rx(1) q[0];'],
    ['names qubits anew', 'let a = q[1]; let b = q[1] ++ q[0]; x a; h b[1];', 'x q[1]; h q[0];'],
  ])('%s', (_, source, spelled) => {
    const wanted = stateOf(`qubit[2] q; x q; ${spelled}`);
    expect(largestDifference(stateOf(`qubit[2] q; x q; ${source}`), wanted)).toBeLessThan(1e-15);
  });

  test('decides by the value of an input and keeps it a parameter', () => {
    const source = 'input float a; qubit q; if (a > 0.5) { rx(2 * a) q; }';
    expect(parseOpenQasm(source, { inputs: { a: 1 } }).circuit).toMatchObject({
      parameters: ['a'],
      operations: [{ angles: [{ constant: 0, terms: [{ parameter: 'a', coefficient: 2 }] }] }],
    });
    expect(parseOpenQasm(source, { inputs: { a: 0 } }).circuit.operations).toEqual([]);
    expect(failure(source)).toMatch(/line 1:31 .*'a' has no value/);
  });
});

describe('subroutines', () => {
  test('take values and qubits, return values and recur', () => {
    const source =
      'def half(qubit[2] r, float t) { rx(t / 2) r[0]; cnot r[0], r[1]; } ' +
      'def factorial(int n) -> int { if (n <= 1) { return 1; } return n * factorial(n - 1); } ' +
      'qubit[3] q; half(q[1:2], 0.6); ry(factorial(4)) q[0];';
    const spelled = 'qubit[3] q; rx(0.3) q[1]; cnot q[1], q[2]; ry(24) q[0];';
    expect(largestDifference(stateOf(source), stateOf(spelled))).toBeLessThan(1e-15);
  });

  test('change a mutable array and no other', () => {
    const define = (access: string) =>
      `def f(${access} array[int[8], #dim = 1] a) { a[0] = 7; } array[int[8], 2] b = {1, 2}; f(b);`;
    expect(angleOf('b[0]', define('mutable'))).toBe(7);
    expect(failure(define('readonly'))).toMatch(/can be changed wanted, 'a' is constant/);
  });

  test('see global variables but not those of their caller', () => {
    const define = 'int n = 2; def f() -> int { return n; } def g(int n) -> int { return f(); }';
    expect(angleOf('g(5)', define)).toBe(2);
    expect(failure('def f() -> int { return m; } for int m in [0:1] { int k = f(); }')).toMatch(/known name wanted, 'm' found/);
  });
});

describe('classical values', () => {
  test.each([
    ['7 / 2', 3],
    ['-7 / 2', -4],
    ['-7 % 3', 2],
    ['7.0 / 2', 3.5],
    ['2 ** 3 ** 2', 512],
    ['2 ** -1', 0.5],
    ['-2 ** 2', -4],
    ['int[8](200)', -56],
    ['uint[4](17)', 1],
    ['int(-2.7)', -2],
    ['int[64](-5)', -5],
    ['float[32](0.1)', Math.fround(0.1)],
    ['float[16](0.1)', 0.0999755859375],
    ['uint("0110")', 6],
    ['int("110")', -2],
    ['uint("0110" << 1)', 12],
    ['uint("0110" >> 1)', 3],
    ['uint(~"0110")', 9],
    ['uint("0110" & "0011")', 2],
    ['uint("0110" ^ "0011")', 5],
    ['uint("0110"[1:2])', 3],
    ['popcount(7) + popcount("0110")', 5],
    ['sizeof("0110")', 4],
    ['mod(7, 4) + pow(2, 3)', 11],
    ['floor(2.7) + ceiling(1.2)', 4],
    ['int(1 < 2 && !(3 == 4) || false)', 1],
    ['int(bit("01" == "01"))', 1],
  ])('%s is %d', (expression, wanted) => {
    expect(angleOf(expression)).toBeCloseTo(wanted, 14);
  });

  test.each([
    ['a[1][0] + a[0, 1]', 'array[float, 2, 2] a = {{0.1, 0.2}, {0.3, 0.4}}; a[1, 0] = 0.5;', 0.7],
    ['a[0] + a[3]', 'array[int, 4] a = {1, 2, 3, 4}; a[{0, 3}] = a[1:2];', 5],
    ['sizeof(a, 1)', 'array[int, 2, 3] a = {{1, 2, 3}, {4, 5, 6}};', 3],
    ['int(b[0]) + uint(b)', 'bit[3] b = "010"; b[0] = 1;', 7],
    ['int(u[1])', 'uint[4] u = 5;', 1],
    ['k', 'uint[4] k = 9; k += 3; k *= 2; k -= 1;', 7],
    ['a', 'angle a = 7.5;', 7.5 - 2 * Math.PI],
  ])('%s after %s', (expression, before, wanted) => {
    expect(angleOf(expression, before)).toBeCloseTo(wanted, 14);
  });

  test('come from inputs of every type', () => {
    const declare = 'input int n; input bit[3] b; input bool c; input array[float, 2] a;';
    expect(angleOf('n + uint(b) + int(c) + a[1]', declare, { n: 3, b: '010', c: 1, a: [0.5, 0.25] })).toBe(6.25);
    expect(failure('input int n; qubit q; rx(n) q;')).toMatch(/a value for the input 'n' of type int wanted/);
  });

  test.each([
    ['int k = 1; const int k2 = 2; k2 = 3;', /can be changed wanted, 'k2' is constant/],
    ['bit b; qubit q; b = measure q; if (b) { }', /not measured wanted, 'b' found \(mid-circuit measurement/],
    ['bit[2] b; int k = int(b);', /bits with values wanted/],
    ['bit b; if (b) { }', /variable with a value wanted, 'b'/],
    ['array[int, 2] a; int k = a[0];', /element with a value/],
    ['array[int, 2] a = {1, 2, 3};', /array\[int, 2\] wanted, an array of 3 found/],
    ['array[int, 300, 300] a;', /at most 65536 elements/],
    ['break;', /a loop around 'break'/],
    ['def f() { break; } while (true) { f(); }', /a loop around 'break'/],
    ['return 1;', /a subroutine around 'return'/],
    ['def f(int a) { } f();', /f: 1 arguments wanted, 0 found/],
    ['def f() { } int k = f();', /returns a value wanted/],
    ['def f() -> int { } int k = f();', /a value that 'f' returns wanted/],
    ['def f(qubit[2] r) { } qubit[3] q; f(q);', /2 qubits for 'r' wanted, 3 found/],
    ['if (true) { qubit q; }', /outside of all blocks/],
    ['gate g a { rx(k) a; } int k = 1; qubit q; g q;', /known name wanted, 'k'/],
    ['int k = true & 1;', /operands that '&' takes wanted, bool true and int 1 found/],
    ['int k = 1; k[0] = true;', /an array or a bit register wanted/],
    ['float[24] f;', /float\[16\], \[32\] or \[64\] wanted, 24 found/],
    ['int k = 2 ** 60;', /within ±2\^53/],
    ['qubit q; bit b = measure q; bit c = b;', /mid-circuit/],
    ['qubit q; int k = measure q;', /mid-circuit/],
  ])('refuse %s', (source, message) => {
    expect(failure(source)).toMatch(message);
    expect(failure(source)).toMatch(/^line \d+:\d+ /);
  });

  test('and control are bounded', () => {
    expect(failure('while (true) { }')).toMatch(/1000000 steps/);
    expect(failure('def f(int n) -> int { return f(n + 1); } int k = f(0);')).toMatch(/less deep nesting/);
    expect(failure(`def f() -> int { return f()${' + 1'.repeat(900)}; } int k = f();`)).toMatch(/less deep nesting/);
    expect(failure(`def f() { ${'if (true) {'.repeat(50)} f(); ${'}'.repeat(50)} } f();`)).toMatch(/less deep nesting/);
    const copy = 'array[int, 60000] a; array[int, 60000] b = a;';
    expect(failure(`for int i in [0:100000] { ${copy} }`)).toMatch(/1000000 steps/);
    expect(failure('def f() { f(); f(); } f();')).toMatch(/less deep nesting/);
    expect(failure('def f(int n) { if (n > 0) { f(n - 1); f(n - 1); } } f(60);')).toMatch(/1000000 steps/);
  });
});

describe('devices', () => {
  const program = (body: string) => programAction(`qubit[2] q; h q[0]; ${body}\n#pragma braket result probability\n`);

  test.each([
    'for int i in [0:1] { x q[i]; }',
    'int n = 2; while (n > 0) { n -= 1; }',
    'if (true) { x q[0]; }',
    'def f(qubit r) { x r; } f(q[1]);',
    'const float t = 0.3; rx(t) q[0];',
    'let a = q; x a;',
  ])('of the service refuse %s, the local simulators take it', (body) => {
    for (const device of ['local-sv', 'local-dm'] as const) inspectAction(program(body), { device, shots: 0 });
    for (const device of ['sv1', 'dm1', 'qpu'] as const) {
      const shots = device === 'qpu' ? 10 : 0;
      expect(() => inspectAction(program(body), { device, shots })).toThrow(/OpenQASM: line \d+:\d+ a feature of .* wanted/);
    }
  });

  test('with qubits refuse definitions and modifiers of gates', () => {
    for (const body of ['gate g a { x a; } g q[0];', 'ctrl @ x q[0], q[1];']) {
      inspectAction(program(body), { device: 'sv1', shots: 0 });
      expect(() => inspectAction(program(body), { device: 'qpu', shots: 10 })).toThrow(/a feature of the QPU wanted, gate/);
    }
  });
});
