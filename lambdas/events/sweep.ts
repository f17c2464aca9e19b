import { z } from 'zod';
import { OpenToken } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import type { ArtifactStore } from '../shared/artifacts.ts';
import { mapLimited } from '../shared/concurrency.ts';
import { event } from '../shared/event.ts';
import { askTask, beatToken, closeToken, concludeIfOver, failToken, markTask } from '../shared/tasks.ts';

const TASKS_AT_ONCE = 8;

/** Asks after every task of a token that left no marker yet: ended ones are marked, living ones keep the wait alive. */
async function sweepToken(artifacts: ArtifactStore, token: OpenToken, nowMs: number): Promise<'answered' | 'alive' | 'closed'> {
  const done = new Set(await artifacts.list(place.taskDonePrefix(token.runId, token.key)));
  const open = token.taskArns
    .map((arn, index) => ({ arn, index }))
    .filter(({ index }) => !done.has(place.taskDone(token.runId, token.key, index)));
  let lost: string | null = null;
  await mapLimited(open, TASKS_AT_ONCE, async ({ arn, index }) => {
    const answer = await askTask(arn);
    if (answer === 'lost') lost = arn;
    else if (answer.status === 'COMPLETED' || answer.status === 'FAILED' || answer.status === 'CANCELLED') {
      await markTask(artifacts, token.runId, token.key, index, { arn, status: answer.status, reason: answer.reason });
    }
  });
  if (lost !== null) {
    await failToken(token, 'QuantumTaskLost', `Braket does not know ${lost} any more`);
    await closeToken(artifacts, token);
    return 'answered';
  }
  if (await concludeIfOver(artifacts, token)) return 'answered';
  const awaited = await beatToken(token);
  if (awaited && nowMs < Date.parse(token.deadline)) return 'alive';
  await closeToken(artifacts, token);
  return 'closed';
}

/** The slow net under the events: beats for every living token, closes those that nobody awaits, catches lost events. */
export const handler = event('Sweep', z.looseObject({}), async (_event, { artifacts, telemetry, nowMs }) => {
  let oldestMs = 0;
  for (const key of await artifacts.list(place.openTokens())) {
    const token = await artifacts.find(key, OpenToken);
    if (token === null) continue;
    oldestMs = Math.max(oldestMs, nowMs() - Date.parse(token.createdAt));
    const result = await sweepToken(artifacts, token, nowMs());
    telemetry.info('swept a token', { runId: token.runId, result });
  }
  telemetry.gauge('OldestOpenTokenMinutes', oldestMs / 60_000);
});
