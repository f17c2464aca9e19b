/**
 * Every error name that a state machine may catch. A step throws one of these, or it has met a bug.
 * `retryable` says whether the same call may succeed later.
 */
export abstract class QefmError extends Error {
  abstract readonly retryable: boolean;
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

abstract class Permanent extends QefmError {
  readonly retryable = false;
}
abstract class Transient extends QefmError {
  readonly retryable = true;
}

/** campaign.json or one of its files is missing or wrong; the message carries the path. */
export class InvalidCampaign extends Permanent {}
export class InvalidLibrary extends Permanent {}
export class InvalidAssay extends Permanent {}
export class InvalidRequest extends Permanent {}
export class UnknownCampaign extends Permanent {}
export class MissingStructure extends Permanent {}
export class NoValidCompound extends Permanent {}
export class TooFewLabels extends Permanent {}

export class DeviceUnknown extends Permanent {}
export class DeviceRetired extends Permanent {}
export class DeviceOffline extends Transient {}
export class DeviceBusy extends Transient {}
/** A paid device whose price is not in the dated table is refused. */
export class RateUnknown extends Permanent {}
export class QuantumTaskFailed extends Permanent {}
export class QuantumTaskCancelled extends Permanent {}
/** A token stayed open but its tasks can no longer be found. */
export class QuantumTaskLost extends Permanent {}

export class BudgetExceeded extends Permanent {}
export class BudgetBelowPlan extends Permanent {}
/** Another writer changed the ledger between reading and writing, many times in a row. */
export class LedgerConflict extends Transient {}

export class ArtifactMissing extends Permanent {}
export class ArtifactInvalid extends Permanent {}
export class RunNotFound extends Permanent {}

export const errorClasses = {
  InvalidCampaign,
  InvalidLibrary,
  InvalidAssay,
  InvalidRequest,
  UnknownCampaign,
  MissingStructure,
  NoValidCompound,
  TooFewLabels,
  DeviceUnknown,
  DeviceRetired,
  DeviceOffline,
  DeviceBusy,
  RateUnknown,
  QuantumTaskFailed,
  QuantumTaskCancelled,
  QuantumTaskLost,
  BudgetExceeded,
  BudgetBelowPlan,
  LedgerConflict,
  ArtifactMissing,
  ArtifactInvalid,
  RunNotFound,
} as const;

export type ErrorName = keyof typeof errorClasses;
