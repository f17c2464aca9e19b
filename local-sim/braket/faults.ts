/** Faults on purpose. Each is drawn from the seed, so that a restart repeats the same misfortune. */
import { seeded } from '@qefm/quantum';
import type { TaskStatus } from './task-store.ts';

/** A share of the events between 0 and 1, or every event of the statuses named. */
export type EventFault = number | readonly TaskStatus[];

/** Read anew at each use: a test may change the object while the service runs. */
export interface BraketFaults {
  /** Never delivered. */
  dropEvents?: EventFault;
  /** Delivered twice, with the same event id. */
  duplicateEvents?: EventFault;
  /** Delivered `lateMs` after the change, so that later events overtake them. */
  lateEvents?: EventFault;
  lateMs?: number;
  /** Share of tasks that fail once they run. */
  failTasks?: number;
  failureReason?: string;
  /** Share of the executables of program sets that fail, while their task completes. */
  failExecutables?: number;
  /** Share of all requests answered with ThrottlingException, 429. */
  throttleRequests?: number;
  /** Share of CreateQuantumTask answered with ServiceQuotaExceededException, 402. */
  exceedQuota?: number;
}

export function eventIsHit(
  fault: EventFault | undefined,
  status: TaskStatus,
  seed: number,
  ...labels: (string | number)[]
): boolean {
  if (fault === undefined) return false;
  if (typeof fault !== 'number') return fault.includes(status);
  return isHit(fault, seed, ...labels, status);
}

export function isHit(share: number | undefined, seed: number, ...labels: (string | number)[]): boolean {
  return share !== undefined && share > 0 && seeded(seed, ...labels).uniform() < share;
}
