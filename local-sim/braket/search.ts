/** Filters and pages of the search operations. */
import type { MemberReader } from '../members.ts';
import type { HybridJob } from './jobs/model.ts';
import type { Task } from './task-store.ts';

const OPERATORS = ['LT', 'LTE', 'EQUAL', 'GT', 'GTE', 'BETWEEN'] as const;
const TASK_FIELDS = ['quantumTaskArn', 'deviceArn', 'jobArn', 'status', 'createdAt'] as const;

export type Predicate<T> = (candidate: T) => boolean;

/** All filters must hold; within one, any of its values. */
export function taskFilters(reader: MemberReader): Predicate<Task> {
  const predicates = reader.structures('filters', { max: 10 }).map((filter): Predicate<Task> => {
    const name = filter.oneOf('name', TASK_FIELDS);
    const operator = filter.oneOf('operator', OPERATORS);
    const values = filter.strings('values', { min: 1, max: 10 });
    if (name === 'createdAt') {
      const holds = timeFilter(filter, operator, values);
      return (task) => holds(task.createdAtMs);
    }
    if (operator !== 'EQUAL') throw filter.refuse(`filter on ${name} takes the operator EQUAL, found ${operator}`);
    const field: (task: Task) => string | undefined = {
      quantumTaskArn: (task: Task) => task.arn,
      deviceArn: (task: Task) => task.deviceArn,
      jobArn: (task: Task) => task.jobArn,
      status: (task: Task) => task.status as string,
    }[name];
    return (task) => values.includes(field(task) ?? '');
  });
  return (task) => predicates.every((holds) => holds(task));
}

/** As the model names them: by ARN, whole or in part, and by time. */
export function jobFilters(reader: MemberReader): Predicate<HybridJob> {
  const predicates = reader.structures('filters', { max: 10 }).map((filter): Predicate<HybridJob> => {
    const name = filter.oneOf('name', ['jobArn', 'createdAt']);
    const operator = filter.oneOf('operator', [...OPERATORS, 'CONTAINS'] as const);
    const values = filter.strings('values', { min: 1, max: 10 });
    if (name === 'createdAt') {
      if (operator === 'CONTAINS') throw filter.refuse('filter on createdAt takes no operator CONTAINS');
      const holds = timeFilter(filter, operator, values);
      return (job) => holds(job.createdAtMs);
    }
    if (operator === 'EQUAL') return (job) => values.includes(job.arn);
    if (operator === 'CONTAINS') return (job) => values.some((value) => job.arn.includes(value));
    throw filter.refuse(`filter on ${name} takes the operators EQUAL and CONTAINS, found ${operator}`);
  });
  return (job) => predicates.every((holds) => holds(job));
}

function timeFilter(filter: MemberReader, operator: (typeof OPERATORS)[number], values: readonly string[]): Predicate<number> {
  const times = values.map((value) => {
    const atMs = Date.parse(value);
    if (Number.isNaN(atMs)) throw filter.refuse(`filter on createdAt takes ISO 8601 times, found ${JSON.stringify(value)}`);
    return atMs;
  });
  if (operator === 'BETWEEN') {
    const [low, high] = times;
    if (times.length !== 2 || low === undefined || high === undefined)
      throw filter.refuse(`BETWEEN takes two values, found ${times.length}`);
    return (atMs) => atMs >= low && atMs <= high;
  }
  const compare: Record<Exclude<typeof operator, 'BETWEEN'>, (a: number, b: number) => boolean> = {
    LT: (a, b) => a < b,
    LTE: (a, b) => a <= b,
    EQUAL: (a, b) => a === b,
    GT: (a, b) => a > b,
    GTE: (a, b) => a >= b,
  };
  return (atMs) => times.some((time) => compare[operator](atMs, time));
}

export interface Page<T> {
  items: T[];
  nextToken?: string;
}

/**
 * One page of a list that is sorted by `key`; the token names the last key of the page before, so an entry that came or
 * went in between does not shift the rest.
 */
export function page<T>(reader: MemberReader, sorted: readonly T[], key: (item: T) => string, usual = 100): Page<T> {
  const size = reader.optionalInteger('maxResults', { min: 1, max: 100 }) ?? usual;
  const token = reader.optionalString('nextToken');
  let from = 0;
  if (token !== undefined) {
    const last = Buffer.from(token, 'base64url').toString('utf8');
    const found = sorted.findIndex((item) => key(item) === last);
    if (found < 0) throw reader.refuse("'nextToken' is not from an earlier page of this search");
    from = found + 1;
  }
  const items = sorted.slice(from, from + size);
  if (from + size >= sorted.length) return { items };
  return { items, nextToken: Buffer.from(key(items.at(-1)!)).toString('base64url') };
}
