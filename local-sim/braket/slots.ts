/** A number of places, given in the order in which they were asked for, to those with priority first. */
export class Slots {
  #free: number;
  readonly #first: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  /** Resolves with a place, or rejects with the signal's reason; who has one gives it back with `release`. */
  async acquire(cancelled: AbortSignal, hasPriority = false): Promise<void> {
    cancelled.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const queue = hasPriority ? this.#first : this.#waiting;
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        queue.splice(queue.indexOf(entry), 1);
        reject(cancelled.reason);
      };
      const entry = () => {
        cancelled.removeEventListener('abort', onAbort);
        resolve();
      };
      queue.push(entry);
      cancelled.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Hands the place to the one who waited longest, so it is never free in between. */
  release(): void {
    const next = this.#first.shift() ?? this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}
