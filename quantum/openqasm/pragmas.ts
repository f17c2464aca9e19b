/** Braket's pragmas: result types, noise channels, unitaries and the verbatim mark. */

import type { ComplexMatrix } from '../circuit/matrix.ts';
import { matrixFrom } from '../circuit/matrix.ts';
import { CHANNELS } from '../circuit/noise.ts';
import type { StandardObservable } from '../circuit/observable.ts';
import { numberOf } from './lexer.ts';
import type { FactorNode, Operand, Pragma, ResultNode, TermNode } from './syntax.ts';
import type { TokenReader } from './token-reader.ts';

const STANDARD = new Set(['i', 'x', 'y', 'z', 'h']);
/** A unitary or observable on more qubits than this has no place in a line of text. */
const MAX_MATRIX_DIMENSION = 256;

/** Reads what follows `#pragma`, up to the end of its line. */
export function readPragma(reader: TokenReader): Pragma {
  if (!reader.accept('braket')) reader.fail("the pragma 'braket' wanted");
  const kind = reader.expectKind('identifier', "'result', 'noise', 'unitary' or 'verbatim'");
  const pragma = readBody(reader, kind.text) ?? reader.fail("'result', 'noise', 'unitary' or 'verbatim' wanted", kind);
  reader.expectKind('endpragma', 'the end of the pragma');
  return pragma;
}

function readBody(reader: TokenReader, kind: string): Pragma | null {
  switch (kind) {
    case 'verbatim':
      return { pragma: 'verbatim' };
    case 'result':
      return { pragma: 'result', result: readResult(reader) };
    case 'unitary': {
      reader.expect('(');
      const matrix = readMatrix(reader);
      reader.expect(')');
      return { pragma: 'unitary', matrix, operands: readTargets(reader) };
    }
    case 'noise':
      return readNoise(reader);
    default:
      return null;
  }
}

function readNoise(reader: TokenReader): Pragma {
  const name = reader.expectKind('identifier', 'a noise channel');
  if (name.text !== 'kraus' && !CHANNELS.has(name.text)) reader.fail('a noise channel wanted', name);
  reader.expect('(');
  if (name.text === 'kraus') {
    const kraus = reader.list(() => readMatrix(reader));
    reader.expect(')');
    return { pragma: 'noise', channel: 'kraus', probabilities: [], kraus, operands: readTargets(reader) };
  }
  const probabilities = reader.list(() => readReal(reader));
  reader.expect(')');
  return { pragma: 'noise', channel: name.text, probabilities, operands: readTargets(reader) };
}

function readTargets(reader: TokenReader): Operand[] | null {
  if (reader.accept('all')) return null;
  return reader.list(() => reader.operand());
}

function readResult(reader: TokenReader): ResultNode {
  const type = reader.expectKind('identifier', 'a result type');
  switch (type.text) {
    case 'state_vector':
      return { type: 'state_vector' };
    case 'amplitude':
      return { type: 'amplitude', states: reader.list(() => readBits(reader)) };
    case 'probability':
    case 'density_matrix':
      return { type: type.text, operands: reader.next.kind === 'endpragma' ? null : readTargets(reader) };
    case 'expectation':
    case 'variance':
    case 'sample':
      return { type: type.text, factors: readProduct(reader) };
    case 'adjoint_gradient':
      return readAdjointGradient(reader);
    default:
      return reader.fail('a result type wanted', type);
  }
}

function readBits(reader: TokenReader): string {
  const token = reader.expectKind('string', 'a bit string in quotes');
  const bits = token.text.slice(1, -1);
  if (!/^[01]+$/.test(bits)) reader.fail('a bit string in quotes wanted', token);
  return bits;
}

function readProduct(reader: TokenReader): FactorNode[] {
  const factors = [readFactor(reader)];
  while (reader.accept('@')) factors.push(readFactor(reader));
  if (factors.length > 1 && factors.some((factor) => factor.operands === null)) {
    reader.fail("targets for each factor of a tensor product wanted, not 'all'", factors[0]!.at);
  }
  return factors;
}

function readFactor(reader: TokenReader): FactorNode {
  const at = reader.expectKind('identifier', 'an observable (i, x, y, z, h, hermitian)');
  if (at.text === 'hermitian') {
    reader.expect('(');
    const matrix = readMatrix(reader);
    reader.expect(')');
    return { name: 'hermitian', matrix, operands: readTargets(reader), at };
  }
  if (!STANDARD.has(at.text)) reader.fail('an observable (i, x, y, z, h, hermitian) wanted', at);
  const name = at.text as StandardObservable;
  if (reader.accept('all')) return { name, operands: null, at };
  reader.expect('(');
  const operand = reader.operand();
  reader.expect(')');
  return { name, operands: [operand], at };
}

/** expectation(c * x(q[0]) @ y(q[1]) - z(q[2])) a, b | all */
function readAdjointGradient(reader: TokenReader): ResultNode {
  reader.expect('expectation');
  reader.expect('(');
  const terms: TermNode[] = [];
  let sign = 1;
  for (;;) {
    while (reader.sees('-') || reader.sees('+')) if (reader.take().text === '-') sign = -sign;
    let coefficient = sign;
    if (reader.next.kind === 'integer' || reader.next.kind === 'float') {
      coefficient *= numberOf(reader.take());
      reader.expect('*');
    }
    terms.push({ coefficient, factors: readProduct(reader) });
    if (!reader.sees('+') && !reader.sees('-')) break;
    sign = 1;
  }
  reader.expect(')');
  if (reader.accept('all') || reader.next.kind === 'endpragma') return { type: 'adjoint_gradient', terms, parameters: 'all' };
  const parameters = reader.list(() => reader.expectKind('identifier', 'a parameter or all').text);
  return { type: 'adjoint_gradient', terms, parameters };
}

function readReal(reader: TokenReader): number {
  let sign = 1;
  while (reader.sees('-') || reader.sees('+')) if (reader.take().text === '-') sign = -sign;
  if (reader.next.kind !== 'integer' && reader.next.kind !== 'float') reader.fail('a number wanted');
  return sign * numberOf(reader.take());
}

/** a, b im, a + b im, with signs anywhere. */
function readComplex(reader: TokenReader): [number, number] {
  const sum: [number, number] = [0, 0];
  for (let parts = 0; ; parts++) {
    let sign = 1;
    while (reader.sees('-') || reader.sees('+')) if (reader.take().text === '-') sign = -sign;
    const token = reader.take();
    if (token.kind === 'imaginary') sum[1] += sign * numberOf(token);
    else if (token.kind === 'integer' || token.kind === 'float') sum[0] += sign * numberOf(token);
    else reader.fail('a complex number such as 0.5-1im wanted', token);
    if (parts > 0 || (!reader.sees('+') && !reader.sees('-'))) return sum;
  }
}

function readMatrix(reader: TokenReader): ComplexMatrix {
  const at = reader.expect('[');
  const rows = reader.list(() => {
    reader.expect('[');
    const row = reader.list(() => readComplex(reader));
    reader.expect(']');
    if (row.length > MAX_MATRIX_DIMENSION) reader.fail(`a matrix of dimension at most ${MAX_MATRIX_DIMENSION} wanted`, at);
    return row;
  });
  reader.expect(']');
  const power = Math.log2(rows.length);
  if (!Number.isInteger(power) || power < 1 || rows.some((row) => row.length !== rows.length)) {
    reader.fail(`a square matrix of dimension 2^k wanted, ${rows.length} rows`, at);
  }
  return matrixFrom(rows);
}
