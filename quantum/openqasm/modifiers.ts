/** What inv, pow, ctrl and negctrl do to a list of gates. */

import type { Angle } from '../circuit/angle.ts';
import { evaluateAngle, scaleAngle } from '../circuit/angle.ts';
import type { Control, GateOperation } from '../circuit/circuit.ts';
import { inverseOperation, operationMatrix } from '../circuit/circuit.ts';
import { unitaryPower } from '../circuit/eigen.ts';
import { QuantumError } from '../errors.ts';

/** Gates of the form exp(-i t G): a power multiplies the angle, as long as the eigenphases stay within ±π. */
const ONE_PARAMETER_GROUPS: Readonly<Record<string, number>> = {
  rx: 2 * Math.PI,
  ry: 2 * Math.PI,
  rz: 2 * Math.PI,
  xx: 2 * Math.PI,
  yy: 2 * Math.PI,
  zz: 2 * Math.PI,
  xy: 2 * Math.PI,
  phaseshift: Math.PI,
  gphase: Math.PI,
  cphaseshift: Math.PI,
  cphaseshift00: Math.PI,
  cphaseshift01: Math.PI,
  cphaseshift10: Math.PI,
};

export function inverted(operations: readonly GateOperation[]): GateOperation[] {
  return [...operations].reverse().map(inverseOperation);
}

export function underControls(operations: readonly GateOperation[], controls: readonly Control[]): GateOperation[] {
  return operations.map((operation) => ({ ...operation, controls: [...controls, ...operation.controls] }));
}

/** operations^exponent; a fraction wants a single gate. `room` bounds how many gates may come out. */
export function raised(operations: readonly GateOperation[], exponent: number, room: number): GateOperation[] {
  if (Number.isInteger(exponent)) {
    const base = exponent < 0 ? inverted(operations) : [...operations];
    const times = Math.abs(exponent);
    if (base.length * times > room) throw new QuantumError(`at most ${room} gates wanted, a power makes ${base.length * times}`);
    return Array.from({ length: base.length === 0 ? 0 : times }, () => base).flat();
  }
  const [only, second] = operations;
  if (only === undefined) return [];
  if (second !== undefined) throw new QuantumError('a fractional power of a single gate wanted, not of a gate made of several');
  return [powerOf(only, exponent)];
}

function powerOf(operation: GateOperation, exponent: number): GateOperation {
  const limit = Object.hasOwn(ONE_PARAMETER_GROUPS, operation.gate) ? ONE_PARAMETER_GROUPS[operation.gate] : undefined;
  const angle: Angle | undefined = operation.angles[0];
  if (limit !== undefined && angle !== undefined && (typeof angle !== 'number' || Math.abs(angle) < limit)) {
    return { ...operation, angles: [scaleAngle(angle, exponent)] };
  }
  if (operation.angles.some((value) => typeof value !== 'number')) {
    throw new QuantumError(`a fractional power of ${operation.gate} with numbers for angles wanted, not with inputs`);
  }
  const matrix = operationMatrix(operation, () => undefined);
  if (operation.targets.length === 0) {
    return { ...operation, angles: [scaleAngle(principal(evaluateAngle(angle ?? 0, () => undefined)), exponent)] };
  }
  return { ...operation, gate: 'unitary', angles: [], matrix: unitaryPower(matrix, exponent) };
}

/** The angle in (-π, π] that differs by whole turns. */
function principal(angle: number): number {
  return angle - 2 * Math.PI * Math.ceil((angle - Math.PI) / (2 * Math.PI));
}
