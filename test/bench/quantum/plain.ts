/** From the plain data of a workload to a circuit of this package. */
import { type Angle, buildCircuit, type Circuit, parameter, scaleAngle } from '../../../quantum/index.ts';
import type { PlainAngle, PlainCircuit, PlainGate } from './circuits.ts';

const CATALOGUE: Partial<Record<PlainGate['gate'], string>> = { cphase: 'cphaseshift' };

/** With parameters p0, p1, … in the order of theta, and with noise on each target after each gate. */
export function parametricCircuit(circuit: PlainCircuit, noise?: number): Circuit {
  const angleOf = (angle: PlainAngle): Angle =>
    typeof angle === 'number' ? angle : scaleAngle(parameter(`p${angle.parameter}`), angle.factor);
  return buildCircuit(circuit.qubits, (builder) => {
    builder.declare(...circuit.theta.map((_, i) => `p${i}`));
    for (const { gate, targets, angle, matrix } of circuit.gates) {
      if (matrix !== undefined) builder.unitary(Float64Array.from(matrix), targets);
      else builder.gate(CATALOGUE[gate] ?? gate, targets, angle === undefined ? [] : [angleOf(angle)]);
      if (noise !== undefined) for (const target of targets) builder.noise('depolarizing', [target], [noise]);
    }
  });
}
