/**
 * Asynchronous invocations (`InvocationType: Event`): on the disk before they are acknowledged, tried up to three times with the pauses of
 * AWS (one minute, then two), then kept as dead letters. A process that died takes them up again.
 */
import { join } from 'node:path';
import { openJournal } from '../journal.ts';
import { type Outbox, openOutbox } from '../outbox.ts';
import type { CloudContext } from '../service.ts';
import type { FunctionFailure, Invocation } from './function.ts';

export interface AsyncInvocation {
  functionName: string;
  requestId: string;
  payload: string;
  attempts: number;
}

export interface DeadLetter extends AsyncInvocation {
  failedMs: number;
  failure: FunctionFailure;
}

export interface AsyncQueue {
  accept(invocation: Omit<AsyncInvocation, 'attempts'>): Promise<void>;
  readonly open: number;
  deadLetters(): readonly DeadLetter[];
  stop(): Promise<void>;
}

const PAUSES_MS = [60_000, 120_000];

export async function openAsyncQueue(
  context: CloudContext,
  run: (functionName: string, requestId: string, payload: string) => Promise<Invocation>,
  onDeadLetters: (count: number) => void = () => {},
): Promise<AsyncQueue> {
  const outbox: Outbox<AsyncInvocation> = await openOutbox<AsyncInvocation>(
    join(context.stateDir, 'lambda', 'asynchronous.jsonl'),
    context.fsync,
  );
  const letters = openJournal<DeadLetter>(join(context.stateDir, 'lambda', 'dead-letters.jsonl'));
  const dead: DeadLetter[] = [...letters.recovered];
  let stopped = false;
  onDeadLetters(dead.length);

  const attempt = async (invocation: AsyncInvocation): Promise<void> => {
    let failure: FunctionFailure;
    try {
      const done = await run(invocation.functionName, invocation.requestId, invocation.payload);
      if (stopped) return;
      if (!done.failure) return outbox.done(invocation.requestId);
      failure = done.failure;
    } catch (error) {
      if (stopped) return;
      failure = { errorType: error instanceof Error ? error.name : 'Error', errorMessage: String(error) };
    }
    const attempts = invocation.attempts + 1;
    const pauseMs = PAUSES_MS[attempts - 1];
    if (pauseMs === undefined) {
      const letter = { ...invocation, attempts, failedMs: context.clock.now(), failure };
      letters.append(letter, true);
      dead.push(letter);
      onDeadLetters(dead.length);
      context.log('warn', 'asynchronous invocation given up', {
        functionName: invocation.functionName,
        errorType: failure.errorType,
      });
      return outbox.done(invocation.requestId);
    }
    const next = { ...invocation, attempts };
    await outbox.add(invocation.requestId, next);
    context.clock.at(context.clock.now() + pauseMs, () => {
      if (!stopped) void attempt(next);
    });
  };

  for (const invocation of outbox.open.values()) setImmediate(() => void attempt(invocation));
  return {
    async accept(invocation) {
      const first = { ...invocation, attempts: 0 };
      const busy = context.clock.busy();
      await outbox.add(invocation.requestId, first);
      void attempt(first).finally(busy);
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
