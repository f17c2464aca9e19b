import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openJournal, readJournal } from '../../local-sim/journal.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'qefm-journal-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('openJournal', () => {
  test('makes the folder and finds nothing in a new file', () => {
    const journal = openJournal<number>(join(dir, 'deep', 'er', 'j.jsonl'));
    expect(journal.recovered).toEqual([]);
    journal.append(1);
    journal.close();
    expect(readJournal(join(dir, 'deep', 'er', 'j.jsonl'))).toEqual([1]);
  });

  test('gives back what was written, in order, over several openings', () => {
    let round = 0;
    fc.assert(
      fc.property(fc.array(fc.array(fc.jsonValue(), { maxLength: 4 }), { maxLength: 4 }), (rounds) => {
        const path = join(dir, `${round++}.jsonl`);
        const written: unknown[] = [];
        for (const records of rounds) {
          const journal = openJournal<unknown>(path);
          expect(JSON.stringify(journal.recovered)).toBe(JSON.stringify(written));
          for (const record of records) journal.append(record, records.length % 2 === 0);
          written.push(...records);
          journal.close();
        }
        if (rounds.length > 0) expect(JSON.stringify(readJournal(path))).toBe(JSON.stringify(written));
      }),
      { numRuns: 40 },
    );
  });

  test('cuts off a line that a kill left half written, wherever it was cut', () => {
    const path = join(dir, 'torn.jsonl');
    const whole = ['{"a":"é"}', '{"b":2}'];
    const text = Buffer.from(`${whole.join('\n')}\n`);
    for (let length = 0; length <= text.length; length++) {
      rmSync(path, { force: true });
      appendFileSync(path, text.subarray(0, length));
      const complete = text.subarray(0, length).filter((byte) => byte === 10).length;
      const journal = openJournal<unknown>(path);
      expect(journal.recovered).toHaveLength(complete);
      journal.append({ c: 3 });
      journal.close();
      expect(readFileSync(path, 'utf8')).toBe(`${[...whole.slice(0, complete), '{"c":3}'].join('\n')}\n`);
    }
  });

  test('forgets what it recovered when told so, not what is in the file', () => {
    const path = join(dir, 'f.jsonl');
    const first = openJournal<number>(path);
    first.append(1);
    first.close();
    const second = openJournal<number>(path);
    second.forget();
    expect(second.recovered).toEqual([]);
    second.append(2);
    second.close();
    expect(readJournal(path)).toEqual([1, 2]);
  });

  test('leaves a torn tail alone while only reading', () => {
    const path = join(dir, 'r.jsonl');
    appendFileSync(path, '1\n2');
    expect(readJournal(path)).toEqual([1]);
    expect(statSync(path).size).toBe(3);
    truncateSync(path, 0);
    expect(readJournal(path)).toEqual([]);
  });
});
