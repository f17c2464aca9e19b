/** A plain noise model for a device that is not ideal: depolarisation after every gate and misread bits. */

import type { Circuit } from '../circuit/circuit.ts';
import { buildCircuit } from '../circuit/circuit.ts';
import { must } from '../errors.ts';

export interface DeviceNoise {
  /** Depolarising probability after a gate on one qubit. */
  readonly oneQubit: number;
  /** Two-qubit depolarising probability after a gate on two qubits. */
  readonly twoQubit: number;
  /** Probability that a bit is read wrongly, either way. */
  readonly readout: number;
}

export function checkNoise(noise: DeviceNoise): void {
  must(noise.oneQubit >= 0 && noise.oneQubit <= 0.75, `noise: oneQubit in [0, 0.75] wanted, ${noise.oneQubit} found`);
  must(noise.twoQubit >= 0 && noise.twoQubit <= 0.9375, `noise: twoQubit in [0, 0.9375] wanted, ${noise.twoQubit} found`);
  must(noise.readout >= 0 && noise.readout <= 0.5, `noise: readout in [0, 0.5] wanted, ${noise.readout} found`);
}

/** The circuit with its gate noise written in; a gate on more than two qubits gets the two-qubit noise on each neighbouring pair. */
export function withGateNoise(circuit: Circuit, noise: DeviceNoise): Circuit {
  checkNoise(noise);
  return buildCircuit(circuit.qubits, (builder) => {
    builder.declare(...circuit.parameters);
    for (const operation of circuit.operations) {
      builder.append(operation);
      if (operation.kind !== 'gate') continue;
      const touched = [...operation.controls.map((control) => control.qubit), ...operation.targets];
      if (touched.length === 1 && noise.oneQubit > 0) builder.noise('depolarizing', touched, [noise.oneQubit]);
      if (noise.twoQubit === 0) continue;
      for (let i = 0; i + 1 < touched.length; i++) {
        builder.noise('two_qubit_depolarizing', [touched[i]!, touched[i + 1]!], [noise.twoQubit]);
      }
    }
    builder.measure(...circuit.measured);
  });
}

/** The distribution that is read when each bit flips with the given probability [2^n]. */
export function misread(distribution: Float64Array, flip: number): Float64Array {
  let current = distribution;
  for (let bit = 1; bit < distribution.length; bit *= 2) {
    const before = current;
    current = before.map((p, x) => (1 - flip) * p + flip * before[x ^ bit]!);
  }
  return current;
}
