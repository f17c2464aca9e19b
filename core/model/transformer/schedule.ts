/** How the learning rate goes up and down. */

export interface ScheduleSettings {
  /** Highest learning rate. */
  readonly peak: number;
  /** Steps in which it rises from 0 to the peak. */
  readonly warmUpSteps: number;
  /** Steps of the whole training; the last one has the lowest rate. */
  readonly totalSteps: number;
  /** Lowest rate as a share of the peak; default 0.05. */
  readonly floor?: number;
}

/**
 * Linear warm-up, then half a cosine: the learning rate of a step, counted from 1.
 * source  Loshchilov and Hutter 2017, arXiv:1608.03983, equation 5, without restarts
 */
export function learningRateAt(step: number, { peak, warmUpSteps, totalSteps, floor = 0.05 }: ScheduleSettings): number {
  if (step <= warmUpSteps) return (peak * step) / warmUpSteps;
  const done = Math.min(1, (step - warmUpSteps) / Math.max(1, totalSteps - warmUpSteps));
  return peak * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * done)));
}
