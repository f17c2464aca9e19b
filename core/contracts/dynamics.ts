/**
 * What the molecular-dynamics worker is asked and what it answers. The worker is Python: it meets these shapes only as the JSON Schemas that
 * `scripts/export-schemas.ts` writes into batch-jobs/schemas. No field has a default, so that a job document says all that was decided.
 */
import { z } from 'zod';

export const DYNAMICS_TIERS = ['smoke', 'screen', 'explicit'] as const;
export const SimulatedTier = z.enum(DYNAMICS_TIERS);

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Vector3 = z.tuple([z.number(), z.number(), z.number()]);

/** A file the worker reads: `s3://bucket/key`, an absolute path, or a path relative to the job document. */
export const DynamicsInput = z.strictObject({ uri: z.string().min(1).max(2048), sha256: Sha256 });

export const DynamicsLigand = z.strictObject({
  id: z.string().min(1).max(200),
  name: z.string().max(1000),
  /** Any string: a SMILES that cannot be read refuses this ligand alone, never the job. */
  smiles: z.string().max(100_000),
  role: z.enum(['reference', 'candidate']),
  /** SDF whose first record is the pose in the protein's frame; null asks for docking. */
  pose: DynamicsInput.nullable(),
});

export const DynamicsJob = z.strictObject({
  schema: z.literal('dynamics-job/1'),
  runId: z.string().min(1).max(200),
  tier: SimulatedTier,
  protein: DynamicsInput,
  /** Where to dock; null takes the box from the reference ligand's pose. */
  box: z.strictObject({ centreAngstrom: Vector3, sizeAngstrom: Vector3 }).nullable(),
  pocketRadiusAngstrom: z.number().min(4).max(15),
  ligands: z.array(DynamicsLigand).min(1).max(10_000),
  replicas: z.int().min(1).max(20),
  productionPs: z.number().positive().max(1_000_000),
  seed: z.int().min(0).max(2_147_483_647),
  pH: z.number().min(0).max(14),
  /** `as-given` leaves charges as written; `rules` applies the worker's small table of pKa classes to ligands that come without a pose. */
  ligandProtonation: z.enum(['as-given', 'rules']),
  docking: z.strictObject({
    exhaustiveness: z.int().min(1).max(64),
    poses: z.int().min(1).max(20),
    /** Upper limit of scored positions in each of the searches; 0 is Vina's own, which takes minutes for a ligand of 15 rotatable bonds. */
    maxEvaluations: z.int().min(0).max(1_000_000_000),
  }),
  timeouts: z.strictObject({ ligandSeconds: z.int().min(10).max(604_800) }),
  /** `auto` is CPU for smoke and screen, CUDA for explicit. */
  platform: z.enum(['auto', 'CPU', 'CUDA']),
});

export const DYNAMICS_REFUSALS = [
  'BAD_SMILES',
  'UNSUPPORTED_ELEMENT',
  'RADICAL',
  'LIGAND_TOO_LARGE',
  'POSE_MISMATCH',
  'BAD_POSE',
  'EMBEDDING_FAILED',
  'BAD_PROTEIN',
  'METAL_IN_POCKET',
  'COFACTOR_IN_POCKET',
  'NO_BOX',
  'NO_POCKET',
  'INPUT_HASH',
  'BAD_START',
  'NO_GPU',
  'ENERGY_CHECK',
] as const;
export const DYNAMICS_FAILURES = [
  'NAN',
  'CHARGES_FAILED',
  'PARAMETERS_FAILED',
  'DOCKING_FAILED',
  'TIMEOUT',
  'CRASHED',
  'NO_DISK',
  'IO',
  'INTERNAL',
] as const;

const Finite = z.number();
const MeanAndError = z.strictObject({ mean: Finite, standardError: Finite.nullable() });
const Series = z.array(Finite);

const PocketContact = z.strictObject({ residue: z.string(), occupancy: z.number().min(0).max(1) });
const HydrogenBond = z.strictObject({ donor: z.string(), acceptor: z.string(), occupancy: z.number().min(0).max(1) });

/** One trajectory. Every array in `series` has one entry per frame. */
export const DynamicsReplica = z.strictObject({
  index: z.int().min(0),
  seed: z.int(),
  simulatedPs: Finite,
  rmsdLastHalfAngstrom: Finite,
  contactsKept: z.number().min(0).max(1),
  hydrogenBondsMean: Finite,
  interactionKcalMol: MeanAndError,
  mmgbsaKcalMol: MeanAndError,
  /** Gas-phase ligand-protein interaction of the first frame, by OpenMM and by a plain pairwise sum over the original Amber file. */
  energyCheck: z.strictObject({ openmmKcalMol: Finite, pairwiseKcalMol: Finite, differenceKcalMol: Finite }),
  series: z.strictObject({
    timePs: Series,
    rmsdAngstrom: Series,
    contactsKept: Series,
    hydrogenBonds: Series,
    interactionKcalMol: Series,
    mmgbsaKcalMol: Series,
    potentialKcalMol: Series,
    temperatureK: Series,
  }),
  contacts: z.array(PocketContact),
  hydrogenBonds: z.array(HydrogenBond),
  files: z.strictObject({ trajectory: z.string(), lastFrame: z.string() }),
});

export const DynamicsNote = z.strictObject({ code: z.string(), message: z.string() });

/** One ligand's answer, written whatever happened to it. `code` and `message` are null exactly when `status` is ok. */
export const DynamicsResult = z.strictObject({
  schema: z.literal('dynamics-result/1'),
  runId: z.string(),
  tier: SimulatedTier,
  ligand: z.strictObject({ index: z.int().min(0), id: z.string(), name: z.string(), role: z.enum(['reference', 'candidate']) }),
  status: z.enum(['ok', 'refused', 'failed']),
  code: z.enum([...DYNAMICS_REFUSALS, ...DYNAMICS_FAILURES]).nullable(),
  message: z.string().nullable(),
  /** The phase in which a refusal or failure arose. */
  phase: z.string().nullable(),
  productionPs: Finite,
  method: z
    .strictObject({
      proteinForceField: z.string(),
      ligandForceField: z.string(),
      charges: z.string(),
      solvent: z.string(),
      radii: z.string(),
      platform: z.string(),
      timestepFs: Finite,
      temperatureK: Finite,
      hydrogenMassDalton: Finite,
      pocketRadiusAngstrom: Finite,
      pocketResidues: z.array(z.string()),
      atoms: z.int(),
      restraint: z.string(),
    })
    .nullable(),
  docking: z
    .strictObject({
      program: z.string(),
      exhaustiveness: z.int(),
      maxEvaluations: z.int(),
      seed: z.int(),
      scoresKcalMol: z.array(Finite),
      boxCentreAngstrom: Vector3,
      boxSizeAngstrom: Vector3,
    })
    .nullable(),
  replicas: z.array(DynamicsReplica),
  /** Means over replicas; the error is the standard error between replicas, null with a single one. */
  summary: z
    .strictObject({
      simulatedPsTotal: Finite,
      rmsdLastHalfAngstrom: MeanAndError,
      contactsKept: MeanAndError,
      interactionKcalMol: MeanAndError,
      mmgbsaKcalMol: MeanAndError,
    })
    .nullable(),
  notes: z.array(DynamicsNote),
  versions: z.record(z.string(), z.string()),
  /** SHA-256 over the chain of inputs and settings of every stage: equal hashes mean equal questions. */
  inputHash: z.string().nullable(),
  timingsSeconds: z.record(z.string(), Finite),
});

export type SimulatedTier = z.infer<typeof SimulatedTier>;
export type DynamicsInput = z.infer<typeof DynamicsInput>;
export type DynamicsLigand = z.infer<typeof DynamicsLigand>;
export type DynamicsJob = z.infer<typeof DynamicsJob>;
export type DynamicsReplica = z.infer<typeof DynamicsReplica>;
export type DynamicsNote = z.infer<typeof DynamicsNote>;
export type DynamicsResult = z.infer<typeof DynamicsResult>;
