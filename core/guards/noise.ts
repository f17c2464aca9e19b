/** Will enough of the circuit's runs be free of errors for the device's answer to mean anything? */
import type { GuardDecision } from '../contracts/artifacts.ts';

/** Below this probability of an error-free run a QPU is declined. */
export const MINIMUM_SUCCESS = 0.3;

export interface CircuitSize {
  qubits: number;
  oneQubitGates: number;
  twoQubitGates: number;
}

/** Mean error probabilities of the device, as its calibration states them. */
export interface ErrorRates {
  oneQubit: number;
  twoQubit: number;
  readout: number;
}

/**
 * Gates of the head at its widest: exact real amplitude loading of 2^n numbers (2^n - 2 CNOT, 2^n - 1 RY), then L layers of RY, RZ on
 * each qubit and CZ on each edge of the entangler, and a last RY on each.
 */
export function headCircuitSize(qubits: number, layers: number, entangler: 'ring' | 'line' | 'none' = 'ring'): CircuitSize {
  const edges = entangler === 'none' ? 0 : entangler === 'line' || qubits === 2 ? qubits - 1 : qubits;
  return {
    qubits,
    oneQubitGates: 2 ** qubits - 1 + 2 * qubits * layers + qubits,
    twoQubitGates: 2 ** qubits - 2 + edges * layers,
  };
}

/** Probability that no gate and no readout errs: the product of 1 - e over all of them. */
export function expectedSuccess(size: CircuitSize, rates: ErrorRates): number {
  return (
    (1 - rates.oneQubit) ** size.oneQubitGates * (1 - rates.twoQubit) ** size.twoQubitGates * (1 - rates.readout) ** size.qubits
  );
}

export interface NoiseFacts {
  device: string;
  isQpu: boolean;
  size: CircuitSize;
  /** Null when the device publishes no calibration: then it is declined, because nothing can be promised. */
  rates: ErrorRates | null;
}

/** Declines a QPU whose expected circuit success is below 0.3; simulators are not asked. */
export function noiseGuard({ device, isQpu, size, rates }: NoiseFacts): GuardDecision {
  const gates = { qubits: size.qubits, oneQubitGates: size.oneQubitGates, twoQubitGates: size.twoQubitGates };
  if (!isQpu) {
    return {
      guard: 'noise',
      decision: 'not-applicable',
      message: 'The circuits run on a simulator without noise.',
      evidence: { device, ...gates },
    };
  }
  if (rates === null) {
    return {
      guard: 'noise',
      decision: 'refuse',
      message: `${device} states no error rates, so the success of ${size.twoQubitGates} two-qubit gates cannot be foreseen.`,
      evidence: { device, ...gates, expectedSuccess: null },
    };
  }
  const success = expectedSuccess(size, rates);
  const evidence = {
    device,
    ...gates,
    expectedSuccess: success,
    twoQubitError: rates.twoQubit,
    readoutError: rates.readout,
    minimum: MINIMUM_SUCCESS,
  };
  return success < MINIMUM_SUCCESS
    ? {
        guard: 'noise',
        decision: 'refuse',
        message: `Only ${(100 * success).toFixed(0)} % of the runs on ${device} would be free of errors (${size.twoQubitGates} two-qubit gates at ${(100 * rates.twoQubit).toFixed(2)} %); below ${100 * MINIMUM_SUCCESS} % the device is declined.`,
        evidence,
      }
    : {
        guard: 'noise',
        decision: 'pass',
        message: `${(100 * success).toFixed(0)} % of the runs on ${device} are expected to be free of errors.`,
        evidence,
      };
}
