/** The commands of `qefm`: what each wants, and the one call of the API that it is. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { routes } from '../core/contracts/api.ts';
import type { ApiClient } from './client.ts';
import { createApiClient } from './client.ts';
import { runOptions, UsageError } from './options.ts';
import { startCampaign } from './start-campaign.ts';
import { watchRun, whyItEnded } from './watch.ts';

const USAGE = `qefm: screens compound libraries with a quantum-enhanced model

  qefm upload DIR               upload a campaign folder and start a run for each of its libraries
  qefm start CAMPAIGN LIBRARY   start a run on an uploaded library (e.g. libraries/kinase.smi)
  qefm list                     runs, newest first
  qefm status RUN               where a run stands, as JSON
  qefm watch RUN                follow a run until it is over
  qefm stop RUN                 stop a run
  qefm plan RUN                 what it was planned to cost, what the guards said
  qefm candidates RUN           ranked candidates, as JSON
  qefm report RUN [FILE]        addresses of the report; with FILE, save report.html there
  qefm openapi                  the API's description

options
  --endpoint URL    address of the API (or QEFM_ENDPOINT)
  --region NAME     region to sign for (or AWS_REGION; us-east-1)
  --dynamics TIER   none, smoke, screen or explicit (upload, start)
  --budget USD      hard budget of the run in US dollars; 0 plans only (upload, start)
  --token TEXT      equal tokens start one run (start)
  --limit N         entries of a page, at most 500 (list, candidates)
  --next TOKEN      go on where a page ended (list, candidates)
credentials come from the usual AWS environment variables and files;
the exit code is 1 when something went wrong or a watched run failed`;

const optionTypes = {
  endpoint: { type: 'string' },
  region: { type: 'string' },
  dynamics: { type: 'string' },
  budget: { type: 'string' },
  token: { type: 'string' },
  limit: { type: 'string' },
  next: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof optionTypes }>>['values'];
type OptionName = Exclude<keyof Values, 'endpoint' | 'region' | 'help'>;

type Environment = Readonly<Record<string, string | undefined>>;

interface Call {
  api: ApiClient;
  args: readonly string[];
  values: Values;
  say(line: string): void;
  /** Prints a value as JSON. */
  show(value: unknown): void;
}

interface Command {
  /** What its arguments are called in front of people; the last ones may be optional. */
  wanted: readonly string[];
  optional?: readonly string[];
  options?: readonly OptionName[];
  /** A number it resolves to is the exit code. */
  run(call: Call): Promise<unknown>;
}

const RUN = ['the id of a run'] as const;
const ofRun = ({ args }: Call) => ({ parameters: { runId: args[0]! } });
const page = ({ values: { limit, next } }: Call) => ({
  query: { ...(limit === undefined ? {} : { limit }), ...(next === undefined ? {} : { nextToken: next }) },
});

const commands: Readonly<Record<string, Command>> = {
  upload: {
    wanted: ['the campaign folder'],
    options: ['dynamics', 'budget'],
    async run({ api, args, values, say }) {
      for (const runId of await startCampaign(api, args[0]!, runOptions(values), say)) say(`run ${runId}`);
    },
  },
  start: {
    wanted: ['the name of a campaign', 'the library'],
    options: ['dynamics', 'budget', 'token'],
    async run({ api, args, values, show }) {
      const clientToken = values.token === undefined ? {} : { clientToken: values.token };
      const body = { campaign: args[0]!, library: args[1]!, options: runOptions(values), ...clientToken };
      show(await api.call(routes.StartRun, { body }));
    },
  },
  list: {
    wanted: [],
    options: ['limit', 'next'],
    async run(call) {
      const { runs, nextToken } = await call.api.call(routes.ListRuns, page(call));
      for (const run of runs) call.say(`${run.startedAt}  ${run.status.padEnd(9)}  ${run.runId}`);
      if (nextToken !== null) call.say(`more: --next ${nextToken}`);
    },
  },
  status: { wanted: RUN, run: async (call) => call.show(await call.api.call(routes.GetRun, ofRun(call))) },
  watch: {
    wanted: RUN,
    async run({ api, args, say }) {
      const status = await watchRun(api, args[0]!, say);
      say(status.outcome ?? status.status);
      for (const line of whyItEnded(status)) say(line);
      return status.outcome === 'FAILED' ? 1 : 0;
    },
  },
  stop: { wanted: RUN, run: async (call) => call.show(await call.api.call(routes.StopRun, ofRun(call))) },
  plan: { wanted: RUN, run: async (call) => call.show(await call.api.call(routes.GetPlan, ofRun(call))) },
  candidates: {
    wanted: RUN,
    options: ['limit', 'next'],
    run: async (call) => call.show(await call.api.call(routes.ListCandidates, { ...ofRun(call), ...page(call) })),
  },
  report: {
    wanted: RUN,
    optional: ['a file'],
    async run(call) {
      const links = await call.api.call(routes.GetReport, ofRun(call));
      const file = call.args[1];
      if (file === undefined) return call.show(links);
      writeFileSync(file, await call.api.download(links.report.url));
      call.say(file);
    },
  },
  openapi: { wanted: [], run: async ({ api, show }) => show(await api.call(routes.GetOpenapi)) },
};

function checkCall(
  name: string,
  { wanted, optional = [], options = [] }: Command,
  args: readonly string[],
  values: Values,
): void {
  const missing = wanted.find((_, i) => (args[i] ?? '') === '');
  if (missing !== undefined) throw new UsageError(`${name}: ${missing} is missing; qefm --help shows how it is called`);
  const most = wanted.length + optional.length;
  if (args.length > most)
    throw new UsageError(`${name}: ${JSON.stringify(args[most])} is one argument too many; qefm --help shows how it is called`);
  const stray = Object.keys(values).find((option) => !['endpoint', 'region', 'help', ...options].includes(option));
  if (stray !== undefined) throw new UsageError(`${name}: --${stray} is no option of this command; qefm --help shows which are`);
  // Before anything is uploaded or asked.
  runOptions(values);
}

function readEndpoint(values: Values, env: Environment): string {
  const endpoint = values.endpoint ?? env['QEFM_ENDPOINT'] ?? '';
  if (endpoint === '') throw new UsageError('the API address is missing: give --endpoint URL or set QEFM_ENDPOINT');
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    throw new UsageError(
      `--endpoint: an address that begins with http:// or https:// was wanted, found ${JSON.stringify(endpoint)}`,
    );
  }
  return endpoint;
}

/** Runs one command line; throws the message for its user, or resolves to the exit code. */
export async function runCommand(argv: readonly string[], env: Environment, say: (line: string) => void): Promise<number> {
  const { positionals, values } = parseArgs({ args: [...argv], allowPositionals: true, options: optionTypes });
  const [name, ...args] = positionals;
  if (name === undefined || values.help) {
    say(USAGE);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined)
    throw new UsageError(`there is no command ${JSON.stringify(name)}; qefm --help shows which there are`);
  checkCall(name, command, args, values);
  const api = createApiClient({ endpoint: readEndpoint(values, env), region: values.region ?? env['AWS_REGION'] ?? 'us-east-1' });
  const code = await command.run({ api, args, values, say, show: (value) => say(JSON.stringify(value, null, 2)) });
  return typeof code === 'number' ? code : 0;
}
