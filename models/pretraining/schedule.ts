/** How long a run is, and how its learning rate goes up and down. */

export interface ScheduleSettings {
  readonly peak: number;
  /** Steps in which the rate rises from 0 to the peak. */
  readonly warmUpSteps: number;
  /** Steps of the whole training; the last one has the lowest rate. */
  readonly totalSteps: number;
  /** Lowest rate as a share of the peak; default 0.05. */
  readonly floor?: number;
}

/**
 * Linear warm-up, then half a cosine: the learning rate of a step, counted from 1. In the warm-up it does not depend on `totalSteps`.
 * source  Loshchilov and Hutter 2017, arXiv:1608.03983, equation 5, without restarts
 */
export function learningRateAt(step: number, { peak, warmUpSteps, totalSteps, floor = 0.05 }: ScheduleSettings): number {
  if (step <= warmUpSteps) return (peak * step) / warmUpSteps;
  const done = Math.min(1, (step - warmUpSteps) / Math.max(1, totalSteps - warmUpSteps));
  return peak * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * done)));
}

/** Share of the remaining time that is planned for steps; validations and checkpoints take the rest, or a slower hour. */
const PLANNED_SHARE = 0.95;

/** Steps that the remaining time allows at the measured time a step. */
export function stepsWithin(remainingMs: number, msPerStep: number): number {
  return Math.max(0, Math.floor((PLANNED_SHARE * remainingMs) / msPerStep));
}
