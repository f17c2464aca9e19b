/** The Map state in Distributed mode: every item, or batch of items, is an execution of its own. */
import type { MapState } from './definition.ts';
import { Aborted, StatesError } from './errors.ts';
import { defaultInput, itemsOf, type MapItem, mapContext } from './inline-map.ts';
import { type ItemSource, listedItems, readItems, sourceOf } from './item-reader.ts';
import { exceedsBytes, type Json, PAYLOAD_LIMIT_BYTES } from './json.ts';
import type { MapRun } from './map-run.ts';
import { collectResults, type PendingChild, writeResults } from './result-writer.ts';
import type { Scope } from './scope.ts';
import { derivedUuid } from './sync.ts';
import type { Visit } from './visit.ts';

/** An Express execution ends after five minutes. */
const EXPRESS_SECONDS = 300;

/** Children that run side by side where MaxConcurrency asks for more or for no limit: one process, not a region. */
const LOCAL_CONCURRENCY = 1_000;

type Distributed = NonNullable<MapState['distributed']>;

interface Prepared {
  readonly index: number;
  readonly input: string;
  readonly itemCount: number;
}

export async function runDistributedMap(visit: Visit, state: MapState, options: Distributed): Promise<Json> {
  if (visit.progress.failed) throw new StatesError(visit.progress.failed.error, visit.progress.failed.cause);
  const { engine, facts } = visit.execution;
  const machine = `${facts.stateMachineArn}/${options.label}`;
  const mapRunArn = `${machine.replace(':stateMachine:', ':mapRun:')}:${derivedUuid(`${facts.arn} ${visit.key}`)}`;
  const known = engine.mapRuns.reopen(mapRunArn);
  let source: ItemSource;
  let run: MapRun;
  try {
    source = await openSource(visit, state, options, known);
    run = known ?? engine.mapRuns.create(await describeRun(visit, state, options, mapRunArn, machine, source));
  } catch (error) {
    if (known) {
      if (error instanceof StatesError) known.finish('FAILED', engine.clock.now());
      engine.mapRuns.release(known);
    }
    if (error instanceof StatesError) visit.commit([{ type: 'MapStateFailed' }], { ...visit.progress, failed: detailsOf(error) });
    throw error;
  }
  if (!visit.progress.started) {
    visit.commit(
      [
        { type: 'MapStateStarted', details: { length: options.reader ? 0 : source.count } },
        { type: 'MapRunStarted', details: { mapRunArn } },
      ],
      { ...visit.progress, started: true, mapRunArn },
    );
  }
  const scope = visit.frame.scope.child();
  const children = prepareChildren(visit, state, options, source);
  try {
    await visit.idle(runChildren(visit, state, run, children, scope));
    const result = await gather(visit, options, run, []);
    visit.limit(JSON.stringify(result));
    run.finish('SUCCEEDED', engine.clock.now());
    if (!visit.progress.settled)
      visit.commit([{ type: 'MapRunSucceeded' }, { type: 'MapStateSucceeded' }], { ...visit.progress, settled: true });
    return result;
  } catch (error) {
    if (error instanceof Aborted && error.why === 'suspended') throw error;
    if (!(error instanceof StatesError)) {
      run.finish('ABORTED', engine.clock.now());
      throw error;
    }
    if (options.writer?.arguments && error.error === 'States.ExceedToleratedFailureThreshold') {
      const pending: PendingChild[] = [];
      for await (const child of children) pending.push(child);
      await gather(visit, options, run, pending);
    }
    run.finish('FAILED', engine.clock.now());
    const details = detailsOf(error);
    visit.commit([{ type: 'MapRunFailed', details }, { type: 'MapStateFailed' }], { ...visit.progress, failed: details });
    throw error;
  } finally {
    scope.close();
    engine.mapRuns.release(run);
  }
}

const detailsOf = ({ error, reason }: StatesError) => ({ error, ...(reason === undefined ? {} : { cause: reason }) });

async function openSource(visit: Visit, state: MapState, options: Distributed, known: MapRun | undefined): Promise<ItemSource> {
  const kept = known?.facts.kept;
  if (kept !== undefined) {
    const items = options.reader ? listedItems(kept, await listingSource(visit, options)) : itemsOf(kept, visit);
    return sourceOf(items, kept);
  }
  if (options.reader) return readItems(visit, options.reader, known?.facts.etag);
  const value = state.items ? await visit.evaluate(state.items, 'Items') : visit.input;
  return sourceOf(itemsOf(value, visit), value);
}

async function listingSource(visit: Visit, options: Distributed): Promise<string> {
  const args = (await visit.evaluate(options.reader!.arguments, 'ItemReader/Arguments')) as { Bucket?: string };
  return `S3://${args.Bucket}`;
}

async function describeRun(
  visit: Visit,
  state: MapState,
  options: Distributed,
  arn: string,
  machine: string,
  source: ItemSource,
) {
  const { facts, engine } = visit.execution;
  const count = options.toleratedFailureCount
    ? await visit.number(options.toleratedFailureCount, 'ToleratedFailureCount', { least: 0 })
    : undefined;
  const percentage = options.toleratedFailurePercentage
    ? await visit.number(options.toleratedFailurePercentage, 'ToleratedFailurePercentage', {
        least: 0,
        most: 100,
        integer: false,
      })
    : undefined;
  return {
    arn,
    executionArn: facts.arn,
    stateMachineArn: machine,
    stateMachineName: `${facts.stateMachineName}/${options.label}`,
    roleArn: facts.roleArn,
    express: options.executionType === 'EXPRESS',
    startMs: engine.clock.now(),
    itemCount: source.count,
    maxConcurrency: state.maxConcurrency
      ? await visit.number(state.maxConcurrency, 'MaxConcurrency', { least: 0, most: 10_000 })
      : 0,
    ...(count === undefined ? {} : { toleratedFailureCount: count }),
    ...(percentage === undefined ? {} : { toleratedFailurePercentage: percentage }),
    ...(source.etag === undefined ? {} : { etag: source.etag }),
    ...(source.kept === undefined ? {} : { kept: source.kept }),
  };
}

/** Inputs of the children in order: one per item, or one per batch. */
async function* prepareChildren(
  visit: Visit,
  state: MapState,
  options: Distributed,
  source: ItemSource,
): AsyncGenerator<Prepared, void> {
  const select = async (item: MapItem): Promise<Json> =>
    state.itemSelector ? visit.evaluate(state.itemSelector, 'ItemSelector', { map: mapContext(item) }) : defaultInput(item);
  const { batcher } = options;
  if (!batcher) {
    for (const item of source.items())
      yield { index: item.index, input: checked(JSON.stringify(await select(item)), 'an item'), itemCount: 1 };
    return;
  }
  const most = batcher.maxItemsPerBatch
    ? await visit.number(batcher.maxItemsPerBatch, 'ItemBatcher/MaxItemsPerBatch', { least: 1, most: 100_000_000 })
    : Number.POSITIVE_INFINITY;
  const mostBytes = batcher.maxInputBytesPerBatch
    ? await visit.number(batcher.maxInputBytesPerBatch, 'ItemBatcher/MaxInputBytesPerBatch', {
        least: 1,
        most: PAYLOAD_LIMIT_BYTES,
      })
    : PAYLOAD_LIMIT_BYTES;
  const batchInput = batcher.batchInput
    ? JSON.stringify(await visit.evaluate(batcher.batchInput, 'ItemBatcher/BatchInput'))
    : undefined;
  const head = `{${batchInput === undefined ? '' : `"BatchInput":${batchInput},`}"Items":[`;
  const frameBytes = Buffer.byteLength(head) + 2;
  let texts: string[] = [];
  let bytes = frameBytes;
  let index = 0;
  const flush = (): Prepared => {
    const prepared = { index: index++, input: `${head}${texts.join(',')}]}`, itemCount: texts.length };
    texts = [];
    bytes = frameBytes;
    return prepared;
  };
  for (const item of source.items()) {
    const text = JSON.stringify(await select(item));
    const textBytes = Buffer.byteLength(text);
    const grown = bytes + textBytes + (texts.length > 0 ? 1 : 0);
    if (texts.length > 0 && (texts.length >= most || grown > mostBytes)) yield flush();
    if (texts.length === 0 && frameBytes + textBytes > mostBytes) {
      throw new StatesError(
        'States.DataLimitExceeded',
        `Item ${item.index} alone makes a batch of ${frameBytes + textBytes} bytes, more than the ${mostBytes} bytes a batch may have.`,
      );
    }
    bytes += textBytes + (texts.length > 0 ? 1 : 0);
    texts.push(text);
  }
  if (texts.length > 0) yield flush();
}

function checked(text: string, what: string): string {
  if (exceedsBytes(text, PAYLOAD_LIMIT_BYTES))
    throw new StatesError('States.DataLimitExceeded', `The input of ${what} exceeds ${PAYLOAD_LIMIT_BYTES} bytes.`);
  return text;
}

/** Runs what the journal does not know as ended. @throws StatesError States.ExceedToleratedFailureThreshold */
async function runChildren(
  visit: Visit,
  state: MapState,
  run: MapRun,
  children: AsyncGenerator<Prepared, void>,
  scope: Scope,
): Promise<void> {
  const { engine } = visit.execution;
  const { toleratedFailureCount, toleratedFailurePercentage, itemCount, maxConcurrency } = run.facts;
  const machine = run.facts.express ? { ...state.processor, timeoutSeconds: EXPRESS_SECONDS } : state.processor;
  let failedItems = 0;
  const addFailure = (items: number) => {
    failedItems += items;
    const overCount =
      failedItems > (toleratedFailureCount ?? (toleratedFailurePercentage === undefined ? 0 : Number.POSITIVE_INFINITY));
    const overShare = toleratedFailurePercentage !== undefined && (100 * failedItems) / itemCount > toleratedFailurePercentage;
    if (overCount || overShare)
      throw new StatesError('States.ExceedToleratedFailureThreshold', 'The specified tolerated failure threshold was exceeded');
  };
  const runOne = async ({ index, input, itemCount: items }: Prepared) => {
    const child = run.begin(index, input, items, engine.clock.now());
    if (!child.end) {
      const execution = visit.execution.child(
        child.facts,
        machine,
        (record) => run.append(index, record),
        scope.child(),
        child.saved,
      );
      child.execution = execution;
      delete child.saved;
      child.end = await execution.run();
      execution.scope.close();
      delete child.execution;
      if (!child.end) throw new Aborted('suspended');
    }
    if (child.end.status !== 'SUCCEEDED' && !scope.reason) addFailure(child.itemCount);
  };
  let failure: { error: unknown } | undefined;
  const next = async () => {
    const free = engine.clock.busy();
    try {
      return await children.next();
    } finally {
      free();
    }
  };
  const worker = async () => {
    while (!failure && !scope.reason) {
      try {
        const prepared = await next();
        if (prepared.done || failure || scope.reason) return;
        await runOne(prepared.value);
      } catch (error) {
        failure ??= { error };
        scope.abort(new Aborted('sibling'));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(itemCount, maxConcurrency || LOCAL_CONCURRENCY, LOCAL_CONCURRENCY) }, worker));
  if (failure) throw failure.error;
  scope.throwIfAborted();
}

async function gather(visit: Visit, options: Distributed, run: MapRun, pending: readonly PendingChild[]): Promise<Json> {
  if (options.writer?.arguments) return writeResults(visit, options.writer, run, pending);
  return collectResults(run, options.writer?.transformation ?? 'COMPACT');
}
