/** The names and values in sight while a program is executed, and the budget that keeps execution finite. */

import type { Angle } from '../circuit/angle.ts';
import { OpenQasmError, QuantumError } from '../errors.ts';
import type { Token } from './lexer.ts';
import { countRange } from './registers.ts';
import type { Statement } from './syntax.ts';
import type { ValueScope } from './values.ts';
import { evaluateInteger } from './values.ts';

/** Statements, loop rounds and gates that one program may make. */
export const MAX_WORK = 1_000_000;

export class Scope implements ValueScope {
  readonly #frames: Map<string, Angle>[] = [new Map()];
  readonly #integers: Set<string>[] = [new Set()];
  readonly #inputs: Readonly<Record<string, number>>;
  #work = 0;

  constructor(inputs: Readonly<Record<string, number>>) {
    this.#inputs = inputs;
  }

  lookup = (name: string): Angle | undefined => this.#frames.findLast((frame) => frame.has(name))?.get(name);

  input = (name: string): number | undefined => (Object.hasOwn(this.#inputs, name) ? this.#inputs[name] : undefined);

  isInteger = (name: string): boolean => {
    const frame = this.#frames.findLastIndex((names) => names.has(name));
    return frame >= 0 && this.#integers[frame]!.has(name);
  };

  /** Whether the innermost frame has the name. */
  declared(name: string): boolean {
    return this.#frames.at(-1)!.has(name);
  }

  set(name: string, value: Angle, integer = false): void {
    this.#frames.at(-1)!.set(name, value);
    if (integer) this.#integers.at(-1)!.add(name);
  }

  /** Runs an action with further names in sight. */
  within(names: Iterable<readonly [string, Angle]>, action: () => void, integers: Iterable<string> = []): void {
    this.#frames.push(new Map(names));
    this.#integers.push(new Set(integers));
    action();
    this.#frames.pop();
    this.#integers.pop();
  }

  get room(): number {
    return MAX_WORK - this.#work;
  }

  spend(at: Token, amount = 1): void {
    this.#work += amount;
    if (this.#work > MAX_WORK) this.fail(at, `a program of at most ${MAX_WORK} steps wanted`);
  }

  fail(at: Token, message: string): never {
    throw new OpenQasmError(message, at.line, at.column);
  }

  /** Turns the errors of the circuit layer into errors with a position. */
  located<T>(at: Token, action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof QuantumError && !(error instanceof OpenQasmError)) this.fail(at, error.message);
      throw error;
    }
  }

  /** Runs the body of a loop for every value of its variable. */
  loop(statement: Extract<Statement, { kind: 'for' }>, each: (body: Statement) => void): void {
    for (const item of this.#items(statement)) {
      this.spend(statement.at);
      const body = () => {
        for (const inner of statement.body) each(inner);
      };
      this.within([[statement.name, item]], body, [statement.name]);
    }
  }

  #items({ range, at }: Extract<Statement, { kind: 'for' }>): Iterable<number> {
    if (range.kind === 'set') return range.items.map((item) => evaluateInteger(item, this));
    if (range.kind !== 'range' || range.start === undefined || range.stop === undefined) {
      return this.fail(at, 'a loop over [start:stop], [start:step:stop] or {…} wanted');
    }
    const step = range.step === undefined ? 1 : evaluateInteger(range.step, this);
    return countRange(evaluateInteger(range.start, this), step, evaluateInteger(range.stop, this));
  }
}
