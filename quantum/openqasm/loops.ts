/** The values that the variable of a `for` loop takes. */

import type { Evaluator } from './evaluate.ts';
import type { Scope } from './scope.ts';
import { countRange } from './selection.ts';
import type { ForLoop } from './syntax.ts';
import type { ClassicalType, Value } from './values.ts';
import { intOf } from './values.ts';

export interface LoopValue {
  readonly type: ClassicalType;
  readonly value: Value;
}

/** One after the other; each costs one step of work. */
export function* loopValues(loop: ForLoop, evaluator: Evaluator, scope: Scope): Generator<LoopValue> {
  const type: ClassicalType = loop.type === undefined ? { kind: 'int' } : evaluator.type(loop.type);
  for (const value of items(loop, evaluator, scope)) {
    scope.spend(loop.at);
    yield { type, value: scope.located(loop.at, () => evaluator.cast(type, value)) };
  }
}

function* items({ range, at }: ForLoop, evaluator: Evaluator, scope: Scope): Generator<Value> {
  if (range.kind === 'range') {
    if (range.start === undefined || range.stop === undefined)
      scope.fail(at, 'a loop over [start:stop] or [start:step:stop] wanted');
    const step = range.step === undefined ? 1 : evaluator.whole(range.step);
    const [start, stop] = [evaluator.whole(range.start), evaluator.whole(range.stop)];
    for (const number of scope.located(at, () => countRange(start, step, stop))) yield intOf(number);
  } else if (range.kind === 'set') {
    for (const value of range.items.map((item) => evaluator.value(item))) yield value;
  } else {
    const value = evaluator.value(range.index);
    if (value.kind !== 'array' && value.kind !== 'bits') scope.fail(at, 'a loop over a range, a set or an array wanted');
    for (const item of value.items) yield item ?? scope.fail(at, 'an array with values in a loop wanted');
  }
}
