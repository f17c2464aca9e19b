/** The Parallel state. */
import type { ParallelState } from './definition.ts';
import { StatesError } from './errors.ts';
import type { Json } from './json.ts';
import { runPool } from './pool.ts';
import type { Visit } from './visit.ts';

/** The outputs of all branches, in their order; the first error ends the others. */
export async function runParallel(visit: Visit, state: ParallelState): Promise<Json> {
  const { execution, frame, key } = visit;
  if (!visit.progress.started) {
    const given = state.arguments ? { arguments: await visit.evaluate(state.arguments, 'Arguments') } : {};
    visit.commit([{ type: 'ParallelStateStarted' }], { ...visit.progress, started: true, ...given });
  }
  const input = visit.progress.arguments ?? visit.input;
  const scope = frame.scope.child();
  const branches = state.branches.map((branch, i) => execution.frame(`${key}.${i}`, branch, frame, scope));
  try {
    const outputs = await visit.idle(
      runPool(branches.length, branches.length, scope, (i) =>
        execution.runFrame(
          branches[i]!,
          () => Promise.resolve(input),
          [],
          () => [],
        ),
      ),
    );
    frame.lastEventId = Math.max(frame.lastEventId, ...branches.map(({ lastEventId }) => lastEventId));
    visit.limit(JSON.stringify(outputs));
    if (!visit.progress.settled) visit.commit([{ type: 'ParallelStateSucceeded' }], { ...visit.progress, settled: true });
    return outputs;
  } catch (error) {
    if (error instanceof StatesError) visit.commit([{ type: 'ParallelStateFailed' }]);
    throw error;
  } finally {
    scope.close();
  }
}
