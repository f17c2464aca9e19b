import { routes } from '../../core/contracts/api.ts';
import { CostPlan, QuantumDecision } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import { route } from '../shared/route.ts';
import { absent } from '../shared/runs.ts';

/** `GET /runs/{runId}/plan`: the price before the start, and what the guards said once they were asked. */
export const handler = route(routes.GetPlan, async ({ parameters: { runId } }, { artifacts }) => {
  const plan = await artifacts.find(place.plan(runId), CostPlan);
  if (plan === null) throw await absent(runId, 'plan');
  const decision = await artifacts.find(place.decision(runId), QuantumDecision);
  return { plan, guards: decision?.guards ?? [] };
});
