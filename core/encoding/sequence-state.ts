/**
 * The residues of a pocket, in order, as one amplitude state: which residue, what it is like, and where it stands.
 *
 *   |psi> = sum_p sqrt(w_p / W) |p> |phi(letter_p)>,   W = sum_p w_p,   r = sqrt(W)
 *   |phi(l)> = (|l> + sum_d x_d(l) |20 + d>) / sqrt(1 + sum_d x_d(l)^2)
 *
 * registers   qubits 0 … m-1: the position p, m = `positionQubits`, up to 2^m residues; the next five qubits: the residue, its number in
 *             `residueLetters` at 0 … 19 and the scales at 20 … 31; index = 32 p + residue. m = 3 is the most that 8 qubits hold
 * scales      x_d: the scale with mean 0 and variance 1 over the twenty letters, over sqrt(D): letter and scales weigh alike on average.
 *             Signs are kept; so alike residues overlap and unlike ones do not, where letters alone would all be orthogonal
 * weights     w_p > 0: 1, or how strongly the compound touches the residue. Without them the state of a pocket is the same for every
 *             compound of a campaign, and a head learns nothing from it
 *
 * Loading the state is a cost and no advantage: all that is in it could be read from `composition` and a list.
 */
import { type ResidueScale, residueLetters, residueScales } from './residues.ts';

const RESIDUE_QUBITS = 5;
const BLOCK = 2 ** RESIDUE_QUBITS;
const LETTERS = residueLetters.length;
/** Amplitudes of a block, normalised, that are further than this from a residue's are no residue. */
const SAME_RESIDUE = 1e-9;

export interface SequenceEncoding {
  /** positionQubits + 5 */
  qubits: number;
  positionQubits: number;
  scales: readonly StandardScale[];
  /** phi of each letter, unit vectors [20][32]. */
  residues: readonly Float64Array[];
}

/** A scale, and what takes its values to mean 0 and variance 1. */
interface StandardScale extends ResidueScale {
  mean: number;
  deviation: number;
}

export interface WeightedResidue {
  /** One of `residueLetters`. */
  letter: string;
  /** Above 0. */
  weight: number;
}

export interface EncodedSequence {
  /** psi [2^qubits], norm 1. */
  amplitudes: Float64Array;
  /** r: the square root of the sum of all weights. */
  norm: number;
}

export interface DecodedResidue extends WeightedResidue {
  /** Read off the scales' own amplitudes, in the unit of each scale. */
  descriptors: number[];
}

/** Throws RangeError for no position register, more than 12 scales, or a scale that does not tell letters apart. */
export function sequenceEncoding(positionQubits: number, scales: readonly ResidueScale[] = residueScales): SequenceEncoding {
  if (!(Number.isInteger(positionQubits) && positionQubits >= 0)) {
    throw new RangeError(`a position register has 0 or more qubits, found ${positionQubits}`);
  }
  const room = BLOCK - LETTERS;
  if (scales.length > room) throw new RangeError(`${room} scales fit beside ${LETTERS} letters, found ${scales.length}`);
  const standard = scales.map(standardise);
  const residues = Array.from({ length: LETTERS }, (_, letter) => {
    const state = new Float64Array(BLOCK);
    state[letter] = 1;
    for (const [d, { values, mean, deviation }] of standard.entries()) {
      state[LETTERS + d] = (values[letter]! - mean) / (deviation * Math.sqrt(scales.length));
    }
    return scaled(state, 1 / Math.hypot(...state));
  });
  return { qubits: positionQubits + RESIDUE_QUBITS, positionQubits, scales: standard, residues };
}

/** Residues of weight 1. */
export function residuesOf(sequence: string): WeightedResidue[] {
  return [...sequence].map((letter) => ({ letter, weight: 1 }));
}

/**
 * shapes  residues: 1 to 2^positionQubits; result psi [2^qubits]
 * throws  RangeError for none or too many, and, with its place counted from 1, for a letter that is no amino acid or a weight not above 0
 */
export function encodeSequence(
  { qubits, positionQubits, residues: states }: SequenceEncoding,
  residues: readonly WeightedResidue[],
): EncodedSequence {
  const room = 2 ** positionQubits;
  if (residues.length < 1 || residues.length > room) {
    throw new RangeError(`${positionQubits} position qubits hold 1 to ${room} residues, found ${residues.length}`);
  }
  const total = checkedWeight(residues);
  const amplitudes = new Float64Array(2 ** qubits);
  for (const [p, { letter, weight }] of residues.entries()) {
    amplitudes.set(scaled(states[residueLetters.indexOf(letter)]!, Math.sqrt(weight / total)), BLOCK * p);
  }
  return { amplitudes, norm: Math.sqrt(total) };
}

/**
 * The residues back from their state.
 *
 * error   letters exact, weights and descriptors to 1e-12 of their size
 * throws  RangeError with the place, counted from 1, where amplitudes are no residue's, or come after a place without any
 */
export function decodeSequence(
  { qubits, scales, residues: states }: SequenceEncoding,
  { amplitudes, norm }: EncodedSequence,
): DecodedResidue[] {
  if (amplitudes.length !== 2 ** qubits) throw new RangeError(`wanted ${2 ** qubits} amplitudes, found ${amplitudes.length}`);
  const decoded: DecodedResidue[] = [];
  for (let p = 0; p < amplitudes.length / BLOCK; p++) {
    const block = amplitudes.subarray(BLOCK * p, BLOCK * (p + 1));
    const length = Math.hypot(...block);
    if (length === 0) continue;
    if (decoded.length < p) throw new RangeError(`residue ${p + 1} comes after a place without any`);
    const residue = scaled(block, 1 / length);
    const letters = residue.subarray(0, LETTERS);
    const letter = letters.indexOf(Math.max(...letters));
    if (residue.some((value, i) => !(Math.abs(value - states[letter]![i]!) < SAME_RESIDUE))) {
      throw new RangeError(`the amplitudes of residue ${p + 1} are those of no amino acid`);
    }
    decoded.push({
      letter: residueLetters[letter]!,
      weight: (norm * length) ** 2,
      descriptors: scales.map(
        ({ mean, deviation }, d) => mean + (deviation * Math.sqrt(scales.length) * residue[LETTERS + d]!) / residue[letter]!,
      ),
    });
  }
  return decoded;
}

/**
 * What a measurement of the residue register alone shows: its probabilities [32], the position summed out. Here the order is lost.
 *
 *   P(l) = share_l / (1 + sum_d x_d(l)^2) for a letter l, share_l as `composition` gives it
 */
export function residueProbabilities(amplitudes: Float64Array): Float64Array {
  const probabilities = new Float64Array(BLOCK);
  for (let i = 0; i < amplitudes.length; i++) probabilities[i % BLOCK]! += amplitudes[i]! ** 2;
  return probabilities;
}

/** The classical twin: the share of each letter in the weight [20]; throws as `encodeSequence` does. */
export function composition(residues: readonly WeightedResidue[]): Float64Array {
  const total = checkedWeight(residues);
  const shares = new Float64Array(LETTERS);
  for (const { letter, weight } of residues) shares[residueLetters.indexOf(letter)]! += weight / total;
  return shares;
}

function checkedWeight(residues: readonly WeightedResidue[]): number {
  let total = 0;
  for (const [p, { letter, weight }] of residues.entries()) {
    if (letter.length !== 1 || !residueLetters.includes(letter)) {
      throw new RangeError(`residue ${p + 1} of ${residues.length}: wanted one of ${residueLetters}, found "${letter}"`);
    }
    if (!(weight > 0 && Number.isFinite(weight))) {
      throw new RangeError(`residue ${p + 1} of ${residues.length}: wanted a weight above 0, found ${weight}`);
    }
    total += weight;
  }
  return total;
}

function standardise(scale: ResidueScale): StandardScale {
  const mean = scale.values.reduce((sum, value) => sum + value, 0) / scale.values.length;
  const deviation = Math.sqrt(scale.values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / scale.values.length);
  if (!(scale.values.length === LETTERS && deviation > 0)) {
    throw new RangeError(`the scale "${scale.name}" does not tell ${LETTERS} letters apart`);
  }
  return { ...scale, mean, deviation };
}

function scaled(vector: Float64Array, factor: number): Float64Array {
  return vector.map((value) => value * factor);
}
