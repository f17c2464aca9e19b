/**
 * From a circuit to linear steps on index bits. A state vector has a bit per qubit; a density matrix is a vector on twice as many:
 * its rows are the upper bits, its columns the lower, so the same kernels run with the matrix and with its conjugate.
 */

import type { Angle } from '../circuit/angle.ts';
import type { Circuit, Control, GateOperation, NoiseOperation } from '../circuit/circuit.ts';
import { bitOf, operationMatrix } from '../circuit/circuit.ts';
import { gateDerivative } from '../circuit/gate-derivative.ts';
import type { GateSpec } from '../circuit/gates.ts';
import { GATES } from '../circuit/gates.ts';
import { conjugate, dagger, multiply } from '../circuit/matrix.ts';
import { krausOperators, superoperator } from '../circuit/noise.ts';
import { must } from '../errors.ts';
import type { Step, StepAngles } from './steps.ts';

function masks(qubits: number, controls: readonly Control[], shift = 0): { mask: number; value: number } {
  let mask = 0;
  let value = 0;
  for (const control of controls) {
    const bit = 2 ** (bitOf(qubits, control.qubit) + shift);
    mask += bit;
    value += control.value * bit;
  }
  return { mask, value };
}

function isSymbolic(angle: Angle): boolean {
  return typeof angle !== 'number';
}

function stepAngles(spec: GateSpec, operation: GateOperation): StepAngles {
  return {
    count: operation.angles.length,
    matrix: spec.matrix,
    generator: (angles, index) => multiply(gateDerivative(spec, angles, index), dagger(spec.matrix(angles))),
    wanted: operation.angles.flatMap((angle, i) => (isSymbolic(angle) ? [i] : [])),
  };
}

/** Steps of a unitary circuit; parametric gates keep their angles open. Parametric operations come in the order of the steps. */
export function unitarySteps(circuit: Circuit): { steps: Step[]; parametric: GateOperation[] } {
  const steps: Step[] = [];
  const parametric: GateOperation[] = [];
  for (const operation of circuit.operations) {
    must(operation.kind !== 'noise', 'a circuit without noise channels wanted: a channel needs the density matrix simulator');
    if (operation.kind === 'barrier') continue;
    const spec = GATES.get(operation.gate);
    const common = {
      bits: operation.targets.map((qubit) => bitOf(circuit.qubits, qubit)),
      ...masks(circuit.qubits, operation.controls),
      kernel: spec?.kernel ?? ('dense' as const),
      gate: spec?.name ?? '',
    };
    if (spec !== undefined && operation.angles.some(isSymbolic)) {
      parametric.push(operation);
      steps.push({ ...common, angles: stepAngles(spec, operation) });
    } else steps.push({ ...common, matrix: operationMatrix(operation, () => undefined) });
  }
  return { steps, parametric };
}

/**
 * Share of the state that depolarisation leaves alone, null for other channels. All Paulis together, the identity included,
 * trace the qubits out, so a probability p over the d² - 1 others mixes with weight p d² / (d² - 1).
 */
function keptShare(operation: NoiseOperation): number | null {
  const [p = 0] = operation.probabilities;
  if (operation.channel === 'depolarizing') return 1 - (4 / 3) * p;
  return operation.channel === 'two_qubit_depolarizing' ? 1 - (16 / 15) * p : null;
}

/** The same for the columns of a density matrix. */
function conjugateAngles(angles: StepAngles): StepAngles {
  return {
    ...angles,
    matrix: (values) => conjugate(angles.matrix(values)),
    generator: (values, index) => conjugate(angles.generator(values, index)),
  };
}

/**
 * Steps of a circuit with noise on the 2n bits of its density matrix; parametric gates keep their angles open, and each comes twice among
 * the parametric operations, for rows and for columns.
 */
export function densitySteps(circuit: Circuit): { steps: Step[]; parametric: GateOperation[] } {
  const n = circuit.qubits;
  const steps: Step[] = [];
  const parametric: GateOperation[] = [];
  // Depolarisation of a qubit commutes with every gate on that qubit alone, so it waits, and several become one.
  const waiting = new Map<number, number>();
  const depolarise = (qubits: readonly number[], kept: number): void => {
    const columns = qubits.map((qubit) => bitOf(n, qubit));
    const bits = [...columns.map((bit) => bit + n), ...columns];
    steps.push({ bits, mask: 0, value: 0, kernel: 'depolarizing', gate: '', matrix: Float64Array.of(kept) });
  };
  const settle = (qubits: readonly number[]): void => {
    for (const qubit of qubits) {
      const kept = waiting.get(qubit);
      if (kept !== undefined && kept !== 1) depolarise([qubit], kept);
      waiting.delete(qubit);
    }
  };
  for (const operation of circuit.operations) {
    if (operation.kind === 'barrier') continue;
    const kept = operation.kind === 'noise' ? keptShare(operation) : null;
    if (kept !== null && operation.targets.length === 1) {
      const [qubit] = operation.targets;
      waiting.set(qubit!, kept * (waiting.get(qubit!) ?? 1));
      continue;
    }
    const alone = operation.kind === 'gate' && operation.targets.length === 1 && operation.controls.length === 0;
    if (!alone) settle(operation.targets);
    const columns = operation.targets.map((qubit) => bitOf(n, qubit));
    const rows = columns.map((bit) => bit + n);
    if (operation.kind === 'noise') {
      if (kept !== null) {
        depolarise(operation.targets, kept);
        continue;
      }
      const matrix = superoperator(krausOperators(operation.channel, operation.probabilities, operation.kraus));
      steps.push({ bits: [...rows, ...columns], mask: 0, value: 0, kernel: 'dense', gate: '', matrix });
      continue;
    }
    settle(operation.controls.map((control) => control.qubit));
    const spec = GATES.get(operation.gate);
    const common = { kernel: spec?.kernel ?? ('dense' as const), gate: spec?.name ?? '' };
    const onRows = { ...common, bits: rows, ...masks(n, operation.controls, n) };
    const onColumns = { ...common, bits: columns, ...masks(n, operation.controls), conjugated: true };
    if (spec !== undefined && operation.angles.some(isSymbolic)) {
      parametric.push(operation, operation);
      const angles = stepAngles(spec, operation);
      steps.push({ ...onRows, angles }, { ...onColumns, angles: conjugateAngles(angles) });
      continue;
    }
    const matrix = operationMatrix(operation, () => undefined);
    steps.push({ ...onRows, matrix }, { ...onColumns, matrix: conjugate(matrix) });
  }
  settle([...waiting.keys()]);
  return { steps, parametric };
}
