/** Reads the fields of one object of a definition, each once, and reports what it does not know. */

import type { Issue } from './definition.ts';
import { compileTemplate, type Expression, escapePointer, type Template } from './expressions.ts';
import { isObject, type Json } from './json.ts';

/** Which members of $states an expression may read where it stands. */
export type StatesMembers = 'input' | 'result' | 'errorOutput';

/** Variables of one level of states; `distributed` closes the view of the levels around it. */
export interface VariableScope {
  readonly assigned: Set<string>;
  readonly assignedAt: Map<string, string>;
  readonly parent?: VariableScope;
  readonly distributed: boolean;
}

export interface Use {
  readonly path: string;
  readonly expression: Expression;
  readonly scope: VariableScope;
}

/** What one parse shares: issues found, expressions seen, the compiler with its cache. */
export interface Parsing {
  readonly issues: Issue[];
  readonly uses: Use[];
  readonly names: Map<string, string>;
  readonly compile: (source: string) => Expression;
  /** Whether a state without QueryLanguage is JSONata. */
  jsonata: boolean;
  readonly hasPeer?: (signingName: string) => boolean;
}

const JSONPATH_FIELDS: Readonly<Record<string, string>> = {
  InputPath: 'Arguments or Output',
  OutputPath: 'Output',
  ResultPath: 'Output',
  Parameters: 'Arguments',
  ResultSelector: 'Output',
  Result: 'Output',
  ItemsPath: 'Items',
  SecondsPath: 'Seconds',
  TimestampPath: 'Timestamp',
  TimeoutSecondsPath: 'TimeoutSeconds',
  HeartbeatSecondsPath: 'HeartbeatSeconds',
  ErrorPath: 'Error',
  CausePath: 'Cause',
  MaxConcurrencyPath: 'MaxConcurrency',
  MaxItemsPath: 'MaxItems',
  MaxItemsPerBatchPath: 'MaxItemsPerBatch',
  MaxInputBytesPerBatchPath: 'MaxInputBytesPerBatch',
  ToleratedFailureCountPath: 'ToleratedFailureCount',
  ToleratedFailurePercentagePath: 'ToleratedFailurePercentage',
  Variable: 'Condition',
  Iterator: 'ItemProcessor',
};

export interface Range {
  readonly least?: number;
  readonly most?: number;
  readonly integer?: boolean;
}

export function describeRange({ least, most, integer = true }: Range): string {
  const kind = integer ? 'an integer' : 'a number';
  if (least !== undefined && most !== undefined) return `${kind} from ${least} to ${most}`;
  return least === undefined ? kind : `${kind} of at least ${least}`;
}

export function inRange(value: unknown, { least, most, integer = true }: Range): value is number {
  if (typeof value !== 'number' || !Number.isFinite(value) || (integer && !Number.isInteger(value))) return false;
  return (least === undefined || value >= least) && (most === undefined || value <= most);
}

const found = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 120));

export class Section {
  readonly path: string;
  readonly parsing: Parsing;
  readonly #value: Record<string, Json>;
  readonly #left: Set<string>;

  constructor(parsing: Parsing, value: unknown, path: string) {
    this.parsing = parsing;
    this.path = path;
    if (!isObject(value)) {
      parsing.issues.push({ code: 'SCHEMA_VALIDATION_FAILED', path, message: `an object was expected, found ${found(value)}` });
      this.#value = {};
    } else this.#value = value as Record<string, Json>;
    this.#left = new Set(Object.keys(this.#value));
  }

  at(...fields: readonly string[]): string {
    return [this.path, ...fields.map(escapePointer)].join('/');
  }

  /** `field` may be a path of several members. */
  issue(field: string | readonly string[] | undefined, message: string, code = 'SCHEMA_VALIDATION_FAILED'): void {
    const path = field === undefined ? this.path : this.at(...(typeof field === 'string' ? [field] : field));
    this.parsing.issues.push({ code, path, message });
  }

  has(field: string): boolean {
    return Object.hasOwn(this.#value, field);
  }

  /** The raw value, marked as read. */
  take(field: string): Json | undefined {
    this.#left.delete(field);
    return this.has(field) ? this.#value[field] : undefined;
  }

  keys(): string[] {
    return Object.keys(this.#value);
  }

  require(field: string): void {
    if (!this.has(field)) this.issue(field, `the field ${field} is required`);
  }

  string(field: string): string | undefined {
    const value = this.take(field);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') {
      this.issue(field, `a string was expected, found ${found(value)}`);
      return undefined;
    }
    if (value.startsWith('{%')) this.issue(field, `${field} takes no expression`);
    return value;
  }

  oneOf<T extends string>(field: string, choices: readonly T[]): T | undefined {
    const value = this.take(field);
    if (value === undefined) return undefined;
    if (choices.includes(value as T)) return value as T;
    this.issue(field, `one of ${choices.join(', ')} was expected, found ${found(value)}`);
    return undefined;
  }

  number(field: string, range: Range): number | undefined {
    const value = this.take(field);
    if (value === undefined) return undefined;
    if (inRange(value, range)) return value;
    this.issue(field, `${describeRange(range)} was expected, found ${found(value)}`);
    return undefined;
  }

  list(field: string): readonly Json[] | undefined {
    const value = this.take(field);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.length > 0) return value;
    this.issue(field, `an array with at least one element was expected, found ${found(value)}`);
    return undefined;
  }

  /** Any JSON, with expressions in its strings. */
  template(field: string, scope: VariableScope, members: readonly StatesMembers[]): Template | undefined {
    const value = this.take(field);
    return value === undefined ? undefined : this.compile(field, value, scope, members);
  }

  /** A number in range or one expression. */
  numberTemplate(field: string, scope: VariableScope, range: Range): Template | undefined {
    const value = this.take(field);
    if (value === undefined) return undefined;
    const compiled = this.compile(field, value, scope, ['input']);
    if (compiled.kind !== 'expression' && !inRange(value, range))
      this.issue(field, `${describeRange(range)} or an expression was expected, found ${found(value)}`);
    return compiled;
  }

  /** A string or one expression. */
  textTemplate(field: string, scope: VariableScope, members: readonly StatesMembers[] = ['input']): Template | undefined {
    const value = this.take(field);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') this.issue(field, `a string or an expression was expected, found ${found(value)}`);
    return this.compile(field, value, scope, members);
  }

  compile(field: string | readonly string[], value: Json, scope: VariableScope, members: readonly StatesMembers[]): Template {
    return compileTemplate(
      value,
      this.at(...(typeof field === 'string' ? [field] : field)),
      this.parsing.compile,
      (expression, path) => {
        this.parsing.uses.push({ path, expression, scope });
        const fail = (message: string) => this.parsing.issues.push({ code: 'UNSUPPORTED_JSONATA_EXPRESSION', path, message });
        expression.facts.offences.forEach(fail);
        for (const statesPath of expression.facts.statesPaths) {
          const member = statesPath.split('.')[0]!;
          if (member === '' || member === 'context' || members.includes(member as StatesMembers)) continue;
          fail(
            ['input', 'result', 'errorOutput'].includes(member)
              ? `$states.${member} is not available here`
              : `$states has input, result, errorOutput and context, found ${member}`,
          );
        }
      },
      (path, message) => this.parsing.issues.push({ code: 'INVALID_JSONATA_EXPRESSION', path, message }),
    );
  }

  /** Reports every field that nobody read. */
  finish(where: string): void {
    for (const field of this.#left) {
      const instead = Object.hasOwn(JSONPATH_FIELDS, field) ? JSONPATH_FIELDS[field] : undefined;
      if (field.endsWith('.$'))
        this.issue(
          field,
          `${field} is JSONPath; this cloud runs JSONata machines: write the field without .$ and an expression between {% and %}`,
        );
      else if (instead !== undefined) this.issue(field, `${field} is a field of JSONPath machines; in JSONata use ${instead}`);
      else this.issue(field, `the field ${field} is not known in ${where}`);
    }
  }
}
