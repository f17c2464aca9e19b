/** The main job in small: a library lands in S3, a run comes of it, and what it leaves behind is what was promised. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BraketClient, SearchQuantumTasksCommand } from '@aws-sdk/client-braket';
import { CloudWatchClient, GetMetricStatisticsCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { GetObjectCommand, HeadObjectCommand, S3Client, type S3ServiceException } from '@aws-sdk/client-s3';
import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CostPlan, Ledger, QuantumDecision, Ranking, RunMoney } from '../../core/contracts/artifacts.ts';
import { campaignKey, place, truthKey } from '../../core/contracts/places.ts';
import { createRecordSplitter } from '../../core/molecule/records.ts';
import { manifest as floorPlan } from '../../infra/manifest.ts';
import type { BraketFaults } from '../../local-sim/braket/faults.ts';
import { DATA_BUCKET, type FinishedRun, machineArn, startWorkflow, type Workflow } from '../support/e2e.ts';
import { exampleFolder, SV1 } from '../support/e2e-campaign.ts';
import { writeStandIn } from '../support/stand-in-dynamics.ts';
import { describeDisturbedRun } from './disturbed-run.ts';

const folder = exampleFolder('bace-tiny');
const LIBRARY = 'libraries/bace-tiny.csv';
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
const readExample = (path: string) => readFileSync(join(folder, path));

/** Changed while the cloud runs. */
const faults: BraketFaults = {};
let workflow: Workflow;
let run: FinishedRun;
let codeVersion: string;
let tools: string;

/** Cells of a CSV file, quoted line breaks and doubled quotes included. */
function readCsv(text: string): string[][] {
  const splitter = createRecordSplitter('csv');
  return [...splitter.push(new TextEncoder().encode(text)), ...splitter.end()].map(({ bytes }) => {
    const cells: string[] = [];
    const record = new TextDecoder().decode(bytes).replace(/\r?\n$/, '');
    for (const match of record.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/gs)) {
      const cell = match[1]!;
      cells.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
      if (match.index + match[0].length >= record.length && !match[0].endsWith(',')) break;
    }
    return cells;
  });
}

const executions = async () =>
  ((await workflow.sfn.send(new ListExecutionsCommand({ stateMachineArn: machineArn('Discover') }))).executions ?? []).map(
    ({ name }) => name!,
  );

beforeAll(async () => {
  ({ codeVersion } = JSON.parse(readFileSync(join('dist', 'build.json'), 'utf8')) as { codeVersion: string });
  tools = mkdtempSync(join(tmpdir(), 'tools-'));
  workflow = await startWorkflow({ python: writeStandIn(tools), braket: { faults } });
  run = await workflow.finish(await workflow.upload(folder));
}, 400_000);
afterAll(async () => {
  await workflow[Symbol.asyncDispose]();
  rmSync(tools, { recursive: true, force: true });
});

describe('a run of the tiny campaign', () => {
  test('is started by the upload alone and ends SUCCEEDED without a reason', () => {
    expect(run.status.reasons).toEqual([]);
    expect(run.status.outcome).toBe('SUCCEEDED');
    expect(run.status.status).toBe('SUCCEEDED');
    expect(run.runId).toMatch(/^bace-tiny-[0-9a-f]{12}$/);
  });

  test('leaves every artifact at its place', async () => {
    const { runId } = run;
    const keys = [
      place.run,
      place.plan,
      place.shards,
      place.splitRejected,
      place.labelled,
      place.model,
      place.decision,
      place.ranking,
      place.audit,
      place.money,
      place.outcome,
      place.report,
      place.rankedCsv,
      place.rankedSdf,
      place.facts,
      place.manifest,
    ].map((at) => at(runId));
    keys.push(place.encoded(runId, 0), place.scored(runId, 0), place.duplicates(runId, 'all'));
    const there = new Set(await workflow.artifacts.list(`runs/${runId}/`));
    expect(keys.filter((key) => !there.has(key))).toEqual([]);
    expect([...there].some((key) => key.startsWith(`runs/${runId}/optimize/train/state-`))).toBe(true);
    expect([...there].some((key) => key.startsWith(`runs/${runId}/optimize/refine/circuits-`))).toBe(true);
  });

  test('sends the best of the library to SV1, since no guard refuses, and shifts their scores', async () => {
    const decision = await workflow.artifacts.read(place.decision(run.runId), QuantumDecision);
    expect(decision.guards.filter(({ decision: word }) => word === 'refuse')).toEqual([]);
    expect(decision.deviceUsed).toBe(SV1);
    const ranking = await workflow.artifacts.read(place.ranking(run.runId), Ranking);
    const refined = ranking.candidates.filter(({ refinedPk }) => refinedPk !== null);
    expect(refined.map(({ id }) => id).sort()).toEqual(decision.selected.map(({ id }) => id).sort());
    expect(refined.length).toBeGreaterThan(0);
    expect(ranking.candidates.map(({ rank }) => rank)).toEqual(ranking.candidates.map((_, i) => i + 1));
  });

  test('rejects each bad row with its reason and loses no good one', async () => {
    const report = await workflow.text(place.facts(run.runId));
    const { library, rejectedLibrary } = JSON.parse(report) as {
      library: { rows: number; accepted: number; rejected: number; duplicates: number };
      rejectedLibrary: { rows: { id: string | null; code: string }[] };
    };
    const codes = Object.fromEntries(rejectedLibrary.rows.map(({ id, code }) => [id, code]));
    for (const id of ['BAD-1', 'BAD-2', 'BAD-3', 'BAD-4', 'BAD-5']) expect(codes[id], id).toBeDefined();
    expect(codes['DUP-1']).toBe('DUPLICATE');
    expect(codes['SALT-1']).toBe('DUPLICATE');
    expect(library.accepted + library.rejected).toBe(library.rows);
    const ranking = await workflow.artifacts.read(place.ranking(run.runId), Ranking);
    const ids = readCsv(readExample(LIBRARY).toString('utf8'))
      .slice(1)
      .map(([id]) => id!);
    const left = new Set([...ranking.candidates.map(({ id }) => id), ...rejectedLibrary.rows.map(({ id }) => id)]);
    expect(ids.filter((id) => !left.has(id))).toEqual([]);
    expect(ranking.candidates.length).toBe(ranking.scored);
    expect(ids.length).toBe(library.rows);
  });

  test('passes the ids and columns of the user through to ranked.csv and ranked.sdf', async () => {
    const [header, ...rows] = readCsv(await workflow.text(place.rankedCsv(run.runId)));
    expect(header).toEqual(expect.arrayContaining(['rank', 'id', 'classical_pK', 'hybrid_pK', 'refined_pK', 'plate']));
    const plateOf = new Map(
      readCsv(readExample(LIBRARY).toString('utf8'))
        .slice(1)
        .map(([id, , plate]) => [id, plate]),
    );
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows)
      expect(row[header!.indexOf('plate')], row[header!.indexOf('id')]).toBe(plateOf.get(row[header!.indexOf('id')]));
    expect(plateOf.get('LONG-1')).toContain('\n');
    const sdf = await workflow.text(place.rankedSdf(run.runId));
    expect(sdf.split('$$$$').length - 1).toBe(rows.length);
    expect(sdf).toContain('<plate>');
  });

  test('writes a report that says what was asked, found, refused, spent and left out, and runs no script', async () => {
    const page = await workflow.text(place.report(run.runId));
    const plain = page.replace(/<[^>]+>/g, ' ');
    for (const id of [
      'question',
      'screening',
      'compounds',
      'audit',
      'training',
      'guards',
      'rejected',
      'bill',
      'timings',
      'manifest',
    ]) {
      expect(page.includes(`id="${id}"`), id).toBe(true);
    }
    const best = (await workflow.artifacts.read(place.ranking(run.runId), Ranking)).candidates[0]!;
    for (const words of [run.runId, 'bace-tiny.csv', 'BAD-1', 'quantum-need/noise-floor', 'emulated', best.id, 'sv1']) {
      expect(plain.includes(words), words).toBe(true);
    }
    // Escaped in the attribute or not: nothing is fetched, no script runs.
    expect(/Content-Security-Policy" content="default-src (&#39;|')none/.test(page)).toBe(true);
    expect(/<script|javascript:|\ssrc="(?!data:)|<link/i.test(page)).toBe(false);
  });

  test('names inputs by hash, devices that really ran, seeds, versions and artifacts in its manifest', async () => {
    const { manifest, runId } = run;
    for (const path of ['campaign.json', 'assay.csv', 'target.pdb', 'reference.sdf'])
      expect(manifest.inputs[path]).toBe(sha256(readExample(path)));
    expect(manifest.inputs['bace-tiny.csv']).toBe(sha256(readExample(LIBRARY)));
    expect(manifest.codeVersion).toBe(codeVersion);
    expect(manifest.versions['node']).toBe(process.versions.node);
    expect(manifest.seed).toBe(20261123);
    expect(new Set(Object.values(manifest.seeds)).size).toBe(Object.keys(manifest.seeds).length);
    expect(Object.keys(manifest.artifacts).sort()).toEqual([
      'audit.json',
      'decision.json',
      'labelled.bin',
      'model/classical.bin',
      'ranking.json',
    ]);
    for (const [name, hash] of Object.entries(manifest.artifacts)) {
      expect(sha256(await workflow.artifacts.readBytes(`runs/${runId}/${name}`)), name).toBe(hash);
    }
    expect(manifest.model).toMatch(/^[0-9a-f]{64}$/);
    expect(manifest.environment).toBe('local');
    expect(manifest.priceTableDate).toMatch(/^\d{4}-\d{2}-\d{2}$/);

    const braket = new BraketClient(workflow.client);
    const { quantumTasks } = await braket.send(
      new SearchQuantumTasksCommand({ filters: [{ name: 'deviceArn', operator: 'EQUAL', values: [SV1] }], maxResults: 1 }),
    );
    expect(quantumTasks?.[0]?.status).toBe('COMPLETED');
    const device = manifest.devices.find((one) => one.device === SV1)!;
    // Two forward passes of two compounds, and two steps of three neighbours: values, adjoint gradients, sixteen shifted states each.
    const selected = (await workflow.artifacts.read(place.decision(runId), QuantumDecision)).selected.length;
    expect(device.circuits).toBe(2 * selected + 2 * 3 * (1 + 1 + 16));
    expect(device.tasks).toBe(device.circuits);
    expect(device.shots).toBe(0);
    expect(manifest.devices.find((one) => one.device === 'lambda')?.circuits).toBeGreaterThan(0);
  });

  test('pays from its budget, and the account ledger agrees with the run after settlement', async () => {
    const plan = await workflow.artifacts.read(place.plan(run.runId), CostPlan);
    const money = await workflow.artifacts.read(place.money(run.runId), RunMoney);
    const ledger = await workflow.artifacts.read(place.ledger(), Ledger);
    const drawn = Object.values(money.blocks['refine']!.draws).reduce((sum, draw) => sum + draw, 0);
    const planned = plan.items.filter(({ stage }) => stage === 'refine').reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0);
    expect(money.blocks['refine']!.settled).toBe(true);
    expect(drawn).toBeGreaterThan(0);
    expect(drawn).toBeLessThanOrEqual(planned);
    expect(ledger.reservations).toEqual({});
    expect(ledger.settled[`${run.runId}/refine`]).toBe(drawn);
    expect(run.status.money.drawnMicroUsd).toBe(drawn);
  });
});

describeDisturbedRun(() => ({ workflow, run, faults }));

describe('the logs of a run', () => {
  test('name no structure of the library or the assay', () => {
    const folderOfLogs = join(workflow.cloud.context.stateDir, 'logs');
    const logs = readdirSync(folderOfLogs, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    expect(logs.length).toBeGreaterThan(10);
    const text = logs.join('\n');
    expect(text).toContain('report written');
    const structures = [LIBRARY, 'assay.csv'].flatMap((path) =>
      readCsv(readExample(path).toString('utf8'))
        .slice(1)
        .map(([, smiles]) => smiles!),
    );
    expect(structures.length).toBeGreaterThan(90);
    // Shorter ones stand in any text.
    expect(structures.filter((smiles) => smiles.length > 6 && text.includes(JSON.stringify(smiles).slice(1, -1)))).toEqual([]);
  });
});

describe('the truth of a retrospective screen', () => {
  const key = truthKey('bace-tiny', 'labels.csv');

  test('is read by WriteReport and by nobody else', () => {
    const readers = new Set(
      workflow.accesses
        .filter(({ method, path }) => method !== 'PUT' && path.includes('/truth/'))
        .map(({ principal }) => principal),
    );
    expect([...readers]).toEqual(['qefm-WriteReport']);
    // The record is worth something only if it sees the other functions too.
    const seen = new Set(workflow.accesses.map(({ principal }) => principal));
    for (const name of ['PrepareRun', 'EncodeLigands', 'TrainClassical', 'SubmitCircuits', 'AuditHead'])
      expect(seen).toContain(`qefm-${name}`);
  });

  const readAs = async (name: string) => {
    const s3 = new S3Client({ ...workflow.client, credentials: workflow.credentialsOf(name), forcePathStyle: true });
    try {
      await s3.send(new GetObjectCommand({ Bucket: DATA_BUCKET, Key: key }));
      return 200;
    } catch (error) {
      return (error as S3ServiceException).$metadata.httpStatusCode;
    }
  };

  test('answers 403 to the keys of every function but WriteReport', async () => {
    const answers = await Promise.all(floorPlan.functions.map(async ({ name }) => [name, await readAs(name)] as const));
    expect(Object.fromEntries(answers)).toEqual(
      Object.fromEntries(floorPlan.functions.map(({ name }) => [name, name === 'WriteReport' ? 200 : 403])),
    );
  });
});

describe('the metrics of a run and a sweep', () => {
  test('are all there that the dashboard and the alarms name', async () => {
    await workflow.invoke('Sweep', {});
    const cloudWatch = new CloudWatchClient(workflow.client);
    const own = new Set([...floorPlan.dashboardMetrics, ...floorPlan.alarms.map(({ metric }) => metric)]);
    const { Metrics } = await cloudWatch.send(new ListMetricsCommand({ Namespace: floorPlan.metricNamespace }));
    const names = new Set(Metrics!.filter(({ Dimensions }) => Dimensions!.length === 0).map(({ MetricName }) => MetricName));
    expect([...own].filter((name) => !names.has(name))).toEqual([]);
    const wanted = [
      ...[...own].map((MetricName) => ({ Namespace: floorPlan.metricNamespace, MetricName, Dimensions: [] })),
      ...floorPlan.runMetrics.map((MetricName) => ({
        Namespace: 'AWS/States',
        MetricName,
        Dimensions: [{ Name: 'StateMachineArn', Value: machineArn('Discover') }],
      })),
      ...Object.values(floorPlan.deadLetterQueues).map((part) => ({
        Namespace: 'AWS/SQS',
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Dimensions: [{ Name: 'QueueName', Value: `${floorPlan.name}-${part}` }],
      })),
    ];
    const now = Date.now();
    for (const metric of wanted) {
      const { Datapoints } = await cloudWatch.send(
        new GetMetricStatisticsCommand({
          ...metric,
          StartTime: new Date(now - 3600_000),
          EndTime: new Date(now + 60_000),
          Period: 3600,
          Statistics: ['Sum', 'SampleCount'],
        }),
      );
      expect(
        Datapoints!.reduce((sum, { SampleCount }) => sum + SampleCount!, 0),
        metric.MetricName,
      ).toBeGreaterThan(0);
    }
  });
});

describe('the event of an upload', () => {
  test('starts nothing new when it comes again', async () => {
    const before = await executions();
    const head = await workflow.s3.send(new HeadObjectCommand({ Bucket: DATA_BUCKET, Key: campaignKey('bace-tiny', LIBRARY) }));
    const event = {
      detail: {
        bucket: { name: DATA_BUCKET },
        object: { key: campaignKey('bace-tiny', LIBRARY), 'version-id': head.VersionId, etag: head.ETag },
      },
    };
    await workflow.invoke('LibraryUploaded', event);
    await workflow.invoke('LibraryUploaded', event);
    expect(await executions()).toEqual(before);
  });
});
