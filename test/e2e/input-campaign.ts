/** Wrong campaigns and odd events: what cannot be run says why before anything is computed, and what comes twice runs once. */

import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { ApiRefusal } from '../../cli/client.ts';
import { routes } from '../../core/contracts/api.ts';
import { assayCsv, baceRows, campaignJson, failureWords, type InputCloud } from '../support/input-cloud.ts';
import { goodCompounds } from '../support/input-mixed.ts';
import { RETIRED_DEVICE, sharedCloud, sparseRun } from '../support/input-shared.ts';

let input: InputCloud;
beforeAll(async () => {
  input = await sharedCloud();
});

const library = ['id,smiles', ...baceRows(8, 7).map(({ id, smiles }) => `${id},${smiles}`)].join('\n');
const assay = assayCsv(60);
const files = (name: string, change = {}) => ({
  'campaign.json': campaignJson(name, change),
  'assay.csv': assay,
  'libraries/a.csv': library,
});
const without = (all: Record<string, string>, name: string) =>
  Object.fromEntries(Object.entries(all).filter(([path]) => path !== name));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const device = (name: string) => `arn:aws:braket:::device/quantum-simulator/amazon/${name}`;

describe('a campaign that cannot be run', () => {
  const cases: readonly [name: string, files: () => Record<string, string>, words: RegExp][] = [
    [
      'unknown',
      () => ({ 'libraries/a.csv': library }),
      /UnknownCampaign: there is no campaign unknown: wanted campaigns\/unknown\/campaign\.json/,
    ],
    [
      'no-json',
      () => ({ ...files('no-json'), 'campaign.json': '{"schema": "campaign/1",' }),
      /InvalidCampaign: campaigns\/no-json\/campaign\.json: not JSON/,
    ],
    ['bad-path', () => files('bad-path', { quantum: { qubits: 99 } }), /InvalidCampaign: .*campaign\.json: quantum\.qubits: /],
    ['bad-key', () => files('bad-key', { assay: { file: '../../secret.csv' } }), /InvalidCampaign: .*assay\.file: /],
    ['surplus', () => files('surplus', { colour: 'blue' }), /InvalidCampaign: .*colour/],
    [
      'renamed',
      () => ({ ...files('renamed'), 'campaign.json': campaignJson('other') }),
      /InvalidCampaign: .*name: wanted renamed, the folder's, found other/,
    ],
    [
      'no-assay',
      () => without(files('no-assay'), 'assay.csv'),
      /InvalidAssay: campaign no-assay names assay\.csv, which was not uploaded/,
    ],
    [
      'no-structure',
      () =>
        files('no-structure', {
          structure: { protein: 'target.pdb', referenceLigand: 'reference.sdf' },
          dynamics: { tier: 'smoke' },
        }),
      /MissingStructure: campaign no-structure names target\.pdb, which was not uploaded/,
    ],
    [
      'structureless',
      () => files('structureless', { dynamics: { tier: 'smoke' } }),
      /MissingStructure: dynamics wants a structure/,
    ],
    [
      'no-device',
      () => files('no-device', { quantum: { refineDevice: device('nosuch') } }),
      /DeviceUnknown: .*nosuch is not in the manifest; known: /,
    ],
    [
      'bad-device',
      () => files('bad-device', { quantum: { refineDevice: 'sv1' } }),
      /InvalidCampaign: .*quantum\.refineDevice: .*lambda/,
    ],
    [
      'retired',
      () => files('retired', { quantum: { refineDevice: RETIRED_DEVICE } }),
      /DeviceRetired: device .*dm1 is retired; choose another/,
    ],
    [
      'penniless',
      () => files('penniless', { budgetMicroUsd: 1 }),
      /BudgetBelowPlan: the budget is \$0\.000001 but the plan costs \$[0-9.]+ \(serverless \$.*raise budgetMicroUsd/,
    ],
  ];

  test.each(cases)('fails as a run that says why: %s', async (name, make, words) => {
    const run = await input.screen(name, make());
    expect(failureWords(run)).toMatch(words);
    expect(run.ranked).toBeNull();
    expect(run.status.money.drawnMicroUsd).toBe(0);
    expect(run.status.stages.map(({ stage }) => stage)).toEqual(['NameRun', 'PrepareRun', 'ReportFailure', 'RunFailed']);
  });

  test('is planned and no more with a budget of 0', async () => {
    const run = await input.screen('planned', files('planned', { budgetMicroUsd: 0 }));
    expect(run.record).toMatchObject({ outcome: 'PLANNED', reasons: [] });
    expect(run.status).toMatchObject({ status: 'SUCCEEDED', outcome: 'PLANNED', money: { drawnMicroUsd: 0, budgetMicroUsd: 0 } });
    expect(run.status.money.plannedMicroUsd).toBeGreaterThan(0);
    expect(run.page).toContain('Planned only: nothing was run.');
  });
});

/** A budget of 0 ends a run after its plan: enough to see which runs an event starts. */
const planOnly = (name: string) => files(name, { budgetMicroUsd: 0 });

describe('an upload event', () => {
  const eventOf = (key: string, versionId: string | undefined) => ({
    version: '0',
    id: 'e0000000-0000-0000-0000-000000000000',
    'detail-type': 'Object Created',
    source: 'aws.s3',
    detail: {
      bucket: { name: input.bucket },
      object: { key, size: 1, etag: '0'.repeat(32), ...(versionId === undefined ? {} : { 'version-id': versionId }) },
    },
  });
  async function deliver(event: unknown): Promise<string | undefined> {
    const { region, endpoint, credentials } = input.cloud;
    const lambda = new LambdaClient({ region, endpoint, credentials });
    const { FunctionError } = await lambda.send(
      new InvokeCommand({ FunctionName: 'qefm-LibraryUploaded', Payload: JSON.stringify(event) }),
    );
    lambda.destroy();
    return FunctionError;
  }

  test('delivered again and again starts one run', async () => {
    const first = await input.screen('twice', planOnly('twice'));
    const record = JSON.parse(new TextDecoder().decode(await input.object(`runs/${first.status.runId}/run.json`))) as {
      library: { versionId: string };
    };
    const { versionId } = record.library;
    for (let i = 0; i < 3; i++) expect(await deliver(eventOf('campaigns/twice/libraries/a.csv', versionId))).toBeUndefined();
    expect(await input.runsOf('twice')).toEqual([first.status.runId]);
    // Another version of the file is another run, and a late event of the first one still names the run that was.
    await input.upload('twice', 'libraries/a.csv', `${library}\nlast,CCO`);
    await expect.poll(async () => (await input.runsOf('twice')).length, { timeout: 120_000 }).toBe(2);
    expect(await deliver(eventOf('campaigns/twice/libraries/a.csv', versionId))).toBeUndefined();
    expect(await input.runsOf('twice')).toHaveLength(2);
    expect((await input.finished(first.status.runId)).facts.library?.rows).toBe(8);
  });

  test('of a library that is gone fails the run in plain words', async () => {
    for (const [path, content] of Object.entries(planOnly('ghost')))
      if (path !== 'libraries/a.csv') await input.upload('ghost', path, content);
    expect(await deliver(eventOf('campaigns/ghost/libraries/a.csv', 'no-such-version'))).toBeUndefined();
    const [runId] = await input.runsOf('ghost');
    expect(failureWords(await input.finished(runId!))).toMatch(/InvalidLibrary: .*libraries\/a\.csv.*(gone|no longer)/);
  });

  test('that comes before campaign.json fails the run; the next upload of the library runs', async () => {
    const early = await input.screen('early', { 'libraries/a.csv': library });
    expect(failureWords(early)).toMatch(/UnknownCampaign/);
    for (const [path, content] of Object.entries(planOnly('early'))) await input.upload('early', path, content);
    await expect.poll(async () => (await input.runsOf('early')).length, { timeout: 120_000 }).toBe(2);
    const [second] = (await input.runsOf('early')).filter((runId) => runId !== early.status.runId);
    expect((await input.finished(second!)).record.outcome).toBe('PLANNED');
  });

  test('that never comes leaves StartRun', async () => {
    const { 'libraries/a.csv': held, ...rest } = planOnly('never');
    for (const [path, content] of Object.entries({ ...rest, 'on-request/a.csv': held }))
      await input.upload('never', path, content);
    await pause(1000);
    expect(await input.runsOf('never')).toEqual([]);
    const { runId } = await input.api.call(routes.StartRun, { body: { campaign: 'never', library: 'on-request/a.csv' } });
    expect((await input.finished(runId)).record.outcome).toBe('PLANNED');
  });

  test('of any other object starts nothing and is no error', async () => {
    const before = (await input.api.call(routes.ListRuns, { query: { limit: '500' } })).runs.length;
    const keys = [
      'campaigns/astray/librarys/a.csv',
      'campaigns/astray/a.csv',
      'campaigns/astray/libraries/deep/a.csv',
      'campaigns/astray/libraries/a.txt',
      'campaigns/UPPER/libraries/a.csv',
      'libraries/a.csv',
    ];
    for (const Key of keys) await input.s3.send(new PutObjectCommand({ Bucket: input.bucket, Key, Body: library }));
    for (const Key of keys) expect(await deliver(eventOf(Key, undefined))).toBeUndefined();
    expect(await deliver({ detail: 'no object at all' })).toBeUndefined();
    await pause(500);
    expect((await input.api.call(routes.ListRuns, { query: { limit: '500' } })).runs).toHaveLength(before);
  });
});

test('a truth that was never uploaded leaves the run without its headline, and the run says so', async () => {
  const run = await sparseRun();
  expect(run.record.outcome).toBe('PARTIAL');
  const [, reason] = run.record.reasons;
  expect(reason!.code).toBe('TRUTH_UNREADABLE');
  expect(reason!.message).toMatch(/was not compared with its truth: .*labels\.csv/);
  expect(run.facts.headline).toBeNull();
  expect(run.ranked).toHaveLength(goodCompounds.length);
  expect(run.page.includes('was not compared with its truth')).toBe(true);
});

describe('a path outside the campaign', () => {
  test.each([
    '../other/campaign.json',
    '/etc/passwd',
    'libraries/../../x.csv',
    './campaign.json',
    'a//b',
    '..',
    'libraries/..',
    'a\\b.csv',
    'caf\u00e9.csv',
    '',
    'truth/../assay.csv',
  ])('is refused: %j', async (path) => {
    const refused = await input.api
      .call(routes.CreateUpload, { body: { campaign: 'paths', path } })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ApiRefusal);
    expect(refused).toMatchObject({ status: 400, message: expect.stringContaining('path: a relative path') });
  });
});
