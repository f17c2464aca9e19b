/** Execution windows: when a device takes tasks from its queue. A task that is created outside waits, QUEUED, for the next one. */

/** As in the schema braket.device_schema.DeviceExecutionWindow; hours are UTC, 'HH:MM' or 'HH:MM:SS', the end belongs to the window. */
export interface ExecutionWindow {
  executionDay: ExecutionDay;
  windowStartHour: string;
  windowEndHour: string;
}

export const EXECUTION_DAYS = [
  'Everyday',
  'Weekdays',
  'Weekend',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
] as const;
export type ExecutionDay = (typeof EXECUTION_DAYS)[number];

export const ALWAYS: readonly ExecutionWindow[] = [
  { executionDay: 'Everyday', windowStartHour: '00:00:00', windowEndHour: '23:59:59' },
];

const DAY_MS = 86_400_000;
/** By Date's count, Sunday first. */
const WEEKDAY_NAMES: readonly ExecutionDay[] = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** The time from which the device works, at or after `atMs`; undefined where it has no window at all. */
export function nextOpening(windows: readonly ExecutionWindow[], atMs: number): number | undefined {
  let earliest: number | undefined;
  const today = Math.floor(atMs / DAY_MS);
  // The window of yesterday may reach into today; a weekly one comes at the latest in seven days.
  for (let day = today - 1; day <= today + 7; day++) {
    for (const { executionDay, windowStartHour, windowEndHour } of windows) {
      if (!isOn(executionDay, new Date(day * DAY_MS).getUTCDay())) continue;
      const startMs = day * DAY_MS + ofDay(windowStartHour);
      const end = ofDay(windowEndHour) + 1_000;
      const endMs = day * DAY_MS + (ofDay(windowEndHour) < ofDay(windowStartHour) ? end + DAY_MS : end);
      if (endMs <= atMs) continue;
      const openMs = Math.max(startMs, atMs);
      if (earliest === undefined || openMs < earliest) earliest = openMs;
    }
  }
  return earliest;
}

function isOn(day: ExecutionDay, weekday: number): boolean {
  if (day === 'Everyday') return true;
  const isWeekend = weekday === 0 || weekday === 6;
  if (day === 'Weekdays') return !isWeekend;
  if (day === 'Weekend') return isWeekend;
  return WEEKDAY_NAMES[weekday] === day;
}

function ofDay(hour: string): number {
  const match = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(hour);
  if (!match) throw new Error(`an hour HH:MM or HH:MM:SS of an execution window wanted, '${hour}' found`);
  return ((Number(match[1]) * 60 + Number(match[2])) * 60 + Number(match[3] ?? 0)) * 1_000;
}
