/** Every route of the HTTP API as its contract says, on a real run: paging, stopping, tokens, links, and a clear no to everything else. */
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { beforeAll, describe, expect, test } from 'vitest';
import { ApiRefusal, createApiClient } from '../../cli/client.ts';
import type { RouteContract } from '../../core/contracts/api.ts';
import { ApiError, routes } from '../../core/contracts/api.ts';
import { manifest } from '../../infra/manifest.ts';
import { signedFetch } from '../contract/signed-fetch.ts';
import { assayCsv, campaignJson, type FinishedRun, type InputCloud, RUN_MS } from '../support/input-cloud.ts';
import { goodCompounds } from '../support/input-mixed.ts';
import { openapiFaults } from '../support/input-openapi.ts';
import { mixedRun, sharedCloud } from '../support/input-shared.ts';

let input: InputCloud;
let done: FinishedRun;
let runId: string;
let total: number;
const library = ['id,smiles', ...goodCompounds.map(({ id, smiles }) => `${id},${smiles}`)].join('\n');
const SLOW_STEPS = 5000;

beforeAll(async () => {
  input = await sharedCloud();
  done = await mixedRun();
  runId = done.status.runId;
  total = done.ranked!.length;
}, RUN_MS);

/** A raw request, signed as a client would. */
async function ask(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
  const { region, credentials } = input.cloud;
  const response = await signedFetch(`${input.endpoint}${path}`, {
    service: 'execute-api',
    region,
    credentials,
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, json: (await response.json()) as unknown, headers: response.headers };
}
const refusal = async (route: RouteContract, request: Parameters<typeof input.api.call>[1]) => {
  const answer = await input.api.call(route, request).catch((error: unknown) => error);
  if (!(answer instanceof ApiRefusal)) throw new Error(`wanted a refusal, found ${JSON.stringify(answer)}`);
  return { status: answer.status, message: answer.message };
};

describe('the description of the API', () => {
  test('is valid OpenAPI 3.1 and names exactly the routes that are deployed', async () => {
    const { status, json } = await ask('GET', '/openapi.json');
    expect(status).toBe(200);
    expect(openapiFaults(json)).toEqual([]);
    const { paths, info } = json as { paths: Record<string, Record<string, { operationId: string }>>; info: { version: string } };
    const described = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, { operationId }]) => `${method.toUpperCase()} ${path} ${operationId}`),
    );
    expect(described.sort()).toEqual(
      manifest.routes.map(({ method, path, function: name }) => `${method} ${path} ${name}`).sort(),
    );
    expect(described).toHaveLength(Object.keys(routes).length);
    expect(info.version).toMatch(/^\d+\.\d+\.\d+\+[0-9a-f]{12}$/);
  });

  test('would be found at fault where it is not', () => {
    const wrong = {
      openapi: '3.0.0',
      info: { title: 'x' },
      paths: {
        '/a/{id}': {
          get: { responses: { '200': { content: { 'application/json': { schema: { $ref: '#/nowhere', typ: 'x' } } } } } },
        },
      },
    };
    expect(openapiFaults(wrong)).toEqual([
      'openapi: version 3.1 was wanted',
      'info.version: a text was wanted',
      'GET /a/{id}: path parameters: path id in the path,  described',
      'GET /a/{id} 200: a text was wanted',
      'GET /a/{id} 200.application/json: the keyword typ is unknown',
      'GET /a/{id} 200.application/json: #/nowhere leads nowhere',
    ]);
  });
});

describe('candidates', () => {
  test('come page by page, each once, in the order of the ranking', async () => {
    const seen: string[] = [];
    let nextToken: string | null = null;
    let pages = 0;
    do {
      const query: Record<string, string> = { limit: '7', ...(nextToken === null ? {} : { nextToken }) };
      const page: { total: number; candidates: { rank: number; id: string }[]; nextToken: string | null } = await input.api.call(
        routes.ListCandidates,
        { parameters: { runId }, query },
      );
      expect(page.total).toBe(total);
      expect(page.candidates.map(({ rank }) => rank)).toEqual(page.candidates.map((_, i) => seen.length + i + 1));
      seen.push(...page.candidates.map(({ id }) => id));
      nextToken = page.nextToken;
      pages++;
    } while (nextToken !== null);
    expect(pages).toBe(Math.ceil(total / 7));
    expect(seen.map((id) => id.replace(/^=/, "'="))).toEqual(done.ranked!.map(({ id }) => id));
    const whole = await input.api.call(routes.ListCandidates, { parameters: { runId }, query: { limit: '500' } });
    expect(whole.nextToken).toBeNull();
    expect(whole.candidates).toHaveLength(total);
  });

  test.each([
    [{ limit: '501' }, /query: limit: .*500/],
    [{ limit: '1000000000000' }, /query: limit: .*500/],
    [{ limit: '0' }, /query: limit: .*1/],
    [{ limit: '-3' }, /query: limit: /],
    [{ limit: '2.5' }, /query: limit: .*int/],
    [{ limit: 'many' }, /query: limit: /],
    [{ nextToken: 'abc' }, /nextToken: wanted one that this route gave, found "abc"/],
    [{ nextToken: '-1' }, /nextToken: wanted one that this route gave/],
    [{ nextToken: '' }, /query: nextToken: /],
    [{ nextToken: '1e9' }, /nextToken: wanted one that this route gave/],
    [{ nextToken: '999999' }, /nextToken: wanted one that this route gave/],
    [{ nextToken: '9'.repeat(3000) }, /query: nextToken: .*2000/],
    [{ color: 'red' }, /query: .*color/],
  ] as const)('refuse a page like %j', async (query, words) => {
    const { status, message } = await refusal(routes.ListCandidates, { parameters: { runId }, query });
    expect(status).toBe(400);
    expect(message).toMatch(words);
  });
});

describe('runs', () => {
  const names = ['page-a', 'page-b', 'page-c'];
  beforeAll(async () => {
    for (const name of names) {
      const files = {
        'campaign.json': campaignJson(name, { budgetMicroUsd: 0 }),
        'assay.csv': assayCsv(60),
        'libraries/a.csv': library,
      };
      await input.screen(name, files);
    }
  }, RUN_MS);

  test('are listed newest first, page by page', async () => {
    const seen: { runId: string; startedAt: string }[] = [];
    let nextToken: string | null = null;
    do {
      const query: Record<string, string> = { limit: '9', ...(nextToken === null ? {} : { nextToken }) };
      const page: { runs: { runId: string; startedAt: string }[]; nextToken: string | null } = await input.api.call(
        routes.ListRuns,
        { query },
      );
      expect(page.runs.length).toBeLessThanOrEqual(9);
      seen.push(...page.runs);
      nextToken = page.nextToken;
    } while (nextToken !== null);
    expect(new Set(seen.map((run) => run.runId)).size).toBe(seen.length);
    const campaigns = seen.map((run) => run.runId.replace(/-[0-9a-f]{12}$/, ''));
    expect(campaigns.filter((name) => [...names, 'mixed'].includes(name))).toEqual([...names].reverse().concat('mixed'));
    expect(seen.map(({ startedAt }) => startedAt)).toEqual(
      seen
        .map(({ startedAt }) => startedAt)
        .sort()
        .reverse(),
    );
  });

  test('are not listed from a token that nobody gave', async () => {
    const { status, message } = await refusal(routes.ListRuns, { query: { nextToken: 'abc' } });
    expect(status).toBe(400);
    expect(message).toContain('nextToken: wanted one that this route gave');
  });

  test('start once for equal tokens, and again for another', async () => {
    const start = async (clientToken?: string) => {
      const body = {
        campaign: 'page-a',
        library: 'libraries/a.csv',
        options: { planOnly: true },
        ...(clientToken === undefined ? {} : { clientToken }),
      };
      return (await input.api.call(routes.StartRun, { body })).runId;
    };
    const [first, again, other, plain, plainAgain] = [
      await start('t-1'),
      await start('t-1'),
      await start('t-2'),
      await start(),
      await start(),
    ];
    expect(again).toBe(first);
    expect(plainAgain).toBe(plain);
    expect(new Set([first, other, plain]).size).toBe(3);
    for (const id of [first, other, plain]) expect((await input.finished(id)).record.outcome).toBe('PLANNED');
  });

  test('show their plan and what the guards said', async () => {
    const { plan, guards } = await input.api.call(routes.GetPlan, { parameters: { runId } });
    expect(plan.items.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0)).toBe(plan.totalMicroUsd);
    expect(guards.map(({ guard }) => guard)).toContain('quantum-need/labels');
    expect(done.status.money).toMatchObject({ plannedMicroUsd: plan.totalMicroUsd, budgetMicroUsd: 10_000_000 });
  });

  test('stop when asked, say that they were stopped, and leave no child running', async () => {
    const slow = campaignJson('slow', { quantum: { qubits: 8, layers: 6, trainSteps: SLOW_STEPS, innerSteps: 20 } });
    for (const [path, content] of Object.entries({
      'campaign.json': slow,
      'assay.csv': assayCsv(80),
      'on-request/a.csv': library,
    })) {
      await input.upload('slow', path, content);
    }
    const body = { campaign: 'slow', library: 'on-request/a.csv' };
    const { runId: slowId } = await input.api.call(routes.StartRun, { body });
    const status = () => input.api.call(routes.GetRun, { parameters: { runId: slowId } });
    await expect
      .poll(async () => (await status()).stages.map(({ stage }) => stage), { timeout: 300_000 })
      .toContain('TrainHybrid');
    expect(await status()).toMatchObject({ status: 'RUNNING', outcome: null, reasons: [], error: null, endedAt: null });
    expect((await refusal(routes.GetReport, { parameters: { runId: slowId } })).message).toContain(
      `run ${slowId} has no report yet: it is still going`,
    );
    for (let i = 0; i < 2; i++)
      expect(await input.api.call(routes.StopRun, { parameters: { runId: slowId } })).toEqual({ runId: slowId });
    const stopped = await status();
    expect(stopped).toMatchObject({
      status: 'ABORTED',
      outcome: 'FAILED',
      error: { name: 'StoppedByUser', cause: 'stopped over the API' },
    });
    expect(stopped.reasons).toEqual([
      { code: 'RUN_STOPPED', message: 'the run was stopped before its report; what it computed stays' },
    ]);
    expect(stopped.endedAt).not.toBeNull();
    expect((await refusal(routes.GetReport, { parameters: { runId: slowId } })).message).toContain(
      'has no report: it ended before, as ABORTED',
    );

    const { region, endpoint, credentials } = input.cloud;
    const sfn = new SFNClient({ region, endpoint, credentials });
    const stateMachineArn = `arn:aws:states:${region}:000000000000:stateMachine:qefm-Optimize`;
    const running = async () =>
      (await sfn.send(new ListExecutionsCommand({ stateMachineArn, statusFilter: 'RUNNING' }))).executions!.length;
    await expect.poll(running, { timeout: 120_000 }).toBe(0);
    sfn.destroy();
  });

  test('that are over are not changed by a stop', async () => {
    expect(await input.api.call(routes.StopRun, { parameters: { runId } })).toEqual({ runId });
    expect((await input.finished(runId)).status).toEqual(done.status);
  });

  test.each([routes.GetRun, routes.StopRun, routes.ListCandidates, routes.GetReport, routes.GetPlan])(
    'that nobody started are unknown to $name',
    async (route) => {
      expect(await refusal(route, { parameters: { runId: 'done-000000000000' } })).toEqual({
        status: 404,
        message: `${route.method} ${route.path.replace('{runId}', 'done-000000000000')} answered 404: RunNotFound: there is no run done-000000000000`,
      });
      const odd = await refusal(route, { parameters: { runId: '../Etc' } });
      expect(odd.status).toBe(400);
      expect(odd.message).toContain('path: runId: lower-case letters, digits and dashes');
    },
  );
});

describe('links', () => {
  test('to the report and its tables work without a key, and not when changed', async () => {
    const links = await input.api.call(routes.GetReport, { parameters: { runId } });
    const files: [string, RegExp][] = [
      [links.report.url, /^<!doctype html>/i],
      [links.ranking!.url, /^rank,id,smiles/],
      [links.structures!.url, /V2000/],
      [links.manifest.url, /"run-manifest\/1"/],
    ];
    for (const [url, content] of files) {
      const response = await fetch(url);
      expect(response.status).toBe(200);
      expect(content.test(await response.text())).toBe(true);
      expect((await fetch(url.replace(/Signature=..../, 'Signature=0000'))).status).toBe(403);
      expect((await fetch(url.replace(`runs/${runId}`, 'runs/other'))).status).toBe(403);
    }
    expect((await fetch(links.report.url, { method: 'PUT', body: 'x' })).status).toBe(403);
  });

  test('to upload take one file at one place', async () => {
    const grant = await input.api.call(routes.CreateUpload, { body: { campaign: 'links', path: 'notes/a.txt' } });
    expect(grant.uri).toBe(`s3://${input.bucket}/campaigns/links/notes/a.txt`);
    expect(Date.parse(grant.expiresAt)).toBeGreaterThan(Date.now());
    expect((await fetch(grant.url.replace('a.txt', 'b.txt'), { method: 'PUT', body: 'x' })).status).toBe(403);
    expect((await fetch(grant.url, { method: 'PUT', body: 'hello' })).status).toBe(200);
    expect(new TextDecoder().decode(await input.object('campaigns/links/notes/a.txt'))).toBe('hello');
    const truth = await input.api.call(routes.CreateUpload, { body: { campaign: 'links', path: 'truth/labels.csv' } });
    expect(truth.uri).toBe(`s3://${input.bucket}/truth/links/labels.csv`);
  });
});

describe('a wrong request', () => {
  const bodies: readonly [string, RegExp][] = [
    ['', /body: JSON was wanted/],
    ['{', /body: JSON was wanted/],
    ['null', /body: the whole: /],
    ['[]', /body: the whole: /],
    ['"text"', /body: the whole: /],
    ['{}', /body: campaign: .*library: /],
    ['{"campaign":"UPPER","library":"a.csv"}', /body: campaign: lower-case letters/],
    ['{"campaign":"mixed","library":"../a.csv"}', /body: library: a relative path/],
    ['{"campaign":"mixed","library":"libraries/a.csv","surprise":1}', /body: .*surprise/],
    [
      '{"campaign":"mixed","library":"libraries/a.csv","options":{"dynamicsTier":"long"}}',
      /body: options\.dynamicsTier: .*smoke/,
    ],
    ['{"campaign":"mixed","library":"libraries/a.csv","options":{"budgetMicroUsd":-1}}', /body: options\.budgetMicroUsd: /],
    ['{"campaign":"mixed","library":"libraries/a.csv","options":{"budgetMicroUsd":0.5}}', /body: options\.budgetMicroUsd: /],
    ['{"campaign":"mixed","library":"libraries/a.csv","clientToken":"no blanks"}', /body: clientToken: /],
    ['{"campaign":"mixed","library":"libraries/none.csv"}', /the library libraries\/none\.csv was not found in campaign mixed/],
    ['{"campaign":"mixed","library":"assay.txt"}', /assay\.txt/],
  ];
  test.each(bodies)('is answered with what is wrong with it: %s', async (body, words) => {
    const { status, json } = await ask('POST', '/runs', body);
    expect(status).toBe(400);
    const { error, message } = ApiError.parse(json);
    expect(error).toBe('InvalidRequest');
    expect(message).toMatch(words);
  });

  test('of an unknown campaign is a 404', async () => {
    const { status, json } = await ask('POST', '/runs', '{"campaign":"nobody","library":"libraries/a.csv"}');
    expect([status, ApiError.parse(json)]).toEqual([
      404,
      { error: 'UnknownCampaign', message: 'there is no campaign nobody: wanted campaigns/nobody/campaign.json' },
    ]);
  });

  test.each([
    ['GET', '/'],
    ['GET', '/nothing'],
    ['GET', '/runs/'],
    ['PUT', '/runs'],
    ['POST', '/openapi.json'],
    ['GET', '/runs/x/y'],
    ['GET', '/uploads'],
  ])('of an unknown route is a 404: %s %s', async (method, path) => {
    expect(await ask(method, path)).toMatchObject({ status: 404, json: { message: 'Not Found' } });
  });

  test('without a signature, with a wrong or a stale one is a 403 on every route', async () => {
    const { region, credentials } = input.cloud;
    for (const { method, path } of manifest.routes) {
      const address = `${input.endpoint}${path.replace('{runId}', runId)}`;
      expect((await fetch(address, { method })).status, `${method} ${path}`).toBe(403);
    }
    const wrong = { ...credentials, secretAccessKey: 'wrong' };
    const unknown = { ...credentials, accessKeyId: 'AKIAUNKNOWN' };
    for (const one of [wrong, unknown]) {
      const api = createApiClient({ endpoint: input.endpoint, region, credentials: one });
      const answer = await api.call(routes.ListRuns).catch((error: unknown) => error);
      expect(answer).toMatchObject({ status: 403, message: expect.stringMatching(/^GET \/runs answered 403: [A-Z][^{}]+$/) });
    }
    const stale = await fetch(`${input.endpoint}/runs`, {
      headers: {
        'x-amz-date': '20200101T000000Z',
        authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/20200101/${region}/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
      },
    });
    expect(stale.status).toBe(403);
  });

  test('gets an answer that nothing keeps and nothing sniffs', async () => {
    const { headers } = await ask('GET', `/runs/${runId}`);
    expect([headers.get('content-type'), headers.get('cache-control'), headers.get('x-content-type-options')]).toEqual([
      'application/json',
      'no-store',
      'nosniff',
    ]);
  });
});
