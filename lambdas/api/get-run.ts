import { routes } from '../../core/contracts/api.ts';
import { CostPlan, RunMoney, RunOutcomeRecord, RunRecord, StageProgress } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import type { Reason } from '../../core/contracts/primitives.ts';
import { readableCause } from '../shared/readable-cause.ts';
import { route } from '../shared/route.ts';
import { describeRun, STOPPED_BY_USER, stageTimes } from '../shared/runs.ts';

type Execution = Awaited<ReturnType<typeof describeRun>>;

/** Why a run that was ended from outside, and so wrote no outcome, is over. */
function endedFromOutside({ status, error }: Execution): Reason[] {
  const cause = readableCause(error?.cause ?? '');
  if (status === 'TIMED_OUT')
    return [{ code: 'RUN_TIMED_OUT', message: 'the run took longer than any run may; what it computed stays' }];
  if (status === 'ABORTED') {
    const by = error?.name === STOPPED_BY_USER || cause === '' ? 'the run was stopped' : `the run was stopped: ${cause}`;
    return [{ code: 'RUN_STOPPED', message: `${by} before its report; what it computed stays` }];
  }
  if (status === 'FAILED') return [{ code: 'RUN_FAILED', message: cause === '' ? (error?.name ?? 'no cause is known') : cause }];
  return [];
}

/** `GET /runs/{runId}`: where a run stands. */
export const handler = route(routes.GetRun, async ({ parameters: { runId } }, { artifacts }) => {
  const execution = await describeRun(runId);
  const [stages, progressKeys, plan, money, outcome, record] = await Promise.all([
    stageTimes(execution.arn),
    artifacts.list(place.progressPrefix(runId)),
    artifacts.find(place.plan(runId), CostPlan),
    artifacts.find(place.money(runId), RunMoney),
    artifacts.find(place.outcome(runId), RunOutcomeRecord),
    artifacts.find(place.run(runId), RunRecord),
  ]);
  const progress = await Promise.all(progressKeys.map((key) => artifacts.read(key, StageProgress)));
  // The encoding and scoring of shards are counted by what lies in the bucket; no shard writes a common object.
  const [encoded, scored] = await Promise.all([
    artifacts.list(place.encodedPrefix(runId)),
    artifacts.list(place.scoredPrefix(runId)),
  ]);
  const shards = progress.find(({ stage }) => stage === 'split')?.total ?? 0;
  const counted = [
    { stage: 'encode', done: encoded.length },
    { stage: 'score', done: scored.length },
  ].filter(({ done }) => done > 0);
  const blocks = Object.values(money?.blocks ?? {});
  const drawn = (block: (typeof blocks)[number]) => Object.values(block.draws).reduce((total, draw) => total + draw, 0);
  return {
    runId,
    status: execution.status,
    startedAt: execution.startedAt,
    endedAt: execution.endedAt,
    outcome: execution.status === 'RUNNING' ? null : (outcome?.outcome ?? 'FAILED'),
    reasons: outcome?.reasons ?? endedFromOutside(execution),
    stages,
    progress: [
      ...progress,
      ...counted.map(({ stage, done }) => ({
        schema: 'stage-progress/1' as const,
        stage,
        done,
        total: Math.max(shards, done),
        facts: {},
      })),
    ],
    money: {
      plannedMicroUsd: plan?.totalMicroUsd ?? null,
      reservedMicroUsd: blocks.reduce((total, block) => total + (block.settled ? drawn(block) : block.reservedMicroUsd), 0),
      drawnMicroUsd: blocks.reduce((total, block) => total + drawn(block), 0),
      budgetMicroUsd: record === null ? null : (record.options.budgetMicroUsd ?? record.campaign.budgetMicroUsd),
    },
    error: execution.error === null ? null : { name: execution.error.name, cause: readableCause(execution.error.cause) },
  };
});
