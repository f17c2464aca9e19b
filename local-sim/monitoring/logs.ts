/**
 * CloudWatch Logs over log files: groups of functions, with one stream each, and groups of text files, with a stream for each file;
 * events with plain-text filters, and simple queries.
 */
import { randomUUID } from 'node:crypto';
import { readJsonCall, writeJsonResult } from '../http/json.ts';
import type { LogEvent, LogFiles } from '../lambda/logs.ts';
import { type CloudContext, type Service, ServiceError } from '../service.ts';
import { parseLogQuery, type QueryEvent } from './insights.ts';
import { readTextLog, textLogGroups, textLogStreams } from './text-logs.ts';

const PREFIX = '/aws/lambda/';
const STREAM = 'all';
const MOST_EVENTS = 10_000;
/** Answers that are kept for GetQueryResults; older ones are forgotten. */
const MOST_QUERIES = 100;
const USUAL_ROWS = 1_000;

export function createLogs(context: CloudContext, files: () => LogFiles): Service {
  const groupArn = (name: string) => `arn:aws:logs:${context.region}:${context.accountId}:log-group:${name}`;
  const { stateDir } = context;
  const groups = () => [
    ...files()
      .groups()
      .map((name) => `${PREFIX}${name}`),
    ...textLogGroups(stateDir),
  ];
  const groupOf = (args: Record<string, unknown>): string => {
    const group = String(args['logGroupName'] ?? args['logGroupIdentifier'] ?? '').replace(/^arn:[^/]*/, '');
    if (!groups().includes(group))
      throw new ServiceError('ResourceNotFoundException', 'The specified log group does not exist.', 400);
    return group;
  };
  const streamsOf = (group: string): string[] => (group.startsWith(PREFIX) ? [STREAM] : textLogStreams(stateDir, group));

  async function* logEvents(group: string, streams: readonly string[]): AsyncGenerator<LogEvent & QueryEvent> {
    for (const stream of streams) {
      const events = group.startsWith(PREFIX) ? files().read(group.slice(PREFIX.length)) : readTextLog(stateDir, group, stream);
      for await (const event of events) yield { ...event, stream };
    }
  }

  /** Answers by query id, oldest first: a query is done before its id is told. */
  const answers = new Map<string, Record<string, unknown>>();
  const startQuery = async (args: Record<string, unknown>): Promise<string> => {
    const names = (args['logGroupNames'] ?? args['logGroupIdentifiers']) as string[] | undefined;
    const query = parseLogQuery(String(args['queryString'] ?? ''));
    const [fromMs, toMs] = [Number(args['startTime']) * 1000, Number(args['endTime']) * 1000 + 999];
    const found: QueryEvent[] = [];
    let scanned = 0;
    for (const group of names?.map((name) => groupOf({ logGroupName: name })) ?? [groupOf(args)]) {
      for await (const event of logEvents(group, streamsOf(group))) {
        if ((event.untilMs ?? event.timestampMs) < fromMs || event.timestampMs > toMs) continue;
        scanned++;
        if (query.matches(event)) found.push(event);
      }
    }
    const results = query.rows(found, Math.min(Number(args['limit'] ?? USUAL_ROWS), MOST_EVENTS));
    const queryId = randomUUID();
    const statistics = { recordsMatched: found.length, recordsScanned: scanned, bytesScanned: 0 };
    answers.set(queryId, { status: 'Complete', results, statistics });
    for (const id of [...answers.keys()].slice(0, -MOST_QUERIES)) answers.delete(id);
    return queryId;
  };

  const readEvents = async (
    args: Record<string, unknown>,
    wanted: { group: string; streams: readonly string[] },
    accept: (event: LogEvent) => boolean,
  ): Promise<{ events: (LogEvent & { stream: string })[]; next?: number }> => {
    const from = Number(args['startTime'] ?? 0);
    const to = Number(args['endTime'] ?? Number.MAX_SAFE_INTEGER);
    const limit = Math.min(Number(args['limit'] ?? MOST_EVENTS), MOST_EVENTS);
    const skip = Number(/^(?:f\/)?(\d+)$/.exec(String(args['nextToken'] ?? '0'))?.[1] ?? 0);
    const events: (LogEvent & { stream: string })[] = [];
    let index = 0;
    for await (const event of logEvents(wanted.group, wanted.streams)) {
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
        return {
          logGroups: groups()
            .filter((name) => name.startsWith(prefix))
            .map((logGroupName) => ({
              logGroupName,
              arn: `${groupArn(logGroupName)}:*`,
              logGroupArn: groupArn(logGroupName),
              storedBytes: 0,
            })),
        };
      }
      case 'DescribeLogStreams': {
        const prefix = String(args['logStreamNamePrefix'] ?? '');
        const names = streamsOf(groupOf(args)).filter((name) => name.startsWith(prefix));
        return { logStreams: names.map((logStreamName) => ({ logStreamName, storedBytes: 0 })) };
      }
      case 'GetLogEvents': {
        const group = groupOf(args);
        // A function has one stream, whatever it is called.
        const stream = group.startsWith(PREFIX) ? STREAM : String(args['logStreamName'] ?? '');
        if (!streamsOf(group).includes(stream))
          throw new ServiceError('ResourceNotFoundException', 'The specified log stream does not exist.', 400);
        const { events, next = 0 } = await readEvents(args, { group, streams: [stream] }, () => true);
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
        const group = groupOf(args);
        const wanted = { group, streams: streamsOf(group) };
        const { events, next } = await readEvents(args, wanted, textFilter(String(args['filterPattern'] ?? '')));
        return {
          events: events.map((event, i) => ({
            logStreamName: event.stream,
            timestamp: event.timestampMs,
            ingestionTime: event.timestampMs,
            message: event.message,
            eventId: `${event.timestampMs}-${event.requestId}-${i}`,
          })),
          searchedLogStreams: [],
          ...(events.length === limit && next !== undefined ? { nextToken: String(next) } : {}),
        };
      }
      case 'StartQuery':
        return { queryId: await startQuery(args) };
      case 'GetQueryResults': {
        const answer = answers.get(String(args['queryId'] ?? ''));
        if (!answer) throw new ServiceError('ResourceNotFoundException', 'The specified query does not exist.', 400);
        return answer;
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
