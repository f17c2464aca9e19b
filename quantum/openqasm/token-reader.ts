/** A cursor over tokens with the questions a parser asks, and the parser of expressions and operands. */

import { OpenQasmError } from '../errors.ts';
import type { Token, TokenKind } from './lexer.ts';
import { numberOf } from './lexer.ts';
import type { Expression, Operand, Selector, TypeNode } from './syntax.ts';
import { readType, SCALARS } from './type-reader.ts';

export const MAX_NESTING = 64;
/** Operators in one expression; bounds the depth of its tree. */
const MAX_OPERATORS = 1000;

/** Loosest first, as in the specification of the language. */
const LEVELS = ['||', '&&', '|', '^', '&', '== !=', '< <= > >=', '<< >>', '+ -', '* / %', 'unary', '**'];
const PRECEDENCE = new Map(LEVELS.flatMap((names, level) => names.split(' ').map((name): [string, number] => [name, level])));
const UNARY_PRECEDENCE = PRECEDENCE.get('unary')!;
const SIGNS = new Set(['-', '+', '!', '~']);

export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  #expressionDepth = 0;
  #operators = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get next(): Token {
    return this.#tokens[this.#at]!;
  }

  peek(ahead: number): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!;
  }

  take(): Token {
    const token = this.next;
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  sees(text: string): boolean {
    return (this.next.kind === 'symbol' || this.next.kind === 'identifier') && this.next.text === text;
  }

  /** Takes the token if it is there. */
  accept(text: string): boolean {
    if (!this.sees(text)) return false;
    this.#at++;
    return true;
  }

  expect(text: string): Token {
    if (!this.sees(text)) this.fail(`'${text}' wanted`);
    return this.take();
  }

  expectKind(kind: TokenKind, what: string): Token {
    if (this.next.kind !== kind) this.fail(`${what} wanted`);
    return this.take();
  }

  fail(message: string, at: Token = this.next): never {
    const found = at.kind === 'end' ? 'end of program' : at.kind === 'endpragma' ? 'end of line' : `'${at.text.slice(0, 40)}'`;
    throw new OpenQasmError(`${message}, ${found} found`, at.line, at.column);
  }

  /** Guards recursion, so that no input can overflow the stack. */
  nested<T>(read: () => T): T {
    if (++this.#depth > MAX_NESTING) this.fail(`nesting of at most ${MAX_NESTING} wanted`);
    const result = read();
    this.#depth--;
    return result;
  }

  /** Items separated by commas, at least one. */
  list<T>(read: () => T): T[] {
    const items = [read()];
    while (this.accept(',')) items.push(read());
    return items;
  }

  expression(minimum = 0): Expression {
    return this.nested(() => {
      if (this.#expressionDepth++ === 0) this.#operators = 0;
      let left = this.#prefix();
      for (;;) {
        const operator = this.next;
        const precedence = operator.kind === 'symbol' ? PRECEDENCE.get(operator.text) : undefined;
        if (precedence === undefined || precedence < minimum) {
          this.#expressionDepth--;
          return left;
        }
        if (++this.#operators > MAX_OPERATORS) this.fail(`an expression of at most ${MAX_OPERATORS} operators wanted`);
        this.take();
        // ** binds to the right, the others to the left.
        const right = this.expression(operator.text === '**' ? precedence : precedence + 1);
        left = { kind: 'binary', operator: operator.text, left, right, at: operator };
      }
    });
  }

  #prefix(): Expression {
    const at = this.next;
    if (at.kind === 'symbol' && SIGNS.has(at.text)) {
      this.take();
      return { kind: 'unary', operator: at.text, operand: this.expression(UNARY_PRECEDENCE), at };
    }
    const of = this.#primary();
    const selectors = this.selectors();
    return selectors.length === 0 ? of : { kind: 'index', of, selectors, at };
  }

  #primary(): Expression {
    if (this.next.kind === 'identifier' && (SCALARS.has(this.next.text) || this.sees('array'))) return this.#cast();
    const at = this.take();
    if (at.kind === 'integer' || at.kind === 'float') return { kind: 'number', value: numberOf(at), at };
    if (at.kind === 'string') {
      const digits = at.text.slice(1, -1).replaceAll('_', '');
      if (!/^[01]+$/.test(digits)) this.fail('a string of bits wanted', at);
      return { kind: 'bits', bits: [...digits].map((digit) => digit === '1'), at };
    }
    if (at.kind === 'hardware') return { kind: 'name', name: at.text, at };
    if (at.kind === 'symbol' && at.text === '(') {
      const inner = this.expression();
      this.expect(')');
      return inner;
    }
    if (at.kind === 'symbol' && at.text === '{') {
      const items = this.list(() => this.expression());
      this.expect('}');
      return { kind: 'array', items, at };
    }
    if (at.kind !== 'identifier') return this.fail('an expression wanted', at);
    if (at.text === 'measure') this.fail('a classical value wanted (mid-circuit measurement is not supported)', at);
    if (!this.accept('(')) return { kind: 'name', name: at.text, at };
    const operands = this.sees(')') ? [] : this.list(() => this.expression());
    this.expect(')');
    return { kind: 'call', name: at.text, operands, at };
  }

  /** A type name before parentheses: float(x), int[8](x). */
  #cast(): Expression {
    const at = this.next;
    const type: TypeNode = readType(this);
    this.expect('(');
    const operand = this.expression();
    this.expect(')');
    return { kind: 'cast', type, operand, at };
  }

  /** Brackets behind a name, those with commas and those with several pairs alike. */
  selectors(): Selector[] {
    const selectors: Selector[] = [];
    while (this.accept('[')) {
      selectors.push(...this.list(() => this.selector()));
      this.expect(']');
      if (selectors.length > MAX_NESTING) this.fail(`at most ${MAX_NESTING} indices wanted`);
    }
    return selectors;
  }

  operand(): Operand {
    const at = this.next;
    if (at.kind === 'hardware') return { name: this.take().text, selectors: [], at };
    const name = this.expectKind('identifier', 'a qubit or register').text;
    return { name, selectors: this.selectors(), at };
  }

  /** What stands between brackets. */
  selector(): Selector {
    if (this.accept('{')) {
      const items = this.list(() => this.expression());
      this.expect('}');
      return { kind: 'set', items };
    }
    const parts: (Expression | undefined)[] = [];
    for (;;) {
      parts.push(this.sees(':') || this.sees(']') || this.sees(',') ? undefined : this.expression());
      if (!this.accept(':')) break;
    }
    if (parts.length === 1) return parts[0] === undefined ? this.fail('an index wanted') : { kind: 'index', index: parts[0] };
    if (parts.length > 3) this.fail('a range of two or three parts wanted');
    const [start, middle, last] = parts;
    const step = parts.length === 3 ? middle : undefined;
    const stop = parts.length === 3 ? last : middle;
    return {
      kind: 'range',
      ...(start === undefined ? {} : { start }),
      ...(step === undefined ? {} : { step }),
      ...(stop === undefined ? {} : { stop }),
    };
  }
}
