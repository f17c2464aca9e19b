/**
 * The plateau light: do the head's gradients survive on this campaign's own encoded inputs?
 *
 * For 64 random pairs (theta, x), angles drawn as training starts them (normal, 0.1π), the gradient of C = sum_i w_i <O_i> is taken in every
 * angle, w_i = ±1/√m at random, so that the variance of one angle is the mean over the m observables. The light reads the median over the
 * angles that act at all: green above 5e-3, red below 5e-4 or when it falls by more than 1.5 bits per qubit over n-2, n-1, n; amber between,
 * or beyond 1 bit per qubit. A second test (n >= 5) reads the median variance of <Z_i> itself: below 2.5 · 2^-n states look like random ones.
 *
 * Measured by this very rule (ring, L = 2 and 4, final RY, one seed each): Gaussian inputs 4-5e-3, 9e-4-1.1e-3, 2e-4 at n = 6, 8, 10, slope
 * -1.1 to -1.4; contact histograms 9e-3 and latent inputs 1.3e-2 at n = 6; <Z> variance times 2^n 1.6-2.1 for Gaussian inputs, 3.7 or more
 * for structured ones at n = 6.
 */
import type { GuardDecision } from '../contracts/artifacts.ts';
import { compileHead, type HeadStructure } from '../model/head-circuit.ts';

export const GREEN_VARIANCE = 5e-3;
export const RED_VARIANCE = 5e-4;
export const AMBER_SLOPE = -1;
export const RED_SLOPE = -1.5;
export const HAAR_FACTOR = 2.5;
const DRAWS = 64;
/** Spread of the angles when training starts, radians. */
const ANGLE_SPREAD = 0.1 * Math.PI;
/** An angle whose gradient never leaves rounding noise acts on nothing that is measured (the last RZ before a Z readout). */
const DEAD_VARIANCE = 1e-20;

export interface HeadPoint {
  qubits: number;
  /** [angles(qubits)], radians. */
  theta: Float64Array;
  /** Normalised real state [2^qubits]. */
  amplitudes: Float64Array;
  /** [observables(qubits)] */
  cotangent: Float64Array;
}

/** The head as the caller runs it, at any number of qubits. The first `qubits` observables are Z_0 … Z_{n-1}. */
export interface PlateauHead {
  angles(qubits: number): number;
  observables(qubits: number): number;
  /** Values <O_i> [observables] and the gradient of sum_i cotangent_i <O_i> in the angles [angles]. */
  evaluate(point: HeadPoint): { values: Float64Array; thetaGradient: Float64Array };
}

export interface PlateauFacts {
  qubits: number;
  head: PlateauHead;
  /** The campaign's own encoded inputs, vectors [2^qubits] of any norm but 0. */
  inputs: readonly Float64Array[];
  /** Uniform on [0, 1). */
  random: () => number;
}

export interface PlateauMeasurement {
  /** Median over acting angles of the gradient's variance. */
  medianVariance: number;
  /** Median over qubits of Var <Z_i>. */
  featureVariance: number;
  deadAngles: number;
}

/** The product's own head with exact gradients, at any number of qubits. */
export function plateauHead({ layers, entangler }: Omit<HeadStructure, 'qubits'>): PlateauHead {
  const at = (qubits: number) => compileHead({ qubits, layers, entangler });
  return {
    angles: (qubits) => at(qubits).parameters,
    observables: (qubits) => at(qubits).observables,
    evaluate({ qubits, theta, amplitudes, cotangent }) {
      const { values, theta: thetaGradient } = at(qubits).pullback(theta, amplitudes, cotangent);
      return { values, thetaGradient };
    },
  };
}

/** A standard normal number. source: Box and Muller 1958, Ann. Math. Stat. 29, 610 */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Variance over the draws of each column of `rows`. */
function columnVariances(rows: readonly Float64Array[]): number[] {
  const width = rows[0]!.length;
  return Array.from({ length: width }, (_, k) => {
    const mean = rows.reduce((sum, row) => sum + row[k]!, 0) / rows.length;
    return rows.reduce((sum, row) => sum + (row[k]! - mean) ** 2, 0) / (rows.length - 1);
  });
}

/** The leading 2^qubits amplitudes, normalised: spectrum-ordered features lose their weakest first. Null when nothing is left. */
function shrink(input: Float64Array, qubits: number): Float64Array | null {
  const leading = input.slice(0, 2 ** qubits);
  const norm = Math.hypot(...leading);
  return norm > 0 ? leading.map((value) => value / norm) : null;
}

/** Takes 64 random (theta, x) at `qubits`; throws RangeError when no input has weight there. */
export function measurePlateau({ head, inputs, random }: Omit<PlateauFacts, 'qubits'>, qubits: number): PlateauMeasurement {
  const states = inputs.flatMap((input) => shrink(input, qubits) ?? []);
  if (states.length === 0)
    throw new RangeError(
      `the plateau light wants encoded inputs that are not all zero, found ${inputs.length} on ${qubits} qubits`,
    );
  const gradients: Float64Array[] = [];
  const values: Float64Array[] = [];
  const observables = head.observables(qubits);
  for (let draw = 0; draw < DRAWS; draw++) {
    const theta = Float64Array.from({ length: head.angles(qubits) }, () => ANGLE_SPREAD * normal(random));
    const cotangent = Float64Array.from({ length: observables }, () => (random() < 0.5 ? -1 : 1) / Math.sqrt(observables));
    const amplitudes = states[Math.min(states.length - 1, Math.floor(random() * states.length))]!;
    const answer = head.evaluate({ qubits, theta, amplitudes, cotangent });
    gradients.push(answer.thetaGradient);
    values.push(answer.values.slice(0, qubits));
  }
  const variances = columnVariances(gradients);
  const acting = variances.filter((variance) => variance > DEAD_VARIANCE);
  return {
    medianVariance: acting.length === 0 ? 0 : median(acting),
    featureVariance: median(columnVariances(values)),
    deadAngles: variances.length - acting.length,
  };
}

/** Least-squares slope of log2(variance) over n-2, n-1, n, in bits per qubit. */
function slopeBitsPerQubit(variances: readonly number[]): number {
  if (variances.some((variance) => variance === 0)) return Number.NEGATIVE_INFINITY;
  const [first, , last] = variances as [number, number, number];
  return (Math.log2(last) - Math.log2(first)) / 2;
}

/** Traffic light of the head on its inputs: pass is green, warn is amber with the factor by which shots must grow, refuse is red. */
export function barrenPlateau(facts: PlateauFacts): GuardDecision {
  const { qubits } = facts;
  const measured = [qubits - 2, qubits - 1, qubits].map((n) => (n >= 2 ? measurePlateau(facts, n) : null));
  const here = measured[2]!;
  const slope = measured.includes(null) ? null : slopeBitsPerQubit(measured.map((m) => m!.medianVariance));
  const haarLimit = HAAR_FACTOR * 2 ** -qubits;
  const haarLike = qubits >= 5 && here.featureVariance < haarLimit;
  const shotFactor = here.medianVariance >= GREEN_VARIANCE ? 1 : GREEN_VARIANCE / here.medianVariance;
  const evidence = {
    qubits,
    medianVariance: here.medianVariance,
    slopeBitsPerQubit: slope !== null && Number.isFinite(slope) ? slope : null,
    featureVariance: here.featureVariance,
    haarLimit,
    deadAngles: here.deadAngles,
    draws: DRAWS,
    shotFactor: Number.isFinite(shotFactor) ? shotFactor : null,
  };
  const variance = here.medianVariance.toExponential(1);
  const falls = slope === null ? '' : ` and changes by ${slope.toFixed(2)} bits per qubit`;
  const decide = (decision: GuardDecision['decision'], message: string): GuardDecision => ({
    guard: 'barren-plateau',
    decision,
    message,
    evidence,
  });
  if (here.medianVariance < RED_VARIANCE || (slope !== null && slope < RED_SLOPE)) {
    return decide(
      'refuse',
      `Red: the gradient's median variance is ${variance}${falls}; the head sits on a plateau and would not learn on a device.`,
    );
  }
  if (here.medianVariance <= GREEN_VARIANCE || (slope !== null && slope < AMBER_SLOPE)) {
    return decide(
      'warn',
      `Amber: the gradient's median variance is ${variance}${falls}; a device needs ${shotFactor.toFixed(1)} times the usual shots.`,
    );
  }
  if (haarLike) {
    return decide(
      'warn',
      `Amber: the features vary by only ${here.featureVariance.toExponential(1)}, near random states (limit ${haarLimit.toExponential(1)}): order the features by their spectrum, or use fewer layers.`,
    );
  }
  return decide('pass', `Green: the gradient's median variance is ${variance}${falls}.`);
}
