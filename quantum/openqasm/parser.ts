/** From tokens to statements: the grammar of programs. What a program means is told in interpret.ts. */

import {
  readAlias,
  readAssignment,
  readIf,
  readInput,
  readLoop,
  readReturn,
  readSubroutine,
  readVariable,
  seesAssignment,
} from './classical-parser.ts';
import type { Token } from './lexer.ts';
import { tokenize } from './lexer.ts';
import { readPragma } from './pragmas.ts';
import type { Expression, GateCall, GateDefinition, Modifier, Statement } from './syntax.ts';
import { TokenReader } from './token-reader.ts';
import { readSize, seesType } from './type-reader.ts';

/** Parts of the language that no simulator here runs. Measured bits are only read at the end, so nothing can wait for them. */
const REFUSED = new Set(
  (
    'extern switch case default output cal defcal defcalgrammar delay ' +
    'reset stretch duration durationof complex opaque end readonly mutable'
  ).split(' '),
);

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
    case 'creg':
      return readOldBits(reader, at);
    case 'input':
      return readInput(reader, at);
    case 'let':
      return readAlias(reader, at);
    case 'if':
      return readIf(reader, at, readBody);
    case 'while':
    case 'for':
      return readLoop(reader, at, readBody);
    case 'def':
      return readSubroutine(reader, at, readBlock);
    case 'return':
      return readReturn(reader, at);
    case 'break':
    case 'continue':
      reader.take();
      reader.expect(';');
      return { kind: at.text, at };
    case 'gate':
      return readGate(reader, at);
    case 'measure':
      return readMeasure(reader, at);
    case 'barrier':
      return readBarrier(reader, at);
    case 'box':
      reader.take();
      return { kind: 'box', body: readBlock(reader), at };
    case 'const':
      reader.take();
      return readVariable(reader, at, true);
    default:
      if (seesType(reader)) return readVariable(reader, at, false);
      return seesAssignment(reader) ? readAssignment(reader, at) : readCall(reader);
  }
}

/** The body of a branch or a loop: a block or one statement. */
function readBody(reader: TokenReader): Statement[] {
  return reader.sees('{') ? readBlock(reader) : [reader.nested(() => readStatement(reader))];
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

/** creg c[n]; as the version before wrote bit[n] c; */
function readOldBits(reader: TokenReader, at: Token): Statement {
  const { name, size } = readRegister(reader);
  reader.expect(';');
  return {
    kind: 'variable',
    name,
    type: { kind: 'bit', ...(size === undefined ? {} : { width: size }), at },
    constant: false,
    at,
  };
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
  let angles: readonly Expression[] = [];
  if (reader.accept('(')) {
    angles = reader.sees(')') ? [] : reader.list(() => reader.expression());
    reader.expect(')');
  }
  const operands = reader.sees(';') ? [] : reader.list(() => reader.operand());
  reader.expect(';');
  return { kind: 'call', name: at.text, modifiers, angles, operands, at };
}
