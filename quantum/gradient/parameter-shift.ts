/**
 * Exact gradients from shifted circuits: the method that any device can run.
 * Each use of a parameter becomes an input of its own, so that one program with many input rows serves all shifts.
 * source  Wierichs, Izaac, Wang and Lin 2022, arXiv:2107.12390, equation 13 (equidistant frequencies); two terms: Mitarai et al. 2018
 */

import { evaluateAngle, parameter } from '../circuit/angle.ts';
import type { Circuit, GateOperation } from '../circuit/circuit.ts';
import { buildCircuit, parameterLookup } from '../circuit/circuit.ts';
import { GATES } from '../circuit/gates.ts';
import type { PauliSum } from '../circuit/pauli.ts';
import { must } from '../errors.ts';
import { expectation, simulate } from '../simulator/statevector.ts';

export interface ShiftTerm {
  /** Radians added to the angle. */
  readonly shift: number;
  readonly coefficient: number;
}

/** d/dt F(t) = Σ coefficient F(t + shift) for a trigonometric polynomial with frequencies base … count · base. */
export function shiftRule(base: number, count: number): ShiftTerm[] {
  return Array.from({ length: 2 * count }, (_, i) => {
    const x = ((2 * i + 1) * Math.PI) / (2 * count);
    const size = base / (4 * count * Math.sin(x / 2) ** 2);
    // A shift beyond half a period is taken backwards; base · shift is an angle of period 2π.
    return { shift: (x > Math.PI ? x - 2 * Math.PI : x) / base, coefficient: i % 2 === 0 ? size : -size };
  });
}

/** The rule of one angle of one operation, from the catalogue; empty when the mean does not depend on it. */
export function ruleOf(operation: GateOperation, angle: number): ShiftTerm[] {
  const rule = GATES.get(operation.gate)!.parameters[angle]!;
  const { base, count } = operation.controls.length > 0 ? rule.controlled : rule;
  return shiftRule(base, count);
}

interface Occurrence {
  readonly name: string;
  readonly uses: readonly { readonly parameter: number; readonly coefficient: number }[];
  readonly rule: readonly ShiftTerm[];
  readonly value: number;
}

export interface ParameterShiftPlan {
  /** The circuit with one parameter per symbolic angle. */
  readonly circuit: Circuit;
  /** Input rows, each in the order of `circuit.parameters`; run the circuit once for each. */
  readonly evaluations: readonly Float64Array[];
  /** From the m means of every evaluation ([evaluation][m]) to the gradients [m][P] in the original parameters. */
  readonly assemble: (means: readonly ArrayLike<number>[]) => Float64Array[];
}

/**
 * All shifted circuits for a gradient at theta.
 * cost  two runs per angle of a rotation, four where the catalogue says so
 */
export function planParameterShift(circuit: Circuit, theta: ArrayLike<number>): ParameterShiftPlan {
  const lookup = parameterLookup(circuit, theta);
  const index = new Map(circuit.parameters.map((name, i) => [name, i]));
  const occurrences: Occurrence[] = [];
  const expanded = buildCircuit(circuit.qubits, (builder) => {
    for (const operation of circuit.operations) {
      if (operation.kind !== 'gate' || operation.angles.every((angle) => typeof angle === 'number')) {
        builder.append(operation);
        continue;
      }
      const angles = operation.angles.map((angle, i) => {
        if (typeof angle === 'number') return angle;
        const name = `angle${occurrences.length}`;
        const uses = angle.terms.map((term) => ({ parameter: index.get(term.parameter)!, coefficient: term.coefficient }));
        occurrences.push({ name, uses, rule: ruleOf(operation, i), value: evaluateAngle(angle, lookup) });
        return parameter(name);
      });
      builder.gate(operation.gate, operation.targets, angles, operation.controls);
    }
    builder.measure(...circuit.measured);
  });
  const base = Float64Array.from(occurrences, (occurrence) => occurrence.value);
  const evaluations = occurrences.flatMap((occurrence, i) =>
    occurrence.rule.map((term) => base.map((value, j) => (i === j ? value + term.shift : value))),
  );
  const assemble = (means: readonly ArrayLike<number>[]): Float64Array[] => {
    must(means.length === evaluations.length, `${evaluations.length} evaluations wanted, ${means.length} found`);
    const observables = means[0]?.length ?? 0;
    const gradients = Array.from({ length: observables }, () => new Float64Array(circuit.parameters.length));
    let row = 0;
    for (const occurrence of occurrences) {
      for (const term of occurrence.rule) {
        const values = means[row++]!;
        must(values.length === observables, `${observables} means in every evaluation wanted, ${values.length} found`);
        for (const use of occurrence.uses) {
          gradients.forEach((gradient, m) => {
            gradient[use.parameter] = gradient[use.parameter]! + use.coefficient * term.coefficient * values[m]!;
          });
        }
      }
    }
    return gradients;
  };
  return { circuit: expanded, evaluations, assemble };
}

/** d⟨H⟩/dtheta [P] by the parameter-shift rule, with exact means from the simulator. */
export function parameterShift(circuit: Circuit, theta: ArrayLike<number>, H: PauliSum): Float64Array {
  const plan = planParameterShift(circuit, theta);
  const means = plan.evaluations.map((row) => [expectation(simulate(plan.circuit, row), H)]);
  return plan.assemble(means)[0] ?? new Float64Array(circuit.parameters.length);
}
