import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CsvError, csvItems, csvRows } from '../../../local-sim/states/csv.ts';

const quote = (field: string) => `"${field.replaceAll('"', '""')}"`;

describe('csvRows', () => {
  test('reads back whatever was written with every field quoted', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ';', ' ', 'é'), maxLength: 6 });
    const rows = fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(
        rows,
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.constantFrom(',', ';', '\t', '|'),
        fc.boolean(),
        (given, end, delimiter, closed) => {
          const text = given.map((row) => row.map(quote).join(delimiter)).join(end) + (closed && given.length > 0 ? end : '');
          expect([...csvRows(text, delimiter)]).toEqual(given);
        },
      ),
    );
  });

  test('reads plain fields as they stand, quotes inside them too', () => {
    expect([...csvRows('a,b"c" ,\n,x', ',')]).toEqual([
      ['a', 'b"c" ', ''],
      ['', 'x'],
    ]);
  });

  test('ends or says why, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r'), maxLength: 30 }), (text) => {
        try {
          for (const row of csvRows(text, ',')) expect(row.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(CsvError);
        }
      }),
    );
  });

  test('names the line of a quote that is never closed', () => {
    expect(() => [...csvRows('a\n"x\ny"\nb,"c', ',')]).toThrow('opened on line 4');
  });
});

describe('csvItems', () => {
  test('fills missing values and drops values beyond the headers', () => {
    expect([...csvItems('1\n1,2,3', ',', ['a', 'b'])]).toEqual([
      { a: '1', b: '' },
      { a: '1', b: '2' },
    ]);
  });
});
