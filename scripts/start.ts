/**
 * `npm start`: the main job. Starts the local cloud, uploads a campaign folder (the library last: its arrival starts the run), shows
 * progress, and ends with the paths of the report and the run's manifest.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readCampaignFolder, uploadCampaign } from '../cli/campaign-upload.ts';
import type { ApiClient } from '../cli/client.ts';
import { createApiClient } from '../cli/client.ts';
import { stageDurations, watchRun } from '../cli/watch.ts';
import { routes } from '../core/contracts/api.ts';
import { startLocalCloudProcess } from './local-cloud.ts';

const RUN_APPEARS_MS = 60_000;
const timesFile = join('.cache', 'run-times.json');

const say = (line: string) => console.log(line);
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** How long the last run of the same kind took, for the time left. */
function expectedMs(kind: string): number | null {
  if (!existsSync(timesFile)) return null;
  const times = JSON.parse(readFileSync(timesFile, 'utf8')) as Record<string, number>;
  return times[kind] ?? null;
}

function rememberMs(kind: string, ms: number): void {
  mkdirSync('.cache', { recursive: true });
  const times = existsSync(timesFile) ? (JSON.parse(readFileSync(timesFile, 'utf8')) as Record<string, number>) : {};
  writeFileSync(timesFile, `${JSON.stringify({ ...times, [kind]: ms })}\n`);
}

/** The run that the uploaded library started; it was not there before. */
async function findNewRun(api: ApiClient, campaign: string, known: ReadonlySet<string>): Promise<string> {
  const giveUpMs = Date.now() + RUN_APPEARS_MS;
  while (Date.now() < giveUpMs) {
    const { runs } = await api.call(routes.ListRuns);
    const fresh = runs.find(({ runId }) => runId.startsWith(`${campaign}-`) && !known.has(runId));
    if (fresh !== undefined) return fresh.runId;
    await new Promise((wake) => setTimeout(wake, 200));
  }
  throw new Error(`the library was uploaded, but no run of campaign ${campaign} appeared within ${RUN_APPEARS_MS / 1000} s`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      campaign: { type: 'string', default: join('examples', 'bace') },
      dynamics: { type: 'string' },
      budget: { type: 'string' },
      state: { type: 'string', default: '.local-cloud' },
      results: { type: 'string', default: 'results' },
    },
  });
  const startedMs = Date.now();
  const { campaign, libraries } = readCampaignFolder(values.campaign);
  const cloud = await startLocalCloudProcess(resolve(values.state));
  try {
    say(`local cloud at ${cloud.endpoint} (started in ${seconds(Date.now() - startedMs)})`);
    const region = cloud.env['AWS_REGION']!;
    const credentials = { accessKeyId: cloud.env['AWS_ACCESS_KEY_ID']!, secretAccessKey: cloud.env['AWS_SECRET_ACCESS_KEY']! };
    const api = createApiClient({ endpoint: cloud.api, region, credentials });
    const known = new Set((await api.call(routes.ListRuns, { query: { limit: '500' } })).runs.map(({ runId }) => runId));

    const options = {
      ...(values.dynamics === undefined ? {} : { dynamicsTier: values.dynamics }),
      ...(values.budget === undefined ? {} : { budgetMicroUsd: Math.round(Number(values.budget) * 1e6) }),
    };
    let runId: string;
    if (Object.keys(options).length === 0) {
      await uploadCampaign(api, values.campaign, say);
      runId = await findNewRun(api, campaign.name, known);
    } else {
      // Options are of a request, not of a file: the campaign is uploaded without its arrival starting anything.
      runId = await startWithOptions(api, values.campaign, libraries[0]!, options);
    }
    say(`run ${runId} of campaign ${campaign.title}`);

    const kind = `${campaign.name} ${JSON.stringify(options)}`;
    const status = await watchRun(api, runId, say, expectedMs(kind));
    say('\ntime per stage');
    for (const { stage, ms } of stageDurations(status)) if (ms >= 50) say(`  ${stage.padEnd(22)} ${seconds(ms).padStart(8)}`);
    say(`  ${'run in all'.padEnd(22)} ${seconds(Date.parse(status.endedAt!) - Date.parse(status.startedAt)).padStart(8)}`);
    say(`\noutcome: ${status.outcome ?? status.status}`);
    for (const { code, message } of status.reasons) say(`  ${code}: ${message}`);
    if (status.reasons.length === 0 && status.error !== null) say(`  ${status.error.name}: ${status.error.cause}`);

    const links = await api.call(routes.GetReport, { parameters: { runId } });
    const folder = resolve(values.results, runId);
    mkdirSync(folder, { recursive: true });
    const save = async (name: string, link: { url: string } | null) => {
      if (link !== null) writeFileSync(join(folder, name), await api.download(link.url));
    };
    await Promise.all([
      save('report.html', links.report),
      save('manifest.json', links.manifest),
      save('ranked.csv', links.ranking),
      save('ranked.sdf', links.structures),
    ]);
    if (status.outcome !== 'FAILED') rememberMs(kind, Date.parse(status.endedAt!) - Date.parse(status.startedAt));
    say(`\nreport    ${join(folder, 'report.html')}`);
    say(`manifest  ${join(folder, 'manifest.json')}`);
    if (status.outcome === 'FAILED') process.exitCode = 1;
  } finally {
    await cloud.stop();
  }
}

/** Uploads everything, the library under a name that starts no run, and asks for one with options. */
async function startWithOptions(api: ApiClient, folder: string, library: string, options: object): Promise<string> {
  const { campaign } = await uploadCampaign(api, folder, say, (path) =>
    path.startsWith('libraries/') ? path.replace('libraries/', 'on-request/') : path,
  );
  const asked = await api.call(routes.StartRun, {
    body: { campaign: campaign.name, library: library.replace('libraries/', 'on-request/'), options },
  });
  return asked.runId;
}

try {
  await main();
} catch (error) {
  console.error(`start: ${(error as Error).message}`);
  process.exitCode = 1;
}
