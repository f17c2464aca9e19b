/**
 * What the steps leave in the bucket. Small facts are JSON; tables of numbers are tensor files (tensors.ts) whose
 * header is one of the schemas here. Every artifact names its schema and version.
 */
import { z } from 'zod';
import { Campaign } from './campaign.ts';
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
  Seed,
  Sha256,
  Uri,
} from './primitives.ts';

/** Bits of the Morgan fingerprint (radius 2), packed eight to a byte. */
export const FINGERPRINT_BYTES = 256;

export const RunOptions = z.strictObject({
  dynamicsTier: DynamicsTier.optional(),
  budgetMicroUsd: MicroUsd.optional(),
  planOnly: z.boolean().optional(),
});

/** `runs/<id>/run.json`: what was asked for, fixed before anything is computed. */
export const RunRecord = z.strictObject({
  schema: z.literal('run/1'),
  runId: RunId,
  campaignName: CampaignName,
  campaign: Campaign,
  campaignUri: Uri,
  library: z.strictObject({
    uri: Uri,
    versionId: z.string(),
    bytes: Count,
    format: z.enum(['smi', 'csv', 'sdf']),
    gzip: z.boolean(),
  }),
  /** SHA-256 of every input read, by file name. */
  inputs: z.record(z.string(), Sha256),
  options: RunOptions,
  codeVersion: z.string(),
  seed: Seed,
  createdAt: Instant,
});

/** One piece of the library, a file of its own in the library's format. */
export const Shard = z.strictObject({ index: Count, uri: Uri, rows: Count, bytes: Count, firstRow: Count });

export const RejectedRow = z.strictObject({ row: Count, id: z.string().nullable(), code: z.string(), message: z.string() });

/** Rows that could not even be cut out of the file. */
export const RejectedRows = z.strictObject({ schema: z.literal('rejected-rows/1'), rejected: z.array(RejectedRow) });

/** The keys of one shard's compounds that begin with one prefix, in row order. */
export const KeyList = z.strictObject({
  schema: z.literal('key-list/1'),
  shard: Count,
  entries: z.array(z.strictObject({ key: z.string(), indexInShard: Count, row: Count, id: z.string() })),
});

/** Compounds that stood in the library before; the first row keeps the compound. */
export const DuplicateList = z.strictObject({
  schema: z.literal('duplicate-list/1'),
  duplicates: z.array(z.strictObject({ shard: Count, indexInShard: Count, row: Count, id: z.string(), keptId: z.string() })),
});

/** What the Distributed Maps read: one item a shard. */
export const ShardList = z.array(Shard);

export const EncodedLigand = z.strictObject({
  row: Count,
  id: z.string(),
  smiles: z.string(),
  /** Hash of the canonical SMILES; equal keys are equal compounds. */
  key: z.string(),
  heavyAtoms: Count,
  /** The user's own columns, passed through. */
  columns: z.record(z.string(), z.string()),
  /** What standardisation changed, in words. */
  notes: z.array(z.string()),
});

/** Header of a tensor file with `descriptors` f64 [N, D] and `fingerprints` u8 [N, 256]. */
export const EncodedShard = z.strictObject({
  schema: z.literal('encoded-shard/1'),
  shard: Count,
  descriptorNames: z.array(z.string()),
  ligands: z.array(EncodedLigand),
  rejected: z.array(RejectedRow),
});

/** Header of a tensor file with `pK` f64 [N], `sdPk` f64 [N], `descriptors` f64 [N, D], `fingerprints` u8 [N, 256]. */
export const LabelledSet = z.strictObject({
  schema: z.literal('labelled-set/1'),
  quantity: z.string(),
  ids: z.array(z.string()),
  smiles: z.array(z.string()),
  keys: z.array(z.string()),
  /** `=` measured; `>` the true pK is larger than the value; `<` smaller. */
  relations: z.array(z.enum(['=', '<', '>'])),
  /** Murcko scaffold as canonical SMILES; empty for acyclic compounds. */
  scaffolds: z.array(z.string()),
  splits: z.array(z.enum(['train', 'validation', 'calibration'])),
  heavyAtoms: z.array(Count),
  descriptorNames: z.array(z.string()),
  /** Rows touched by each written rule of assay curation. */
  rules: z.record(z.string(), Count),
  rejected: z.array(RejectedRow),
  noisePk: Finite,
});

/** Header of a tensor file, one row a ligand of the shard, in its order: see ScoreColumns. */
export const ScoredShard = z.strictObject({ schema: z.literal('scored-shard/1'), shard: Count, rows: Count, model: Sha256 });
export const ScoreColumns = [
  'classicalPk',
  'hybridPk',
  /** Half width of the 90 % interval, from calibration residuals. */
  'halfWidthPk',
  /** Tanimoto similarity to the nearest labelled compound, and its index in the labelled set. */
  'nearestSimilarity',
  'nearestIndex',
  'outOfDomain',
] as const;

export const Candidate = z.strictObject({
  rank: z.int().min(1),
  id: z.string(),
  smiles: z.string(),
  key: z.string(),
  shard: Count,
  indexInShard: Count,
  heavyAtoms: Count,
  classicalPk: Finite,
  hybridPk: Finite,
  /** After the refinement of the top, where there was one. */
  refinedPk: Finite.nullable(),
  halfWidthPk: Finite,
  nearest: z.strictObject({ id: z.string(), pK: Finite, similarity: Finite }),
  outOfDomain: z.boolean(),
  columns: z.record(z.string(), z.string()),
});

/** The best of the library, best first. */
export const Ranking = z.strictObject({
  schema: z.literal('ranking/1'),
  /** Compounds scored, duplicates counted once. */
  scored: Count,
  duplicates: Count,
  rejected: Count,
  candidates: z.array(Candidate),
});

export const GuardDecision = z.strictObject({
  guard: z.string(),
  decision: z.enum(['pass', 'warn', 'refuse', 'not-applicable']),
  /** The sentence a chemist reads, with the number in it. */
  message: z.string(),
  evidence: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
});

export const CostItem = z.strictObject({
  stage: z.enum(['serverless', 'train', 'refine', 'dynamics']),
  what: z.string(),
  quantity: z.number().min(0),
  unit: z.string(),
  rateMicroUsd: z.number().min(0),
  costMicroUsd: MicroUsd,
});
export const CostPlan = z.strictObject({
  schema: z.literal('cost-plan/1'),
  priceTableDate: z.iso.date(),
  items: z.array(CostItem),
  totalMicroUsd: MicroUsd,
  budgetMicroUsd: MicroUsd,
});

/** What DecideQuantum found: guards' decisions and who goes to the device. */
export const QuantumDecision = z.strictObject({
  schema: z.literal('quantum-decision/1'),
  guards: z.array(GuardDecision),
  /** False when a guard refused; on `audit` the circuits still run, on simulators. */
  deviceAllowed: z.boolean(),
  deviceUsed: Device.nullable(),
  reason: z.string(),
  selected: z.array(z.strictObject({ shard: Count, indexInShard: Count, id: z.string() })),
});

export const StageProgress = z.strictObject({
  schema: z.literal('stage-progress/1'),
  stage: z.string(),
  done: Count,
  total: Count,
  facts: z.record(z.string(), z.union([z.number(), z.string()])),
});

/** The run's money: blocks reserved by stage, and what was drawn from each. */
export const RunMoney = z.strictObject({
  schema: z.literal('run-money/1'),
  runId: RunId,
  blocks: z.record(
    z.string(),
    z.strictObject({ reservedMicroUsd: MicroUsd, settled: z.boolean(), draws: z.record(z.string(), MicroUsd) }),
  ),
});

/** The account's ledger: one object, changed by compare-and-swap. */
export const Ledger = z.strictObject({
  schema: z.literal('ledger/1'),
  caps: z.strictObject({ dayMicroUsd: MicroUsd, accountMicroUsd: MicroUsd }),
  reservations: z.record(z.string(), z.strictObject({ amountMicroUsd: MicroUsd, at: Instant })),
  spentByDay: z.record(z.iso.date(), MicroUsd),
  /** Ids of settled reservations with the amount booked, so that a repeated settlement changes nothing. */
  settled: z.record(z.string(), MicroUsd),
});

/** Circuits handed to a device in one go, waiting for their events. */
export const OpenToken = z.strictObject({
  schema: z.literal('open-token/1'),
  key: z.string(),
  runId: RunId,
  taskToken: z.string(),
  device: Device,
  circuitsUri: Uri,
  createdAt: Instant,
  deadline: Instant,
  /** Empty until the tasks exist; the event may come earlier. */
  taskArns: z.array(z.string()),
});

export const RunOutcomeRecord = z.strictObject({
  schema: z.literal('run-outcome/1'),
  runId: RunId,
  outcome: z.enum(['SUCCEEDED', 'PARTIAL', 'FAILED', 'PLANNED']),
  reasons: z.array(Reason),
});

export type RunOptions = z.infer<typeof RunOptions>;
export type RunRecord = z.infer<typeof RunRecord>;
export type Shard = z.infer<typeof Shard>;
export type RejectedRow = z.infer<typeof RejectedRow>;
export type DuplicateList = z.infer<typeof DuplicateList>;
export type EncodedLigand = z.infer<typeof EncodedLigand>;
export type EncodedShard = z.infer<typeof EncodedShard>;
export type LabelledSet = z.infer<typeof LabelledSet>;
export type ScoredShard = z.infer<typeof ScoredShard>;
export type Candidate = z.infer<typeof Candidate>;
export type Ranking = z.infer<typeof Ranking>;
export type GuardDecision = z.infer<typeof GuardDecision>;
export type CostItem = z.infer<typeof CostItem>;
export type CostPlan = z.infer<typeof CostPlan>;
export type QuantumDecision = z.infer<typeof QuantumDecision>;
export type StageProgress = z.infer<typeof StageProgress>;
export type RunMoney = z.infer<typeof RunMoney>;
export type Ledger = z.infer<typeof Ledger>;
export type OpenToken = z.infer<typeof OpenToken>;
export type RunOutcomeRecord = z.infer<typeof RunOutcomeRecord>;
