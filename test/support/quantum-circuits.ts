/** Random circuits, states and observables for property tests of the quantum package. */

import fc from 'fast-check';
import {
  buildCircuit,
  type Circuit,
  type Control,
  GATES,
  type GateSpec,
  type PauliSum,
  type PauliTerm,
  parameter,
  pauliTerm,
  seeded,
} from '../../quantum/index.ts';

/** Largest absolute difference of two equally long lists; Infinity for other lengths or NaN. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= most)) most = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return most;
}

export const angle = fc.double({ min: -7, max: 7, noNaN: true });

interface RandomGate {
  readonly spec: GateSpec;
  readonly order: readonly number[];
  readonly controls: number;
  readonly values: readonly (0 | 1)[];
  readonly angles: readonly { readonly symbol: number; readonly coefficient: number; readonly value: number }[];
}

function gateOn(qubits: number): fc.Arbitrary<RandomGate> {
  const fitting = [...GATES.values()].filter((spec) => spec.qubits <= qubits);
  return fc.constantFrom(...fitting).chain((spec) => {
    const spare = qubits - spec.qubits;
    return fc.record({
      spec: fc.constant(spec),
      order: fc.shuffledSubarray(
        Array.from({ length: qubits }, (_, q) => q),
        { minLength: qubits, maxLength: qubits },
      ),
      // A control now and then; a global phase is only seen under one.
      controls: fc.oneof(
        { weight: 4, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: Math.min(2, spare) }) },
      ),
      values: fc.tuple(fc.constantFrom<0 | 1>(0, 1), fc.constantFrom<0 | 1>(0, 1)),
      angles: fc.array(
        fc.record({
          symbol: fc.integer({ min: -2, max: 3 }),
          coefficient: fc.constantFrom(1, -1, 0.5, 2),
          value: angle,
        }),
        { minLength: spec.parameters.length, maxLength: spec.parameters.length },
      ),
    });
  });
}

export interface RandomCase {
  readonly circuit: Circuit;
  readonly theta: Float64Array;
  readonly H: PauliSum;
}

export interface CircuitLimits {
  readonly maxQubits: number;
  readonly maxGates?: number;
  readonly minQubits?: number;
}

/** A circuit with literal and shared symbolic angles, values for its parameters and a Hermitian observable. */
export function randomCase({ maxQubits, maxGates = 12, minQubits = 1 }: CircuitLimits): fc.Arbitrary<RandomCase> {
  return fc.integer({ min: minQubits, max: maxQubits }).chain((qubits) =>
    fc
      .record({
        gates: fc.array(gateOn(qubits), { minLength: 1, maxLength: maxGates }),
        theta: fc.array(angle, { minLength: 4, maxLength: 4 }),
        seed: fc.integer(),
      })
      .map(({ gates, theta, seed }) => {
        const circuit = buildCircuit(qubits, (builder) => {
          for (const { spec, order, controls, values, angles } of gates) {
            const list: Control[] = order.slice(0, controls).map((qubit, i) => ({ qubit, value: values[i]! }));
            builder.gate(
              spec.name,
              order.slice(controls, controls + spec.qubits),
              angles.map(({ symbol, coefficient, value }) => (symbol < 0 ? value : parameter(`p${symbol}`, coefficient, value))),
              list,
            );
          }
        });
        const values = circuit.parameters.map((name) => theta[Number(name.slice(1))]!);
        return { circuit, theta: Float64Array.from(values), H: randomSum(qubits, seed) };
      }),
  );
}

/** Four random Pauli strings with random weights, and a constant. */
export function randomSum(qubits: number, seed: number): PauliSum {
  const random = seeded(seed, 'observable');
  const terms: PauliTerm[] = Array.from({ length: 4 }, () => {
    const letters = Array.from({ length: qubits }, (_, q) => ['', `X${q}`, `Y${q}`, `Z${q}`][random.integer(4)]!);
    return pauliTerm(letters.filter((word) => word !== '').join(' ') || 'I', random.normal());
  });
  return [...terms, pauliTerm('I', 0.3)];
}

/** A normalised real vector of 2^n numbers with signs. */
export function realVector(qubits: number, seed: number): Float64Array {
  const vector = seeded(seed, 'vector').fillNormal(new Float64Array(2 ** qubits));
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

/** The circuit with some noise after every gate. */
export function noisy(circuit: Circuit, seed: number): Circuit {
  const random = seeded(seed, 'noise');
  return buildCircuit(circuit.qubits, (builder) => {
    builder.declare(...circuit.parameters);
    for (const operation of circuit.operations) {
      builder.append(operation);
      const target = random.integer(circuit.qubits);
      builder.noise('amplitude_damping', [target], [0.3 * random.uniform()]);
      builder.noise('pauli_channel', [target], [0.1, 0.05, 0.2 * random.uniform()]);
      if (circuit.qubits > 1) builder.noise('two_qubit_depolarizing', [target, (target + 1) % circuit.qubits], [0.1]);
    }
  });
}
