/** What a Batch job cost, from how long it ran. */
import { type PriceTable, priceTable, serviceRate } from './price-table.ts';

/** Whole micro-dollars, rounded up, for so many seconds of a job with these processors and this memory. */
export function jobPriceMicroUsd(seconds: number, vcpus: number, memoryGb: number, prices: PriceTable = priceTable): number {
  const hours = seconds / 3600;
  const rate =
    vcpus * serviceRate('batch-vcpu-hour', prices).rateMicroUsd + memoryGb * serviceRate('batch-gb-hour', prices).rateMicroUsd;
  return Math.ceil(hours * rate - 1e-6);
}
