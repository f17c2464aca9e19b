/** EventBridge: the default bus, its rules, and PutEvents, over HTTP (AWS JSON 1.1) and for siblings in the process. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { readJsonCall, writeJsonResult } from '../http/json.ts';
import { type CloudContext, type Service, ServiceError } from '../service.ts';
import { type DeadLetter, type Deliveries, type Delivery, type DeliveryFault, openDeliveries } from './delivery.ts';
import { compilePattern } from './pattern.ts';
import { openRules, type Rule, type Target } from './rules.ts';
import { createSchedules } from './schedule.ts';
import { transformInput } from './transform.ts';

export interface EventsOptions {
  /** Lets tests duplicate, delay, reorder or lose deliveries. */
  fault?: DeliveryFault;
  /** Whether rate(…) rules fire; a virtual clock would otherwise never come to rest. True when absent. */
  schedules?: boolean;
  /** Told how many events were given up, at the start and whenever one more is. */
  onDeadLetters?: (count: number) => void;
}

export interface EventsService extends Service {
  deadLetters(): readonly DeadLetter[];
  /** Deliveries not yet taken by their targets. */
  openDeliveries(): number;
}

export interface BusEvent extends Record<string, unknown> {
  version: '0';
  id: string;
  'detail-type': string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: unknown;
}

const MAX_ENTRIES = 10;
const MAX_REQUEST_BYTES = 1_048_576;

export function createEvents(context: CloudContext, options: EventsOptions = {}): EventsService {
  const rules = openRules(join(context.stateDir, 'events', 'rules.json'));
  const opening = openDeliveries(context, options.fault, options.onDeadLetters);
  let deliveries: Deliveries | undefined;
  const schedules = createSchedules(context.clock, (name) => {
    void fireSchedule(name).catch((error) => context.log('error', 'schedule failed', { rule: name, error: String(error) }));
  });
  const ruleArn = (name: string) => `arn:aws:events:${context.region}:${context.accountId}:rule/${name}`;

  const rearm = () => {
    if (options.schedules === false || deliveries === undefined) return;
    schedules.arm(
      rules
        .all()
        .filter((rule) => rule.state === 'ENABLED' && rule.scheduleExpression !== undefined)
        .map(({ name, scheduleExpression }) => ({ name, scheduleExpression: scheduleExpression! })),
    );
  };

  const deliveriesFor = (rule: Rule, event: BusEvent): Delivery[] =>
    rule.targets.map((target) => {
      const facts = {
        ruleArn: ruleArn(rule.name),
        ruleName: rule.name,
        ingestionTime: new Date(context.clock.now()).toISOString(),
      };
      const { Id, Arn, RetryPolicy, DeadLetterConfig } = target;
      return {
        id: `${event.id}/${rule.name}/${Id}`,
        ruleName: rule.name,
        target: { Id, Arn, ...(RetryPolicy ? { RetryPolicy } : {}), ...(DeadLetterConfig ? { DeadLetterConfig } : {}) },
        eventId: event.id,
        input: transformInput(target, event, facts),
        acceptedMs: context.clock.now(),
        attempts: 0,
      };
    });

  async function fireSchedule(name: string): Promise<void> {
    const rule = rules.get(name);
    if (rule.state !== 'ENABLED') return;
    const event = newEvent('aws.events', 'Scheduled Event', new Date(context.clock.now()), [ruleArn(name)], {});
    const busy = context.clock.busy();
    try {
      await (await opening).accept(deliveriesFor(rule, event));
    } finally {
      busy();
    }
  }

  const newEvent = (source: string, detailType: string, time: Date, resources: string[], detail: unknown): BusEvent => ({
    version: '0',
    id: randomUUID(),
    'detail-type': detailType,
    source,
    account: context.accountId,
    time: `${time.toISOString().slice(0, 19)}Z`,
    region: context.region,
    resources,
    detail,
  });

  const putEvents = async (args: Record<string, unknown>, sibling: boolean): Promise<Record<string, unknown>> => {
    const entries = args['Entries'];
    if (!Array.isArray(entries) || entries.length === 0 || (!sibling && entries.length > MAX_ENTRIES)) {
      throw new ServiceError(
        'ValidationException',
        `PutEvents takes 1 to ${MAX_ENTRIES} entries, found ${Array.isArray(entries) ? entries.length : 'none'}.`,
        400,
      );
    }
    if (!sibling && Buffer.byteLength(JSON.stringify(entries)) > MAX_REQUEST_BYTES) {
      throw new ServiceError(
        'ValidationException',
        `Total size of the entries in the request is over the limit of ${MAX_REQUEST_BYTES} bytes.`,
        400,
      );
    }
    const accepted: Delivery[] = [];
    const Entries = entries.map((entry: Record<string, unknown>) => {
      const fail = (ErrorCode: string, ErrorMessage: string) => ({ ErrorCode, ErrorMessage });
      const { Source, DetailType, Detail, Time, Resources, EventBusName } = entry;
      if (typeof Source !== 'string' || Source === '')
        return fail('InvalidArgument', 'Parameter Source is not valid. Reason: Source is a required argument.');
      if (typeof DetailType !== 'string' || DetailType === '')
        return fail('InvalidArgument', 'Parameter DetailType is not valid. Reason: DetailType is a required argument.');
      if (!sibling && Source.startsWith('aws.')) return fail('NotAuthorizedForSourceException', 'Not authorized for the source.');
      if (EventBusName !== undefined && EventBusName !== 'default' && !/:event-bus\/default$/.test(String(EventBusName)))
        return fail('ResourceNotFoundException', `Event bus ${String(EventBusName)} does not exist.`);
      let detail: unknown;
      try {
        detail = JSON.parse(String(Detail));
      } catch {
        return fail('MalformedDetail', 'Detail is malformed.');
      }
      if (typeof detail !== 'object' || detail === null || Array.isArray(detail))
        return fail('MalformedDetail', 'Detail is malformed.');
      const time =
        Time instanceof Date
          ? Time
          : typeof Time === 'number'
            ? new Date(Time * 1000)
            : typeof Time === 'string'
              ? new Date(Time)
              : new Date(context.clock.now());
      const event = newEvent(Source, DetailType, time, Array.isArray(Resources) ? Resources.map(String) : [], detail);
      for (const rule of rules.matching(event)) accepted.push(...deliveriesFor(rule, event));
      return { EventId: event.id };
    });
    await (await opening).accept(accepted);
    return { FailedEntryCount: Entries.filter((entry) => 'ErrorCode' in entry).length, Entries };
  };

  const describeRule = (rule: Rule) => ({
    Name: rule.name,
    Arn: ruleArn(rule.name),
    State: rule.state,
    EventBusName: 'default',
    ...(rule.description === undefined ? {} : { Description: rule.description }),
    ...(rule.eventPattern === undefined ? {} : { EventPattern: rule.eventPattern }),
    ...(rule.scheduleExpression === undefined ? {} : { ScheduleExpression: rule.scheduleExpression }),
  });

  const perform = async (action: string, args: Record<string, unknown>, sibling: boolean): Promise<Record<string, unknown>> => {
    const bus = args['EventBusName'];
    if (action !== 'PutEvents' && bus !== undefined && bus !== 'default' && !/:event-bus\/default$/.test(String(bus))) {
      throw new ServiceError('ResourceNotFoundException', `Event bus ${String(bus)} does not exist.`, 400);
    }
    const named = String(args['Name'] ?? args['Rule'] ?? '');
    switch (action) {
      case 'PutEvents':
        return putEvents(args, sibling);
      case 'PutRule': {
        const text = (name: string) =>
          typeof args[name] === 'string' && args[name] !== ''
            ? { [`${name[0]!.toLowerCase()}${name.slice(1)}`]: args[name] }
            : {};
        rules.put({
          name: named,
          state: args['State'] === 'DISABLED' ? 'DISABLED' : 'ENABLED',
          ...text('Description'),
          ...text('EventPattern'),
          ...text('ScheduleExpression'),
        });
        rearm();
        return { RuleArn: ruleArn(named) };
      }
      case 'PutTargets':
        rules.putTargets(named, (args['Targets'] as Target[] | undefined) ?? []);
        return { FailedEntryCount: 0, FailedEntries: [] };
      case 'RemoveTargets':
        rules.removeTargets(named, (args['Ids'] as string[] | undefined) ?? []);
        return { FailedEntryCount: 0, FailedEntries: [] };
      case 'DescribeRule':
        return describeRule(rules.get(named));
      case 'ListRules': {
        const prefix = String(args['NamePrefix'] ?? '');
        return {
          Rules: rules
            .all()
            .filter((rule) => rule.name.startsWith(prefix))
            .map(describeRule),
        };
      }
      case 'ListTargetsByRule':
        return { Targets: rules.get(named).targets };
      case 'ListRuleNamesByTarget':
        return {
          RuleNames: rules
            .all()
            .filter((rule) => rule.targets.some((target) => target.Arn === args['TargetArn']))
            .map((rule) => rule.name),
        };
      case 'EnableRule':
      case 'DisableRule':
        rules.setState(named, action === 'EnableRule' ? 'ENABLED' : 'DISABLED');
        rearm();
        return {};
      case 'DeleteRule':
        rules.remove(named);
        rearm();
        return {};
      case 'TestEventPattern':
        return { Result: compilePattern(args['EventPattern'])(JSON.parse(String(args['Event']))) };
      default:
        throw new ServiceError('UnknownOperationException', `The local EventBridge does not implement ${action}.`, 400);
    }
  };

  return {
    signingNames: ['events'],
    call: (action, args) => perform(action, args, true),
    async handle(request) {
      const { action, args } = readJsonCall(request);
      return writeJsonResult(request, await perform(action, args, false));
    },
    deadLetters: () => deliveries?.deadLetters() ?? [],
    openDeliveries: () => deliveries?.open ?? 0,
    async start() {
      deliveries = await opening;
      deliveries.resume();
      rearm();
    },
    async stop() {
      schedules.stop();
      await (await opening).stop();
    },
  };
}
