/**
 * `npm run teststate`: asks AWS itself about every state of our machines, through the TestState API, and compares its answers
 * with those of the local interpreter. For the day an account exists: it needs credentials and `states:TestState`, no deployment.
 *
 *   node scripts/teststate.ts --dry            lists what it would send, one JSON line per request; sends nothing
 *   node scripts/teststate.ts                  sends; prints one line per request; exit code 1 where the two sides differ
 *   node scripts/teststate.ts --machine NAME   only state-machines/NAME.asl.json
 *
 * Each state gets a made-up input, variables and result that fit what its expressions read; services are mocked, so nothing
 * runs and nothing is billed but the requests. A state with Retry or Catch is asked again with its first named error.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { SFNClient, TestStateCommand, type TestStateCommandOutput } from '@aws-sdk/client-sfn';
import jsonata from 'jsonata';
import { virtualClock } from '../local-sim/clock.ts';
import { createStates } from '../local-sim/states/server.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Fields = { [key: string]: Json };

export interface StateTest {
  readonly machine: string;
  readonly state: string;
  /** What the mocked service does. */
  readonly mock: 'none' | 'result' | 'error';
  readonly definition: string;
  readonly input: Fields;
  readonly variables: Fields;
  readonly result?: Json;
  readonly error?: string;
}

export interface Verdict {
  readonly status: string;
  readonly output?: Json;
  readonly error?: string;
  readonly nextState?: string;
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every state of a definition, those inside Map and Parallel included. */
function statesOf(definition: Fields): [string, Fields][] {
  return Object.entries((definition['States'] ?? {}) as Record<string, Fields>).flatMap(([name, state]) => [
    [name, state] as [string, Fields],
    ...((state['Branches'] ?? []) as Fields[]).flatMap(statesOf),
    ...(isFields(state['ItemProcessor']) ? statesOf(state['ItemProcessor']) : []),
  ]);
}

/** Texts between {% and %} below a value. */
function expressionsIn(value: Json): string[] {
  if (typeof value === 'string') return value.startsWith('{%') ? [value.slice(2, -2)] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap((member) => expressionsIn(member as Json));
}

type Node = {
  type?: string;
  value?: unknown;
  steps?: Node[];
  arguments?: Node[];
  procedure?: Node;
  lhs?: Node;
  rhs?: Node;
  condition?: Node;
};

const LIST_FUNCTIONS = new Set([
  'count',
  'append',
  'map',
  'filter',
  'reduce',
  'sum',
  'max',
  'min',
  'sort',
  'join',
  'distinct',
  'partition',
  'zip',
  'reverse',
]);
const ARITHMETIC = new Set(['+', '-', '*', '/', '%', '<', '>', '<=', '>=']);

/** A path such as ['states', 'input', 'runId'] and a value that fits how it is used. */
function usesOf(expression: string): { path: string[]; sample: Json }[] {
  const uses: { path: string[]; sample: Json }[] = [];
  const visit = (value: unknown, sample: Json): void => {
    if (Array.isArray(value)) for (const member of value) visit(member, sample);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    const node = value as Node;
    const first = node.type === 'path' ? node.steps?.[0] : node;
    if (first?.type === 'variable' && typeof first.value === 'string' && first.value !== '' && first.value !== '$') {
      const rest = node.type === 'path' ? (node.steps ?? []).slice(1) : [];
      const stop = rest.findIndex((step) => step.type !== 'name');
      uses.push({
        path: [first.value, ...rest.slice(0, stop < 0 ? rest.length : stop).map((step) => String(step.value))],
        sample,
      });
    }
    const inner = (member: unknown): Json => {
      if (node.type === 'binary' && ARITHMETIC.has(String(node.value))) return 1;
      if (node.type === 'binary' && node.value === 'in' && member === node.rhs) return ['sample'];
      if (node.type === 'binary' && (node.value === 'and' || node.value === 'or')) return true;
      if (node.type === 'condition' && member === node.condition) return true;
      if (node.type === 'binary' && node.value === '=' && (node.lhs?.type === 'number' || node.rhs?.type === 'number')) return 1;
      return 'sample';
    };
    for (const [key, member] of Object.entries(node)) {
      if (key === 'procedure' || key === 'position') continue;
      if (key === 'arguments' && node.procedure?.type === 'variable' && LIST_FUNCTIONS.has(String(node.procedure.value))) {
        for (const [i, argument] of (node.arguments ?? []).entries()) visit(argument, i === 0 ? ['sample'] : 'sample');
      } else if (key === 'steps')
        visit(
          (node.steps ?? []).filter((step) => step.type !== 'name' && step.type !== 'variable'),
          'sample',
        );
      else visit(member, inner(member));
    }
  };
  visit(jsonata(expression).ast(), 'sample');
  return uses;
}

/** Puts a sample at a path; a longer path wins over a shorter one, a number or list over text. */
function place(tree: Fields, [name = '', ...rest]: readonly string[], sample: Json): void {
  const held = tree[name];
  if (rest.length > 0) {
    const inner: Fields = isFields(held) ? held : {};
    tree[name] = inner;
    place(inner, rest, sample);
  } else if (held === undefined || held === 'sample') tree[name] = sample;
}

function samplesFor(state: Fields): { input: Fields; variables: Fields; result: Json } {
  const tree: Fields = { states: { input: {}, result: {} } };
  const { States: _, ItemProcessor: __, Branches: ___, ...own } = state;
  for (const expression of expressionsIn(own)) for (const { path, sample } of usesOf(expression)) place(tree, path, sample);
  const { states, ...variables } = tree;
  const { input, result } = states as { input: Json; result: Json };
  return { input: isFields(input) ? input : {}, variables, result };
}

/** `${Name}` becomes text that looks like what the deployment puts there. */
export function substitute(definition: string, machines: readonly string[]): string {
  return definition.replaceAll(/\$\{([A-Za-z0-9]+)\}/g, (_, name: string) =>
    machines.includes(name.toLowerCase()) ? `arn:aws:states:us-east-1:000000000000:stateMachine:${name.toLowerCase()}` : name,
  );
}

/** What is to be asked about one machine. */
export function planTests(machine: string, definition: string): StateTest[] {
  const parsed = JSON.parse(definition) as Fields;
  return statesOf(parsed).flatMap(([state, fields]): StateTest[] => {
    const { input, variables, result } = samplesFor(fields);
    const base = { machine, state, definition, input, variables };
    const mocked = fields['Type'] === 'Task' || fields['Type'] === 'Map' || fields['Type'] === 'Parallel';
    if (!mocked) return [{ ...base, mock: 'none' as const }];
    const names = [...((fields['Retry'] ?? []) as Fields[]), ...((fields['Catch'] ?? []) as Fields[])].flatMap(
      (guard) => guard['ErrorEquals'] as string[],
    );
    const error = names.find((name) => !name.startsWith('States.')) ?? (names.length > 0 ? 'SampleError' : undefined);
    return [
      { ...base, mock: 'result' as const, result },
      ...(error === undefined ? [] : [{ ...base, mock: 'error' as const, error }]),
    ];
  });
}

/** What the local interpreter makes of the same state: its neighbours become ends, its service answers what the mock says. */
export async function runLocally(test: StateTest): Promise<Verdict> {
  const found = statesOf(JSON.parse(test.definition) as Fields).find(([name]) => name === test.state)!;
  const {
    Retry,
    Items: _,
    ItemReader: __,
    ItemSelector: ___,
    ItemProcessor: ____,
    ItemBatcher: _____,
    ResultWriter: ______,
    Branches: _______,
    ...kept
  } = found[1];
  const mocked = test.mock !== 'none';
  // A retried error is told as RETRIABLE by TestState; here the retry is taken away and the name compared instead.
  const retried =
    test.error !== undefined &&
    ((Retry ?? []) as Fields[]).some((retrier) => (retrier['ErrorEquals'] as string[]).includes(test.error!));
  const state: Fields = mocked
    ? {
        Type: 'Task',
        Resource: 'arn:aws:lambda:us-east-1:000000000000:function:mock',
        ...Object.fromEntries(Object.entries(kept).filter(([key]) => ['Output', 'Assign', 'Catch', 'Next', 'End'].includes(key))),
      }
    : kept;
  const targets = new Set<string>();
  const note = (value: Json | undefined) => void (typeof value === 'string' && targets.add(value));
  note(state['Next']);
  note(state['Default']);
  for (const key of ['Choices', 'Catch']) for (const rule of (state[key] ?? []) as Fields[]) note(rule['Next']);
  const machine = {
    QueryLanguage: 'JSONata',
    StartAt: 'Set the variables',
    States: {
      'Set the variables': {
        Type: 'Pass',
        ...(Object.keys(test.variables).length > 0 ? { Assign: test.variables } : {}),
        Next: test.state,
      },
      [test.state]: state,
      ...Object.fromEntries(
        [...targets].filter((name) => name !== test.state).map((name) => [name, { Type: 'Pass', End: true }]),
      ),
    },
  };
  const stateDir = mkdtempSync(join(tmpdir(), 'qefm-teststate-'));
  const states = createStates({
    clock: virtualClock(),
    stateDir,
    region: 'us-east-1',
    accountId: '000000000000',
    endpoint: () => 'http://127.0.0.1:1',
    peer: () => ({
      signingNames: ['lambda'],
      handle: () => Promise.reject(new Error('called directly')),
      call: async () =>
        test.mock === 'error'
          ? {
              StatusCode: 200,
              FunctionError: 'Unhandled',
              Payload: JSON.stringify({ errorType: test.error, errorMessage: 'mocked' }),
            }
          : { StatusCode: 200, Payload: JSON.stringify(test.result ?? {}) },
    }),
    log: () => {},
  });
  try {
    if (retried) return { status: 'RETRIABLE', error: test.error! };
    const { stateMachineArn } = await states.call('CreateStateMachine', {
      name: 'teststate',
      definition: JSON.stringify(machine),
      roleArn: 'arn:aws:iam::000000000000:role/teststate',
    });
    const { executionArn } = await states.call('StartExecution', { stateMachineArn, input: JSON.stringify(test.input) });
    await states.ended(String(executionArn));
    const told = await states.call('DescribeExecution', { executionArn });
    const { events } = (await states.call('GetExecutionHistory', { executionArn })) as {
      events: { type: string; stateEnteredEventDetails?: { name: string } }[];
    };
    const entered = events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []);
    const nextState = entered[entered.indexOf(test.state) + 1];
    if (told['status'] !== 'SUCCEEDED')
      return { status: 'FAILED', ...(told['error'] === undefined ? {} : { error: String(told['error']) }) };
    return {
      status: test.mock === 'error' ? 'CAUGHT_ERROR' : 'SUCCEEDED',
      output: JSON.parse(String(told['output'])) as Json,
      ...(nextState === undefined ? {} : { nextState }),
    };
  } finally {
    await states.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** Fields in which two verdicts differ; outputs are compared only where both succeeded. */
export function differences(local: Verdict, cloud: Verdict): string[] {
  const fields = [
    'status',
    'error',
    'nextState',
    ...(local.status === 'SUCCEEDED' && cloud.status === 'SUCCEEDED' ? ['output' as const] : []),
  ] as const;
  return fields.flatMap((field) => {
    const [here, there] = [JSON.stringify(local[field]), JSON.stringify(cloud[field])];
    return here === there ? [] : [`${field}: here ${here}, AWS ${there}`];
  });
}

function toRequest(test: StateTest) {
  return {
    definition: test.definition,
    stateName: test.state,
    input: JSON.stringify(test.input),
    variables: JSON.stringify(test.variables),
    inspectionLevel: 'DEBUG' as const,
    ...(test.mock === 'none'
      ? {}
      : {
          mock: {
            fieldValidationMode: 'NONE' as const,
            ...(test.mock === 'error'
              ? { errorOutput: { error: test.error!, cause: 'mocked' } }
              : { result: JSON.stringify(test.result ?? {}) }),
          },
        }),
  };
}

function toVerdict(answer: TestStateCommandOutput): Verdict {
  return {
    status: String(answer.status),
    ...(answer.output === undefined ? {} : { output: JSON.parse(answer.output) as Json }),
    ...(answer.error === undefined || answer.status === 'CAUGHT_ERROR' ? {} : { error: answer.error }),
    ...(answer.nextState === undefined ? {} : { nextState: answer.nextState }),
  };
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { dry: { type: 'boolean', default: false }, machine: { type: 'string' } } });
  const folder = new URL('../state-machines/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.asl.json'));
  const machines = files.map((name) => basename(name, '.asl.json'));
  if (values.machine !== undefined && !machines.includes(values.machine))
    throw new Error(`--machine takes one of ${machines.join(', ')}, found ${values.machine}`);
  const tests = machines
    .filter((name) => values.machine === undefined || name === values.machine)
    .flatMap((name) => planTests(name, substitute(readFileSync(new URL(`${name}.asl.json`, folder), 'utf8'), machines)));
  if (values.dry) {
    for (const test of tests) {
      const { definition, ...request } = toRequest(test);
      console.log(JSON.stringify({ machine: test.machine, ...request, definition: `${definition.length} characters` }));
    }
    console.log(`${tests.length} requests for ${machines.length} machines; nothing was sent`);
    return 0;
  }
  const client = new SFNClient({});
  let different = 0;
  for (const test of tests) {
    const local = await runLocally(test);
    const cloud = toVerdict(await client.send(new TestStateCommand(toRequest(test))));
    const found = differences(local, cloud);
    if (found.length > 0) different++;
    console.log(
      `${found.length === 0 ? 'same' : 'DIFFERENT'} ${test.machine}.${test.state} (${test.mock})${found.map((line) => `\n  ${line}`).join('')}`,
    );
  }
  console.log(`${tests.length - different} the same, ${different} different`);
  return different === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
