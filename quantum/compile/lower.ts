/** Any circuit as numeric gates on one and two qubits, the language of the router. */

import type { Circuit, Control, GateOperation } from '../circuit/circuit.ts';
import { operationMatrix, parameterLookup } from '../circuit/circuit.ts';
import { unitaryPower } from '../circuit/eigen.ts';
import { GATES } from '../circuit/gates.ts';
import type { ComplexMatrix } from '../circuit/matrix.ts';
import { controlled, dagger, identity, matrixFrom, multiply } from '../circuit/matrix.ts';
import { must, QuantumError } from '../errors.ts';
import { canonicalForm, interaction, localPair, phaseFrom } from './canonical.ts';

export interface SmallGate {
  readonly qubits: readonly [number] | readonly [number, number];
  readonly matrix: ComplexMatrix;
}

const gate = (name: string, ...angles: number[]): ComplexMatrix => GATES.get(name)!.matrix(angles);
const X = gate('x');
const H = gate('h');
const CNOT = gate('cnot');
const phaseGate = (re: number, im: number): ComplexMatrix =>
  matrixFrom([
    [1, 0],
    [0, [re, im]],
  ]);

/**
 * The gates of a circuit at the given values of its parameters, equal to it up to a global phase.
 *
 * throws  QuantumError for noise, and for a matrix on more than two qubits, which no device takes
 * source  Barenco and others 1995, arXiv:quant-ph/9503016, lemma 7.5, for gates with several controls
 */
export function lowerCircuit(circuit: Circuit, theta: ArrayLike<number>): SmallGate[] {
  const lookup = parameterLookup(circuit, theta);
  return circuit.operations.flatMap((operation) => {
    if (operation.kind === 'noise')
      throw new QuantumError(`compile: a circuit of gates wanted, channel ${operation.channel} found`);
    return operation.kind === 'barrier' ? [] : lowerGate(operation, operationMatrix(operation, lookup));
  });
}

function lowerGate(operation: GateOperation, matrix: ComplexMatrix): SmallGate[] {
  const { controls, targets } = operation;
  const inverted = controls.filter((control) => control.value === 0).map((control) => on(X, control.qubit));
  return [...inverted, ...lowerControlled(operation.gate, controls, targets, matrix), ...inverted];
}

const on = (matrix: ComplexMatrix, ...qubits: [number] | [number, number]): SmallGate => ({ matrix, qubits });

/** As if every control had to read one. */
function lowerControlled(
  name: string,
  controls: readonly Control[],
  targets: readonly number[],
  matrix: ComplexMatrix,
): SmallGate[] {
  const qubits = controls.map((control) => control.qubit);
  const [first = 0, second = 0, third = 0] = targets;
  if (targets.length === 0) {
    const last = qubits.pop();
    // Without controls a global phase is nothing; with them it is a phase of the last.
    if (last === undefined) return [];
    return controlledOne(qubits, last, phaseGate(matrix[0]!, matrix[1]!));
  }
  if (targets.length === 1) return controlledOne(qubits, first, matrix);
  if (name === 'swap' && qubits.length > 0) return controlledSwap(qubits, first, second);
  if (name === 'ccnot') return controlledOne([...qubits, first, second], third, X);
  if (name === 'cswap') return controlledSwap([...qubits, first], second, third);
  must(targets.length === 2, `compile: gates and matrices on one or two qubits wanted, ${name} on ${targets.length} found`);
  return qubits.length === 0 ? [on(matrix, first, second)] : controlledTwo(qubits, first, second, matrix);
}

function controlledSwap(controls: readonly number[], a: number, b: number): SmallGate[] {
  return [on(CNOT, b, a), ...controlledOne([...controls, a], b, X), on(CNOT, b, a)];
}

function controlledOne(controls: readonly number[], target: number, matrix: ComplexMatrix): SmallGate[] {
  const [...outer] = controls;
  const last = outer.pop();
  if (last === undefined) return [on(matrix, target)];
  if (outer.length === 0) return [on(controlled(matrix, [1]), last, target)];
  const root = unitaryPower(matrix, 0.5);
  return [
    on(controlled(root, [1]), last, target),
    ...controlledOne(outer, last, X),
    on(controlled(dagger(root), [1]), last, target),
    ...controlledOne(outer, last, X),
    ...controlledOne(outer, target, root),
  ];
}

/** Every factor of the canonical form under the controls; the phase that the form drops becomes a phase of the last control. */
function controlledTwo(controls: readonly number[], a: number, b: number, matrix: ComplexMatrix): SmallGate[] {
  const { coordinates, before, after } = canonicalForm(matrix);
  const gates: SmallGate[] = [...controlledOne(controls, a, before[0]), ...controlledOne(controls, b, before[1])];
  coordinates.forEach((value, axis) => {
    // What carries X, Y and Z to Z; a wrong sign would not be seen, since it is there twice.
    const into = axis === 0 ? H : axis === 1 ? gate('rx', Math.PI / 2) : identity(2);
    const out = dagger(into);
    gates.push(on(into, a), on(into, b), on(CNOT, a, b));
    gates.push(...controlledOne(controls, b, gate('rz', -2 * value)));
    gates.push(on(CNOT, a, b), on(out, a), on(out, b));
  });
  gates.push(...controlledOne(controls, a, after[0]), ...controlledOne(controls, b, after[1]));
  const product = multiply(multiply(localPair(after), interaction(...coordinates)), localPair(before));
  const outer = [...controls];
  const last = outer.pop()!;
  return [...gates, ...controlledOne(outer, last, phaseGate(...phaseFrom(product, matrix)))];
}
