/** The set-up in a small tree of its own, with stand-ins for npm and Python that write down how they were called. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';

const repository = join(import.meta.dirname, '..', '..');
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

let root: string;
const put = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
/** A program that notes its call and then does `work`; Node itself is its interpreter, so that nothing else must be on the PATH. */
const program = (path: string, work: string) => {
  const name = path.split('/').at(-1)!;
  const lines = [
    `#!${process.execPath}`,
    "const fs = require('node:fs');",
    'const args = process.argv.slice(2);',
    `if (args[0] !== '-c') fs.appendFileSync('calls.log', '${name} ' + args.join(' ') + '\\n');`,
    work,
  ];
  put(path, `${lines.join('\n')}\n`);
  chmodSync(join(root, path), 0o755);
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'setup-'));
  folders.push(root);
  mkdirSync(join(root, 'scripts'));
  copyFileSync(join(repository, 'scripts', 'setup.mjs'), join(root, 'scripts', 'setup.mjs'));
  for (const path of ['package.json', 'package-lock.json', 'batch-jobs/requirements.lock', 'batch-jobs/requirements-test.lock'])
    put(path, '{}');
  put('quantum/assembly/index.ts', '');
  put('lambdas/a.ts', '');
  put('state-machines/a.asl.json', '{}');
  const note = (line: string) => `import { appendFileSync } from 'node:fs'; appendFileSync('calls.log', '${line}\\n');`;
  put('scripts/build-wasm.ts', `${note('wasm')} appendFileSync('quantum/assembly/a.generated.ts', '');`);
  put(
    'scripts/build-lambdas.ts',
    `${note('lambdas')} import { mkdirSync } from 'node:fs'; mkdirSync('dist/lambdas', { recursive: true }); appendFileSync('dist/build.json', '{}');`,
  );
  program(
    'bin/npm',
    `fs.mkdirSync('node_modules/.bin', { recursive: true });
fs.writeFileSync('node_modules/.package-lock.json', '');
fs.rmSync('node_modules/.bin/node', { force: true });
fs.symlinkSync(${JSON.stringify(process.execPath)}, 'node_modules/.bin/node');`,
  );
  program('stand-in/python', '');
  program(
    'bin/python3.12',
    `if (args[0] === '-c') console.log('3.12');
else { fs.mkdirSync('.venv/bin', { recursive: true }); fs.copyFileSync('stand-in/python', '.venv/bin/python'); }`,
  );
});

function setUp(...args: string[]) {
  rmSync(join(root, 'calls.log'), { force: true });
  const done = spawnSync(process.execPath, ['scripts/setup.mjs', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: join(root, 'bin') },
  });
  const log = join(root, 'calls.log');
  const calls = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  return { code: done.status, text: `${done.stdout}${done.stderr}`, said: done.stdout.trim().split('\n'), calls };
}

const first = [
  'npm ci --ignore-scripts --no-audit --no-fund --loglevel=error',
  'python3.12 -m venv .venv',
  'python -m pip install --quiet --disable-pip-version-check --require-hashes -r batch-jobs/requirements.lock',
  'wasm',
  'lambdas',
];

describe('the set-up', () => {
  test('does every step once, says so, and repeats none of them', () => {
    const begun = setUp('--for', 'start');
    expect(begun.text).toMatch(/setup: installing the npm packages[\s\S]*making \.venv with Python 3\.12[\s\S]*setup: ready in/);
    expect({ code: begun.code, calls: begun.calls }).toEqual({ code: 0, calls: first });
    const again = setUp('--for', 'start');
    expect({ code: again.code, calls: again.calls, lines: again.said.length }).toEqual({ code: 0, calls: [], lines: 1 });
    expect(setUp('--for', 'test').calls).toEqual([
      'python -m pip install --quiet --disable-pip-version-check --require-hashes -r batch-jobs/requirements-test.lock',
    ]);
    expect(setUp('--for', 'test').calls).toEqual([]);
  });

  test.each([
    ['package-lock.json', ['npm', 'wasm', 'lambdas']],
    ['batch-jobs/requirements.lock', ['python3.12', 'python']],
    ['quantum/assembly/index.ts', ['wasm', 'lambdas']],
    ['lambdas/a.ts', ['lambdas']],
    ['state-machines/a.asl.json', ['lambdas']],
  ])('repeats what depends on %s and nothing else when it changes', (path, wanted) => {
    setUp('--for', 'start');
    put(path, '{ "changed": true }');
    expect(setUp('--for', 'start').calls.map((call) => call.split(' ')[0])).toEqual(wanted);
  });

  test.each(['node_modules', '.venv', 'dist/build.json'])('makes %s again when somebody deletes it', (path) => {
    setUp('--for', 'start');
    rmSync(join(root, path), { recursive: true });
    expect(setUp('--for', 'start').code).toBe(0);
    expect(existsSync(join(root, path))).toBe(true);
  });

  test('tries a step again that failed', () => {
    program('bin/npm', "console.error('no network'); process.exit(1);");
    const failed = setUp('--for', 'start');
    expect(failed.code).toBe(1);
    expect(failed.text).toContain('setup: packages failed: no network');
    expect(setUp('--for', 'start').calls).toHaveLength(1);
  });

  test('says in one line that there is no Python, and goes on where it is not needed', () => {
    rmSync(join(root, 'bin', 'python3.12'));
    const begun = setUp('--for', 'start');
    expect(begun.code).toBe(0);
    expect(begun.said.filter((line) => line.includes('DYNAMICS_UNAVAILABLE'))).toHaveLength(1);
    expect(begun.calls.map((call) => call.split(' ')[0])).toEqual(['npm', 'wasm', 'lambdas']);
    expect(setUp('--for', 'test')).toMatchObject({
      code: 1,
      text: expect.stringContaining('the tests need Python 3.10 to 3.12'),
    });
  });

  test('says in one line that the Python packages cannot be installed, leaves no half of them and tries again', () => {
    program('stand-in/python', "console.error('first line'); console.error('no wheel for this platform'); process.exit(1);");
    const begun = setUp('--for', 'start');
    expect(begun.code).toBe(0);
    expect(begun.said.filter((line) => line.includes('DYNAMICS_UNAVAILABLE'))).toEqual([
      expect.stringContaining('cannot be installed (no wheel for this platform)'),
    ]);
    expect(begun.calls).toEqual(first);
    expect(existsSync(join(root, '.venv'))).toBe(false);
    expect(setUp('--for', 'test')).toMatchObject({ code: 1, text: expect.stringContaining('setup: python failed: first line') });
    program('stand-in/python', '');
    expect(setUp('--for', 'start').calls.map((call) => call.split(' ')[0])).toEqual(['python3.12', 'python']);
    expect(existsSync(join(root, '.venv'))).toBe(true);
  });

  test('goes on with a script under the Node it installed, and ends as that script does', () => {
    put('scripts/next.ts', "console.log('next', process.argv[2]); process.exit(7);");
    const done = setUp('--for', 'start', '--then', 'scripts/next.ts', '--wings');
    expect(done.code).toBe(7);
    expect(done.said.at(-1)).toBe('next --wings');
  });
});
