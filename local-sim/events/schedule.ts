/** Scheduled rules: `rate(n unit)`. A schedule holds no state: after a restart it counts from the start. */
import type { Clock, Timer } from '../clock.ts';
import { ServiceError } from '../service.ts';

const UNIT_MS: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** The period in milliseconds. Throws ValidationException; cron expressions are refused by name. */
export function parseSchedule(expression: string): number {
  const match = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(expression);
  const count = Number(match?.[1] ?? 0);
  if (!match || count < 1 || (count === 1) !== (match[3] === '')) {
    const why = expression.startsWith('cron(')
      ? 'the local event bus runs rate(…) schedules only'
      : 'wanted rate(1 minute), rate(n minutes), hours or days';
    throw new ServiceError('ValidationException', `Parameter ScheduleExpression is not valid: ${why}, found ${expression}.`, 400);
  }
  return count * UNIT_MS[match[2]!]!;
}

export interface Schedules {
  /** Sets the timers anew for these rules. */
  arm(rules: readonly { name: string; scheduleExpression: string }[]): void;
  stop(): void;
}

export function createSchedules(clock: Clock, fire: (ruleName: string) => void): Schedules {
  const armed = new Map<string, { expression: string; timer: Timer }>();
  const next = (name: string, expression: string) => {
    const timer = clock.at(clock.now() + parseSchedule(expression), () => {
      next(name, expression);
      fire(name);
    });
    armed.set(name, { expression, timer });
  };
  return {
    arm(rules) {
      const wanted = new Map(rules.map((rule) => [rule.name, rule.scheduleExpression]));
      for (const [name, { expression, timer }] of [...armed]) {
        if (wanted.get(name) === expression) continue;
        timer.cancel();
        armed.delete(name);
      }
      for (const [name, expression] of wanted) if (!armed.has(name)) next(name, expression);
    },
    stop() {
      for (const { timer } of armed.values()) timer.cancel();
      armed.clear();
    },
  };
}
