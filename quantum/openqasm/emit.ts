/** From a circuit to an OpenQASM 3 program with Braket's pragmas: what every Braket device and `parseOpenQasm` read. */

import type { Angle } from '../circuit/angle.ts';
import type { Circuit, GateOperation, NoiseOperation } from '../circuit/circuit.ts';
import { GATES } from '../circuit/gates.ts';
import type { ComplexMatrix } from '../circuit/matrix.ts';
import { rowsOf } from '../circuit/matrix.ts';
import type { ObservableFactor } from '../circuit/observable.ts';
import { must } from '../errors.ts';
import type { ResultRequest } from './results.ts';

export interface EmitOptions {
  readonly results?: readonly ResultRequest[];
  /** Physical qubits `$k`, k-th entry for the k-th qubit; default: a register q. */
  readonly physicalQubits?: readonly number[];
  /** Puts the gates into a verbatim box, so that a device compiles nothing; wants physical qubits. */
  readonly verbatim?: boolean;
  /** Measures all qubits into a register b when the circuit itself measures none. */
  readonly measureAll?: boolean;
}

/**
 * The program text. Parameters of the circuit become `input float` in their order.
 * throws  QuantumError for parameter names that are not identifiers or that collide with q and b
 */
export function emitOpenQasm(circuit: Circuit, options: EmitOptions = {}): string {
  const { physicalQubits, verbatim = false } = options;
  must(!verbatim || physicalQubits !== undefined, 'emit: physical qubits wanted for a verbatim box');
  if (physicalQubits !== undefined) {
    must(
      physicalQubits.length === circuit.qubits,
      `emit: ${circuit.qubits} physical qubits wanted, ${physicalQubits.length} found`,
    );
    must(new Set(physicalQubits).size === circuit.qubits, 'emit: distinct physical qubits wanted');
  }
  const qubit = (index: number) => (physicalQubits === undefined ? `q[${index}]` : `$${physicalQubits[index]}`);
  const measured =
    circuit.measured.length === 0 && options.measureAll ? Array.from({ length: circuit.qubits }, (_, i) => i) : circuit.measured;
  const lines = ['OPENQASM 3.0;'];
  for (const name of circuit.parameters) lines.push(`input float ${identifier(name)};`);
  if (measured.length > 0) lines.push(`bit[${measured.length}] b;`);
  if (physicalQubits === undefined && circuit.qubits > 0) lines.push(`qubit[${circuit.qubits}] q;`);
  if (verbatim) lines.push('#pragma braket verbatim', 'box {');
  for (const operation of circuit.operations) {
    if (operation.kind === 'gate') lines.push(gateLine(operation, qubit));
    else if (operation.kind === 'noise') lines.push(noiseLine(operation, qubit));
    else lines.push(`barrier${operation.targets.length === 0 ? '' : ` ${operation.targets.map(qubit).join(', ')}`};`);
  }
  if (verbatim) lines.push('}');
  measured.forEach((index, i) => {
    lines.push(`b[${i}] = measure ${qubit(index)};`);
  });
  for (const result of options.results ?? []) lines.push(`#pragma braket result ${resultText(result, qubit)}`);
  return `${lines.join('\n')}\n`;
}

type QubitText = (index: number) => string;

const RESERVED = new Set(['q', 'b', 'pi', 'tau', 'euler', 'all']);

function identifier(name: string): string {
  must(
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !RESERVED.has(name) && !gateNames.has(name),
    `emit: a free identifier wanted, '${name}' found`,
  );
  return name;
}

const gateNames = new Set([...GATES.values()].map((spec) => spec.openQasm));

/** Shortest text that reads back as the same double. */
function numberText(value: number): string {
  return Object.is(value, -0) ? '0' : String(value);
}

/** As numberText, but always a float literal, as the grammar of the pragmas wants. */
function floatText(value: number): string {
  const text = numberText(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function angleText(angle: Angle): string {
  if (typeof angle === 'number') return numberText(angle);
  const parts = angle.terms.map(({ parameter, coefficient }) =>
    coefficient === 1 ? parameter : coefficient === -1 ? `-${parameter}` : `${numberText(coefficient)} * ${parameter}`,
  );
  if (angle.constant !== 0 || parts.length === 0) parts.push(numberText(angle.constant));
  return parts.join(' + ').replaceAll('+ -', '- ');
}

function gateLine(operation: GateOperation, qubit: QubitText): string {
  if (operation.matrix !== undefined) {
    must(operation.controls.length === 0, 'emit: a unitary without controls wanted (the pragma knows no modifiers)');
    return `#pragma braket unitary(${matrixText(operation.matrix)}) ${operation.targets.map(qubit).join(', ')}`;
  }
  const modifiers = operation.controls.map((control) => (control.value === 1 ? 'ctrl @ ' : 'negctrl @ ')).join('');
  const angles = operation.angles.length === 0 ? '' : `(${operation.angles.map(angleText).join(', ')})`;
  const qubits = [...operation.controls.map((control) => control.qubit), ...operation.targets].map(qubit).join(', ');
  return `${modifiers}${GATES.get(operation.gate)!.openQasm}${angles}${qubits === '' ? '' : ` ${qubits}`};`;
}

function noiseLine(operation: NoiseOperation, qubit: QubitText): string {
  const inner =
    operation.channel === 'kraus'
      ? (operation.kraus ?? []).map(matrixText).join(', ')
      : operation.probabilities.map(floatText).join(', ');
  return `#pragma braket noise ${operation.channel}(${inner}) ${operation.targets.map(qubit).join(', ')}`;
}

function complexText([re, im]: readonly [number, number]): string {
  if (im === 0) return numberText(re);
  if (re === 0) return `${numberText(im)}im`;
  return `${numberText(re)}${im < 0 ? '-' : '+'}${numberText(Math.abs(im))}im`;
}

function matrixText(matrix: ComplexMatrix): string {
  return `[${rowsOf(matrix)
    .map((row) => `[${row.map(complexText).join(', ')}]`)
    .join(', ')}]`;
}

function factorText(factor: ObservableFactor, qubit: QubitText, everyQubit: boolean): string {
  if (factor.name === 'hermitian') {
    return `hermitian(${matrixText(factor.matrix)}) ${everyQubit ? 'all' : factor.targets.map(qubit).join(', ')}`;
  }
  return everyQubit ? `${factor.name} all` : `${factor.name}(${qubit(factor.targets[0]!)})`;
}

function resultText(result: ResultRequest, qubit: QubitText): string {
  switch (result.type) {
    case 'state_vector':
      return result.type;
    case 'amplitude':
      return `amplitude ${result.states.map((state) => `"${state}"`).join(', ')}`;
    case 'probability':
    case 'density_matrix':
      return result.targets === null ? result.type : `${result.type} ${result.targets.map(qubit).join(', ')}`;
    case 'adjoint_gradient': {
      const terms = result.observable.map(({ coefficient, factors }) => {
        const product = factors.map((factor) => factorText(factor, qubit, false)).join(' @ ');
        return coefficient === 1 ? product : `${numberText(coefficient)} * ${product}`;
      });
      const parameters = result.parameters === 'all' ? 'all' : result.parameters.join(', ');
      return `adjoint_gradient expectation(${terms.join(' + ').replaceAll('+ -', '- ')}) ${parameters}`;
    }
    default:
      return `${result.type} ${result.factors.map((factor) => factorText(factor, qubit, result.everyQubit)).join(' @ ')}`;
  }
}
