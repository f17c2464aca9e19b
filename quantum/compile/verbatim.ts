/** What a device runs as it stands: native gates on neighbouring qubits. Nothing is changed in a verbatim box, so all must fit. */

import type { Circuit } from '../circuit/circuit.ts';
import { must, QuantumError } from '../errors.ts';
import type { CompileTarget } from './compile.ts';
import { deviceLabels } from './route.ts';

/**
 * shapes  labels [qubits of the circuit]: the label of each on the device
 * throws  QuantumError for a qubit that is not on the device, a gate that is not native, and two qubits without a coupler
 */
export function checkNative(circuit: Circuit, labels: readonly number[], target: CompileTarget): void {
  must(labels.length === circuit.qubits, `verbatim: ${circuit.qubits} labels wanted, ${labels.length} found`);
  const known = new Set(deviceLabels(target.connectivity, target.qubitCount));
  for (const label of labels) must(known.has(label), `verbatim: a qubit of the device wanted, $${label} found`);
  const native = new Set(target.nativeGates.map((name) => name.toLowerCase()));
  for (const operation of circuit.operations) {
    if (operation.kind === 'barrier') continue;
    const name = operation.kind === 'gate' ? operation.gate : operation.channel;
    if (operation.kind === 'noise' || !native.has(name)) {
      throw new QuantumError(`verbatim: a native gate of the device (${target.nativeGates.join(', ')}) wanted, ${name} found`);
    }
    must(operation.controls.length === 0, `verbatim: native gates without modifiers wanted, a controlled ${name} found`);
    const [a, b] = operation.targets.map((qubit) => labels[qubit]!);
    if (b === undefined || target.connectivity === null) continue;
    const neighbours = target.connectivity[a!] ?? [];
    must(
      neighbours.includes(String(b)),
      `verbatim: two connected qubits wanted, ${name} on $${a} and $${b} found; $${a} meets ${neighbours.map((label) => `$${label}`).join(', ')}`,
    );
  }
}
