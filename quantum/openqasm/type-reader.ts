/** The grammar of classical types: int[8], bit[4], array[float, 2, 3]. */

import type { Expression, ScalarName, TypeNode } from './syntax.ts';
import type { TokenReader } from './token-reader.ts';

export const SCALARS: ReadonlySet<string> = new Set<ScalarName>(['int', 'uint', 'float', 'angle', 'bool', 'bit']);

/** Whether a declaration may begin here. */
export function seesType(reader: TokenReader): boolean {
  return reader.next.kind === 'identifier' && (SCALARS.has(reader.next.text) || reader.sees('array'));
}

export function readType(reader: TokenReader): TypeNode {
  const at = reader.expectKind('identifier', 'a type');
  if (at.text === 'array') return readArray(reader, at);
  if (!SCALARS.has(at.text)) reader.fail('the type int, uint, float, angle, bool, bit or array wanted', at);
  const kind = at.text as ScalarName;
  if (!reader.sees('[')) return { kind, at };
  if (kind === 'bool' || kind === 'angle') reader.fail(`${kind} without a width wanted`);
  return { kind, width: readSize(reader)!, at };
}

/** [n] where it is written. */
export function readSize(reader: TokenReader): Expression | undefined {
  if (!reader.accept('[')) return undefined;
  const size = reader.expression();
  reader.expect(']');
  return size;
}

/** array[base, n, m], and array[base, #dim = 2] for a subroutine that takes any sizes. */
function readArray(reader: TokenReader, at: TypeNode['at']): TypeNode {
  reader.expect('[');
  const base = readType(reader);
  if (base.kind === 'array') reader.fail('a scalar type in an array wanted', base.at);
  reader.expect(',');
  let sizes: Expression[] | null = null;
  if (reader.accept('#')) {
    if (reader.expectKind('identifier', 'dim').text !== 'dim') reader.fail("'#dim = n' wanted");
    reader.expect('=');
    reader.expression();
  } else sizes = reader.list(() => reader.expression());
  reader.expect(']');
  return { kind: 'array', base, sizes, at };
}
