#!/usr/bin/env node
/** `qefm`: a thin client of the HTTP API, for the cloud and for local-sim alike. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { routes } from '../core/contracts/api.ts';
import { uploadCampaign } from './campaign-upload.ts';
import { createApiClient } from './client.ts';
import type { ApiClient } from './client.ts';
import { watchRun } from './watch.ts';

const USAGE = `qefm: screens compound libraries with a quantum-enhanced model

  qefm upload DIR               upload a campaign folder; a library that lands starts a run
  qefm start CAMPAIGN LIBRARY   start a run on an uploaded library (e.g. libraries/kinase.smi)
  qefm list                     runs, newest first
  qefm status RUN               where a run stands, as JSON
  qefm watch RUN                follow a run until it is over
  qefm stop RUN                 stop a run
  qefm plan RUN                 what it was planned to cost, what the guards said
  qefm candidates RUN           ranked candidates (--limit N, --next TOKEN)
  qefm report RUN [FILE]        addresses of the report; with FILE, save report.html there
  qefm openapi                  the API's description

options
  --endpoint URL    address of the API (or QEFM_ENDPOINT)
  --region NAME     region to sign for (or AWS_REGION; us-east-1)
  --dynamics TIER   none, smoke, screen or explicit (start)
  --budget USD      hard budget of the run in US dollars; 0 plans only (start)
  --token TEXT      equal tokens start one run (start)
credentials come from the usual AWS environment variables and files`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    endpoint: { type: 'string' },
    region: { type: 'string' },
    dynamics: { type: 'string' },
    budget: { type: 'string' },
    token: { type: 'string' },
    limit: { type: 'string' },
    next: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});

function wanted(value: string | undefined, what: string): string {
  if (value === undefined) throw new Error(`${what} is missing; qefm --help shows how it is called`);
  return value;
}

const show = (value: unknown) => console.log(JSON.stringify(value, null, 2));

function budgetMicroUsd(text: string): number {
  const usd = Number(text);
  if (!Number.isFinite(usd) || usd < 0) throw new Error(`--budget: an amount in US dollars was wanted, found ${JSON.stringify(text)}`);
  return Math.round(usd * 1e6);
}

type Command = (api: ApiClient, args: string[]) => Promise<void>;
const runId = (args: string[]) => ({ parameters: { runId: wanted(args[0], 'the id of a run') } });

const commands: Record<string, Command> = {
  async upload(api, args) {
    await uploadCampaign(api, wanted(args[0], 'the campaign folder'), console.log);
  },
  async start(api, args) {
    const options = {
      ...(values.dynamics === undefined ? {} : { dynamicsTier: values.dynamics }),
      ...(values.budget === undefined ? {} : { budgetMicroUsd: budgetMicroUsd(values.budget) }),
    };
    const body = {
      campaign: wanted(args[0], 'the name of a campaign'),
      library: wanted(args[1], 'the library'),
      options,
      ...(values.token === undefined ? {} : { clientToken: values.token }),
    };
    show(await api.call(routes.StartRun, { body }));
  },
  async list(api) {
    const query = { ...(values.limit === undefined ? {} : { limit: values.limit }), ...(values.next === undefined ? {} : { nextToken: values.next }) };
    const { runs, nextToken } = await api.call(routes.ListRuns, { query });
    for (const run of runs) console.log(`${run.startedAt}  ${run.status.padEnd(9)}  ${run.runId}`);
    if (nextToken !== null) console.log(`more: --next ${nextToken}`);
  },
  async status(api, args) {
    show(await api.call(routes.GetRun, runId(args)));
  },
  async watch(api, args) {
    const status = await watchRun(api, wanted(args[0], 'the id of a run'), console.log);
    console.log(status.outcome ?? status.status);
    for (const { code, message } of status.reasons) console.log(`${code}: ${message}`);
    if (status.outcome === 'FAILED') process.exitCode = 1;
  },
  async stop(api, args) {
    show(await api.call(routes.StopRun, runId(args)));
  },
  async plan(api, args) {
    show(await api.call(routes.GetPlan, runId(args)));
  },
  async candidates(api, args) {
    const query = { ...(values.limit === undefined ? {} : { limit: values.limit }), ...(values.next === undefined ? {} : { nextToken: values.next }) };
    show(await api.call(routes.ListCandidates, { ...runId(args), query }));
  },
  async report(api, args) {
    const links = await api.call(routes.GetReport, runId(args));
    const file = args[1];
    if (file === undefined) return show(links);
    writeFileSync(file, await api.download(links.report.url));
    console.log(file);
  },
  async openapi(api) {
    show(await api.call(routes.GetOpenapi));
  },
};

async function main(): Promise<void> {
  const [name, ...args] = positionals;
  const command = name === undefined || values.help ? undefined : commands[name];
  if (command === undefined) {
    console.log(USAGE);
    if (name !== undefined && !values.help) throw new Error(`there is no command ${JSON.stringify(name)}`);
    return;
  }
  const endpoint = wanted(values.endpoint ?? process.env['QEFM_ENDPOINT'], 'the API address (--endpoint or QEFM_ENDPOINT)');
  await command(createApiClient({ endpoint, region: values.region ?? process.env['AWS_REGION'] ?? 'us-east-1' }), args);
}

try {
  await main();
} catch (error) {
  console.error(`qefm: ${(error as Error).message}`);
  process.exitCode = 1;
}
