import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as api from '../../quantum/index.ts';
import * as node from '../../quantum/threads/node.ts';
import { readmeExamples, readmeSection } from '../support/readme-examples.ts';

const examples = readmeExamples();

describe('the README', () => {
  test('has an example for each use', () => {
    expect(examples.map(({ title }) => title)).toEqual([
      'Simulate',
      'Sample',
      'Noise',
      'Gradient',
      'Run a Braket action',
      'Train',
    ]);
  });

  test('names everything that the package exports, and nothing else', () => {
    const named = [...readmeSection('API').matchAll(/`([A-Za-z_]+)(?:\(|`)/g)].map(([, name]) => name!);
    const exported = [...Object.keys(api), ...Object.keys(node)];
    expect(exported.filter((name) => !named.includes(name))).toEqual([]);
    // A type may be named where a function gives it.
    expect(named.filter((name) => !exported.includes(name))).toEqual(['KernelPool']);
  });

  test.each(examples)('prints what it says: $title', ({ code, printed }) => {
    expect(code).toContain("from '@qefm/quantum'");
    const folder = mkdtempSync(join(tmpdir(), 'quantum-readme-'));
    try {
      const file = join(folder, 'example.ts');
      writeFileSync(
        file,
        code.replace("'@qefm/quantum'", JSON.stringify(new URL('../../quantum/index.ts', import.meta.url).href)),
      );
      expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toBe(printed);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
