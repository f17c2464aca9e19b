/** JSONata expressions between {% and %}: compiled once, evaluated with $states and the variables in scope. */
import jsonata from 'jsonata';
import { analyseExpression, type ExpressionFacts } from './analysis.ts';
import { StatesError } from './errors.ts';
import { type Entropy, registerFunctions, systemEntropy, TIME_BINDING } from './functions.ts';
import { isObject, type Json, type JsonObject, toJson } from './json.ts';

/** Wall-clock limit of one evaluation; an expression that loops for ever would otherwise hold the process. */
const EVALUATION_LIMIT_MS = 5_000;
/** AWS's own limits on one expression: levels of nesting, and elements of a list it builds. */
const EVALUATION_DEPTH = 100;
const SEQUENCE_LIMIT = 873_782;

export interface Expression {
  readonly source: string;
  readonly facts: ExpressionFacts;
  /** @throws JSONata's error, with `code` and `message`. */
  evaluate(bindings: Bindings): Promise<unknown>;
}

/** `states` and every variable in scope, by name without the dollar sign; `nowMs` is what $now and $millis answer. */
export interface Bindings {
  readonly nowMs: number;
  readonly values: Readonly<Record<string, unknown>>;
}

/** @throws Error with JSONata's message and position when the text is no expression. */
export function compileExpression(source: string, entropy: Entropy = systemEntropy): Expression {
  let compiled: jsonata.Expression;
  try {
    compiled = jsonata(source, { timeout: EVALUATION_LIMIT_MS, stack: EVALUATION_DEPTH, sequence: SEQUENCE_LIMIT });
  } catch (error) {
    const { message, position } = error as { message: string; position?: number };
    throw new Error(`${message}${position === undefined ? '' : ` (at character ${position})`}`);
  }
  registerFunctions(compiled, entropy);
  return {
    source,
    facts: analyseExpression(compiled.ast()),
    evaluate: ({ nowMs, values }) => compiled.evaluate(undefined, { ...values, [TIME_BINDING]: nowMs }),
  };
}

/** A JSON value whose strings between {% and %} are expressions. */
export type Template =
  | { readonly kind: 'constant'; readonly value: Json }
  | { readonly kind: 'expression'; readonly expression: Expression }
  | { readonly kind: 'array'; readonly items: readonly Template[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, Template])[] };

/** The text between {% and %}, undefined for a plain string. @throws Error when only one of the two marks is there. */
export function expressionSource(text: string): string | undefined {
  const opens = text.startsWith('{%');
  const closes = text.endsWith('%}') && text.length >= 4;
  if (opens && closes) return text.slice(2, -2).trim();
  if (opens || text.endsWith('%}'))
    throw new Error(`an expression begins with {% and ends with %}, found ${JSON.stringify(text)}`);
  return undefined;
}

/**
 * Compiles a value of the definition. `compile` turns a source into an expression (and may keep a cache);
 * `onExpression` sees each one with its JSON-pointer path; `onError` takes what does not compile.
 */
export function compileTemplate(
  value: Json,
  path: string,
  compile: (source: string) => Expression,
  onExpression: (expression: Expression, path: string) => void,
  onError: (path: string, message: string) => void,
): Template {
  if (typeof value === 'string') {
    try {
      const source = expressionSource(value);
      if (source === undefined) return { kind: 'constant', value };
      const expression = compile(source);
      onExpression(expression, path);
      return { kind: 'expression', expression };
    } catch (error) {
      onError(path, (error as Error).message);
      return { kind: 'constant', value };
    }
  }
  if (typeof value !== 'object' || value === null) return { kind: 'constant', value };
  if (Array.isArray(value)) {
    const items = value.map((item, i) => compileTemplate(item, `${path}/${i}`, compile, onExpression, onError));
    return items.every((item) => item.kind === 'constant') ? { kind: 'constant', value } : { kind: 'array', items };
  }
  const entries = Object.entries(value).map(
    ([key, member]) => [key, compileTemplate(member, `${path}/${escapePointer(key)}`, compile, onExpression, onError)] as const,
  );
  return entries.every(([, member]) => member.kind === 'constant') ? { kind: 'constant', value } : { kind: 'object', entries };
}

/** JSON-pointer escaping of one member name. */
export function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/**
 * Evaluates a template of the field `field`, e.g. `Arguments/Payload`.
 * @throws StatesError States.QueryEvaluationError in the words Step Functions uses.
 */
export async function evaluateTemplate(template: Template, field: string, bindings: Bindings): Promise<Json> {
  switch (template.kind) {
    case 'constant':
      return template.value;
    case 'expression': {
      const { source } = template.expression;
      let value: unknown;
      try {
        value = await template.expression.evaluate(bindings);
      } catch (error) {
        const text = isObject(error) || error instanceof Error ? String((error as { message?: string }).message) : String(error);
        throw new StatesError(
          'States.QueryEvaluationError',
          `The JSONata expression '${source}' specified for the field '${field}' threw an error during evaluation. ${text}`,
        );
      }
      if (value === undefined) {
        throw new StatesError(
          'States.QueryEvaluationError',
          `The JSONata expression '${source}' specified for the field '${field}' returned nothing (undefined).`,
        );
      }
      try {
        return toJson(value);
      } catch (error) {
        throw new StatesError(
          'States.QueryEvaluationError',
          `The JSONata expression '${source}' specified for the field '${field}' returned an unsupported result type: ${(error as Error).message}.`,
        );
      }
    }
    case 'array': {
      const list: Json[] = [];
      for (const [i, item] of template.items.entries()) list.push(await evaluateTemplate(item, `${field}[${i}]`, bindings));
      return list;
    }
    case 'object': {
      const object: JsonObject = {};
      for (const [key, member] of template.entries) object[key] = await evaluateTemplate(member, `${field}/${key}`, bindings);
      return object;
    }
  }
}
