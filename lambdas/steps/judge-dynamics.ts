import { Ranking } from '../../core/contracts/artifacts.ts';
import { DynamicsJob, DynamicsResult } from '../../core/contracts/dynamics.ts';
import { place } from '../../core/contracts/places.ts';
import { DynamicsFacts } from '../../core/contracts/report.ts';
import { JudgeDynamics } from '../../core/contracts/steps.ts';
import { judgeDynamics } from '../../core/dynamics/judge.ts';
import { DOCKABLE_HEAVY_ATOMS, dynamicsResultKey } from '../../core/dynamics/plan.ts';
import { jobPriceMicroUsd } from '../../core/guards/job-price.ts';
import type { ArtifactStore } from '../shared/artifacts.ts';
import { step } from '../shared/step.ts';

/** What the job definition asks for (infra/manifest.ts). */
const JOB = { vcpus: 1, memoryGb: 3 } as const;

/** Says which better-ranked compounds were too large to be docked; empty when none was. */
async function passedOver(artifacts: ArtifactStore, runId: string, job: DynamicsJob): Promise<string> {
  const { candidates } = await artifacts.read(place.ranking(runId), Ranking);
  const chosen = new Set(job.ligands.map(({ id }) => id));
  const last = candidates.findLastIndex(({ id }) => chosen.has(id));
  const skipped = candidates.slice(0, last + 1).filter(({ id }) => !chosen.has(id));
  if (skipped.length === 0) return '';
  return ` Passed over as too large to be docked (more than ${DOCKABLE_HEAVY_ATOMS} heavy atoms): ${skipped.map(({ id, heavyAtoms }) => `${id} (${heavyAtoms})`).join(', ')}.`;
}

/** State `JudgeDynamics`: reads the answer of every ligand and says what they can and cannot tell; a missing one is a reason. */
export const handler = step(JudgeDynamics, async ({ runId, unavailable }, { artifacts, ledger, telemetry }) => {
  const job = await artifacts.read(place.dynamicsJob(runId), DynamicsJob);
  const results = await Promise.all(
    job.ligands.map((_, index) => artifacts.find(dynamicsResultKey(place.dynamicsOutput(runId), index), DynamicsResult)),
  );
  const seconds = results.reduce(
    (sum, result) => sum + Object.values(result?.timingsSeconds ?? {}).reduce((a, b) => a + b, 0),
    0,
  );
  await ledger.draw('dynamics', 'jobs', jobPriceMicroUsd(seconds, JOB.vcpus, JOB.memoryGb));
  const { facts, reasons } = judgeDynamics(job, results, unavailable);
  const passed = await passedOver(artifacts, runId, job);
  await artifacts.write(place.dynamicsFacts(runId), DynamicsFacts, { ...facts, statement: `${facts.statement}${passed}` });
  const judged = results.filter((result) => result?.status === 'ok').length;
  telemetry.info('dynamics judged', { tier: job.tier, judged, of: job.ligands.length });
  return { judged, reasons };
});
