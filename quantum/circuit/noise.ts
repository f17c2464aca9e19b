/**
 * The ten noise channels of Braket as Kraus operators, in Braket's conventions:
 * depolarizing(p) is the total probability p of X, Y or Z; amplitude damping decays |1⟩ to |0⟩; generalised amplitude damping
 * decays to |0⟩ with the weight `probability`, to |1⟩ with the rest.
 * source  Amazon Braket developer guide, noise operations; Nielsen and Chuang, section 8.3
 */

import { must, QuantumError } from '../errors.ts';
import type { ComplexMatrix } from './matrix.ts';
import {
  addScaled,
  conjugate,
  dagger,
  dimensionOf,
  distance,
  identity,
  kron,
  matrixFrom,
  multiply,
  qubitsOf,
  scale,
} from './matrix.ts';

/** One row of the catalogue of channels. */
export interface ChannelSpec {
  /** Spelling in `#pragma braket noise`. */
  readonly name: string;
  readonly qubits: number;
  /** Names of the numbers in parentheses, each in [0, 1]. */
  readonly probabilities: readonly string[];
  /** The largest allowed sum of the numbers; the fully mixing channel of its kind lies there. */
  readonly most: number;
  readonly kraus: (probabilities: readonly number[]) => ComplexMatrix[];
}

const PAULI_I = identity(2);
const PAULI_X = matrixFrom([
  [0, 1],
  [1, 0],
]);
const PAULI_Y = matrixFrom([
  [0, [0, -1]],
  [[0, 1], 0],
]);
const PAULI_Z = matrixFrom([
  [1, 0],
  [0, -1],
]);
const PAULIS = [PAULI_I, PAULI_X, PAULI_Y, PAULI_Z];
const PAULI_PAIRS = PAULIS.flatMap((a) => PAULIS.map((b) => kron(a, b)));

/** √(1 - Σp) · first, √p · each of the rest. */
function mixture(operators: readonly ComplexMatrix[], weights: readonly number[]): ComplexMatrix[] {
  const kept = Math.max(0, 1 - weights.reduce((sum, p) => sum + p, 0));
  return operators.map((operator, i) => scale(operator, Math.sqrt(i === 0 ? kept : weights[i - 1]!)));
}

function damping(gamma: number): [ComplexMatrix, ComplexMatrix] {
  return [
    matrixFrom([
      [1, 0],
      [0, Math.sqrt(1 - gamma)],
    ]),
    matrixFrom([
      [0, Math.sqrt(gamma)],
      [0, 0],
    ]),
  ];
}

const SPECS: readonly ChannelSpec[] = [
  { name: 'bit_flip', qubits: 1, probabilities: ['probability'], most: 0.5, kraus: (p) => mixture([PAULI_I, PAULI_X], p) },
  { name: 'phase_flip', qubits: 1, probabilities: ['probability'], most: 0.5, kraus: (p) => mixture([PAULI_I, PAULI_Z], p) },
  { name: 'pauli_channel', qubits: 1, probabilities: ['probX', 'probY', 'probZ'], most: 1, kraus: (p) => mixture(PAULIS, p) },
  {
    name: 'depolarizing',
    qubits: 1,
    probabilities: ['probability'],
    most: 0.75,
    kraus: ([p = 0]) => mixture(PAULIS, [p / 3, p / 3, p / 3]),
  },
  {
    name: 'two_qubit_depolarizing',
    qubits: 2,
    probabilities: ['probability'],
    most: 0.9375,
    kraus: ([p = 0]) => mixture(PAULI_PAIRS, new Array<number>(15).fill(p / 15)),
  },
  {
    name: 'two_qubit_dephasing',
    qubits: 2,
    probabilities: ['probability'],
    most: 0.75,
    kraus: ([p = 0]) =>
      mixture(
        [kron(PAULI_I, PAULI_I), kron(PAULI_I, PAULI_Z), kron(PAULI_Z, PAULI_I), kron(PAULI_Z, PAULI_Z)],
        [p / 3, p / 3, p / 3],
      ),
  },
  { name: 'amplitude_damping', qubits: 1, probabilities: ['gamma'], most: 1, kraus: ([gamma = 0]) => damping(gamma) },
  {
    name: 'generalized_amplitude_damping',
    qubits: 1,
    probabilities: ['gamma', 'probability'],
    most: 2,
    kraus: ([gamma = 0, probability = 0]) => {
      const [keep, decay] = damping(gamma);
      const excite = dagger(decay);
      const keepExcited = multiply(PAULI_X, multiply(keep, PAULI_X));
      const cold = Math.sqrt(probability);
      const hot = Math.sqrt(1 - probability);
      return [scale(keep, cold), scale(decay, cold), scale(keepExcited, hot), scale(excite, hot)];
    },
  },
  {
    name: 'phase_damping',
    qubits: 1,
    probabilities: ['gamma'],
    most: 1,
    kraus: ([gamma = 0]) => [
      matrixFrom([
        [1, 0],
        [0, Math.sqrt(1 - gamma)],
      ]),
      matrixFrom([
        [0, 0],
        [0, Math.sqrt(gamma)],
      ]),
    ],
  },
];

/** The nine named channels; the tenth, 'kraus', brings its operators. */
export const CHANNELS: ReadonlyMap<string, ChannelSpec> = new Map(SPECS.map((spec) => [spec.name, spec]));

/** Refuses a channel that does not exist or whose numbers are not probabilities; Kraus operators must satisfy Σ K†K = 1. */
export function checkChannel(
  channel: string,
  targets: number,
  probabilities: readonly number[],
  kraus?: readonly ComplexMatrix[],
): void {
  if (channel === 'kraus') {
    must(kraus !== undefined && kraus.length > 0, 'kraus: at least one operator wanted');
    must(targets <= 2, `kraus: one or two targets wanted, ${targets} found`);
    must(kraus.length <= 4 ** (2 * targets), `kraus: at most ${4 ** (2 * targets)} operators wanted, ${kraus.length} found`);
    for (const k of kraus) must(qubitsOf(k) === targets, `kraus: operators on ${targets} qubits wanted`);
    const dimension = dimensionOf(kraus[0]!);
    const sum = kraus.reduce((acc, k) => addScaled(acc, multiply(dagger(k), k), 1), new Float64Array(2 * dimension * dimension));
    must(distance(sum, identity(dimension)) < 1e-6, 'kraus: operators with Σ K†K = 1 wanted (trace preserving)');
    return;
  }
  const spec = CHANNELS.get(channel);
  if (spec === undefined) throw new QuantumError(`a noise channel of Braket wanted, '${channel}' found`);
  must(targets === spec.qubits, `${channel}: ${spec.qubits} targets wanted, ${targets} found`);
  must(
    probabilities.length === spec.probabilities.length,
    `${channel}: ${spec.probabilities.length} numbers wanted, ${probabilities.length} found`,
  );
  for (const p of probabilities) must(p >= 0 && p <= 1, `${channel}: probabilities in [0, 1] wanted, ${p} found`);
  const sum = probabilities.reduce((total, p) => total + p, 0);
  must(sum <= spec.most + 1e-12, `${channel}: probabilities up to ${spec.most} wanted, ${sum} found`);
}

/** Kraus operators of a channel. */
export function krausOperators(
  channel: string,
  probabilities: readonly number[],
  kraus?: readonly ComplexMatrix[],
): readonly ComplexMatrix[] {
  if (channel === 'kraus') return kraus ?? [];
  return CHANNELS.get(channel)!.kraus(probabilities);
}

/** Σ K ⊗ K̄: the channel as one matrix on (row qubits, column qubits) of a vectorised density matrix. */
export function superoperator(operators: readonly ComplexMatrix[]): ComplexMatrix {
  return operators.map((k) => kron(k, conjugate(k))).reduce((sum, term) => addScaled(sum, term, 1));
}
