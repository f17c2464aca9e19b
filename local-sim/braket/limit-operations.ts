/** The four operations on spending limits. */
import { uuidFrom } from '../change-events.ts';
import type { MemberReader } from '../members.ts';
import type { Caller, Members, Operation } from '../rest-json.ts';
import { type CloudContext, ServiceError } from '../service.ts';
import type { DeviceBoard } from './device-board.ts';
import { page } from './search.ts';
import {
  decimalFromMicroUsd,
  endlessPeriod,
  limitSpend,
  limitSummary,
  microUsdFromDecimal,
  readTimePeriod,
} from './spending-limits.ts';
import type { SpendingLimit, SpendingLimitTerms, TaskStore } from './task-store.ts';

export interface LimitOperationsOptions {
  context: CloudContext;
  store: TaskStore;
  board: DeviceBoard;
  seed: number;
  operation(act: (reader: MemberReader, caller: Caller) => Members): Operation;
}

export const MAX_TAGS = 50;
/** Of SearchSpendingLimits, where no size is asked for. */
const USUAL_PAGE = 20;

export function limitOperations({ context, store, board, seed, operation }: LimitOperationsOptions): Record<string, Operation> {
  const { clock } = context;
  /** Tokens of updates that were done; the service ignores a repeated one without an error. */
  const updates = new Set<string>();
  const limitOf = (reader: MemberReader): SpendingLimit => {
    const arn = reader.string('spendingLimitArn', { min: 1, max: 256 });
    const limit = store.limits.get(arn);
    if (!limit) throw new ServiceError('ResourceNotFoundException', `Spending limit ${arn} was not found.`, 404);
    return limit;
  };

  return {
    CreateSpendingLimit: operation((reader, caller) => {
      const clientToken = reader.string('clientToken', { min: 1, max: 64 });
      const earlier = [...store.limits.values()].find((limit) => limit.clientToken === clientToken);
      if (earlier) return { spendingLimitArn: earlier.arn };
      const deviceArn = reader.string('deviceArn', { min: 1, max: 256 });
      const device = board.get(deviceArn);
      if (!device) throw reader.refuse(`Device ${deviceArn} is not known.`);
      if (device.type !== 'QPU') throw reader.refuse('Spending limits are for QPUs only.');
      if (device.status === 'RETIRED')
        throw new ServiceError('DeviceRetiredException', `Device ${deviceArn} has been retired.`, 410);
      const nowMs = clock.now();
      const limit: SpendingLimitTerms = {
        arn: `arn:aws:braket:${caller.region}:${context.accountId}:spending-limit/${uuidFrom('spending-limit', seed, clientToken)}`,
        region: caller.region,
        deviceArn,
        limitMicroUsd: microUsdFromDecimal(reader, 'spendingLimit'),
        ...(readTimePeriod(reader, nowMs) ?? endlessPeriod(nowMs)),
        createdAtMs: nowMs,
        updatedAtMs: nowMs,
        clientToken,
        tags: reader.stringMap('tags', MAX_TAGS),
      };
      store.putLimit(limit);
      return { spendingLimitArn: limit.arn };
    }),

    UpdateSpendingLimit: operation((reader) => {
      const { changes: _changes, ...limit } = limitOf(reader);
      const clientToken = reader.string('clientToken', { min: 1, max: 64 });
      if (updates.has(`${limit.arn} ${clientToken}`)) return {};
      const limitMicroUsd = reader.has('spendingLimit') ? microUsdFromDecimal(reader, 'spendingLimit') : limit.limitMicroUsd;
      const period = readTimePeriod(reader, clock.now());
      const { settledMicroUsd, queuedMicroUsd } = limitSpend(store, limitOf(reader));
      if (limitMicroUsd < settledMicroUsd + queuedMicroUsd) {
        throw reader.refuse(
          `'spendingLimit' is below what is spent and queued: ${decimalFromMicroUsd(settledMicroUsd + queuedMicroUsd)} USD`,
        );
      }
      store.putLimit({ ...limit, limitMicroUsd, ...(period ?? {}), updatedAtMs: clock.now() });
      updates.add(`${limit.arn} ${clientToken}`);
      return {};
    }),

    DeleteSpendingLimit: operation((reader) => {
      store.deleteLimit(limitOf(reader).arn);
      return {};
    }),

    SearchSpendingLimits: operation((reader) => {
      const filters = reader.structures('filters', { max: 10 }).map((filter) => ({
        name: filter.oneOf('name', ['deviceArn']),
        operator: filter.oneOf('operator', ['EQUAL']),
        values: filter.strings('values', { min: 1, max: 10 }),
      }));
      const limits = [...store.limits.values()].filter((limit) =>
        filters.every((filter) => filter.values.includes(limit.deviceArn)),
      );
      const { items, nextToken } = page(reader, limits, (limit) => limit.arn, USUAL_PAGE);
      return { spendingLimits: items.map((limit) => limitSummary(store, limit)), ...(nextToken ? { nextToken } : {}) };
    }),
  };
}
