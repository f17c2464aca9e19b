/** From tokens to statements: the grammar of programs. What a program means is told in interpret.ts. */

import type { Token } from './lexer.ts';
import { tokenize } from './lexer.ts';
import { readPragma } from './pragmas.ts';
import type { GateCall, GateDefinition, Modifier, Statement } from './syntax.ts';
import { TokenReader } from './token-reader.ts';

/** Parts of the language that Braket's on-demand simulators do not run either. */
const REFUSED = new Set(
  (
    'if else while def extern return break continue switch case default output array cal defcal defcalgrammar delay ' +
    'reset let stretch duration durationof complex bool opaque end readonly mutable'
  ).split(' '),
);

const NUMERIC_TYPES = new Set(['float', 'int', 'uint', 'angle']);

/** Statements of a program; throws OpenQasmError with line and column. */
export function parseStatements(source: string): Statement[] {
  const reader = new TokenReader(tokenize(source));
  readVersion(reader);
  const statements: Statement[] = [];
  while (reader.next.kind !== 'end') statements.push(readStatement(reader));
  return statements;
}

function readVersion(reader: TokenReader): void {
  if (!reader.accept('OPENQASM')) return;
  const version = reader.take();
  if (!/^3(\.\d+)?$/.test(version.text)) reader.fail('OpenQASM version 3 wanted', version);
  reader.expect(';');
}

function readStatement(reader: TokenReader): Statement {
  const at = reader.next;
  if (at.kind === 'pragma') {
    reader.take();
    return { ...readPragma(reader), kind: 'pragma', at };
  }
  if (at.kind !== 'identifier') return reader.fail('a statement wanted');
  if (REFUSED.has(at.text)) reader.fail(`a statement that the simulators support wanted (no '${at.text}')`);
  switch (at.text) {
    case 'include':
      return readInclude(reader);
    case 'qubit':
    case 'qreg':
      return readQubits(reader, at);
    case 'bit':
    case 'creg':
      return readBits(reader, at);
    case 'input':
      return readInput(reader, at);
    case 'gate':
      return readGate(reader, at);
    case 'measure':
      return readMeasure(reader, at);
    case 'barrier':
      return readBarrier(reader, at);
    case 'for':
      return readFor(reader, at);
    case 'box':
      reader.take();
      return { kind: 'box', body: readBlock(reader), at };
    case 'const':
      reader.take();
      return readValue(reader, at);
    default:
      if (NUMERIC_TYPES.has(at.text)) return readValue(reader, at);
      return isAssignment(reader) ? readAssignment(reader, at) : readCall(reader);
  }
}

function readBlock(reader: TokenReader): Statement[] {
  reader.expect('{');
  const body: Statement[] = [];
  return reader.nested(() => {
    while (!reader.accept('}')) body.push(readStatement(reader));
    return body;
  });
}

function readInclude(reader: TokenReader): Statement {
  const at = reader.take();
  const file = reader.expectKind('string', 'a file name in quotes').text.slice(1, -1);
  reader.expect(';');
  return { kind: 'include', file, at };
}

/** qubit q; qubit[n] q; qreg q[n]; */
function readQubits(reader: TokenReader, at: Token): Statement {
  const { name, size } = readRegister(reader);
  reader.expect(';');
  return { kind: 'qubits', name, ...(size === undefined ? {} : { size }), at };
}

function readRegister(reader: TokenReader) {
  reader.take();
  let size = readSize(reader);
  const name = reader.expectKind('identifier', 'a name').text;
  size ??= readSize(reader);
  return { name, size };
}

function readSize(reader: TokenReader) {
  if (!reader.accept('[')) return undefined;
  const size = reader.expression();
  reader.expect(']');
  return size;
}

/** bit c; bit[n] c; creg c[n]; bit[n] c = measure q; */
function readBits(reader: TokenReader, at: Token): Statement {
  const { name, size } = readRegister(reader);
  const sized = size === undefined ? {} : { size };
  if (!reader.accept('=')) {
    reader.expect(';');
    return { kind: 'bits', name, ...sized, at };
  }
  reader.expect('measure');
  const measured = reader.operand();
  reader.expect(';');
  return { kind: 'bits', name, ...sized, measured, at };
}

function readType(reader: TokenReader): string {
  const type = reader.expectKind('identifier', 'a type');
  if (!NUMERIC_TYPES.has(type.text)) reader.fail('the type float, angle, int or uint wanted', type);
  readSize(reader);
  return type.text;
}

function readInput(reader: TokenReader, at: Token): Statement {
  reader.take();
  readType(reader);
  const name = reader.expectKind('identifier', 'the name of an input').text;
  reader.expect(';');
  return { kind: 'input', name, at };
}

/** const float x = …; and float x = …; are the same here: nothing can be assigned twice. */
function readValue(reader: TokenReader, at: Token): Statement {
  const integer = /int$/.test(readType(reader));
  const name = reader.expectKind('identifier', 'a name').text;
  reader.expect('=');
  const value = reader.expression();
  reader.expect(';');
  return { kind: 'value', name, integer, value, at };
}

function readGate(reader: TokenReader, at: Token): GateDefinition {
  reader.take();
  const name = reader.expectKind('identifier', 'the name of a gate').text;
  const identifier = () => reader.expectKind('identifier', 'a name').text;
  let angles: string[] = [];
  if (reader.accept('(')) {
    angles = reader.sees(')') ? [] : reader.list(identifier);
    reader.expect(')');
  }
  const qubits = reader.sees('{') ? [] : reader.list(identifier);
  return { kind: 'gate', name, angles, qubits, body: readBlock(reader), at };
}

function readMeasure(reader: TokenReader, at: Token): Statement {
  reader.take();
  const qubits = reader.operand();
  const bits = reader.accept('->') ? { bits: reader.operand() } : {};
  reader.expect(';');
  return { kind: 'measure', qubits, ...bits, at };
}

function readBarrier(reader: TokenReader, at: Token): Statement {
  reader.take();
  const operands = reader.sees(';') ? [] : reader.list(() => reader.operand());
  reader.expect(';');
  return { kind: 'barrier', operands, at };
}

/** for int i in [0:3] { … } and for uint i in {0, 2} { … } */
function readFor(reader: TokenReader, at: Token): Statement {
  reader.take();
  if (NUMERIC_TYPES.has(reader.next.text)) readType(reader);
  const name = reader.expectKind('identifier', 'a loop variable').text;
  reader.expect('in');
  const bracketed = reader.accept('[');
  const range = reader.selector();
  if (bracketed) reader.expect(']');
  return {
    kind: 'for',
    name,
    range,
    body: reader.sees('{') ? readBlock(reader) : [reader.nested(() => readStatement(reader))],
    at,
  };
}

/** Looks for '=' before the statement ends, without taking anything. */
function isAssignment(reader: TokenReader): boolean {
  for (let ahead = 1; ahead < 64; ahead++) {
    const token = reader.peek(ahead);
    if (token.kind === 'symbol' && token.text === '=') return true;
    if (token.kind === 'end' || (token.kind === 'symbol' && /^[;{(@]$/.test(token.text))) return false;
  }
  return false;
}

function readAssignment(reader: TokenReader, at: Token): Statement {
  const bits = reader.operand();
  reader.expect('=');
  if (!reader.sees('measure')) reader.fail("'measure' wanted (classical assignment is not supported)");
  reader.take();
  const qubits = reader.operand();
  reader.expect(';');
  return { kind: 'measure', qubits, bits, at };
}

function readModifier(reader: TokenReader): Modifier {
  const at = reader.take();
  const argument = () => {
    reader.expect('(');
    const value = reader.expression();
    reader.expect(')');
    return value;
  };
  if (at.text === 'inv') return { kind: 'inv', at };
  if (at.text === 'pow') return { kind: 'pow', exponent: argument(), at };
  return { kind: at.text === 'ctrl' ? 'ctrl' : 'negctrl', ...(reader.sees('(') ? { count: argument() } : {}), at };
}

const MODIFIERS = new Set(['inv', 'pow', 'ctrl', 'negctrl']);

function readCall(reader: TokenReader): GateCall {
  const modifiers: Modifier[] = [];
  while (reader.next.kind === 'identifier' && MODIFIERS.has(reader.next.text)) {
    modifiers.push(readModifier(reader));
    reader.expect('@');
    if (modifiers.length > 64) reader.fail('at most 64 modifiers wanted');
  }
  const at = reader.expectKind('identifier', 'a gate');
  let angles: GateCall['angles'] = [];
  if (reader.accept('(')) {
    angles = reader.sees(')') ? [] : reader.list(() => reader.expression());
    reader.expect(')');
  }
  const operands = reader.sees(';') ? [] : reader.list(() => reader.operand());
  reader.expect(';');
  return { kind: 'call', name: at.text, modifiers, angles, operands, at };
}
