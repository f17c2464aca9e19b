/** The tarball of @qefm/quantum, installed into an empty folder as a user would. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packQuantum } from '../../scripts/pack-quantum.ts';

export interface PackedQuantum {
  /** The folder with the installation; programs written here import `@qefm/quantum`. */
  readonly folder: string;
  readonly tarball: string;
  readonly installed: string;
  remove(): void;
}

export async function installPacked(): Promise<PackedQuantum> {
  const place = mkdtempSync(join(tmpdir(), 'packed-quantum-'));
  const tarball = await packQuantum(join(place, 'tarball'));
  const folder = mkdtempSync(join(place, 'consumer-'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const windows = process.platform === 'win32';
  execFileSync(
    windows ? 'npm.cmd' : 'npm',
    // Offline: what has no dependency needs no registry.
    ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error', tarball],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], shell: windows },
  );
  return {
    folder,
    tarball,
    installed: join(folder, 'node_modules', '@qefm', 'quantum'),
    remove: () => rmSync(place, { recursive: true, force: true, maxRetries: 5 }),
  };
}
