/** Times of a call: wall clock and CPU of this process, medians of rounds. CPU time is the one to trust where others use the machine. */

export interface Times {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Mean over `calls` in a row. */
export function timeCalls(call: () => unknown, calls: number): Times {
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < calls; i++) call();
  const wallMs = (performance.now() - start) / calls;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000 / calls };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** So many calls that a round lasts at least 20 ms: clocks are coarse, and CPU time is counted in steps. */
export const callsFor = (firstMs: number, roundMs = 20) =>
  Math.max(1, Math.min(10_000, Math.ceil(roundMs / Math.max(firstMs, 1e-4))));

/** Calls until another 50 ms of them are no faster: compilers settle in steps, and a state of a few amplitudes is quick long before they have. */
function warmUp(call: () => unknown, firstMs: number): number {
  let best = firstMs;
  let idle = 0;
  for (let round = 0; round < 20 && idle < (best > 20 ? 1 : 4); round++) {
    const { wallMs } = timeCalls(call, callsFor(best, 50));
    idle = wallMs < 0.97 * best ? 0 : idle + 1;
    best = Math.min(best, wallMs);
  }
  return best;
}

/** Medians after a first call and, for what is short, enough calls that the compiler has settled. */
export function measure(call: () => unknown, budgetMs: number): Times {
  const once = timeCalls(call, 1);
  const first = once.wallMs;
  // Far over the budget a first call is as good as a second.
  if (first > 10 * budgetMs) return once;
  if (first > budgetMs) return timeCalls(call, 1);
  const warm = warmUp(call, first);
  const calls = callsFor(warm);
  const rounds = Math.max(3, Math.min(9, Math.floor(budgetMs / (warm * calls))));
  const times = Array.from({ length: rounds }, () => timeCalls(call, calls));
  return { wallMs: median(times.map(({ wallMs }) => wallMs)), cpuMs: median(times.map(({ cpuMs }) => cpuMs)) };
}
