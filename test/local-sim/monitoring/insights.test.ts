import { describe, expect, test } from 'vitest';
import { parseLogQuery, type QueryEvent } from '../../../local-sim/monitoring/insights.ts';

const EVENTS: QueryEvent[] = [
  { timestampMs: 1_000, message: 'Metrics - loss=1;', stream: 'job/a/algo-1' },
  { timestampMs: 2_000, message: 'a | b', stream: 'job/a/algo-1' },
  { timestampMs: 3_000, message: 'Metrics - loss=0.5;', stream: 'job/b/algo-1' },
];
const ask = (text: string, limit = 100) => {
  const query = parseLogQuery(text);
  return query.rows(EVENTS.filter(query.matches), limit).map((row) => row.map(({ value }) => value));
};

describe('a query', () => {
  test('filters by patterns and texts, newest first', () => {
    const metrics = 'fields @timestamp, @message | filter @logStream like /^job\\/a\\// | filter @message like /Metrics - /';
    expect(ask(metrics)).toEqual([['1970-01-01 00:00:01.000', 'Metrics - loss=1;']]);
    expect(ask('fields @message | filter @message not like "|"')).toEqual([['Metrics - loss=0.5;'], ['Metrics - loss=1;']]);
    expect(ask('display @message | filter @message like /a|b/ | sort @timestamp asc')).toEqual([['a | b']]);
    expect(ask('fields @logStream | limit 2')).toEqual([['job/b/algo-1'], ['job/a/algo-1']]);
    expect(ask('fields @message', 1)).toEqual([['Metrics - loss=0.5;']]);
  });

  test.each([
    ['stats count(*) by bin(5m)', 'does not know "stats count(*) by bin(5m)"'],
    ['fields @message, level', 'found level'],
    ['filter @message like /(/', 'Invalid regular expression'],
  ])('that asks for more is refused: %s', (text, message) => {
    expect(() => parseLogQuery(text)).toThrow(
      expect.objectContaining({ name: 'MalformedQueryException', message: expect.stringContaining(message) }),
    );
  });
});
