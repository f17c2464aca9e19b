/** The rules of the default event bus and their targets, in one file that is replaced whole. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ServiceError } from '../service.ts';
import { compilePattern, type EventMatcher } from './pattern.ts';
import { parseSchedule } from './schedule.ts';
import { checkInput, type InputTransformer } from './transform.ts';

export interface Target {
  Id: string;
  Arn: string;
  RoleArn?: string;
  Input?: string;
  InputPath?: string;
  InputTransformer?: InputTransformer;
  RetryPolicy?: { MaximumRetryAttempts?: number; MaximumEventAgeInSeconds?: number };
  DeadLetterConfig?: { Arn?: string };
}

export interface Rule {
  name: string;
  state: 'ENABLED' | 'DISABLED';
  description?: string;
  eventPattern?: string;
  scheduleExpression?: string;
  targets: Target[];
}

export interface Rules {
  all(): Rule[];
  /** Throws ResourceNotFoundException. */
  get(name: string): Rule;
  /** Enabled rules whose pattern accepts the event. */
  matching(event: Record<string, unknown>): Rule[];
  put(rule: Omit<Rule, 'targets'>): void;
  putTargets(name: string, targets: readonly Target[]): void;
  removeTargets(name: string, ids: readonly string[]): void;
  setState(name: string, state: Rule['state']): void;
  /** Throws ValidationException while the rule has targets. */
  remove(name: string): void;
}

const MOST_TARGETS = 5;
const TARGET_ARN =
  /^arn:aws[a-z-]*:(lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+|states:[a-z0-9-]+:\d{12}:stateMachine:[A-Za-z0-9_-]+)$/;

function checkTarget(target: Target): void {
  const refuse = (why: string) => new ServiceError('ValidationException', why, 400);
  if (typeof target.Id !== 'string' || !/^[.\-_A-Za-z0-9]{1,64}$/.test(target.Id))
    throw refuse(`A target needs an Id of 1 to 64 characters, found ${JSON.stringify(target.Id)}.`);
  if (!TARGET_ARN.test(target.Arn ?? ''))
    throw refuse(`The local event bus delivers to Lambda functions and state machines, found the target ${target.Arn}.`);
  const known = new Set(['Id', 'Arn', 'RoleArn', 'Input', 'InputPath', 'InputTransformer', 'RetryPolicy', 'DeadLetterConfig']);
  const unknown = Object.keys(target).find(
    (name) => !known.has(name) && (target as unknown as Record<string, unknown>)[name] !== undefined,
  );
  if (unknown !== undefined) throw refuse(`The local event bus does not know the target parameter ${unknown}.`);
  const { MaximumRetryAttempts: attempts, MaximumEventAgeInSeconds: age } = target.RetryPolicy ?? {};
  if (attempts !== undefined && (attempts < 0 || attempts > 185))
    throw refuse(`MaximumRetryAttempts must lie between 0 and 185, found ${attempts}.`);
  if (age !== undefined && (age < 60 || age > 86_400))
    throw refuse(`MaximumEventAgeInSeconds must lie between 60 and 86400, found ${age}.`);
  checkInput(target);
}

export function openRules(path: string): Rules {
  mkdirSync(dirname(path), { recursive: true });
  const rules = new Map<string, Rule>();
  const matchers = new Map<string, EventMatcher>();
  if (existsSync(path)) for (const rule of JSON.parse(readFileSync(path, 'utf8')) as Rule[]) rules.set(rule.name, rule);
  const compile = (rule: Rule) => {
    if (rule.eventPattern === undefined) matchers.delete(rule.name);
    else matchers.set(rule.name, compilePattern(rule.eventPattern));
  };
  for (const rule of rules.values()) compile(rule);
  const save = () => {
    writeFileSync(`${path}.new`, `${JSON.stringify([...rules.values()])}\n`);
    renameSync(`${path}.new`, path);
  };
  const get = (name: string): Rule => {
    const rule = rules.get(name);
    if (!rule) throw new ServiceError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus default.`, 400);
    return rule;
  };
  const change = (rule: Rule) => {
    compile(rule);
    rules.set(rule.name, rule);
    save();
  };
  return {
    all: () => [...rules.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    get,
    matching: (event) => [...rules.values()].filter((rule) => rule.state === 'ENABLED' && matchers.get(rule.name)?.(event)),
    put(rule) {
      if (!/^[.\-_A-Za-z0-9]{1,64}$/.test(rule.name))
        throw new ServiceError('ValidationException', `A rule's name has 1 to 64 of . - _ A-Z a-z 0-9, found ${rule.name}.`, 400);
      if (rule.eventPattern === undefined && rule.scheduleExpression === undefined) {
        throw new ServiceError('ValidationException', 'Parameter(s) EventPattern or ScheduleExpression must be specified.', 400);
      }
      if (rule.scheduleExpression !== undefined) parseSchedule(rule.scheduleExpression);
      change({ ...rule, targets: rules.get(rule.name)?.targets ?? [] });
    },
    putTargets(name, targets) {
      const rule = get(name);
      for (const target of targets) checkTarget(target);
      const ids = new Set(targets.map((target) => target.Id));
      const merged = [...rule.targets.filter((target) => !ids.has(target.Id)), ...targets];
      if (merged.length > MOST_TARGETS)
        throw new ServiceError(
          'LimitExceededException',
          `A rule takes at most ${MOST_TARGETS} targets, found ${merged.length}.`,
          400,
        );
      change({ ...rule, targets: merged });
    },
    removeTargets(name, ids) {
      const rule = get(name);
      change({ ...rule, targets: rule.targets.filter((target) => !ids.includes(target.Id)) });
    },
    setState: (name, state) => change({ ...get(name), state }),
    remove(name) {
      const rule = rules.get(name);
      if (!rule) return;
      if (rule.targets.length > 0)
        throw new ServiceError('ValidationException', "Rule can't be deleted since it has targets.", 400);
      rules.delete(name);
      matchers.delete(name);
      save();
    },
  };
}
