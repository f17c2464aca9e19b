import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidLibrary } from '../../../core/contracts/errors.ts';
import { createInflationGuard } from '../../../core/molecule/inflation.ts';
import type { LibraryItem, LibraryReaderOptions, LibraryRow } from '../../../core/molecule/library.ts';
import { createLibraryReader, splitDelimited } from '../../../core/molecule/library.ts';
import type { LibraryFormat } from '../../../core/molecule/records.ts';
import { MAX_RECORD_BYTES } from '../../../core/molecule/records.ts';
import { nodeChemistry } from '../../support/chemistry.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function readAll(
  format: LibraryFormat,
  bytes: Uint8Array,
  options?: LibraryReaderOptions,
  chunkBytes = bytes.length || 1,
): LibraryItem[] {
  const reader = createLibraryReader(format, options);
  const items: LibraryItem[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) items.push(...reader.push(bytes.slice(at, at + chunkBytes)));
  return [...items, ...reader.end()];
}
const rowsOf = (items: LibraryItem[]): LibraryRow[] => items.filter((item): item is LibraryRow => item.kind === 'row');
const codesOf = (items: LibraryItem[]): string[] => items.map((item) => (item.kind === 'row' ? 'ok' : item.code));

describe('createLibraryReader for tables', () => {
  test('reads header, quoted fields with line breaks and doubled quotes, and passes the other columns through', () => {
    const text = 'id,smiles,"free, text"\nA1,CCO,"two\nlines, and ""quotes"""\nA2,CCN,\n';
    expect(readAll('csv', encode(text))).toEqual([
      { kind: 'row', row: 1, id: 'A1', notation: 'smiles', text: 'CCO', columns: { 'free, text': 'two\nlines, and "quotes"' } },
      { kind: 'row', row: 2, id: 'A2', notation: 'smiles', text: 'CCN', columns: { 'free, text': '' } },
    ]);
  });

  test.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('reads lines that end with %s, with and without the last', (_name, end) => {
    for (const last of [end, '']) {
      const items = readAll('csv', encode(['smiles,id', 'CCO,a', '', 'CCN,b'].join(end) + last));
      expect(rowsOf(items).map(({ row, id, text }) => [row, id, text])).toEqual([
        [1, 'a', 'CCO'],
        [2, 'b', 'CCN'],
      ]);
    }
  });

  test.each([',', ';', '\t', '|'])('finds the delimiter %j', (delimiter) => {
    const items = readAll(
      'csv',
      encode(
        `Name${delimiter}SMILES${delimiter}price\nx${delimiter}C1CC1${delimiter}3,5\n`.replace(
          '3,5',
          delimiter === ',' ? '35' : '3,5',
        ),
      ),
    );
    expect(items).toMatchObject([{ id: 'x', text: 'C1CC1', columns: { price: delimiter === ',' ? '35' : '3,5' } }]);
  });

  test('reads UTF-8 with and without mark, UTF-16 of both orders, and Latin-1', () => {
    const text = 'id,smiles\nCaf\u00e9,CCO\n\u65e5\u672c,CCN\n';
    const utf16 = (big: boolean, mark: boolean): Uint8Array => {
      const units = [...(mark ? '\ufeff' : ''), ...text].map((character) => character.charCodeAt(0));
      return Uint8Array.from(units.flatMap((unit) => (big ? [unit >> 8, unit & 255] : [unit & 255, unit >> 8])));
    };
    for (const bytes of [
      encode(text),
      encode(`\ufeff${text}`),
      utf16(false, true),
      utf16(true, true),
      utf16(false, false),
      utf16(true, false),
    ]) {
      for (const chunk of [1, 3, 1000])
        expect(rowsOf(readAll('csv', bytes, {}, chunk)).map((row) => row.id)).toEqual(['Caf\u00e9', '\u65e5\u672c']);
    }
    const latin1 = Uint8Array.from([...'id,smiles\nCaf\u00e9,CCO\n'].map((character) => character.charCodeAt(0)));
    expect(rowsOf(readAll('csv', latin1)).map((row) => row.id)).toEqual(['Caf\u00e9']);
  });

  test('says which columns it found when the wanted one is missing', () => {
    expect(() => readAll('csv', encode('a,b\n1,2\n'))).toThrow(InvalidLibrary);
    expect(() => readAll('csv', encode('a,b\n1,2\n'))).toThrow('wanted a header with a column named "smiles", found "a", "b"');
    expect(() => readAll('csv', encode('smiles,b\nC,2\n'), { idColumn: 'code' })).toThrow('column named "code"');
    expect(readAll('csv', encode('Code,My Structure\nx,CC\n'), { idColumn: 'code', smilesColumn: 'my structure' })).toMatchObject(
      [{ id: 'x', text: 'CC' }],
    );
  });

  test('judges each row alone', () => {
    const items = readAll('csv', encode('id,price,smiles\na,1,CCO\nb,2\nc,3,CCN,9,9\nd,4,\ne,5,CCC,\n'));
    expect(codesOf(items)).toEqual(['ok', 'TOO_FEW_COLUMNS', 'MALFORMED_RECORD', 'ok', 'ok']);
    expect(items[1]).toMatchObject({ row: 2, id: 'b' });
    expect(items[3]).toMatchObject({ row: 4, id: 'd', text: '' });
  });

  test('loses one line to a quote that never closes', () => {
    const items = readAll('csv', encode('id,smiles\na,CCO\nb,"CCN\nc,CCC\nd,CCCC\n'));
    expect(codesOf(items)).toEqual(['ok', 'MALFORMED_RECORD', 'ok', 'ok']);
  });

  test('refuses a file full of open quotes instead of searching it over and over', () => {
    expect(() => readAll('csv', encode(`id,smiles\n${'x"y,"z\n'.repeat(200_000)}`), {}, 65_536)).toThrow('more than 100 quotes');
  });

  test('does not take an inch mark inside a field for a quote', () => {
    expect(rowsOf(readAll('csv', encode('smiles,size\nCCO,5"\nCCN,6"\n'))).map((row) => row.columns['size'])).toEqual([
      '5"',
      '6"',
    ]);
  });

  test('loses one line to a line without end', () => {
    const long = `id,smiles\na,CCO\nb,${'C'.repeat(3 * MAX_RECORD_BYTES.csv)}\nc,CCN\n`;
    expect(codesOf(readAll('csv', encode(long), {}, 10_000))).toEqual(['ok', 'RECORD_TOO_LONG', 'ok']);
  });

  test('numbers duplicate and nameless columns apart', () => {
    expect(readAll('csv', encode('smiles,x,x,\nC,1,2,3\n'))).toMatchObject([
      { columns: { x: '1', 'x (2)': '2', column_4: '3' } },
    ]);
  });

  test('makes ids safe for tables and names', () => {
    const items = readAll('csv', encode(`id,smiles\n"a\t\u0007b\nc",C\n${'x'.repeat(500)},CC\n,CCC\n`));
    expect(rowsOf(items).map((row) => row.id)).toEqual(['a b c', 'x'.repeat(200), 'row-3']);
  });
});

describe('createLibraryReader for SMILES files', () => {
  test('reads SMILES, titles, tab columns, comments and an optional header', () => {
    const plain = readAll('smi', encode('# made by hand\nCCO ethanol 96 %\n\nCCN\nC1CC1 |c:0| cyclopropane\n'));
    expect(plain).toMatchObject([
      { row: 1, text: 'CCO', id: 'ethanol 96 %' },
      { row: 2, text: 'CCN', id: 'row-2' },
      { row: 3, text: 'C1CC1', id: 'cyclopropane' },
    ]);
    expect(readAll('smi', encode('smiles\tid\tprice\nCCO\tA\t7\n'))).toMatchObject([
      { text: 'CCO', id: 'A', columns: { price: '7' } },
    ]);
    expect(readAll('smi', encode('CCO\tA\t7\n'))).toMatchObject([{ text: 'CCO', id: 'A', columns: { column_3: '7' } }]);
  });

  test('counts on from the first row of a shard', () => {
    expect(readAll('smi', encode('C\nCC\n'), { firstRow: 101 })).toMatchObject([{ row: 101, id: 'row-101' }, { row: 102 }]);
  });
});

describe('createLibraryReader for SD files', () => {
  test('reads titles, data fields and mol blocks of both versions', async () => {
    const chemistry = nodeChemistry();
    const blocks = await chemistry.withSmiles('CCO', (molecule) => [molecule.get_v2Kmolblock(), molecule.get_v3Kmolblock()]);
    if (!blocks.ok) throw new Error(blocks.rejection.message);
    const [v2, v3] = blocks.value as [string, string];
    const titled = `ethanol${v2.slice(v2.indexOf('\n'))}`;
    const sdf = `${titled}> <price>\n7\n\n> 25 <note> (X)\ntwo\nlines\n\n$$$$\r\n${v3}>  <ID>\nV3\n\n$$$$\nbroken\n\n\n$$$$\n${titled}`;
    for (const chunk of [7, 100_000]) {
      const items = readAll('sdf', encode(sdf), {}, chunk);
      expect(codesOf(items)).toEqual(['ok', 'ok', 'MALFORMED_RECORD', 'ok']);
      expect(items[0]).toMatchObject({
        row: 1,
        id: 'ethanol',
        notation: 'molblock',
        columns: { price: '7', note: 'two\nlines' },
      });
      expect(items[1]).toMatchObject({ row: 2, id: 'V3', columns: {} });
      for (const row of rowsOf(items)) {
        expect(await chemistry.withMolblock(row.text, (molecule) => molecule.get_smiles())).toEqual({ ok: true, value: 'CCO' });
      }
    }
    expect(rowsOf(readAll('sdf', encode(sdf), { idColumn: 'PRICE' }))[0]).toMatchObject({
      id: '7',
      columns: { note: 'two\nlines' },
    });
  });
});

describe('createLibraryReader for what is no library', () => {
  test('refuses an empty file, blank lines, compressed data, workbooks and binary data, each by name', () => {
    expect(() => readAll('csv', new Uint8Array(0))).toThrow('found an empty file');
    expect(() => readAll('smi', encode('\n \r\n'))).toThrow('found an empty file');
    expect(() => readAll('csv', gzipSync('smiles\nC\n'))).toThrow('gzip');
    expect(() => readAll('csv', Uint8Array.of(0x50, 0x4b, 3, 4, 5, 6))).toThrow('office workbook');
    expect(() => readAll('csv', Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 5))).toThrow('old office document');
    expect(() => readAll('smi', encode('CCO\nC\0C\n'))).toThrow('NUL');
  });

  test('gives the same rows whatever the chunks, and never fails otherwise than by name', () => {
    const piece = fc.constantFrom(
      'CCO',
      'smiles',
      'id',
      ',',
      ';',
      '\t',
      '"',
      '""',
      '\n',
      '\r\n',
      '\r',
      ' ',
      '$$$$',
      '$$$$\n',
      'M  END\n',
      '> <x>\n',
      '\ufeff',
      '\u00e9',
      '#',
      '|',
      'V2000',
    );
    const text = fc.array(piece, { maxLength: 60 }).map((parts) => parts.join(''));
    const formats = fc.constantFrom<LibraryFormat>('csv', 'smi', 'sdf');
    fc.assert(
      fc.property(formats, text, fc.integer({ min: 1, max: 9 }), fc.boolean(), (format, body, chunk, header) => {
        const bytes = encode(header ? `smiles,id\n${body}` : body);
        const attempt = (size: number): unknown => {
          try {
            return readAll(format, bytes, {}, size);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidLibrary);
            return (error as Error).message;
          }
        };
        expect(attempt(chunk)).toEqual(attempt(bytes.length || 1));
      }),
      { numRuns: 600 },
    );
  });

  test('never fails on bytes otherwise than by name', () => {
    fc.assert(
      fc.property(fc.constantFrom<LibraryFormat>('csv', 'smi', 'sdf'), fc.uint8Array({ maxLength: 400 }), (format, bytes) => {
        try {
          for (const item of readAll(format, bytes)) expect(item.row).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidLibrary);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('splitDelimited', () => {
  test('reads back what was quoted', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme-ascii' }), { minLength: 1, maxLength: 6 }), (fields) => {
        const line = fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(',');
        expect(splitDelimited(line, ',')).toEqual(fields);
      }),
    );
  });
});

describe('createInflationGuard', () => {
  test('stops a gzip bomb long before it is unfolded, and lets a library through', () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 ** 2, 'C'), { level: 9 });
    const guard = createInflationGuard({ maxRatio: 100, maxBytes: 1024 ** 3 });
    let unfolded = 0;
    guard.compressed(bomb.length);
    expect(() => {
      for (let at = 0; at < 64 * 1024 ** 2; at += 65_536) {
        guard.inflated(65_536);
        unfolded += 65_536;
      }
    }).toThrow(/grows at most 100 times, found \d+ bytes that grew to/);
    expect(unfolded).toBeLessThan(17 * 1024 ** 2);

    const library = gzipSync('CC(=O)Nc1ccc(O)cc1 paracetamol\n'.repeat(1000));
    const patient = createInflationGuard();
    patient.compressed(library.length);
    patient.inflated(gunzipSync(library).length);
  });

  test('stops at the limit of bytes whatever the ratio', () => {
    const guard = createInflationGuard({ maxRatio: 1000, maxBytes: 1000 });
    guard.compressed(900);
    guard.inflated(1000);
    expect(() => guard.inflated(1)).toThrow(InvalidLibrary);
  });
});
