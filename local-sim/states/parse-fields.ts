/** Fields that several kinds of state share: Assign, Output, Next, End, Retry, Catch. */
import type { Assignments, Catcher, Retrier } from './definition.ts';
import type { Template } from './expressions.ts';
import { isObject, type Json } from './json.ts';
import { Section, type StatesMembers, type VariableScope } from './section.ts';

export const LONGEST_SECONDS = 99_999_999;

/** Everything `undefined` removed, as exactOptionalPropertyTypes wants it. */
type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };
export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}

/** Assign and Output. */
export function parseTransition(
  section: Section,
  scope: VariableScope,
  members: readonly StatesMembers[],
): { assign?: Assignments; output?: Template } {
  let assign: Assignments | undefined;
  const assigned = section.take('Assign');
  if (assigned !== undefined) {
    if (isObject(assigned)) {
      assign = Object.entries(assigned).map(([variable, value]) => {
        const path = ['Assign', variable];
        if (variable === 'states') section.issue(path, '$states is reserved and cannot be assigned');
        else if (variable.length > 80 || !/^[\p{ID_Start}_][\p{ID_Continue}]*$/u.test(variable))
          section.issue(path, `a variable's name is an identifier of at most 80 characters, found ${variable}`);
        scope.assigned.add(variable);
        if (!scope.assignedAt.has(variable)) scope.assignedAt.set(variable, section.at(...path));
        return [variable, section.compile(path, value as Json, scope, members)] as const;
      });
    } else section.issue('Assign', 'an object of variables was expected');
  }
  const output = section.template('Output', scope, members);
  return defined({ assign, output });
}

/** Next or End; exactly one of them. */
export function parseNext(section: Section): { next?: string } {
  const next = section.string('Next');
  const end = section.take('End');
  if (end !== undefined && typeof end !== 'boolean') section.issue('End', 'true or false was expected');
  if (next === undefined && end !== true) section.issue(undefined, 'a state has either Next or "End": true');
  if (next !== undefined && end === true) section.issue(undefined, 'a state has either Next or "End": true, found both');
  return next === undefined ? {} : { next };
}

/** Names Step Functions gives its own errors; others may not begin with `States.`. */
const STATES_ERRORS = new Set(
  `ALL BranchFailed DataLimitExceeded ExceedToleratedFailureThreshold HeartbeatTimeout ItemReaderFailed NoChoiceMatched Permissions
   QueryEvaluationError ResultWriterFailed Runtime TaskFailed Timeout`
    .split(/\s+/)
    .map((name) => `States.${name}`),
);

function errorNames(section: Section, isLast: boolean): readonly string[] {
  section.require('ErrorEquals');
  const names = section.list('ErrorEquals') ?? [];
  if (!names.every((name) => typeof name === 'string')) section.issue('ErrorEquals', 'error names are strings');
  for (const name of names) {
    if (typeof name === 'string' && name.startsWith('States.') && !STATES_ERRORS.has(name))
      section.issue('ErrorEquals', `${name} is no error of Step Functions; there are ${[...STATES_ERRORS].join(', ')}`);
  }
  if (names.includes('States.ALL') && (names.length > 1 || !isLast))
    section.issue('ErrorEquals', 'States.ALL stands alone and in the last entry');
  return names as readonly string[];
}

export function parseGuards(section: Section, scope: VariableScope): { retry: readonly Retrier[]; catch: readonly Catcher[] } {
  const retries = section.list('Retry') ?? [];
  const retry = retries.map((value, i): Retrier => {
    const inner = new Section(section.parsing, value, `${section.at('Retry')}/${i}`);
    inner.string('Comment');
    const retrier = {
      errorEquals: errorNames(inner, i === retries.length - 1),
      intervalSeconds: inner.number('IntervalSeconds', { least: 1, most: LONGEST_SECONDS }) ?? 1,
      maxAttempts: inner.number('MaxAttempts', { least: 0, most: LONGEST_SECONDS }) ?? 3,
      backoffRate: inner.number('BackoffRate', { least: 1, integer: false }) ?? 2,
      maxDelaySeconds: inner.number('MaxDelaySeconds', { least: 1, most: 31_622_399 }),
      fullJitter: inner.oneOf('JitterStrategy', ['FULL', 'NONE'] as const) === 'FULL',
    };
    if (retrier.maxDelaySeconds !== undefined && retrier.maxDelaySeconds <= retrier.intervalSeconds) {
      inner.issue(
        'MaxDelaySeconds',
        `MaxDelaySeconds must be greater than IntervalSeconds (${retrier.intervalSeconds}), found ${retrier.maxDelaySeconds}`,
      );
    }
    inner.finish('a retrier');
    return defined(retrier) as Retrier;
  });
  const catches = section.list('Catch') ?? [];
  const caught = catches.map((value, i): Catcher => {
    const inner = new Section(section.parsing, value, `${section.at('Catch')}/${i}`);
    inner.string('Comment');
    const errorEquals = errorNames(inner, i === catches.length - 1);
    inner.require('Next');
    const next = inner.string('Next') ?? '';
    const transition = parseTransition(inner, scope, ['input', 'errorOutput']);
    inner.finish('a catcher');
    return { errorEquals, next, ...transition };
  });
  return { retry, catch: caught };
}
