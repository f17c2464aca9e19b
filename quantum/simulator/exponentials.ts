/**
 * Exponentials of Pauli strings, as chemistry writes them: a change of basis, a ladder, a turn about Z, and everything back. Each becomes one
 * turn about Y between flips and signs, which the kernels do with a quarter of the work and on fewer bits: exp(-i t P / 2) =
 * K† exp(-i t Y_p / 2) K, with a K of CNOT, CZ, S and Z only. Nothing else of a circuit is touched.
 */

import type { Angle } from '../circuit/angle.ts';
import type { Circuit, GateOperation, Operation } from '../circuit/circuit.ts';
import type { CliffordGate, PauliString } from './pauli-frame.ts';
import { cancels, cliffordOf, pullBack, turns } from './pauli-frame.ts';

/** Letters of exp(-i t P / 2), for the gates of the catalogue that are such. */
const ROTATIONS: Readonly<Record<string, 'x' | 'y' | 'z'>> = { rx: 'x', ry: 'y', rz: 'z', xx: 'x', yy: 'y', zz: 'z' };

/** Operations looked at for each operation of a circuit, windows that come to nothing included. */
const MOST_LOOKS = 16;

const gate = (name: string, targets: readonly number[], angles: readonly Angle[] = []): GateOperation => ({
  kind: 'gate',
  gate: name,
  targets,
  angles,
  controls: [],
});

function stringOf(operation: GateOperation): PauliString | null {
  const letter = operation.controls.length === 0 ? ROTATIONS[operation.gate] : undefined;
  if (letter === undefined) return null;
  const bits = operation.targets.reduce((sum, qubit) => sum | (1 << qubit), 0);
  return { x: letter === 'z' ? 0 : bits, z: letter === 'x' ? 0 : bits, sign: 1 };
}

function qubitsOf(bits: number): number[] {
  const qubits: number[] = [];
  for (let rest = bits; rest !== 0; rest &= rest - 1) qubits.push(31 - Math.clz32(rest & -rest));
  return qubits;
}

/** exp(-i angle P / 2) in gates that the kernels are quick at: few bits change. */
export function exponential(pauli: PauliString, angle: Angle): GateOperation[] {
  const there: GateOperation[] = [];
  const p = { ...pauli };
  const apply = (name: string, targets: readonly number[]): void => {
    const operation = gate(name, targets);
    there.push(operation);
    // K P K†, with K its own inverse but for S, where the sign of Y tells the two apart.
    pullBack(p, cliffordOf(gate(name === 's' ? 'si' : name, targets))!);
  };
  if (p.x === 0) {
    const [last, ...others] = qubitsOf(p.z);
    if (last === undefined) return [];
    for (const qubit of others) apply('cnot', [qubit, last]);
    if (p.sign < 0) apply('x', [last]);
    return between(there, gate('rz', [last], [angle]));
  }
  const changed = qubitsOf(p.x);
  // The parity of the Z letters is best gathered on a qubit that changes anyway: one that has a Y and is not the pivot.
  const pivot = changed.find((qubit) => (p.z & p.x & ~(1 << qubit)) !== 0) ?? changed[0]!;
  for (const qubit of changed) if (qubit !== pivot) apply('cnot', [pivot, qubit]);
  const signs = p.z & ~(1 << pivot);
  const gathered = qubitsOf(signs & pauli.x)[0] ?? qubitsOf(signs)[0];
  for (const qubit of qubitsOf(signs)) if (qubit !== gathered) apply('cnot', [qubit, gathered!]);
  if (gathered !== undefined) apply('cz', [pivot, gathered]);
  if ((p.z & (1 << pivot)) === 0) apply('s', [pivot]);
  if (p.sign < 0) apply('z', [pivot]);
  return between(there, gate('ry', [pivot], [angle]));
}

function between(there: readonly GateOperation[], turn: GateOperation): GateOperation[] {
  const back = [...there].reverse().map((operation) => (operation.gate === 's' ? gate('si', operation.targets) : operation));
  return [...there, turn, ...back];
}

interface Window {
  /** What stands for the operations of the window; null: they stay. */
  readonly operations: readonly Operation[] | null;
  readonly length: number;
}

/** Follows the operations from a change of basis until every turning one has met its inverse. */
function windowAt(
  operations: readonly Operation[],
  cliffordAt: (at: number) => CliffordGate | null,
  start: number,
  most: number,
): Window {
  const pending: CliffordGate[] = [];
  const out: Operation[] = [];
  let [saved, spent] = [0, 0];
  const end = Math.min(operations.length, start + most);
  for (let at = start; at < end; at++) {
    const operation = operations[at]!;
    const failed = { operations: null, length: at - start + 1 };
    if (operation.kind !== 'gate') return failed;
    const pauli = stringOf(operation);
    const clifford = cliffordAt(at);
    if (clifford !== null) {
      if (turns(clifford)) saved++;
      if (!cancelLast(pending, clifford)) pending.push(clifford);
    } else if (pauli !== null) {
      for (let k = pending.length - 1; k >= 0; k--) pullBack(pauli, pending[k]!);
      if (pauli.x !== 0 && ++spent > saved) return failed;
      out.push(...exponential(pauli, operation.angles[0]!));
    } else {
      const reach = [...operation.targets, ...operation.controls.map(({ qubit }) => qubit)].reduce(
        (bits, q) => bits | (1 << q),
        0,
      );
      if (pending.some((one) => (one.reach & reach) !== 0)) return failed;
      out.push(operation);
    }
    // Flips, swaps and phases that are left cost no turn.
    if (!pending.some(turns)) return { operations: [...out, ...pending.map((one) => one.operation)], length: at - start + 1 };
  }
  return { operations: null, length: end - start };
}

/** Takes away the gate that this one undoes, if nothing on its qubits stands between. */
function cancelLast(pending: CliffordGate[], clifford: CliffordGate): boolean {
  for (let k = pending.length - 1; k >= 0; k--) {
    const other = pending[k]!;
    if ((other.reach & clifford.reach) === 0) continue;
    if (!cancels(clifford, other)) return false;
    pending.splice(k, 1);
    return true;
  }
  return false;
}

/** The operations with the exponentials among them rewritten; the same unitary, its global phase included. */
export function withExponentials(circuit: Circuit): readonly Operation[] {
  const { operations, qubits } = circuit;
  const out: Operation[] = [];
  const known: (CliffordGate | null)[] = [];
  const cliffordAt = (at: number): CliffordGate | null => {
    const operation = operations[at]!;
    if (known[at] === undefined) known[at] = operation.kind === 'gate' ? cliffordOf(operation) : null;
    return known[at];
  };
  let looks = MOST_LOOKS * operations.length;
  for (let at = 0; at < operations.length; ) {
    const opening = looks > 0 ? cliffordAt(at) : null;
    if (opening !== null && turns(opening)) {
      const window = windowAt(operations, cliffordAt, at, 8 * qubits + 32);
      looks -= window.length;
      if (window.operations !== null) {
        out.push(...window.operations);
        at += window.length;
        continue;
      }
    }
    out.push(operations[at]!);
    at++;
  }
  return out;
}
