/** The metrics of the local cloud: data points in memory by metric, and in one file of JSON lines. */
import { join } from 'node:path';
import { openJournal } from '../journal.ts';

export interface MetricId {
  namespace: string;
  name: string;
  dimensions: Readonly<Record<string, string>>;
}

/** Some values at one moment; `counts[i]` says how often `values[i]` occurred. */
export interface DataPoint {
  timestampMs: number;
  values: number[];
  counts: number[];
  unit: string;
  /** A statistic set instead of values. */
  summary?: { count: number; sum: number; minimum: number; maximum: number };
}

export interface Metrics {
  record(id: MetricId, point: DataPoint): void;
  list(): MetricId[];
  /** Points with startMs ≤ time < endMs. */
  points(id: MetricId, startMs: number, endMs: number): DataPoint[];
  close(): void;
}

type Line = [string, string, Record<string, string>, DataPoint];

/** Dimensions are a set: their order does not matter. */
export function metricKey(id: MetricId): string {
  return JSON.stringify([id.namespace, id.name, Object.entries(id.dimensions).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

export function openMetrics(stateDir: string): Metrics {
  const journal = openJournal<Line>(join(stateDir, 'monitoring', 'metrics.jsonl'));
  const metrics = new Map<string, { id: MetricId; points: DataPoint[] }>();
  const remember = (id: MetricId, point: DataPoint) => {
    const key = metricKey(id);
    const metric = metrics.get(key);
    if (metric) metric.points.push(point);
    else metrics.set(key, { id, points: [point] });
  };
  for (const [namespace, name, dimensions, point] of journal.recovered) remember({ namespace, name, dimensions }, point);
  return {
    record(id, point) {
      remember(id, point);
      journal.append([id.namespace, id.name, { ...id.dimensions }, point]);
    },
    list: () => [...metrics.values()].map((metric) => metric.id),
    points: (id, startMs, endMs) =>
      (metrics.get(metricKey(id))?.points ?? []).filter((p) => p.timestampMs >= startMs && p.timestampMs < endMs),
    close: () => journal.close(),
  };
}

export type StatisticFn = (points: readonly DataPoint[]) => number;

const countOf = (points: readonly DataPoint[]): number =>
  points.reduce((sum, p) => sum + (p.summary?.count ?? p.counts.reduce((a, b) => a + b, 0)), 0);
const sumOf = (points: readonly DataPoint[]): number =>
  points.reduce((sum, p) => sum + (p.summary?.sum ?? p.values.reduce((a, v, i) => a + v * p.counts[i]!, 0)), 0);
const extreme = (points: readonly DataPoint[], pick: (...values: number[]) => number, side: 'minimum' | 'maximum'): number =>
  points.reduce((found, p) => (p.summary ? pick(found, p.summary[side]) : p.values.reduce((a, v) => pick(a, v), found)), pick());

/** Linear interpolation between the closest ranks, weights included; statistic sets have no percentiles. */
function percentile(points: readonly DataPoint[], percent: number): number {
  const pairs = points
    .flatMap((p) => p.values.map((value, i) => ({ value, count: p.counts[i]! })))
    .sort((a, b) => a.value - b.value);
  const total = pairs.reduce((sum, p) => sum + p.count, 0);
  if (total === 0) return Number.NaN;
  const position = (percent / 100) * (total - 1);
  const valueAt = (rank: number) => {
    let seen = 0;
    for (const pair of pairs) {
      seen += pair.count;
      if (rank < seen) return pair.value;
    }
    return pairs.at(-1)!.value;
  };
  const low = valueAt(Math.floor(position));
  return low + (valueAt(Math.ceil(position)) - low) * (position - Math.floor(position));
}

/** `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount` or `p99.9`; undefined for anything else. */
export function statistic(name: string): StatisticFn | undefined {
  switch (name) {
    case 'SampleCount':
      return countOf;
    case 'Sum':
      return sumOf;
    case 'Average':
      return (points) => sumOf(points) / countOf(points);
    case 'Minimum':
      return (points) => extreme(points, Math.min, 'minimum');
    case 'Maximum':
      return (points) => extreme(points, Math.max, 'maximum');
    default: {
      const percent = Number(/^p(\d{1,2}(?:\.\d{1,10})?|100)$/.exec(name)?.[1] ?? Number.NaN);
      return Number.isNaN(percent) ? undefined : (points) => percentile(points, percent);
    }
  }
}

/** Points gathered into periods aligned to the epoch, oldest first. */
export function byPeriod(points: readonly DataPoint[], periodSeconds: number): [number, DataPoint[]][] {
  const periods = new Map<number, DataPoint[]>();
  const periodMs = periodSeconds * 1000;
  for (const point of points) {
    const start = Math.floor(point.timestampMs / periodMs) * periodMs;
    const list = periods.get(start);
    if (list) list.push(point);
    else periods.set(start, [point]);
  }
  return [...periods].sort(([a], [b]) => a - b);
}
