/** Whether a failed attempt is followed by another. */
import type { EvaluateOnExit, Job } from './model.ts';

export interface FailedAttempt {
  exitCode: number;
  reason: string;
  statusReason: string;
}

/** The first condition that fits decides; when none fits, a failed attempt is tried again while attempts are left. */
export function triesAgain(job: Pick<Job, 'attempts' | 'evaluateOnExit' | 'finished'>, failed: FailedAttempt): boolean {
  if (job.finished.length >= job.attempts) return false;
  const decisive = job.evaluateOnExit.find((condition) => fits(condition, failed));
  return decisive === undefined || decisive.action === 'RETRY';
}

function fits(condition: EvaluateOnExit, failed: FailedAttempt): boolean {
  return (
    globFits(condition.onExitCode, String(failed.exitCode)) &&
    globFits(condition.onReason, failed.reason) &&
    globFits(condition.onStatusReason, failed.statusReason)
  );
}

/** The service knows one wildcard: an asterisk at the end. */
function globFits(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}
