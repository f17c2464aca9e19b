/** The embedded metric format: a JSON log line whose `_aws.CloudWatchMetrics` says which of its members are metrics. */
import type { DataPoint, MetricId } from './metrics.ts';

interface Directive {
  Namespace: string;
  Dimensions?: string[][];
  Metrics?: { Name: string; Unit?: string }[];
}

const MOST_VALUES = 100;
const MOST_DIMENSIONS = 30;

/** The metrics a log line carries; none for a line that is not in the format. A malformed member is left out, as CloudWatch does. */
export function readEmbeddedMetrics(line: string, arrivedMs: number): { id: MetricId; point: DataPoint }[] {
  // The Node runtime may have put time, request id and level before the document.
  const at = line.indexOf('{');
  if (at < 0 || !line.includes('"_aws"') || (at > 0 && !/^[^{]*\t$/.test(line.slice(0, at)))) return [];
  let document: Record<string, unknown>;
  try {
    document = JSON.parse(line.slice(at)) as Record<string, unknown>;
  } catch {
    return [];
  }
  const meta = document['_aws'] as { Timestamp?: unknown; CloudWatchMetrics?: unknown } | undefined;
  if (typeof meta !== 'object' || meta === null || !Array.isArray(meta.CloudWatchMetrics)) return [];
  const timestampMs = typeof meta.Timestamp === 'number' ? meta.Timestamp : arrivedMs;
  const found: { id: MetricId; point: DataPoint }[] = [];
  for (const directive of meta.CloudWatchMetrics as Directive[]) {
    if (typeof directive?.Namespace !== 'string') continue;
    for (const names of directive.Dimensions ?? [[]]) {
      if (!Array.isArray(names) || names.length > MOST_DIMENSIONS) continue;
      const dimensions: Record<string, string> = {};
      for (const name of names) if (document[name] !== undefined) dimensions[name] = String(document[name]);
      if (Object.keys(dimensions).length !== names.length) continue;
      for (const { Name, Unit } of directive.Metrics ?? []) {
        const value = document[Name];
        const values = (Array.isArray(value) ? value : [value]).filter(
          (v): v is number => typeof v === 'number' && Number.isFinite(v),
        );
        if (values.length === 0 || values.length > MOST_VALUES) continue;
        found.push({
          id: { namespace: directive.Namespace, name: Name, dimensions },
          point: { timestampMs, values, counts: values.map(() => 1), unit: Unit ?? 'None' },
        });
      }
    }
  }
  return found;
}
