/**
 * Values of expressions: numbers, or affine forms in the inputs of the program. Where an expression is not affine and the inputs
 * have values, it is replaced by its tangent there: same value, same first derivatives, which is all that a simulator or an
 * adjoint gradient at these inputs asks.
 */

import type { Angle } from '../circuit/angle.ts';
import { addAngles, evaluateAngle, scaleAngle } from '../circuit/angle.ts';
import { OpenQasmError } from '../errors.ts';
import type { Expression } from './syntax.ts';

export interface ValueScope {
  /** Value of a name: constant, loop variable, gate angle or input; undefined when it is not known. */
  readonly lookup: (name: string) => Angle | undefined;
  /** Whether a name was declared as an integer. */
  readonly isInteger: (name: string) => boolean;
  /** Value of an input, if it was given. */
  readonly input: (name: string) => number | undefined;
}

interface Curve {
  readonly value: (x: number) => number;
  readonly slope: (x: number) => number;
}

const CONSTANTS: Readonly<Record<string, number>> = {
  pi: Math.PI,
  π: Math.PI,
  tau: 2 * Math.PI,
  τ: 2 * Math.PI,
  euler: Math.E,
  ℇ: Math.E,
};

const CURVES: Readonly<Record<string, Curve>> = {
  sin: { value: Math.sin, slope: Math.cos },
  cos: { value: Math.cos, slope: (x) => -Math.sin(x) },
  tan: { value: Math.tan, slope: (x) => 1 / Math.cos(x) ** 2 },
  arcsin: { value: Math.asin, slope: (x) => 1 / Math.sqrt(1 - x * x) },
  arccos: { value: Math.acos, slope: (x) => -1 / Math.sqrt(1 - x * x) },
  arctan: { value: Math.atan, slope: (x) => 1 / (1 + x * x) },
  exp: { value: Math.exp, slope: Math.exp },
  log: { value: Math.log, slope: (x) => 1 / x },
  ln: { value: Math.log, slope: (x) => 1 / x },
  sqrt: { value: Math.sqrt, slope: (x) => 0.5 / Math.sqrt(x) },
};

const STEPS: Readonly<Record<string, (x: number) => number>> = {
  int: Math.trunc,
  uint: Math.trunc,
  floor: Math.floor,
  ceiling: Math.ceil,
};

function fail(expression: Expression, message: string): never {
  throw new OpenQasmError(message, expression.at.line, expression.at.column);
}

/** Value of an expression; throws OpenQasmError for unknown names, wrong operands and numbers that are not finite. */
export function evaluate(expression: Expression, scope: ValueScope): Angle {
  const value = evaluateRaw(expression, scope);
  const number = typeof value === 'number' ? value : value.constant;
  if (!Number.isFinite(number)) fail(expression, `a finite number wanted, ${number} found`);
  return value;
}

/** Value of an expression that must be a whole number. */
export function evaluateInteger(expression: Expression, scope: ValueScope): number {
  const value = evaluate(expression, scope);
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    return fail(expression, `a whole number wanted, ${typeof value === 'number' ? value : 'an input'} found`);
  }
  return value;
}

function evaluateRaw(expression: Expression, scope: ValueScope): Angle {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'name': {
      const value =
        scope.lookup(expression.name) ?? (Object.hasOwn(CONSTANTS, expression.name) ? CONSTANTS[expression.name] : undefined);
      return value ?? fail(expression, `a known name wanted, '${expression.name}' found`);
    }
    case 'unary': {
      const value = evaluateRaw(expression.operand, scope);
      return expression.operator === '-' ? scaleAngle(value, -1) : value;
    }
    case 'binary':
      return binary(expression, evaluateRaw(expression.left, scope), evaluateRaw(expression.right, scope), scope);
    case 'call':
      return call(
        expression,
        expression.operands.map((operand) => evaluateRaw(operand, scope)),
        scope,
      );
  }
}

/** Whether an expression is of integer type: the quotient of two such is rounded down, in OpenQASM and in Braket's simulator. */
function isWhole(expression: Expression, scope: ValueScope): boolean {
  switch (expression.kind) {
    case 'number':
      return expression.at.kind === 'integer';
    case 'name':
      return scope.isInteger(expression.name);
    case 'unary':
      return isWhole(expression.operand, scope);
    case 'binary':
      return expression.operator !== '**' && isWhole(expression.left, scope) && isWhole(expression.right, scope);
    case 'call':
      return expression.name === 'int' || expression.name === 'uint';
  }
}

type Binary = Extract<Expression, { kind: 'binary' }>;

function at(value: Angle, expression: Expression, scope: ValueScope): number {
  if (typeof value === 'number') return value;
  for (const term of value.terms) {
    if (scope.input(term.parameter) === undefined) {
      fail(expression, `a sum of multiples of inputs wanted where '${term.parameter}' has no value`);
    }
  }
  return evaluateAngle(value, scope.input);
}

/** value + Σ slope (x - x0): the tangent of an expression. */
function tangent(value: number, slopes: readonly (readonly [number, Angle, number])[]): Angle {
  return slopes.reduce<Angle>((sum, [slope, x, x0]) => addAngles(addAngles(sum, x, slope), slope * x0, -1), value);
}

function binary(expression: Binary, a: Angle, b: Angle, scope: ValueScope): Angle {
  const numeric = typeof a === 'number' && typeof b === 'number';
  switch (expression.operator) {
    case '+':
      return addAngles(a, b);
    case '-':
      return addAngles(a, b, -1);
    case '*':
      if (typeof b === 'number') return scaleAngle(a, b);
      if (typeof a === 'number') return scaleAngle(b, a);
      break;
    case '/':
      if (typeof b === 'number') {
        if (b === 0) fail(expression, 'a divisor other than 0 wanted');
        if (numeric && isWhole(expression.left, scope) && isWhole(expression.right, scope)) return Math.floor(a / b);
        return typeof a === 'number' ? a / b : scaleAngle(a, 1 / b);
      }
      break;
    case '%':
      if (numeric) return a - b * Math.floor(a / b);
      return fail(expression, 'numbers wanted on both sides of %');
    default:
      if (numeric) return a ** b;
  }
  const a0 = at(a, expression, scope);
  const b0 = at(b, expression, scope);
  if (expression.operator === '*')
    return tangent(a0 * b0, [
      [b0, a, a0],
      [a0, b, b0],
    ]);
  if (expression.operator === '/')
    return tangent(a0 / b0, [
      [1 / b0, a, a0],
      [-a0 / b0 ** 2, b, b0],
    ]);
  const value = a0 ** b0;
  const slopes: [number, Angle, number][] = [];
  if (typeof a !== 'number') slopes.push([b0 * a0 ** (b0 - 1), a, a0]);
  if (typeof b !== 'number') slopes.push([value * Math.log(a0), b, b0]);
  return tangent(value, slopes);
}

function call(expression: Extract<Expression, { kind: 'call' }>, operands: readonly Angle[], scope: ValueScope): Angle {
  const { name } = expression;
  if (name === 'pow' || name === 'mod') {
    if (operands.length !== 2) fail(expression, `${name}: two numbers wanted, ${operands.length} found`);
    const operator = name === 'pow' ? '**' : '%';
    const [left, right] = expression.operands;
    return binary({ kind: 'binary', operator, left: left!, right: right!, at: expression.at }, operands[0]!, operands[1]!, scope);
  }
  if (operands.length !== 1) fail(expression, `a known function of one number wanted, '${name}' of ${operands.length} found`);
  const x = operands[0]!;
  if (name === 'float' || name === 'angle') return x;
  if (Object.hasOwn(STEPS, name)) {
    if (typeof x !== 'number') fail(expression, `${name}: a number wanted, an input found`);
    return STEPS[name]!(x);
  }
  const curve = Object.hasOwn(CURVES, name) ? CURVES[name] : undefined;
  if (curve === undefined) return fail(expression, `a known function wanted, '${name}' found`);
  if (typeof x === 'number') return curve.value(x);
  const x0 = at(x, expression, scope);
  return tangent(curve.value(x0), [[curve.slope(x0), x, x0]]);
}
