/** Every command of `qefm` as a child process against the local cloud, and `npm start` on a folder of its own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CandidatePage, RunStatus, routes } from '../../core/contracts/api.ts';
import { assayCsv, baceRows, campaignJson, type InputCloud } from '../support/input-cloud.ts';
import { oneLine, runScript } from '../support/input-process.ts';
import { mixedRun, sharedCloud } from '../support/input-shared.ts';

let input: InputCloud;
let folder: string;
let env: Record<string, string>;
const compounds = baceRows(9, 7);
const library = ['id,smiles', ...compounds.map(({ id, smiles }) => `${id},${smiles}`)].join('\n');

function writeCampaign(name: string, change = {}, libraries: Record<string, string> = { 'a.csv': library }): string {
  const at = join(folder, name);
  mkdirSync(join(at, 'libraries'), { recursive: true });
  writeFileSync(join(at, 'campaign.json'), campaignJson(name, change));
  writeFileSync(join(at, 'assay.csv'), assayCsv(60));
  for (const [file, content] of Object.entries(libraries)) writeFileSync(join(at, 'libraries', file), content);
  return at;
}
const qefm = (...args: string[]) => runScript('cli/main.ts', args, env);
/** What a command prints, which must have gone well. */
async function said(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await qefm(...args);
  if (code !== 0 || stderr !== '') throw new Error(`qefm ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}
const runIn = (text: string) => /^run (\S+)$/m.exec(text)?.[1] ?? '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cli-commands-'));
  input = await sharedCloud();
  const { accessKeyId, secretAccessKey } = input.cloud.credentials;
  env = {
    QEFM_ENDPOINT: input.endpoint,
    AWS_REGION: input.cloud.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a run from the command line', () => {
  let runId: string;

  test('is uploaded and followed to its end', async () => {
    const uploaded = await said('upload', writeCampaign('shell', { budgetMicroUsd: 0 }));
    expect(uploaded).toMatch(
      /^uploaded assay\.csv\nuploaded campaign\.json\nuploaded libraries\/a\.csv\nrun shell-[0-9a-f]{12}\n$/,
    );
    const shell = runIn(uploaded);
    const watched = await said('watch', shell);
    expect(watched).toMatch(/^\[00:\d\d\] /);
    expect(watched).toMatch(/\nPLANNED\n$/);
    expect(await said('list', '--limit', '1')).toMatch(new RegExp(`Z {2}SUCCEEDED {2}${shell}\n`));
  });

  test('has its status, plan and candidates shown as JSON', async () => {
    const { status: known, ranked } = await mixedRun();
    runId = known.runId;
    const status = RunStatus.parse(JSON.parse(await said('status', runId)));
    expect(status).toMatchObject({ runId, outcome: 'SUCCEEDED', reasons: [] });
    const { plan } = routes.GetPlan.response.parse(JSON.parse(await said('plan', runId)));
    expect(plan.totalMicroUsd).toBe(status.money.plannedMicroUsd);
    const first = CandidatePage.parse(JSON.parse(await said('candidates', runId, '--limit', '10')));
    const second = CandidatePage.parse(JSON.parse(await said('candidates', runId, '--limit', '10', '--next', first.nextToken!)));
    expect([...first.candidates, ...second.candidates].map(({ rank }) => rank)).toEqual(ranked!.map((_, i) => i + 1));
    expect(second.nextToken).toBeNull();
  });

  test('is described, with every other call, by the API itself', async () => {
    const { openapi, paths } = JSON.parse(await said('openapi')) as { openapi: string; paths: object };
    expect(openapi).toBe('3.1.0');
    expect(Object.keys(paths)).toContain('/runs/{runId}/candidates');
  });

  test('has a report that is shown as addresses or saved', async () => {
    const links = routes.GetReport.response.parse(JSON.parse(await said('report', runId)));
    const file = join(folder, 'report.html');
    expect(await said('report', runId, file)).toBe(`${file}\n`);
    const page = readFileSync(file, 'utf8');
    expect(page === (await (await fetch(links.report.url)).text())).toBe(true);
    expect(page.includes('good-1')).toBe(true);
    expect(oneLine(await qefm('report', runId, join(folder, 'no', 'such', 'folder.html')))).toMatch(
      /qefm: .*no such file or directory/,
    );
  });

  test('is started on an uploaded library with options, once for one token', async () => {
    const start = (...more: string[]) => said('start', 'shell', 'libraries/a.csv', ...more);
    const [one, again, other] = [
      await start('--budget', '0', '--token', 'x-1'),
      await start('--budget', '0', '--token', 'x-1'),
      await start('--budget', '0', '--token', 'x-2'),
    ];
    expect(again).toBe(one);
    expect(other).not.toBe(one);
    const { runId: planned } = JSON.parse(one) as { runId: string };
    expect(await said('watch', planned)).toMatch(/\nPLANNED\n$/);
    expect(JSON.parse(await said('status', planned))).toMatchObject({ outcome: 'PLANNED', money: { budgetMicroUsd: 0 } });
  });

  test('that fails says why and ends the watch with exit code 1', async () => {
    const { runId: failing } = JSON.parse(await said('start', 'shell', 'libraries/a.csv', '--dynamics', 'smoke')) as {
      runId: string;
    };
    const watched = await qefm('watch', failing);
    expect(watched.code).toBe(1);
    expect(watched.stdout).toMatch(/\nFAILED\nRUN_FAILED: MissingStructure: dynamics wants a structure: name structure\.protein/);
    expect(JSON.parse(await said('status', failing))).toMatchObject({ outcome: 'FAILED', reasons: [{ code: 'RUN_FAILED' }] });
    expect(JSON.parse(await said('report', failing))).toMatchObject({ outcome: 'FAILED', ranking: null, structures: null });
  });

  test('can be stopped', async () => {
    const uploaded = await said(
      'upload',
      writeCampaign('stopped', { quantum: { qubits: 8, layers: 6, trainSteps: 5000, innerSteps: 50 } }),
    );
    const stopped = runIn(uploaded);
    expect(JSON.parse(await said('stop', stopped))).toEqual({ runId: stopped });
    const watched = await qefm('watch', stopped);
    expect(watched.code).toBe(1);
    expect(watched.stdout).toContain('FAILED\nRUN_STOPPED: the run was stopped before its report; what it computed stays\n');
  });

  test('is uploaded with options, a run for each library', async () => {
    const at = writeCampaign('pair', {}, { 'a.csv': library, 'b.smi': `${compounds[0]!.smiles} one\n` });
    const uploaded = await said('upload', at, '--budget', '0');
    const ids = [...uploaded.matchAll(/^run (\S+)$/gm)].map(([, id]) => id!);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids)
      expect(JSON.parse(await said('watch', id).then(() => said('status', id)))).toMatchObject({ outcome: 'PLANNED' });
    expect(await input.runsOf('pair')).toHaveLength(2);
    // The same folder again, by arrival this time: two runs more, although nothing in it has changed.
    const again = [...(await said('upload', writeCampaign('pair', { budgetMicroUsd: 0 }))).matchAll(/^run (\S+)$/gm)].map(
      ([, id]) => id!,
    );
    expect(new Set([...ids, ...again]).size).toBe(4);
  });
});

describe('a wrong call', () => {
  test.each([
    [
      ['status', 'shell-000000000000'],
      'qefm: GET /runs/shell-000000000000 answered 404: RunNotFound: there is no run shell-000000000000',
    ],
    [
      ['report', 'shell-000000000000'],
      'qefm: GET /runs/shell-000000000000/report answered 404: RunNotFound: there is no run shell-000000000000',
    ],
    [
      ['status', '../x'],
      'qefm: GET /runs/..%2Fx answered 400: InvalidRequest: path: runId: lower-case letters, digits and dashes, at most 80',
    ],
    [
      ['start', 'nobody', 'libraries/a.csv'],
      'qefm: POST /runs answered 404: UnknownCampaign: there is no campaign nobody: wanted campaigns/nobody/campaign.json',
    ],
    [['list', '--limit', '1000'], 'qefm: GET /runs answered 400: InvalidRequest: query: limit: '],
    [['list', '--next', 'abc'], 'qefm: GET /runs answered 400: InvalidRequest: nextToken: wanted one that this route gave'],
    [['upload', 'no/such/folder'], 'qefm: there is no folder no/such/folder'],
  ])('is answered in one line: %j', async (args, words) => {
    expect(oneLine(await qefm(...args))).toContain(words);
  });

  test('without keys, with wrong ones or without a cloud is answered in one line', async () => {
    const call = (change: Record<string, string>) => runScript('cli/main.ts', ['list'], { ...env, ...change });
    expect(oneLine(await call({ AWS_SECRET_ACCESS_KEY: 'wrong' }))).toMatch(/^qefm: GET \/runs answered 403: [^{}]+$/);
    expect(oneLine(await call({ QEFM_ENDPOINT: 'http://127.0.0.1:1024' }))).toBe(
      'qefm: http://127.0.0.1:1024 cannot be reached: ECONNREFUSED',
    );
    const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _key, ...without } = env;
    expect(oneLine(await runScript('cli/main.ts', ['list'], { ...without, HOME: folder }))).toMatch(/^qefm: .*credentials/);
  });
});

describe('npm start', () => {
  test('runs a campaign folder in a cloud of its own and says where the report lies', async () => {
    const at = writeCampaign('started', { budgetMicroUsd: 0 });
    const [state, results] = [join(folder, 'state'), join(folder, 'results')];
    const start = (...more: string[]) =>
      runScript('scripts/start.ts', ['--campaign', at, '--state', state, '--results', results, ...more]);
    const first = await start();
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toMatch(/outcome: PLANNED\n {2}the run would cost 0\.00\d+ USD; nothing was run\n/);
    for (const name of ['report', 'manifest']) {
      const path = new RegExp(`^${name} +(\\S+)$`, 'm').exec(first.stdout)![1]!;
      expect(readFileSync(path, 'utf8').length).toBeGreaterThan(500);
    }
    const second = await start('--budget', '0.000001');
    expect(second.code).toBe(1);
    expect(second.stdout).toMatch(
      /outcome: FAILED\n {2}RUN_FAILED: BudgetBelowPlan: the budget is \$0\.000001 but the plan costs/,
    );
    expect(second.stdout).toMatch(/^report +\S+report\.html$/m);
  });
});
