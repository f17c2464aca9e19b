/**
 * One-qubit gates as the pulses of a vendor. Any of them is a turn about Z after pulses about axes in the equator; the turn
 * costs no pulse on hardware, since it only shifts the phase of the pulses that follow, so it is handed back to the caller.
 */

import { GATES } from '../circuit/gates.ts';
import type { ComplexMatrix } from '../circuit/matrix.ts';
import { must } from '../errors.ts';
import type { Entangler } from './entangle.ts';

export interface NativeGate {
  /** A name of the catalogue. */
  readonly gate: string;
  readonly angles: readonly number[];
}

export interface NativeGateSet {
  readonly entangler: Entangler;
  /** Whether turns about Z are gates of the set; where they are not, they only exist as a shift of later phases. */
  readonly turns: boolean;
  /** Pulses for RZ(-lambda) RY(theta) RZ(lambda), and the angle of a turn about Z that has to follow them. */
  readonly pulses: (theta: number, lambda: number) => { readonly gates: readonly NativeGate[]; readonly turn: number };
  /** A turn about Z that cannot be put off. */
  readonly turn: (angle: number) => readonly NativeGate[];
}

const QUARTER = Math.PI / 2;
const SMALL = 1e-10;

/** PRX(theta, phi): any angle about any axis in the equator. */
const prxPulse = (theta: number, lambda: number) => ({
  gates: Math.abs(theta) < SMALL ? [] : [{ gate: 'prx', angles: [theta, QUARTER - lambda] }],
  turn: 0,
});

/** Two quarter turns about shifted axes; one pulse for a quarter or a half turn. RY(t) = RZ(π) V RZ(t + π) V up to a phase. */
function gpiPulses(theta: number, lambda: number) {
  const axis = QUARTER - lambda;
  if (Math.abs(theta) < SMALL) return { gates: [], turn: 0 };
  if (Math.abs(theta - Math.PI) < SMALL) return { gates: [{ gate: 'gpi', angles: [axis] }], turn: 0 };
  if (Math.abs(theta - QUARTER) < SMALL) return { gates: [{ gate: 'gpi2', angles: [axis] }], turn: 0 };
  const gates = [
    { gate: 'gpi2', angles: [-lambda] },
    { gate: 'gpi2', angles: [-lambda - theta - Math.PI] },
  ];
  return { gates, turn: theta + 2 * Math.PI };
}

/** Quarter and half turns about X, the only pulses that are calibrated, between turns about Z. */
function quarterPulses(theta: number, lambda: number) {
  if (Math.abs(theta) < SMALL) return { gates: [], turn: 0 };
  const rz = (angle: number): NativeGate[] => (isWholeTurn(angle) ? [] : [{ gate: 'rz', angles: [angle] }]);
  const single = [QUARTER, Math.PI].find((angle) => Math.abs(theta - angle) < SMALL);
  if (single !== undefined) {
    const axis = QUARTER - lambda;
    return { gates: [...rz(-axis), { gate: 'rx', angles: [single] }], turn: axis };
  }
  const pulse = { gate: 'rx', angles: [QUARTER] };
  return { gates: [...rz(lambda), pulse, ...rz(theta + Math.PI), pulse], turn: Math.PI - lambda };
}

export function isWholeTurn(angle: number): boolean {
  return Math.abs(Math.sin(angle / 2)) < SMALL;
}

const SETS: readonly { readonly gates: readonly string[]; readonly set: NativeGateSet }[] = [
  {
    gates: ['cz', 'prx'],
    set: {
      entangler: 'cz',
      turns: false,
      pulses: prxPulse,
      turn: (angle) => [
        { gate: 'prx', angles: [Math.PI, 0] },
        { gate: 'prx', angles: [Math.PI, angle / 2] },
      ],
    },
  },
  {
    gates: ['cz', 'rx', 'rz'],
    set: { entangler: 'cz', turns: true, pulses: quarterPulses, turn: (angle) => [{ gate: 'rz', angles: [angle] }] },
  },
  {
    gates: ['gpi', 'gpi2', 'zz'],
    set: {
      entangler: 'zz',
      turns: false,
      pulses: gpiPulses,
      turn: (angle) => [
        { gate: 'gpi', angles: [0] },
        { gate: 'gpi', angles: [angle / 2] },
      ],
    },
  },
  {
    gates: ['prx', 'rz', 'xx'],
    set: { entangler: 'xx', turns: true, pulses: prxPulse, turn: (angle) => [{ gate: 'rz', angles: [angle] }] },
  },
];

/** The rules of a set of native gates, named in any case and order; throws QuantumError for a set that no rule is known for. */
export function nativeGateSet(names: readonly string[]): NativeGateSet {
  const wanted = names
    .map((name) => name.toLowerCase())
    .sort()
    .join(', ');
  const found = SETS.find(({ gates }) => gates.join(', ') === wanted);
  const known = SETS.map(({ gates }) => `[${gates.join(', ')}]`).join(', ');
  must(found !== undefined, `native gates: one of ${known} wanted, [${wanted}] found`);
  return found!.set;
}

/** Angles with U = RZ(phi) RY(theta) RZ(lambda) up to a phase, theta in [0, π]. */
export function eulerAngles(unitary: ComplexMatrix): { theta: number; phi: number; lambda: number } {
  const [a = 0, ai = 0, b = 0, bi = 0, c = 0, ci = 0, d = 0, di = 0] = unitary;
  const [cosine, sine] = [Math.hypot(a, ai), Math.hypot(c, ci)];
  if (cosine < SMALL) {
    const difference = Math.atan2(ci, c) - Math.atan2(-bi, -b);
    return { theta: Math.PI, phi: difference / 2, lambda: -difference / 2 };
  }
  if (sine < SMALL) return { theta: 0, phi: Math.atan2(di, d) - Math.atan2(ai, a), lambda: 0 };
  return {
    theta: 2 * Math.atan2(sine, cosine),
    phi: Math.atan2(ci, c) - Math.atan2(ai, a),
    lambda: Math.atan2(di, d) - Math.atan2(ci, c),
  };
}

/** The pulses of a one-qubit gate, and the turn about Z that remains: U = RZ(turn) · pulses, up to a phase. */
export function pulsesOf(unitary: ComplexMatrix, set: NativeGateSet): { gates: readonly NativeGate[]; turn: number } {
  const { theta, phi, lambda } = eulerAngles(unitary);
  const { gates, turn } = set.pulses(theta, lambda);
  return { gates, turn: turn + phi + lambda };
}

export function turnMatrix(angle: number): ComplexMatrix {
  return GATES.get('rz')!.matrix([angle]);
}
