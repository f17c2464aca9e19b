import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvField, rankedCsv, rankedSdf, sdfRecord, type TableRow, tableColumns } from '../../../core/report/tables.ts';
import { sampleCompound } from './sample-facts.ts';

function row(rank: number, changes: Partial<TableRow> = {}): TableRow {
  const { structureSvg, ...rest } = sampleCompound(rank, changes);
  return rest;
}

/** A plain reader of RFC 4180, written apart from the writer. */
function readCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const sign = text[i]!;
    if (quoted) {
      if (sign === '"' && text[i + 1] === '"') {
        field += '"';
        i++;
      } else if (sign === '"') quoted = false;
      else field += sign;
    } else if (sign === '"') quoted = true;
    else if (sign === ',') {
      record.push(field);
      field = '';
    } else if (sign === '\r' && text[i + 1] === '\n') {
      records.push([...record, field]);
      record = [];
      field = '';
      i++;
    } else field += sign;
  }
  return records;
}

const molblock = [
  '',
  '     made for a test',
  '',
  '  1  0  0  0  0  0  0  0  0  0999 V2000',
  '    0.0000    0.0000    0.0000 C   0  0',
  'M  END',
  '',
].join('\n');

describe('csvField', () => {
  test.each(['=1+1', '+cmd', '-2+3', '@SUM(A1)', '\t=1', ' =1', '=HYPERLINK("http://x")'])('disarms the formula %j', (text) => {
    expect(csvField(text).replace(/^"/, '')).toMatch(/^'/);
  });
  test.each(['-1.5', '+3', '1e-4', '-.5', '[Na+].[Cl-]', 'C=O', 'a@b'])('leaves %j alone', (text) => {
    expect(csvField(text)).toBe(text);
  });
  test('quotes commas, quotes, line breaks and outer blanks', () => {
    expect(['a,b', 'a"b', 'a\nb', ' a'].map(csvField)).toEqual(['"a,b"', '"a""b"', '"a\nb"', '" a"']);
  });
});

describe('rankedCsv', () => {
  const write = (rows: TableRow[]) => [...rankedCsv(rows, tableColumns(rows))].join('');

  test('passes ids and user columns through, read back by a plain RFC 4180 reader', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }), (pairs) => {
        const rows = pairs.map(([id, value], i) => row(i + 1, { id, columns: { note: value } }));
        const [head, ...records] = readCsv(write(rows));
        expect(records).toHaveLength(rows.length);
        records.forEach((record, i) => {
          expect(record).toHaveLength(head!.length);
          expect(record[head!.indexOf('id')]!.replace(/^'/, '')).toBe(pairs[i]![0].replace(/^'/, ''));
          expect(record[head!.indexOf('note')]!.replace(/^'/, '')).toBe(pairs[i]![1].replace(/^'/, ''));
        });
      }),
    );
  });

  test('keeps a user column that is called like one of ours, under another name', () => {
    const [head, record] = readCsv(write([row(1, { columns: { rank: 'theirs', ID: 'x', MolWt: 'y' } })]));
    expect(head!.filter((name) => name === 'rank')).toHaveLength(1);
    expect(record![head!.indexOf('library_rank')]).toBe('theirs');
    expect(record![head!.indexOf('library_ID')]).toBe('x');
    expect(record![head!.indexOf('library_MolWt')]).toBe('y');
  });

  test('leaves absent values empty and gives every row all columns', () => {
    const rows = [row(1, { refinedPk: null, truthPk: null, columns: { a: '1' } }), row(2, { columns: { b: '2' } })];
    const [head, first, second] = readCsv(write(rows));
    expect(first![head!.indexOf('refined_pK')]).toBe('');
    expect(first![head!.indexOf('measured_pK')]).toBe('');
    expect([first![head!.indexOf('b')], second![head!.indexOf('b')]]).toEqual(['', '2']);
  });
});

describe('sdfRecord', () => {
  const fieldsOf = (record: string) =>
    Object.fromEntries([...record.matchAll(/^> {2}<([^>]*)>\n([^\n]*)\n\n?/gm)].map(([, name, value]) => [name, value]));

  test('keeps atoms and bonds, puts the id on the title line and the data after the end of the block', () => {
    const compound = row(1);
    const record = sdfRecord(compound, molblock, tableColumns([compound]));
    const lines = record.split('\n');
    expect(lines[0]).toBe('BACE-1001');
    expect(lines.slice(1, 6)).toEqual(molblock.split('\n').slice(1, 6));
    expect(fieldsOf(record)).toMatchObject({ id: 'BACE-1001', rank: '1', vendor: 'in house', nearest_id: 'assay-7' });
    expect(record.endsWith('\n$$$$\n')).toBe(true);
  });

  test('cannot be made to hold two records, whatever the names', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('$$$$', 'a\n$$$$\nb', '> <x>', '\n\n> <id>\nforged', '<>', ''),
    );
    fc.assert(
      fc.property(text, text, text, (id, name, value) => {
        const compound = row(1, { id, columns: { [name]: value } });
        const lines = sdfRecord(compound, molblock, tableColumns([compound])).split('\n');
        expect(lines.filter((line) => line.startsWith('$$$$'))).toEqual(['$$$$']);
        expect(lines[0]!.length).toBeLessThanOrEqual(81);
        const heads = lines.filter((line) => line.startsWith('>'));
        for (const head of heads) expect(head).toMatch(/^> {2}<[^<>]+>$/);
        expect(heads.length).toBeLessThanOrEqual(19);
      }),
    );
  });

  test('carries a long id whole in its field', () => {
    const long = 'L'.repeat(500);
    const compound = row(1, { id: long });
    const record = sdfRecord(compound, molblock, tableColumns([compound]));
    expect(record.split('\n')[0]).toHaveLength(80);
    expect(fieldsOf(record)['id']).toBe(long);
  });

  test('refuses what is not a V2000 block, and leaves out compounds without one', () => {
    const names = tableColumns([row(1)]);
    expect(() => sdfRecord(row(1), 'nonsense', names)).toThrow('V2000 molblock');
    expect(() => sdfRecord(row(1), molblock.replace('V2000', 'V3000'), names)).toThrow('V2000 molblock');
    expect([
      ...rankedSdf(
        [
          { row: row(1), molblock: null },
          { row: row(2), molblock },
        ],
        names,
      ),
    ]).toHaveLength(1);
  });
});
