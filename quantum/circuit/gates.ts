/**
 * The catalogue of gates: every Braket gate is one row, and nobody else lists gates.
 * Parser, emitter, simulators, gradients and tests read this table.
 *
 * conventions  matrices act on the targets in the order given, first target most significant; angles in radians;
 *              rx(t) = exp(-i t X / 2), phaseshift(t) = diag(1, e^{it}), xy(t) = exp(+i t (XX + YY) / 4)
 * source       Amazon Braket developer guide, supported gates; U and gphase: OpenQASM 3.0 specification
 */

import type { Angle } from './angle.ts';
import { addAngles, scaleAngle } from './angle.ts';
import { CONTROLLED_V, diagonal, half, I, ISWAP, MI, minusI, permutation, phase, R } from './gate-matrices.ts';
import type { ComplexLike, ComplexMatrix } from './matrix.ts';
import { identity, matrixFrom } from './matrix.ts';
import type { ParameterRule } from './parameter-rule.ts';
import { AXIS, EXCHANGE, FLIP_AXIS, GLOBAL_PHASE, HALF_TURN, PHASE } from './parameter-rule.ts';

/** The inverse as a catalogue gate; `controlFirst` turns the first target into a control. */
export interface InverseGate {
  readonly gate: string;
  readonly angles: readonly Angle[];
  readonly controlFirst?: true;
}

export type GateKernel = 'identity' | 'real' | 'diagonal' | 'permutation' | 'dense';

/** One row of the catalogue. */
export interface GateSpec {
  /** The one name inside this package. */
  readonly name: string;
  /** Spelling in OpenQASM programs for Braket. */
  readonly openQasm: string;
  /** Class name in the Braket Python SDK. */
  readonly braket: string;
  /** Spellings of `stdgates.inc`, valid only where a program includes that file. */
  readonly standardNames: readonly string[];
  readonly qubits: number;
  readonly parameters: readonly ParameterRule[];
  readonly kernel: GateKernel;
  readonly matrix: (angles: readonly number[]) => ComplexMatrix;
  readonly inverse: (angles: readonly Angle[]) => InverseGate;
}

const negated = (gate: string) => (angles: readonly Angle[]) => ({ gate, angles: angles.map((a) => scaleAngle(a, -1)) });
const named = (gate: string) => () => ({ gate, angles: [] });
const same = (gate: string) => (angles: readonly Angle[]) => ({ gate, angles });

interface Row {
  readonly names: readonly [name: string, braket: string, ...standard: string[]];
  readonly openQasm?: string;
  readonly qubits: number;
  readonly parameters?: readonly ParameterRule[];
  readonly kernel: GateKernel;
  readonly matrix: GateSpec['matrix'];
  readonly inverse: GateSpec['inverse'];
}

function fixed(names: Row['names'], qubits: number, kernel: GateKernel, matrix: ComplexMatrix, inverse: string): Row {
  return { names, qubits, kernel, matrix: () => matrix, inverse: named(inverse) };
}

function ising(name: string, braket: string, corner: -1 | 1): Row {
  return {
    names: [name, braket],
    qubits: 2,
    parameters: [HALF_TURN],
    kernel: 'dense',
    matrix: (angles) => {
      const { c, s } = half(angles);
      return matrixFrom([
        [c, 0, 0, minusI(corner * s)],
        [0, c, minusI(s), 0],
        [0, minusI(s), c, 0],
        [minusI(corner * s), 0, 0, c],
      ]);
    },
    inverse: negated(name),
  };
}

function controlledPhase(suffix: string, braket: string, at: number, ...standard: string[]): Row {
  const name = `cphaseshift${suffix}`;
  return {
    names: [name, braket, ...standard],
    qubits: 2,
    parameters: [PHASE],
    kernel: 'diagonal',
    matrix: ([t = Number.NaN]) => diagonal(...[0, 1, 2, 3].map((i): ComplexLike => (i === at ? phase(t) : 1))),
    inverse: negated(name),
  };
}

const ROWS: readonly Row[] = [
  fixed(['i', 'I', 'id'], 1, 'identity', identity(2), 'i'),
  fixed(['x', 'X'], 1, 'permutation', permutation(1, 0), 'x'),
  fixed(
    ['y', 'Y'],
    1,
    'dense',
    matrixFrom([
      [0, MI],
      [I, 0],
    ]),
    'y',
  ),
  fixed(['z', 'Z'], 1, 'diagonal', diagonal(1, -1), 'z'),
  fixed(
    ['h', 'H'],
    1,
    'real',
    matrixFrom([
      [R, R],
      [R, -R],
    ]),
    'h',
  ),
  fixed(['s', 'S'], 1, 'diagonal', diagonal(1, I), 'si'),
  fixed(['si', 'Si', 'sdg'], 1, 'diagonal', diagonal(1, MI), 's'),
  fixed(['t', 'T'], 1, 'diagonal', diagonal(1, [R, R]), 'ti'),
  fixed(['ti', 'Ti', 'tdg'], 1, 'diagonal', diagonal(1, [R, -R]), 't'),
  fixed(
    ['v', 'V', 'sx'],
    1,
    'dense',
    matrixFrom([
      [
        [0.5, 0.5],
        [0.5, -0.5],
      ],
      [
        [0.5, -0.5],
        [0.5, 0.5],
      ],
    ]),
    'vi',
  ),
  fixed(
    ['vi', 'Vi'],
    1,
    'dense',
    matrixFrom([
      [
        [0.5, -0.5],
        [0.5, 0.5],
      ],
      [
        [0.5, 0.5],
        [0.5, -0.5],
      ],
    ]),
    'v',
  ),
  {
    names: ['rx', 'Rx'],
    qubits: 1,
    parameters: [HALF_TURN],
    kernel: 'dense',
    matrix: (angles) => {
      const { c, s } = half(angles);
      return matrixFrom([
        [c, minusI(s)],
        [minusI(s), c],
      ]);
    },
    inverse: negated('rx'),
  },
  {
    names: ['ry', 'Ry'],
    qubits: 1,
    parameters: [HALF_TURN],
    kernel: 'real',
    matrix: (angles) => {
      const { c, s } = half(angles);
      return matrixFrom([
        [c, -s],
        [s, c],
      ]);
    },
    inverse: negated('ry'),
  },
  {
    names: ['rz', 'Rz'],
    qubits: 1,
    parameters: [HALF_TURN],
    kernel: 'diagonal',
    matrix: (angles) => {
      const { c, s } = half(angles);
      return diagonal([c, -s], [c, s]);
    },
    inverse: negated('rz'),
  },
  {
    names: ['phaseshift', 'PhaseShift', 'p', 'phase'],
    qubits: 1,
    parameters: [PHASE],
    kernel: 'diagonal',
    matrix: ([t = Number.NaN]) => diagonal(1, phase(t)),
    inverse: negated('phaseshift'),
  },
  {
    names: ['gphase', 'GPhase'],
    qubits: 0,
    parameters: [GLOBAL_PHASE],
    kernel: 'diagonal',
    matrix: ([t = Number.NaN]) => diagonal(phase(t)),
    inverse: negated('gphase'),
  },
  {
    names: ['u', 'U', 'u3'],
    openQasm: 'U',
    qubits: 1,
    parameters: [HALF_TURN, PHASE, PHASE],
    kernel: 'dense',
    matrix: (angles) => {
      const { c, s } = half(angles);
      const [, phi = Number.NaN, lambda = Number.NaN] = angles;
      const scaled = (factor: number, angle: number): ComplexLike => [factor * Math.cos(angle), factor * Math.sin(angle)];
      return matrixFrom([
        [c, scaled(-s, lambda)],
        [scaled(s, phi), scaled(c, phi + lambda)],
      ]);
    },
    inverse: ([theta = 0, phi = 0, lambda = 0]) => ({
      gate: 'u',
      angles: [scaleAngle(theta, -1), scaleAngle(lambda, -1), scaleAngle(phi, -1)],
    }),
  },
  {
    names: ['prx', 'PRx'],
    qubits: 1,
    parameters: [HALF_TURN, AXIS],
    kernel: 'dense',
    matrix: (angles) => {
      const { c, s } = half(angles);
      const phi = angles[1] ?? Number.NaN;
      return matrixFrom([
        [c, minusI(s, -phi)],
        [minusI(s, phi), c],
      ]);
    },
    inverse: ([theta = 0, phi = 0]) => ({ gate: 'prx', angles: [scaleAngle(theta, -1), phi] }),
  },
  {
    names: ['gpi', 'GPi'],
    qubits: 1,
    parameters: [FLIP_AXIS],
    kernel: 'dense',
    matrix: ([t = Number.NaN]) =>
      matrixFrom([
        [0, phase(-t)],
        [phase(t), 0],
      ]),
    inverse: same('gpi'),
  },
  {
    names: ['gpi2', 'GPi2'],
    qubits: 1,
    parameters: [AXIS],
    kernel: 'dense',
    matrix: ([t = Number.NaN]) =>
      matrixFrom([
        [R, minusI(R, -t)],
        [minusI(R, t), R],
      ]),
    inverse: ([t = 0]) => ({ gate: 'gpi2', angles: [addAngles(t, Math.PI)] }),
  },
  {
    names: ['ms', 'MS'],
    qubits: 2,
    parameters: [AXIS, AXIS, HALF_TURN],
    kernel: 'dense',
    matrix: (angles) => {
      const [a = Number.NaN, b = Number.NaN] = angles;
      const { c, s } = half(angles, 2);
      return matrixFrom([
        [c, 0, 0, minusI(s, -(a + b))],
        [0, c, minusI(s, -(a - b)), 0],
        [0, minusI(s, a - b), c, 0],
        [minusI(s, a + b), 0, 0, c],
      ]);
    },
    inverse: ([a = 0, b = 0, theta = 0]) => ({ gate: 'ms', angles: [a, b, scaleAngle(theta, -1)] }),
  },
  fixed(['cnot', 'CNot', 'cx', 'CX'], 2, 'permutation', permutation(0, 1, 3, 2), 'cnot'),
  fixed(
    ['cy', 'CY'],
    2,
    'dense',
    matrixFrom([
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 0, MI],
      [0, 0, I, 0],
    ]),
    'cy',
  ),
  fixed(['cz', 'CZ'], 2, 'diagonal', diagonal(1, 1, 1, -1), 'cz'),
  {
    names: ['cv', 'CV'],
    qubits: 2,
    kernel: 'dense',
    matrix: () => CONTROLLED_V,
    inverse: () => ({ gate: 'vi', angles: [], controlFirst: true }),
  },
  fixed(['swap', 'Swap'], 2, 'permutation', permutation(0, 2, 1, 3), 'swap'),
  {
    names: ['iswap', 'ISwap'],
    qubits: 2,
    kernel: 'dense',
    matrix: () => ISWAP,
    inverse: () => ({ gate: 'xy', angles: [-Math.PI] }),
  },
  {
    names: ['pswap', 'PSwap'],
    qubits: 2,
    parameters: [PHASE],
    kernel: 'dense',
    matrix: ([t = Number.NaN]) =>
      matrixFrom([
        [1, 0, 0, 0],
        [0, 0, phase(t), 0],
        [0, phase(t), 0, 0],
        [0, 0, 0, 1],
      ]),
    inverse: negated('pswap'),
  },
  {
    names: ['xy', 'XY'],
    qubits: 2,
    parameters: [EXCHANGE],
    kernel: 'dense',
    matrix: (angles) => {
      const { c, s } = half(angles);
      return matrixFrom([
        [1, 0, 0, 0],
        [0, c, [0, s], 0],
        [0, [0, s], c, 0],
        [0, 0, 0, 1],
      ]);
    },
    inverse: negated('xy'),
  },
  ising('xx', 'XX', 1),
  ising('yy', 'YY', -1),
  {
    names: ['zz', 'ZZ'],
    qubits: 2,
    parameters: [HALF_TURN],
    kernel: 'diagonal',
    matrix: (angles) => {
      const { c, s } = half(angles);
      return diagonal([c, -s], [c, s], [c, s], [c, -s]);
    },
    inverse: negated('zz'),
  },
  controlledPhase('', 'CPhaseShift', 3, 'cp', 'cphase'),
  controlledPhase('00', 'CPhaseShift00', 0),
  controlledPhase('01', 'CPhaseShift01', 1),
  controlledPhase('10', 'CPhaseShift10', 2),
  fixed(
    ['ecr', 'ECR'],
    2,
    'dense',
    matrixFrom([
      [0, 0, R, [0, R]],
      [0, 0, [0, R], R],
      [R, [0, -R], 0, 0],
      [[0, -R], R, 0, 0],
    ]),
    'ecr',
  ),
  fixed(['ccnot', 'CCNot', 'ccx'], 3, 'permutation', permutation(0, 1, 2, 3, 4, 5, 7, 6), 'ccnot'),
  fixed(['cswap', 'CSwap'], 3, 'permutation', permutation(0, 1, 2, 3, 4, 6, 5, 7), 'cswap'),
];

/** All gates by name, in the order of the Braket guide; `unitary` is not among them: it carries its own matrix. */
export const GATES: ReadonlyMap<string, GateSpec> = new Map(
  ROWS.map((row): [string, GateSpec] => {
    const [name, braket, ...standardNames] = row.names;
    return [name, { ...row, name, braket, standardNames, openQasm: row.openQasm ?? name, parameters: row.parameters ?? [] }];
  }),
);
