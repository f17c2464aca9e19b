/** The training curve, and how prediction and measurement compare on compounds that no model was trained on. */
import type { Training } from '../../../core/contracts/report.ts';
import type { AffinityModel } from '../../../core/model/affinity-model.ts';
import { hybridScores, labelledInputs, rowsOf } from '../../../core/model/affinity-model.ts';
import { backboneForward } from '../../../core/model/backbone.ts';
import { halfWidthPk } from '../../../core/model/calibration.ts';
import type { AffinityState } from '../../../core/problems/affinity-state.ts';
import type { StageUse } from './device-facts.ts';

export function trainingFacts({ curve, best }: AffinityState, model: AffinityModel, ran: StageUse): Training {
  const validation = new Map(curve.validation.map(({ iteration, rmsePk }) => [iteration, rmsePk]));
  const steps = new Set([...validation.keys(), ...curve.loss.map((_, i) => i + 1)]);
  return {
    points: [...steps]
      .sort((a, b) => a - b)
      .map((step) => ({
        step,
        trainLoss: curve.loss[step - 1] ?? null,
        validationLoss: validation.get(step) ?? null,
        gradientVariance: curve.gradientVariance[step - 1] ?? null,
      })),
    bestStep: best?.iteration ?? null,
    ...ran,
    calibration: calibrationFacts(model),
  };
}

function calibrationFacts(model: AffinityModel): Training['calibration'] {
  const rows = rowsOf(model.labelled, 'calibration').filter((row) => model.labelled.relations[row] === '=');
  if (rows.length === 0) return null;
  const inputs = labelledInputs(model);
  const { calibration } = model;
  const classical = backboneForward(model.shape, model.classical, inputs, rows).y;
  const hybrid = model.hybrid === null ? classical : hybridScores(model.shape, model.hybrid, inputs, rows);
  return {
    measuredPk: rows.map((row) => model.labelled.pK[row]!),
    classicalPk: [...classical],
    hybridPk: [...hybrid],
    // At full similarity: the narrowest interval that is ever shown.
    halfWidthPk: Math.max(
      halfWidthPk(calibration.classical, 1),
      calibration.hybrid === null ? 0 : halfWidthPk(calibration.hybrid, 1),
    ),
  };
}
