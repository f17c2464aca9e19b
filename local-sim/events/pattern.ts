/**
 * EventBridge's pattern language, as far as AWS documents it for rules ("Comparison operators for use in event patterns"): exact values,
 * prefix, suffix, equals-ignore-case, anything-but in all its forms, numeric, exists, wildcard, cidr and $or.
 * A pattern is compiled once; an operator that is not known is refused then, never ignored.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { ServiceError } from '../service.ts';

export type EventMatcher = (event: unknown) => boolean;

/** Tests the values found at a field; `present` is false when the field is absent. */
type LeafTest = (values: readonly unknown[], present: boolean) => boolean;

const invalid = (why: string) =>
  new ServiceError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${why}`, 400);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Compiles a pattern (JSON text or its value). Throws InvalidEventPatternException with the path of what is wrong. */
export function compilePattern(pattern: unknown): EventMatcher {
  let parsed = pattern;
  if (typeof pattern === 'string') {
    try {
      parsed = JSON.parse(pattern);
    } catch (error) {
      throw invalid(error instanceof Error ? error.message : String(error));
    }
  }
  if (!isObject(parsed)) throw invalid('it must be a JSON object');
  return compileObject(parsed, '');
}

function compileObject(pattern: Record<string, unknown>, path: string): EventMatcher {
  const tests: EventMatcher[] = [];
  const entries = Object.entries(pattern);
  if (entries.length === 0) throw invalid(`empty objects are not allowed${path === '' ? '' : ` at ${path}`}`);
  for (const [name, wanted] of entries) {
    const here = path === '' ? name : `${path}.${name}`;
    if (name === '$or') {
      if (!Array.isArray(wanted) || wanted.length < 2 || !wanted.every(isObject))
        throw invalid(`$or at ${here} needs a list of at least two objects`);
      const branches = wanted.map((branch, i) => compileObject(branch, `${here}[${i}]`));
      tests.push((event) => branches.some((branch) => branch(event)));
    } else if (Array.isArray(wanted)) {
      const test = compileLeaf(wanted, here);
      tests.push((event) => {
        const { values, present } = fieldOf(event, name);
        return test(values, present);
      });
    } else if (isObject(wanted)) {
      const inner = compileObject(wanted, here);
      // Through a list any element may match; through nothing the inner tests see absent fields, which `exists: false` accepts.
      tests.push((event) => {
        const { values, present } = fieldOf(event, name);
        return present && values.length > 0 ? values.some((value) => inner(value)) : inner({});
      });
    } else throw invalid(`"${here}" must be an object or an array`);
  }
  return (event) => tests.every((test) => test(event));
}

function fieldOf(event: unknown, name: string): { values: readonly unknown[]; present: boolean } {
  if (!isObject(event) || !Object.hasOwn(event, name)) return { values: [], present: false };
  const value = event[name];
  return { values: Array.isArray(value) ? value : [value], present: true };
}

function compileLeaf(list: readonly unknown[], path: string): LeafTest {
  if (list.length === 0) throw invalid(`empty arrays are not allowed at ${path}`);
  const tests = list.map((item) => compileItem(item, path));
  return (values, present) => tests.some((test) => test(values, present));
}

const anyValue =
  (test: (value: unknown) => boolean): LeafTest =>
  (values) =>
    values.some((value) => !isObject(value) && test(value));

function compileItem(item: unknown, path: string): LeafTest {
  if (!isObject(item)) {
    if (Array.isArray(item)) throw invalid(`a list within the list at ${path}`);
    return anyValue((value) => value === item);
  }
  const entries = Object.entries(item);
  if (entries.length !== 1) throw invalid(`only one key is allowed in a match expression at ${path}`);
  const [operator, operand] = entries[0]!;
  switch (operator) {
    case 'exists':
      if (typeof operand !== 'boolean') throw invalid(`exists at ${path} must be true or false`);
      // Only leaves exist: an object in the field is not one.
      return (values, present) => (present && values.some((value) => !isObject(value))) === operand;
    case 'anything-but':
      return compileAnythingBut(operand, path);
    case 'numeric':
      return anyValue(compileNumeric(operand, path));
    case 'cidr':
      return anyValue(compileCidr(operand, path));
    default:
      return anyValue(compileText(operator, operand, path));
  }
}

/** Operators on text: prefix, suffix (each also without regard to case), equals-ignore-case, wildcard. */
function compileText(operator: string, operand: unknown, path: string): (value: unknown) => boolean {
  const onText = (test: (value: string) => boolean) => (value: unknown) => typeof value === 'string' && test(value);
  if (operator === 'prefix' || operator === 'suffix') {
    const folded = isObject(operand) && Object.keys(operand).length === 1 ? operand['equals-ignore-case'] : undefined;
    if (typeof folded === 'string') {
      const small = folded.toLowerCase();
      return onText((value) =>
        operator === 'prefix' ? value.toLowerCase().startsWith(small) : value.toLowerCase().endsWith(small),
      );
    }
    if (typeof operand !== 'string') throw invalid(`${operator} at ${path} must be a string`);
    return onText((value) => (operator === 'prefix' ? value.startsWith(operand) : value.endsWith(operand)));
  }
  if (operator === 'equals-ignore-case') {
    if (typeof operand !== 'string') throw invalid(`equals-ignore-case at ${path} must be a string`);
    return onText((value) => value.toLowerCase() === operand.toLowerCase());
  }
  if (operator === 'wildcard') {
    if (typeof operand !== 'string') throw invalid(`wildcard at ${path} must be a string`);
    return onText(compileWildcard(operand, path));
  }
  throw invalid(`unrecognized match type ${operator} at ${path}`);
}

/** `*` stands for any characters; `\*` and `\\` for themselves. Greedy matching of the pieces, so time is linear in text and pieces. */
function compileWildcard(source: string, path: string): (text: string) => boolean {
  const pieces: string[] = [''];
  for (let i = 0; i < source.length; i++) {
    const c = source[i]!;
    if (c === '\\') {
      const next = source[++i];
      if (next !== '*' && next !== '\\') throw invalid(`wildcard at ${path} has an escape that is neither \\* nor \\\\`);
      pieces[pieces.length - 1] += next;
    } else if (c === '*') {
      if (source[i + 1] === '*') throw invalid(`consecutive wildcard characters at ${path}`);
      pieces.push('');
    } else pieces[pieces.length - 1] += c;
  }
  const first = pieces[0]!;
  const last = pieces.at(-1)!;
  if (pieces.length === 1) return (text) => text === first;
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    const end = text.length - last.length;
    for (const piece of pieces.slice(1, -1)) {
      const found = text.indexOf(piece, at);
      if (found < 0 || found + piece.length > end) return false;
      at = found + piece.length;
    }
    return true;
  };
}

/** True when some value of a present field matches none of what is excluded. */
function compileAnythingBut(operand: unknown, path: string): LeafTest {
  if (isObject(operand)) {
    const entries = Object.entries(operand);
    if (entries.length !== 1) throw invalid(`anything-but at ${path} takes one operator`);
    const [operator, inner] = entries[0]!;
    const list = Array.isArray(inner) ? inner : [inner];
    if (list.length === 0) throw invalid(`empty arrays are not allowed in anything-but at ${path}`);
    const tests = list.map((one) => compileText(operator, one, path));
    return anyValue((value) => !tests.some((test) => test(value)));
  }
  const excluded = Array.isArray(operand) ? operand : [operand];
  const plain =
    excluded.every((one) => typeof one === 'string') ||
    excluded.every((one) => typeof one === 'number') ||
    (excluded.length === 1 && (excluded[0] === null || typeof excluded[0] === 'boolean'));
  if (excluded.length === 0 || !plain) throw invalid(`anything-but at ${path} takes strings or numbers`);
  return anyValue((value) => !excluded.includes(value));
}

const COMPARE: Record<string, (value: number, bound: number) => boolean> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

function compileNumeric(operand: unknown, path: string): (value: unknown) => boolean {
  if (!Array.isArray(operand) || (operand.length !== 2 && operand.length !== 4))
    throw invalid(`numeric at ${path} takes one comparison or two`);
  const tests: ((value: number) => boolean)[] = [];
  for (let i = 0; i < operand.length; i += 2) {
    const compare = COMPARE[String(operand[i])];
    const bound: unknown = operand[i + 1];
    if (!compare) throw invalid(`numeric at ${path} has the operator ${JSON.stringify(operand[i])}`);
    if (typeof bound !== 'number') throw invalid(`numeric at ${path} must compare with a number`);
    tests.push((value) => compare(value, bound));
  }
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

function addressBits(address: string): { value: bigint; width: number } | undefined {
  if (isIPv4(address)) return { value: address.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n), width: 32 };
  if (!isIPv6(address) || address.includes('.') || address.includes('%')) return undefined;
  const [left = '', right] = address.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const groups = right === undefined ? head : [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return { value: groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n), width: 128 };
}

function compileCidr(operand: unknown, path: string): (value: unknown) => boolean {
  const [address = '', length = ''] = typeof operand === 'string' ? operand.split('/') : [];
  const base = addressBits(address);
  if (!base || !/^\d{1,3}$/.test(length) || Number(length) > base.width)
    throw invalid(`cidr at ${path} must be an address range, found ${JSON.stringify(operand)}`);
  const shift = BigInt(base.width - Number(length));
  return (value) => {
    const found = typeof value === 'string' ? addressBits(value) : undefined;
    return found !== undefined && found.width === base.width && found.value >> shift === base.value >> shift;
  };
}
