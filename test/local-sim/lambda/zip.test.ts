import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readZip, unzipTo } from '../../../local-sim/lambda/zip.ts';
import { zipOf } from '../../contract/zip-of.ts';

const limits = { maxEntries: 10, maxTotalBytes: 1000 };

describe('readZip', () => {
  test('gives back stored and deflated files', () => {
    const files = fc.uniqueArray(
      fc.record({
        name: fc.stringMatching(/^[a-zä]{1,8}(\/[a-z]{1,4})?$/),
        content: fc.uint8Array({ maxLength: 60 }),
        stored: fc.boolean(),
      }),
      { selector: (f) => f.name, maxLength: 6 },
    );
    fc.assert(
      fc.property(files, (list) => {
        expect(readZip(zipOf(list), limits).map((e) => [e.name, [...e.bytes]])).toEqual(
          list.map((f) => [f.name, [...f.content]]),
        );
      }),
    );
  });

  test.each(['../x', '/etc/x', 'a/../../x', 'a/./x', 'C:/x', 'a\\..\\x', 'a\0b', ''])('refuses the name %j', (name) => {
    expect(() => readZip(zipOf([{ name, content: 'x' }]), limits)).toThrow('leaves the folder');
  });

  test('refuses bombs: by declared size, by true size, by number', () => {
    const zeros = Buffer.alloc(100_000);
    expect(() => readZip(zipOf([{ name: 'a', content: zeros }]), limits)).toThrow('unzipped size');
    expect(() => readZip(zipOf([{ name: 'a', content: zeros, claimBytes: 10 }]), limits)).toThrow(
      'does not inflate to its 10 bytes',
    );
    expect(() => readZip(zipOf(Array.from({ length: 11 }, (_, i) => ({ name: `f${i}`, content: '' }))), limits)).toThrow(
      '11 entries',
    );
    expect(deflateRawSync(zeros).length).toBeLessThan(200);
  });

  test('refuses links, doubles, damage and what is no archive', () => {
    expect(() => readZip(zipOf([{ name: 'l', content: '/etc/passwd', mode: 0o120777 }]), limits)).toThrow('symbolic link');
    expect(() =>
      readZip(
        zipOf([
          { name: 'a', content: '1' },
          { name: 'a', content: '2' },
        ]),
        limits,
      ),
    ).toThrow('occurs twice');
    const damaged = zipOf([{ name: 'a', content: 'hello', stored: true }]);
    damaged[damaged.indexOf('hello')] = 0x48;
    expect(() => readZip(damaged, limits)).toThrow('CRC-32');
    expect(() => readZip(Buffer.from('PK but not really'), limits)).toThrow('not a ZIP file');
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 255 }), (place, byte) => {
        const zip = zipOf([
          { name: 'a/b', content: 'some content, some content' },
          { name: 'c', content: 'x', stored: true },
        ]);
        zip[place % zip.length] = byte;
        try {
          readZip(zip, limits);
        } catch (error) {
          expect((error as Error).message).toMatch(/^Could not unzip uploaded file/);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('unzipTo', () => {
  test('writes files with their folders and the right to execute', () => {
    const folder = mkdtempSync(join(tmpdir(), 'zip-'));
    unzipTo(
      zipOf([
        { name: 'index.mjs', content: 'x' },
        { name: 'bin/tool', content: '#!', mode: 0o100755 },
        { name: 'empty/', content: '' },
      ]),
      folder,
    );
    expect(readFileSync(join(folder, 'bin', 'tool'), 'utf8')).toBe('#!');
    expect(statSync(join(folder, 'bin', 'tool')).mode & 0o111).not.toBe(0);
    expect(statSync(join(folder, 'index.mjs')).mode & 0o111).toBe(0);
    rmSync(folder, { recursive: true });
  });
});
