/** Faults on purpose. Each is drawn from the seed, so that a restart repeats the same misfortune. */
import { seeded } from '@qefm/quantum';
import type { MemberReader } from '../members.ts';
import { TASK_STATUSES, type TaskStatus } from './task-store.ts';

/** A share of the events between 0 and 1, or every event of the statuses named. */
export type EventFault = number | readonly TaskStatus[];

/** Read anew at each use: a test, or the control endpoint, may change the object while the service runs. */
export interface BraketFaults {
  /** Never delivered. */
  dropEvents?: EventFault;
  /** Delivered twice, with the same event id. */
  duplicateEvents?: EventFault;
  /** Delivered `lateMs` after the change, so that later events overtake them. */
  lateEvents?: EventFault;
  lateMs?: number;
  /** Delivered after the event of the task's next status; the last of a task has none and is in time. */
  reorderEvents?: EventFault;
  /** Share of tasks that fail once they run. */
  failTasks?: number;
  failureReason?: string;
  /** Share of the executables of program sets that fail, while their task completes. */
  failExecutables?: number;
  /** Share of all requests answered with ThrottlingException, 429. */
  throttleRequests?: number;
  /** Share of CreateQuantumTask answered with ServiceQuotaExceededException, 402. */
  exceedQuota?: number;
  /** Share of tasks during which their device goes offline, for `offlineMs` of clock time; the task fails. */
  offlineDuringTasks?: number;
  offlineMs?: number;
  /** Share of tasks during which their device is retired for good; the task fails, and so do those that wait. */
  retireDuringTasks?: number;
  /** Share of the objects of results that take `slowWriteMs` to be stored. */
  slowWrites?: number;
  slowWriteMs?: number;
}

const EVENT_FAULTS = ['dropEvents', 'duplicateEvents', 'lateEvents', 'reorderEvents'] as const;
const SHARES = [
  'failTasks',
  'failExecutables',
  'throttleRequests',
  'exceedQuota',
  'offlineDuringTasks',
  'retireDuringTasks',
  'slowWrites',
] as const;
const DURATIONS = ['lateMs', 'offlineMs', 'slowWriteMs'] as const;

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

/** Faults from a request or a file; anything that is none is refused with its name. */
export function readFaults(reader: MemberReader): BraketFaults {
  const known = [...EVENT_FAULTS, ...SHARES, ...DURATIONS, 'failureReason'];
  const faults: BraketFaults = {};
  for (const [name, value] of Object.entries(reader.raw)) {
    if (!known.includes(name)) throw reader.refuse(`a fault of ${known.join(', ')} wanted, '${name}' found`);
    const found = JSON.stringify(value);
    const isShare = typeof value === 'number' && value >= 0 && value <= 1;
    if (EVENT_FAULTS.some((one) => one === name)) {
      const isList = Array.isArray(value) && value.every((status) => TASK_STATUSES.includes(status));
      if (!isShare && !isList)
        throw reader.refuse(`'${name}': a share from 0 to 1 or a list of ${TASK_STATUSES.join(', ')} wanted, ${found} found`);
    } else if (SHARES.some((one) => one === name)) {
      if (!isShare) throw reader.refuse(`'${name}': a share from 0 to 1 wanted, ${found} found`);
    } else if (DURATIONS.some((one) => one === name)) {
      if (typeof value !== 'number' || !(value >= 0)) throw reader.refuse(`'${name}': milliseconds wanted, ${found} found`);
    } else if (typeof value !== 'string') throw reader.refuse(`'${name}': a string wanted, ${found} found`);
    Object.assign(faults, { [name]: value });
  }
  return faults;
}

/** Puts other faults in the place of those in force, in the object that everybody reads. */
export function replaceFaults(faults: BraketFaults, by: BraketFaults): void {
  for (const name of Object.keys(faults) as (keyof BraketFaults)[]) delete faults[name];
  Object.assign(faults, by);
}
