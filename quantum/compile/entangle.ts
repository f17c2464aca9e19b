/** A two-qubit gate as few native entangling gates as its canonical form allows, with one-qubit gates between them. */

import { GATES } from '../circuit/gates.ts';
import type { ComplexMatrix } from '../circuit/matrix.ts';
import { dagger, matrixFrom, multiply } from '../circuit/matrix.ts';
import { canonicalForm } from './canonical.ts';

/** `cz` has no angle; `zz` and `xx` are exp(-i angle/2 ZZ) and exp(-i angle/2 XX). */
export type Entangler = 'cz' | 'zz' | 'xx';

export type Piece =
  /** A gate on the first (0) or second (1) of the two qubits. */
  | { readonly kind: 'local'; readonly qubit: 0 | 1; readonly matrix: ComplexMatrix }
  | { readonly kind: 'entangler'; readonly angle: number };

const ZERO = 1e-9;
const local = (qubit: 0 | 1, matrix: ComplexMatrix): Piece => ({ kind: 'local', qubit, matrix });
const gate = (name: string, ...angles: number[]): ComplexMatrix => GATES.get(name)!.matrix(angles);
const H = gate('h');
const I = gate('i');
const X = gate('x');
const Z = gate('z');

/** A third of a turn about (1, 1, 1): carries X to Y, Y to Z and Z to X. */
const CYCLE = matrixFrom([
  [
    [0.5, -0.5],
    [-0.5, -0.5],
  ],
  [
    [0.5, -0.5],
    [0.5, 0.5],
  ],
]);

/**
 * Pieces in the order of time; their product is the unitary up to a global phase.
 *
 * cost    cz: as many gates as are needed at all, 0 to 3; zz and xx: one for each coordinate that is not zero
 * source  Vatan and Williams 2004, arXiv:quant-ph/0308006, for three gates; Zhang et al. 2003 for the counts
 */
export function entanglingPieces(unitary: ComplexMatrix, entangler: Entangler): Piece[] {
  const { coordinates, before, after } = canonicalForm(unitary);
  const rounded = coordinates.map((value) => (Math.abs(value) < ZERO ? 0 : value)) as [number, number, number];
  const middle = entangler === 'cz' ? byControlledZ(rounded) : byIsing(rounded, entangler);
  const pieces = [local(0, before[0]), local(1, before[1]), ...middle, local(0, after[0]), local(1, after[1])];
  return middle.filter((piece) => piece.kind === 'entangler').length === 1 ? withFewestPulses(pieces, entangler) : pieces;
}

/**
 * The canonical form leaves half turns on either side as they come. Around a single entangling gate they can be carried from one
 * side to the other, where they may meet a half turn, or a gate that costs its pulse in any case.
 */
function withFewestPulses(pieces: readonly Piece[], entangler: Entangler): Piece[] {
  const at = pieces.findIndex((piece) => piece.kind === 'entangler');
  const { angle } = pieces[at] as Extract<Piece, { kind: 'entangler' }>;
  const before = [product(pieces.slice(0, at), 0), product(pieces.slice(0, at), 1)] as const;
  const after = [product(pieces.slice(at), 0), product(pieces.slice(at), 1)] as const;
  let best: Piece[] = [];
  let fewest = Number.POSITIVE_INFINITY;
  for (const [first, second] of [
    [I, I],
    [X, I],
    [I, X],
    [X, X],
  ] as const) {
    // What comes out on the other side: CZ leaves a Z on the partner, ZZ turns the other way, XX does not mind.
    const carried =
      entangler === 'cz' ? [multiply(first, second === X ? Z : I), multiply(second, first === X ? Z : I)] : [first, second];
    const sign = entangler === 'zz' && first !== second ? -1 : 1;
    const candidate: Piece[] = [
      local(0, multiply(first, before[0])),
      local(1, multiply(second, before[1])),
      { kind: 'entangler', angle: sign * angle },
      local(0, multiply(after[0], dagger(carried[0]!))),
      local(1, multiply(after[1], dagger(carried[1]!))),
    ];
    const pulses = candidate.filter(
      (piece) => piece.kind === 'local' && Math.hypot(piece.matrix[2]!, piece.matrix[3]!) > ZERO,
    ).length;
    if (pulses < fewest) {
      best = candidate;
      fewest = pulses;
    }
  }
  return best;
}

function product(pieces: readonly Piece[], qubit: 0 | 1): ComplexMatrix {
  return pieces.reduce((sum, piece) => (piece.kind === 'local' && piece.qubit === qubit ? multiply(piece.matrix, sum) : sum), I);
}

function byIsing(coordinates: readonly [number, number, number], entangler: 'zz' | 'xx'): Piece[] {
  // Turned so that the native axis stands where XX, YY and ZZ stand in turn.
  const turns = entangler === 'zz' ? [2, 1, 0] : [0, 2, 1];
  return coordinates.flatMap((value, axis) =>
    value === 0 ? [] : turned([{ kind: 'entangler', angle: -2 * value }], turns[axis]!),
  );
}

/** The pieces seen from axes that were cycled `times` times: what was about X is then about Y. */
function turned(pieces: readonly Piece[], times: number): Piece[] {
  if (times === 0) return [...pieces];
  const cycle = times === 1 ? CYCLE : multiply(CYCLE, CYCLE);
  const back = dagger(cycle);
  return [local(0, cycle), local(1, cycle), ...pieces, local(0, back), local(1, back)];
}

function byControlledZ(coordinates: readonly [number, number, number]): Piece[] {
  const nonZero = coordinates.filter((value) => value !== 0).length;
  if (nonZero === 0) return [];
  if (nonZero === 3) return threeControlledZ(...coordinates);
  // Cycled until the coordinate of YY is zero, and where only one is left, until it is the one of ZZ.
  for (let times = 0; times < 3; times++) {
    const [x, y, z] = cycled(coordinates, times);
    if (y !== 0 || (nonZero === 1 && z === 0)) continue;
    const quarter = nonZero === 1 && Math.abs(Math.abs(z) - Math.PI / 4) < ZERO;
    return turned(quarter ? oneControlledZ(z) : twoControlledZ(x, z), times);
  }
  return threeControlledZ(...coordinates);
}

function cycled([x, y, z]: readonly [number, number, number], times: number): readonly [number, number, number] {
  return times === 0 ? [x, y, z] : times === 1 ? [z, x, y] : [y, z, x];
}

/** exp(±iπ/4 ZZ) is CZ with a quarter turn about Z on both qubits. */
function oneControlledZ(z: number): Piece[] {
  const quarterTurn = gate('rz', z > 0 ? -Math.PI / 2 : Math.PI / 2);
  return [{ kind: 'entangler', angle: 0 }, local(0, quarterTurn), local(1, quarterTurn)];
}

/** A CNOT on either side turns X of its control into XX, and Z of its target into ZZ. */
function twoControlledZ(x: number, z: number): Piece[] {
  return [...controlledNot(1), local(0, gate('rx', -2 * x)), local(1, gate('rz', -2 * z)), ...controlledNot(1)];
}

function threeControlledZ(x: number, y: number, z: number): Piece[] {
  const quarter = Math.PI / 2;
  return [
    local(1, gate('rz', quarter)),
    ...controlledNot(0),
    local(0, gate('rz', quarter - 2 * z)),
    local(1, gate('ry', quarter - 2 * x)),
    ...controlledNot(1),
    local(1, gate('ry', 2 * y - quarter)),
    ...controlledNot(0),
    local(0, gate('rz', -quarter)),
  ];
}

function controlledNot(target: 0 | 1): Piece[] {
  return [local(target, H), { kind: 'entangler', angle: 0 }, local(target, H)];
}
