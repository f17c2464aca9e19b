/** The HTTP API: what each route takes and gives. OpenAPI, the handlers and the clients all read this table. */
import { z } from 'zod';
import { Candidate, CostPlan, GuardDecision, RunOptions, StageProgress } from './artifacts.ts';
import { CampaignName, Count, FilePath, Instant, MicroUsd, Reason, RunId, RunOutcome, Uri } from './primitives.ts';

export interface RouteContract {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  readonly parameters?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly response: z.ZodType;
}

const runParameters = z.strictObject({ runId: RunId });

export const UploadRequest = z.strictObject({
  campaign: CampaignName,
  /** Path below the campaign folder, e.g. `campaign.json` or `libraries/kinase.smi.gz`. A path below `truth/` is kept from every step but the report. */
  path: FilePath,
});
export const UploadGrant = z.strictObject({ url: z.url(), method: z.literal('PUT'), expiresAt: Instant, uri: Uri });

export const StartRunRequest = z.strictObject({
  campaign: CampaignName,
  /** Path of the library below the campaign folder. */
  library: FilePath,
  options: RunOptions.default({}),
  /** Requests with equal tokens start one run. */
  clientToken: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/)
    .optional(),
});
export const StartedRun = z.strictObject({ runId: RunId });

export const RunSummary = z.strictObject({
  runId: RunId,
  status: z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']),
  startedAt: Instant,
  endedAt: Instant.nullable(),
});
export const RunList = z.strictObject({ runs: z.array(RunSummary), nextToken: z.string().nullable() });

export const StageTime = z.strictObject({ stage: z.string(), startedAt: Instant, endedAt: Instant.nullable() });
export const RunStatus = z.strictObject({
  ...RunSummary.shape,
  /** SUCCEEDED with reasons is PARTIAL; null while the run is going. */
  outcome: RunOutcome.nullable(),
  reasons: z.array(Reason),
  stages: z.array(StageTime),
  progress: z.array(StageProgress),
  money: z.strictObject({
    plannedMicroUsd: MicroUsd.nullable(),
    reservedMicroUsd: MicroUsd,
    drawnMicroUsd: MicroUsd,
    budgetMicroUsd: MicroUsd.nullable(),
  }),
  error: z.strictObject({ name: z.string(), cause: z.string() }).nullable(),
});

export const CandidatePage = z.strictObject({ total: Count, candidates: z.array(Candidate), nextToken: z.string().nullable() });
export const PlanReply = z.strictObject({ plan: CostPlan, guards: z.array(GuardDecision) });
export const Link = z.strictObject({ url: z.url(), expiresAt: Instant });
export const ReportLinks = z.strictObject({
  outcome: RunOutcome,
  report: Link,
  ranking: Link.nullable(),
  structures: Link.nullable(),
  manifest: Link,
});
/** What the gateway says before a route is reached. */
export const GatewayError = z.looseObject({ message: z.string() });
export const ApiError = z.strictObject({ error: z.string(), message: z.string() });

const paging = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  nextToken: z.string().min(1).max(2000).optional(),
});

export const routes = {
  CreateUpload: {
    name: 'CreateUpload',
    method: 'POST',
    path: '/uploads',
    body: UploadRequest,
    response: UploadGrant,
    summary: 'A presigned address to upload one file of a campaign; a library that lands starts a run.',
  },
  StartRun: {
    name: 'StartRun',
    method: 'POST',
    path: '/runs',
    body: StartRunRequest,
    response: StartedRun,
    summary: 'Starts a run on a library that lies in the campaign already.',
  },
  ListRuns: { name: 'ListRuns', method: 'GET', path: '/runs', query: paging, response: RunList, summary: 'Runs, newest first.' },
  GetRun: {
    name: 'GetRun',
    method: 'GET',
    path: '/runs/{runId}',
    parameters: runParameters,
    response: RunStatus,
    summary: 'Status of a run with stages, counts, loss and money.',
  },
  StopRun: {
    name: 'StopRun',
    method: 'DELETE',
    path: '/runs/{runId}',
    parameters: runParameters,
    response: StartedRun,
    summary: 'Stops a run; what it computed stays.',
  },
  ListCandidates: {
    name: 'ListCandidates',
    method: 'GET',
    path: '/runs/{runId}/candidates',
    parameters: runParameters,
    query: paging,
    response: CandidatePage,
    summary: 'Ranked candidates, a page at a time.',
  },
  GetReport: {
    name: 'GetReport',
    method: 'GET',
    path: '/runs/{runId}/report',
    parameters: runParameters,
    response: ReportLinks,
    summary: 'Presigned addresses of the report and the tables beside it.',
  },
  GetPlan: {
    name: 'GetPlan',
    method: 'GET',
    path: '/runs/{runId}/plan',
    parameters: runParameters,
    response: PlanReply,
    summary: 'What the run was planned to cost, and what the guards said.',
  },
  GetOpenapi: {
    name: 'GetOpenapi',
    method: 'GET',
    path: '/openapi.json',
    response: z.looseObject({}),
    summary: 'This description.',
  },
} as const satisfies Record<string, RouteContract>;

export type RunStatus = z.infer<typeof RunStatus>;
export type RunSummary = z.infer<typeof RunSummary>;
export type CandidatePage = z.infer<typeof CandidatePage>;
export type ReportLinks = z.infer<typeof ReportLinks>;
