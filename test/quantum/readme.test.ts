import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('the example of the README prints what the README says', () => {
  const readme = readFileSync(new URL('../../quantum/README.md', import.meta.url), 'utf8');
  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const printed = /```text\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  expect(code).toContain("from '@qefm/quantum'");
  const folder = mkdtempSync(join(tmpdir(), 'quantum-readme-'));
  try {
    const file = join(folder, 'example.ts');
    writeFileSync(file, code.replace("'@qefm/quantum'", JSON.stringify(new URL('../../quantum/index.ts', import.meta.url).href)));
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toBe(printed);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
