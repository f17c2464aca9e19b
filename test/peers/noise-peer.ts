/** Random circuits with noise: density matrices, ours against qiskit-aer's (aer_worker.py, which tells the conventions). */

import {
  buildCircuit,
  CHANNELS,
  type Circuit,
  type CircuitBuilder,
  emitOpenQasm,
  GATES,
  type Random,
  runAction,
  seeded,
  simulateDensity,
} from '../../quantum/index.ts';
import { programAction, runOptions } from '../support/quantum-actions.ts';
import { Draft } from './draft.ts';
import type { ExactCase } from './exact-peer.ts';
import { circuitJson, randomKraus } from './random-circuit.ts';

const ROUTES = ['simulateDensity', 'noise pragmas on local-dm'] as const;
type Route = (typeof ROUTES)[number];
/** Gates that Aer applies under a name of its own; the whole catalogue is held against the other peers. */
const NOISE_GATES = [
  'h',
  'x',
  's',
  'v',
  'rx',
  'ry',
  'rz',
  'phaseshift',
  'u',
  'cnot',
  'cz',
  'swap',
  'xx',
  'yy',
  'zz',
  'cphaseshift',
];
/** Strengths as shares of a channel's largest; Aer leaves out what weighs less than 1e-8, so no small one comes near that. */
const SHARES = {
  'of strength 0': () => 0,
  'of small strength': (random: Random) => 10 ** (-2 - 3 * random.uniform()),
  'of any strength': (random: Random) => random.uniform(),
  'at its limit': () => 1,
} as const;
const STRENGTHS = Object.keys(SHARES) as (keyof typeof SHARES)[];
const KRAUS_COUNTS = [1, 2, 3, 4, 16];
const MOST_QUBITS = 5;
/** ρ is a vector on twice as many: above the 2^13 entries of a block. */
const MANY_QUBITS = 7;

export const NOISE_FEATURES: readonly string[] = [
  ...[...CHANNELS.keys(), 'kraus'].map((name) => `noise ${name}`),
  ...[...CHANNELS.keys()].flatMap((name) => STRENGTHS.map((kind) => `${name} ${kind}`)),
  ...['kraus on one qubit', 'kraus on two qubits'],
  ...KRAUS_COUNTS.map((count) => `kraus of ${count} operators`),
  ...['kraus in ascending order', 'kraus in descending order', 'channel before every gate', 'channel after the last gate'],
  ...NOISE_GATES.map((name) => `gate ${GATES.get(name)!.openQasm}`),
  ...ROUTES.map((route) => `way ${route}`),
  ...Array.from({ length: MOST_QUBITS }, (_, i) => `qubits ${i + 1}`),
  `qubits ${MANY_QUBITS}`,
];

function gate(draft: Draft, builder: CircuitBuilder): void {
  const spec = GATES.get(draft.pick(NOISE_GATES.filter((name) => GATES.get(name)!.qubits <= draft.qubits)))!;
  draft.use(`gate ${spec.openQasm}`);
  const angles = spec.parameters.map(() => 6 * (draft.random.uniform() - 0.5));
  builder.gate(spec.name, draft.choose(spec.qubits), angles);
}

/** `total` in random proportions. */
function split(draft: Draft, count: number, total: number): number[] {
  const weights = Array.from({ length: count }, () => 0.05 + draft.random.uniform());
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => (total * weight) / sum);
}

function channel(draft: Draft, builder: CircuitBuilder): void {
  const fitting = [...CHANNELS.values()].filter((spec) => spec.qubits <= draft.qubits);
  const spec = draft.pick([...fitting, null]);
  if (spec === null) {
    kraus(draft, builder);
    return;
  }
  const kind = draft.chance(0.6) ? 'of any strength' : draft.pick(STRENGTHS);
  const share = SHARES[kind](draft.random);
  draft.use(`noise ${spec.name}`, `${spec.name} ${kind}`);
  // Both numbers of generalised amplitude damping are free in [0, 1]: the first is the strength, the second is 0 or 1 at the limit.
  const numbers =
    spec.name === 'generalized_amplitude_damping'
      ? [share, share === 1 ? draft.random.integer(2) : 0.01 + 0.98 * draft.random.uniform()]
      : split(draft, spec.probabilities.length, share * spec.most);
  builder.noise(spec.name, draft.choose(spec.qubits), numbers);
}

function kraus(draft: Draft, builder: CircuitBuilder): void {
  const width = draft.qubits > 1 && draft.chance(0.6) ? 2 : 1;
  const count = draft.pick(KRAUS_COUNTS);
  draft.use('noise kraus', `kraus on ${width === 1 ? 'one qubit' : 'two qubits'}`);
  const targets = draft.choose(width);
  draft.use(`kraus of ${count} operators`);
  if (width === 2) draft.use(`kraus in ${targets[0]! < targets[1]! ? 'ascending' : 'descending'} order`);
  builder.noise('kraus', targets, [], randomKraus(draft.random, width, count));
}

function randomCircuit(draft: Draft): Circuit {
  return buildCircuit(draft.qubits, (builder) => {
    if (draft.chance(0.1)) {
      draft.use('channel before every gate');
      channel(draft, builder);
    }
    for (let qubit = 0; qubit < draft.qubits; qubit++) {
      const angles = [0, 1, 2].map(() => 6 * (draft.random.uniform() - 0.5));
      builder.gate('u', [qubit], angles);
      draft.use('gate U');
    }
    const count = 4 + draft.random.integer(12);
    for (let i = 0; i < count; i++) {
      if (draft.chance(0.45)) channel(draft, builder);
      else gate(draft, builder);
    }
    if (draft.chance(0.5)) {
      draft.use('channel after the last gate');
      channel(draft, builder);
    }
  });
}

function ours(route: Route, circuit: Circuit): number[] {
  if (route === 'simulateDensity') return Array.from(simulateDensity(circuit));
  const { files } = runAction(programAction(programText(circuit)), runOptions('local-dm', 0));
  const { resultTypes } = files['results.json'] as unknown as { resultTypes: { value: number[][][] }[] };
  return resultTypes[0]!.value.flat(2);
}

const programText = (circuit: Circuit) => emitOpenQasm(circuit, { results: [{ type: 'density_matrix', targets: null }] });

/** Values: ρ [2 · 4^n], row-major, interleaved, qubit 0 the most significant bit of row and column. */
export function noiseCase(seed: number, index: number): ExactCase {
  const random = seeded(seed, 'noise peers', index);
  const draft = new Draft(random, random.uniform() < 0.04 ? MANY_QUBITS : 1 + random.integer(MOST_QUBITS));
  const route = draft.pick(ROUTES);
  const circuit = randomCircuit(draft);
  draft.use(`way ${route}`, `qubits ${draft.qubits}`);
  return {
    question: { circuit: circuitJson(circuit) },
    features: [...draft.features],
    ours: () => ours(route, circuit),
    source: () => `${route}\n${programText(circuit)}`,
  };
}
