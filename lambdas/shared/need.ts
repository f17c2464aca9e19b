/** The guards' questions about need, asked twice: before the head is trained and before the top goes to a device. */

import type { GuardDecision, RunRecord } from '../../core/contracts/artifacts.ts';
import { CostPlan } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import { quantumNeed, stageCost } from '../../core/guards/index.ts';
import type { AffinityModel } from '../../core/model/affinity-model.ts';
import { hiddenFeatures, rowsOf } from '../../core/model/affinity-model.ts';
import { rootMeanSquareError } from '../../core/model/objective.ts';
import { pickLabels } from '../../core/model/train-classical.ts';
import type { ArtifactStore } from './artifacts.ts';

/** Error of the classical model on compounds that neither trained nor stopped it, pK; null when there are none. */
export function heldOutRmsePk(model: AffinityModel): number | null {
  const rows = rowsOf(model.labelled, 'calibration');
  if (rows.length === 0) return null;
  const { y } = hiddenFeatures(model, model.labelled.features);
  return rootMeanSquareError(
    Float64Array.from(rows, (row) => y[row]!),
    pickLabels(model.labelled, rows),
  );
}

export async function askNeed(
  artifacts: ArtifactStore,
  run: RunRecord,
  model: AffinityModel,
  lights: { loading: GuardDecision['decision'] | null; plateau: GuardDecision['decision'] | null },
): Promise<GuardDecision[]> {
  const { campaign, options, runId } = run;
  const plan = await artifacts.read(place.plan(runId), CostPlan);
  return quantumNeed({
    task: campaign.task,
    hasStructure: campaign.structure !== undefined,
    // Without held-out compounds the validation error is the best there is; it stopped the training, so it flatters.
    classicalRmsePk: heldOutRmsePk(model) ?? Math.min(...model.classicalTraining.validationRmsePk),
    assayNoisePk: campaign.assay.noisePk,
    multireference: null,
    deviceCostMicroUsd: stageCost(plan, 'train') + stageCost(plan, 'refine'),
    budgetMicroUsd: options.budgetMicroUsd ?? campaign.budgetMicroUsd,
    loadingLight: lights.loading,
    plateauLight: lights.plateau,
    labelledCount: model.labelled.ids.length,
  });
}
