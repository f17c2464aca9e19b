/** Exact gradients by the adjoint method, on the fast kernels: of an expectation value in the angles and in the initial state. */

import type { Circuit, GateOperation } from '../circuit/circuit.ts';
import { parameterLookup } from '../circuit/circuit.ts';
import type { Observable } from '../circuit/observable.ts';
import type { PauliSum } from '../circuit/pauli.ts';
import { must } from '../errors.ts';
import { angleValues, unitarySteps } from '../simulator/lowering.ts';
import { KernelProgram } from '../simulator/program.ts';
import { applyObservable, applyPauliSum, complexState, realInner } from '../simulator/statevector.ts';
import { KernelMachine } from '../simulator/wasm-kernels.ts';

export interface AdjointResult {
  /** ⟨O⟩. */
  readonly value: number;
  /** d⟨O⟩/dtheta [P], in the order of circuit.parameters. */
  readonly gradient: Float64Array;
  /**
   * d⟨O⟩/dx [2^n] for a real initial vector x taken as it is, without normalisation: 2 Re(U†OU) x.
   * For a normalised vector follow with `throughNormalisation`.
   */
  readonly inputGradient: Float64Array;
}

/** Adds the derivatives of the angles, slot by slot, to the parameters they contain: dF/dp = Σ coefficient dF/dangle. */
export function chainToParameters(
  parametric: readonly GateOperation[],
  derivatives: Float64Array,
  parameters: readonly string[],
): Float64Array {
  const index = new Map(parameters.map((name, i) => [name, i]));
  const gradient = new Float64Array(parameters.length);
  let slot = 0;
  for (const operation of parametric) {
    for (const angle of operation.angles) {
      if (typeof angle === 'number') continue;
      for (const term of angle.terms) {
        const at = index.get(term.parameter)!;
        gradient[at] = gradient[at]! + term.coefficient * derivatives[slot]!;
      }
      slot++;
    }
  }
  return gradient;
}

function sweepWith(
  circuit: Circuit,
  theta: ArrayLike<number>,
  apply: (state: Float64Array) => Float64Array,
  initial?: Float64Array,
): AdjointResult {
  const { steps, parametric } = unitarySteps(circuit);
  const program = new KernelProgram(new KernelMachine(), circuit.qubits, steps, { derivatives: true });
  program.setAngles(angleValues(parametric, parameterLookup(circuit, theta)));
  const state = program.amplitudes;
  if (initial === undefined) state[0] = 1;
  else {
    must(initial.length === state.length, `initial: ${state.length} numbers wanted, ${initial.length} found`);
    state.set(initial);
  }
  program.run();
  const image = apply(program.amplitudes);
  const value = realInner(program.amplitudes, image);
  program.adjointAmplitudes.set(image);
  program.sweep();
  const back = program.adjointAmplitudes;
  return {
    value,
    gradient: chainToParameters(parametric, program.derivatives, circuit.parameters),
    inputGradient: Float64Array.from({ length: back.length / 2 }, (_, x) => 2 * back[2 * x]!),
  };
}

/**
 * Gradient of ⟨ψ(θ)|H|ψ(θ)⟩ by the adjoint method: one sweep forward, one back.
 *
 * shapes  theta [P]; circuit on n qubits; result [P]
 * units   theta in radians; result in the unit of H per radian
 * cost    two statevectors of 2ⁿ amplitudes, whatever P is
 * error   below 1e-10 against parameterShift for n ≤ 10 (adjoint.test.ts)
 * throws  QuantumError for a noise channel or a missing parameter
 * source  Jones and Gacon 2020, arXiv:2009.02823, algorithm 1
 */
export function adjointGradient(circuit: Circuit, theta: ArrayLike<number>, H: PauliSum): Float64Array {
  return adjoint(circuit, theta, H).gradient;
}

/** Value, gradient in the angles and gradient in the real initial vector; `initial` [2^n] real, default |0…0⟩. */
export function adjoint(circuit: Circuit, theta: ArrayLike<number>, H: PauliSum, initial?: ArrayLike<number>): AdjointResult {
  const start = initial === undefined ? undefined : complexState(initial);
  return sweepWith(circuit, theta, (state) => applyPauliSum(state, H), start);
}

/** The same for observables with matrices, as Braket's adjoint_gradient wants them. */
export function adjointOfObservable(circuit: Circuit, theta: ArrayLike<number>, observable: Observable): AdjointResult {
  return sweepWith(circuit, theta, (state) => applyObservable(state, observable));
}

/**
 * Vector-Jacobian product for several observables at once: value and gradients of F = Σ weight_i ⟨O_i⟩, in one sweep.
 * weights [m] is the cotangent of the m means.
 */
export function adjointOfSum(
  circuit: Circuit,
  theta: ArrayLike<number>,
  observables: readonly PauliSum[],
  weights: ArrayLike<number>,
  initial?: ArrayLike<number>,
): AdjointResult {
  must(weights.length === observables.length, `${observables.length} weights wanted, ${weights.length} found`);
  const sum = observables.flatMap((observable, i) =>
    observable.map((term) => ({ ...term, coefficient: term.coefficient * weights[i]! })),
  );
  return adjoint(circuit, theta, sum, initial);
}

/**
 * Gradient through ψ = x / ‖x‖: dL/dx = (g - ψ (ψ·g)) / ‖x‖, with g = dL/dψ.
 * shapes  vector x [2^n]; inputGradient g [2^n]; result [2^n]
 */
export function throughNormalisation(vector: ArrayLike<number>, inputGradient: ArrayLike<number>): Float64Array {
  let square = 0;
  let along = 0;
  for (let i = 0; i < vector.length; i++) {
    square += vector[i]! ** 2;
    along += vector[i]! * inputGradient[i]!;
  }
  must(square > 0, 'throughNormalisation: a vector that is not zero wanted');
  const norm = Math.sqrt(square);
  return Float64Array.from(vector, (x, i) => (inputGradient[i]! - (x * along) / square) / norm);
}
