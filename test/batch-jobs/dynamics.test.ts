import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { schemaFiles } from '../../scripts/export-schemas.ts';

const root = join(import.meta.dirname, '..', '..');
const python = join(root, '.venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

/** Runs pytest on one file of this folder and returns its counts. */
function pytest(file: string): { passed: number; failed: number; skipped: number; output: string } {
  const done = spawnSync(
    python,
    ['-m', 'pytest', '-q', '--no-header', '-p', 'no:cacheprovider', join(import.meta.dirname, file)],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 * 2 ** 20,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', QEFM_WORKERS: '2' },
    },
  );
  const output = `${done.stdout}\n${done.stderr}`;
  const count = (word: string) =>
    Number(new RegExp(`(\\d+) ${word}`).exec(done.stdout.trim().split('\n').at(-1) ?? '')?.[1] ?? 0);
  return {
    passed: count('passed'),
    failed: count('failed') + count('error'),
    skipped: count('skipped') + count('xfailed') + count('deselected'),
    output,
  };
}

describe('the dynamics worker', () => {
  test('has its Python environment', () => {
    expect(existsSync(python), 'no .venv: run npm run setup').toBe(true);
  });

  test.each(['test_ligand.py', 'test_protein.py', 'test_energies.py', 'test_geometry.py', 'test_requirements.py', 'test_run.py'])(
    'passes %s without a skip',
    (file) => {
      const { passed, failed, skipped, output } = pytest(file);
      expect({ failed, skipped }, output).toEqual({ failed: 0, skipped: 0 });
      expect(passed, output).toBeGreaterThan(0);
    },
    900_000,
  );

  test('validates against the schemas of the contracts, word for word', () => {
    for (const [name, text] of schemaFiles()) {
      expect(readFileSync(join(root, 'batch-jobs', 'schemas', name), 'utf8')).toBe(text);
    }
  });
});
