/**
 * Calibration of an emulated QPU: fidelities as its vendor publishes them, device-wide or for every qubit and pair. The same
 * figures go into the capabilities and into the noise of its runs, so what a client reads is what it gets.
 */
import { type DeviceNoise, type NoiseRates, seeded } from '@qefm/quantum';

/** One fidelity for the whole device, or one per qubit (`"3"`) or pair (`"3-4"`, the lower label first). */
export type Fidelities = number | Readonly<Record<string, number>>;

export interface Calibration {
  /** Average fidelity of a one-qubit and of a two-qubit gate, by randomised benchmarking; of a measured bit. */
  oneQubit: Fidelities;
  twoQubit: Fidelities;
  readout: Fidelities;
  t1Seconds: number;
  t2Seconds: number;
}

/** Device-wide medians, of which every qubit and pair gets its own value. */
export interface CalibrationMedians {
  oneQubit: number;
  twoQubit: number;
  readout: number;
  t1Seconds: number;
  t2Seconds: number;
}

/** Standard deviation of the logarithm of an error, about what published calibrations show. */
const SPREAD = 0.35;
const LARGEST_ERROR = 0.2;

/**
 * A calibration with a value for every qubit and pair, scattered about the medians: the same one for the same name. It is no
 * measurement of any machine, but has the shape of one, good and bad qubits included.
 */
export function scatteredCalibration(
  name: string,
  medians: CalibrationMedians,
  connectivity: Readonly<Record<string, readonly string[]>>,
): Calibration {
  const scatter = (kind: string, label: string, median: number) => {
    const error = (1 - median) * Math.exp(SPREAD * seeded(0, 'calibration', name, kind, label).normal());
    return Number((1 - Math.min(LARGEST_ERROR, error)).toFixed(6));
  };
  const all = (kind: string, labels: readonly string[], median: number) =>
    Object.fromEntries(labels.map((label) => [label, scatter(kind, label, median)]));
  const qubits = Object.keys(connectivity);
  return {
    oneQubit: all('one', qubits, medians.oneQubit),
    twoQubit: all('two', pairsOf(connectivity), medians.twoQubit),
    readout: all('readout', qubits, medians.readout),
    t1Seconds: medians.t1Seconds,
    t2Seconds: medians.t2Seconds,
  };
}

/** Pairs of a connectivity graph, each once, the lower label first. */
export function pairsOf(connectivity: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(connectivity).flatMap(([qubit, neighbours]) =>
    neighbours.filter((neighbour) => Number(neighbour) > Number(qubit)).map((neighbour) => `${qubit}-${neighbour}`),
  );
}

export function fidelityOf(fidelities: Fidelities, label: string): number {
  if (typeof fidelities === 'number') return fidelities;
  const found = fidelities[label];
  if (found === undefined) throw new Error(`a fidelity for ${label} wanted, none found`);
  return found;
}

/** Gates that are a shift of phase on hardware. */
const VIRTUAL_GATES = ['rz'];

/**
 * Errors of a run. A depolarising channel with the probability p of any Pauli error has the average fidelity 1 - p d / (d + 1)
 * in dimension d, so p = 3/2 (1 - F) for one qubit and 5/4 (1 - F) for two; a bit of fidelity F is misread with 1 - F.
 */
export function noiseOf({ oneQubit, twoQubit, readout }: Calibration): DeviceNoise {
  return {
    oneQubit: errors(oneQubit, 3 / 2),
    twoQubit: errors(twoQubit, 5 / 4),
    readout: errors(readout, 1),
    noiseless: VIRTUAL_GATES,
  };
}

function errors(fidelities: Fidelities, factor: number): NoiseRates {
  if (typeof fidelities === 'number') return factor * (1 - fidelities);
  return Object.fromEntries(Object.entries(fidelities).map(([label, fidelity]) => [label, factor * (1 - fidelity)]));
}
