import { S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Ledger, type RunMoney } from '../../core/contracts/artifacts.ts';
import { BudgetExceeded } from '../../core/contracts/errors.ts';
import { place } from '../../core/contracts/places.ts';
import { type ArtifactStore, compareAndSwap, createArtifactStore } from '../../lambdas/shared/artifacts.ts';
import {
  createRunLedger,
  drawFromRun,
  emptyLedger,
  emptyRunMoney,
  reserveInLedger,
  reserveInRun,
  settleInLedger,
} from '../../lambdas/shared/ledger.ts';
import { type StartedCloud, startCloud } from '../contract/start-cloud.ts';

const caps = { dayMicroUsd: 1_000, accountMicroUsd: 2_500 };
const at = '2026-01-02T03:04:05.000Z';
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

describe('the ledger of the account', () => {
  test('reserves up to the cap of the day and not one micro-dollar more', () => {
    const full = reserveInLedger(emptyLedger(caps), 'a/train', 1_000, at)!;
    expect(full.reservations['a/train']).toEqual({ amountMicroUsd: 1_000, at });
    expect(() => reserveInLedger(full, 'b/train', 1, at)).toThrow(BudgetExceeded);
  });

  test('counts what other days spent against the cap of the account only', () => {
    const spent: Ledger = { ...emptyLedger(caps), spentByDay: { '2026-01-01': 2_000 } };
    expect(reserveInLedger(spent, 'a/train', 500, at)).not.toBeNull();
    expect(() => reserveInLedger(spent, 'a/train', 501, at)).toThrow(/account's cap/);
  });

  test('changes nothing when a reservation or a settlement is repeated', () => {
    const once = reserveInLedger(emptyLedger(caps), 'a/train', 300, at)!;
    expect(reserveInLedger(once, 'a/train', 300, at)).toBeNull();
    const settled = settleInLedger(once, 'a/train', 200, '2026-01-03')!;
    expect(settled).toMatchObject({ reservations: {}, spentByDay: { '2026-01-03': 200 }, settled: { 'a/train': 200 } });
    expect(settleInLedger(settled, 'a/train', 200, '2026-01-04')).toBeNull();
    expect(reserveInLedger(settled, 'a/train', 300, at)).toBeNull();
  });

  test('never books more than was reserved, whatever the order and however often each change is tried', () => {
    const change = fc.record({
      what: fc.constantFrom('reserve' as const, 'draw' as const, 'settle' as const),
      run: fc.integer({ min: 0, max: 2 }),
      draw: fc.integer({ min: 0, max: 3 }),
      amount: fc.integer({ min: 0, max: 700 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        let ledger = emptyLedger(caps);
        const money = new Map<number, RunMoney>();
        const reserved = new Map<string, number>();
        for (const { what, run, draw, amount } of changes) {
          const id = `${run}/train`;
          const before = money.get(run) ?? emptyRunMoney(`run-${run}`);
          const step = () => {
            if (what === 'reserve') {
              const now = money.get(run) ?? before;
              const block = reserveInRun(now, 'train', amount, 5_000);
              if (block === null) return;
              ledger = reserveInLedger(ledger, id, amount, at) ?? ledger;
              money.set(run, block);
              reserved.set(id, amount);
            } else if (what === 'draw') {
              const next = drawFromRun(money.get(run) ?? before, 'train', String(draw), amount);
              if (next !== null) money.set(run, next);
            } else {
              const now = money.get(run);
              const block = now?.blocks['train'];
              if (now === undefined || block === undefined) return;
              money.set(run, { ...now, blocks: { train: { ...block, settled: true } } });
              ledger = settleInLedger(ledger, id, sum(Object.values(block.draws)), '2026-01-02') ?? ledger;
            }
          };
          // Each change twice, as a retried step does.
          for (let time = 0; time < 2; time++) {
            const snapshot = JSON.stringify([ledger, [...money]]);
            try {
              step();
            } catch (error) {
              if (!(error instanceof BudgetExceeded)) throw error;
            }
            if (time === 1) expect(JSON.stringify([ledger, [...money]])).toBe(snapshot);
          }
          for (const [key, amountMicroUsd] of Object.entries(ledger.settled))
            expect(amountMicroUsd).toBeLessThanOrEqual(reserved.get(key) ?? 0);
          const bound =
            sum(Object.values(ledger.reservations).map(({ amountMicroUsd }) => amountMicroUsd)) +
            sum(Object.values(ledger.spentByDay));
          expect(bound).toBeLessThanOrEqual(caps.dayMicroUsd);
          expect(sum(Object.values(ledger.settled))).toBe(sum(Object.values(ledger.spentByDay)));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('the money of a run', () => {
  test('draws no more than its block holds, nothing without a block and nothing after settlement', () => {
    expect(() => drawFromRun(emptyRunMoney('r'), 'train', 'a', 1)).toThrow(/reserved nothing/);
    const block = reserveInRun(emptyRunMoney('r'), 'train', 10, 100)!;
    const drawn = drawFromRun(block, 'train', 'a', 10)!;
    expect(drawFromRun(drawn, 'train', 'a', 10)).toBeNull();
    expect(() => drawFromRun(drawn, 'train', 'b', 1)).toThrow(BudgetExceeded);
    const settled = { ...block, blocks: { train: { ...block.blocks['train']!, settled: true } } };
    expect(() => drawFromRun(settled, 'train', 'b', 1)).toThrow(/settled already/);
  });

  test('frees the rest of a settled block for the next stage', () => {
    const block = drawFromRun(reserveInRun(emptyRunMoney('r'), 'train', 80, 100)!, 'train', 'a', 10)!;
    expect(() => reserveInRun(block, 'refine', 30, 100)).toThrow(BudgetExceeded);
    const settled = { ...block, blocks: { train: { ...block.blocks['train']!, settled: true } } };
    expect(reserveInRun(settled, 'refine', 90, 100)!.blocks['refine']!.reservedMicroUsd).toBe(90);
    expect(() => reserveInRun(settled, 'refine', 91, 100)).toThrow(BudgetExceeded);
  });
});

describe('compare and swap in the local S3', () => {
  let started: StartedCloud;
  let store: ArtifactStore;
  beforeAll(async () => {
    started = await startCloud();
    await started.cloud.s3.call('CreateBucket', { Bucket: 'data' });
    store = createArtifactStore(new S3Client({ ...started.client, forcePathStyle: true }), 'data');
  });
  afterAll(() => started[Symbol.asyncDispose]());

  test('loses no change of twenty writers at once', async () => {
    const wide = { dayMicroUsd: 1_000_000, accountMicroUsd: 1_000_000 };
    const conflict = (tries: number) => new Error(`conflict after ${tries} tries`);
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        compareAndSwap(
          store,
          'ledger/many.json',
          Ledger,
          () => emptyLedger(wide),
          (ledger) => reserveInLedger(ledger, `run-${i}/train`, i + 1, at),
          conflict,
        ),
      ),
    );
    const { reservations } = await store.read('ledger/many.json', Ledger);
    expect(Object.keys(reservations).length).toBe(20);
    expect(sum(Object.values(reservations).map(({ amountMicroUsd }) => amountMicroUsd))).toBe(210);
  });

  test('reserves, draws and settles once, however often each step is repeated', async () => {
    const ledger = createRunLedger(store, 'run-1', caps, () => Date.parse(at));
    for (let i = 0; i < 3; i++) await ledger.reserve('refine', 400, 500);
    for (let i = 0; i < 3; i++) await ledger.draw('refine', 'token', 150);
    await expect(ledger.draw('refine', 'other', 251)).rejects.toThrow(BudgetExceeded);
    expect(await Promise.all([ledger.settle('refine'), ledger.settle('refine'), ledger.settle('refine')])).toEqual([
      150, 150, 150,
    ]);
    await ledger.reserve('refine', 400, 500);
    expect(await store.read(place.ledger(), Ledger)).toMatchObject({
      reservations: {},
      settled: { 'run-1/refine': 150 },
      spentByDay: { '2026-01-02': 150 },
    });
    expect(await ledger.settle('train')).toBe(0);
  });

  test('books a stage that went past midnight on the day it ends, and its draws bind no other day', async () => {
    let now = '2026-03-01T23:59:00.000Z';
    const ledger = createRunLedger(store, 'run-midnight', caps, () => Date.parse(now));
    await ledger.reserve('refine', 900, 5_000);
    await ledger.draw('refine', 'before', 300);
    now = '2026-03-02T00:01:00.000Z';
    await ledger.draw('refine', 'after', 500);
    const other = createRunLedger(store, 'run-next', caps, () => Date.parse(now));
    // The reservation is open, so it still counts against the new day.
    await expect(other.reserve('refine', 101, 5_000)).rejects.toThrow(/the day's cap/);
    for (let i = 0; i < 2; i++) expect(await ledger.settle('refine')).toBe(800);
    const booked = await store.read(place.ledger(), Ledger);
    expect(booked.spentByDay['2026-03-01']).toBeUndefined();
    expect(booked.spentByDay['2026-03-02']).toBe(800);
    expect(booked.reservations['run-midnight/refine']).toBeUndefined();
    await other.reserve('refine', 200, 5_000);
    await expect(other.reserve('train', 1, 5_000)).rejects.toThrow(/the day's cap/);
    await other.settle('refine');
  });

  test('frees the half of a reservation that a step left when it ended between its two writes', async () => {
    const now = () => Date.parse('2026-03-05T12:00:00.000Z');
    await compareAndSwap(
      store,
      place.ledger(),
      Ledger,
      () => emptyLedger(caps),
      (ledger) => reserveInLedger(ledger, 'run-half/refine', 50, at),
      () => new Error('conflict'),
    );
    expect(await createRunLedger(store, 'run-half', caps, now).settle('refine')).toBe(0);
    const { reservations, settled } = await store.read(place.ledger(), Ledger);
    expect(reservations['run-half/refine']).toBeUndefined();
    expect(settled['run-half/refine']).toBe(0);
  });

  test('lets two runs share the cap of the day and refuses the third', async () => {
    const reserve = (run: string) =>
      createRunLedger(store, run, caps, () => Date.parse('2026-02-02T00:00:00.000Z')).reserve('train', 500, 5_000);
    const answers = await Promise.allSettled(['run-2', 'run-3', 'run-4'].map(reserve));
    expect(answers.filter(({ status }) => status === 'fulfilled').length).toBe(2);
    expect(answers.find(({ status }) => status === 'rejected')).toMatchObject({ reason: expect.any(BudgetExceeded) });
  });
});
