import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidLibrary } from '../../../core/contracts/errors.ts';
import type { LibraryItem } from '../../../core/molecule/library.ts';
import { createLibraryReader } from '../../../core/molecule/library.ts';
import type { LibraryFormat } from '../../../core/molecule/records.ts';
import { MAX_RECORD_BYTES } from '../../../core/molecule/records.ts';
import type { LibraryShard, ShardLimits, SplitOutput } from '../../../core/molecule/shards.ts';
import { createShardSplitter } from '../../../core/molecule/shards.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function split(limits: ShardLimits, bytes: Uint8Array, chunkBytes = 4096): SplitOutput & { rowCount: number } {
  const splitter = createShardSplitter(limits);
  const outputs: SplitOutput[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) outputs.push(splitter.push(bytes.slice(at, at + chunkBytes)));
  outputs.push(splitter.end());
  return {
    shards: outputs.flatMap((o) => o.shards),
    rejected: outputs.flatMap((o) => o.rejected),
    rowCount: splitter.rowCount(),
  };
}
const read = (format: LibraryFormat, bytes: Uint8Array, firstRow = 1): LibraryItem[] => {
  const reader = createLibraryReader(format, { firstRow });
  return [...reader.push(bytes), ...reader.end()];
};
const readShards = (format: LibraryFormat, shards: LibraryShard[]): LibraryItem[] =>
  shards.flatMap((shard) => read(format, shard.bytes, shard.firstRow));

const row = fc.tuple(
  fc.constantFrom('CCO', 'c1ccccc1', 'CC(=O)O', 'not a smiles', ''),
  fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
);

describe('createShardSplitter', () => {
  test('gives shards of a table that read, row by row, like the whole', () => {
    const quote = (field: string): string => `"${field.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 40, max: 400 }),
        fc.integer({ min: 1, max: 50 }),
        (rows, maxRows, maxBytes, chunk) => {
          const bytes = encode(
            `smiles,id,note\n${rows.map(([smiles, note], i) => `${quote(smiles)},m${i},${quote(`${note}\nx`)}\n`).join('')}`,
          );
          const { shards, rejected, rowCount } = split({ format: 'csv', maxBytes, maxRows }, bytes, chunk);
          expect(readShards('csv', shards)).toEqual(read('csv', bytes));
          expect(rejected).toEqual([]);
          expect(rowCount).toBe(rows.length);
          for (const shard of shards) {
            expect(shard.rows).toBeLessThanOrEqual(maxRows);
            if (shard.rows > 1) expect(shard.bytes.length).toBeLessThanOrEqual(maxBytes);
          }
          expect(shards.map((shard) => shard.index)).toEqual(shards.map((_, i) => i));
        },
      ),
      { numRuns: 150 },
    );
  });

  test('gives shards of SMILES files with and without header', () => {
    for (const header of ['', 'smiles id\n']) {
      const bytes = encode(
        `${header}${Array.from({ length: 25 }, (_, i) => `${'C'.repeat(i + 1)} m${i}\n`).join('# comment\n')}`,
      );
      const { shards } = split({ format: 'smi', maxBytes: 10_000, maxRows: 10 }, bytes, 13);
      expect(shards.map((shard) => [shard.rows, shard.firstRow])).toEqual([
        [10, 1],
        [10, 11],
        [5, 21],
      ]);
      expect(readShards('smi', shards)).toEqual(read('smi', bytes));
    }
  });

  test('gives shards of SD files, also when the last record is not closed', () => {
    const record = (name: string): string => `${name}\n\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n> <x>\n1\n`;
    for (const end of ['$$$$\n', '$$$$', '']) {
      const bytes = encode(`${record('a')}$$$$\n${record('b')}$$$$\r\n${record('c')}${end}`);
      const { shards } = split({ format: 'sdf', maxBytes: 100_000, maxRows: 1 }, bytes, 5);
      expect(shards).toHaveLength(3);
      for (const shard of shards) expect(new TextDecoder().decode(shard.bytes)).toMatch(/\$\$\$\$\r?\n$/);
      expect(readShards('sdf', shards)).toMatchObject([
        { id: 'a', row: 1 },
        { id: 'b', row: 2 },
        { id: 'c', row: 3 },
      ]);
    }
  });

  test('turns UTF-16 into shards of UTF-8', () => {
    const text = '\ufeffid,smiles\nCaf\u00e9,CCO\n';
    const bytes = Uint8Array.from(
      [...text].flatMap((character) => [character.charCodeAt(0) & 255, character.charCodeAt(0) >> 8]),
    );
    const { shards } = split({ format: 'csv', maxBytes: 1000, maxRows: 10 }, bytes, 3);
    expect(new TextDecoder().decode(shards[0]!.bytes)).toBe('id,smiles\nCaf\u00e9,CCO\n');
  });

  test('reports a record that is too long, and keeps the numbers of the others', () => {
    const bytes = encode(`smiles,id\nCCO,a\n${'C'.repeat(MAX_RECORD_BYTES.csv + 10)},b\nCCN,c\n`);
    const { shards, rejected, rowCount } = split({ format: 'csv', maxBytes: 1000, maxRows: 10 }, bytes);
    expect(rejected).toMatchObject([{ row: 2, code: 'RECORD_TOO_LONG' }]);
    expect(readShards('csv', shards)).toMatchObject([
      { row: 1, id: 'a' },
      { row: 3, id: 'c' },
    ]);
    expect(rowCount).toBe(3);
  });

  test('refuses a file without compounds', () => {
    expect(() => split({ format: 'csv', maxBytes: 100, maxRows: 10 }, encode('smiles,id\n'))).toThrow('below the header');
    expect(() => split({ format: 'smi', maxBytes: 100, maxRows: 10 }, new Uint8Array(0))).toThrow(InvalidLibrary);
  });

  test('holds one shard at a time', () => {
    const splitter = createShardSplitter({ format: 'smi', maxBytes: 1_000_000, maxRows: 5 });
    const chunk = encode('CCO a\nCCN b\n');
    let largest = 0;
    for (let i = 0; i < 2000; i++)
      for (const shard of splitter.push(chunk).shards) largest = Math.max(largest, shard.bytes.buffer.byteLength);
    expect(splitter.rowCount()).toBe(4000);
    expect(largest).toBe(30);
  });
});
