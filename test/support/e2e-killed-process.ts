/**
 * The local cloud of the manifest in a process of its own that ends itself with SIGKILL inside states, as one JSON argument says.
 *
 * It watches the journal of the state machines being written. When a state is entered that no earlier process of this folder died in,
 * the process is killed: at once for a state that only decides, after a seeded while for one that works, and in any case before the line
 * with the state's exit reaches the disk. So each kill is for certain inside its state, and the same seed gives the same delays.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { seeded } from '@qefm/quantum';
import type { KilledProcessOptions } from './e2e-killed-cloud.ts';

const options = JSON.parse(process.argv[2]!) as KilledProcessOptions;

interface JournalLine {
  e?: { type: string; details?: { name?: string } }[];
}

const survived = new Set(
  fs.existsSync(options.killsFile) ? fs.readFileSync(options.killsFile, 'utf8').split('\n').filter(Boolean) : [],
);
/** States of this process that are to be killed and have not been left. */
const doomed = new Set<string>();
const writeSync = fs.writeSync;

function die(): void {
  fs.appendFileSync(options.killsFile, [...doomed].map((name) => `${name}\n`).join(''));
  process.kill(process.pid, 'SIGKILL');
  // The signal ends the process before this returns.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function eventsOf(data: unknown): NonNullable<JournalLine['e']> {
  if (!options.kill || !Buffer.isBuffer(data) || !(data.includes('StateEntered') || data.includes('StateExited'))) return [];
  try {
    return (JSON.parse(data.toString('utf8')) as JournalLine).e ?? [];
  } catch {
    return [];
  }
}

fs.writeSync = ((file: number, data: Buffer, ...rest: [number, number, number]) => {
  const events = eventsOf(data);
  for (const { type, details } of events) if (type.endsWith('StateExited') && doomed.has(details?.name ?? '')) die();
  const written = writeSync(file, data, ...rest);
  for (const { type, details } of events) {
    const name = details?.name;
    if (name === undefined || !type.endsWith('StateEntered') || survived.has(name) || doomed.has(name)) continue;
    doomed.add(name);
    const works = /^(Task|Map|Parallel)/.test(type);
    setTimeout(die, works ? seeded(options.seed, 'kill', name).uniform() * options.longestMs : 0);
    if (!works) die();
  }
  return written;
}) as typeof fs.writeSync;
syncBuiltinESMExports();

const { startLocalCloud } = await import('../../local-sim/main.ts');
const cloud = await startLocalCloud({
  stateDir: options.stateDir,
  port: options.port,
  root: join(import.meta.dirname, '..', '..'),
  schedules: false,
  log: () => {},
  ...(options.python === undefined ? {} : { python: options.python }),
});
process.stdout.write(
  `${JSON.stringify({ endpoint: cloud.endpoint, region: cloud.region, credentials: cloud.credentials, port: cloud.port })}\n`,
);
