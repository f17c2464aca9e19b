import { QuantumDecision, Ranking } from '../../core/contracts/artifacts.ts';
import { NoValidCompound } from '../../core/contracts/errors.ts';
import { place } from '../../core/contracts/places.ts';
import { RankCandidates } from '../../core/contracts/steps.ts';
import { RANKING_ROWS } from '../../core/report/tables.ts';
import type { RankedEntry } from '../../core/screening/ranking.ts';
import { applyRefinement, finalPk, rankEntries, toCandidates } from '../../core/screening/ranking.ts';
import { readLabelled, readState } from '../shared/models.ts';
import { keepBest, readDuplicates, scoredLibrary } from '../shared/scored-library.ts';
import { step } from '../shared/step.ts';

/** State `RankCandidates`: classical, hybrid and refined scores side by side, best first. */
export const handler = step(RankCandidates, async ({ runId, shardCount, refinedStateUri }, { artifacts, telemetry }) => {
  const decision = await artifacts.read(place.decision(runId), QuantumDecision);
  const refined = new Map<string, number>();
  if (refinedStateUri !== null) {
    const state = await readState(artifacts, refinedStateUri);
    // A refinement that was cut short has no second forward pass: then the hybrid's own scores stand.
    if (state.stage === 'refine' && state.after !== null) {
      for (const [i, { shard, indexInShard }] of decision.selected.entries())
        refined.set(`${shard}/${indexInShard}`, state.after.pK[i]!);
    }
  }
  let scored = 0;
  let rejected = 0;
  const best = keepBest<RankedEntry>(RANKING_ROWS, finalPk);
  for await (const { entries, header } of scoredLibrary(artifacts, runId, shardCount)) {
    scored += entries.length;
    rejected += header.rejected.length;
    const here = new Map([...refined].filter(([key]) => key.startsWith(`${header.shard}/`)));
    for (const entry of applyRefinement(entries, here)) best.add(entry);
  }
  if (scored === 0)
    throw new NoValidCompound(`not one compound of the library could be used; ${rejected} rows were rejected, with reasons`);
  const { compounds } = await readLabelled(artifacts, runId);
  const candidates = toCandidates(rankEntries(best.best()), compounds, RANKING_ROWS);
  const duplicates = (await readDuplicates(artifacts, runId)).length;
  await artifacts.write(place.ranking(runId), Ranking, { schema: 'ranking/1', scored, duplicates, rejected, candidates });
  telemetry.info('ranked', { scored, duplicates, rejected, refined: refined.size });
  return { ranked: candidates.length };
});
