import { z } from 'zod';
import { Ledger, OpenToken } from '../../core/contracts/artifacts.ts';
import { RunNotFound } from '../../core/contracts/errors.ts';
import { place } from '../../core/contracts/places.ts';
import type { ArtifactStore } from '../shared/artifacts.ts';
import { mapLimited } from '../shared/concurrency.ts';
import type { EventTools } from '../shared/event.ts';
import { event } from '../shared/event.ts';
import { createRunLedger, openReservations } from '../shared/ledger.ts';
import { describeRun } from '../shared/runs.ts';
import { askTask, beatToken, cancelTask, closeToken, concludeIfOver, failToken, markTask } from '../shared/tasks.ts';

const TASKS_AT_ONCE = 8;
/** CancelQuantumTask is served more slowly than questions are. */
const CANCELS_AT_ONCE = 2;

type Alive = (runId: string) => Promise<boolean>;

/** Whether a run's execution is under way, asked once a sweep. One that is unknown is long over. */
function createAlive(): Alive {
  const asked = new Map<string, Promise<boolean>>();
  const ask = async (runId: string) => {
    try {
      return (await describeRun(runId)).status === 'RUNNING';
    } catch (error) {
      if (error instanceof RunNotFound) return false;
      throw error;
    }
  };
  return (runId) => {
    const answer = asked.get(runId) ?? ask(runId);
    asked.set(runId, answer);
    return answer;
  };
}

/** Settles what runs reserved that were ended from outside, and so came to no state that settles. */
async function settleEndedRuns({ artifacts, config, telemetry, nowMs }: EventTools, alive: Alive): Promise<void> {
  const ledger = await artifacts.find(place.ledger(), Ledger);
  if (ledger === null) return;
  const caps = { dayMicroUsd: config.DAY_CAP_MICRO_USD, accountMicroUsd: config.ACCOUNT_CAP_MICRO_USD };
  for (const { runId, stage } of openReservations(ledger)) {
    if (await alive(runId)) continue;
    const spentMicroUsd = await createRunLedger(artifacts, runId, caps, nowMs).settle(stage);
    telemetry.info('settled a run that is over', { runId, stage, spentMicroUsd });
  }
}

/**
 * Asks after every task of a token that left no marker yet: ended ones are marked, living ones keep the wait alive. A token
 * that nobody awaits is closed and its tasks are cancelled, but not while its run goes on before the deadline: a submit that is
 * about to be tried again gets the same tasks.
 */
async function sweepToken(
  artifacts: ArtifactStore,
  token: OpenToken,
  nowMs: number,
  alive: Alive,
): Promise<'answered' | 'alive' | 'closed'> {
  const done = new Set(await artifacts.list(place.taskDonePrefix(token.runId, token.key)));
  const open = token.taskArns
    .map((arn, index) => ({ arn, index }))
    .filter(({ index }) => !done.has(place.taskDone(token.runId, token.key, index)));
  let lost: string | null = null;
  const living: string[] = [];
  await mapLimited(open, TASKS_AT_ONCE, async ({ arn, index }) => {
    const answer = await askTask(arn);
    if (answer === 'lost') lost = arn;
    else if (answer.status === 'COMPLETED' || answer.status === 'FAILED' || answer.status === 'CANCELLED') {
      await markTask(artifacts, token.runId, token.key, index, { arn, status: answer.status, reason: answer.reason });
    } else living.push(arn);
  });
  if (lost !== null) {
    await failToken(token, 'QuantumTaskLost', `Braket does not know ${lost} any more`);
    await closeToken(artifacts, token);
    return 'answered';
  }
  if (await concludeIfOver(artifacts, token)) return 'answered';
  const awaited = await beatToken(token);
  const due = nowMs >= Date.parse(token.deadline);
  if (!due && (awaited || (await alive(token.runId)))) return 'alive';
  // Closed last: what a sweep leaves undone, the next one does.
  await mapLimited(living, CANCELS_AT_ONCE, cancelTask);
  await closeToken(artifacts, token);
  return 'closed';
}

/** The slow net under the events: settles runs that were ended, beats for every living token, closes those that nobody awaits. */
export const handler = event('Sweep', z.looseObject({}), async (_event, tools) => {
  const { artifacts, telemetry, nowMs } = tools;
  const alive = createAlive();
  await settleEndedRuns(tools, alive);
  let oldestMs = 0;
  for (const key of await artifacts.list(place.openTokens())) {
    const token = await artifacts.find(key, OpenToken);
    if (token === null) continue;
    oldestMs = Math.max(oldestMs, nowMs() - Date.parse(token.createdAt));
    const result = await sweepToken(artifacts, token, nowMs(), alive);
    telemetry.info('swept a token', { runId: token.runId, result });
  }
  telemetry.gauge('OldestOpenTokenMinutes', oldestMs / 60_000);
});
