/** From the plain data of a workload to a circuit of this package. */
import { type Angle, buildCircuit, type Circuit, parameter, scaleAngle } from '../../../quantum/index.ts';
import type { PlainAngle, PlainCircuit, PlainGate } from './circuits.ts';

const CATALOGUE: Partial<Record<PlainGate['gate'], string>> = { cphase: 'cphaseshift' };
export const parameterName = (index: number) => `p${index}`;

function write(circuit: PlainCircuit, angleOf: (angle: PlainAngle) => Angle, names: readonly string[], noise?: number): Circuit {
  return buildCircuit(circuit.qubits, (builder) => {
    builder.declare(...names);
    for (const { gate, targets, angle, matrix } of circuit.gates) {
      if (matrix !== undefined) builder.unitary(Float64Array.from(matrix), targets);
      else builder.gate(CATALOGUE[gate] ?? gate, targets, angle === undefined ? [] : [angleOf(angle)]);
      if (noise !== undefined) for (const target of targets) builder.noise('depolarizing', [target], [noise]);
    }
  });
}

/** With parameters p0, p1, … in the order of theta. */
export function parametricCircuit(circuit: PlainCircuit, noise?: number): Circuit {
  const names = circuit.theta.map((_, i) => parameterName(i));
  const angleOf = (angle: PlainAngle) =>
    typeof angle === 'number' ? angle : scaleAngle(parameter(parameterName(angle.parameter)), angle.factor);
  return write(circuit, angleOf, names, noise);
}

/** With numbers only. */
export function boundCircuit(circuit: PlainCircuit, theta: readonly number[], noise?: number): Circuit {
  const angleOf = (angle: PlainAngle) => (typeof angle === 'number' ? angle : angle.factor * theta[angle.parameter]!);
  return write(circuit, angleOf, [], noise);
}
