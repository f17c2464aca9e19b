/** Runs numbered pieces of work side by side, so many at a time; the first failure stops the rest. */
import { Aborted } from './errors.ts';
import type { Scope } from './scope.ts';

/**
 * Results in order of number. `scope` is the one the pieces run in: on a failure it is aborted, the pieces under way are
 * awaited, and the failure that came first is thrown.
 */
export async function runPool<T>(
  count: number,
  concurrency: number,
  scope: Scope,
  work: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = new Array(count);
  let next = 0;
  let failure: { error: unknown } | undefined;
  const worker = async () => {
    while (next < count && !failure && !scope.reason) {
      const index = next++;
      try {
        results[index] = await work(index);
      } catch (error) {
        failure ??= { error };
        scope.abort(new Aborted('sibling'));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, concurrency) }, worker));
  if (failure) throw failure.error;
  scope.throwIfAborted();
  scope.close();
  return results;
}
