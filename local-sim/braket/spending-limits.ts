/**
 * Spending limits: checked when a QPU task is created, against the price of the task with all its shots. What is spent
 * follows from the tasks themselves, so there is no second account to keep.
 */
import type { MemberReader } from '../members.ts';
import { ServiceError } from '../service.ts';
import { isOver, type SpendingLimit, type Task, type TaskStore } from './task-store.ts';

const FAR_FUTURE_MS = Date.UTC(9999, 11, 31);

/** '12.5' -> 12500000; refuses anything but a plain decimal with at most six places. */
export function microUsdFromDecimal(reader: MemberReader, name: string): number {
  const text = reader.string(name, { pattern: /^\d{1,9}(\.\d{1,6})?$/ });
  const [whole = '0', fraction = ''] = text.split('.');
  return Number(whole) * 1_000_000 + Number(fraction.padEnd(6, '0'));
}

export function decimalFromMicroUsd(microUsd: number): string {
  const text = (microUsd / 1e6).toFixed(6).replace(/0+$/, '');
  const [whole, fraction = ''] = text.split('.');
  return `${whole}.${fraction.padEnd(2, '0')}`;
}

/** Epoch seconds on the wire; a missing period is one without an end. */
export function readTimePeriod(reader: MemberReader, nowMs: number): { startAtMs: number; endAtMs: number } | undefined {
  const period = reader.optionalStructure('timePeriod');
  if (!period) return undefined;
  const [startAtMs, endAtMs] = ['startAt', 'endAt'].map((name) => {
    const seconds = period.raw[name];
    if (typeof seconds !== 'number') throw reader.refuse(`'timePeriod.${name}' must be a number of epoch seconds`);
    return Math.round(seconds * 1000);
  }) as [number, number];
  if (endAtMs <= startAtMs) throw reader.refuse("'timePeriod.endAt' must be after 'timePeriod.startAt'");
  if (endAtMs <= nowMs) throw reader.refuse("'timePeriod.endAt' must be in the future");
  return { startAtMs, endAtMs };
}

export const endlessPeriod = (nowMs: number) => ({ startAtMs: nowMs, endAtMs: FAR_FUTURE_MS });

/** Estimated and settled price of one task: unused shots are given back, a task that never ran costs nothing. */
function spendOf(task: Task): { queuedMicroUsd: number; settledMicroUsd: number } {
  const price = (shots: number) => task.priceMicroUsd.perTask + shots * task.priceMicroUsd.perShot;
  if (!isOver(task.status)) return { queuedMicroUsd: price(task.shots), settledMicroUsd: 0 };
  if (task.status !== 'COMPLETED') return { queuedMicroUsd: 0, settledMicroUsd: 0 };
  return { queuedMicroUsd: 0, settledMicroUsd: price(task.numSuccessfulShots ?? task.shots) };
}

export function limitSpend(store: TaskStore, limit: SpendingLimit): { queuedMicroUsd: number; settledMicroUsd: number } {
  let queuedMicroUsd = 0;
  let settledMicroUsd = 0;
  for (const task of store.tasks.values()) {
    if (task.deviceArn !== limit.deviceArn || task.createdAtMs < limit.startAtMs || task.createdAtMs > limit.endAtMs) continue;
    const spend = spendOf(task);
    queuedMicroUsd += spend.queuedMicroUsd;
    settledMicroUsd += spend.settledMicroUsd;
  }
  return { queuedMicroUsd, settledMicroUsd };
}

/** Throws when a task of this price would pass an active limit on its device. */
export function enforceLimits(store: TaskStore, deviceArn: string, priceMicroUsd: number, nowMs: number): void {
  for (const limit of store.limits.values()) {
    if (limit.deviceArn !== deviceArn || nowMs < limit.startAtMs || nowMs > limit.endAtMs) continue;
    const { queuedMicroUsd, settledMicroUsd } = limitSpend(store, limit);
    const wouldBe = queuedMicroUsd + settledMicroUsd + priceMicroUsd;
    if (wouldBe <= limit.limitMicroUsd) continue;
    throw new ServiceError(
      'ValidationException',
      `The task is estimated at ${decimalFromMicroUsd(priceMicroUsd)} USD; with ${decimalFromMicroUsd(settledMicroUsd)} spent and ` +
        `${decimalFromMicroUsd(queuedMicroUsd)} queued it would pass the limit of ${decimalFromMicroUsd(limit.limitMicroUsd)} (${limit.arn}).`,
    );
  }
}

export function limitSummary(store: TaskStore, limit: SpendingLimit): Record<string, unknown> {
  const { queuedMicroUsd, settledMicroUsd } = limitSpend(store, limit);
  return {
    spendingLimitArn: limit.arn,
    deviceArn: limit.deviceArn,
    timePeriod: { startAt: limit.startAtMs / 1000, endAt: limit.endAtMs / 1000 },
    spendingLimit: decimalFromMicroUsd(limit.limitMicroUsd),
    queuedSpend: decimalFromMicroUsd(queuedMicroUsd),
    totalSpend: decimalFromMicroUsd(settledMicroUsd),
    createdAt: new Date(limit.createdAtMs).toISOString(),
    updatedAt: new Date(limit.updatedAtMs).toISOString(),
    tags: limit.tags,
  };
}
