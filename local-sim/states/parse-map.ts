/** The Map state of a definition, inline and distributed. */
import type { ItemBatcher, ItemReader, Machine, MapState, ResultWriter } from './definition.ts';
import { isObject } from './json.ts';
import { defined, parseGuards, parseNext, parseTransition } from './parse-fields.ts';
import { Section, type VariableScope } from './section.ts';

const MOST_ITEMS = 100_000_000;
const BATCH_BYTES_LIMIT = 262_144;
const DELIMITERS = { COMMA: ',', PIPE: '|', SEMICOLON: ';', SPACE: ' ', TAB: '\t' } as const;

/** `parseStates` reads the states inside; it is handed in because it reads Map states in turn. */
export function parseMap(
  section: Section,
  name: string,
  scope: VariableScope,
  parseStates: (section: Section, scope: VariableScope) => Machine,
): MapState {
  section.require('ItemProcessor');
  const processor = new Section(section.parsing, section.take('ItemProcessor') ?? {}, section.at('ItemProcessor'));
  const config = new Section(section.parsing, processor.take('ProcessorConfig') ?? {}, processor.at('ProcessorConfig'));
  const mode = config.oneOf('Mode', ['INLINE', 'DISTRIBUTED'] as const) ?? 'INLINE';
  const distributed = mode === 'DISTRIBUTED';
  if (distributed) config.require('ExecutionType');
  else if (config.has('ExecutionType')) config.issue('ExecutionType', 'ExecutionType belongs to a DISTRIBUTED Map');
  const executionType = config.oneOf('ExecutionType', ['STANDARD', 'EXPRESS'] as const) ?? 'STANDARD';
  config.finish('a ProcessorConfig');
  const inner: VariableScope = { assigned: new Set(), assignedAt: new Map(), parent: scope, distributed };
  const machine = parseStates(processor, inner);
  processor.finish('an ItemProcessor');
  if (executionType === 'EXPRESS') refuseInExpress(section, machine);

  const itemsRaw = section.take('Items');
  const items = itemsRaw === undefined ? undefined : section.compile('Items', itemsRaw, scope, ['input']);
  if (itemsRaw !== undefined && items?.kind !== 'expression' && !Array.isArray(itemsRaw) && !isObject(itemsRaw)) {
    section.issue('Items', 'an array, an object or an expression was expected');
  }
  const common = {
    type: 'Map' as const,
    name,
    processor: machine,
    items,
    itemSelector: section.template('ItemSelector', scope, ['input']),
    maxConcurrency: section.numberTemplate('MaxConcurrency', scope, { least: 0, most: 10_000 }),
    ...parseGuards(section, scope),
    ...parseTransition(section, scope, ['input', 'result']),
    ...parseNext(section),
  };
  if (!distributed) {
    for (const field of [
      'ItemReader',
      'ItemBatcher',
      'ResultWriter',
      'ToleratedFailureCount',
      'ToleratedFailurePercentage',
      'Label',
    ]) {
      if (section.has(field)) {
        section.take(field);
        section.issue(field, `${field} belongs to a Map whose ProcessorConfig has "Mode": "DISTRIBUTED"`);
      }
    }
    return defined(common) as MapState;
  }
  if (section.has('ItemReader') && section.has('Items'))
    section.issue('Items', 'a Map takes its items from Items or from ItemReader, found both');
  const label = section.string('Label');
  if (label !== undefined && !/^[^\s?*<>{}[\]:;,\\|^~$#%&`"\p{Cc}]{1,40}$/u.test(label)) {
    section.issue(
      'Label',
      `a Label has 1 to 40 characters and no spaces, brackets, wildcards or special characters, found ${label}`,
    );
  }
  return defined({
    ...common,
    distributed: defined({
      executionType,
      label: label ?? name.replaceAll(/[^A-Za-z0-9_-]/g, '').slice(0, 40),
      reader: section.has('ItemReader')
        ? parseReader(new Section(section.parsing, section.take('ItemReader'), section.at('ItemReader')), scope)
        : undefined,
      batcher: section.has('ItemBatcher')
        ? parseBatcher(new Section(section.parsing, section.take('ItemBatcher'), section.at('ItemBatcher')), scope)
        : undefined,
      writer: section.has('ResultWriter')
        ? parseWriter(new Section(section.parsing, section.take('ResultWriter'), section.at('ResultWriter')), scope)
        : undefined,
      toleratedFailureCount: section.numberTemplate('ToleratedFailureCount', scope, { least: 0 }),
      toleratedFailurePercentage: section.numberTemplate('ToleratedFailurePercentage', scope, {
        least: 0,
        most: 100,
        integer: false,
      }),
    }),
  }) as MapState;
}

/** Express children have neither task tokens nor .sync: the same refusal AWS makes. */
function refuseInExpress(section: Section, machine: MapState['processor']): void {
  for (const state of machine.states.values()) {
    if (state.type === 'Task' && state.resource && state.resource.pattern !== 'response') {
      section.issue(['ItemProcessor', 'States', state.name, 'Resource'], `an EXPRESS child cannot run ${state.resource.arn}`);
    }
    if (state.type === 'Map') {
      if (state.distributed)
        section.issue(['ItemProcessor', 'States', state.name], 'an EXPRESS child cannot run a Distributed Map');
      refuseInExpress(section, state.processor);
    }
    if (state.type === 'Parallel') for (const branch of state.branches) refuseInExpress(section, branch);
  }
}

function parseReader(section: Section, scope: VariableScope): ItemReader {
  section.require('Resource');
  section.require('Arguments');
  const resource = section.string('Resource') ?? '';
  const kind = /^arn:aws[a-z-]*:states:[a-z0-9-]*:\d*:s3:(getObject|listObjectsV2)$/.exec(resource)?.[1];
  if (kind === undefined && section.has('Resource')) {
    section.issue(
      'Resource',
      `arn:aws:states:::s3:getObject or arn:aws:states:::s3:listObjectsV2 was expected, found ${resource}`,
    );
  }
  const raw = section.take('Arguments');
  const args = section.compile('Arguments', raw ?? {}, scope, ['input']);
  const known = kind === 'listObjectsV2' ? ['Bucket', 'Prefix'] : ['Bucket', 'Key', 'VersionId'];
  const required = kind === 'listObjectsV2' ? ['Bucket'] : ['Bucket', 'Key'];
  checkNames(section, raw, known, required);

  const config = new Section(section.parsing, section.take('ReaderConfig') ?? {}, section.at('ReaderConfig'));
  const maxItems = config.numberTemplate('MaxItems', scope, { least: 1, most: MOST_ITEMS });
  if (kind === 'listObjectsV2') {
    const transformation = config.take('Transformation');
    if (transformation !== undefined && transformation !== 'NONE')
      config.issue('Transformation', 'this cloud lists objects with the transformation NONE');
    config.finish('a ReaderConfig of listObjectsV2');
    section.finish('an ItemReader');
    return defined({ source: 'listing' as const, arguments: args, csvDelimiter: ',', maxItems }) as ItemReader;
  }
  config.require('InputType');
  const inputType = config.oneOf('InputType', ['CSV', 'JSON', 'JSONL'] as const);
  let csvHeaders: readonly string[] | undefined;
  let csvDelimiter: string = DELIMITERS.COMMA;
  if (inputType === 'CSV') {
    config.require('CSVHeaderLocation');
    const location = config.oneOf('CSVHeaderLocation', ['FIRST_ROW', 'GIVEN'] as const);
    const delimiter = config.oneOf('CSVDelimiter', Object.keys(DELIMITERS) as (keyof typeof DELIMITERS)[]);
    if (delimiter) csvDelimiter = DELIMITERS[delimiter];
    const headers = config.list('CSVHeaders');
    if (headers && !headers.every((header) => typeof header === 'string')) config.issue('CSVHeaders', 'headers are strings');
    if (location === 'GIVEN' && !headers) config.issue('CSVHeaders', 'CSVHeaders are required where CSVHeaderLocation is GIVEN');
    if (location === 'FIRST_ROW' && headers)
      config.issue('CSVHeaders', 'CSVHeaders are given, but CSVHeaderLocation is FIRST_ROW');
    if (location === 'GIVEN') csvHeaders = headers as readonly string[] | undefined;
  }
  let itemsPointer: string | undefined;
  if (inputType === 'JSON') {
    itemsPointer = config.string('ItemsPointer');
    if (itemsPointer !== undefined && itemsPointer !== '' && !itemsPointer.startsWith('/'))
      config.issue('ItemsPointer', `a JSON pointer begins with /, found ${itemsPointer}`);
  }
  config.finish(`a ReaderConfig of ${inputType ?? 'an object'}`);
  section.finish('an ItemReader');
  return defined({
    source: 'object' as const,
    arguments: args,
    inputType,
    csvHeaders,
    csvDelimiter,
    itemsPointer,
    maxItems,
  }) as ItemReader;
}

function checkNames(section: Section, raw: unknown, known: readonly string[], required: readonly string[]): void {
  if (!isObject(raw)) return;
  for (const name of Object.keys(raw))
    if (!known.includes(name)) section.issue('Arguments', `the field ${name} is not known here; there are ${known.join(', ')}`);
  for (const name of required) if (!Object.hasOwn(raw, name)) section.issue('Arguments', `the field ${name} is required`);
}

function parseBatcher(section: Section, scope: VariableScope): ItemBatcher {
  const batcher = defined({
    maxItemsPerBatch: section.numberTemplate('MaxItemsPerBatch', scope, { least: 1, most: MOST_ITEMS }),
    maxInputBytesPerBatch: section.numberTemplate('MaxInputBytesPerBatch', scope, { least: 1, most: BATCH_BYTES_LIMIT }),
    batchInput: section.template('BatchInput', scope, ['input']),
  }) as ItemBatcher;
  if (!batcher.maxItemsPerBatch && !batcher.maxInputBytesPerBatch)
    section.issue(undefined, 'an ItemBatcher has MaxItemsPerBatch, MaxInputBytesPerBatch or both');
  section.finish('an ItemBatcher');
  return batcher;
}

function parseWriter(section: Section, scope: VariableScope): ResultWriter {
  const resource = section.string('Resource');
  if (resource !== undefined && !/^arn:aws[a-z-]*:states:[a-z0-9-]*:\d*:s3:putObject$/.test(resource)) {
    section.issue('Resource', `arn:aws:states:::s3:putObject was expected, found ${resource}`);
  }
  const raw = section.take('Arguments');
  const args = raw === undefined ? undefined : section.compile('Arguments', raw, scope, ['input']);
  checkNames(section, raw, ['Bucket', 'Prefix'], ['Bucket']);
  if ((resource === undefined) !== (raw === undefined))
    section.issue(undefined, 'Resource and Arguments of a ResultWriter stand together');
  const hasConfig = section.has('WriterConfig');
  if (!hasConfig && resource === undefined)
    section.issue(undefined, 'a ResultWriter has Resource and Arguments, WriterConfig or both');
  const config = new Section(section.parsing, section.take('WriterConfig') ?? {}, section.at('WriterConfig'));
  const transformation =
    config.oneOf('Transformation', ['NONE', 'COMPACT', 'FLATTEN'] as const) ?? (raw === undefined ? 'COMPACT' : 'NONE');
  const outputType = config.oneOf('OutputType', ['JSON', 'JSONL'] as const) ?? 'JSON';
  config.finish('a WriterConfig');
  section.finish('a ResultWriter');
  return defined({ arguments: args, outputType, transformation }) as ResultWriter;
}
