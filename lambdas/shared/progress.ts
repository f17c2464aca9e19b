import { StageProgress } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import type { ArtifactStore } from './artifacts.ts';

/** Leaves word of how far a stage is, for the API; the last word counts. */
export async function reportProgress(
  store: ArtifactStore,
  runId: string,
  stage: string,
  done: number,
  total: number,
  facts: Record<string, number | string> = {},
): Promise<void> {
  await store.write(place.progress(runId, stage), StageProgress, { schema: 'stage-progress/1', stage, done, total, facts });
}
