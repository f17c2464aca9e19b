/**
 * A circuit as a device runs it: on neighbouring qubits, in native gates. Equal to the circuit up to a global phase, the place of
 * its qubits, and turns about Z that come before nothing but a measurement.
 */

import type { Circuit } from '../circuit/circuit.ts';
import { buildCircuit } from '../circuit/circuit.ts';
import type { ComplexMatrix } from '../circuit/matrix.ts';
import { identity, kron, multiply } from '../circuit/matrix.ts';
import { entanglingPieces } from './entangle.ts';
import type { SmallGate } from './lower.ts';
import { lowerCircuit } from './lower.ts';
import type { NativeGate, NativeGateSet } from './pulses.ts';
import { isWholeTurn, nativeGateSet, pulsesOf, turnMatrix } from './pulses.ts';
import type { Connectivity } from './route.ts';
import { routeGates } from './route.ts';

export interface CompileTarget {
  readonly qubitCount: number;
  /** Names of the native gates: one of the sets of IQM, Rigetti, IonQ and AQT. */
  readonly nativeGates: readonly string[];
  readonly connectivity: Connectivity;
}

export interface DeviceCompileOptions {
  /** Label of each qubit on the device, where the program says it; otherwise the router chooses. */
  readonly physicalQubits?: readonly number[];
  /** Keeps turns about Z after the last pulse, which no measurement sees. Default: they are left out. */
  readonly keepFinalTurns?: boolean;
}

export interface DeviceCircuit {
  /** Native gates with numbers for angles, on the qubits of the device that are used. */
  readonly circuit: Circuit;
  /** Label on the device of each qubit of the compiled circuit. */
  readonly labels: readonly number[];
  /** Qubit of the compiled circuit on which each qubit of the program starts, and on which it can be read in the end. */
  readonly initial: readonly number[];
  readonly final: readonly number[];
  readonly swaps: number;
}

/**
 * shapes  theta [parameters of the circuit]
 * throws  QuantumError for a circuit that does not fit the device, for noise, and for a matrix on more than two qubits
 */
export function compileForDevice(
  circuit: Circuit,
  theta: ArrayLike<number>,
  target: CompileTarget,
  options: DeviceCompileOptions = {},
): DeviceCircuit {
  const set = nativeGateSet(target.nativeGates);
  const lowered = lowerCircuit(circuit, theta);
  const routed = routeGates(lowered, circuit.qubits, target.connectivity, target.qubitCount, options.physicalQubits ?? null);
  const labels = [...new Set([...routed.initial, ...routed.gates.flatMap(({ qubits }) => [...qubits])])].sort((a, b) => a - b);
  const place = new Map(labels.map((label, i) => [label, i]));
  const writer = new NativeWriter(set);
  for (const block of blocksOf(routed.gates)) writer.write(block);
  writer.finish(options.keepFinalTurns ?? false);
  const final = routed.final.map((label) => place.get(label)!);
  return {
    circuit: buildCircuit(labels.length, (builder) => {
      for (const { gate, angles, qubits } of writer.gates) {
        builder.gate(
          gate,
          qubits.map((label) => place.get(label)!),
          angles.map(withinHalfTurn),
        );
      }
      builder.measure(...circuit.measured.map((qubit) => final[qubit]!));
    }),
    labels,
    initial: routed.initial.map((label) => place.get(label)!),
    final,
    swaps: routed.swaps,
  };
}

/** Angles in (-π, π]; all native gates have the period 2π, up to a phase. */
function withinHalfTurn(angle: number): number {
  const turned = angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
  return (Math.abs(turned + Math.PI) < 1e-12 ? Math.PI : turned) + 0;
}

/** Neighbouring gates on the same pair become one, with the one-qubit gates between them: a swap beside a CZ costs no more than a swap. */
function blocksOf(gates: readonly SmallGate[]): SmallGate[] {
  const blocks: { qubits: SmallGate['qubits']; matrix: ComplexMatrix }[] = [];
  const open = new Map<number, (typeof blocks)[number]>();
  for (const { qubits, matrix } of gates) {
    const [a, b] = qubits;
    const block = open.get(a);
    if (block !== undefined && (b === undefined || open.get(b) === block)) {
      block.matrix = multiply(spread(matrix, qubits, block.qubits), block.matrix);
      continue;
    }
    const fresh = { qubits, matrix };
    blocks.push(fresh);
    for (const qubit of qubits) open.set(qubit, fresh);
  }
  return blocks;
}

/** A gate as a matrix on the qubits of a block that holds them. */
function spread(matrix: ComplexMatrix, qubits: SmallGate['qubits'], block: SmallGate['qubits']): ComplexMatrix {
  if (block.length === 1) return matrix;
  if (qubits.length === 1) return qubits[0] === block[0] ? kron(matrix, identity(2)) : kron(identity(2), matrix);
  return qubits[0] === block[0] ? matrix : exchanged(matrix);
}

function exchanged(matrix: ComplexMatrix): ComplexMatrix {
  const order = [0, 2, 1, 3];
  const out = new Float64Array(32);
  for (let r = 0; r < 4; r++) {
    for (let c = 0; c < 4; c++) {
      const from = 2 * (4 * order[r]! + order[c]!);
      out.set(matrix.subarray(from, from + 2), 2 * (4 * r + c));
    }
  }
  return out;
}

class NativeWriter {
  readonly gates: (NativeGate & { readonly qubits: readonly number[] })[] = [];
  readonly #set: NativeGateSet;
  /** One-qubit gates that wait for the next entangling gate, multiplied together. */
  readonly #pending = new Map<number, ComplexMatrix>();

  constructor(set: NativeGateSet) {
    this.#set = set;
  }

  write({ qubits, matrix }: SmallGate): void {
    const [a, b] = qubits;
    if (b === undefined) {
      this.#local(a, matrix);
      return;
    }
    const { entangler } = this.#set;
    for (const piece of entanglingPieces(matrix, entangler)) {
      if (piece.kind === 'local') this.#local(piece.qubit === 0 ? a : b, piece.matrix);
      else {
        this.#pulse(a);
        this.#pulse(b);
        this.gates.push({ gate: entangler, angles: entangler === 'cz' ? [] : [piece.angle], qubits: [a, b] });
      }
    }
  }

  /** Writes all that waits; a turn about Z at the very end only where it is wanted. */
  finish(keepTurns: boolean): void {
    for (const qubit of [...this.#pending.keys()].sort((a, b) => a - b)) {
      const turn = this.#pulses(qubit);
      if (keepTurns && !isWholeTurn(turn)) this.#turn(qubit, turn);
    }
  }

  #local(qubit: number, matrix: ComplexMatrix): void {
    const before = this.#pending.get(qubit);
    this.#pending.set(qubit, before === undefined ? matrix : multiply(matrix, before));
  }

  /** The turn about Z that remains commutes with CZ and ZZ and waits on; before XX it has to be written. */
  #pulse(qubit: number): void {
    const turn = this.#pulses(qubit);
    if (isWholeTurn(turn)) return;
    if (this.#set.entangler === 'xx') this.#turn(qubit, turn);
    else this.#pending.set(qubit, turnMatrix(turn));
  }

  #pulses(qubit: number): number {
    const pending = this.#pending.get(qubit);
    if (pending === undefined) return 0;
    this.#pending.delete(qubit);
    const { gates, turn } = pulsesOf(pending, this.#set);
    for (const gate of gates) this.gates.push({ ...gate, qubits: [qubit] });
    return turn;
  }

  #turn(qubit: number, angle: number): void {
    for (const gate of this.#set.turn(angle)) this.gates.push({ ...gate, qubits: [qubit] });
  }
}
