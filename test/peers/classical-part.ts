/** Random classical code whose values end in angles: both interpreters must find the same numbers. */

import type { Writer } from './writer.ts';

const rotate = (writer: Writer, angle: string) =>
  writer.line(`${writer.pick(['rx', 'ry', 'rz', 'phaseshift'])}(${angle}) ${writer.targets(1)[0]};`);
const digit = (writer: Writer) => 1 + writer.random.integer(6);
const bitText = (writer: Writer, width: number) => Array.from({ length: width }, () => writer.random.integer(2)).join('');

const FUNCTIONS: readonly (readonly [string, string])[] = [
  ['sin', 'sin(#)'],
  ['cos', 'cos(#)'],
  ['tan', 'tan(# / 4)'],
  ['arcsin', 'arcsin(# / 4)'],
  ['arccos', 'arccos(# / 4)'],
  ['arctan', 'arctan(#)'],
  ['exp', 'exp(# / 3)'],
  ['log', 'log(# * # + 0.5)'],
  ['sqrt', 'sqrt(# * # + 0.1)'],
  ['floor', 'floor(#)'],
  ['ceiling', 'ceiling(#)'],
  ['mod', 'mod(#, 1.5)'],
];

/** An angle: a number, an expression of constants, a function, or an input. */
export function angle(writer: Writer): string {
  const kind = writer.random.integer(6);
  if (kind === 0) {
    const name = writer.pick(['pi', 'π', 'tau', 'τ', 'euler', 'ℇ']);
    writer.use(`constant ${name}`);
    return `${name} / ${digit(writer) + 3} - ${writer.number()}`;
  }
  if (kind === 1) {
    const [name, text] = writer.pick(FUNCTIONS);
    writer.use(`function ${name}`);
    return text.replaceAll('#', `(${writer.number()})`);
  }
  if (kind === 2 && Object.hasOwn(writer.inputs, 'theta')) {
    const [feature, text] = writer.pick([
      ['affine input', `2 * theta - ${writer.number()}`],
      ['input in a function', 'sin(theta) * 2'],
      ['product of inputs', 'theta * theta / 3'],
    ] as const);
    writer.use(feature);
    return text;
  }
  if (kind === 3) {
    const operator = writer.pick(['+', '-', '*', '/', '**']);
    writer.use(`float ${operator}`);
    return `(${digit(writer)}.5 ${operator} ${digit(writer)}.25) / 9.0`;
  }
  return writer.number();
}

function wholeNumbers(writer: Writer): void {
  const operator = writer.pick(['+', '-', '*', '/', '%', '**']);
  writer.use(`int ${operator}`);
  rotate(writer, `0.1 * (${writer.pick(['', '-'])}${digit(writer)} ${operator} ${digit(writer)})`);
}

function variables(writer: Writer): void {
  const name = writer.name();
  const [type, value] = writer.pick([
    ['int', '7'],
    ['int[8]', '300'],
    ['int[4]', '9'],
    ['uint', '5'],
    ['uint[4]', '21'],
    ['float', '0.625'],
    ['float[32]', '0.1'],
    ['float[64]', '0.3'],
    ['float[16]', '0.1'],
  ] as const);
  writer.use(`type ${type}`);
  writer.line(`${type} ${name} = ${value};`);
  const operator = writer.pick(['+=', '-=', '*=', '=']);
  writer.use(`assignment ${operator}`);
  writer.line(`${name} ${operator} ${digit(writer)};`);
  rotate(writer, `${name} * 0.07`);
}

function others(writer: Writer): void {
  const name = writer.name();
  const kind = writer.pick(['angle', 'const int', 'const float', 'default int', 'bool']);
  writer.use(`type ${kind}`);
  if (kind === 'angle') writer.line(`angle ${name} = ${digit(writer)}.3;`);
  else if (kind === 'const int') writer.line(`const int[16] ${name} = ${digit(writer)};`);
  else if (kind === 'const float') writer.line(`const float ${name} = pi / ${digit(writer)};`);
  else if (kind === 'default int') writer.line(`int[8] ${name};`);
  else {
    const [feature, text] = writer.pick([
      ['logic &&', '(1 < 2) && (3 >= 2)'],
      ['logic ||', '(1 > 2) || (3 != 3)'],
      ['logic !', '!(2 == 2)'],
      ['logic ^', '(2 <= 2) ^ true'],
    ] as const);
    writer.use(feature, ...[...text.matchAll(/[<>=!]=|[<>]/g)].map((match) => `comparison ${match[0]}`));
    writer.line(`bool ${name} = ${text};`);
    writer.line(`if (${name}) { x ${writer.targets(1)[0]}; } else { h ${writer.targets(1)[0]}; }`);
    return;
  }
  rotate(writer, `${name} * 0.3 + 0.1`);
}

function bits(writer: Writer): void {
  const [a, b] = [writer.name(), writer.name()];
  const operator = writer.pick(['&', '|', '^', '<<', '>>', '~']);
  writer.use(`bits ${operator}`, 'type bit[n]', 'bit string', 'bit index', 'if');
  writer.line(`bit[4] ${a} = "${bitText(writer, 4)}";`);
  const right = operator === '<<' || operator === '>>' ? String(writer.random.integer(4)) : `"${bitText(writer, 4)}"`;
  writer.line(`bit[4] ${b} = ${operator === '~' ? `~${a}` : `${a} ${operator} ${right}`};`);
  if (writer.chance(0.5)) {
    writer.use('bit assignment');
    writer.line(`${b}[${writer.random.integer(4)}] = ${writer.pick(['0', '1', 'true'])};`);
  }
  writer.line(`if (${b}[${writer.random.integer(4)}]) { x ${writer.targets(1)[0]}; }`);
  const [feature, text] = writer.pick([
    ['function popcount', `popcount(${b})`],
    ['function sizeof', `sizeof(${b})`],
    ['cast bits to uint', `uint[4](${b})`],
    ['cast bits to int', `int[4](${b})`],
  ] as const);
  writer.use(feature);
  rotate(writer, `${text} * 0.2`);
  writer.use('comparison of bits');
  writer.line(`if (${a} ${writer.pick(['==', '!=', '<', '>='])} "0110") { y ${writer.targets(1)[0]}; }`);
}

function casts(writer: Writer): void {
  const [feature, text] = writer.pick([
    ['cast to int[n]', 'int[8](200)'],
    ['cast to uint[n]', 'uint[4](35)'],
    ['cast to float', 'float(3)'],
    ['cast to float[n]', 'float[32](0.7)'],
    ['bit of a uint', ''],
  ] as const);
  writer.use(feature);
  if (text !== '') {
    rotate(writer, `${text} * 0.02`);
    return;
  }
  const name = writer.name();
  writer.line(`uint[4] ${name} = ${writer.random.integer(16)};`);
  writer.line(`if (${name}[${writer.random.integer(4)}]) { x ${writer.targets(1)[0]}; }`);
}

function arrays(writer: Writer): void {
  const name = writer.name();
  if (writer.chance(0.5)) {
    writer.use('array', 'array assignment');
    writer.line(`array[int[8], 3] ${name} = {${digit(writer)}, ${digit(writer)}, ${digit(writer)}};`);
    writer.line(`${name}[${writer.pick(['1', '-1'])}] = ${digit(writer)};`);
    rotate(writer, `${name}[${writer.random.integer(3)}] * 0.1 + ${name}[2] * 0.2`);
    if (!writer.chance(0.5)) return;
    writer.use('for over array');
    writer.line(`for int e in ${name} { rx(0.1 * e) ${writer.targets(1)[0]}; }`);
  } else {
    writer.use('array of two dimensions', 'sizeof with dimension');
    writer.line(`array[float, 2, 2] ${name} = {{0.1, ${writer.number()}}, {${writer.number()}, 0.4}};`);
    writer.line(`${name}[1][0] = ${writer.number()};`);
    rotate(writer, `${name}[${writer.random.integer(2)}, ${writer.random.integer(2)}] + 0.1 * sizeof(${name}, 1)`);
  }
}

function loops(writer: Writer): void {
  const target = writer.targets(1)[0];
  const turn = writer.pick(['rx', 'ry', 'rz']);
  switch (writer.random.integer(5)) {
    case 0:
      writer.use('for range');
      writer.line(`for int e in [0:${digit(writer)}] { ${turn}(0.1 * e) ${target}; }`);
      return;
    case 1:
      writer.use('for range with step');
      writer.line(`for uint e in [${digit(writer)}:-2:0] { ${turn}(0.1 * e) ${target}; }`);
      return;
    case 2:
      writer.use('for set');
      writer.line(`for float e in {${writer.number()}, 0.2} ${turn}(e) ${target};`);
      return;
    case 3: {
      const name = writer.name();
      writer.use('while', 'break', 'continue', 'if');
      writer.line(`int ${name} = 0;`);
      const skip = `if (${name} == 2) { continue; } if (${name} > ${digit(writer)}) { break; }`;
      writer.line(`while (${name} < 6) { ${name} += 1; ${skip} ${turn}(0.1 * ${name}) ${target}; }`);
      return;
    }
    default:
      writer.use('for range', 'else', 'else if');
      writer.line(
        `for int e in [0:3] { if (e == 1) { x ${target}; } else if (e == 2) { ${turn}(0.4) ${target}; } else { h ${target}; } }`,
      );
  }
}

function subroutines(writer: Writer): void {
  const name = writer.name();
  const [a, b] = writer.choose(2).map((index) => writer.qubit(index));
  switch (writer.random.integer(writer.physical ? 3 : 4)) {
    case 0:
      writer.use('subroutine with value and return');
      writer.line(`def ${name}(int[8] n, float t) -> float { float u = t; for int e in [1:n] { u += 0.1 * e; } return u; }`);
      rotate(writer, `${name}(${digit(writer)}, ${writer.number()})`);
      return;
    case 1: {
      const list = writer.name();
      writer.use('subroutine with mutable array');
      writer.line(`def ${name}(mutable array[int[8], #dim = 1] c) { c[0] = c[1] + 2; }`);
      writer.line(`array[int[8], 2] ${list} = {1, ${digit(writer)}};`);
      writer.line(`${name}(${list});`);
      rotate(writer, `${list}[0] * 0.1`);
      return;
    }
    case 2:
      writer.use('subroutine with constant array');
      writer.line(`def ${name}(const array[float, 2] c) -> float { return c[0] * c[1]; }`);
      writer.line(`array[float, 2] ${name}a = {${writer.number()}, ${writer.number()}};`);
      rotate(writer, `${name}(${name}a)`);
      return;
    default:
      writer.use('subroutine with qubits');
      writer.line(`def ${name}(qubit c, qubit[${writer.qubits}] r, float t) { rx(t) c; cnot r[0], r[1]; }`);
      writer.line(`${name}(${writer.pick([a, b])}, q, ${writer.number()});`);
  }
}

function aliases(writer: Writer): void {
  if (writer.physical) return;
  const [a, b] = [writer.name(), writer.name()];
  writer.use('alias');
  writer.line(`let ${a} = q;`);
  writer.line(`ry(${writer.number()}) ${a}[0];`);
  if (!writer.chance(0.5)) return;
  writer.use('joined alias');
  writer.line(`let ${b} = q ++ anc;`);
  writer.line(`cnot ${b}[1], ${b}[${writer.qubits}];`);
}

const PARTS = [wholeNumbers, variables, others, bits, casts, arrays, loops, subroutines, aliases];

export function classical(writer: Writer): void {
  writer.pick(PARTS)(writer);
}
