/** The names in sight while a program is executed, and the budget that keeps execution finite. */

import { OpenQasmError, QuantumError } from '../errors.ts';
import type { Token } from './lexer.ts';
import type { InputLookup } from './tangents.ts';
import type { ClassicalType, Value } from './values.ts';

/** Statements, loop rounds and gates that one program may make; a step of an expression counts as a small part of one. */
export const MAX_WORK = 1_000_000;
const EXPRESSION_WORK = 0.05;
/** Bound on recursion, so that no program can overflow the stack: one per expression inside another, more for a statement. */
const MAX_DEPTH = 1200;

export type Entry =
  | {
      readonly kind: 'value';
      readonly type: ClassicalType;
      readonly constant: boolean;
      /** undefined: declared, but never written. */
      value: Value | undefined;
      /** Bits take measurements; the number tells registers apart. */
      readonly register?: number;
      /** After a measurement nobody can read the value, since measurement comes last. */
      measured?: boolean;
    }
  /** `single`: one qubit, over which gates do not broadcast. */
  | { readonly kind: 'qubits'; readonly qubits: readonly number[]; readonly single: boolean };

type Frame = Map<string, Entry>;

export class Scope {
  readonly #globals: Frame = new Map();
  #frames: Frame[] = [this.#globals];
  /** Inside a gate only constants can be seen from outside. */
  #constantsOnly = false;
  readonly #inputs: InputLookup;
  #work = 0;
  #depth = 0;

  constructor(input: InputLookup) {
    this.#inputs = input;
  }

  input: InputLookup = (name) => this.#inputs(name);

  lookup(name: string): Entry | undefined {
    for (let i = this.#frames.length - 1; i >= 0; i--) {
      const entry = this.#frames[i]!.get(name);
      if (entry === undefined) continue;
      const hidden = i === 0 && this.#constantsOnly && !(entry.kind === 'value' && entry.constant);
      return hidden ? undefined : entry;
    }
    return undefined;
  }

  /** Whether the innermost block has the name. */
  declared(name: string): boolean {
    return this.#frames.at(-1)!.has(name);
  }

  declare(name: string, entry: Entry): void {
    this.#frames.at(-1)!.set(name, entry);
  }

  /** Runs an action in a block of its own. */
  block<T>(action: () => T): T {
    this.#frames.push(new Map());
    const result = action();
    this.#frames.pop();
    return result;
  }

  /** Runs the body of a subroutine or a gate: it sees its own names and the global ones, of these a gate only the constants. */
  body<T>(constantsOnly: boolean, action: () => T): T {
    const [frames, only] = [this.#frames, this.#constantsOnly];
    this.#frames = [this.#globals, new Map()];
    this.#constantsOnly = constantsOnly;
    const result = action();
    this.#frames = frames;
    this.#constantsOnly = only;
    return result;
  }

  get room(): number {
    return MAX_WORK - this.#work;
  }

  spend(at: Token, amount = 1): void {
    this.#work += amount;
    if (this.#work > MAX_WORK) this.fail(at, `a program of at most ${MAX_WORK} steps wanted`);
  }

  /** Work of an expression that touches so many elements. */
  spendSmall(at: Token, elements = 1): void {
    this.spend(at, EXPRESSION_WORK * elements);
  }

  /** Guards recursion; an error leaves the counter as it is, since it ends the program. */
  enter(at: Token, levels: number): void {
    this.#depth += levels;
    if (this.#depth > MAX_DEPTH) this.fail(at, 'a less deep nesting of calls and expressions wanted');
  }

  leave(levels: number): void {
    this.#depth -= levels;
  }

  fail(at: Token, message: string): never {
    throw new OpenQasmError(message, at.line, at.column);
  }

  /** Turns the errors of the circuit layer into errors with a position. */
  located<T>(at: Token, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw this.positioned(at, error);
    }
  }

  positioned(at: Token, error: unknown): unknown {
    const bare = error instanceof QuantumError && !(error instanceof OpenQasmError);
    return bare ? new OpenQasmError(error.message, at.line, at.column) : error;
  }
}
