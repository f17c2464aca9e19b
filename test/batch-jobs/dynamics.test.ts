import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { schemaFiles } from '../../scripts/export-schemas.ts';

const root = join(import.meta.dirname, '..', '..');
const python = join(root, '.venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

/** Runs pytest on one file of this folder and returns its counts; this process stays free to answer its runner meanwhile. */
async function pytest(file: string): Promise<{ passed: number; failed: number; skipped: number; output: string }> {
  const child = spawn(python, ['-m', 'pytest', '-q', '--no-header', '-p', 'no:cacheprovider', join(import.meta.dirname, file)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', QEFM_WORKERS: '2' },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  const count = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(stdout.trim().split('\n').at(-1) ?? '')?.[1] ?? 0);
  const failed = count('failed') + count('error');
  return {
    passed: count('passed'),
    // A pytest that was killed or never came so far as to count has failed as well.
    failed: code === 0 ? failed : Math.max(1, failed),
    skipped: count('skipped') + count('xfailed') + count('deselected'),
    output: `${stdout}\n${stderr}`,
  };
}

describe('the dynamics worker', () => {
  test('has its Python environment', () => {
    expect(existsSync(python), 'no .venv: run npm run setup').toBe(true);
  });

  test.each(['test_ligand.py', 'test_protein.py', 'test_energies.py', 'test_geometry.py', 'test_requirements.py', 'test_run.py'])(
    'passes %s without a skip',
    async (file) => {
      const { passed, failed, skipped, output } = await pytest(file);
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
