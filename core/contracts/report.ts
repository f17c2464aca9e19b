/**
 * The facts of a report: everything that `report.html`, `ranked.csv` and `ranked.sdf` say, and nothing they do not.
 * WriteReport gathers them from the artifacts; core/report turns them into pages. A part that a run did not reach is null,
 * so that a PLANNED, PARTIAL or FAILED run has a report too.
 */
import { z } from 'zod';
import { CostPlan, GuardDecision, RejectedRow } from './artifacts.ts';
import {
  CampaignName,
  Count,
  Device,
  DynamicsTier,
  Finite,
  Instant,
  MicroUsd,
  Reason,
  RunId,
  RunOutcome,
  Seed,
  Sha256,
} from './primitives.ts';

/** An estimate with its percentile interval; `low` and `high` are null where the sample is too small to draw one. */
export const Interval = z.strictObject({ value: Finite, low: Finite.nullable(), high: Finite.nullable() });

/** What a compound can be ranked by. */
export const ScorerKey = z.enum(['heavy-atoms', 'nearest-neighbour', 'classical', 'hybrid', 'refined']);

export const ScreeningRow = z.strictObject({
  scorer: ScorerKey,
  /** Actives found in the top 1 % and 5 % of the library over what chance finds. Null without truth labels. */
  enrichmentAt1Percent: Interval.nullable(),
  enrichmentAt5Percent: Interval.nullable(),
  rocAuc: Interval.nullable(),
  /** Spearman and Kendall tau-b against the measured values, within the compounds that have one. */
  spearman: Interval.nullable(),
  kendall: Interval.nullable(),
  /** Share of the measured compounds inside the 90 % interval around this prediction. Null for what predicts no pK. */
  coverage: Interval.nullable().default(null),
});

export const EnrichmentCurve = z.strictObject({
  scorer: ScorerKey,
  /** Fraction of the library looked at, and fraction of the actives found by then. */
  screened: z.array(z.number().min(0).max(1)),
  found: z.array(z.number().min(0).max(1)),
});

/** A quantum figure is never shown without its classical twin: a table with a hybrid row has a classical one. */
const hasTwin = ({ scorers }: { scorers: readonly { scorer: string }[] }): boolean => {
  const keys = scorers.map(({ scorer }) => scorer);
  return keys.includes('classical') || !(keys.includes('hybrid') || keys.includes('refined'));
};

export const Headline = z
  .strictObject({
    quantity: z.string(),
    activeFromPk: Finite,
    libraryCount: Count,
    measuredCount: Count,
    /** Scaffolds of the measured compounds, drawn whole by the bootstrap; null where compounds were drawn one by one. */
    measuredScaffolds: Count.nullable().default(null),
    activeCount: Count,
    bootstrapDraws: Count,
    confidence: z.number().gt(0).lt(1),
    scorers: z.array(ScreeningRow),
    curves: z.array(EnrichmentCurve),
  })
  .refine(hasTwin, { path: ['scorers'], message: 'a hybrid or refined row wants the classical row beside it, found none' });

export const RankedCompound = z.strictObject({
  rank: z.int().min(1),
  id: z.string(),
  smiles: z.string(),
  /** A drawing as SVG text, or null; the page embeds it as an image, never as markup. */
  structureSvg: z.string().nullable(),
  heavyAtoms: Count,
  classicalPk: Finite,
  hybridPk: Finite,
  refinedPk: Finite.nullable(),
  /** Half width of the 90 % interval. */
  halfWidthPk: Finite,
  nearest: z.strictObject({ id: z.string(), pK: Finite, similarity: Finite }),
  outOfDomain: z.boolean(),
  /** Computed properties by name, such as MolWt and CLogP. */
  properties: z.record(z.string(), z.union([Finite, z.string(), z.null()])),
  /** Names of structural alerts that matched. */
  alerts: z.array(z.string()),
  /** The user's own columns. */
  columns: z.record(z.string(), z.string()),
  /** Measured value, in a retrospective screen only. */
  truthPk: Finite.nullable(),
});

export const Ranking = z.strictObject({
  total: Count,
  selectedForRefinement: Count,
  rows: z.array(RankedCompound),
});

export const TrainingPoint = z.strictObject({
  step: Count,
  trainLoss: Finite.nullable(),
  /** Error on the validation compounds, RMSE in pK, at the steps where it was looked at. */
  validationLoss: Finite.nullable(),
  gradientVariance: Finite.nullable(),
});

export const Training = z.strictObject({
  points: z.array(TrainingPoint),
  bestStep: Count.nullable(),
  circuits: Count,
  shots: Count,
  device: Device,
  /** Predicted beside measured for compounds no model was trained on. */
  calibration: z
    .strictObject({ measuredPk: z.array(Finite), classicalPk: z.array(Finite), hybridPk: z.array(Finite), halfWidthPk: Finite })
    .nullable(),
});

export const HeadKey = z.enum([
  'mean',
  'ridge',
  'mlp',
  'quadratic',
  'quantum-no-entanglers',
  'quantum-frozen',
  'quantum',
  'quantum-shuffled',
]);

export const VerdictWord = z.enum(['better', 'equivalent', 'worse', 'undecided']);

export const HeadFacts = z.strictObject({
  key: HeadKey,
  label: z.string(),
  parameterCount: Count,
  rmsePk: Interval,
  costMicroUsd: MicroUsd,
});

export const Contrast = z.strictObject({
  against: HeadKey,
  label: z.string(),
  /** RMSE of the trained quantum head minus that of the other; negative is in the quantum head's favour. */
  differencePk: Interval,
  pValue: z.number().min(0).max(1),
  /** After Holm's correction over all planned contrasts. */
  pHolm: z.number().min(0).max(1),
  verdict: VerdictWord,
});

export const HeadAudit = z.strictObject({
  depth: z.enum(['quick', 'full']),
  compounds: Count,
  scaffolds: Count,
  seeds: Count,
  splits: Count,
  bootstrapDraws: Count,
  equivalenceBoundPk: Finite,
  heads: z.array(HeadFacts),
  contrasts: z.array(Contrast),
  verdict: VerdictWord,
  /** The verdict in sentences for people. */
  sentences: z.array(z.string()),
  /** Molecules needed to show a gain of 0.05 pK at 80 % power; null when the errors do not differ at all. */
  moleculesNeeded: Count.nullable(),
  /** False when the head trained on shuffled labels beats the mean: then the split leaks. */
  shuffledCheckPassed: z.boolean(),
});

export const DynamicsReplica = z.strictObject({
  seed: Seed,
  simulatedPs: z.number().min(0),
  timesPs: z.array(Finite),
  rmsdAngstrom: z.array(Finite),
  /** Fraction of the starting contacts still present, averaged over the second half. */
  contactsKept: Finite.nullable(),
});

export const DynamicsLigand = z.strictObject({
  id: z.string(),
  role: z.enum(['reference', 'candidate']),
  /** Where the starting pose came from, in words. */
  pose: z.string(),
  replicas: z.array(DynamicsReplica),
  /** Energies and other numbers of the job, each with its unit in the name. */
  measures: z.record(z.string(), z.union([Finite, z.string(), z.null()])),
  /** Why this ligand was not simulated. */
  failure: Reason.nullable(),
});

export const DynamicsFacts = z.strictObject({
  tier: DynamicsTier,
  /** The honest line that stands above the plots, such as what a smoke run cannot tell. */
  statement: z.string(),
  ligands: z.array(DynamicsLigand),
  versions: z.record(z.string(), z.string()),
});

export const Rejections = z.strictObject({
  total: Count,
  byCode: z.record(z.string(), Count),
  /** The first rows; the whole list is in the artifacts. */
  rows: z.array(RejectedRow),
});

export const BillLine = z.strictObject({
  stage: z.enum(['serverless', 'train', 'refine', 'dynamics']),
  plannedMicroUsd: MicroUsd,
  reservedMicroUsd: MicroUsd,
  drawnMicroUsd: MicroUsd,
  /** Null while the block is open. */
  settledMicroUsd: MicroUsd.nullable(),
});

export const Bill = z.strictObject({
  plan: CostPlan.nullable(),
  lines: z.array(BillLine),
  budgetMicroUsd: MicroUsd,
  /** `emulated`: a local run; the amounts are what the cloud would have charged and nothing was. */
  charged: z.enum(['emulated', 'charged']),
});

export const DeviceUse = z.strictObject({ device: Device, what: z.string(), tasks: Count, circuits: Count, shots: Count });

export const Manifest = z.strictObject({
  environment: z.enum(['local', 'cloud']),
  codeVersion: z.string(),
  /** Version by name of package, tool or force field. */
  versions: z.record(z.string(), z.string()),
  seed: Seed,
  seeds: z.record(z.string(), Seed),
  /** SHA-256 by file name. */
  inputs: z.record(z.string(), Sha256),
  artifacts: z.record(z.string(), Sha256),
  model: Sha256.nullable(),
  devices: z.array(DeviceUse),
  priceTableDate: z.iso.date().nullable(),
});

export const StageTiming = z.strictObject({ stage: z.string(), durationMs: z.number().min(0), detail: z.string().nullable() });

export const Question = z.strictObject({
  title: z.string(),
  task: z.enum(['affinity', 'property']),
  target: z.string().nullable(),
  structure: z.string().nullable(),
  libraryName: z.string(),
  purpose: z.enum(['audit', 'discovery']),
  qubits: Count,
  layers: Count,
  trainDevice: Device,
  refineDevice: Device,
  trainSteps: Count,
  shots: Count,
  topFraction: Finite,
  dynamicsTier: DynamicsTier,
  budgetMicroUsd: MicroUsd,
  planOnly: z.boolean(),
});

export const LibraryCounts = z.strictObject({ rows: Count, accepted: Count, rejected: Count, duplicates: Count, shards: Count });

export const QuantumFacts = z.strictObject({
  guards: z.array(GuardDecision),
  deviceAllowed: z.boolean(),
  deviceUsed: Device.nullable(),
  reason: z.string(),
});

export const ReportFacts = z.strictObject({
  schema: z.literal('report-facts/1'),
  runId: RunId,
  campaignName: CampaignName,
  createdAt: Instant,
  finishedAt: Instant.nullable(),
  outcome: RunOutcome,
  reasons: z.array(Reason),
  /** Null when the run ended before its campaign could be read. */
  question: Question.nullable(),
  library: LibraryCounts.nullable().default(null),
  labelledCount: Count.nullable().default(null),
  headline: Headline.nullable().default(null),
  ranking: Ranking.nullable().default(null),
  training: Training.nullable().default(null),
  audit: HeadAudit.nullable().default(null),
  quantum: QuantumFacts.nullable().default(null),
  dynamics: DynamicsFacts.nullable().default(null),
  rejectedLibrary: Rejections.nullable().default(null),
  rejectedAssay: Rejections.nullable().default(null),
  /** Rows touched by each written rule of assay curation. */
  assayRules: z.record(z.string(), Count).nullable().default(null),
  bill: Bill,
  manifest: Manifest,
  timings: z.array(StageTiming).default([]),
  /** Files beside the page, by what they are. */
  files: z.record(z.string(), z.string()).default({}),
});

export type Interval = z.infer<typeof Interval>;
export type ScorerKey = z.infer<typeof ScorerKey>;
export type ScreeningRow = z.infer<typeof ScreeningRow>;
export type EnrichmentCurve = z.infer<typeof EnrichmentCurve>;
export type Headline = z.infer<typeof Headline>;
export type RankedCompound = z.infer<typeof RankedCompound>;
export type Ranking = z.infer<typeof Ranking>;
export type TrainingPoint = z.infer<typeof TrainingPoint>;
export type Training = z.infer<typeof Training>;
export type HeadKey = z.infer<typeof HeadKey>;
export type VerdictWord = z.infer<typeof VerdictWord>;
export type HeadFacts = z.infer<typeof HeadFacts>;
export type Contrast = z.infer<typeof Contrast>;
export type HeadAudit = z.infer<typeof HeadAudit>;
export type DynamicsReplica = z.infer<typeof DynamicsReplica>;
export type DynamicsLigand = z.infer<typeof DynamicsLigand>;
export type DynamicsFacts = z.infer<typeof DynamicsFacts>;
export type Rejections = z.infer<typeof Rejections>;
export type BillLine = z.infer<typeof BillLine>;
export type Bill = z.infer<typeof Bill>;
export type DeviceUse = z.infer<typeof DeviceUse>;
export type Manifest = z.infer<typeof Manifest>;
export type StageTiming = z.infer<typeof StageTiming>;
export type Question = z.infer<typeof Question>;
export type LibraryCounts = z.infer<typeof LibraryCounts>;
export type QuantumFacts = z.infer<typeof QuantumFacts>;
export type ReportFacts = z.infer<typeof ReportFacts>;
/** What `ReportFacts.parse` takes: parts that a run did not reach may be left out. */
export type ReportFactsInput = z.input<typeof ReportFacts>;
