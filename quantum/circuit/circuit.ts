/**
 * Circuits as plain frozen data: a list of operations on numbered qubits, with literal or symbolic angles.
 * Qubit 0 is the most significant bit of every bit string, as in Braket; `bitOf` is the one place that turns a qubit into a bit.
 */

import { must, QuantumError } from '../errors.ts';
import type { Angle } from './angle.ts';
import { bindAngle, evaluateAngle } from './angle.ts';
import { GATES } from './gates.ts';
import type { ComplexMatrix } from './matrix.ts';
import { dagger, isUnitary, qubitsOf } from './matrix.ts';
import { checkChannel } from './noise.ts';

/** A condition on a control qubit: the gate acts where the qubit reads `value`. */
export interface Control {
  readonly qubit: number;
  readonly value: 0 | 1;
}

/** A gate of the catalogue, or a matrix, on targets, with controls if any. */
export interface GateOperation {
  readonly kind: 'gate';
  /** A name of the catalogue, or 'unitary', which brings its matrix. */
  readonly gate: string;
  readonly targets: readonly number[];
  readonly angles: readonly Angle[];
  readonly controls: readonly Control[];
  readonly matrix?: ComplexMatrix;
}

/** A channel of `CHANNELS` on targets. */
export interface NoiseOperation {
  readonly kind: 'noise';
  readonly channel: string;
  readonly targets: readonly number[];
  readonly probabilities: readonly number[];
  /** Kraus operators; only for the channel 'kraus'. */
  readonly kraus?: readonly ComplexMatrix[];
}

/** Says that nothing is to be moved across; simulators pass it over. */
export interface BarrierOperation {
  readonly kind: 'barrier';
  readonly targets: readonly number[];
}

export type Operation = GateOperation | NoiseOperation | BarrierOperation;

/** Operations on qubits 0 … qubits - 1 that all start in |0⟩. Plain data: `buildCircuit` writes it and checks what it is told. */
export interface Circuit {
  readonly qubits: number;
  readonly operations: readonly Operation[];
  /** Free parameters: declared ones first, then in order of first use. A theta vector follows this order. */
  readonly parameters: readonly string[];
  /** Qubits that are read at the end, in the order of the result bits; empty: nothing is said, all are read. */
  readonly measured: readonly number[];
}

/** Qubits of a circuit; a state of 26 qubits is 1 GiB. */
export const MAX_QUBITS = 26;

/** Index bit of a qubit: qubit 0 is the most significant. The only reversal in the package. */
export function bitOf(qubits: number, qubit: number): number {
  return qubits - 1 - qubit;
}

/** Angles as numbers, from a theta vector in the order of `circuit.parameters`. */
export function parameterLookup(circuit: Circuit, theta: ArrayLike<number>): (name: string) => number | undefined {
  must(theta.length === circuit.parameters.length, `${circuit.parameters.length} parameter values wanted, ${theta.length} found`);
  const index = new Map(circuit.parameters.map((name, i) => [name, i]));
  return (name) => {
    const at = index.get(name);
    return at === undefined ? undefined : theta[at];
  };
}

/** Writes a circuit step by step; every call checks its arguments and throws QuantumError. `buildCircuit` is the usual way to get one. */
export class CircuitBuilder {
  readonly #qubits: number;
  readonly #operations: Operation[] = [];
  readonly #parameters = new Set<string>();
  readonly #measured: number[] = [];

  constructor(qubits: number) {
    must(Number.isInteger(qubits) && qubits >= 0 && qubits <= MAX_QUBITS, `0 to ${MAX_QUBITS} qubits wanted, ${qubits} found`);
    this.#qubits = qubits;
  }

  /** Fixes the order of parameters ahead of their use; a declared parameter may stay unused. */
  declare(...names: string[]): void {
    for (const name of names) this.#parameters.add(name);
  }

  gate(gate: string, targets: readonly number[], angles: readonly Angle[] = [], controls: readonly Control[] = []): void {
    const spec = GATES.get(gate);
    if (spec === undefined) throw new QuantumError(`a gate of the catalogue wanted, '${gate}' found`);
    must(targets.length === spec.qubits, `${gate}: ${spec.qubits} targets wanted, ${targets.length} found`);
    must(angles.length === spec.parameters.length, `${gate}: ${spec.parameters.length} angles wanted, ${angles.length} found`);
    this.#qubitsExist(gate, [...targets, ...controls.map((control) => control.qubit)]);
    this.#note(angles);
    this.#operations.push({ kind: 'gate', gate, targets: [...targets], angles: [...angles], controls: [...controls] });
  }

  unitary(matrix: ComplexMatrix, targets: readonly number[], controls: readonly Control[] = []): void {
    must(qubitsOf(matrix) === targets.length, `unitary: a matrix for ${targets.length} targets wanted, ${matrix.length} numbers`);
    must(isUnitary(matrix, 1e-6), 'unitary: a unitary matrix wanted, U U† differs from 1 by more than 1e-6');
    this.#qubitsExist('unitary', [...targets, ...controls.map((control) => control.qubit)]);
    this.#operations.push({ kind: 'gate', gate: 'unitary', targets: [...targets], angles: [], controls: [...controls], matrix });
  }

  noise(
    channel: string,
    targets: readonly number[],
    probabilities: readonly number[] = [],
    kraus?: readonly ComplexMatrix[],
  ): void {
    checkChannel(channel, targets.length, probabilities, kraus);
    this.#qubitsExist(channel, targets);
    this.#operations.push({
      kind: 'noise',
      channel,
      targets: [...targets],
      probabilities: [...probabilities],
      ...(kraus === undefined ? {} : { kraus: [...kraus] }),
    });
  }

  barrier(targets: readonly number[]): void {
    this.#qubitsExist('barrier', targets);
    this.#operations.push({ kind: 'barrier', targets: [...targets] });
  }

  /** Reads qubits at the end of the circuit; a measured qubit takes no further gate. */
  measure(...qubits: number[]): void {
    for (const qubit of qubits) {
      must(qubit >= 0 && qubit < this.#qubits, `measure: qubit 0..${this.#qubits - 1} wanted, ${qubit} found`);
      must(!this.#measured.includes(qubit), `measure: qubit ${qubit} is measured twice`);
      this.#measured.push(qubit);
    }
  }

  /** Appends an operation of another circuit as it is. */
  append(operation: Operation): void {
    if (operation.kind === 'barrier') this.barrier(operation.targets);
    else if (operation.kind === 'noise') {
      this.noise(operation.channel, operation.targets, operation.probabilities, operation.kraus);
    } else if (operation.matrix !== undefined) this.unitary(operation.matrix, operation.targets, operation.controls);
    else this.gate(operation.gate, operation.targets, operation.angles, operation.controls);
  }

  build(): Circuit {
    return Object.freeze({
      qubits: this.#qubits,
      operations: Object.freeze([...this.#operations]),
      parameters: Object.freeze([...this.#parameters]),
      measured: Object.freeze([...this.#measured]),
    });
  }

  #note(angles: readonly Angle[]): void {
    for (const angle of angles) {
      if (typeof angle === 'number') must(Number.isFinite(angle), `a finite angle wanted, ${angle} found`);
      else for (const term of angle.terms) this.#parameters.add(term.parameter);
    }
  }

  #qubitsExist(what: string, qubits: readonly number[]): void {
    for (const qubit of qubits) {
      must(
        Number.isInteger(qubit) && qubit >= 0 && qubit < this.#qubits,
        `${what}: qubit 0..${this.#qubits - 1} wanted, ${qubit} found`,
      );
      must(!this.#measured.includes(qubit), `${what}: qubit ${qubit} was measured before`);
    }
    must(new Set(qubits).size === qubits.length, `${what}: distinct qubits wanted, ${qubits.join(', ')} found`);
  }
}

/** A circuit from a list of steps; the usual way to write one down. */
export function buildCircuit(qubits: number, write: (builder: CircuitBuilder) => void): Circuit {
  const builder = new CircuitBuilder(qubits);
  write(builder);
  return builder.build();
}

/** The circuits one after the other; equal qubit counts wanted, only the last may measure. */
export function composeCircuits(...circuits: readonly Circuit[]): Circuit {
  const qubits = Math.max(0, ...circuits.map((circuit) => circuit.qubits));
  return buildCircuit(qubits, (builder) => {
    for (const circuit of circuits) {
      must(circuit.qubits === qubits, `circuits of ${qubits} qubits wanted, ${circuit.qubits} found`);
      builder.declare(...circuit.parameters);
      for (const operation of circuit.operations) builder.append(operation);
      builder.measure(...circuit.measured);
    }
  });
}

/** The circuit with some or all parameters replaced by numbers. */
export function bindParameters(circuit: Circuit, values: Readonly<Record<string, number>>): Circuit {
  const known = new Set(circuit.parameters);
  for (const name of Object.keys(values)) must(known.has(name), `a parameter of the circuit wanted, '${name}' found`);
  const lookup = (name: string) => (Object.hasOwn(values, name) ? values[name] : undefined);
  return buildCircuit(circuit.qubits, (builder) => {
    builder.declare(...circuit.parameters.filter((name) => !Object.hasOwn(values, name)));
    for (const operation of circuit.operations) {
      if (operation.kind === 'gate' && operation.matrix === undefined) {
        const angles = operation.angles.map((angle) => bindAngle(angle, lookup));
        builder.gate(operation.gate, operation.targets, angles, operation.controls);
      } else builder.append(operation);
    }
    builder.measure(...circuit.measured);
  });
}

/** The inverse of one gate, as an operation. */
export function inverseOperation(operation: GateOperation): GateOperation {
  if (operation.matrix !== undefined) return { ...operation, matrix: dagger(operation.matrix) };
  const inverse = GATES.get(operation.gate)!.inverse(operation.angles);
  const [first, ...rest] = operation.targets;
  return inverse.controlFirst
    ? {
        ...operation,
        gate: inverse.gate,
        angles: inverse.angles,
        targets: rest,
        controls: [...operation.controls, { qubit: first!, value: 1 }],
      }
    : { ...operation, gate: inverse.gate, angles: inverse.angles };
}

/** U† of a circuit of gates; refuses noise and measurement. */
export function inverseCircuit(circuit: Circuit): Circuit {
  must(circuit.measured.length === 0, 'inverse: a circuit without measurement wanted');
  return buildCircuit(circuit.qubits, (builder) => {
    builder.declare(...circuit.parameters);
    for (const operation of [...circuit.operations].reverse()) {
      must(operation.kind !== 'noise', `inverse: a unitary circuit wanted, channel found`);
      builder.append(operation.kind === 'gate' ? inverseOperation(operation) : operation);
    }
  });
}

/** Numeric matrix of a gate operation without its controls. */
export function operationMatrix(operation: GateOperation, lookup: (name: string) => number | undefined): ComplexMatrix {
  if (operation.matrix !== undefined) return operation.matrix;
  return GATES.get(operation.gate)!.matrix(operation.angles.map((angle) => evaluateAngle(angle, lookup)));
}

/** Whether the circuit needs a density matrix. */
export function hasNoise(circuit: Circuit): boolean {
  return circuit.operations.some((operation) => operation.kind === 'noise');
}
