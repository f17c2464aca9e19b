/**
 * Money. One object for the account holds open reservations and what each day cost; one object a run holds its blocks
 * and the draws from them. A stage reserves its block at once, so the account's object is touched twice a stage.
 * Every change is idempotent by its id: a retried step neither reserves nor draws nor settles twice.
 */

import { Ledger, RunMoney } from '../../core/contracts/artifacts.ts';
import { BudgetExceeded, LedgerConflict } from '../../core/contracts/errors.ts';
import { place } from '../../core/contracts/places.ts';
import type { ArtifactStore } from './artifacts.ts';
import { compareAndSwap } from './artifacts.ts';

export interface Caps {
  dayMicroUsd: number;
  accountMicroUsd: number;
}

/** Settlements remembered, so that a repeated one changes nothing; older ones cannot be repeated any more. */
const REMEMBERED_SETTLEMENTS = 5000;

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
const reservationId = (runId: string, stage: string) => `${runId}/${stage}`;

/** Whose an open reservation is; neither a run's id nor a stage has a slash. */
export function openReservations(ledger: Ledger): { runId: string; stage: string }[] {
  return Object.keys(ledger.reservations).map((id) => {
    const [runId, stage] = id.split('/') as [string, string];
    return { runId, stage };
  });
}

const dollars = (microUsd: number) => `${(microUsd / 1e6).toFixed(6)} USD`;

export function emptyLedger(caps: Caps): Ledger {
  return { schema: 'ledger/1', caps, reservations: {}, spentByDay: {}, settled: {} };
}

export function emptyRunMoney(runId: string): RunMoney {
  return { schema: 'run-money/1', runId, blocks: {} };
}

export function reserveInLedger(ledger: Ledger, id: string, amountMicroUsd: number, at: string): Ledger | null {
  if (ledger.reservations[id] !== undefined || ledger.settled[id] !== undefined) return null;
  const openMicroUsd = sum(Object.values(ledger.reservations).map((reservation) => reservation.amountMicroUsd));
  const todayMicroUsd = ledger.spentByDay[at.slice(0, 10)] ?? 0;
  const totalMicroUsd = sum(Object.values(ledger.spentByDay));
  if (todayMicroUsd + openMicroUsd + amountMicroUsd > ledger.caps.dayMicroUsd) {
    throw new BudgetExceeded(
      `the day's cap is ${dollars(ledger.caps.dayMicroUsd)}: ${dollars(todayMicroUsd)} spent and ${dollars(openMicroUsd)} reserved leave no ${dollars(amountMicroUsd)}`,
    );
  }
  if (totalMicroUsd + openMicroUsd + amountMicroUsd > ledger.caps.accountMicroUsd) {
    throw new BudgetExceeded(
      `the account's cap is ${dollars(ledger.caps.accountMicroUsd)}: ${dollars(totalMicroUsd)} spent and ${dollars(openMicroUsd)} reserved leave no ${dollars(amountMicroUsd)}`,
    );
  }
  return { ...ledger, reservations: { ...ledger.reservations, [id]: { amountMicroUsd, at } } };
}

export function reserveInRun(money: RunMoney, stage: string, amountMicroUsd: number, budgetMicroUsd: number): RunMoney | null {
  if (money.blocks[stage] !== undefined) return null;
  // A settled block counts with what was drawn: its rest is free again.
  const boundMicroUsd = sum(
    Object.values(money.blocks).map((block) => (block.settled ? sum(Object.values(block.draws)) : block.reservedMicroUsd)),
  );
  if (boundMicroUsd + amountMicroUsd > budgetMicroUsd) {
    throw new BudgetExceeded(
      `stage ${stage} wants ${dollars(amountMicroUsd)}; of the budget of ${dollars(budgetMicroUsd)} ${dollars(boundMicroUsd)} are bound`,
    );
  }
  return { ...money, blocks: { ...money.blocks, [stage]: { reservedMicroUsd: amountMicroUsd, settled: false, draws: {} } } };
}

export function drawFromRun(money: RunMoney, stage: string, drawId: string, amountMicroUsd: number): RunMoney | null {
  const block = money.blocks[stage];
  if (block === undefined) throw new BudgetExceeded(`stage ${stage} reserved nothing, so nothing can be drawn`);
  if (block.draws[drawId] !== undefined) return null;
  const drawnMicroUsd = sum(Object.values(block.draws));
  if (block.settled || drawnMicroUsd + amountMicroUsd > block.reservedMicroUsd) {
    throw new BudgetExceeded(
      `stage ${stage} reserved ${dollars(block.reservedMicroUsd)}${block.settled ? ', settled already' : ''}; ${dollars(drawnMicroUsd)} are drawn and ${dollars(amountMicroUsd)} more were wanted`,
    );
  }
  return { ...money, blocks: { ...money.blocks, [stage]: { ...block, draws: { ...block.draws, [drawId]: amountMicroUsd } } } };
}

export function settleInLedger(ledger: Ledger, id: string, spentMicroUsd: number, day: string): Ledger | null {
  if (ledger.settled[id] !== undefined) return null;
  const { [id]: _closed, ...reservations } = ledger.reservations;
  const settled = Object.entries({ ...ledger.settled, [id]: spentMicroUsd }).slice(-REMEMBERED_SETTLEMENTS);
  return {
    ...ledger,
    reservations,
    spentByDay: { ...ledger.spentByDay, [day]: (ledger.spentByDay[day] ?? 0) + spentMicroUsd },
    settled: Object.fromEntries(settled),
  };
}

export interface RunLedger {
  reserve(stage: string, amountMicroUsd: number, budgetMicroUsd: number): Promise<void>;
  draw(stage: string, drawId: string, amountMicroUsd: number): Promise<void>;
  /** Books what was drawn and frees the rest; returns the amount booked. */
  settle(stage: string): Promise<number>;
  read(): Promise<RunMoney>;
}

export function createRunLedger(store: ArtifactStore, runId: string, caps: Caps, nowMs: () => number): RunLedger {
  const conflict = (key: string) => (tries: number) =>
    new LedgerConflict(`${key} changed under our hands ${tries} times in a row`);
  const changeLedger = (change: (ledger: Ledger) => Ledger | null) =>
    compareAndSwap(store, place.ledger(), Ledger, () => emptyLedger(caps), change, conflict(place.ledger()));
  const changeRun = (change: (money: RunMoney) => RunMoney | null) =>
    compareAndSwap(store, place.money(runId), RunMoney, () => emptyRunMoney(runId), change, conflict(place.money(runId)));
  const now = () => new Date(nowMs()).toISOString();
  return {
    async reserve(stage, amountMicroUsd, budgetMicroUsd) {
      // The run's own limit first: it is the one that is likelier to say no.
      const money = await store.find(place.money(runId), RunMoney);
      const alreadyThere = reserveInRun(money ?? emptyRunMoney(runId), stage, amountMicroUsd, budgetMicroUsd) === null;
      if (alreadyThere) return;
      if (amountMicroUsd > 0)
        await changeLedger((ledger) => reserveInLedger(ledger, reservationId(runId, stage), amountMicroUsd, now()));
      await changeRun((current) => reserveInRun(current, stage, amountMicroUsd, budgetMicroUsd));
    },
    async draw(stage, drawId, amountMicroUsd) {
      await changeRun((money) => drawFromRun(money, stage, drawId, amountMicroUsd));
    },
    async settle(stage) {
      const money = await store.find(place.money(runId), RunMoney);
      const block = money?.blocks[stage];
      const id = reservationId(runId, stage);
      if (block === undefined) {
        // A step that ended between the two writes of a reservation left the account's half alone.
        await changeLedger((ledger) =>
          ledger.reservations[id] === undefined ? null : settleInLedger(ledger, id, 0, now().slice(0, 10)),
        );
        return 0;
      }
      // Closed before it is booked: no draw can slip in between.
      const closed = await changeRun((current) => ({
        ...current,
        blocks: { ...current.blocks, [stage]: { ...current.blocks[stage]!, settled: true } },
      }));
      const spentMicroUsd = sum(Object.values(closed.blocks[stage]!.draws));
      if (block.reservedMicroUsd > 0) {
        await changeLedger((ledger) => settleInLedger(ledger, id, spentMicroUsd, now().slice(0, 10)));
      }
      return spentMicroUsd;
    },
    read: async () => (await store.find(place.money(runId), RunMoney)) ?? emptyRunMoney(runId),
  };
}
