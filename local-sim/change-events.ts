/**
 * Events about changes of state, as AWS services send them: at least once, and in order within one resource unless a plan
 * says otherwise. A change is marked as sent only after the bus took its event, so a killed process sends it again.
 */
import { createHash } from 'node:crypto';
import type { Clock, Timer } from './clock.ts';
import type { CloudContext } from './service.ts';

export interface AwsEvent {
  id: string;
  source: string;
  detailType: string;
  region: string;
  timeMs: number;
  resources: string[];
  detail: Record<string, unknown>;
}

/** One change of a resource; the owner keeps a list of them and journals `sent`. */
export interface Change {
  atMs: number;
  sent: boolean;
}

/**
 * How one event is to travel: how often (0 drops it), and not before a time or not before the event of the next change was sent, by
 * which it leaves its place in the order.
 */
export interface Passage {
  times: number;
  notBeforeMs?: number;
  afterNext?: boolean;
}

export interface ChangeEventsOptions<T extends { changes: readonly Change[] }> {
  clock: Clock;
  /** Name of the resource, unique within the service. */
  key(owner: T): string;
  event(owner: T, index: number): AwsEvent;
  passage?(owner: T, index: number): Passage;
  markSent(owner: T, index: number): void;
  /** Hands one event to the bus; a rejection means "try again". */
  post(event: AwsEvent): Promise<void>;
  warn(message: string, fields: Record<string, unknown>): void;
}

const RETRY_FIRST_MS = 200;
const RETRY_LONGEST_MS = 30_000;

/** A UUID (RFC 9562, version 8) made of a hash: the same for the same words. */
export function uuidFrom(...words: readonly (string | number)[]): string {
  const hex = createHash('sha256').update(JSON.stringify(words)).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-9${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export class ChangeEvents<T extends { changes: readonly Change[] }> {
  readonly #options: ChangeEventsOptions<T>;
  readonly #inOrder = new Map<string, Promise<void>>();
  readonly #timers = new Set<Timer>();
  /** Changes on their way, as `key#index`. */
  readonly #underWay = new Set<string>();
  #stopped = false;

  constructor(options: ChangeEventsOptions<T>) {
    this.#options = options;
  }

  /** Sends what was not sent: call it after each change, and once for every resource after a restart. */
  flush(owner: T): void {
    owner.changes.forEach((change, index) => {
      const name = `${this.#options.key(owner)}#${index}`;
      if (change.sent || this.#underWay.has(name) || this.#stopped || this.#isHeld(owner, index)) return;
      this.#underWay.add(name);
      this.#send(owner, index);
    });
  }

  /** Resolves when nothing is being handed over; what is late or was refused waits in the journal for the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    await Promise.all(this.#inOrder.values());
  }

  #isHeld(owner: T, index: number): boolean {
    return this.#options.passage?.(owner, index).afterNext === true && owner.changes[index + 1]?.sent !== true;
  }

  #send(owner: T, index: number): void {
    const { clock, key, passage } = this.#options;
    const { times, notBeforeMs } = passage?.(owner, index) ?? { times: 1 };
    if (times === 0) {
      this.#sent(owner, index);
      return;
    }
    if (notBeforeMs !== undefined) {
      this.#after(notBeforeMs, () => void this.#deliver(owner, index, times));
      return;
    }
    const release = clock.busy();
    const before = this.#inOrder.get(key(owner)) ?? Promise.resolve();
    const delivery = before.then(() => this.#deliver(owner, index, times)).finally(release);
    this.#inOrder.set(key(owner), delivery);
    void delivery.then(() => {
      if (this.#inOrder.get(key(owner)) === delivery) this.#inOrder.delete(key(owner));
    });
  }

  async #deliver(owner: T, index: number, times: number, pauseMs = RETRY_FIRST_MS): Promise<void> {
    const { clock, event, post, warn, key } = this.#options;
    if (this.#stopped) return;
    const release = clock.busy();
    try {
      for (let count = 0; count < times; count++) await post(event(owner, index));
      if (!this.#stopped) this.#sent(owner, index);
    } catch (error) {
      warn('an event was not taken and will be sent again', { resource: key(owner), change: index, error: String(error) });
      this.#after(clock.now() + pauseMs, () => void this.#deliver(owner, index, times, Math.min(2 * pauseMs, RETRY_LONGEST_MS)));
    } finally {
      release();
    }
  }

  #sent(owner: T, index: number): void {
    this.#options.markSent(owner, index);
    this.#underWay.delete(`${this.#options.key(owner)}#${index}`);
    // One that was held back for this one may go now.
    if (index > 0 && !owner.changes[index - 1]!.sent) this.flush(owner);
  }

  #after(atMs: number, fire: () => void): void {
    if (this.#stopped) return;
    const timer = this.#options.clock.at(atMs, () => {
      this.#timers.delete(timer);
      fire();
    });
    this.#timers.add(timer);
  }
}

/** The way past the front door of PutEvents, which does not let `aws.` sources in. */
export async function postToBus(context: CloudContext, event: AwsEvent): Promise<void> {
  const { FailedEntryCount, Entries } = await context.peer('events').call('PutEvents', {
    Entries: [
      {
        Id: event.id,
        Source: event.source,
        DetailType: event.detailType,
        Detail: JSON.stringify(event.detail),
        Resources: event.resources,
        Time: event.timeMs / 1000,
      },
    ],
  });
  if (FailedEntryCount !== 0) throw new Error(`the event bus refused an event: ${JSON.stringify(Entries)}`);
}
