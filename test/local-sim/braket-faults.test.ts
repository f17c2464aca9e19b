import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { DEFAULT_DEVICES } from '../../local-sim/braket/devices.ts';
import { type BraketFaults, readFaults } from '../../local-sim/braket/faults.ts';
import { RequestQuotas, SERVICE_QUOTAS } from '../../local-sim/braket/quotas.ts';
import { Slots } from '../../local-sim/braket/slots.ts';
import type { BraketOptions } from '../../local-sim/braket.ts';
import { realClock } from '../../local-sim/clock.ts';
import { readMembers } from '../../local-sim/members.ts';
import { GARNET, type LoneBraket, loneBraket, SV1 } from '../support/lone-braket.ts';
import { eventually, type LoneCloudOptions } from '../support/lone-service.ts';

let braket: LoneBraket;
const start = async (options: BraketOptions = {}, cloud: LoneCloudOptions = {}) => {
  braket = await loneBraket({ noise: false, ...options }, cloud);
  return braket;
};
afterEach(async () => {
  await braket?.stop();
});
const BEGIN = Date.UTC(2026, 0, 1);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const setStatus = (deviceArn: string, status: string) => braket.service.call('PutDeviceStatus', { deviceArn, status });
const statusOf = async (deviceArn: string) => (await braket.service.call('GetDevice', { deviceArn }))['deviceStatus'];
const create = (deviceArn = GARNET, changes: Record<string, unknown> = {}) => braket.create({ deviceArn, ...changes });

describe('events', () => {
  test('arrive in the opposite order when each waits for the next', async () => {
    await start({ faults: { reorderEvents: 1 }, runDelayMs: SECOND });
    const arn = await create();
    await braket.over(arn);
    await eventually(() => braket.statuses(arn).length === 4);
    expect(braket.statuses(arn)).toEqual(['COMPLETED', 'RUNNING', 'QUEUED', 'CREATED']);
  });

  test('change places with the next one where the fault names their status', async () => {
    await start({ faults: { reorderEvents: ['RUNNING'], duplicateEvents: ['QUEUED'] } });
    const arn = await create();
    await braket.over(arn);
    await eventually(() => braket.statuses(arn).length === 5);
    expect(braket.statuses(arn)).toEqual(['CREATED', 'QUEUED', 'QUEUED', 'COMPLETED', 'RUNNING']);
  });

  test('are all delivered for any mixture of delay and disorder, once each, and twice those that are doubled', async () => {
    for (const seed of [1, 2, 3]) {
      const faults: BraketFaults = { reorderEvents: 0.5, lateEvents: 0.3, lateMs: MINUTE, duplicateEvents: 0.3 };
      await start({ faults, seed, runDelayMs: SECOND });
      const arns = await Promise.all(Array.from({ length: 10 }, () => create(SV1)));
      for (const arn of arns) await braket.over(arn);
      await eventually(() => new Set(braket.cloud.events.map((event) => event.id)).size === 40);
      for (const arn of arns)
        expect([...new Set(braket.statuses(arn))].sort()).toEqual(['COMPLETED', 'CREATED', 'QUEUED', 'RUNNING']);
      if (seed < 3) await braket.stop();
    }
  });
});

describe('a device that goes offline', () => {
  test('refuses new tasks, keeps those that wait, and runs them when it is back', async () => {
    await start({ runDelayMs: MINUTE }, { clock: realClock() });
    const running = await create();
    await eventually(async () => (await braket.look(running)).status === 'RUNNING');
    const waiting = await create();
    await eventually(async () => (await braket.look(waiting)).status === 'QUEUED');
    await setStatus(GARNET, 'OFFLINE');
    expect(await braket.over(running)).toMatchObject({
      status: 'FAILED',
      failureReason: `Device ${GARNET} became OFFLINE while the task was running.`,
      numSuccessfulShots: 0,
    });
    await expect(create()).rejects.toMatchObject({ code: 'DeviceOfflineException', status: 424 });
    expect((await braket.look(waiting, true)).queueInfo).toMatchObject({ position: '1' });
    await setStatus(GARNET, 'ONLINE');
    await eventually(async () => (await braket.look(waiting)).status === 'RUNNING');
  });

  test('in mid-run by a fault comes back after its time', async () => {
    await start({ faults: { offlineDuringTasks: 1, offlineMs: 5 * MINUTE } });
    const first = await create();
    const second = await create(GARNET);
    await braket.over(first);
    expect(await braket.over(second)).toMatchObject({ status: 'FAILED', failureReason: expect.stringContaining('OFFLINE') });
    await eventually(() => braket.timeOf(second, 'FAILED'));
    expect(braket.timeOf(first, 'FAILED')).toBe(BEGIN);
    expect(braket.timeOf(second, 'RUNNING')).toBe(BEGIN + 5 * MINUTE);
    expect(braket.cloud.objects.size).toBe(0);
  });

  test('hits the same tasks for the same seed', async () => {
    const outcomes = async () => {
      await start({ faults: { offlineDuringTasks: 0.4, offlineMs: SECOND } });
      const arns: string[] = [];
      for (let index = 0; index < 12; index++) {
        await eventually(async () => (await statusOf(GARNET)) === 'ONLINE');
        arns.push(await create());
        await braket.over(arns[index]!);
      }
      return Promise.all(arns.map(async (arn) => (await braket.look(arn)).status));
    };
    const first = await outcomes();
    await braket.stop();
    expect(await outcomes()).toEqual(first);
    expect(new Set(first)).toEqual(new Set(['COMPLETED', 'FAILED']));
  });
});

describe('a device that is retired in mid-run', () => {
  test('fails what runs and what waits, and takes nothing more', async () => {
    await start({ faults: { retireDuringTasks: 1 }, queueDelayMs: SECOND });
    const running = await create();
    const waiting = await create();
    const elsewhere = await create(SV1);
    expect(await braket.over(running)).toMatchObject({ status: 'FAILED', failureReason: expect.stringContaining('RETIRED') });
    expect(await braket.over(waiting)).toMatchObject({ status: 'FAILED', failureReason: `Device ${GARNET} has been retired.` });
    await eventually(() => braket.statuses(waiting).length === 3);
    expect(braket.statuses(waiting)).toEqual(['CREATED', 'QUEUED', 'FAILED']);
    expect((await braket.over(elsewhere)).status).toBe('FAILED');
    await expect(create()).rejects.toMatchObject({ code: 'DeviceRetiredException', status: 410 });
    // Retired, it still answers.
    expect(await statusOf(GARNET)).toBe('RETIRED');
  });
});

describe('a slow object store', () => {
  test('delays the end of a task by the time of its writes, and results are whole all the same', async () => {
    await start({ faults: { slowWrites: 1, slowWriteMs: 7 * SECOND } });
    const arn = await create(SV1);
    const task = await braket.over(arn);
    await eventually(() => braket.timeOf(arn, 'COMPLETED'));
    expect(braket.timeOf(arn, 'COMPLETED')! - braket.timeOf(arn, 'RUNNING')!).toBe(7 * SECOND);
    expect((braket.result(task)['measurements'] as unknown[]).length).toBe(100);
  });
});

describe('the control endpoint', () => {
  const put = (faults: Record<string, unknown>) => braket.service.call('PutFaults', faults);

  test('puts faults in force and takes them back, and no fault keeps it from that', async () => {
    await start();
    expect(await put({ throttleRequests: 1, failureReason: 'x' })).toEqual({ throttleRequests: 1, failureReason: 'x' });
    await expect(create()).rejects.toMatchObject({ code: 'ThrottlingException', status: 429 });
    expect(await braket.service.call('GetFaults', {})).toEqual({ throttleRequests: 1, failureReason: 'x' });
    await put({ failTasks: 1 });
    expect((await braket.over(await create())).status).toBe('FAILED');
    await put({});
    expect((await braket.over(await create())).status).toBe('COMPLETED');
  });

  test.each([
    [{ dropEvent: 1 }, /'dropEvent' found/],
    [{ dropEvents: 2 }, /'dropEvents': a share from 0 to 1 or a list of CREATED.* wanted, 2 found/],
    [{ lateEvents: ['DONE'] }, /\["DONE"\] found/],
    [{ failTasks: '1' }, /'failTasks': a share from 0 to 1 wanted, "1" found/],
    [{ lateMs: -1 }, /'lateMs': milliseconds wanted, -1 found/],
    [{ failureReason: 1 }, /a string wanted, 1 found/],
  ])('refuses what is no fault: %j', (faults, message) => {
    expect(() => readFaults(readMembers(faults, 'ValidationException'))).toThrow(message);
  });

  test('knows its devices', async () => {
    await start();
    await expect(setStatus('arn:aws:braket:::device/none', 'OFFLINE')).rejects.toMatchObject({ status: 404 });
    await expect(setStatus(GARNET, 'BROKEN')).rejects.toMatchObject({ code: 'ValidationException' });
  });
});

describe('quotas', () => {
  test('give 40 creations at once and 20 a second after that, by the clock', () => {
    const quotas = new RequestQuotas(SERVICE_QUOTAS);
    const admitted = (atMs: number, tries: number) =>
      Array.from({ length: tries }, () => quotas.admits('CreateQuantumTask', 'us-east-1', atMs)).filter(Boolean).length;
    expect(admitted(0, 100)).toBe(40);
    expect(admitted(49, 10)).toBe(0);
    expect(admitted(50, 10)).toBe(1);
    expect(admitted(1_050, 100)).toBe(20);
    expect(admitted(100_000, 100)).toBe(40);
    // Another region has its own, and another operation is bounded by the quota of all.
    expect(quotas.admits('CreateQuantumTask', 'eu-north-1', 100_000)).toBe(true);
    const rest = Array.from({ length: 1_000 }, () => quotas.admits('ListTagsForResource', 'us-east-1', 100_000));
    expect(rest.filter(Boolean)).toHaveLength(600 - 40);
  });

  test('never admit more than the burst and the rate allow, whatever the times', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 }), (pauses) => {
        const quotas = new RequestQuotas({ CreateQuantumTask: { perSecond: 20, burst: 40 } });
        let atMs = 0;
        let admitted = 0;
        for (const pause of pauses) {
          atMs += pause;
          if (quotas.admits('CreateQuantumTask', 'r', atMs)) admitted++;
        }
        expect(admitted).toBeLessThanOrEqual(40 + Math.ceil((20 * atMs) / 1_000));
        expect(admitted).toBeGreaterThanOrEqual(Math.min(pauses.length, 40));
      }),
    );
  });

  test('answer 429 in the service, and let the same request in later', async () => {
    await start({ quotas: SERVICE_QUOTAS });
    const tries = await Promise.allSettled(
      Array.from({ length: 45 }, (_, index) => create(SV1, { clientToken: `burst-${index}` })),
    );
    const refused = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused).toHaveLength(5);
    expect(refused[0]).toMatchObject({ code: 'ThrottlingException', status: 429, message: 'Rate exceeded' });
    await new Promise<void>((resolve) => braket.cloud.context.clock.at(braket.cloud.context.clock.now() + SECOND, resolve));
    expect(await create(SV1, { clientToken: 'burst-44' })).toContain('quantum-task');
  });
});

describe('spending', () => {
  const spendEvents = () => braket.cloud.events.filter((event) => event.detailType === 'Braket Spending Limit Spend Change');
  const spends = () => spendEvents().map(({ detail }) => [detail['queuedSpend'], detail['totalSpend']]);
  const limit = async (spendingLimit: string, clientToken = 'limit') =>
    (await braket.service.call('CreateSpendingLimit', { deviceArn: GARNET, spendingLimit, clientToken }))[
      'spendingLimitArn'
    ] as string;

  test('tells each change by an event in the documented shape', async () => {
    await start({ runDelayMs: SECOND });
    const arn = await limit('5');
    await braket.over(await create());
    await eventually(() => spendEvents().length === 2);
    // One task of 100 shots on Garnet: 0.30 + 100 x 0.00145 = 0.445 USD.
    expect(spends()).toEqual([
      ['0.445', '0.00'],
      ['0.00', '0.445'],
    ]);
    expect(spendEvents()[0]).toMatchObject({
      source: 'aws.braket',
      region: 'us-east-1',
      resources: [arn],
      detail: { spendingLimitArn: arn, deviceArn: GARNET, spendingLimit: '5.00', timePeriod: { startAt: BEGIN } },
    });
  });

  test('gives back the shots of executables that failed, and the whole price of a task that failed', async () => {
    await start({ faults: { failExecutables: 1 } });
    await limit('5');
    const header = (name: string) => ({ braketSchemaHeader: { name, version: '1' } });
    const source = 'OPENQASM 3.0;\nbit[1] b;\nqubit[1] q;\nx q[0];\nb = measure q;\n';
    const action = JSON.stringify({
      ...header('braket.ir.openqasm.program_set'),
      programs: [{ ...header('braket.ir.openqasm.program'), source }],
    });
    expect(await braket.over(await create(GARNET, { action }))).toMatchObject({ status: 'COMPLETED', numSuccessfulShots: 0 });
    await eventually(() => spendEvents().length === 2);
    expect(spends().at(-1)).toEqual(['0.00', '0.30']);
    await braket.service.call('PutFaults', { failTasks: 1 });
    await braket.over(await create());
    await eventually(() => spendEvents().length === 4);
    expect(spends().slice(2)).toEqual([
      ['0.445', '0.30'],
      ['0.00', '0.30'],
    ]);
  });

  test('counts no task from before the limit, none in a reservation and none elsewhere', async () => {
    await start();
    await braket.over(await create());
    await new Promise<void>((resolve) => braket.cloud.context.clock.at(BEGIN + MINUTE, resolve));
    await limit('5');
    const associations = [{ arn: 'arn:aws:braket:us-east-1:0:reservation/1', type: 'RESERVATION_TIME_WINDOW_ARN' }];
    await braket.over(await create(GARNET, { associations }));
    await braket.over(await create(SV1));
    await braket.over(await create(DEFAULT_DEVICES.find(({ name }) => name === 'Emerald')!.arn));
    expect(await braket.service.call('SearchSpendingLimits', {})).toMatchObject({
      spendingLimits: [{ queuedSpend: '0.00', totalSpend: '0.00' }],
    });
    expect(spendEvents()).toEqual([]);
  });

  test('ignores an update that comes twice, and takes at most two places after the point', async () => {
    await start();
    const spendingLimitArn = await limit('5');
    const update = (spendingLimit: string, clientToken: string) =>
      braket.service.call('UpdateSpendingLimit', { spendingLimitArn, spendingLimit, clientToken });
    await update('7', 'a');
    await update('9', 'b');
    await update('7', 'a');
    expect(await braket.service.call('SearchSpendingLimits', {})).toMatchObject({ spendingLimits: [{ spendingLimit: '9.00' }] });
    await expect(update('1.234', 'c')).rejects.toMatchObject({ code: 'ValidationException' });
  });

  test('pages by twenty', async () => {
    await start();
    for (let index = 0; index < 25; index++) await limit('5', `limit-${index}`);
    const first = await braket.service.call('SearchSpendingLimits', {});
    expect(first['spendingLimits']).toHaveLength(20);
    const second = await braket.service.call('SearchSpendingLimits', { nextToken: first['nextToken'] });
    expect(second['spendingLimits']).toHaveLength(5);
  });
});

describe('places', () => {
  test('are given in order, and one who gave up is passed over', async () => {
    const slots = new Slots(1);
    const never = new AbortController();
    const impatient = new AbortController();
    const order: string[] = [];
    await slots.acquire(never.signal);
    const waiting = [
      slots.acquire(never.signal).then(() => order.push('first')),
      slots.acquire(impatient.signal).catch(() => order.push('gave up')),
      slots.acquire(never.signal).then(() => order.push('second')),
    ];
    impatient.abort();
    slots.release();
    await eventually(() => order.includes('first'));
    slots.release();
    await Promise.all(waiting);
    expect(order).toEqual(['gave up', 'first', 'second']);
  });

  test('go to those with priority first, in order among themselves', async () => {
    const slots = new Slots(1);
    const never = new AbortController();
    const order: string[] = [];
    await slots.acquire(never.signal);
    const waiting = (['a', 'B', 'c', 'D'] as const).map((name) =>
      slots.acquire(never.signal, name < 'a').then(() => {
        order.push(name);
        slots.release();
      }),
    );
    slots.release();
    await Promise.all(waiting);
    expect(order).toEqual(['B', 'D', 'a', 'c']);
  });
});
