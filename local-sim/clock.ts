/**
 * Time for the local cloud. The real clock is the machine's; the virtual one, for tests, stands still while anything
 * is busy and jumps to the next timer when nothing is, so that waits of hours take no time and happen in order.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `fire` once, at or after `atMs`. */
  at(atMs: number, fire: () => void): Timer;
  /** Marks work in progress; a virtual clock does not advance until every returned function was called. Idempotent. */
  busy(): () => void;
}

export interface Timer {
  cancel(): void;
}

/** Resolves after `durationMs` of clock time, or rejects with the signal's reason. */
export function sleep(clock: Clock, durationMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.at(clock.now() + durationMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export function realClock(): Clock {
  return {
    now: () => Date.now(),
    at(atMs, fire) {
      let handle: NodeJS.Timeout;
      const arm = () => {
        const leftMs = atMs - Date.now();
        handle = leftMs > LONGEST_TIMEOUT_MS ? setTimeout(arm, LONGEST_TIMEOUT_MS) : setTimeout(fire, Math.max(0, leftMs));
      };
      arm();
      return { cancel: () => clearTimeout(handle) };
    },
    busy: () => () => {},
  };
}

interface Pending {
  atMs: number;
  order: number;
  fire: () => void;
}

/** A clock that starts at `startMs` and advances only while nothing is busy. */
export function virtualClock(startMs = Date.UTC(2026, 0, 1)): Clock & { pending(): number } {
  let nowMs = startMs;
  let order = 0;
  let busyCount = 0;
  let scheduled = false;
  const timers: Pending[] = [];

  // Two turns of the event loop, so that promises and I/O callbacks just started can call busy() first.
  const consider = () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() =>
      setImmediate(() => {
        scheduled = false;
        if (busyCount > 0 || timers.length === 0) return;
        const next = timers.reduce((a, b) => (b.atMs < a.atMs || (b.atMs === a.atMs && b.order < a.order) ? b : a));
        timers.splice(timers.indexOf(next), 1);
        nowMs = Math.max(nowMs, next.atMs);
        next.fire();
        consider();
      }),
    );
  };

  return {
    now: () => nowMs,
    pending: () => timers.length,
    at(atMs, fire) {
      const pending = { atMs, order: order++, fire };
      timers.push(pending);
      consider();
      return {
        cancel() {
          const index = timers.indexOf(pending);
          if (index >= 0) timers.splice(index, 1);
        },
      };
    },
    busy() {
      busyCount++;
      let open = true;
      return () => {
        if (!open) return;
        open = false;
        busyCount--;
        consider();
      };
    },
  };
}
