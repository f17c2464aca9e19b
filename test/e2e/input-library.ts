/** Bad libraries, from the upload to the report: each bad row has its reason, the rest of the file its ranking, a bad file one clear sentence. */
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { assayCsv, campaignJson, type FinishedRun, failureWords, type InputCloud, RUN_MS } from '../support/input-cloud.ts';
import { goodCompounds, goodRows, HOSTILE_ID, hostileColumn, mixedRows } from '../support/input-mixed.ts';
import { mixedRun, sharedCloud, sparseRun } from '../support/input-shared.ts';

let input: InputCloud;
beforeAll(async () => {
  input = await sharedCloud();
});

const assay = assayCsv(80);
const screen = (name: string, path: string, library: string | Uint8Array, change = {}) =>
  input.screen(name, { 'campaign.json': campaignJson(name, change), 'assay.csv': assay, [path]: library });

describe('a library with every kind of bad row in it', () => {
  let run: FinishedRun;
  beforeAll(async () => {
    run = await mixedRun();
  }, RUN_MS);

  test('succeeds and gives each bad row its own reason', () => {
    expect(run.record).toMatchObject({ outcome: 'SUCCEEDED', reasons: [] });
    const said = new Map(run.facts.rejectedLibrary!.rows.map(({ row, code, message }) => [row, { code, message }]));
    for (const [i, { code }] of mixedRows.entries()) expect([i + 1, said.get(i + 1)?.code ?? null]).toEqual([i + 1, code]);
    for (const { code, message } of said.values())
      expect(message, code).toMatch(code === 'DUPLICATE' ? /^the same compound as/ : /found|wanted/);
  });

  test('loses no good row and counts what it left out', () => {
    const kept = mixedRows.filter(({ code }) => code === null).length;
    const duplicates = mixedRows.filter(({ code }) => code === 'DUPLICATE').length;
    expect(run.facts.library).toEqual({
      rows: mixedRows.length,
      accepted: kept + duplicates,
      rejected: mixedRows.length - kept - duplicates,
      duplicates,
      shards: 1,
    });
    expect(run.ranked).toHaveLength(kept);
    expect(new Set(run.ranked!.map(({ id }) => id))).toEqual(
      new Set([
        ...goodRows.map((_, i) => `good-${i + 1}`),
        'salt',
        'two, lines',
        HOSTILE_ID,
        "'=HYPERLINK(1)",
        '$$$$',
        'caf\u00e9',
      ]),
    );
  });

  test('strips the salt and passes the columns through', () => {
    const by = new Map(run.ranked!.map((row) => [row['id'], row]));
    expect(by.get('salt')!['smiles']).toBe('CC(=O)Oc1ccccc1C(=O)O');
    expect(by.get('two, lines')![hostileColumn]).toBe('first line\nsecond "line"');
    expect(by.get('good-1')).toMatchObject({ [hostileColumn]: 'kept', note: '7' });
    expect(by.get('caf\u00e9')![hostileColumn]).toBe('na\u00efve');
    expect(by.get(HOSTILE_ID)!['note']).toBe("'=1+2");
  });

  test('escapes hostile ids, columns and titles in the page', () => {
    for (const hostile of ['<img src=x', '<script>alert(', '<b onclick']) expect(run.page.includes(hostile), hostile).toBe(false);
    for (const escaped of ['&lt;img src=x', '&lt;b onclick=alert(1)&gt;title&lt;/b&gt; &amp;', 'Content-Security-Policy']) {
      expect(run.page.includes(escaped), escaped).toBe(true);
    }
  });

  test('writes one record a compound into the SD file whatever the ids say', () => {
    expect(run.sdf!.split(/^\$\$\$\$\n/m).filter((record) => record !== '')).toHaveLength(run.ranked!.length);
    expect(run.sdf!.includes('caf\u00e9')).toBe(true);
  });

  test('never writes a structure into the reasons', () => {
    const words = run.facts.rejectedLibrary!.rows.map(({ message }) => message).join('\n');
    for (const { line } of mixedRows) {
      const smiles = line.split(',')[1] ?? '';
      if (smiles.length > 3) expect(words).not.toContain(smiles);
    }
  });
});

test('reads UTF-16 with semicolons and CRLF line ends out of a gzip file', async () => {
  const run = await sparseRun();
  expect(run.facts.library).toMatchObject({ rows: goodCompounds.length, rejected: 0 });
  expect(run.ranked).toHaveLength(goodCompounds.length);
  for (const { id, remark } of run.ranked!) expect([id!.slice(0, 2), remark]).toEqual(['\u03b1-', 'gr\u00f6\u00dfer']);
});

describe('a file that is no library', () => {
  const truncated = gzipSync(
    Buffer.from(`id,smiles\n${goodCompounds.map(({ id, smiles }) => `${id},${smiles}`).join('\n')}`),
  ).subarray(0, 200);
  const cases: readonly [name: string, path: string, bytes: string | Uint8Array, words: RegExp][] = [
    ['empty', 'libraries/a.csv', '', /wanted at least one compound, found an empty file/],
    ['blank', 'libraries/a.smi', '\n\n  \n', /wanted at least one compound, found an empty file/],
    ['header-only', 'libraries/a.csv', 'id,smiles\n', /below the header, found none/],
    [
      'wrong-columns',
      'libraries/a.csv',
      'name;formula\nwater;H2O\n',
      /wanted a header with a column named "smiles", found "name", "formula"/,
    ],
    ['no-id-column', 'libraries/a.csv', 'smiles\nCCO\n', /wanted a header with a column named "id", found "smiles"/],
    [
      'bomb',
      'libraries/a.csv.gz',
      gzipSync(Buffer.alloc(64 << 20, 'C')),
      /grows at most 100 times, found \d+ bytes that grew to \d+/,
    ],
    ['truncated', 'libraries/a.csv.gz', truncated, /gzip.*unexpected end of file/],
    ['not-gzip', 'libraries/a.csv.gz', 'id,smiles\na,CCO\n', /name says gzip, its content does not/],
    ['workbook', 'libraries/a.csv', Buffer.from('PK\x03\x04 and so on'), /zip archive or an office workbook: export it as CSV/],
    ['binary', 'libraries/a.smi', Buffer.from([67, 67, 79, 10, 1, 0, 2, 0, 0, 3, 10]), /NUL bytes/],
    [
      'no-valid-row',
      'libraries/a.csv',
      'id,smiles\na,xyz\nb,C1CC\nc,\nd,[Na+].[Cl-]\n',
      /not one compound of the library could be used; 4 rows were rejected/,
    ],
  ];

  test.each(cases)('fails as a run that says why: %s', async (name, path, bytes, words) => {
    const run = await screen(name, path, bytes, { quantum: { trainSteps: 0 } });
    expect(failureWords(run)).toMatch(words);
    expect(run.ranked).toBeNull();
  });

  test('lists the reasons of all rows where none was valid', async () => {
    const [runId] = await input.runsOf('no-valid-row');
    const { facts } = await input.finished(runId!);
    expect(facts.rejectedLibrary!.rows.map(({ id, code }) => [id, code])).toEqual([
      ['a', 'UNPARSABLE'],
      ['b', 'UNPARSABLE'],
      ['c', 'EMPTY'],
      ['d', 'NO_CARBON'],
    ]);
  });
});
