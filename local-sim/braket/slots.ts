/** A number of places, given in the order in which they were asked for. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  /** Resolves with a place, or rejects with the signal's reason; who has one gives it back with `release`. */
  async acquire(cancelled: AbortSignal): Promise<void> {
    cancelled.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(cancelled.reason);
      };
      const entry = () => {
        cancelled.removeEventListener('abort', onAbort);
        resolve();
      };
      this.#waiting.push(entry);
      cancelled.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Hands the place to the one who waited longest, so it is never free in between. */
  release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}
