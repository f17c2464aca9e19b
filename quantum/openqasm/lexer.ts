/**
 * From OpenQASM 3 text to tokens with positions. A pragma lives on one line, so its tokens are fenced by the tokens
 * 'pragma' and 'endpragma'; everything else ignores line ends.
 */

import { OpenQasmError } from '../errors.ts';

export type TokenKind =
  | 'identifier'
  | 'integer'
  | 'float'
  | 'imaginary'
  | 'string'
  | 'hardware'
  | 'symbol'
  | 'pragma'
  | 'endpragma'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

export const MAX_SOURCE_CHARACTERS = 8_000_000;

const SPACE = /[ \t\r\n\f\v\u00a0\ufeff]+/y;
const LINE_COMMENT = /\/\/[^\n]*/y;
const PRAGMA = /(?:#pragma|pragma)\b/y;
const WORD = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}_]*/uy;
const HARDWARE = /\$\d+/y;
const NUMBER = /(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/y;
const STRING = /"[^"\n]*"|'[^'\n]*'/y;
const SYMBOL = /\*\*=|<<=|>>=|->|\*\*|\+\+|==|!=|<=|>=|&&|\|\||<<|>>|[-+*/%^~&|]=|[-+*/%^~!&|<>=@:;,#()[\]{}]/y;

const KINDS: readonly (readonly [TokenKind, RegExp])[] = [
  ['identifier', WORD],
  ['hardware', HARDWARE],
  ['string', STRING],
  ['symbol', SYMBOL],
];

export function tokenize(source: string): Token[] {
  if (source.length > MAX_SOURCE_CHARACTERS) {
    throw new OpenQasmError(`a program of at most ${MAX_SOURCE_CHARACTERS} characters wanted, ${source.length} found`, 1, 1);
  }
  return new Lexer(source).tokens();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  #lineStart = 0;
  #inPragma = false;

  constructor(source: string) {
    this.#source = source;
  }

  tokens(): Token[] {
    while (this.#at < this.#source.length) this.#step();
    if (this.#inPragma) this.#push('endpragma', '');
    this.#push('end', '');
    return this.#tokens;
  }

  #push(kind: TokenKind, text: string): void {
    this.#tokens.push({ kind, text, line: this.#line, column: this.#at - this.#lineStart + 1 });
    this.#at += text.length;
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#source)?.[0] ?? null;
  }

  #step(): void {
    const blank = this.#match(SPACE) ?? this.#match(LINE_COMMENT) ?? this.#blockComment();
    if (blank !== null) {
      this.#skip(blank);
      return;
    }
    const pragma = this.#inPragma ? null : this.#match(PRAGMA);
    if (pragma !== null) {
      this.#push('pragma', pragma);
      this.#inPragma = true;
    } else this.#token();
  }

  #token(): void {
    const number = this.#match(NUMBER);
    if (number !== null) {
      this.#number(number);
      return;
    }
    for (const [kind, pattern] of KINDS) {
      const text = this.#match(pattern);
      if (text !== null) {
        this.#push(kind, text);
        return;
      }
    }
    const shown = JSON.stringify(String.fromCodePoint(this.#source.codePointAt(this.#at)!));
    throw new OpenQasmError(`a token wanted, ${shown} found`, this.#line, this.#at - this.#lineStart + 1);
  }

  /** `2im` is imaginary; a number that runs into other letters (a duration such as 10ns) is refused. */
  #number(text: string): void {
    const tail = /[\p{L}_][\p{L}\p{Nd}_]*/uy;
    tail.lastIndex = this.#at + text.length;
    const suffix = tail.exec(this.#source)?.[0] ?? '';
    if (suffix !== '' && suffix !== 'im') {
      throw new OpenQasmError(
        `a number wanted, '${text}${suffix}' found (durations are not supported)`,
        this.#line,
        this.#at - this.#lineStart + 1,
      );
    }
    if (suffix === 'im') this.#push('imaginary', `${text}im`);
    else this.#push(/^(?:\d[\d_]*|0[xXbBoO].*)$/.test(text) ? 'integer' : 'float', text);
  }

  #skip(text: string): void {
    for (let i = 0; i < text.length; i++) {
      if (text[i] !== '\n') continue;
      if (this.#inPragma) {
        this.#tokens.push({ kind: 'endpragma', text: '', line: this.#line, column: this.#at + i - this.#lineStart + 1 });
        this.#inPragma = false;
      }
      this.#line++;
      this.#lineStart = this.#at + i + 1;
    }
    this.#at += text.length;
  }

  #blockComment(): string | null {
    if (!this.#source.startsWith('/*', this.#at)) return null;
    const close = this.#source.indexOf('*/', this.#at + 2);
    if (close < 0) {
      throw new OpenQasmError('the end of a comment wanted, end of program found', this.#line, this.#at - this.#lineStart + 1);
    }
    return this.#source.slice(this.#at, close + 2);
  }
}

/** Value of a number token, underscores dropped; an imaginary token gives its coefficient. */
export function numberOf(token: Token): number {
  return Number(token.text.replace(/_|im$/g, ''));
}
