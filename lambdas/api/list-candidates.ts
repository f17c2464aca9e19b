import { routes } from '../../core/contracts/api.ts';
import { Ranking } from '../../core/contracts/artifacts.ts';
import { InvalidRequest } from '../../core/contracts/errors.ts';
import { place } from '../../core/contracts/places.ts';
import { route } from '../shared/route.ts';
import { absent } from '../shared/runs.ts';

/** `GET /runs/{runId}/candidates`: the ranking, a page at a time; the token is the rank to go on from. */
export const handler = route(
  routes.ListCandidates,
  async ({ parameters: { runId }, query: { limit, nextToken } }, { artifacts }) => {
    const ranking = await artifacts.find(place.ranking(runId), Ranking);
    if (ranking === null) throw await absent(runId, 'ranking');
    const start = nextToken === undefined ? 0 : Number(/^[1-9]\d{0,8}$/.exec(nextToken)?.[0] ?? Number.NaN);
    if (!(start < Math.max(1, ranking.candidates.length))) {
      throw new InvalidRequest(`nextToken: wanted one that this route gave, found ${JSON.stringify(nextToken)}`);
    }
    const end = start + limit;
    return {
      total: ranking.candidates.length,
      candidates: ranking.candidates.slice(start, end),
      nextToken: end < ranking.candidates.length ? String(end) : null,
    };
  },
);
