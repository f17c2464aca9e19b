/** Pauli strings under Clifford gates: what is left of a string on the other side of a gate. */

import type { GateOperation } from '../circuit/circuit.ts';
import { operationMatrix } from '../circuit/circuit.ts';
import { GATES } from '../circuit/gates.ts';
import type { ComplexMatrix } from '../circuit/matrix.ts';
import { dagger, multiply } from '../circuit/matrix.ts';

/** sign · a product of X (bits of x), Z (bits of z) and Y (bits of both) on the qubits of the bits. */
export interface PauliString {
  x: number;
  z: number;
  sign: 1 | -1;
}

/** Image of X, Y or Z on one qubit: which of the two letters it has, and its sign. */
interface Image {
  readonly x: boolean;
  readonly z: boolean;
  readonly sign: 1 | -1;
}

/** The images of the letters at index x + 2z under P → g† P g. */
type OneQubitClifford = readonly (Image | null)[];

/** A Clifford gate on one or two qubits, for conjugation and for cancelling. */
export interface CliffordGate {
  readonly operation: GateOperation;
  /** Bits of its qubits. */
  readonly reach: number;
  /** Table of a gate on one qubit; null: cnot, cz or swap. */
  readonly table: OneQubitClifford | null;
  readonly matrix: ComplexMatrix;
}

const LETTERS = [null, 'x', 'z', 'y'] as const;
const TOLERANCE = 1e-14;

function matrixOf(letter: 'x' | 'y' | 'z'): ComplexMatrix {
  return GATES.get(letter)!.matrix([]);
}

/** ±1 where a is ±b, else 0. */
function signAgainst(a: ComplexMatrix, b: ComplexMatrix): 1 | -1 | 0 {
  for (const sign of [1, -1] as const) {
    if (a.every((value, i) => Math.abs(value - sign * b[i]!) < TOLERANCE)) return sign;
  }
  return 0;
}

function tableOf(matrix: ComplexMatrix): OneQubitClifford | null {
  const images = LETTERS.map((letter): Image | null => {
    if (letter === null) return { x: false, z: false, sign: 1 };
    const image = multiply(multiply(dagger(matrix), matrixOf(letter)), matrix);
    for (const [code, other] of LETTERS.entries()) {
      const sign = other === null ? 0 : signAgainst(image, matrixOf(other));
      if (sign !== 0) return { x: (code & 1) === 1, z: code > 1, sign };
    }
    return null;
  });
  return images.includes(null) ? null : images;
}

const TWO_QUBIT = new Set(['cnot', 'cz', 'swap']);

type Form = Pick<CliffordGate, 'table' | 'matrix'> | null;

/** Of the gates that have no angle. */
const FORMS = new Map<string, Form>();

function formOf(operation: GateOperation): Form {
  const two = TWO_QUBIT.has(operation.gate);
  if (!two && operation.targets.length !== 1) return null;
  const matrix = operationMatrix(operation, () => undefined);
  const table = two ? null : tableOf(matrix);
  return two || table !== null ? { table, matrix } : null;
}

/** The gate where it is a Clifford gate without controls that this file knows and its angles are numbers, else null. */
export function cliffordOf(operation: GateOperation): CliffordGate | null {
  if (operation.controls.length > 0 || operation.angles.some((angle) => typeof angle !== 'number')) return null;
  const named = operation.matrix === undefined && operation.angles.length === 0;
  const known = named ? FORMS.get(operation.gate) : undefined;
  const form = known === undefined ? formOf(operation) : known;
  if (named) FORMS.set(operation.gate, form);
  return form && { ...form, operation, reach: operation.targets.reduce((bits, qubit) => bits | (1 << qubit), 0) };
}

/** Whether the gate turns Z into another letter: such a gate costs the kernels a rotation. */
export function turns({ table }: CliffordGate): boolean {
  return table?.[2]?.x === true;
}

/** Whether a after b is the identity, to rounding. */
export function cancels(a: CliffordGate, b: CliffordGate): boolean {
  const [left, right] = [a.operation, b.operation];
  if (left.targets.length !== right.targets.length || left.targets.some((qubit, i) => qubit !== right.targets[i])) return false;
  const product = multiply(a.matrix, b.matrix);
  const d = 2 ** left.targets.length;
  return product.every((value, i) => Math.abs(value - (i % (2 * (d + 1)) === 0 ? 1 : 0)) < TOLERANCE);
}

const has = (bits: number, qubit: number): number => (bits >>> qubit) & 1;

/** g† P g, in place. */
export function pullBack(pauli: PauliString, { operation, table }: CliffordGate): void {
  const [a, b] = operation.targets as [number, number];
  if (table !== null) {
    const { x, z, sign } = table[has(pauli.x, a) + 2 * has(pauli.z, a)]!;
    pauli.x = (pauli.x & ~(1 << a)) | (x ? 1 << a : 0);
    pauli.z = (pauli.z & ~(1 << a)) | (z ? 1 << a : 0);
    if (sign < 0) pauli.sign = pauli.sign === 1 ? -1 : 1;
    return;
  }
  const [xa, za, xb, zb] = [has(pauli.x, a), has(pauli.z, a), has(pauli.x, b), has(pauli.z, b)];
  let flipped = 0;
  if (operation.gate === 'cnot') {
    flipped = xa & zb & (xb ^ za ^ 1);
    pauli.x ^= xa << b;
    pauli.z ^= zb << a;
  } else if (operation.gate === 'cz') {
    flipped = xa & xb & (za ^ zb);
    pauli.z ^= (xa << b) | (xb << a);
  } else {
    const [dx, dz] = [xa ^ xb, za ^ zb];
    pauli.x ^= (dx << a) | (dx << b);
    pauli.z ^= (dz << a) | (dz << b);
  }
  if (flipped === 1) pauli.sign = pauli.sign === 1 ? -1 : 1;
}
