/** All guards together: who may say no, in which order, and what a no means for the devices. */
import type { GuardDecision, QuantumDecision } from '../contracts/artifacts.ts';
import type { Device } from '../contracts/primitives.ts';
import { isPaid } from './price-table.ts';

export {
  barrenPlateau,
  type HeadPoint,
  measurePlateau,
  type PlateauFacts,
  type PlateauHead,
  plateauHead,
} from './barren-plateau.ts';
export {
  checkBudget,
  formatUsd,
  PAID_DEVICE_CAP,
  type PlannedWork,
  type PlanRequest,
  planCost,
  planWork,
  priceWork,
  refinedCount,
  refineLearning,
  stageCost,
  taskPriceMicroUsd,
} from './cost.ts';
export { type EncodedInputsFacts, type EncodedInputsLight, encodedInputsLight, type Light } from './encoded-inputs.ts';
export { type CircuitSize, type ErrorRates, expectedSuccess, headCircuitSize, type NoiseFacts, noiseGuard } from './noise.ts';
export { type EncodingFacts, overEncoding } from './over-encoding.ts';
export { compareWithDeviceCost, deviceRate, findDevice, isPaid, isQpu, type PriceTable, priceTable } from './price-table.ts';
export { labelGuard, MINIMUM_LABELS, type MultireferenceFacts, type QuantumNeedFacts, quantumNeed } from './quantum-need.ts';

export interface DeviceRequest {
  purpose: 'audit' | 'discovery';
  /** The device the campaign asks for. */
  device: Device;
  /** In their order of precedence. */
  guards: readonly GuardDecision[];
  /** False where no head could be trained, so that there is nothing to run even in an audit. */
  headTrained?: boolean;
}

/** The first refusal in order, or null. */
export function firstRefusal(guards: readonly GuardDecision[]): GuardDecision | null {
  return guards.find(({ decision }) => decision === 'refuse') ?? null;
}

/**
 * Combines the guards. No refusal: the campaign's device runs. A refusal: a paid device is blocked; `discovery` then uses no circuit at all,
 * `audit` measures the head on the exact simulator, at no device cost, and the refusal is printed.
 */
export function decideQuantum({ purpose, device, guards, headTrained = true }: DeviceRequest): Omit<QuantumDecision, 'selected'> {
  const refusal = firstRefusal(guards);
  const decision = (deviceAllowed: boolean, deviceUsed: Device | null, reason: string): Omit<QuantumDecision, 'selected'> => ({
    schema: 'quantum-decision/1',
    guards: [...guards],
    deviceAllowed,
    deviceUsed,
    reason,
  });
  if (refusal === null) {
    if (!headTrained) return decision(false, null, 'No quantum head was trained, so there is no circuit to run.');
    return decision(true, device, `No guard refused: the circuits run on ${isPaid(device) ? device : 'the exact simulator'}.`);
  }
  const others = guards.filter(({ decision: word }) => word === 'refuse').length - 1;
  const more = others === 0 ? '' : ` (and ${others} more refusal${others === 1 ? '' : 's'})`;
  const refused = `Refused by ${refusal.guard}${more}: ${refusal.message}`;
  if (purpose === 'audit' && headTrained) {
    return decision(
      false,
      'lambda',
      `${refused} The campaign asks for an audit, so the head is measured on the exact simulator at no device cost.`,
    );
  }
  return decision(false, null, `${refused} No circuit is run${isPaid(device) ? ` and nothing is spent on ${device}` : ''}.`);
}
