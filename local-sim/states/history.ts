/** Events of an execution: how they are kept, and how GetExecutionHistory tells them. */
import type { JsonObject } from './json.ts';

/** The last event a Standard execution may have is number 25,000. */
export const HISTORY_LIMIT = 25_000;

export interface HistoryEvent {
  id: number;
  /** Previous event of the same branch. */
  prev: number;
  /** Milliseconds since the epoch. */
  ms: number;
  type: string;
  details?: JsonObject;
}

export interface NewEvent {
  readonly type: string;
  readonly details?: JsonObject;
}

const ENDS = new Set(['ExecutionSucceeded', 'ExecutionFailed', 'ExecutionAborted', 'ExecutionTimedOut']);
export const endsExecution = (type: string): boolean => ENDS.has(type);

function detailsKey(type: string): string {
  if (type.endsWith('StateEntered')) return 'stateEnteredEventDetails';
  if (type.endsWith('StateExited')) return 'stateExitedEventDetails';
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}

/** What `includeExecutionData: false` leaves out; everything else stays, the parameters of a task included. */
const DATA_FIELDS = ['input', 'output', 'inputDetails', 'outputDetails'];
const WITH_DATA_DETAILS: Readonly<Record<string, string>> = { input: 'inputDetails', output: 'outputDetails' };

/** An event as the API shows it. */
export function describeEvent(event: HistoryEvent, includeExecutionData: boolean): Record<string, unknown> {
  const told: Record<string, unknown> = {
    timestamp: new Date(event.ms),
    type: event.type,
    id: event.id,
    previousEventId: event.prev,
  };
  if (event.details === undefined) return told;
  const details: Record<string, unknown> = { ...event.details };
  for (const [field, key] of Object.entries(WITH_DATA_DETAILS)) if (field in details) details[key] = { truncated: false };
  if ('assignedVariables' in details) details['assignedVariablesDetails'] = { truncated: false };
  if (!includeExecutionData) for (const field of DATA_FIELDS) delete details[field];
  told[detailsKey(event.type)] = details;
  return told;
}
