/** Words of the command line that become options of a run; each error says what was wanted and what was found. */
import type { z } from 'zod';
import type { RunOptions } from '../core/contracts/artifacts.ts';
import { DynamicsTier } from '../core/contracts/primitives.ts';

type Options = z.infer<typeof RunOptions>;

/** A wrong call: the message is all that is to be said. */
export class UsageError extends Error {}

const tiers = DynamicsTier.options;

export function parseTier(text: string): DynamicsTier {
  const parsed = DynamicsTier.safeParse(text);
  if (!parsed.success) throw new UsageError(`--dynamics: one of ${tiers.join(', ')} was wanted, found ${JSON.stringify(text)}`);
  return parsed.data;
}

/** US dollars as written by people, in whole micro-dollars; an empty text is no 0, because 0 means something. */
export function parseBudgetMicroUsd(text: string): number {
  const micro = /^\d+(\.\d{0,6})?$/.test(text) ? Math.round(Number(text) * 1e6) : Number.NaN;
  if (!Number.isSafeInteger(micro)) {
    throw new UsageError(`--budget: an amount in US dollars such as 2.50 was wanted, found ${JSON.stringify(text)}`);
  }
  return micro;
}

/** Options that differ from what the campaign says; empty when nothing was asked for. */
export function runOptions({ dynamics, budget }: { dynamics?: string | undefined; budget?: string | undefined }): Options {
  return {
    ...(dynamics === undefined ? {} : { dynamicsTier: parseTier(dynamics) }),
    ...(budget === undefined ? {} : { budgetMicroUsd: parseBudgetMicroUsd(budget) }),
  };
}

export type RunOptionsOfCall = Options;
