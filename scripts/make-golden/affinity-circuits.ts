/**
 * Circuits of the example `examples/bace` for the golden values of test/golden/affinity: the forward pass and the amplitude-shift
 * pairs of a training step on its first labelled compounds.
 *
 * usage  node scripts/make-golden/affinity-circuits.ts > circuits.json
 *        venv/bin/python scripts/make-golden/quantum.py circuits.json > test/golden/affinity/bace-circuits.json
 *        (the environment of quantum.py; its header names quantum.py as the command)
 */
import { readFileSync } from 'node:fs';
import { seeded } from '@qefm/quantum';
import { labelledCompounds, trainClassicalModel } from '../../core/model/affinity-model.ts';
import type { Split } from '../../core/model/calibration.ts';
import { headViews } from '../../core/model/quantum-head.ts';
import { describeMolecule, descriptorNames } from '../../core/molecule/descriptors.ts';
import { morganFingerprint } from '../../core/molecule/fingerprint.ts';
import { graphFromCanonicalSmiles } from '../../core/molecule/graph.ts';
import { affinity } from '../../core/problems/affinity.ts';
import { createTrainState, trainDefaults } from '../../core/problems/affinity-state.ts';
import type { CircuitRequest } from '../../core/problems/problem.ts';
import { compileBatch } from '../../core/problems/programs.ts';
import { simulateBatch } from '../../core/problems/simulate.ts';

const COMPOUNDS = 300;
const BATCH = 8;

const lines = readFileSync(new URL('../../examples/bace/assay.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1, COMPOUNDS + 1);
const rows = lines.map((line) => line.split(','));
const graphs = rows.map((row) => graphFromCanonicalSmiles(row[1]!));
const labelled = labelledCompounds({
  ids: rows.map((row) => row[0]!),
  pK: Float64Array.from(rows, (row) => Number(row[2])),
  relations: rows.map(() => '=' as const),
  splits: rows.map((_, i): Split => (i % 10 < 7 ? 'train' : i % 10 < 8 ? 'validation' : 'calibration')),
  features: {
    count: COMPOUNDS,
    descriptors: Float64Array.from(graphs.flatMap((graph) => [...describeMolecule(graph)])),
    fingerprints: Uint8Array.from(graphs.flatMap((graph) => [...morganFingerprint(graph)])),
  },
});
const structure = { qubits: 6, layers: 3, entangler: 'ring', latentSize: 8 } as const;
const state = createTrainState(
  trainClassicalModel(labelled, descriptorNames, 1),
  structure,
  { ...trainDefaults, batch: BATCH },
  1,
);
headViews(state.head.shape, state.head.flat).scale[0] = 0.3 + 0.1 * seeded(1).uniform();

const forward = affinity.ask(state);
const gradient = affinity.ask(affinity.tell(state, simulateBatch(forward)));
const shifted = gradient.requests.slice(0, 3).flatMap((request): CircuitRequest[] =>
  request.kind === 'gradient'
    ? request.directions.flatMap((direction) =>
        [1, -1].map((sign) => ({
          kind: 'expectations' as const,
          amplitudes: request.amplitudes.map((value, i) => (value + sign * direction[i]!) * Math.SQRT1_2),
        })),
      )
    : [],
);
const requests = [...forward.requests, ...shifted];
const { tasks } = compileBatch({ circuit: forward.circuit, requests }, { kind: 'sv1', shots: 0, maximumExecutables: 1 });
const cases = tasks.map(({ action }, i) => {
  if (!('source' in action)) throw new TypeError('a single program was wanted');
  return { program: 0, device: 'sv', shots: 0, inputs: action.inputs, amplitudes: [...requests[i]!.amplitudes] };
});
const first = tasks[0]!.action;
if (!('source' in first)) throw new TypeError('a single program was wanted');
process.stdout.write(`${JSON.stringify({ programs: [first.source], cases })}\n`);
