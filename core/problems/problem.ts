/**
 * The one loop behind every use: a problem asks for circuits, is told their results, and says when it is done.
 * Its state is one artifact; the same state and the same results always give the same next state, bit for bit.
 */
import type { TensorFile } from '../contracts/tensors.ts';

/** The circuit all requests of a batch share: amplitude state preparation, then a hardware-efficient ansatz. */
export interface HeadCircuit {
  qubits: number;
  layers: number;
  entangler: 'ring' | 'line' | 'none';
  /** Angles of the ansatz [P], radians. */
  theta: Float64Array;
}

/** Mean values of the head's commuting observables (Z_i and Z_i Z_{i+1}) in the state prepared from `amplitudes`. */
export interface ExpectationRequest {
  kind: 'expectations';
  /** Normalised real vector [2^n]. */
  amplitudes: Float64Array;
}

/** Gradient of F = sum_i cotangent_i <O_i> in the angles, and along unit directions orthogonal to `amplitudes`. */
export interface GradientRequest {
  kind: 'gradient';
  amplitudes: Float64Array;
  /** [observables] */
  cotangent: Float64Array;
  /** Whether dF/dtheta is wanted; where it is not, the result's theta is empty and 2 P circuits are saved on a device. */
  angles: boolean;
  /** k unit vectors [2^n] each; the derivative along v is 2 Re<psi|A|v> (science: amplitude-shift). */
  directions: readonly Float64Array[];
}

export type CircuitRequest = ExpectationRequest | GradientRequest;

export interface CircuitBatch {
  circuit: HeadCircuit;
  requests: readonly CircuitRequest[];
}

export interface ExpectationResult {
  kind: 'expectations';
  values: Float64Array;
  /** Standard errors from shots; absent for exact values. */
  standardErrors?: Float64Array;
}
export interface GradientResult {
  kind: 'gradient';
  /** dF/dtheta [P], or empty. */
  theta: Float64Array;
  /** dF along each direction [k]. */
  directions: Float64Array;
}
export type CircuitResult = ExpectationResult | GradientResult;

export interface ProblemProgress {
  iteration: number;
  totalIterations: number;
  loss: number | null;
  bestLoss: number | null;
  gradientVariance: number | null;
  circuits: number;
}

/** `S` is the problem's state in memory. */
export interface Problem<S> {
  readonly name: string;
  read(file: TensorFile<Record<string, unknown>>): S;
  write(state: S): TensorFile<Record<string, unknown>>;
  /** The circuits wanted next; never changes the state. */
  ask(state: S): CircuitBatch;
  /** The state after the results of exactly the circuits asked for, in their order. */
  tell(state: S, results: readonly CircuitResult[]): S;
  done(state: S): boolean;
  progress(state: S): ProblemProgress;
}
