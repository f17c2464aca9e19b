/**
 * From a circuit to linear steps on index bits. A state vector has a bit per qubit; a density matrix is a vector on twice as many:
 * its rows are the upper bits, its columns the lower, so the same kernels run with the matrix and with its conjugate.
 */

import type { Angle } from '../circuit/angle.ts';
import { evaluateAngle } from '../circuit/angle.ts';
import type { Circuit, Control, GateOperation, NoiseOperation } from '../circuit/circuit.ts';
import { bitOf, operationMatrix } from '../circuit/circuit.ts';
import { gateDerivative } from '../circuit/gate-derivative.ts';
import type { GateSpec } from '../circuit/gates.ts';
import { GATES } from '../circuit/gates.ts';
import { conjugate, dagger, multiply } from '../circuit/matrix.ts';
import { krausOperators, superoperator } from '../circuit/noise.ts';
import { must } from '../errors.ts';
import type { Step, StepAngles } from './program.ts';

export type Lookup = (name: string) => number | undefined;

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

/** Numeric angles of the parametric operations. */
export function angleValues(parametric: readonly GateOperation[], lookup: Lookup): number[][] {
  return parametric.map((operation) => operation.angles.map((angle) => evaluateAngle(angle, lookup)));
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

/** Steps of a circuit with noise on the 2n bits of its density matrix, all angles bound. */
export function densitySteps(circuit: Circuit, lookup: Lookup): Step[] {
  const n = circuit.qubits;
  const steps: Step[] = [];
  for (const operation of circuit.operations) {
    if (operation.kind === 'barrier') continue;
    const columns = operation.targets.map((qubit) => bitOf(n, qubit));
    const rows = columns.map((bit) => bit + n);
    if (operation.kind === 'noise') {
      const bits = [...rows, ...columns];
      const kept = keptShare(operation);
      if (kept !== null) {
        steps.push({ bits, mask: 0, value: 0, kernel: 'depolarizing', gate: '', matrix: Float64Array.of(kept) });
        continue;
      }
      const matrix = superoperator(krausOperators(operation.channel, operation.probabilities, operation.kraus));
      steps.push({ bits, mask: 0, value: 0, kernel: 'dense', gate: '', matrix });
      continue;
    }
    const spec = GATES.get(operation.gate);
    const common = { kernel: spec?.kernel ?? ('dense' as const), gate: spec?.name ?? '' };
    const matrix = operationMatrix(operation, lookup);
    steps.push({ ...common, bits: rows, matrix, ...masks(n, operation.controls, n) });
    steps.push({ ...common, bits: columns, matrix: conjugate(matrix), ...masks(n, operation.controls) });
  }
  return steps;
}
