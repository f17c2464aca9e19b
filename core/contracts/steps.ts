/**
 * What each Lambda state takes and gives. Only URIs and small facts ride in the payload: 256 KiB is the limit of a state.
 * Artifacts lie at fixed places below `runs/<run id>/` (places.ts), so most steps need little more than the run's id.
 */
import { z } from 'zod';
import { RunOptions, Shard } from './artifacts.ts';
import { CampaignName, Count, Device, DynamicsTier, MicroUsd, Reason, RunId, RunOutcome, Uri } from './primitives.ts';

export interface StepContract<I extends z.ZodType, O extends z.ZodType> {
  readonly name: string;
  readonly input: I;
  readonly output: O;
}

function contract<I extends z.ZodType, O extends z.ZodType>(name: string, input: I, output: O): StepContract<I, O> {
  return { name, input, output };
}

export const OptimizeStage = z.enum(['train', 'refine']);
export const BudgetStage = z.enum(['train', 'refine', 'dynamics']);
/** Object keys of artifacts, for states that read S3 themselves. */
const Key = z.string().min(1);
const Milliseconds = z.int().min(0);

export const PrepareRun = contract(
  'PrepareRun',
  z.strictObject({
    runId: RunId,
    campaign: CampaignName,
    libraryUri: Uri,
    libraryVersionId: z.string(),
    options: RunOptions,
  }),
  z.strictObject({
    decision: z.enum(['PROCEED', 'PLAN_ONLY']),
    shardsKey: Key,
    shardCount: Count,
    /** Hash prefixes among which duplicates are looked for. */
    prefixes: z.array(z.string()),
    innerSteps: Count,
    maxQueueSeconds: Count,
    dynamicsTier: DynamicsTier,
  }),
);

export const PrepareAssay = contract(
  'PrepareAssay',
  z.strictObject({ runId: RunId }),
  z.strictObject({ labelled: Count, rejected: Count }),
);

export const TrainClassical = contract(
  'TrainClassical',
  z.strictObject({ runId: RunId }),
  z.strictObject({
    stateUri: Uri,
    /** Where the head is trained: the campaign's device, or the simulator when a guard refused it. */
    device: Device,
    reserveMicroUsd: MicroUsd,
    heldOutRmsePk: z.number().nullable(),
  }),
);

export const EncodeLigands = contract(
  'EncodeLigands',
  z.strictObject({ runId: RunId, shard: Shard, prefixes: z.array(z.string()) }),
  z.strictObject({ accepted: Count, rejected: Count }),
);

export const MergeDuplicates = contract(
  'MergeDuplicates',
  z.strictObject({ runId: RunId, prefix: z.string() }),
  z.strictObject({ duplicates: Count }),
);

export const ScoreLigands = contract(
  'ScoreLigands',
  z.strictObject({ runId: RunId, shard: Shard, stateUri: Uri }),
  z.strictObject({ scored: Count }),
);

export const DecideQuantum = contract(
  'DecideQuantum',
  z.strictObject({ runId: RunId, stateUri: Uri, shardCount: Count }),
  z.strictObject({
    refine: z.boolean(),
    stateUri: Uri,
    device: Device,
    reserveMicroUsd: MicroUsd,
    reasons: z.array(Reason),
  }),
);

export const ReserveFunds = contract(
  'ReserveFunds',
  z.strictObject({ runId: RunId, stage: BudgetStage, amountMicroUsd: MicroUsd }),
  z.strictObject({ reservedMicroUsd: MicroUsd }),
);

export const SettleFunds = contract(
  'SettleFunds',
  // `all` when a run fails, wherever it was.
  z.strictObject({ runId: RunId, stage: z.union([BudgetStage, z.literal('all')]) }),
  z.strictObject({ spentMicroUsd: MicroUsd }),
);

const loopInput = { runId: RunId, stage: OptimizeStage, stateUri: Uri };

export const AskCircuits = contract(
  'AskCircuits',
  z.strictObject({ ...loopInput, device: Device }),
  z.strictObject({ done: z.boolean(), circuitsUri: Uri.nullable(), circuits: Count }),
);

export const RunCircuits = contract(
  'RunCircuits',
  z.strictObject({ ...loopInput, innerSteps: z.int().min(1) }),
  z.strictObject({ stateUri: Uri, done: z.boolean() }),
);

export const SubmitCircuits = contract(
  'SubmitCircuits',
  z.strictObject({
    runId: RunId,
    stage: OptimizeStage,
    circuitsUri: Uri,
    device: Device,
    maxQueueSeconds: Count,
    taskToken: z.string().min(1),
  }),
  z.strictObject({ tasks: Count }),
);

/** What the task token is answered with. */
export const TasksCompleted = z.strictObject({ key: z.string(), taskArns: z.array(z.string()) });

export const CollectResults = contract(
  'CollectResults',
  z.strictObject({ runId: RunId, circuitsUri: Uri, device: Device, tokenKey: z.string() }),
  z.strictObject({ resultsUri: Uri }),
);

export const TellProblem = contract(
  'TellProblem',
  z.strictObject({ ...loopInput, resultsUri: Uri }),
  z.strictObject({ stateUri: Uri, done: z.boolean() }),
);

export const RankCandidates = contract(
  'RankCandidates',
  z.strictObject({ runId: RunId, shardCount: Count, refinedStateUri: Uri.nullable() }),
  z.strictObject({ ranked: Count }),
);

export const AuditHead = contract(
  'AuditHead',
  z.strictObject({ runId: RunId, stateUri: Uri }),
  z.strictObject({ verdict: z.string() }),
);

export const PlanDynamics = contract(
  'PlanDynamics',
  z.strictObject({ runId: RunId, tier: DynamicsTier }),
  z.strictObject({
    run: z.boolean(),
    jobUri: Uri,
    outputUri: Uri,
    arraySize: Count,
    attemptSeconds: Count,
    reserveMicroUsd: MicroUsd,
  }),
);

export const JudgeDynamics = contract(
  'JudgeDynamics',
  // Why no job could run at all; null when it ran, however it ended.
  z.strictObject({ runId: RunId, unavailable: z.string().nullable() }),
  z.strictObject({ judged: Count, reasons: z.array(Reason) }),
);

export const WriteReport = contract(
  'WriteReport',
  z.strictObject({
    runId: RunId,
    outcome: RunOutcome,
    reasons: z.array(Reason),
  }),
  z.strictObject({ outcome: RunOutcome, reasons: z.array(Reason), reportUri: Uri, manifestUri: Uri, wallMs: Milliseconds }),
);

/** Input of the machine `Discover`. */
export const DiscoverInput = z.strictObject({
  campaign: CampaignName,
  libraryUri: Uri,
  libraryVersionId: z.string(),
  options: RunOptions,
});

export type OptimizeStage = z.infer<typeof OptimizeStage>;
export type BudgetStage = z.infer<typeof BudgetStage>;
export type DiscoverInput = z.infer<typeof DiscoverInput>;
