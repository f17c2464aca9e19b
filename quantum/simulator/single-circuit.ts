/** Circuits in single precision, for sampling and shot-limited work: chosen by name, never a default. */

import type { Circuit } from '../circuit/circuit.ts';
import type { PauliSum } from '../circuit/pauli.ts';
import type { AngleMap } from './angle-map.ts';
import { KernelPauliSum } from './pauli-sum.ts';
import { planCircuit, planOf } from './plans.ts';
import { KernelProgram } from './program.ts';
import { KernelMachine } from './wasm-kernels.ts';

/** A circuit made ready to run many times in single precision, forward only. */
export class SingleCircuit {
  readonly circuit: Circuit;
  readonly #program: KernelProgram;
  readonly #angles: AngleMap;
  #sum: { readonly of: PauliSum; readonly kernel: KernelPauliSum } | null = null;

  constructor(circuit: Circuit, options: { readonly blockBits?: number } = {}) {
    this.circuit = circuit;
    const { blockBits } = options;
    const { plan, angles } = blockBits === undefined ? planOf(circuit, false) : planCircuit(circuit, false, blockBits);
    this.#angles = angles;
    this.#program = new KernelProgram(new KernelMachine({ single: true }), plan);
  }

  /** U(theta)|0…0⟩ [2 · 2^n], interleaved f32: a view that the next call overwrites. */
  run(theta: ArrayLike<number> = []): Float32Array {
    this.#program.setAngles(this.#angles.angles(theta));
    this.#program.start();
    this.#program.run();
    return this.#program.singleAmplitudes;
  }

  /** ⟨H⟩ after the circuit; the sum over amplitudes is taken in double precision. */
  expectation(H: PauliSum, theta: ArrayLike<number> = []): number {
    this.run(theta);
    const { machine, state } = this.#program;
    if (this.#sum?.of !== H) this.#sum = { of: H, kernel: new KernelPauliSum(machine, this.circuit.qubits, H) };
    return this.#sum.kernel.mean(state);
  }

  /** |amplitude|² [2^n], scaled to the sum 1 that rounding takes away: what a sampler wants. */
  probabilities(theta: ArrayLike<number> = []): Float64Array {
    const state = this.run(theta);
    const out = new Float64Array(state.length / 2);
    let total = 0;
    for (let x = 0; x < out.length; x++) {
      const p = state[2 * x]! ** 2 + state[2 * x + 1]! ** 2;
      out[x] = p;
      total += p;
    }
    for (let x = 0; x < out.length; x++) out[x] = out[x]! / total;
    return out;
  }
}

/**
 * The circuit in single precision: half the memory and up to twice the speed where memory limits.
 *
 * error  amplitudes 1e-6, expectation values 1e-6 of the sum of weights: for sampling and shot-limited work, not for differences
 */
export function compileSingle(circuit: Circuit): SingleCircuit {
  return new SingleCircuit(circuit);
}
