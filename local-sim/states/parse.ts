/** Turns the text of a definition into a Machine, or into the list of everything that is wrong with it. */
import type {
  ChoiceRule,
  ChoiceState,
  FailState,
  Issue,
  Machine,
  MapState,
  ParallelState,
  PassState,
  State,
  SucceedState,
  TaskState,
  WaitState,
} from './definition.ts';
import { compileExpression, type Expression } from './expressions.ts';
import { type Entropy, KNOWN_FUNCTIONS } from './functions.ts';
import { isObject, type Json } from './json.ts';
import { defined, LONGEST_SECONDS, parseGuards, parseNext, parseTransition } from './parse-fields.ts';
import { parseMap } from './parse-map.ts';
import { argumentIssues, parseResource } from './resources.ts';
import { type Parsing, Section, type VariableScope } from './section.ts';

const STATE_TYPES = ['Pass', 'Task', 'Choice', 'Wait', 'Succeed', 'Fail', 'Parallel', 'Map'] as const;

export interface ParsedMachine {
  readonly machine: Machine;
  readonly issues: readonly Issue[];
}

export interface ParseOptions {
  readonly entropy?: Entropy;
  /** Off only in the test that compares cached with fresh expressions. */
  readonly cache?: boolean;
  /** Whether a sibling answers under this signing name; asked once per Task. */
  readonly hasPeer?: (signingName: string) => boolean;
}

/** Never throws for a bad definition: `machine` is usable only while `issues` is empty. */
export function parseMachine(text: string, options: ParseOptions = {}): ParsedMachine {
  const cache = new Map<string, Expression>();
  const parsing: Parsing = {
    issues: [],
    uses: [],
    names: new Map(),
    jsonata: false,
    compile(source) {
      let expression = options.cache === false ? undefined : cache.get(source);
      if (!expression) {
        expression = compileExpression(source, options.entropy);
        cache.set(source, expression);
      }
      return expression;
    },
    ...(options.hasPeer ? { hasPeer: options.hasPeer } : {}),
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return {
      machine: { startAt: '', states: new Map() },
      issues: [
        { code: 'INVALID_JSON_DESCRIPTION', path: '', message: `the definition is not JSON: ${(error as Error).message}` },
      ],
    };
  }
  const section = new Section(parsing, value, '');
  const language = section.oneOf('QueryLanguage', ['JSONata', 'JSONPath'] as const);
  section.oneOf('Version', ['1.0'] as const);
  const timeoutSeconds = section.number('TimeoutSeconds', { least: 1, most: LONGEST_SECONDS });
  const scope: VariableScope = { assigned: new Set(), assignedAt: new Map(), distributed: false };
  parsing.jsonata = language === 'JSONata';
  const machine = parseStates(section, scope);
  section.finish('a state machine');
  checkVariables(parsing);
  return { machine: defined({ ...machine, timeoutSeconds }) as Machine, issues: parsing.issues };
}

/** StartAt, States and Comment of a machine, a branch or an item processor. */
export function parseStates(section: Section, scope: VariableScope): Machine {
  section.string('Comment');
  section.require('StartAt');
  section.require('States');
  const startAt = section.string('StartAt') ?? '';
  const listed = section.take('States');
  const states = new Map<string, State>();
  if (listed === undefined) return { startAt, states };
  if (!isObject(listed) || Object.keys(listed).length === 0) {
    section.issue('States', 'an object with at least one state was expected');
    return { startAt, states };
  }
  for (const [name, value] of Object.entries(listed)) {
    const inner = new Section(
      section.parsing,
      value,
      `${section.at('States')}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    );
    if (name.length === 0 || name.length > 80)
      inner.issue(undefined, `a state's name has 1 to 80 characters, found ${name.length}`);
    const elsewhere = section.parsing.names.get(name);
    if (elsewhere !== undefined)
      inner.issue(undefined, `the state name ${name} is used twice, first at ${elsewhere}`, 'DUPLICATE_STATE_NAME');
    section.parsing.names.set(name, inner.path);
    const state = parseState(inner, name, scope);
    if (state) states.set(name, state);
  }
  checkFlow(section, startAt, listed as Record<string, Json>);
  return { startAt, states };
}

/** Targets named by a raw state, with the field that names them. */
function targets(state: unknown): (readonly [string, string])[] {
  if (!isObject(state)) return [];
  const list: [string, string][] = [];
  const add = (field: string, value: unknown) => {
    if (typeof value === 'string') list.push([field, value]);
  };
  add('Next', state['Next']);
  add('Default', state['Default']);
  for (const field of ['Choices', 'Catch']) {
    const rules = state[field];
    if (!Array.isArray(rules)) continue;
    for (const [i, rule] of rules.entries()) add(`${field}/${i}/Next`, isObject(rule) ? rule['Next'] : undefined);
  }
  return list;
}

function checkFlow(section: Section, startAt: string, states: Record<string, Json>): void {
  const { issues } = section.parsing;
  const ends = (state: Json) =>
    isObject(state) && (state['End'] === true || state['Type'] === 'Succeed' || state['Type'] === 'Fail');
  if (!Object.values(states).some(ends))
    section.issue(undefined, 'no state ends it: one needs "End": true, or the type Succeed or Fail', 'MISSING_END_STATE');
  if (section.has('StartAt') && !Object.hasOwn(states, startAt))
    section.issue('StartAt', `StartAt names the state ${startAt}, which is not there`, 'MISSING_TRANSITION_TARGET');
  const reached = new Set<string>();
  const queue = [startAt];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (reached.has(name) || !Object.hasOwn(states, name)) continue;
    reached.add(name);
    queue.push(...targets(states[name]).map(([, target]) => target));
  }
  for (const [name, state] of Object.entries(states)) {
    const path = `${section.at('States')}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    for (const [field, target] of targets(state)) {
      if (!Object.hasOwn(states, target))
        issues.push({ code: 'MISSING_TRANSITION_TARGET', path: `${path}/${field}`, message: `the state ${target} is not there` });
    }
    if (!reached.has(name))
      issues.push({ code: 'MISSING_TRANSITION_TARGET', path, message: `no transition leads to the state ${name}` });
  }
}

function parseState(section: Section, name: string, scope: VariableScope): State | undefined {
  section.require('Type');
  const type = section.oneOf('Type', STATE_TYPES);
  section.string('Comment');
  const language = section.oneOf('QueryLanguage', ['JSONata', 'JSONPath'] as const);
  if (language === undefined ? !section.parsing.jsonata : language === 'JSONPath') {
    section.issue(
      undefined,
      'the state is written in JSONPath (the default where QueryLanguage is not set); this cloud runs JSONata machines only: set "QueryLanguage": "JSONata" at the top of the definition',
    );
    return undefined;
  }
  if (type === undefined) return undefined;
  const state = PARSERS[type](section, name, scope);
  section.finish(`a ${type} state`);
  return state;
}

const PARSERS: Readonly<Record<(typeof STATE_TYPES)[number], (section: Section, name: string, scope: VariableScope) => State>> = {
  Pass: (section, name, scope): PassState => ({
    type: 'Pass',
    name,
    ...parseTransition(section, scope, ['input']),
    ...parseNext(section),
  }),

  Succeed: (section, name, scope): SucceedState => {
    const output = section.template('Output', scope, ['input']);
    return { type: 'Succeed', name, ...(output ? { output } : {}) };
  },

  Fail: (section, name, scope): FailState =>
    defined({
      type: 'Fail' as const,
      name,
      error: section.textTemplate('Error', scope),
      cause: section.textTemplate('Cause', scope),
    }) as FailState,

  Wait(section, name, scope): WaitState {
    if (section.has('Seconds') === section.has('Timestamp'))
      section.issue(undefined, 'a Wait state has either Seconds or Timestamp');
    const seconds = section.numberTemplate('Seconds', scope, { least: 0, most: LONGEST_SECONDS });
    const timestamp = section.textTemplate('Timestamp', scope);
    if (timestamp?.kind === 'constant' && parseTimestamp(timestamp.value) === undefined) {
      section.issue(
        'Timestamp',
        `an RFC 3339 time such as 2026-08-18T17:33:00Z was expected, found ${JSON.stringify(timestamp.value)}`,
      );
    }
    return defined({
      type: 'Wait' as const,
      name,
      seconds,
      timestamp,
      ...parseTransition(section, scope, ['input']),
      ...parseNext(section),
    }) as WaitState;
  },

  Choice(section, name, scope): ChoiceState {
    section.require('Choices');
    const choices = (section.list('Choices') ?? []).map((value, i): ChoiceRule => {
      const inner = new Section(section.parsing, value, `${section.at('Choices')}/${i}`);
      inner.string('Comment');
      inner.require('Condition');
      inner.require('Next');
      const raw = inner.take('Condition');
      const condition = inner.compile('Condition', raw ?? false, scope, ['input']);
      if (condition.kind !== 'expression' && typeof raw !== 'boolean' && raw !== undefined)
        inner.issue('Condition', 'true, false or an expression was expected');
      const rule = { condition, next: inner.string('Next') ?? '', ...parseTransition(inner, scope, ['input']) };
      inner.finish('a choice rule');
      return rule;
    });
    const otherwise = section.string('Default');
    return defined({
      type: 'Choice' as const,
      name,
      choices,
      default: otherwise,
      ...parseTransition(section, scope, ['input']),
    }) as ChoiceState;
  },

  Task(section, name, scope): TaskState {
    section.require('Resource');
    const arn = section.string('Resource') ?? '';
    const given = section.has('Arguments');
    const uses = section.parsing.uses.length;
    const raw = section.take('Arguments');
    const args = raw === undefined ? undefined : section.compile('Arguments', raw, scope, ['input']);
    if (args?.kind === 'constant' && !isObject(args.value)) section.issue('Arguments', 'an object or an expression was expected');
    const inArguments = section.parsing.uses.slice(uses);
    const timeoutSeconds = section.numberTemplate('TimeoutSeconds', scope, { least: 1, most: LONGEST_SECONDS });
    const heartbeatSeconds = section.numberTemplate('HeartbeatSeconds', scope, { least: 1, most: LONGEST_SECONDS });
    if (
      timeoutSeconds?.kind === 'constant' &&
      heartbeatSeconds?.kind === 'constant' &&
      Number(heartbeatSeconds.value) >= Number(timeoutSeconds.value)
    ) {
      section.issue(
        'HeartbeatSeconds',
        `HeartbeatSeconds must be smaller than TimeoutSeconds (${Number(timeoutSeconds.value)}), found ${Number(heartbeatSeconds.value)}`,
      );
    }
    let resource: TaskState['resource'] | undefined;
    if (section.has('Resource')) {
      try {
        resource = parseResource(arn);
      } catch (error) {
        section.issue('Resource', (error as Error).message);
      }
    }
    if (resource) {
      const { hasPeer } = section.parsing;
      if (hasPeer && !hasPeer(resource.peer)) section.issue('Resource', `the service ${resource.peer} is not part of this cloud`);
      if (isObject(raw)) for (const message of argumentIssues(resource, raw)) section.issue('Arguments', message);
      else if (!given && resource.kind === 'optimized') section.issue('Arguments', `the field Arguments is required for ${arn}`);
      const passesToken = inArguments.some(({ expression }) =>
        [...expression.facts.statesPaths].some((path) => ['', 'context', 'context.Task', 'context.Task.Token'].includes(path)),
      );
      if (resource.pattern === 'token' && !passesToken) {
        section.issue('Arguments', 'a .waitForTaskToken task hands its token on: use $states.context.Task.Token in Arguments');
      }
      if ((resource.pattern === 'sync' || resource.pattern === 'sync2') && heartbeatSeconds) {
        section.issue('HeartbeatSeconds', 'nobody can send heartbeats for a .sync task; use TimeoutSeconds');
      }
    }
    return defined({
      type: 'Task' as const,
      name,
      resource,
      arguments: args,
      timeoutSeconds,
      heartbeatSeconds,
      ...parseGuards(section, scope),
      ...parseTransition(section, scope, ['input', 'result']),
      ...parseNext(section),
    }) as TaskState;
  },

  Parallel(section, name, scope): ParallelState {
    section.require('Branches');
    const branches = (section.list('Branches') ?? []).map((value, i) => {
      const inner = new Section(section.parsing, value, `${section.at('Branches')}/${i}`);
      const branch = parseStates(inner, { assigned: new Set(), assignedAt: new Map(), parent: scope, distributed: false });
      inner.finish('a branch');
      return branch;
    });
    return defined({
      type: 'Parallel' as const,
      name,
      branches,
      arguments: section.template('Arguments', scope, ['input']),
      ...parseGuards(section, scope),
      ...parseTransition(section, scope, ['input', 'result']),
      ...parseNext(section),
    }) as ParallelState;
  },

  Map: (section, name, scope): MapState => parseMap(section, name, scope, parseStates),
};

/** Milliseconds since the epoch of an RFC 3339 time, undefined for anything else. */
export function parseTimestamp(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Every variable read is assigned somewhere in view; none hides one of an outer level or a function that is called. */
function checkVariables({ uses, issues }: Parsing): void {
  const scopes = new Set<VariableScope>();
  for (const { path, expression, scope } of uses) {
    const inView = new Set<string>();
    for (let level: VariableScope | undefined = scope; level; level = level.distributed ? undefined : level.parent) {
      scopes.add(level);
      for (const name of level.assigned) inView.add(name);
    }
    for (const name of expression.facts.variables) {
      if (!inView.has(name))
        issues.push({
          code: 'UNSUPPORTED_JSONATA_EXPRESSION',
          path,
          message: `the variable $${name} is assigned nowhere in view of this state`,
        });
    }
    for (const name of expression.facts.calls) {
      if (KNOWN_FUNCTIONS.has(name) && inView.has(name))
        issues.push({
          code: 'UNSUPPORTED_JSONATA_EXPRESSION',
          path,
          message: `the function $${name} is hidden by the variable of that name`,
        });
    }
  }
  for (const scope of scopes) {
    for (let outer = scope.distributed ? undefined : scope.parent; outer; outer = outer.distributed ? undefined : outer.parent) {
      for (const name of scope.assigned) {
        if (outer.assigned.has(name))
          issues.push({
            code: 'UNSUPPORTED_JSONATA_EXPRESSION',
            path: scope.assignedAt.get(name) ?? '',
            message: `the variable ${name} is already assigned in an outer scope`,
          });
      }
    }
  }
}
