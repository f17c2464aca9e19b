/** Is more packed into the qubits than can be loaded faithfully or learned from the labels? */
import type { GuardDecision } from '../contracts/artifacts.ts';

export const MAXIMUM_AMPLITUDE_QUBITS = 8;
export const MAXIMUM_FRAGMENT_HEAVY_ATOMS = 12;
export const MINIMUM_LOADING_FIDELITY = 0.9;

export interface EncodingFacts {
  qubits: number;
  /** Numbers that are encoded, the bias amplitude not counted. */
  latentSize: number;
  /** False where the numbers fill all 2^n amplitudes themselves, as contacts and residues do. Default true. */
  biasAmplitude?: boolean;
  /** Heavy atoms of the encoded fragment; null where the latent vector of the whole molecule is encoded. */
  fragmentHeavyAtoms: number | null;
  /** Overlap of the intended with the loaded state; 1 for exact loading. */
  loadingFidelity: number;
}

/** Refuses with the first limit that is passed. Thresholds: at most 8 qubits, 2^n - 1 numbers (2^n without a bias), 12 heavy atoms, fidelity 0.90. */
export function overEncoding({
  qubits,
  latentSize,
  biasAmplitude = true,
  fragmentHeavyAtoms,
  loadingFidelity,
}: EncodingFacts): GuardDecision {
  const room = 2 ** qubits - (biasAmplitude ? 1 : 0);
  const refuse = (message: string): GuardDecision => ({
    guard: 'over-encoding',
    decision: 'refuse',
    message,
    evidence: { qubits, latentSize, room, fragmentHeavyAtoms, loadingFidelity },
  });
  if (qubits > MAXIMUM_AMPLITUDE_QUBITS) {
    return refuse(
      `Amplitude encoding was asked for on ${qubits} qubits; beyond ${MAXIMUM_AMPLITUDE_QUBITS} loading costs more gates than devices bear.`,
    );
  }
  if (latentSize > room) {
    return refuse(
      `${latentSize} numbers do not fit ${biasAmplitude ? 'beside the bias amplitude ' : ''}into ${qubits} qubits, which hold ${room}.`,
    );
  }
  if (fragmentHeavyAtoms !== null && fragmentHeavyAtoms > MAXIMUM_FRAGMENT_HEAVY_ATOMS) {
    return refuse(
      `The encoded fragment has ${fragmentHeavyAtoms} heavy atoms; at most ${MAXIMUM_FRAGMENT_HEAVY_ATOMS} are encoded.`,
    );
  }
  if (loadingFidelity < MINIMUM_LOADING_FIDELITY) {
    return refuse(
      `The state is loaded with a fidelity of ${loadingFidelity.toFixed(3)}, below ${MINIMUM_LOADING_FIDELITY}: the circuit would see another molecule.`,
    );
  }
  return {
    guard: 'over-encoding',
    decision: 'pass',
    message: `${latentSize} numbers ${biasAmplitude ? 'and a bias amplitude ' : ''}are loaded into ${qubits} qubits with fidelity ${loadingFidelity.toFixed(3)}.`,
    evidence: { qubits, latentSize, room, fragmentHeavyAtoms, loadingFidelity },
  };
}
