/** CloudWatch Logs over the log files of functions: groups, streams (one for each group) and events, with plain-text filters. */
import { readJsonCall, writeJsonResult } from '../http/json.ts';
import type { LogEvent, LogFiles } from '../lambda/logs.ts';
import { type CloudContext, type Service, ServiceError } from '../service.ts';

const PREFIX = '/aws/lambda/';
const STREAM = 'all';
const MOST_EVENTS = 10_000;

export function createLogs(context: CloudContext, files: () => LogFiles): Service {
  const groupArn = (name: string) => `arn:aws:logs:${context.region}:${context.accountId}:log-group:${name}`;
  const functionOf = (args: Record<string, unknown>): string => {
    const group = String(args['logGroupName'] ?? args['logGroupIdentifier'] ?? '').replace(/^arn:[^/]*/, '');
    const name = group.startsWith(PREFIX) ? group.slice(PREFIX.length) : '';
    if (!files().groups().includes(name))
      throw new ServiceError('ResourceNotFoundException', 'The specified log group does not exist.', 400);
    return name;
  };

  const readEvents = async (
    args: Record<string, unknown>,
    accept: (event: LogEvent) => boolean,
  ): Promise<{ events: LogEvent[]; next?: number }> => {
    const from = Number(args['startTime'] ?? 0);
    const to = Number(args['endTime'] ?? Number.MAX_SAFE_INTEGER);
    const limit = Math.min(Number(args['limit'] ?? MOST_EVENTS), MOST_EVENTS);
    const skip = Number(/^(?:f\/)?(\d+)$/.exec(String(args['nextToken'] ?? '0'))?.[1] ?? 0);
    const events: LogEvent[] = [];
    let index = 0;
    for await (const event of files().read(functionOf(args))) {
      if (index++ < skip || event.timestampMs < from || event.timestampMs >= to || !accept(event)) continue;
      if (events.length === limit) return { events, next: index - 1 };
      events.push(event);
    }
    return { events, next: index };
  };

  const call: Service['call'] = async (action, args) => {
    switch (action) {
      case 'DescribeLogGroups': {
        const prefix = String(args['logGroupNamePrefix'] ?? '');
        const names = files()
          .groups()
          .map((name) => `${PREFIX}${name}`);
        return {
          logGroups: names
            .filter((name) => name.startsWith(prefix))
            .map((logGroupName) => ({
              logGroupName,
              arn: `${groupArn(logGroupName)}:*`,
              logGroupArn: groupArn(logGroupName),
              storedBytes: 0,
            })),
        };
      }
      case 'DescribeLogStreams':
        functionOf(args);
        return { logStreams: [{ logStreamName: STREAM, storedBytes: 0 }] };
      case 'GetLogEvents': {
        const { events, next = 0 } = await readEvents(args, () => true);
        return {
          events: events.map((event) => ({
            timestamp: event.timestampMs,
            ingestionTime: event.timestampMs,
            message: event.message,
          })),
          nextForwardToken: `f/${next}`,
          nextBackwardToken: 'f/0',
        };
      }
      case 'FilterLogEvents': {
        const limit = Math.min(Number(args['limit'] ?? MOST_EVENTS), MOST_EVENTS);
        const { events, next } = await readEvents(args, textFilter(String(args['filterPattern'] ?? '')));
        return {
          events: events.map((event, i) => ({
            logStreamName: STREAM,
            timestamp: event.timestampMs,
            ingestionTime: event.timestampMs,
            message: event.message,
            eventId: `${event.timestampMs}-${event.requestId}-${i}`,
          })),
          searchedLogStreams: [],
          ...(events.length === limit && next !== undefined ? { nextToken: String(next) } : {}),
        };
      }
      default:
        throw new ServiceError('UnknownOperationException', `The local CloudWatch Logs does not implement ${action}.`, 400);
    }
  };

  return {
    signingNames: ['logs'],
    call,
    async handle(request) {
      const { action, args } = readJsonCall(request);
      return writeJsonResult(request, await call(action, args));
    },
  };
}

/** Words that must all occur, `"phrases"` included, `-word` excluded. JSON and column patterns are refused. */
function textFilter(pattern: string): (event: LogEvent) => boolean {
  if (/^\s*[{[]/.test(pattern))
    throw new ServiceError('InvalidParameterException', 'The local CloudWatch Logs filters by words and "phrases" only.', 400);
  const terms = [...pattern.matchAll(/(-?)(?:"([^"]*)"|(\S+))/g)].map(([, minus, phrase, word]) => ({
    wanted: minus === '',
    text: phrase ?? word ?? '',
  }));
  return (event) => terms.every(({ wanted, text }) => event.message.includes(text) === wanted);
}
