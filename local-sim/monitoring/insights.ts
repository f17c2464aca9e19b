/**
 * The least of CloudWatch Logs Insights: `fields`, `filter <field> like /pattern/` or `like "text"`, `sort @timestamp asc|desc` and
 * `limit`, between pipes. Any other command is refused with its words rather than left out of the answer.
 *
 * source  CloudWatch Logs user guide, query syntax; what AwsQuantumJob.metrics() asks (amazon-braket-sdk 1.127)
 */
import { ServiceError } from '../service.ts';

const FIELDS = ['@timestamp', '@message', '@logStream', '@ingestionTime'] as const;
type Field = (typeof FIELDS)[number];

export interface QueryEvent {
  timestampMs: number;
  /** Of an event whose time is known only to lie between the two. */
  untilMs?: number;
  message: string;
  stream: string;
}

export interface LogQuery {
  matches(event: QueryEvent): boolean;
  /** What GetQueryResults says of the events that matched, in their order, at most so many as the query or `limit` allows. */
  rows(events: readonly QueryEvent[], limit: number): { field: string; value: string }[][];
}

/** Throws MalformedQueryException. */
export function parseLogQuery(text: string): LogQuery {
  let fields: readonly Field[] = ['@timestamp', '@message'];
  let limit = Number.POSITIVE_INFINITY;
  let direction = -1;
  const filters: ((event: QueryEvent) => boolean)[] = [];
  for (const command of splitCommands(text)) {
    const filter = /^filter\s+(@\w+)\s+(not\s+)?like\s+(?:\/(.*)\/|"(.*)"|'(.*)')$/s.exec(command);
    const listed = /^(?:fields|display)\s+(.+)$/s.exec(command)?.[1]?.split(/\s*,\s*/);
    const sorted = /^sort\s+@timestamp(?:\s+(asc|desc))?$/.exec(command);
    const limited = /^limit\s+(\d+)$/.exec(command);
    if (filter) {
      const field = knownField(filter[1]!);
      const holds = pattern(filter[3], filter[4] ?? filter[5] ?? '');
      const isWanted = filter[2] === undefined;
      filters.push((event) => holds(textOfField(event, field)) === isWanted);
    } else if (listed) fields = listed.map(knownField);
    else if (sorted) direction = sorted[1] === 'asc' ? 1 : -1;
    else if (limited) limit = Number(limited[1]);
    else throw malformed(`the local Insights does not know ${JSON.stringify(command)}`);
  }
  return {
    matches: (event) => filters.every((holds) => holds(event)),
    rows: (events, most) =>
      [...events]
        .sort((a, b) => direction * (a.timestampMs - b.timestampMs))
        .slice(0, Math.min(limit, most))
        .map((event) => fields.map((field) => ({ field, value: textOfField(event, field) }))),
  };
}

/** Pipes within a pattern or a text are not those between commands. */
function splitCommands(text: string): string[] {
  const parts = text.match(/(?:\/(?:\\.|[^/\\])*\/|"[^"]*"|'[^']*'|[^|])+/gs) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function pattern(expression: string | undefined, text: string): (value: string) => boolean {
  if (expression === undefined) return (value) => value.includes(text);
  try {
    const compiled = new RegExp(expression);
    return (value) => compiled.test(value);
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : String(error));
  }
}

function knownField(name: string): Field {
  const field = FIELDS.find((one) => one === name);
  if (!field) throw malformed(`the local Insights knows the fields ${FIELDS.join(', ')}, found ${name}`);
  return field;
}

function textOfField(event: QueryEvent, field: Field): string {
  if (field === '@message') return event.message;
  if (field === '@logStream') return event.stream;
  return new Date(event.timestampMs).toISOString().replace('T', ' ').replace('Z', '');
}

function malformed(message: string): ServiceError {
  return new ServiceError('MalformedQueryException', message, 400);
}
