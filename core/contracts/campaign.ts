/** A campaign: the folder `campaigns/<name>/` in the bucket, described by its campaign.json. */
import { z } from 'zod';
import { CampaignName, Device, DynamicsTier, FilePath, MicroUsd, Seed } from './primitives.ts';

export const AssayUnit = z.enum(['pX', 'M', 'uM', 'nM']);

export const AssayColumns = z.strictObject({
  file: FilePath,
  idColumn: z.string().optional(),
  smilesColumn: z.string().default('smiles'),
  valueColumn: z.string(),
  unit: AssayUnit,
  /** A column that holds `=`, `<`, `>` and the like. */
  relationColumn: z.string().optional(),
  /** A column that names IC50, Ki or Kd; `quantity` serves where there is none. */
  quantityColumn: z.string().optional(),
  quantity: z.enum(['IC50', 'Ki', 'Kd']).optional(),
  /** Standard deviation of the assay itself, in pK units. */
  noisePk: z.number().positive().default(0.5),
  /** A compound counts as active from this pK on. */
  activeFromPk: z.number().default(7),
});

export const LibraryColumns = z.strictObject({
  idColumn: z.string().optional(),
  smilesColumn: z.string().default('smiles'),
});

export const QuantumSettings = z.strictObject({
  /** `audit` measures the quantum head even where a guard refuses it, on simulators only and at no cost; `discovery` obeys the guards. */
  purpose: z.enum(['audit', 'discovery']),
  qubits: z.int().min(4).max(8).default(6),
  layers: z.int().min(1).max(6).default(3),
  latentSize: z.int().min(2).max(16).default(8),
  trainDevice: Device.default('lambda'),
  trainSteps: z.int().min(0).max(5000).default(400),
  /** Steps done inside one Lambda on the exact simulator; on devices it is one per iteration. */
  innerSteps: z.int().min(1).max(1000).default(100),
  refineDevice: Device.default('lambda'),
  /** 0 means exact expectation values, on simulators only. */
  shots: z.int().min(0).max(100_000).default(0),
  topFraction: z.number().positive().max(0.05).default(0.01),
  refineSteps: z.int().min(0).max(5).default(5),
  refineNeighbours: z.int().min(1).max(32).default(8),
  maxQueueHours: z.number().positive().max(120).default(24),
});

export const DynamicsSettings = z.strictObject({
  tier: DynamicsTier,
  candidates: z.int().min(0).max(50).default(2),
  pocketRadiusAngstrom: z.number().min(4).max(15).default(7),
  pH: z.number().min(2).max(12).default(7.4),
});

export const Campaign = z.strictObject({
  schema: z.literal('campaign/1'),
  name: CampaignName,
  title: z.string().max(200),
  /** `affinity` scores binding to a target; `property` is anything else, which the guards refuse to send to a device. */
  task: z.enum(['affinity', 'property']),
  target: z.strictObject({ name: z.string(), organism: z.string().optional(), pdbId: z.string().optional() }).optional(),
  structure: z.strictObject({ protein: FilePath, referenceLigand: FilePath }).optional(),
  assay: AssayColumns,
  library: LibraryColumns.default({ smilesColumn: 'smiles' }),
  /** Labels kept from every step but the report, for a retrospective screen. */
  truth: z.strictObject({ file: FilePath, idColumn: z.string(), valueColumn: z.string() }).optional(),
  quantum: QuantumSettings,
  dynamics: DynamicsSettings,
  budgetMicroUsd: MicroUsd,
  seed: Seed,
});

export type Campaign = z.infer<typeof Campaign>;
export type AssayColumns = z.infer<typeof AssayColumns>;
export type QuantumSettings = z.infer<typeof QuantumSettings>;
export type DynamicsSettings = z.infer<typeof DynamicsSettings>;
