/**
 * Spending limits: checked when a QPU task is created, against the price of the task with all its shots. What is spent
 * follows from the tasks themselves, so there is no second account to keep.
 */
import { type AwsEvent, uuidFrom } from '../change-events.ts';
import type { MemberReader } from '../members.ts';
import { ServiceError } from '../service.ts';
import { isOver, type SpendingLimit, type Task, type TaskStore } from './task-store.ts';

const FAR_FUTURE_MS = Date.UTC(9999, 11, 31);

/** '12.5' -> 12500000; refuses anything but a plain decimal with at most two places, as the service's model does. */
export function microUsdFromDecimal(reader: MemberReader, name: string): number {
  const text = reader.string(name, { pattern: /^\d{1,9}(\.\d{1,2})?$/ });
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

/** A limit sees tasks on its device that were created in its period and after itself; what is in a reservation is paid otherwise. */
function counts(limit: SpendingLimit, { deviceArn, createdAtMs, associations }: Task): boolean {
  const from = Math.max(limit.startAtMs, limit.createdAtMs);
  return deviceArn === limit.deviceArn && associations === undefined && createdAtMs >= from && createdAtMs <= limit.endAtMs;
}

/** Notes what a task changed under the limits of its device; the limits whose figures moved are returned. */
export function noteSpend(store: TaskStore, task: Task, nowMs: number): SpendingLimit[] {
  return [...store.limits.values()].filter((limit) => {
    if (!counts(limit, task)) return false;
    const { queuedMicroUsd, settledMicroUsd } = limitSpend(store, limit);
    const last = limit.changes.at(-1);
    if (last?.queuedMicroUsd === queuedMicroUsd && last.settledMicroUsd === settledMicroUsd) return false;
    store.noteSpend(limit, nowMs, settledMicroUsd, queuedMicroUsd);
    return true;
  });
}

/** The event of one change; its period is in milliseconds, unlike that of the API. */
export function spendEvent(limit: SpendingLimit, index: number): AwsEvent {
  const { atMs, settledMicroUsd, queuedMicroUsd, limitMicroUsd, startAtMs, endAtMs } = limit.changes[index]!;
  return {
    id: uuidFrom('braket-spend', limit.arn, index),
    source: 'aws.braket',
    detailType: 'Braket Spending Limit Spend Change',
    region: limit.region,
    timeMs: atMs,
    resources: [limit.arn],
    detail: {
      spendingLimitArn: limit.arn,
      deviceArn: limit.deviceArn,
      spendingLimit: decimalFromMicroUsd(limitMicroUsd),
      totalSpend: decimalFromMicroUsd(settledMicroUsd),
      queuedSpend: decimalFromMicroUsd(queuedMicroUsd),
      timePeriod: { startAt: startAtMs, endAt: endAtMs },
    },
  };
}

export function limitSpend(store: TaskStore, limit: SpendingLimit): { queuedMicroUsd: number; settledMicroUsd: number } {
  let queuedMicroUsd = 0;
  let settledMicroUsd = 0;
  for (const task of store.tasks.values()) {
    if (!counts(limit, task)) continue;
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
