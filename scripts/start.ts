/**
 * `npm start`: the main job. Starts the local cloud, uploads a campaign folder (the library last: its arrival starts the run), shows
 * progress, and ends with the paths of the report and the run's manifest.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readCampaignFolder } from '../cli/campaign-upload.ts';
import type { ApiClient } from '../cli/client.ts';
import { createApiClient } from '../cli/client.ts';
import { runOptions, UsageError } from '../cli/options.ts';
import { startCampaign } from '../cli/start-campaign.ts';
import { dollars, stageDurations, watchRun, whyItEnded } from '../cli/watch.ts';
import type { RunStatus } from '../core/contracts/api.ts';
import { routes } from '../core/contracts/api.ts';
import { startLocalCloudProcess } from './local-cloud.ts';

const USAGE = `npm start -- [options]: screens a campaign in the local cloud

  --campaign DIR    the campaign folder (examples/bace)
  --dynamics TIER   none, smoke, screen or explicit, instead of the campaign's
  --budget USD      hard budget in US dollars, instead of the campaign's; 0 plans only
  --state DIR       where the local cloud keeps its state (.local-cloud)
  --results DIR     where report and tables are put (results)
  --help            this text`;

const timesFile = join('.cache', 'run-times.json');
const BRIEF_MS = 50;

const say = (line: string) => console.log(line);
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** What the example takes on two cores (docs/benchmarks.md), so that a first start has a time left to show. */
const measuredMs: Record<string, number> = { 'bace {}': 155_000 };

/** How long runs took by kind; a file that cannot be read is a file that is not there, since it only serves the time left. */
function readTimes(): Record<string, number> {
  try {
    return { ...measuredMs, ...(JSON.parse(readFileSync(timesFile, 'utf8')) as Record<string, number>) };
  } catch {
    return measuredMs;
  }
}

function rememberMs(kind: string, ms: number): void {
  mkdirSync('.cache', { recursive: true });
  writeFileSync(timesFile, `${JSON.stringify({ ...readTimes(), [kind]: ms })}\n`);
}

function readCall() {
  const { values } = parseArgs({
    options: {
      campaign: { type: 'string', default: join('examples', 'bace') },
      dynamics: { type: 'string' },
      budget: { type: 'string' },
      state: { type: 'string', default: '.local-cloud' },
      results: { type: 'string', default: 'results' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  for (const name of ['campaign', 'state', 'results'] as const) {
    if (values[name] === '') throw new UsageError(`--${name}: a folder was wanted, found an empty name`);
  }
  return values;
}

let interrupted = false;

const wallMs = ({ startedAt, endedAt }: RunStatus) => Date.parse(endedAt!) - Date.parse(startedAt);

function sayHowItWent(status: RunStatus): void {
  say('\ntime per stage');
  for (const { stage, ms } of stageDurations(status)) if (ms >= BRIEF_MS) say(`  ${stage.padEnd(22)} ${seconds(ms).padStart(8)}`);
  say(`  ${'run in all'.padEnd(22)} ${seconds(wallMs(status)).padStart(8)}`);
  say(`\noutcome: ${status.outcome ?? status.status}`);
  if (status.outcome === 'PLANNED') say(`  the run would cost ${dollars(status.money.plannedMicroUsd ?? 0)}; nothing was run`);
  for (const line of whyItEnded(status)) say(`  ${line}`);
}

async function saveResults(api: ApiClient, runId: string, folder: string): Promise<void> {
  const links = await api.call(routes.GetReport, { parameters: { runId } });
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
  say(`\nreport    ${join(folder, 'report.html')}`);
  say(`manifest  ${join(folder, 'manifest.json')}`);
}

async function main(): Promise<void> {
  const values = readCall();
  if (values.help) return say(USAGE);
  const startedMs = Date.now();
  const options = runOptions(values);
  const { campaign } = readCampaignFolder(values.campaign);
  if (!existsSync(join('dist', 'build.json')))
    throw new Error('nothing is built yet: call `npm start`, which builds first, or `npm run build`');
  const cloud = await startLocalCloudProcess(resolve(values.state));
  // No cloud stays behind with the folder of state locked: the next start takes the run up where it stood.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interrupted = true;
      void cloud.stop().finally(() => process.exit(130));
    });
  }
  try {
    say(`local cloud at ${cloud.endpoint} (started in ${seconds(Date.now() - startedMs)})`);
    const region = cloud.env['AWS_REGION']!;
    const credentials = { accessKeyId: cloud.env['AWS_ACCESS_KEY_ID']!, secretAccessKey: cloud.env['AWS_SECRET_ACCESS_KEY']! };
    const api = createApiClient({ endpoint: cloud.api, region, credentials });
    const kind = `${campaign.name} ${JSON.stringify(options)}`;
    for (const runId of await startCampaign(api, values.campaign, options, say)) {
      say(`run ${runId} of campaign ${campaign.title}`);
      const status = await watchRun(api, runId, say, readTimes()[kind] ?? null);
      sayHowItWent(status);
      await saveResults(api, runId, resolve(values.results, runId));
      if (status.outcome === 'FAILED') process.exitCode = 1;
      else rememberMs(kind, wallMs(status));
    }
  } finally {
    await cloud.stop();
  }
}

try {
  await main();
} catch (error) {
  console.error(interrupted ? 'start: interrupted' : `start: ${(error as Error).message}`);
  process.exitCode = 1;
}
