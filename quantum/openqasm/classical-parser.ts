/** The grammar of the classical part: variables, assignments, branches, loops and subroutines. */

import type { Token } from './lexer.ts';
import type { Operand, ParameterNode, Selector, Statement, Subroutine, TypeNode } from './syntax.ts';
import type { TokenReader } from './token-reader.ts';
import { readSize, readType, seesType } from './type-reader.ts';

type ReadStatements = (reader: TokenReader) => Statement[];

const ASSIGNMENT = /^(?:\*\*|<<|>>|[-+*/%^~&|])?=$/;

function nameOf(reader: TokenReader, what: string): string {
  return reader.expectKind('identifier', what).text;
}

export function readInput(reader: TokenReader, at: Token): Statement {
  reader.take();
  const type = readType(reader);
  const name = nameOf(reader, 'the name of an input');
  reader.expect(';');
  return { kind: 'input', name, type, at };
}

/** int n = 3; bit[2] c; bit c = measure q; const float x = pi / 2; */
export function readVariable(reader: TokenReader, at: Token, constant: boolean): Statement {
  const type = readType(reader);
  const name = nameOf(reader, 'a name');
  const start = { kind: 'variable', name, type, constant, at } as const;
  if (constant && !reader.sees('=')) reader.fail("'=' wanted");
  if (!reader.accept('=')) {
    reader.expect(';');
    return start;
  }
  const right = readRight(reader, type.kind === 'bit' && !constant);
  return 'measured' in right ? { ...start, measured: right.measured } : { ...start, value: right.value };
}

function readRight(reader: TokenReader, bits: boolean) {
  if (bits && reader.accept('measure')) {
    const measured = reader.operand();
    reader.expect(';');
    return { measured };
  }
  const value = reader.expression();
  reader.expect(';');
  return { value };
}

/** A gate is never indexed and never followed by '=', so two tokens tell. */
export function seesAssignment(reader: TokenReader): boolean {
  const { kind, text } = reader.peek(1);
  return kind === 'symbol' && (text === '[' || ASSIGNMENT.test(text));
}

export function readAssignment(reader: TokenReader, at: Token): Statement {
  const target = reader.operand();
  const sign = reader.next;
  if (sign.kind !== 'symbol' || !ASSIGNMENT.test(sign.text)) reader.fail("'=' wanted");
  reader.take();
  const operator = sign.text.slice(0, -1);
  const right = readRight(reader, operator === '');
  if ('measured' in right) return { kind: 'measure', qubits: right.measured, bits: target, at };
  return { kind: 'assign', target, operator, value: right.value, at };
}

/** let a = q; let a = q[0:1] ++ r; */
export function readAlias(reader: TokenReader, at: Token): Statement {
  reader.take();
  const name = nameOf(reader, 'a name');
  reader.expect('=');
  const parts: Operand[] = [reader.operand()];
  while (reader.accept('++')) parts.push(reader.operand());
  reader.expect(';');
  return { kind: 'alias', name, parts, at };
}

export function readIf(reader: TokenReader, at: Token, readBody: ReadStatements): Statement {
  reader.take();
  const condition = readCondition(reader);
  const body = readBody(reader);
  return { kind: 'if', condition, body, otherwise: reader.accept('else') ? readBody(reader) : [], at };
}

function readCondition(reader: TokenReader) {
  reader.expect('(');
  const condition = reader.expression();
  reader.expect(')');
  return condition;
}

/** while (…) { … } and for int i in [0:3] { … }, in {0, 2}, in an array. */
export function readLoop(reader: TokenReader, at: Token, readBody: ReadStatements): Statement {
  reader.take();
  if (at.text === 'while') {
    const condition = readCondition(reader);
    return { kind: 'while', condition, body: readBody(reader), at };
  }
  const type = seesType(reader) ? { type: readType(reader) } : {};
  const name = nameOf(reader, 'a loop variable');
  reader.expect('in');
  const range = readRange(reader);
  return { kind: 'for', ...type, name, range, body: readBody(reader), at };
}

function readRange(reader: TokenReader): Selector {
  if (reader.sees('{')) return reader.selector();
  if (!reader.accept('[')) return { kind: 'index', index: reader.expression() };
  const range = reader.selector();
  reader.expect(']');
  if (range.kind !== 'range') reader.fail('a loop over [start:stop], [start:step:stop], {…} or an array wanted');
  return range;
}

/** def f(int n, qubit[2] q, mutable array[int, #dim = 1] a) -> int { … } */
export function readSubroutine(reader: TokenReader, at: Token, readBlock: ReadStatements): Subroutine {
  reader.take();
  const name = nameOf(reader, 'the name of a subroutine');
  reader.expect('(');
  const parameters = reader.sees(')') ? [] : reader.list(() => readParameter(reader));
  reader.expect(')');
  const result: { result?: TypeNode } = reader.accept('->') ? { result: readType(reader) } : {};
  return { kind: 'def', name, parameters, ...result, body: readBlock(reader), at };
}

function readParameter(reader: TokenReader): ParameterNode {
  const at = reader.next;
  if (reader.accept('qubit')) {
    const size = readSize(reader);
    return { kind: 'qubits', name: nameOf(reader, 'a name'), ...(size === undefined ? {} : { size }), at };
  }
  const mutable = reader.accept('mutable');
  if (!mutable && !reader.accept('readonly')) reader.accept('const');
  const type = readType(reader);
  if (mutable && type.kind !== 'array') reader.fail('an array that the subroutine changes wanted', type.at);
  return { kind: 'value', name: nameOf(reader, 'a name'), type, mutable, at };
}

export function readReturn(reader: TokenReader, at: Token): Statement {
  reader.take();
  if (reader.accept(';')) return { kind: 'return', at };
  const value = reader.expression();
  reader.expect(';');
  return { kind: 'return', value, at };
}
