import { affinity } from '../../core/problems/affinity.ts';
import type { AffinityState } from '../../core/problems/affinity-state.ts';
import type { ArtifactStore } from './artifacts.ts';
import { reportProgress } from './progress.ts';
import type { Telemetry } from './telemetry.ts';

/** Loss and steps, for the dashboard and for whoever watches the run. */
export async function reportLoop(
  artifacts: ArtifactStore,
  telemetry: Telemetry,
  runId: string,
  state: AffinityState,
): Promise<void> {
  const { iteration, totalIterations, loss, bestLoss, gradientVariance, circuits } = affinity.progress(state);
  if (loss !== null) telemetry.gauge('Loss', loss);
  if (gradientVariance !== null) telemetry.gauge('GradientVariance', gradientVariance);
  telemetry.info('loop', { stage: state.stage, iteration, loss, bestLoss, circuits });
  await reportProgress(artifacts, runId, state.stage, iteration, totalIterations, {
    ...(loss === null ? {} : { loss }),
    ...(bestLoss === null ? {} : { best: bestLoss }),
  });
}
