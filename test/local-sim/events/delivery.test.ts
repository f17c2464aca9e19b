/** Retries, dead letters, schedules and recovery on a virtual clock, against services that fail when told to. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { virtualClock } from '../../../local-sim/clock.ts';
import { createEvents, type EventsService } from '../../../local-sim/events/server.ts';
import { type CloudContext, type Service, ServiceError } from '../../../local-sim/service.ts';

let stateDir: string;
let clock: ReturnType<typeof virtualClock>;
let calls: { service: string; action: string; args: Record<string, unknown>; atMs: number }[];
let answer: (service: string) => Promise<Record<string, unknown>>;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'delivery-'));
  clock = virtualClock(0);
  calls = [];
  answer = async () => ({});
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const fake = (service: string): Service => ({
  signingNames: [service],
  handle: async () => ({ status: 500 }),
  call: (action, args) => {
    calls.push({ service, action, args, atMs: clock.now() });
    return answer(service);
  },
});
const context = (): CloudContext => ({
  clock,
  stateDir,
  region: 'us-east-1',
  accountId: '000000000000',
  endpoint: () => '',
  peer: fake,
  log: () => {},
});
const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:F';
const MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:M';

async function busWith(target: Record<string, unknown>, options = {}): Promise<EventsService> {
  const events = createEvents(context(), options);
  await events.start!();
  await events.call('PutRule', { Name: 'r', EventPattern: '{"source":["s"]}' });
  await events.call('PutTargets', { Rule: 'r', Targets: [{ Id: 't', ...target }] });
  return events;
}
const put = (events: EventsService) =>
  events.call('PutEvents', { Entries: [{ Source: 's', DetailType: 'd', Detail: '{"n":1}' }] });
async function until(done: () => boolean) {
  const end = Date.now() + 20_000;
  while (!done() && Date.now() < end) await new Promise((resolve) => setImmediate(resolve));
  expect(done()).toBe(true);
}
async function settled(events: EventsService, done: () => boolean) {
  await until(done);
  await events.stop!();
}

describe('delivery', () => {
  test('repeats with growing pauses until the target accepts', async () => {
    let failures = 4;
    answer = async () => {
      if (failures-- > 0) throw new ServiceError('TooManyRequestsException', 'busy', 429);
      return {};
    };
    const events = await busWith({ Arn: FUNCTION });
    await put(events);
    await settled(events, () => events.openDeliveries() === 0);
    expect(calls.map((c) => c.atMs)).toEqual([0, 1000, 3000, 7000, 15_000]);
    expect(calls[0]).toMatchObject({
      service: 'lambda',
      action: 'Invoke',
      args: { FunctionName: FUNCTION, InvocationType: 'Event' },
    });
  });

  test('gives up at the number of attempts or the age the target sets', async () => {
    answer = async () => {
      throw new Error('down');
    };
    const byCount = await busWith({ Arn: FUNCTION, RetryPolicy: { MaximumRetryAttempts: 2 } });
    await put(byCount);
    await settled(byCount, () => byCount.deadLetters().length === 1);
    expect(calls).toHaveLength(3);
    expect(byCount.deadLetters()[0]).toMatchObject({ errorCode: 'InternalFailure', errorMessage: 'down', attempts: 3 });
    calls = [];
    const byAge = await busWith({ Arn: FUNCTION, RetryPolicy: { MaximumEventAgeInSeconds: 60 } });
    await put(byAge);
    await settled(byAge, () => byAge.deadLetters().length === 2);
    expect(calls.at(-1)!.atMs - calls[0]!.atMs).toBeLessThanOrEqual(60_000);
  });

  test('starts a machine under a name made of the event, and takes "already exists" for done', async () => {
    answer = async () => {
      throw new ServiceError('ExecutionAlreadyExists', 'there', 400);
    };
    const events = await busWith({ Arn: MACHINE }, { fault: () => ({ copies: 2 }) });
    await put(events);
    await settled(events, () => events.openDeliveries() === 0 && calls.length === 2);
    expect(events.deadLetters()).toEqual([]);
    expect(calls[0]!.args['name']).toBe(calls[1]!.args['name']);
    expect(String(calls[0]!.args['name']).length).toBeLessThanOrEqual(80);
  });

  test('is taken up again by the next process when the first one ended before the target answered', async () => {
    answer = () => new Promise(() => {});
    const first = await busWith({ Arn: FUNCTION });
    await put(first);
    await first.stop!();
    answer = async () => ({});
    calls = [];
    const second = createEvents(context());
    await second.start!();
    await settled(second, () => second.openDeliveries() === 0);
    expect(calls).toHaveLength(1);
    expect(JSON.parse(String(calls[0]!.args['Payload']))).toMatchObject({ detail: { n: 1 } });
  });
});

describe('schedules', () => {
  test('fire at their rate, with the event of a schedule, until they are disabled', async () => {
    const events = createEvents(context());
    await events.start!();
    await events.call('PutRule', { Name: 'sweep', ScheduleExpression: 'rate(5 minutes)' });
    await events.call('PutTargets', { Rule: 'sweep', Targets: [{ Id: 't', Arn: FUNCTION }] });
    await until(() => calls.length >= 3);
    await events.call('DisableRule', { Name: 'sweep' });
    const seen = calls.length;
    await settled(events, () => clock.pending() === 0);
    expect(calls.slice(0, 3).map((c) => c.atMs)).toEqual([300_000, 600_000, 900_000]);
    expect(calls.length - seen).toBeLessThanOrEqual(1);
    expect(JSON.parse(String(calls[0]!.args['Payload']))).toMatchObject({
      source: 'aws.events',
      'detail-type': 'Scheduled Event',
    });
  });
});
