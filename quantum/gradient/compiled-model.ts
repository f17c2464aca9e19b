/**
 * A circuit made ready for training: angles set once per step, then value and vector-Jacobian product per sample, without
 * allocation, for a real encoded vector and a list of Z strings that one measurement reads.
 *
 * cost    n = 6, L = 4, 12 strings: about 15 µs a sample; test/bench/quantum.ts states the goal
 */

import type { Circuit } from '../circuit/circuit.ts';
import type { PauliTerm } from '../circuit/pauli.ts';
import { pauliMasks } from '../circuit/pauli.ts';
import { must } from '../errors.ts';
import type { AngleMap } from '../simulator/angle-map.ts';
import { planOf } from '../simulator/plans.ts';
import { KernelProgram } from '../simulator/program.ts';
import { KernelMachine } from '../simulator/wasm-kernels.ts';

interface ModelOptions {
  /** A unitary circuit; its parameters are theta. */
  readonly circuit: Circuit;
  /** Z strings such as Z0 or Z0 Z1, with coefficients (usually 1). */
  readonly observables: readonly PauliTerm[];
}

export class CompiledModel {
  readonly qubits: number;
  readonly parameterCount: number;
  readonly observableCount: number;
  readonly #machine = new KernelMachine();
  readonly #program: KernelProgram;
  readonly #masks: Int32Array;
  readonly #coefficients: Float64Array;
  readonly #angles: AngleMap;
  readonly #weights: number;
  readonly #table: number;
  #ready = false;
  #forward = false;

  constructor({ circuit, observables }: ModelOptions) {
    must(circuit.qubits >= 1 && circuit.qubits <= 20, `model: 1 to 20 qubits wanted, ${circuit.qubits} found`);
    this.qubits = circuit.qubits;
    this.parameterCount = circuit.parameters.length;
    this.observableCount = observables.length;
    for (const term of observables) {
      must(
        term.factors.every((factor) => factor.pauli === 'Z'),
        'model: strings of Z alone wanted, so that one basis reads them all',
      );
    }
    this.#masks = Int32Array.from(observables, (term) => pauliMasks(term, circuit.qubits).zMask);
    this.#coefficients = Float64Array.from(observables, (term) => term.coefficient);
    const { plan, angles } = planOf(circuit, true);
    this.#table = this.#machine.allocate(8 * 2 ** circuit.qubits);
    this.#weights = this.#machine.allocate(8 * 2 ** circuit.qubits);
    this.#program = new KernelProgram(this.#machine, plan);
    this.#angles = angles;
  }

  /** Sets the angles; theta [P] in the order of circuit.parameters, radians. */
  setTheta(theta: ArrayLike<number>): void {
    this.#program.setAngles(this.#angles.angles(theta));
    this.#ready = true;
    this.#forward = false;
  }

  /**
   * Means of the observables for the state whose real amplitudes are psi.
   *
   * shapes  psi [2^n], taken as it is (normalise it first); out [m]
   */
  expectations(psi: ArrayLike<number>, out: Float64Array = new Float64Array(this.observableCount)): Float64Array {
    must(this.#ready, 'model: setTheta first');
    const size = 2 ** this.qubits;
    must(psi.length === size, `model: a vector of ${size} amplitudes wanted, ${psi.length} found`);
    must(out.length === this.observableCount, `model: room for ${this.observableCount} means wanted, ${out.length} found`);
    const { kernels } = this.#machine;
    const f64 = this.#machine.f64;
    const state = this.#program.state / 8;
    for (let x = 0; x < size; x++) {
      f64[state + 2 * x] = psi[x]!;
      f64[state + 2 * x + 1] = 0;
    }
    this.#program.run();
    kernels.probabilities(this.#program.state, this.qubits, this.#table);
    kernels.walshHadamard(this.#table, this.qubits);
    const table = this.#table / 8;
    for (let i = 0; i < out.length; i++) out[i] = this.#coefficients[i]! * f64[table + this.#masks[i]!]!;
    this.#forward = true;
    return out;
  }

  /**
   * Backward pass for the state of the last `expectations` call, which it consumes: with the cotangent c = dL/d(means), adds
   * dL/dtheta to `gradTheta` and writes dL/dpsi = 2 Re(U† D U) psi to `gradPsi`, where D = Σ c_i O_i.
   *
   * shapes  cotangent [m]; gradTheta [P], accumulated; gradPsi [2^n], overwritten
   */
  vjp(cotangent: ArrayLike<number>, gradTheta: Float64Array, gradPsi: Float64Array): void {
    must(this.#forward, 'model: expectations first, once for each vjp');
    this.#forward = false;
    const size = 2 ** this.qubits;
    must(
      cotangent.length === this.observableCount,
      `model: ${this.observableCount} cotangents wanted, ${cotangent.length} found`,
    );
    must(gradTheta.length === this.parameterCount, `model: room for ${this.parameterCount} derivatives wanted`);
    must(gradPsi.length === size, `model: room for ${size} input derivatives wanted, ${gradPsi.length} found`);
    const f64 = this.#machine.f64;
    const weights = this.#weights / 8;
    f64.fill(0, weights, weights + size);
    for (let i = 0; i < cotangent.length; i++) {
      const at = weights + this.#masks[i]!;
      f64[at] = f64[at]! + cotangent[i]! * this.#coefficients[i]!;
    }
    const { kernels } = this.#machine;
    kernels.walshHadamard(this.#weights, this.qubits);
    kernels.weighted(this.#program.state, this.#weights, this.#program.adjoint, this.qubits);
    this.#program.sweep();
    this.#angles.addGradient(this.#program.derivatives, gradTheta);
    const back = this.#program.adjoint / 8;
    for (let x = 0; x < size; x++) gradPsi[x] = 2 * f64[back + 2 * x]!;
  }
}

/** The model of a circuit and of the Z strings it is asked for. */
export function compileModel(circuit: Circuit, observables: readonly PauliTerm[]): CompiledModel {
  return new CompiledModel({ circuit, observables });
}
