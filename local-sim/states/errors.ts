/** What may go wrong inside a running machine, by the names that Retry and Catch see. */

/** An error of a state: `error` is the name that is told and that ErrorEquals matches, `cause` the text beside it. */
export class StatesError extends Error {
  readonly error: string;
  readonly reason: string | undefined;
  /** A second name that ErrorEquals matches. */
  readonly alias: string | undefined;
  constructor(error: string, cause?: string, alias?: string) {
    super(cause === undefined ? error : `${error}: ${cause}`);
    this.error = error;
    this.reason = cause;
    this.alias = alias;
  }
}

const ERROR_LIMIT = 256;
const CAUSE_LIMIT = 32_768;

/** The same error within the lengths the API allows: a Lambda's stack trace may be longer than any state's output. */
export function clipped({ error, reason, alias }: StatesError): StatesError {
  return new StatesError(error.slice(0, ERROR_LIMIT), reason?.slice(0, CAUSE_LIMIT), alias);
}

/** A heartbeat that did not come: AWS tells it as States.Timeout and lets both names catch it. */
export const HEARTBEAT_TIMEOUT = 'States.HeartbeatTimeout';

/** The execution's history is full: ends the execution whatever its states would catch. */
export class HistoryFull extends StatesError {
  constructor(limit: number) {
    super('States.Runtime', `The execution reached the maximum number of history events (${limit}).`);
  }
}

/** A running branch was told to stop; `why` says whether it leaves a trace in the history. */
export class Aborted extends Error {
  readonly why: 'sibling' | 'stopped' | 'timed-out' | 'suspended';
  constructor(why: Aborted['why']) {
    super(`aborted: ${why}`);
    this.why = why;
  }
}

/**
 * Whether a list of ErrorEquals takes an error. `States.ALL` takes everything but `States.Runtime`; `States.TaskFailed`
 * takes everything but `States.Timeout` and `States.Runtime`. That `States.ALL` takes `States.DataLimitExceeded`, and that a
 * missed heartbeat is told as `States.Timeout`, was recorded on AWS (test/golden/states/recorded.json).
 */
export function matchesError(errorEquals: readonly string[], { error, alias }: Pick<StatesError, 'error' | 'alias'>): boolean {
  if (error === 'States.Runtime') return false;
  return errorEquals.some(
    (name) =>
      name === error || name === alias || name === 'States.ALL' || (name === 'States.TaskFailed' && error !== 'States.Timeout'),
  );
}
