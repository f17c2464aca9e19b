import { describe, expect, test } from 'vitest';
import { readEmbeddedMetrics } from '../../../local-sim/monitoring/embedded.ts';

const line = (more: object, directive: object = {}) =>
  JSON.stringify({
    _aws: {
      Timestamp: 5,
      CloudWatchMetrics: [{ Namespace: 'N', Dimensions: [['a']], Metrics: [{ Name: 'M', Unit: 'Count' }], ...directive }],
    },
    a: 'x',
    M: 1,
    ...more,
  });
const point = { timestampMs: 5, values: [1], counts: [1], unit: 'Count' };

describe('readEmbeddedMetrics', () => {
  test('reads a metric for each set of dimensions', () => {
    expect(readEmbeddedMetrics(line({}, { Dimensions: [['a'], []] }), 0)).toEqual([
      { id: { namespace: 'N', name: 'M', dimensions: { a: 'x' } }, point },
      { id: { namespace: 'N', name: 'M', dimensions: {} }, point },
    ]);
  });

  test('reads a line with the prefix of the Node runtime, and takes the time of arrival when there is none', () => {
    expect(readEmbeddedMetrics(`2026-01-01T00:00:00.000Z\tid\tINFO\t${line({})}`, 0)).toHaveLength(1);
    const untimed = JSON.stringify({ _aws: { CloudWatchMetrics: [{ Namespace: 'N', Metrics: [{ Name: 'M' }] }] }, M: [1, 2] });
    expect(readEmbeddedMetrics(untimed, 77)).toEqual([
      {
        id: { namespace: 'N', name: 'M', dimensions: {} },
        point: { timestampMs: 77, values: [1, 2], counts: [1, 1], unit: 'None' },
      },
    ]);
  });

  test('finds nothing in other lines, broken lines, missing dimensions and values that are no numbers', () => {
    for (const text of [
      '',
      'plain',
      '{"a":1}',
      '{"_aws": broken',
      `said "_aws" ${line({})}`,
      line({ M: 'one' }),
      line({ M: null }),
      line({ a: undefined }),
      line({ M: Array(101).fill(1) }),
    ]) {
      expect(readEmbeddedMetrics(text, 0), text.slice(0, 30)).toEqual([]);
    }
  });
});
