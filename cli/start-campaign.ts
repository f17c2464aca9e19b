/** From a campaign folder to runs: a library that lands starts one by itself; a run with options is asked for. */
import { routes } from '../core/contracts/api.ts';
import { readCampaignFolder, uploadCampaign } from './campaign-upload.ts';
import type { ApiClient } from './client.ts';
import type { RunOptionsOfCall } from './options.ts';

const APPEARS_MS = 60_000;
const POLL_MS = 200;
const LARGEST_PAGE = '500';

const BY_ARRIVAL = 'libraries/';
/** A library here starts nothing when it lands. */
const ON_REQUEST = 'on-request/';

async function runsOf(api: ApiClient, campaign: string): Promise<string[]> {
  const { runs } = await api.call(routes.ListRuns, { query: { limit: LARGEST_PAGE } });
  return runs.map(({ runId }) => runId).filter((runId) => runId.replace(/-[0-9a-f]{12}$/, '') === campaign);
}

/** The runs that appeared since `known`, as soon as there are `wanted` of them. */
async function newRuns(api: ApiClient, campaign: string, known: ReadonlySet<string>, wanted: number): Promise<string[]> {
  const giveUpMs = Date.now() + APPEARS_MS;
  for (;;) {
    const fresh = (await runsOf(api, campaign)).filter((runId) => !known.has(runId));
    if (fresh.length >= wanted) return fresh.reverse();
    if (Date.now() > giveUpMs) {
      throw new Error(
        `${wanted} ${wanted === 1 ? 'library was' : 'libraries were'} uploaded, but ${fresh.length} runs of campaign ${campaign} appeared within ${APPEARS_MS / 1000} s`,
      );
    }
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}

/** Uploads the folder and returns the ids of the runs that this started, one for each library. */
export async function startCampaign(
  api: ApiClient,
  folder: string,
  options: RunOptionsOfCall,
  say: (line: string) => void,
): Promise<string[]> {
  const { campaign, libraries } = readCampaignFolder(folder);
  if (Object.keys(options).length === 0) {
    const known = new Set(await runsOf(api, campaign.name));
    await uploadCampaign(api, folder, say);
    return newRuns(api, campaign.name, known, libraries.length);
  }
  const onRequest = (path: string) => (path.startsWith(BY_ARRIVAL) ? path.replace(BY_ARRIVAL, ON_REQUEST) : path);
  await uploadCampaign(api, folder, say, onRequest);
  const runs: string[] = [];
  for (const library of libraries) {
    const body = { campaign: campaign.name, library: onRequest(library), options };
    runs.push((await api.call(routes.StartRun, { body })).runId);
  }
  return runs;
}
