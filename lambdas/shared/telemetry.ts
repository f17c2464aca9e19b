/** JSON lines for people and EMF lines for CloudWatch. No compound structure ever enters either. */
export interface Telemetry {
  /** Adds to a counter metric of this invocation. */
  count(metric: string, amount?: number): void;
  /** Sets a gauge metric; the last value of the invocation counts. */
  gauge(metric: string, value: number, unit?: MetricUnit): void;
  info(message: string, fields?: Record<string, string | number | boolean | null>): void;
  error(message: string, fields?: Record<string, string | number | boolean | null>): void;
  /** Writes the metrics; called once, at the end of the invocation. */
  flush(): void;
}

export type MetricUnit = 'Count' | 'Milliseconds' | 'None';

export function createTelemetry(
  namespace: string,
  state: string,
  facts: Record<string, string | number>,
  nowMs: () => number,
  write: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
): Telemetry {
  const metrics = new Map<string, { value: number; unit: MetricUnit }>();
  const line = (level: string, message: string, fields: object = {}) =>
    write(JSON.stringify({ level, message, state, ...facts, ...fields, at: new Date(nowMs()).toISOString() }));
  return {
    count(metric, amount = 1) {
      metrics.set(metric, { value: (metrics.get(metric)?.value ?? 0) + amount, unit: 'Count' });
    },
    gauge(metric, value, unit = 'None') {
      if (Number.isFinite(value)) metrics.set(metric, { value, unit });
    },
    info: (message, fields) => line('info', message, fields),
    error: (message, fields) => line('error', message, fields),
    flush() {
      if (metrics.size === 0) return;
      const definition = [...metrics].map(([Name, { unit }]) => ({ Name, Unit: unit }));
      write(
        JSON.stringify({
          // Both views: by state for the person who looks for a fault, and in sum for dashboards and alarms.
          _aws: {
            Timestamp: nowMs(),
            CloudWatchMetrics: [{ Namespace: namespace, Dimensions: [['State'], []], Metrics: definition }],
          },
          State: state,
          ...facts,
          ...Object.fromEntries([...metrics].map(([name, { value }]) => [name, value])),
        }),
      );
      metrics.clear();
    },
  };
}
