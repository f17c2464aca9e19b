/**
 * Delivery, at least once: every (event, rule, target) is on the disk before PutEvents is answered, is tried until the target accepts it,
 * and otherwise ends among the dead letters. Nothing is delivered in any promised order, as in the cloud.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Journal, openJournal } from '../journal.ts';
import { type Outbox, openOutbox } from '../outbox.ts';
import { type CloudContext, ServiceError } from '../service.ts';
import type { Target } from './rules.ts';

export interface Delivery {
  /** The event's id and the target: the same for every attempt. */
  id: string;
  ruleName: string;
  target: Pick<Target, 'Id' | 'Arn' | 'RetryPolicy' | 'DeadLetterConfig'>;
  eventId: string;
  /** JSON text for the target. */
  input: string;
  acceptedMs: number;
  attempts: number;
}

export interface DeadLetter extends Delivery {
  deadMs: number;
  errorCode: string;
  errorMessage: string;
  /** The queue the target names, when it names one. */
  deadLetterArn?: string;
}

/** What should befall a delivery, for tests: how many copies reach the target (0: lost), and how late. */
export type DeliveryFault = (delivery: Readonly<Delivery>) => { copies?: number; delayMs?: number } | undefined;

export interface Deliveries {
  /** Resolves once the deliveries are on the disk; they go out from `resume` on. */
  accept(deliveries: readonly Delivery[]): Promise<void>;
  /** Sends out what is open. Called when every target's service has taken up its own work. */
  resume(): void;
  readonly open: number;
  deadLetters(): readonly DeadLetter[];
  stop(): Promise<void>;
}

const DEFAULT_ATTEMPTS = 185;
const DEFAULT_AGE_SECONDS = 86_400;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15 * 60_000;
/** Errors that no repetition mends, so AWS sends the event straight to the dead letters. */
const FINAL_ERRORS = new Set([
  'ResourceNotFoundException',
  'StateMachineDoesNotExist',
  'AccessDeniedException',
  'InvalidExecutionInput',
  'InvalidRequestContentException',
  'RequestTooLargeException',
]);

export async function openDeliveries(
  context: CloudContext,
  fault: DeliveryFault | undefined,
  onDeadLetters: (count: number) => void = () => {},
): Promise<Deliveries> {
  const folder = join(context.stateDir, 'events');
  const outbox: Outbox<Delivery> = await openOutbox<Delivery>(join(folder, 'deliveries.jsonl'), context.fsync);
  const letters: Journal<DeadLetter> = openJournal<DeadLetter>(join(folder, 'dead-letters.jsonl'));
  const dead: DeadLetter[] = [...letters.recovered];
  let stopped = false;
  onDeadLetters(dead.length);

  const hand = async (delivery: Delivery): Promise<void> => {
    const { Arn } = delivery.target;
    const service = Arn.split(':')[2];
    if (service === 'lambda') {
      await context.peer('lambda').call('Invoke', { FunctionName: Arn, InvocationType: 'Event', Payload: delivery.input });
      return;
    }
    // The name is the delivery's: a repeated delivery starts nothing twice.
    const name = `${delivery.eventId}_${createHash('sha256').update(delivery.id).digest('hex').slice(0, 16)}`;
    try {
      await context.peer('states').call('StartExecution', { stateMachineArn: Arn, name, input: delivery.input });
    } catch (error) {
      if (!(error instanceof ServiceError && error.code === 'ExecutionAlreadyExists')) throw error;
    }
  };

  const bury = (delivery: Delivery, code: string, message: string) => {
    const arn = delivery.target.DeadLetterConfig?.Arn;
    const letter: DeadLetter = {
      ...delivery,
      deadMs: context.clock.now(),
      errorCode: code,
      errorMessage: message,
      ...(arn === undefined ? {} : { deadLetterArn: arn }),
    };
    letters.append(letter, true);
    dead.push(letter);
    onDeadLetters(dead.length);
    context.log('warn', 'event given up', { rule: delivery.ruleName, target: delivery.target.Arn, errorCode: code });
    outbox.done(delivery.id);
  };

  const attempt = async (delivery: Delivery): Promise<void> => {
    const busy = context.clock.busy();
    try {
      await hand(delivery);
      if (!stopped) outbox.done(delivery.id);
    } catch (error) {
      if (stopped) return;
      const code = error instanceof ServiceError ? error.code : 'InternalFailure';
      const message = error instanceof Error ? error.message : String(error);
      const attempts = delivery.attempts + 1;
      const policy = delivery.target.RetryPolicy ?? {};
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(20, attempts - 1));
      const nextMs = context.clock.now() + pauseMs;
      const tooOld = nextMs - delivery.acceptedMs > (policy.MaximumEventAgeInSeconds ?? DEFAULT_AGE_SECONDS) * 1000;
      if (FINAL_ERRORS.has(code) || attempts > (policy.MaximumRetryAttempts ?? DEFAULT_ATTEMPTS) || tooOld)
        return bury({ ...delivery, attempts }, code, message);
      const next = { ...delivery, attempts };
      await outbox.add(delivery.id, next);
      context.clock.at(nextMs, () => {
        if (!stopped) void attempt(next);
      });
    } finally {
      busy();
    }
  };

  const dispatch = (delivery: Delivery) => {
    const { copies = 1, delayMs = 0 } = fault?.(delivery) ?? {};
    if (copies === 0) return outbox.done(delivery.id);
    for (let i = 0; i < copies; i++) {
      if (delayMs === 0) void attempt(delivery);
      else {
        context.clock.at(context.clock.now() + delayMs, () => {
          if (!stopped) void attempt(delivery);
        });
      }
    }
  };

  let resumed = false;
  return {
    resume() {
      resumed = true;
      for (const delivery of [...outbox.open.values()]) dispatch(delivery);
    },
    async accept(deliveries) {
      if (deliveries.length === 0) return;
      const busy = context.clock.busy();
      await outbox.addAll(deliveries.map((delivery) => [delivery.id, delivery]));
      if (resumed) for (const delivery of deliveries) dispatch(delivery);
      busy();
    },
    get open() {
      return outbox.open.size;
    },
    deadLetters: () => dead,
    async stop() {
      stopped = true;
      letters.close();
      await outbox.close();
    },
  };
}
