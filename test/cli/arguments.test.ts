/** What `qefm` and `npm start` say before they reach any cloud: help, and one clear line for each wrong call. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCampaignFolder } from '../../cli/campaign-upload.ts';
import { runCommand } from '../../cli/commands.ts';
import { parseBudgetMicroUsd, parseTier, runOptions } from '../../cli/options.ts';
import { dollars, stageDurations, whyItEnded } from '../../cli/watch.ts';
import type { RunStatus } from '../../core/contracts/api.ts';
import { campaignJson } from '../support/input-cloud.ts';
import { oneLine, runScript } from '../support/input-process.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-arguments-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a budget', () => {
  test.each([
    ['0', 0],
    ['0.000001', 1],
    ['2.50', 2_500_000],
    ['10', 10_000_000],
    ['0.1', 100_000],
    ['4.35', 4_350_000],
    ['7.', 7_000_000],
  ])('of %j dollars is a whole number of micro-dollars', (text, microUsd) => {
    expect(parseBudgetMicroUsd(text)).toBe(microUsd);
  });

  test.each(['', ' ', '-1', '1e3', '0x10', '1,5', '$5', 'ten', 'NaN', 'Infinity', '0.0000001', '9'.repeat(20)])(
    'like %j is refused',
    (text) => {
      expect(() => parseBudgetMicroUsd(text)).toThrow(/--budget: an amount in US dollars such as 2\.50 was wanted, found/);
    },
  );
});

describe('options of a run', () => {
  test('hold what was asked for and nothing else', () => {
    expect(runOptions({})).toEqual({});
    expect(runOptions({ dynamics: 'screen', budget: '0' })).toEqual({ dynamicsTier: 'screen', budgetMicroUsd: 0 });
  });

  test('know their tiers', () => {
    expect(parseTier('explicit')).toBe('explicit');
    expect(() => parseTier('long')).toThrow('--dynamics: one of none, smoke, screen, explicit was wanted, found "long"');
  });
});

describe('a campaign folder', () => {
  const make = (name: string, files: Record<string, string>) => {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(folder, name, path, '..'), { recursive: true });
      writeFileSync(join(folder, name, path), content);
    }
    return join(folder, name);
  };

  test('is read with its libraries apart and notes left out', () => {
    const at = make('good', {
      'campaign.json': campaignJson('good'),
      'assay.csv': '',
      'README.md': '',
      '.hidden': '',
      'libraries/b.csv.gz': '',
      'libraries/a.smi': '',
      'libraries/notes.txt': '',
      'truth/labels.csv': '',
    });
    const found = readCampaignFolder(at);
    expect(found.libraries).toEqual(['libraries/a.smi', 'libraries/b.csv.gz']);
    expect(found.files).toEqual(['assay.csv', 'campaign.json', 'truth/labels.csv']);
  });

  test.each([
    ['absent', {}, /there is no folder .*absent$/],
    ['bare', { 'assay.csv': '' }, /campaign\.json is missing: a campaign is a folder with a campaign\.json/],
    ['no-json', { 'campaign.json': '{' }, /no-json\/campaign\.json is not JSON: /],
    [
      'wrong',
      { 'campaign.json': campaignJson('wrong', { quantum: { qubits: 3 }, seed: -1 }) },
      /campaign\.json: quantum\.qubits: .*; seed: /,
    ],
    [
      'no-library',
      { 'campaign.json': campaignJson('no-library'), 'libraries/a.txt': '' },
      /libraries holds no \.smi, \.csv or \.sdf file/,
    ],
    [
      'blank-name',
      { 'campaign.json': campaignJson('blank-name'), 'libraries/my file.csv': '' },
      /my file\.csv: a name of letters, digits/,
    ],
  ])('that is wrong is refused by its path: %s', (name, files, words) => {
    if (Object.keys(files).length > 0) make(name, files);
    expect(() => readCampaignFolder(join(folder, name))).toThrow(words);
  });
});

describe('a status', () => {
  const status = (change: Partial<RunStatus>): RunStatus => ({
    runId: 'a-1',
    status: 'FAILED',
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:00:10.000Z',
    outcome: 'FAILED',
    reasons: [],
    stages: [],
    progress: [],
    money: { plannedMicroUsd: null, reservedMicroUsd: 0, drawnMicroUsd: 0, budgetMicroUsd: null },
    error: null,
    ...change,
  });

  test('gives its reasons, and its error where it has none', () => {
    const error = { name: 'StoppedByUser', cause: 'over the API' };
    expect(whyItEnded(status({ error }))).toEqual(['StoppedByUser: over the API']);
    expect(whyItEnded(status({ error, reasons: [{ code: 'A', message: 'b' }] }))).toEqual(['A: b']);
    expect(whyItEnded(status({}))).toEqual([]);
  });

  test('adds up a stage that was entered twice, and ends an open one with the run', () => {
    const stages = [
      { stage: 'Ask', startedAt: '2026-01-01T00:00:00.000Z', endedAt: '2026-01-01T00:00:01.000Z' },
      { stage: 'Tell', startedAt: '2026-01-01T00:00:01.000Z', endedAt: '2026-01-01T00:00:03.000Z' },
      { stage: 'Ask', startedAt: '2026-01-01T00:00:03.000Z', endedAt: null },
    ];
    expect(stageDurations(status({ stages }))).toEqual([
      { stage: 'Ask', ms: 8000 },
      { stage: 'Tell', ms: 2000 },
    ]);
  });

  test('shows less than a cent with its digits', () => {
    expect([0, 4405, 10_000, 2_500_000].map(dollars)).toEqual(['0.00 USD', '0.004405 USD', '0.01 USD', '2.50 USD']);
  });
});

describe('qefm', () => {
  const qefm = async (...args: string[]) => {
    const lines: string[] = [];
    const code = await runCommand(args, {}, (line) => lines.push(line));
    return { code, text: lines.join('\n') };
  };

  test('shows how it is called, with every command and option', async () => {
    for (const call of [[], ['--help'], ['status', '-h']]) {
      const { code, text } = await qefm(...call);
      expect(code).toBe(0);
      for (const name of ['upload', 'start', 'list', 'status', 'watch', 'stop', 'plan', 'candidates', 'report', 'openapi'])
        expect(text).toContain(`qefm ${name}`);
      for (const name of ['endpoint', 'region', 'dynamics', 'budget', 'token', 'limit', 'next'])
        expect(text).toContain(`--${name}`);
    }
  });

  test('as a process prints its help to stdout, and a wrong call in one line to stderr with exit code 1', async () => {
    const [help, wrong] = await Promise.all([runScript('cli/main.ts', ['--help']), runScript('cli/main.ts', ['fly'])]);
    expect(help).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('qefm upload DIR') });
    expect(oneLine(wrong)).toBe('qefm: there is no command "fly"; qefm --help shows which there are');
  });

  test.each([
    [['constructor'], 'there is no command "constructor"; qefm --help shows which there are'],
    [['list', '--wings'], "Unknown option '--wings'"],
    [['status'], 'status: the id of a run is missing; qefm --help shows how it is called'],
    [['status', ''], 'status: the id of a run is missing; qefm --help shows how it is called'],
    [['start', 'bace'], 'start: the library is missing; qefm --help shows how it is called'],
    [['list', 'x'], 'list: "x" is one argument too many; qefm --help shows how it is called'],
    [['stop', 'x', '--budget', '1'], 'stop: --budget is no option of this command; qefm --help shows which are'],
    [['start', 'a', 'b', '--budget', 'much'], '--budget: an amount in US dollars such as 2.50 was wanted, found "much"'],
    [['upload', '.', '--dynamics', 'long'], '--dynamics: one of none, smoke, screen, explicit was wanted, found "long"'],
    [['list'], 'the API address is missing: give --endpoint URL or set QEFM_ENDPOINT'],
    [
      ['list', '--endpoint', 'localhost'],
      '--endpoint: an address that begins with http:// or https:// was wanted, found "localhost"',
    ],
  ])('says what is wrong with %j', async (args, words) => {
    await expect(qefm(...args)).rejects.toThrow(words);
  });
});

describe('npm start', () => {
  const start = (...args: string[]) => runScript('scripts/start.ts', args);

  test('shows how it is called', async () => {
    const { code, stdout } = await start('--help');
    expect(code).toBe(0);
    for (const name of ['campaign', 'dynamics', 'budget', 'state', 'results']) expect(stdout).toContain(`--${name}`);
  });

  test.each([
    [['--campaign', 'no/such/folder'], 'start: there is no folder no/such/folder'],
    [['--campaign', ''], 'start: --campaign: a folder was wanted, found an empty name'],
    [['--budget', 'much'], 'start: --budget: an amount in US dollars such as 2.50 was wanted, found "much"'],
    [['--dynamics', 'long'], 'start: --dynamics: one of none, smoke, screen, explicit was wanted, found "long"'],
    [['--wings'], "start: Unknown option '--wings'"],
  ])('says in one line what is wrong with %j and starts nothing', async (args, words) => {
    expect(oneLine(await start(...args))).toContain(words);
  });
});
