/** The whole local cloud for tests of input: a campaign goes up over the API as a user would send it, what came of it comes back. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { z } from 'zod';
import { type ApiClient, createApiClient } from '../../cli/client.ts';
import type { RunStatus } from '../../core/contracts/api.ts';
import { routes } from '../../core/contracts/api.ts';
import { RunOutcomeRecord } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import { ReportFacts } from '../../core/contracts/report.ts';
import { splitDelimited } from '../../core/molecule/library.ts';
import type { Cloud } from '../../local-sim/cloud.ts';
import { type LocalCloudOptions, startLocalCloud } from '../../local-sim/main.ts';

export interface InputCloud {
  cloud: Cloud;
  /** Base address of the HTTP API. */
  endpoint: string;
  api: ApiClient;
  s3: S3Client;
  bucket: string;
  /** Puts one file of a campaign over a presigned address. */
  upload(campaign: string, path: string, content: string | Uint8Array): Promise<void>;
  /** Uploads files in the order given and returns the run that the library's arrival started. */
  screen(campaign: string, files: Record<string, string | Uint8Array>): Promise<FinishedRun>;
  /** Ids of a campaign's runs. */
  runsOf(campaign: string): Promise<string[]>;
  finished(runId: string): Promise<FinishedRun>;
  /** An object of the data bucket. */
  object(key: string): Promise<Uint8Array>;
  stop(): Promise<void>;
}

export interface FinishedRun {
  status: RunStatus;
  record: z.infer<typeof RunOutcomeRecord>;
  facts: ReportFacts;
  page: string;
  /** Rows of ranked.csv by column; null when the run ranked nothing. */
  ranked: Record<string, string>[] | null;
  sdf: string | null;
}

/** A run that takes seconds takes minutes on a machine that others use too. */
export const RUN_MS = 580_000;
const APPEARS_MS = 120_000;
const ENDS_MS = 450_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export async function startInputCloud(options: Partial<LocalCloudOptions> = {}): Promise<InputCloud> {
  const stateDir = mkdtempSync(join(tmpdir(), 'input-cloud-'));
  const cloud = await startLocalCloud({ stateDir, port: 0, schedules: false, log: () => {}, ...options });
  const { accessKeyId, secretAccessKey } = cloud.credentials;
  const credentials = { accessKeyId, secretAccessKey };
  const endpoint = `${cloud.endpoint}/api`;
  const api = createApiClient({ endpoint, region: cloud.region, credentials });
  const s3 = new S3Client({ region: cloud.region, endpoint: cloud.endpoint, credentials, forcePathStyle: true });
  const bucket = `qefm-data-000000000000-${cloud.region}`;

  const object = async (key: string) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return await Body!.transformToByteArray();
  };
  const json = async (key: string) => JSON.parse(new TextDecoder().decode(await object(key))) as unknown;

  async function upload(campaign: string, path: string, content: string | Uint8Array): Promise<void> {
    const { url } = await api.call(routes.CreateUpload, { body: { campaign, path } });
    const response = await fetch(url, { method: 'PUT', body: content as BodyInit });
    if (!response.ok) throw new Error(`upload of ${path} answered ${response.status}: ${await response.text()}`);
  }
  async function runsOf(campaign: string): Promise<string[]> {
    const { runs } = await api.call(routes.ListRuns, { query: { limit: '500' } });
    return runs.map(({ runId }) => runId).filter((runId) => runId.replace(/-[0-9a-f]{12}$/, '') === campaign);
  }
  async function finished(runId: string): Promise<FinishedRun> {
    const giveUpMs = Date.now() + ENDS_MS;
    let status = await api.call(routes.GetRun, { parameters: { runId } });
    while (status.status === 'RUNNING') {
      if (Date.now() > giveUpMs) throw new Error(`run ${runId} is still at ${status.stages.at(-1)?.stage} after ${ENDS_MS} ms`);
      await pause(150);
      status = await api.call(routes.GetRun, { parameters: { runId } });
    }
    const links = await api.call(routes.GetReport, { parameters: { runId } });
    const text = async (link: { url: string } | null) =>
      link === null ? null : new TextDecoder().decode(await api.download(link.url));
    const csv = await text(links.ranking);
    return {
      status,
      record: RunOutcomeRecord.parse(await json(place.outcome(runId))),
      facts: ReportFacts.parse(await json(place.facts(runId))),
      page: (await text(links.report))!,
      ranked: csv === null ? null : readCsv(csv),
      sdf: await text(links.structures),
    };
  }
  return {
    cloud,
    endpoint,
    api,
    s3,
    bucket,
    upload,
    async screen(campaign, files) {
      for (const [path, content] of Object.entries(files)) await upload(campaign, path, content);
      const giveUpMs = Date.now() + APPEARS_MS;
      for (;;) {
        const [runId] = await runsOf(campaign);
        if (runId !== undefined) return finished(runId);
        if (Date.now() > giveUpMs) throw new Error(`no run of ${campaign} appeared within ${APPEARS_MS} ms`);
        await pause(100);
      }
    },
    runsOf,
    finished,
    object,
    async stop() {
      s3.destroy();
      await cloud.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** Rows of a small RFC 4180 table by column name. */
export function readCsv(text: string): Record<string, string>[] {
  const records: string[] = [];
  let open = '';
  for (const line of text.split('\r\n')) {
    open = open === '' ? line : `${open}\r\n${line}`;
    if (open.split('"').length % 2 === 0) continue;
    if (open !== '') records.push(open);
    open = '';
  }
  const [header = '', ...rows] = records;
  const names = splitDelimited(header, ',');
  return rows.map((row) => Object.fromEntries(splitDelimited(row, ',').map((value, i) => [names[i]!, value])));
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A valid campaign.json that runs in seconds; parts are replaced by name, `undefined` removes one. */
export function campaignJson(name: string, change: { [part: string]: unknown } = {}): string {
  const campaign: { [part: string]: Json } = {
    schema: 'campaign/1',
    name,
    title: `test of ${name}`,
    task: 'affinity',
    assay: { file: 'assay.csv', idColumn: 'id', smilesColumn: 'smiles', valueColumn: 'pIC50', unit: 'pX', quantity: 'IC50' },
    library: { idColumn: 'id', smilesColumn: 'smiles' },
    quantum: {
      purpose: 'audit',
      qubits: 4,
      layers: 1,
      latentSize: 4,
      trainDevice: 'lambda',
      trainSteps: 5,
      innerSteps: 5,
      refineDevice: 'lambda',
      topFraction: 0.01,
      refineSteps: 0,
      refineNeighbours: 1,
    },
    dynamics: { tier: 'none' },
    budgetMicroUsd: 10_000_000,
    seed: 7,
  };
  const changed: { [part: string]: unknown } = { ...campaign };
  for (const [part, value] of Object.entries(change)) {
    const before = campaign[part];
    const both = isRecord(before) && isRecord(value);
    changed[part] = both ? { ...before, ...value } : value;
  }
  return JSON.stringify(changed);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export interface LabelledRow {
  id: string;
  smiles: string;
  pIC50: number;
}

/** Evenly spaced rows of the BACE table that the example ships. */
export function baceRows(count: number, offset = 0): LabelledRow[] {
  const [, ...lines] = readFileSync(join('examples', 'bace', 'assay.csv'), 'utf8')
    .trim()
    .split('\n');
  const step = Math.floor((lines.length - offset) / count);
  return Array.from({ length: count }, (_, i) => {
    const [id = '', smiles = '', pIC50 = ''] = lines[offset + i * step]!.split(',');
    return { id, smiles, pIC50: Number(pIC50) };
  });
}

/** An assay table in pIC50 of so many real compounds. */
export const assayCsv = (count = 80): string =>
  ['id,smiles,pIC50', ...baceRows(count).map(({ id, smiles, pIC50 }) => `${id},${smiles},${pIC50}`), ''].join('\n');

/** What every run that failed owes its user: an outcome, a page and a status that say why in plain words. */
export function failureWords(run: FinishedRun): string {
  const words = run.record.reasons.map(({ message }) => message).join(' ');
  const places = {
    status: run.status.reasons.map(({ message }) => message).join(' '),
    facts: run.facts.reasons.map(({ message }) => message).join(' '),
  };
  if (run.status.outcome !== 'FAILED' || run.record.outcome !== 'FAILED')
    throw new Error(`wanted FAILED, found ${run.status.outcome}`);
  if (words === '' || places.status !== words || places.facts !== words)
    throw new Error(`wanted one reason everywhere, found ${JSON.stringify({ words, ...places })}`);
  if (/\{"|errorMessage|"trace"|\s+at \S+ \(/.test(`${words} ${run.status.error?.cause}`))
    throw new Error(`wanted plain words, found ${words} | ${run.status.error?.cause}`);
  if (!run.page.startsWith('<!doctype html>') && !run.page.startsWith('<!DOCTYPE html>')) throw new Error('wanted an HTML page');
  if (!run.page.includes('The run failed')) throw new Error('wanted a page that says that the run failed');
  return words;
}
