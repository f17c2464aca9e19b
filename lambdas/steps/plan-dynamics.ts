import { createHash } from 'node:crypto';
import { CostPlan, Ranking } from '../../core/contracts/artifacts.ts';
import { DynamicsJob } from '../../core/contracts/dynamics.ts';
import { InvalidCampaign, MissingStructure } from '../../core/contracts/errors.ts';
import { campaignKey, place, uri } from '../../core/contracts/places.ts';
import { PlanDynamics } from '../../core/contracts/steps.ts';
import type { DynamicsFinalist } from '../../core/dynamics/plan.ts';
import { DOCKABLE_HEAVY_ATOMS, planDynamics } from '../../core/dynamics/plan.ts';
import { stageCost } from '../../core/guards/index.ts';
import { createLibraryReader } from '../../core/molecule/library.ts';
import { standardiseMolblock } from '../../core/molecule/standardise.ts';
import type { ArtifactStore } from '../shared/artifacts.ts';
import { warmChemistry } from '../shared/chemistry.ts';
import { seedFor } from '../shared/seeds.ts';
import { step } from '../shared/step.ts';

async function input(artifacts: ArtifactStore, key: string) {
  const bytes = await artifacts.readBytes(key);
  return { bytes, entry: { uri: uri(artifacts.bucket, key), sha256: createHash('sha256').update(bytes).digest('hex') } };
}

/** The first record of the campaign's reference file: the scale beside which candidates are seen. */
async function referenceLigand(artifacts: ArtifactStore, key: string): Promise<DynamicsFinalist> {
  const { bytes, entry } = await input(artifacts, key);
  const reader = createLibraryReader('sdf');
  const [first] = [...reader.push(bytes), ...reader.end()];
  if (first === undefined || first.kind === 'rejected') throw new InvalidCampaign(`${key}: an SD file with one pose was wanted`);
  const outcome = await standardiseMolblock(first.text, warmChemistry());
  if (!outcome.ok) throw new InvalidCampaign(`${key}: the pose cannot be read: ${outcome.rejection.message}`);
  return { id: `reference ${first.id}`, name: first.id, smiles: outcome.value.smiles, pose: entry };
}

/** State `PlanDynamics`: the reference and the best candidates as one job document, with what it will take. */
export const handler = step(PlanDynamics, async ({ runId, tier }, { artifacts, telemetry, run }) => {
  const { campaign } = await run();
  const jobUri = uri(artifacts.bucket, place.dynamicsJob(runId));
  const outputUri = uri(artifacts.bucket, place.dynamicsOutput(runId)).replace(/\/$/, '');
  const nothing = { run: false, jobUri, outputUri, arraySize: 0, attemptSeconds: 0, reserveMicroUsd: 0 };
  if (tier === 'none') return nothing;
  const { structure, dynamics, seed, name } = campaign;
  if (structure === undefined) throw new MissingStructure('dynamics wants the campaign to name a structure');
  const ranking = await artifacts.read(place.ranking(runId), Ranking);
  const { job, arraySize, estimate } = planDynamics({
    runId,
    tier,
    protein: (await input(artifacts, campaignKey(name, structure.protein))).entry,
    reference: await referenceLigand(artifacts, campaignKey(name, structure.referenceLigand)),
    candidates: ranking.candidates
      .filter(({ heavyAtoms }) => heavyAtoms <= DOCKABLE_HEAVY_ATOMS)
      .slice(0, dynamics.candidates)
      .map(({ id, smiles }) => ({ id, name: id, smiles, pose: null })),
    pocketRadiusAngstrom: dynamics.pocketRadiusAngstrom,
    pH: dynamics.pH,
    seed: seedFor(seed, 'dynamics'),
  });
  await artifacts.write(place.dynamicsJob(runId), DynamicsJob, job);
  telemetry.info('dynamics planned', { tier, ligands: job.ligands.length, secondsPerLigand: estimate.secondsPerLigand });
  const plan = await artifacts.read(place.plan(runId), CostPlan);
  return {
    run: true,
    jobUri,
    outputUri,
    arraySize,
    attemptSeconds: estimate.attemptSeconds,
    reserveMicroUsd: stageCost(plan, 'dynamics'),
  };
});
