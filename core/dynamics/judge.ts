/**
 * What the results of molecular dynamics may be said to show. Nothing here calls a compound a binder: on the check made before this was written
 * neither RMSD nor contacts rejected a decoy, and MM/GBSA did not rank binders. The tier and the picoseconds stand beside every number.
 */
import type { DynamicsJob, DynamicsResult, SimulatedTier } from '../contracts/dynamics.ts';
import type { Reason } from '../contracts/primitives.ts';
import type { DynamicsFacts, DynamicsLigand } from '../contracts/report.ts';

/** Chosen before any calibration and uncalibrated since: they describe a trajectory and decide nothing. */
const KEPT = { rmsdAngstrom: 2.0, contacts: 0.7 } as const;
const LEFT = { rmsdAngstrom: 3.0, contacts: 0.5 } as const;

export type PoseObservation = 'kept' | 'left' | 'unclear';

export interface DynamicsJudgement {
  readonly facts: DynamicsFacts;
  /** Why the run is PARTIAL on account of dynamics; empty when every ligand has a result. */
  readonly reasons: Reason[];
}

/**
 * What became of the starting pose: kept when every replica stays below 2 A with 70 % of its contacts, left when every one passes 3 A or falls below half.
 * Null for smoke, whose picoseconds cannot tell, and for a ligand without trajectories.
 */
export function observePose(result: DynamicsResult): PoseObservation | null {
  if (result.tier === 'smoke' || result.replicas.length === 0) return null;
  const { replicas } = result;
  if (replicas.every((r) => r.rmsdLastHalfAngstrom < KEPT.rmsdAngstrom && r.contactsKept >= KEPT.contacts)) return 'kept';
  if (replicas.every((r) => r.rmsdLastHalfAngstrom > LEFT.rmsdAngstrom || r.contactsKept < LEFT.contacts)) return 'left';
  return 'unclear';
}

const STATEMENTS: Record<SimulatedTier, (job: DynamicsJob) => string> = {
  smoke: (job) =>
    `Smoke tier: ${length(job)} for each ligand, in a cut-out pocket with implicit solvent. This shows that the path works. It is far too short for a verdict on any compound, and none is given.`,
  screen: (job) =>
    `Pose stability screen: ${length(job)} for each ligand, in a cut-out pocket with implicit solvent. The limits for a kept pose are not calibrated, and a ligand in a wrong pose can sit still for so long: read the numbers as a description of the trajectories and not as a verdict.`,
  explicit: (job) =>
    `Explicit tier: ${length(job)} for each ligand, whole protein in TIP3P water at constant pressure. MM/GBSA is shown without entropy and has not been calibrated on this target.`,
};

function length(job: DynamicsJob): string {
  return `${job.replicas} x ${job.productionPs} ps`;
}

function poseInWords(result: DynamicsResult | null, docked: boolean): string {
  if (!docked) return 'given with the job';
  if (result?.docking) {
    const score = result.docking.scoresKcalMol[0];
    return `docked with ${result.docking.program}, exhaustiveness ${result.docking.exhaustiveness}${score === undefined ? '' : `, score ${score.toFixed(1)} kcal/mol`}`;
  }
  return 'to be docked';
}

function measuresOf(result: DynamicsResult): DynamicsLigand['measures'] {
  const { summary, replicas, docking } = result;
  if (summary === null) return {};
  const measures: DynamicsLigand['measures'] = {
    simulatedPsTotal: summary.simulatedPsTotal,
    rmsdLastHalfAngstrom: summary.rmsdLastHalfAngstrom.mean,
    rmsdStandardErrorAngstrom: summary.rmsdLastHalfAngstrom.standardError,
    contactsKept: summary.contactsKept.mean,
    mmgbsaKcalMol: summary.mmgbsaKcalMol.mean,
    mmgbsaStandardErrorKcalMol: summary.mmgbsaKcalMol.standardError,
    interactionKcalMol: summary.interactionKcalMol.mean,
    largestEnergyCheckKcalMol: Math.max(...replicas.map((replica) => Math.abs(replica.energyCheck.differenceKcalMol))),
    hydrogenBonds: lastingBonds(result),
  };
  if (docking) measures['dockingScoreKcalMol'] = docking.scoresKcalMol[0] ?? null;
  const observation = observePose(result);
  if (observation !== null) measures['startingPose'] = `${observation} (limits not calibrated)`;
  return measures;
}

/** The hydrogen bonds seen in over half the frames of every replica, strongest first; null when there is none. */
function lastingBonds(result: DynamicsResult): string | null {
  const [first, ...others] = result.replicas;
  if (first === undefined) return null;
  const name = (bond: { donor: string; acceptor: string }) => `${bond.donor} to ${bond.acceptor}`;
  const lasting = others.map((replica) => new Set(replica.hydrogenBonds.filter((bond) => bond.occupancy > 0.5).map(name)));
  const bonds = first.hydrogenBonds.filter((bond) => bond.occupancy > 0.5 && lasting.every((set) => set.has(name(bond))));
  return bonds.length === 0 ? null : bonds.map(name).join('; ');
}

/**
 * Facts for the report and reasons for the run's outcome.
 *
 * shapes       results[i] belongs to job.ligands[i]; null where the worker left none
 * unavailable  why the worker could not run at all (no Python, job never started); then the facts hold the ligands without trajectories
 * throws       RangeError when the results do not belong to the job
 */
export function judgeDynamics(
  job: DynamicsJob,
  results: readonly (DynamicsResult | null)[],
  unavailable: string | null = null,
): DynamicsJudgement {
  if (results.length !== job.ligands.length) {
    throw new RangeError(`wanted ${job.ligands.length} results, one for each ligand, found ${results.length}`);
  }
  const ligands = job.ligands.map((ligand, index): DynamicsLigand => {
    const result = results[index] ?? null;
    if (result !== null && (result.ligand.id !== ligand.id || result.runId !== job.runId || result.tier !== job.tier)) {
      throw new RangeError(
        `wanted the ${job.tier} result of ${ligand.id} in run ${job.runId}, found that of ${result.ligand.id} in ${result.runId}`,
      );
    }
    const failure: Reason | null =
      result === null
        ? {
            code: unavailable === null ? 'NO_RESULT' : 'DYNAMICS_UNAVAILABLE',
            message: unavailable ?? 'the worker left no result',
          }
        : result.status === 'ok'
          ? null
          : { code: result.code ?? 'INTERNAL', message: result.message ?? 'no message' };
    return {
      id: ligand.id,
      role: ligand.role,
      pose: poseInWords(result, ligand.pose === null),
      replicas: (result?.replicas ?? []).map((replica) => ({
        seed: replica.seed,
        simulatedPs: replica.simulatedPs,
        timesPs: replica.series.timePs,
        rmsdAngstrom: replica.series.rmsdAngstrom,
        contactsKept: replica.contactsKept,
      })),
      measures: result === null ? {} : measuresOf(result),
      failure,
    };
  });
  return {
    facts: {
      tier: job.tier,
      statement: STATEMENTS[job.tier](job),
      ligands,
      versions: results.find((r) => r?.status === 'ok')?.versions ?? {},
    },
    reasons: reasonsOf(ligands, unavailable),
  };
}

function reasonsOf(ligands: readonly DynamicsLigand[], unavailable: string | null): Reason[] {
  const failed = ligands.filter((ligand) => ligand.failure !== null);
  if (failed.length === 0) return [];
  if (unavailable !== null && failed.length === ligands.length) return [{ code: 'DYNAMICS_UNAVAILABLE', message: unavailable }];
  const list = failed.map((ligand) => `${ligand.id} (${ligand.failure?.code})`).join(', ');
  const code = failed.length === ligands.length ? 'DYNAMICS_FAILED' : 'DYNAMICS_INCOMPLETE';
  return [{ code, message: `${failed.length} of ${ligands.length} ligands have no trajectory: ${list}` }];
}
