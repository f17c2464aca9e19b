/** Programs that follow the grammar of the classical part but mean anything: endless loops, calls of themselves, large arrays. */

import fc from 'fast-check';

const names = fc.constantFrom('k', 'm', 'b', 'arr', 'f', 'a', 'q', 'pi');
const literals = fc.constantFrom('0', '1', '-3', '0.5', '1e300', '99999999', '"0101"', 'true', '{1, 2}', '{{1}, {2, 3}}', 'a');
const operators = fc.constantFrom(...'+ - * / % ** == != < > <= >= && || & | ^ << >>'.split(' '));
const types = fc.constantFrom(
  'int',
  'int[4]',
  'uint[64]',
  'float',
  'float[16]',
  'angle',
  'bool',
  'bit',
  'bit[4]',
  'bit[5000]',
  'array[int, 3]',
  'array[bit[4], 2, 2]',
  'array[float, 60000]',
  'array[int, 999, 999]',
);

const { expression, block } = fc.letrec<{ expression: string; selector: string; statement: string; block: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'expression' },
    fc.oneof(names, literals),
    fc.tuple(tie('expression'), operators, tie('expression')).map(([l, o, r]) => `(${l} ${o} ${r})`),
    fc.tuple(fc.constantFrom('-', '!', '~'), tie('expression')).map(([o, x]) => `${o}${x}`),
    fc.tuple(names, tie('selector')).map(([name, s]) => `${name}[${s}]`),
    fc.tuple(types, tie('expression')).map(([type, x]) => `${type}(${x})`),
    fc
      .tuple(fc.constantFrom('f', 'sin', 'floor', 'sizeof', 'popcount', 'mod'), fc.array(tie('expression'), { maxLength: 2 }))
      .map(([name, list]) => `${name}(${list.join(', ')})`),
  ),
  selector: fc.oneof(
    tie('expression'),
    fc.tuple(tie('expression'), tie('expression')).map((parts) => parts.join(':')),
    fc.tuple(tie('expression'), tie('expression'), tie('expression')).map((parts) => parts.join(':')),
    tie('expression').map((x) => `{${x}, 0}`),
  ),
  statement: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'statement' },
    fc.tuple(types, names, tie('expression')).map(([type, name, x]) => `${type} ${name} = ${x};`),
    fc.tuple(types, names).map(([type, name]) => `${type} ${name};`),
    fc.tuple(names, fc.constantFrom('=', '+=', '*=', '<<='), tie('expression')).map((parts) => `${parts.join(' ')};`),
    fc.tuple(names, tie('selector'), tie('expression')).map(([name, s, x]) => `${name}[${s}] = ${x};`),
    fc.tuple(tie('expression'), tie('selector')).map(([x, s]) => `rx(${x}) q[${s}];`),
    fc.tuple(tie('expression'), tie('block'), tie('block')).map(([x, yes, no]) => `if (${x}) ${yes} else ${no}`),
    fc.tuple(fc.constantFrom('true', 'k < 5', 'm != 0'), tie('block')).map(([x, body]) => `while (${x}) ${body}`),
    fc.tuple(tie('selector'), tie('block')).map(([s, body]) => `for int k in [${s}] ${body}`),
    fc.tuple(names, tie('block')).map(([name, body]) => `for int m in ${name} ${body}`),
    fc.tuple(names, tie('block')).map(([name, body]) => `def ${name}(int k, mutable array[int, #dim = 1] arr) -> int ${body}`),
    fc.tuple(names, tie('block')).map(([name, body]) => `def ${name}(qubit r) ${body}`),
    fc.tuple(names, tie('expression')).map(([name, x]) => `${name}(${x});`),
    fc.tuple(names, tie('selector')).map(([name, s]) => `let ${name} = q[${s}] ++ q;`),
    fc.constantFrom('break;', 'continue;', 'return 1;', 'return f(k);', 'b = measure q;', 'gphase(k);', 'ctrl @ x q[0], q[1];'),
  ),
  block: fc.array(tie('statement'), { maxLength: 3 }).map((list) => `{ ${list.join(' ')} }`),
}));

/** Expressions alone are drawn too, where no statement around them fails first. */
export const randomStatements: fc.Arbitrary<string> = fc.oneof(
  fc
    .array(block, { minLength: 1, maxLength: 3 })
    .map((blocks) => `int k = 2; int m = 3; ${blocks.map((one) => one.slice(1, -1)).join(' ')}`),
  expression.map(
    (x) => `int k = 2; bit[4] b = "0110"; array[int, 3] arr = {1, 2, 3}; def f(int n) -> int { return n + 1; } rz(${x}) q;`,
  ),
);
