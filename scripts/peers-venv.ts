/**
 * The Python of the rivals: a venv in .cache/peers from the hashed lock of test/peers/rivals, made when it is missing or the lock has changed.
 *
 *   node scripts/peers-venv.ts        prints the path of its Python
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const lock = join(root, 'test', 'peers', 'rivals', 'requirements.lock');
const folder = join(root, '.cache', 'peers');

/** The lock is for 3.11 and newer. */
function findPython(): { name: string; version: string } {
  const names = process.env['QEFM_PYTHON'] ? [process.env['QEFM_PYTHON']] : ['python3.12', 'python3.11', 'python3', 'python'];
  for (const name of names) {
    const { status, stdout } = spawnSync(name, ['-c', 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])'], {
      encoding: 'utf8',
    });
    const version = status === 0 ? stdout.trim() : '';
    if (version === '3.11' || version === '3.12') return { name, version };
  }
  throw new Error('peers: Python 3.11 or 3.12 with venv wanted on the PATH, none found');
}

function must(command: string, args: string[]): void {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error) throw error;
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')}:\n${`${stdout}${stderr}`.trim().split('\n').slice(-20).join('\n')}`);
}

export function peersPython(say: (text: string) => void = console.error): string {
  const venv = join(folder, 'venv');
  const python = join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const stamp = join(folder, 'lock.sha256');
  const { name, version } = findPython();
  const key = createHash('sha256').update(readFileSync(lock)).update(version).digest('hex');
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return python;
  say(`peers: making a venv with Python ${version} and the rivals of test/peers/rivals/requirements.lock (1.5 GB, some minutes)`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  must(name, ['-m', 'venv', venv]);
  must(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes', '-r', lock]);
  writeFileSync(stamp, key);
  return python;
}

if (import.meta.main) console.log(peersPython());
