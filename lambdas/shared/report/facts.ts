/** Everything a report says, gathered from what the run left behind; whatever it did not reach is left out. */
import { createHash } from 'node:crypto';
import { CostPlan, LabelledSet, QuantumDecision, Ranking, RunMoney, RunRecord } from '../../../core/contracts/artifacts.ts';
import { QefmError } from '../../../core/contracts/errors.ts';
import { place, uri } from '../../../core/contracts/places.ts';
import type { Reason, RunOutcome } from '../../../core/contracts/primitives.ts';
import type { RankedCompound, ReportFactsInput, StageTiming } from '../../../core/contracts/report.ts';
import { DynamicsFacts, HeadAudit } from '../../../core/contracts/report.ts';
import type { Chemistry } from '../../../core/molecule/chemistry.ts';
import type { ArtifactStore } from '../artifacts.ts';
import type { Config } from '../config.ts';
import { emptyRunMoney } from '../ledger.ts';
import { listStates, readLabelled, readState } from '../models.ts';
import { describeRun, stageTimes } from '../runs.ts';
import { seedFor, seedUses } from '../seeds.ts';
import { trainedModel } from '../trained-model.ts';
import { compoundFacts } from './compound-facts.ts';
import { devicesUsed } from './device-facts.ts';
import { libraryFacts, rejectedAssay } from './library-facts.ts';
import { billFacts } from './money-facts.ts';
import { readTruth, screeningFacts } from './screening-facts.ts';
import { trainingFacts } from './training-facts.ts';

export interface GatherRequest {
  runId: string;
  outcome: RunOutcome;
  reasons: Reason[];
  artifacts: ArtifactStore;
  config: Config;
  nowMs: () => number;
  chemistry: Chemistry;
}

/** Rows of the ranking that the page shows. */
const ROWS_ON_PAGE = 100;

/** Artifacts whose bytes depend on nothing but inputs, code and seed: two runs of the same thing agree on them. */
const hashedArtifacts = {
  'ranking.json': place.ranking,
  'decision.json': place.decision,
  'audit.json': place.audit,
  'labelled.bin': place.labelled,
  'model/classical.bin': place.model,
} as const;

async function hashArtifacts(artifacts: ArtifactStore, runId: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const [name, at] of Object.entries(hashedArtifacts)) {
    const key = at(runId);
    if (await artifacts.exists(key))
      hashes[name] = createHash('sha256')
        .update(await artifacts.readBytes(key))
        .digest('hex');
  }
  return hashes;
}

interface Truth {
  truth: Map<string, number> | null;
  /** Why labels that the campaign names could not be used; the run is as good as one without them. */
  unreadable: Reason | null;
}

const noTruth: Truth = { truth: null, unreadable: null };

async function findTruth(artifacts: ArtifactStore, record: RunRecord): Promise<Truth> {
  try {
    return { truth: await readTruth(artifacts, record), unreadable: null };
  } catch (error) {
    if (!(error instanceof QefmError) || error.retryable) throw error;
    return {
      truth: null,
      unreadable: { code: 'TRUTH_UNREADABLE', message: `the screen was not compared with its truth: ${error.message}` },
    };
  }
}

async function timings(arn: string, finishedMs: number): Promise<StageTiming[]> {
  const total = new Map<string, number>();
  for (const { stage, startedAt, endedAt } of await stageTimes(arn)) {
    const endMs = endedAt === null ? finishedMs : Date.parse(endedAt);
    total.set(stage, (total.get(stage) ?? 0) + Math.max(0, endMs - Date.parse(startedAt)));
  }
  return [...total]
    .filter(([, durationMs]) => durationMs >= 1)
    .map(([stage, durationMs]) => ({ stage, durationMs, detail: null }));
}

function question({ campaign, library, options }: RunRecord): ReportFactsInput['question'] {
  const { quantum, dynamics, target, structure } = campaign;
  const budgetMicroUsd = options.budgetMicroUsd ?? campaign.budgetMicroUsd;
  return {
    title: campaign.title,
    task: campaign.task,
    target: target === undefined ? null : [target.name, target.organism].filter(Boolean).join(', '),
    structure: structure === undefined ? null : (target?.pdbId ?? structure.protein),
    libraryName: library.uri.split('/').at(-1)!,
    purpose: quantum.purpose,
    qubits: quantum.qubits,
    layers: quantum.layers,
    trainDevice: quantum.trainDevice,
    refineDevice: quantum.refineDevice,
    trainSteps: quantum.trainSteps,
    shots: quantum.shots,
    topFraction: quantum.topFraction,
    dynamicsTier: options.dynamicsTier ?? dynamics.tier,
    budgetMicroUsd,
    planOnly: options.planOnly === true || budgetMicroUsd === 0,
  };
}

export async function gatherFacts(request: GatherRequest): Promise<{ facts: ReportFactsInput; rows: RankedCompound[] | null }> {
  const { runId, outcome, reasons, artifacts, config, nowMs, chemistry } = request;
  const execution = await describeRun(runId);
  const [record, plan, money, decision, ranking, audit, dynamics] = await Promise.all([
    artifacts.find(place.run(runId), RunRecord),
    artifacts.find(place.plan(runId), CostPlan),
    artifacts.find(place.money(runId), RunMoney),
    artifacts.find(place.decision(runId), QuantumDecision),
    artifacts.find(place.ranking(runId), Ranking),
    artifacts.find(place.audit(runId), HeadAudit),
    artifacts.find(place.dynamicsFacts(runId), DynamicsFacts),
  ]);
  const budgetMicroUsd = record?.options.budgetMicroUsd ?? record?.campaign.budgetMicroUsd ?? 0;
  const library = await libraryFacts(artifacts, runId);
  const labelled = (await artifacts.exists(place.labelled(runId))) ? await readLabelled(artifacts, runId) : null;
  const trainStates = await listStates(artifacts, runId, 'train');
  const lastState = trainStates.at(-1);
  const trained = lastState === undefined ? null : await trainedModel(artifacts, uri(artifacts.bucket, lastState));
  const state = lastState === undefined ? null : await readState(artifacts, uri(artifacts.bucket, lastState));
  const lastRefined = (await listStates(artifacts, runId, 'refine')).at(-1);
  const refined = lastRefined === undefined ? null : await readState(artifacts, uri(artifacts.bucket, lastRefined));
  const used = await devicesUsed(artifacts, runId, { train: state?.circuits ?? 0, refine: refined?.circuits ?? 0 });

  const { truth, unreadable } = record !== null && ranking !== null ? await findTruth(artifacts, record) : noTruth;
  const rows =
    ranking === null || labelled === null
      ? null
      : await compoundFacts(artifacts, runId, ranking, labelled.header.descriptorNames, truth, chemistry);
  const shardCount = library?.library.shards ?? 0;
  const finishedMs = nowMs();
  const facts: ReportFactsInput = {
    schema: 'report-facts/1',
    runId,
    campaignName: record?.campaignName ?? runId.replace(/-[0-9a-f]{12}$/, ''),
    createdAt: execution.startedAt,
    finishedAt: new Date(finishedMs).toISOString(),
    outcome: unreadable !== null && outcome === 'SUCCEEDED' ? 'PARTIAL' : outcome,
    reasons: unreadable === null ? reasons : [...reasons, unreadable],
    question: record === null ? null : question(record),
    library: library?.library ?? null,
    labelledCount: labelled?.header.ids.length ?? null,
    headline:
      record === null || labelled === null || ranking === null || truth === null
        ? null
        : await screeningFacts(artifacts, record, shardCount, labelled, ranking, truth, chemistry),
    ranking:
      ranking === null || rows === null
        ? null
        : {
            total: ranking.scored,
            selectedForRefinement: decision?.deviceUsed == null ? 0 : decision.selected.length,
            rows: rows.slice(0, ROWS_ON_PAGE),
          },
    training: state === null || trained === null ? null : trainingFacts(state, trained.model, used.training),
    audit,
    quantum:
      decision === null
        ? null
        : {
            guards: decision.guards,
            deviceAllowed: decision.deviceAllowed,
            deviceUsed: decision.deviceUsed,
            reason: decision.reason,
          },
    dynamics,
    rejectedLibrary: library?.rejectedLibrary ?? null,
    rejectedAssay: labelled === null ? null : rejectedAssay(LabelledSet.parse(labelled.header)),
    assayRules: labelled?.header.rules ?? null,
    bill: billFacts(plan, money ?? emptyRunMoney(runId), budgetMicroUsd, config.AWS_ENDPOINT_URL !== undefined),
    manifest: {
      environment: config.AWS_ENDPOINT_URL === undefined ? 'cloud' : 'local',
      codeVersion: config.CODE_VERSION,
      versions: { node: process.versions.node, v8: process.versions.v8, ...dynamics?.versions },
      seed: record?.seed ?? 0,
      seeds: record === null ? {} : Object.fromEntries(seedUses.map((use) => [use, seedFor(record.seed, use)])),
      inputs: record?.inputs ?? {},
      artifacts: await hashArtifacts(artifacts, runId),
      model: trained?.sha256 ?? null,
      devices: used.devices,
      priceTableDate: plan?.priceTableDate ?? null,
    },
    timings: await timings(execution.arn, finishedMs),
    files: {},
  };
  return { facts, rows };
}
