import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRange } from '../../../local-sim/s3/conditions.ts';
import { compareUtf8, listKeys, sortedKeys } from '../../../local-sim/s3/keys.ts';

const anyKey = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }).filter((s) => s.isWellFormed());
const pathKey = fc.string({ unit: fc.constantFrom('a', 'b', '/', '0', '\uffee', '\u{1f600}'), minLength: 1, maxLength: 6 });

describe('compareUtf8', () => {
  test('orders as the bytes do', () => {
    fc.assert(
      fc.property(anyKey, anyKey, (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
    expect(compareUtf8('\uffee', '\u{1f600}')).toBeLessThan(0);
  });
});

describe('sortedKeys', () => {
  test('stays sorted and unique through additions and removals', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(pathKey, fc.boolean()), { maxLength: 40 }), (steps) => {
        const keys = sortedKeys([]);
        const model = new Set<string>();
        for (const [key, add] of steps) {
          if (add) {
            keys.add(key);
            model.add(key);
          } else {
            keys.remove(key);
            model.delete(key);
          }
        }
        expect([...keys.all]).toEqual([...model].sort(compareUtf8));
      }),
    );
  });
});

describe('listKeys', () => {
  /** The definition, in the plainest form. */
  const everything = (sorted: readonly string[], prefix: string, delimiter: string): string[] => {
    const out: string[] = [];
    for (const key of sorted) {
      if (!key.startsWith(prefix)) continue;
      const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      const entry = cut < 0 ? `key ${key}` : `prefix ${key.slice(0, cut + delimiter.length)}`;
      if (out.at(-1) !== entry) out.push(entry);
    }
    return out;
  };

  test('gives over all pages what the definition gives at once, whatever the size of a page', () => {
    fc.assert(
      fc.property(
        fc.array(pathKey, { maxLength: 30 }),
        fc.constantFrom('', 'a', 'a/', '/'),
        fc.constantFrom('', '/'),
        fc.integer({ min: 1, max: 5 }),
        (list, prefix, delimiter, limit) => {
          const sorted = [...sortedKeys(new Set(list)).all];
          const pages: string[] = [];
          let after = '';
          for (let guard = 0; guard < 200; guard++) {
            const page = listKeys(sorted, { prefix, delimiter, after, limit });
            expect(page.keys.length + page.commonPrefixes.length).toBeLessThanOrEqual(limit);
            pages.push(
              ...[...page.keys.map((k) => `key ${k}`), ...page.commonPrefixes.map((p) => `prefix ${p}`)].sort((a, b) =>
                compareUtf8(a.slice(a.indexOf(' ') + 1), b.slice(b.indexOf(' ') + 1)),
              ),
            );
            if (page.last === undefined) break;
            after = page.last;
          }
          expect(pages).toEqual(everything(sorted, prefix, delimiter));
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('parseRange', () => {
  test.each([
    ['bytes=0-0', 10, [0, 1]],
    ['bytes=5-', 10, [5, 10]],
    ['bytes=-3', 10, [7, 10]],
    ['bytes=-30', 10, [0, 10]],
    ['bytes=2-100', 10, [2, 10]],
    ['bytes=5-2', 10, undefined],
    ['bytes=0-1,3-4', 10, undefined],
    ['lines=1-2', 10, undefined],
    [undefined, 10, undefined],
  ] as const)('reads %s of %i bytes', (header, size, wanted) => {
    expect(parseRange(header, size)).toEqual(wanted);
  });

  test('refuses what begins beyond the end', () => {
    for (const header of ['bytes=10-', 'bytes=10-12', 'bytes=-0'])
      expect(() => parseRange(header, 10)).toThrow('not satisfiable');
    expect(() => parseRange('bytes=0-', 0)).toThrow('not satisfiable');
  });
});
