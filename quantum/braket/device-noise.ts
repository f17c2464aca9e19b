/** The noise of a device by its calibration: depolarisation after every gate, and misread bits. */

import type { Circuit } from '../circuit/circuit.ts';
import { buildCircuit } from '../circuit/circuit.ts';
import { must } from '../errors.ts';

/** One probability for the whole device, or one for each qubit (`"3"`) or pair of qubits (`"3-4"`, the lower label first). */
export type NoiseRates = number | Readonly<Record<string, number>>;

export interface DeviceNoise {
  /** Depolarising probability after a gate on one qubit. */
  readonly oneQubit: NoiseRates;
  /** Two-qubit depolarising probability after a gate on two qubits. */
  readonly twoQubit: NoiseRates;
  /** Probability that a bit is read wrongly, either way. */
  readonly readout: NoiseRates;
  /** Gates of the catalogue that cost no pulse and bring no noise, as turns about Z on hardware. */
  readonly noiseless?: readonly string[];
}

export function checkNoise(noise: DeviceNoise): void {
  checkRates('oneQubit', noise.oneQubit, 0.75);
  checkRates('twoQubit', noise.twoQubit, 0.9375);
  checkRates('readout', noise.readout, 0.5);
}

function checkRates(name: string, rates: NoiseRates, most: number): void {
  for (const rate of typeof rates === 'number' ? [rates] : Object.values(rates)) {
    must(rate >= 0 && rate <= most, `noise: ${name} in [0, ${most}] wanted, ${rate} found`);
  }
}

export function isNoisy({ oneQubit, twoQubit }: DeviceNoise): boolean {
  return [oneQubit, twoQubit].some((rates) => (typeof rates === 'number' ? [rates] : Object.values(rates)).some((p) => p > 0));
}

/** The probability for a qubit, or for a pair of them. */
export function noiseRate(rates: NoiseRates, ...labels: readonly number[]): number {
  if (typeof rates === 'number') return rates;
  const name = [...labels].sort((a, b) => a - b).join('-');
  const rate = rates[name];
  must(rate !== undefined, `noise: a rate for ${name} wanted, none found`);
  return rate!;
}

const WITH_NOISE = new WeakMap<Circuit, WeakMap<DeviceNoise, Circuit>>();

/**
 * The circuit with its gate noise written in, on qubits labelled by their indices: the same object for the same two, so that the
 * executables of a program, which differ in numbers only, share a plan.
 */
export function noisyCircuit(circuit: Circuit, noise: DeviceNoise): Circuit {
  const known = WITH_NOISE.get(circuit) ?? new WeakMap<DeviceNoise, Circuit>();
  WITH_NOISE.set(circuit, known);
  const noisy = known.get(noise) ?? withGateNoise(circuit, noise);
  known.set(noise, noisy);
  return noisy;
}

/**
 * The circuit with its gate noise written in; a gate on more than two qubits gets the two-qubit noise on each neighbouring pair.
 *
 * shapes  labels [qubits of the circuit]: the label of each on the device; default: its index
 */
export function withGateNoise(circuit: Circuit, noise: DeviceNoise, labels?: readonly number[]): Circuit {
  checkNoise(noise);
  const label = (qubit: number): number => labels?.[qubit] ?? qubit;
  return buildCircuit(circuit.qubits, (builder) => {
    builder.declare(...circuit.parameters);
    for (const operation of circuit.operations) {
      builder.append(operation);
      if (operation.kind !== 'gate' || noise.noiseless?.includes(operation.gate)) continue;
      const touched = [...operation.controls.map((control) => control.qubit), ...operation.targets];
      if (touched.length === 1) {
        const rate = noiseRate(noise.oneQubit, label(touched[0]!));
        if (rate > 0) builder.noise('depolarizing', touched, [rate]);
      }
      for (let i = 0; i + 1 < touched.length; i++) {
        const pair = [touched[i]!, touched[i + 1]!];
        const rate = noiseRate(noise.twoQubit, ...pair.map(label));
        if (rate > 0) builder.noise('two_qubit_depolarizing', pair, [rate]);
      }
    }
    builder.measure(...circuit.measured);
  });
}

/** The distribution that is read when the bit of each qubit flips with its probability [2^n]; qubit 0 is the most significant. */
export function misread(distribution: Float64Array, flips: readonly number[]): Float64Array {
  let current = distribution;
  flips.forEach((flip, qubit) => {
    if (flip === 0) return;
    const bit = 2 ** (flips.length - 1 - qubit);
    const before = current;
    current = before.map((p, x) => (1 - flip) * p + flip * before[x ^ bit]!);
  });
  return current;
}
