import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_DEVICES, deviceRegion } from '../../local-sim/braket/devices.ts';
import { eventIsHit, isHit } from '../../local-sim/braket/faults.ts';
import { latticeGraph } from '../../local-sim/braket/lattice.ts';
import { page } from '../../local-sim/braket/search.ts';
import { decimalFromMicroUsd, microUsdFromDecimal } from '../../local-sim/braket/spending-limits.ts';
import { canonicalJson } from '../../local-sim/canonical-json.ts';
import { type AwsEvent, ChangeEvents, uuidFrom } from '../../local-sim/change-events.ts';
import { virtualClock } from '../../local-sim/clock.ts';
import { readMembers } from '../../local-sim/members.ts';
import { restJsonService } from '../../local-sim/rest-json.ts';
import { ServiceError, type ServiceRequest } from '../../local-sim/service.ts';
import { eventually, loneCloud } from '../support/lone-service.ts';

const reader = (raw: Record<string, unknown>) => readMembers(raw, 'ValidationException');

describe('canonical JSON', () => {
  test('is the same for any order of members, and parses back to the value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('money', () => {
  test('survives the way to the wire and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 8 }), (cents) => {
        const microUsd = 10_000 * cents;
        expect(microUsdFromDecimal(reader({ spendingLimit: decimalFromMicroUsd(microUsd) }), 'spendingLimit')).toBe(microUsd);
      }),
    );
    expect(decimalFromMicroUsd(445_000)).toBe('0.445');
    expect(decimalFromMicroUsd(5_000_000)).toBe('5.00');
  });

  test.each(['', '-1', '1e3', '1.001', '1,5', ' 1', 'NaN'])('refuses %j', (text) => {
    expect(() => microUsdFromDecimal(reader({ spendingLimit: text }), 'spendingLimit')).toThrow(ServiceError);
  });
});

describe('pages', () => {
  test('give every entry once, in order, whatever their size', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 7 }),
        (names, maxResults) => {
          const seen: string[] = [];
          for (let nextToken: string | undefined; ; ) {
            const found = page(reader({ maxResults, ...(nextToken === undefined ? {} : { nextToken }) }), names, (name) => name);
            seen.push(...found.items);
            nextToken = found.nextToken;
            if (nextToken === undefined) break;
          }
          expect(seen).toEqual(names);
        },
      ),
    );
  });

  test('refuse a token from elsewhere', () => {
    expect(() => page(reader({ nextToken: 'abc' }), ['x'], (name) => name)).toThrow(/nextToken/);
  });
});

describe('faults', () => {
  test('hit their share, the same ones for the same seed', () => {
    const hits = Array.from({ length: 4_000 }, (_, index) => isHit(0.25, 5, 'x', index));
    const count = hits.filter(Boolean).length;
    // 1,000 expected, standard deviation 27.
    expect(count).toBeGreaterThan(860);
    expect(count).toBeLessThan(1_140);
    expect(Array.from({ length: 4_000 }, (_, index) => isHit(0.25, 5, 'x', index))).toEqual(hits);
    expect(eventIsHit(['FAILED'], 'FAILED', 1)).toBe(true);
    expect(eventIsHit(['FAILED'], 'COMPLETED', 1)).toBe(false);
    expect(eventIsHit(undefined, 'COMPLETED', 1)).toBe(false);
  });
});

describe('the table of devices', () => {
  test('draws the lattice of a shifted row by its coordinates', () => {
    // Rows of 2 and 3 qubits: 1 stands above 4, 2 above 5.
    expect(
      latticeGraph({
        rows: [
          [1, 2],
          [0, 3],
        ],
        firstLabel: 1,
      }),
    ).toEqual({ 1: ['2', '4'], 2: ['1', '5'], 3: ['4'], 4: ['1', '3', '5'], 5: ['2', '4'] });
  });

  test('has unique ARNs in known regions, sensible limits, and no price for simulators by shot', () => {
    expect(new Set(DEFAULT_DEVICES.map((device) => device.arn)).size).toBe(DEFAULT_DEVICES.length);
    for (const device of DEFAULT_DEVICES) {
      expect(['', 'us-east-1', 'us-west-1', 'eu-north-1']).toContain(deviceRegion(device.arn));
      expect(device.shotsRange[0]).toBe(device.type === 'QPU' ? Math.max(1, device.shotsRange[0]) : 0);
      if (device.type === 'SIMULATOR') expect(device.price.perShotMicroUsd).toBe(0);
      else expect(device.calibration).toBeDefined();
      expect(Number.isInteger(device.price.perShotMicroUsd)).toBe(true);
    }
  });
});

describe('the rest-json protocol', () => {
  const cloud = loneCloud();
  cloud.remove();
  const service = restJsonService({
    signingNames: ['thing'],
    context: cloud.context,
    routes: {
      GetThing: { method: 'GET', path: '/thing/{arn}', status: 200, lists: ['names'] },
      EndThing: { method: 'PUT', path: '/thing/{arn}/end', status: 202 },
    },
    operations: {
      GetThing: (members, caller) => ({ ...members, region: caller.region }),
      EndThing() {
        throw new ServiceError('ConflictException', 'already over', 409, { state: 'over' });
      },
    },
    unknownRoute: { code: 'ValidationException', status: 404 },
    malformedBody: { code: 'ValidationException', status: 400 },
  });
  const request = (changes: Partial<ServiceRequest>): ServiceRequest => ({
    method: 'GET',
    path: '/',
    query: new URLSearchParams(),
    headers: {},
    body: Buffer.alloc(0),
    region: 'eu-north-1',
    requestId: 'r',
    ...changes,
  });
  const answer = async (changes: Partial<ServiceRequest>) => {
    const { status, headers, body } = await service.handle(request(changes));
    return { status, type: headers?.['x-amzn-errortype'], body: JSON.parse(String(body)) };
  };

  test('gives back any label that was percent-encoded into the path', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, unit: 'binary' }), async (arn) => {
        expect((await answer({ path: `/thing/${encodeURIComponent(arn)}` })).body).toEqual({ arn, region: 'eu-north-1' });
      }),
    );
  });

  test('keeps repeated query parameters together and lets no body overrule a label', async () => {
    const found = await answer({
      path: '/thing/a',
      query: new URLSearchParams('names=x&names=y&other=z'),
      body: Buffer.from('{"arn":"b","more":1}'),
    });
    expect(found.body).toEqual({ arn: 'a', names: ['x', 'y'], other: 'z', more: 1, region: 'eu-north-1' });
  });

  test('answers errors with code, status and details', async () => {
    expect(await answer({ method: 'PUT', path: '/thing/a/end' })).toEqual({
      status: 409,
      type: 'ConflictException',
      body: { message: 'already over', state: 'over' },
    });
    expect(await answer({ path: '/thing/a/b' })).toMatchObject({ status: 404, type: 'ValidationException' });
    expect(await answer({ path: '/thing/' })).toMatchObject({ status: 404 });
    expect(await answer({ path: '/thing/a', body: Buffer.from('{"torn') })).toMatchObject({ status: 400 });
    expect(await answer({ path: '/thing/a', body: Buffer.from('[1]') })).toMatchObject({ status: 400 });
    expect(await answer({ path: '/thing/%E0%A4%A' })).toMatchObject({ status: 200, body: { arn: '%E0%A4%A' } });
  });

  test('knows every operation by name for siblings', async () => {
    expect(await service.call('GetThing', { arn: 'x' })).toEqual({ arn: 'x', region: 'us-east-1' });
    await expect(service.call('NoThing', {})).rejects.toMatchObject({ code: 'ValidationException' });
  });
});

describe('events of changes', () => {
  interface Owner {
    name: string;
    changes: { atMs: number; sent: boolean }[];
  }
  const event = (owner: Owner, index: number): AwsEvent => ({
    id: uuidFrom(owner.name, index),
    source: 'test',
    detailType: 'Change',
    region: 'us-east-1',
    timeMs: owner.changes[index]!.atMs,
    resources: [owner.name],
    detail: { index },
  });
  const owner = (count: number): Owner => ({
    name: 'a',
    changes: Array.from({ length: count }, () => ({ atMs: 0, sent: false })),
  });

  test('stay in order within an owner although the first takes longest', async () => {
    const seen: number[] = [];
    const one = owner(3);
    const events = new ChangeEvents<Owner>({
      clock: virtualClock(),
      key: (each) => each.name,
      event,
      markSent: (each, index) => {
        each.changes[index]!.sent = true;
      },
      async post(posted) {
        const index = posted.detail['index'] as number;
        await new Promise((resolve) => setTimeout(resolve, 20 - 10 * index));
        seen.push(index);
      },
      warn: () => {},
    });
    events.flush(one);
    events.flush(one);
    await eventually(() => one.changes.every((change) => change.sent));
    expect(seen).toEqual([0, 1, 2]);
  });

  test('are tried again ever later, in clock time', async () => {
    const clock = virtualClock(0);
    const tries: number[] = [];
    const one = owner(1);
    const events = new ChangeEvents<Owner>({
      clock,
      key: (each) => each.name,
      event,
      markSent: (each, index) => {
        each.changes[index]!.sent = true;
      },
      async post() {
        tries.push(clock.now());
        if (tries.length < 6) throw new Error('not yet');
      },
      warn: () => {},
    });
    events.flush(one);
    await eventually(() => one.changes[0]!.sent);
    expect(tries).toEqual([0, 200, 600, 1_400, 3_000, 6_200]);
  });
});
