/**
 * Sets up what is missing and says what it does. Plain JavaScript without imports from the tree, because it runs on whatever
 * Node the host has (20 or newer) before anything is installed. Each step is keyed by a hash of what it depends on,
 * so a second start repeats nothing. `--for start` leaves out what only the tests need. `--then SCRIPT [ARG ...]` goes on with a
 * script under Node 24: a shell that ran this file remembers where it found `node`, and would run the next one on the same old Node.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const options = process.argv.slice(2);
const thenAt = options.indexOf('--then');
const next = thenAt < 0 ? [] : options.slice(thenAt + 1);
const purpose = options[options.indexOf('--for') + 1] === 'start' ? 'start' : 'test';
const stampsDir = join(root, '.cache', 'setup');
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const startedMs = Date.now();

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const say = (text) => console.log(`setup: ${text}`);

function filesBelow(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => name !== 'node_modules' && !name.endsWith('.generated.ts') && name !== '__pycache__')
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

function hashOf(paths, ...extra) {
  const hash = createHash('sha256');
  for (const file of paths
    .map((path) => join(root, path))
    .filter(existsSync)
    .flatMap(filesBelow)) {
    hash.update(file.slice(root.length)).update(readFileSync(file));
  }
  for (const text of extra) hash.update(String(text));
  return hash.digest('hex');
}

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (result.error) throw result.error;
  return { code: result.status ?? 1, output: `${result.stdout ?? ''}${result.stderr ?? ''}` };
}

/**
 * Does a step once per key. A step that fails leaves no stamp, so the next start tries again; the failure ends the set-up unless `without`
 * says how it goes on.
 */
function once(name, key, present, what, work, without) {
  const stamp = join(stampsDir, name);
  if (present() && existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  say(what);
  const beganMs = Date.now();
  rmSync(stamp, { force: true });
  const problem = work();
  if (problem && without) return without(problem);
  if (problem) {
    console.error(`setup: ${name} failed: ${problem}`);
    process.exit(1);
  }
  mkdirSync(stampsDir, { recursive: true });
  writeFileSync(stamp, key);
  say(`${name} done in ${seconds(Date.now() - beganMs)}`);
}

const tail = (text, lines = 25) => text.trim().split('\n').slice(-lines).join('\n');

if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(`setup: Node 20 or newer is wanted, found ${process.versions.node}`);
  process.exit(1);
}

const node24 = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
once(
  'packages',
  hashOf(['package-lock.json', 'package.json', 'quantum/package.json', '.npmrc'], process.platform, process.arch),
  () => existsSync(join(root, 'node_modules', '.package-lock.json')) && existsSync(node24),
  'installing the npm packages of package-lock.json (Node 24 among them)',
  () => {
    const { code, output } = run(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      shell: process.platform === 'win32',
    });
    return code === 0 ? null : tail(output);
  },
);

const installed = spawnSync(node24, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' });
if (!installed.stdout?.startsWith('v24.')) {
  console.error(`setup: no Node 24 that runs on ${process.platform} ${process.arch} was installed`);
  process.exit(1);
}

// The Python jobs: a run without them is PARTIAL, so a missing Python is said once and is no failure here.
const jobsLock = 'batch-jobs/requirements.lock';
const testLock = 'batch-jobs/requirements-test.lock';
const venvPython = join(root, '.venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

function findPython() {
  const wanted = process.env.QEFM_PYTHON
    ? [process.env.QEFM_PYTHON]
    : ['python3.12', 'python3.11', 'python3.10', 'python3', 'python'];
  for (const name of wanted) {
    const probe = spawnSync(name, ['-c', 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])'], {
      encoding: 'utf8',
    });
    const version = probe.status === 0 ? probe.stdout.trim() : '';
    if (['3.10', '3.11', '3.12'].includes(version)) return { name, version };
  }
  return null;
}

function pipInstall(lock) {
  const { code, output } = run(venvPython, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--require-hashes',
    '-r',
    lock,
  ]);
  return code === 0 ? null : tail(output);
}

const leftOut = 'molecular dynamics is left out and runs will end as PARTIAL (DYNAMICS_UNAVAILABLE)';
const python = findPython();
if (python === null) {
  say(`no Python 3.10 to 3.12 with venv on the PATH: ${leftOut}`);
  if (purpose === 'test') {
    console.error('setup: the tests need Python 3.10 to 3.12');
    process.exit(1);
  }
} else {
  once(
    'python',
    hashOf([jobsLock], python.version),
    () => existsSync(venvPython),
    `making .venv with Python ${python.version} and the pinned packages of the dynamics job`,
    () => {
      rmSync(join(root, '.venv'), { recursive: true, force: true });
      rmSync(join(stampsDir, 'python-test'), { force: true });
      const made = run(python.name, ['-m', 'venv', '.venv']);
      return made.code === 0 ? pipInstall(jobsLock) : tail(made.output);
    },
    // The tests want the job itself; a run does without it, and finds no half-made environment.
    purpose === 'test'
      ? undefined
      : (problem) => {
          rmSync(join(root, '.venv'), { recursive: true, force: true });
          say(`the Python packages cannot be installed (${tail(problem, 1)}): ${leftOut}`);
        },
  );
  if (purpose === 'test') {
    once(
      'python-test',
      hashOf([jobsLock, testLock], python.version),
      () => existsSync(venvPython),
      'adding the Python packages that only the tests use',
      () => pipInstall(testLock),
    );
  }
}

// A browser cannot come from npm without a download script, so its absence is only said here; the test that wants it fails.
if (purpose === 'test') {
  const browsers = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const named = process.env.CHROMIUM_PATH;
  const places = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => browsers.map((name) => join(folder, name)));
  if (!(named ? [named] : places).some(existsSync) && (named || process.platform === 'linux')) {
    say(
      `${named ? `CHROMIUM_PATH is ${named}, which is not there` : 'no Chromium on the PATH'}: the browser test will fail; install it (Debian: apt-get install --no-install-recommends chromium) or set CHROMIUM_PATH`,
    );
  }
}

function script(name, inputs, present, what, args) {
  once(name, hashOf([...inputs, 'package-lock.json']), present, what, () => {
    const { code, output } = run(node24, args);
    return code === 0 ? null : tail(output);
  });
}

script(
  'wasm',
  ['quantum/assembly', 'core/model/kernels', 'scripts/build-wasm.ts'],
  () =>
    ['quantum/assembly', 'core/model']
      .filter((room) => existsSync(join(root, room)))
      .every((room) => readdirSync(join(root, room)).some((name) => name.endsWith('.generated.ts'))),
  'compiling the SIMD kernels',
  ['scripts/build-wasm.ts'],
);
script(
  'lambdas',
  // The definitions and the version are part of the code's version in dist/build.json.
  ['quantum', 'core', 'lambdas', 'state-machines', 'infra/manifest.ts', 'package.json', 'scripts/build-lambdas.ts'],
  () => existsSync(join(root, 'dist', 'lambdas')) && existsSync(join(root, 'dist', 'build.json')),
  'bundling the Lambda functions',
  ['scripts/build-lambdas.ts'],
);
say(`ready in ${seconds(Date.now() - startedMs)}`);

if (next.length > 0) {
  const child = spawn(node24, next, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  // The terminal sends the signal to both; the script is the one that knows how to end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 130);
  });
}
