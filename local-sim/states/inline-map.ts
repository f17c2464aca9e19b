/** The Map state in Inline mode: the iterations are branches of the execution itself. */
import type { MapState } from './definition.ts';
import { Aborted, StatesError } from './errors.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { runPool } from './pool.ts';
import type { Visit } from './visit.ts';

/** Iterations an inline Map runs side by side at most. */
const INLINE_CONCURRENCY = 40;

/** One thing a Map iterates over, as `$states.context.Map.Item` shows it. */
export interface MapItem {
  readonly index: number;
  readonly value: Json;
  /** For an item that was a member of an object. */
  readonly key?: string;
  readonly source: string;
}

export function mapContext({ index, value, key, source }: MapItem): JsonObject {
  return { Item: { Index: index, ...(key === undefined ? {} : { Key: key }), Value: value, Source: source } };
}

/** What an iteration gets where no ItemSelector is given: the value, or key and value of an object's member. */
export function defaultInput({ value, key }: MapItem): Json {
  return key === undefined ? value : { Key: key, Value: value };
}

/** Elements of an array or members of an object. @throws StatesError for anything else. */
export function itemsOf(value: Json, visit: Visit): MapItem[] {
  if (Array.isArray(value)) return value.map((item, index) => ({ index, value: item, source: 'STATE_DATA' }));
  if (isObject(value))
    return Object.entries(value).map(([key, item], index) => ({ index, key, value: item as Json, source: 'STATE_DATA' }));
  throw new StatesError(
    'States.QueryEvaluationError',
    visit.explain(`The field 'Items' must be an array or an object, found ${JSON.stringify(value).slice(0, 200)}.`),
  );
}

export async function runInlineMap(visit: Visit, state: MapState): Promise<Json> {
  const { execution, frame, key } = visit;
  const evaluated = !visit.progress.started && state.items ? await visit.evaluate(state.items, 'Items') : undefined;
  const items = itemsOf(visit.progress.items ?? evaluated ?? visit.input, visit);
  if (!visit.progress.started) {
    visit.commit([{ type: 'MapStateStarted', details: { length: items.length } }], {
      ...visit.progress,
      started: true,
      ...(evaluated === undefined ? {} : { items: evaluated }),
    });
  }
  const asked = state.maxConcurrency ? await visit.number(state.maxConcurrency, 'MaxConcurrency', { least: 0, most: 10_000 }) : 0;
  const scope = frame.scope.child();
  let lastEventId = frame.lastEventId;
  const iterate = async (index: number): Promise<Json> => {
    const item = items[index]!;
    const map = mapContext(item);
    const about = { name: state.name, index };
    const inner = execution.frame(`${key}.${index}`, state.processor, frame, scope, map);
    try {
      const output = await execution.runFrame(
        inner,
        async () => (state.itemSelector ? visit.evaluate(state.itemSelector, 'ItemSelector', { map }) : defaultInput(item)),
        [{ type: 'MapIterationStarted', details: about }],
        () => [{ type: 'MapIterationSucceeded', details: about }],
      );
      lastEventId = Math.max(lastEventId, inner.lastEventId);
      return output;
    } catch (error) {
      if (error instanceof StatesError) execution.commit(inner, [{ type: 'MapIterationFailed', details: about }], {});
      if (error instanceof Aborted && error.why === 'sibling')
        execution.commit(inner, [{ type: 'MapIterationAborted', details: about }], {});
      throw error;
    }
  };
  try {
    const outputs = await visit.idle(
      runPool(items.length, Math.min(asked || INLINE_CONCURRENCY, INLINE_CONCURRENCY), scope, iterate),
    );
    visit.limit(JSON.stringify(outputs));
    frame.lastEventId = lastEventId;
    if (!visit.progress.settled) visit.commit([{ type: 'MapStateSucceeded' }], { ...visit.progress, settled: true });
    return outputs;
  } catch (error) {
    if (error instanceof StatesError) visit.commit([{ type: 'MapStateFailed' }]);
    throw error;
  } finally {
    scope.close();
  }
}
