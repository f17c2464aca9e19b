/** CloudWatch metrics: what functions wrote in the embedded metric format, and what was put, can be read back. */
import { type CloudContext, type Service, ServiceError } from '../service.ts';
import { readEmbeddedMetrics } from './embedded.ts';
import { byPeriod, type MetricId, openMetrics, type StatisticFn, statistic } from './metrics.ts';
import { readMetricCall } from './protocol.ts';

export interface MonitoringService extends Service {
  /** Takes the metrics out of a log line, if there are any. */
  ingestLogLine(line: string, timestampMs: number): void;
  /** A metric of the cloud's own, under a namespace that PutMetricData refuses. */
  record(namespace: string, name: string, dimensions: Readonly<Record<string, string>>, value: number): void;
}

type Args = Record<string, unknown>;

const invalid = (why: string) => new ServiceError('InvalidParameterValue', why, 400);

function number(args: Args, name: string): number {
  const value = Number(args[name]);
  if (args[name] === undefined || !Number.isFinite(value))
    throw invalid(`The parameter ${name} must be a number, found ${JSON.stringify(args[name])}.`);
  return value;
}

function timeMs(args: Args, name: string): number {
  const value = args[name];
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw invalid(`The parameter ${name} must be a time.`);
  return value.getTime();
}

function periodOf(args: Args): number {
  const seconds = number(args, 'Period');
  if (![1, 5, 10, 20, 30].includes(seconds) && !(seconds >= 60 && seconds % 60 === 0))
    throw invalid(`Period must be 1, 5, 10, 20, 30 or a multiple of 60 seconds, found ${seconds}.`);
  return seconds;
}

function metricOf(args: Args): MetricId {
  const { Namespace, MetricName } = args;
  if (typeof Namespace !== 'string' || typeof MetricName !== 'string') throw invalid('A metric needs Namespace and MetricName.');
  const dimensions: Record<string, string> = {};
  for (const { Name, Value } of (args['Dimensions'] as { Name: string; Value: string }[] | undefined) ?? [])
    dimensions[Name] = Value;
  return { namespace: Namespace, name: MetricName, dimensions };
}

function statisticOf(name: unknown): StatisticFn {
  const found = statistic(String(name));
  if (!found) throw invalid(`The statistic ${String(name)} is not Sum, Average, Minimum, Maximum, SampleCount or a percentile.`);
  return found;
}

const list = (value: unknown): Args[] => (Array.isArray(value) ? (value as Args[]) : []);

export function createMonitoring(context: CloudContext): MonitoringService {
  const metrics = openMetrics(context.stateDir);

  const putMetricData = (args: Args): Args => {
    const namespace = args['Namespace'];
    if (typeof namespace !== 'string' || namespace === '' || namespace.startsWith('AWS/'))
      throw invalid(`The value ${String(namespace)} for parameter Namespace is invalid.`);
    for (const datum of list(args['MetricData'])) {
      const id = metricOf({ ...datum, Namespace: namespace });
      const timestampMs = datum['Timestamp'] instanceof Date ? datum['Timestamp'].getTime() : context.clock.now();
      const unit = typeof datum['Unit'] === 'string' ? datum['Unit'] : 'None';
      const set = datum['StatisticValues'] as Args | undefined;
      if (set) {
        const summary = {
          count: number(set, 'SampleCount'),
          sum: number(set, 'Sum'),
          minimum: number(set, 'Minimum'),
          maximum: number(set, 'Maximum'),
        };
        metrics.record(id, { timestampMs, values: [], counts: [], unit, summary });
      } else {
        const values = datum['Values'] === undefined ? [number(datum, 'Value')] : (datum['Values'] as unknown[]).map(Number);
        const counts = datum['Counts'] === undefined ? values.map(() => 1) : (datum['Counts'] as unknown[]).map(Number);
        if (counts.length !== values.length || values.some((v) => !Number.isFinite(v)))
          throw invalid('Values and Counts must be numbers, as many of one as of the other.');
        metrics.record(id, { timestampMs, values, counts, unit });
      }
    }
    return {};
  };

  const getMetricStatistics = (args: Args): Args => {
    const names = (args['Statistics'] as string[] | undefined) ?? [];
    const percentiles = (args['ExtendedStatistics'] as string[] | undefined) ?? [];
    if (names.length + percentiles.length === 0)
      throw invalid('At least one of the parameters Statistics and ExtendedStatistics must be given.');
    const points = metrics.points(metricOf(args), timeMs(args, 'StartTime'), timeMs(args, 'EndTime'));
    const Datapoints = byPeriod(points, periodOf(args)).map(([startMs, group]) => ({
      Timestamp: new Date(startMs),
      Unit: group[0]!.unit,
      ...Object.fromEntries(names.map((name) => [name, statisticOf(name)(group)])),
      ...(percentiles.length === 0
        ? {}
        : { ExtendedStatistics: Object.fromEntries(percentiles.map((name) => [name, statisticOf(name)(group)])) }),
    }));
    return { Label: args['MetricName'], Datapoints };
  };

  const getMetricData = (args: Args): Args => {
    const startMs = timeMs(args, 'StartTime');
    const endMs = timeMs(args, 'EndTime');
    const newestFirst = args['ScanBy'] !== 'TimestampAscending';
    const results = [];
    for (const query of list(args['MetricDataQueries'])) {
      if (query['Expression'] !== undefined)
        throw invalid(`The local CloudWatch evaluates no metric math, found the expression ${String(query['Expression'])}.`);
      const stat = query['MetricStat'] as Args | undefined;
      if (!stat) throw invalid(`The query ${String(query['Id'])} has no MetricStat.`);
      if (query['ReturnData'] === false || query['ReturnData'] === 'false') continue;
      const metric = metricOf((stat['Metric'] as Args | undefined) ?? {});
      const compute = statisticOf(stat['Stat']);
      const periods = byPeriod(metrics.points(metric, startMs, endMs), periodOf(stat));
      if (newestFirst) periods.reverse();
      results.push({
        Id: query['Id'],
        Label: query['Label'] ?? metric.name,
        Timestamps: periods.map(([at]) => new Date(at)),
        Values: periods.map(([, group]) => compute(group)),
        StatusCode: 'Complete',
      });
    }
    return { MetricDataResults: results, Messages: [] };
  };

  const listMetrics = (args: Args): Args => {
    const wanted = list(args['Dimensions']) as unknown as { Name: string; Value?: string }[];
    const Metrics = metrics
      .list()
      .filter((id) => args['Namespace'] === undefined || id.namespace === args['Namespace'])
      .filter((id) => args['MetricName'] === undefined || id.name === args['MetricName'])
      .filter((id) =>
        wanted.every(
          ({ Name, Value }) => Object.hasOwn(id.dimensions, Name) && (Value === undefined || id.dimensions[Name] === Value),
        ),
      )
      .map((id) => ({
        Namespace: id.namespace,
        MetricName: id.name,
        Dimensions: Object.entries(id.dimensions).map(([Name, Value]) => ({ Name, Value })),
      }));
    return { Metrics };
  };

  const call: Service['call'] = async (action, args) => {
    switch (action) {
      case 'PutMetricData':
        return putMetricData(args);
      case 'GetMetricStatistics':
        return getMetricStatistics(args);
      case 'GetMetricData':
        return getMetricData(args);
      case 'ListMetrics':
        return listMetrics(args);
      default:
        throw new ServiceError('InvalidAction', `The local CloudWatch does not implement ${action}.`, 400);
    }
  };

  return {
    signingNames: ['monitoring'],
    call,
    async handle(request) {
      const { action, args, respond } = readMetricCall(request);
      return respond(await call(action, args));
    },
    ingestLogLine(line, timestampMs) {
      for (const { id, point } of readEmbeddedMetrics(line, timestampMs)) metrics.record(id, point);
    },
    record(namespace, name, dimensions, value) {
      const point = { timestampMs: context.clock.now(), values: [value], counts: [1], unit: 'Count' };
      metrics.record({ namespace, name, dimensions: { ...dimensions } }, point);
    },
    async stop() {
      metrics.close();
    },
  };
}
