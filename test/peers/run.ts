/**
 * `npm run test:peers`: random programs, ours against other simulators, then every feature with the number of programs that used it.
 *
 *   programs   our run-action against amazon-braket-default-simulator: exact values to 1e-10, samples to their distribution
 *   gradients  values and adjoint gradients of Pauli sums against pennylane-lightning, to 1e-10
 *   noise      density matrices with all ten noise channels against qiskit-aer, to 1e-10 (conventions: aer_worker.py)
 *
 * The last two run in the venv of the rivals (scripts/peers-venv.ts), made at the first call. A part with the count 0 is left out.
 * Exit 1 where anything disagrees, or a feature of a part's list is in no program of it.
 * usage  node test/peers/run.ts [--programs 5000] [--gradients 2000] [--noise 2000] [--seed 7]
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { peersPython } from '../../scripts/peers-venv.ts';
import { compareWithBraket } from './braket-peer.ts';
import { compareExact, type ExactCase, type PeerAnswer, type PeerReport } from './exact-peer.ts';
import { FEATURES } from './features.ts';
import { GRADIENT_FEATURES, gradientCase } from './gradient-peer.ts';
import { NOISE_FEATURES, noiseCase } from './noise-peer.ts';
import { PythonPeer } from './python-peer.ts';
import { printReport } from './report.ts';

const { values } = parseArgs({
  options: {
    programs: { type: 'string', default: '5000' },
    gradients: { type: 'string', default: '2000' },
    noise: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '7' },
  },
});

function wholeNumber(name: keyof typeof values): number {
  const text = values[name];
  if (!/^\d{1,9}$/.test(text)) throw new Error(`peers: a whole number wanted for --${name}, ${text} found`);
  return Number(text);
}
const seed = wholeNumber('seed');

/** Says every 500 programs how far it is. */
function progress(title: string, programs: number): (done: number) => void {
  const startedMs = performance.now();
  return (done) => {
    if (done % 500 === 0 || done === programs)
      console.log(`${title}: ${done} of ${programs} programs in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
  };
}

async function withRival(title: string, script: string, programs: number, caseAt: (seed: number, index: number) => ExactCase) {
  const peer = new PythonPeer(peersPython(), join('test', 'peers', script));
  try {
    console.log(`\n${title}: ${(await peer.ask<{ versions: string }>({ versions: true })).versions}`);
    return await compareExact({
      programs,
      caseAt: (index) => caseAt(seed, index),
      ask: (question) => peer.ask<PeerAnswer>(question),
      onProgress: progress(title, programs),
    });
  } finally {
    peer.close();
  }
}

function withBraket(title: string, programs: number): Promise<PeerReport> {
  const python = join('.venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  if (!existsSync(python)) throw new Error(`peers: ${python} wanted; run npm run setup first`);
  return compareWithBraket({ python, seed, programs, onProgress: progress(title, programs) });
}

const parts = [
  { count: wholeNumber('programs'), title: 'peers', list: FEATURES, compare: withBraket },
  {
    count: wholeNumber('gradients'),
    title: 'gradients',
    list: GRADIENT_FEATURES,
    compare: (title: string, count: number) => withRival(title, 'lightning_worker.py', count, gradientCase),
  },
  {
    count: wholeNumber('noise'),
    title: 'noise',
    list: NOISE_FEATURES,
    compare: (title: string, count: number) => withRival(title, 'aer_worker.py', count, noiseCase),
  },
];
let sound = true;
for (const { count, title, list, compare } of parts) {
  if (count === 0) console.log(`${title}: left out`);
  else sound = printReport(title, seed, await compare(title, count), list) && sound;
}
process.exitCode = sound ? 0 : 1;
