/** From a campaign's finalists to the job of the molecular-dynamics worker, with what it will take. */
import { type DynamicsInput, DynamicsJob, type DynamicsLigand, type SimulatedTier } from '../contracts/dynamics.ts';

/** How each tier simulates. Docking effort is the least that still gave the same best pose on the example's compounds. */
export const TIERS: Record<SimulatedTier, { replicas: number; productionPs: number; docking: DynamicsJob['docking'] }> = {
  smoke: { replicas: 2, productionPs: 10, docking: { exhaustiveness: 4, poses: 3, maxEvaluations: 300_000 } },
  screen: { replicas: 3, productionPs: 50, docking: { exhaustiveness: 8, poses: 9, maxEvaluations: 0 } },
  explicit: { replicas: 3, productionPs: 10_000, docking: { exhaustiveness: 16, poses: 9, maxEvaluations: 0 } },
};

/** Equilibration before production (heating and release), as the worker does it. */
const EQUILIBRATION: Record<SimulatedTier, { steps: number; ps: number }> = {
  smoke: { steps: 750, ps: 2 },
  screen: { steps: 5_000, ps: 15 },
  explicit: { steps: 100_000, ps: 300 },
};

const STEP_PS = 0.004;
/** One core at 709 atoms (7 A pocket, OBC2), measured; the pairwise Born sum makes it grow with the square of the atoms. */
const CPU_SECONDS_PER_STEP = 0.0066;
/** Estimate, not measured: 300 ns a day on one data-centre GPU with 30,000 to 60,000 atoms. */
const GPU_SECONDS_PER_PS = 86_400 / 300_000;
/** Reading, charges, building, minimising and analysing one ligand on one core, measured. */
const OVERHEAD_SECONDS = 20;
/** Docking of one ligand on one core: median of the example's compounds with room for flexible ones. */
const DOCKING_SECONDS: Record<SimulatedTier, number> = { smoke: 12, screen: 60, explicit: 120 };

/** Larger candidates are passed over where a pose must be found by docking: their conformations outrun the search. */
export const DOCKABLE_HEAVY_ATOMS = 50;

export interface DynamicsFinalist {
  readonly id: string;
  readonly name: string;
  readonly smiles: string;
  /** A pose in the protein's frame; null asks for docking. */
  readonly pose: DynamicsInput | null;
}

export interface DynamicsPlanInput {
  readonly runId: string;
  readonly tier: SimulatedTier;
  readonly protein: DynamicsInput;
  readonly reference: DynamicsFinalist | null;
  readonly candidates: readonly DynamicsFinalist[];
  /** Where to dock without a reference pose. */
  readonly box?: DynamicsJob['box'];
  readonly pocketRadiusAngstrom: number;
  readonly pH: number;
  /** Any integer; folded into the 31 bits that the worker's programs take. */
  readonly seed: number;
  readonly replicas?: number;
  readonly productionPs?: number;
}

export interface DynamicsEstimate {
  /** One ligand on one core (or one GPU), from start to result. */
  readonly secondsPerLigand: number;
  /** All ligands one after another on one core; divide by the cores that work at once. */
  readonly totalSeconds: number;
  readonly simulatedPsTotal: number;
  /** After so long an attempt is stopped and counts as failed: ten times the estimate, for a crowded machine. */
  readonly attemptSeconds: number;
  /** Whether the speed behind the figures was measured for this tier. */
  readonly measured: boolean;
}

export interface DynamicsPlan {
  readonly job: DynamicsJob;
  /** Children of the Batch array; AWS wants at least 2, so with 1 the job is submitted without an array and the worker does all ligands. */
  readonly arraySize: number;
  readonly estimate: DynamicsEstimate;
}

/**
 * What the tier costs in time.
 *
 * units   seconds of one core for smoke and screen, of one GPU for explicit
 * source  measured speeds for smoke and screen (docs/benchmarks.md); an estimate for explicit
 */
export function estimateDynamics(job: DynamicsJob): DynamicsEstimate {
  const steps = EQUILIBRATION[job.tier].steps + job.productionPs / STEP_PS;
  const perReplica =
    job.tier === 'explicit'
      ? (EQUILIBRATION.explicit.ps + job.productionPs) * GPU_SECONDS_PER_PS
      : // Atoms grow with about the square of the radius (a pocket is a shell, not a ball), the cost with their square.
        steps * CPU_SECONDS_PER_STEP * (job.pocketRadiusAngstrom / 7) ** 4;
  const docked = job.ligands.filter((ligand) => ligand.pose === null).length;
  const totalSeconds = job.ligands.length * (OVERHEAD_SECONDS + job.replicas * perReplica) + docked * DOCKING_SECONDS[job.tier];
  const secondsPerLigand = OVERHEAD_SECONDS + job.replicas * perReplica + (docked > 0 ? DOCKING_SECONDS[job.tier] : 0);
  return {
    secondsPerLigand: Math.ceil(secondsPerLigand),
    totalSeconds: Math.ceil(totalSeconds),
    simulatedPsTotal: job.ligands.length * job.replicas * job.productionPs,
    attemptSeconds: attemptSeconds(secondsPerLigand),
    measured: job.tier !== 'explicit',
  };
}

function attemptSeconds(secondsPerLigand: number): number {
  return Math.min(604_800, Math.max(900, Math.ceil(10 * secondsPerLigand)));
}

/**
 * The job for a reference ligand and the candidates, reference first.
 *
 * throws  RangeError when there is nothing to simulate, when an id appears twice, or when a candidate needs docking and nothing says where
 */
export function planDynamics(input: DynamicsPlanInput): DynamicsPlan {
  const { reference, candidates, tier } = input;
  const ligands: DynamicsLigand[] = [
    ...(reference === null ? [] : [{ ...reference, role: 'reference' as const }]),
    ...candidates.map((candidate) => ({ ...candidate, role: 'candidate' as const })),
  ].map(({ id, name, smiles, role, pose }) => ({ id, name, smiles, role, pose }));
  if (ligands.length === 0) throw new RangeError('wanted a reference ligand or at least one candidate, found neither');
  const seen = new Set<string>();
  for (const { id } of ligands) {
    if (seen.has(id)) throw new RangeError(`wanted ligands with ids of their own, found ${id} twice`);
    seen.add(id);
  }
  const box = input.box ?? null;
  if (box === null && !reference?.pose && candidates.some((candidate) => candidate.pose === null)) {
    throw new RangeError('wanted a reference pose or a box to dock candidates into, found neither');
  }
  const draft: DynamicsJob = {
    schema: 'dynamics-job/1',
    runId: input.runId,
    tier,
    protein: input.protein,
    box,
    pocketRadiusAngstrom: input.pocketRadiusAngstrom,
    ligands,
    replicas: input.replicas ?? TIERS[tier].replicas,
    productionPs: input.productionPs ?? TIERS[tier].productionPs,
    seed: Math.abs(input.seed) % 2 ** 31,
    pH: input.pH,
    ligandProtonation: 'rules',
    docking: TIERS[tier].docking,
    timeouts: { ligandSeconds: 900 },
    platform: 'auto',
  };
  const estimate = estimateDynamics(draft);
  const job = DynamicsJob.parse({ ...draft, timeouts: { ligandSeconds: estimate.attemptSeconds } });
  return { job, arraySize: ligands.length, estimate };
}

/** Where the worker leaves the result of ligand `index` below its output prefix. */
export function dynamicsResultKey(outputPrefix: string, index: number): string {
  return `${outputPrefix.replace(/\/$/, '')}/ligand-${String(index).padStart(3, '0')}/result.json`;
}
