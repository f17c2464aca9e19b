/**
 * A circuit made ready to run many times: its plan is made once, its memory kept, and new angles only refresh numbers.
 *
 * memory  one state of 2^n amplitudes (two for gradients) and a few blocks of 2^13; nothing is allocated from call to call
 */

import type { Circuit } from '../circuit/circuit.ts';
import type { PauliSum } from '../circuit/pauli.ts';
import { must } from '../errors.ts';
import type { KernelPool } from '../threads/kernel-pool.ts';
import type { AngleMap } from './angle-map.ts';
import { KernelPauliSum } from './pauli-sum.ts';
import { planCircuit, planOf } from './plans.ts';
import { KernelProgram } from './program.ts';
import { KernelMachine } from './wasm-kernels.ts';

/** Value and gradient of an expectation value. */
export interface ValueAndGradient {
  readonly value: number;
  /** [P], in the order of circuit.parameters. */
  readonly gradient: Float64Array;
}

export interface CompileOptions {
  /** Whether gradients will be asked for: makes room for the backward sweep. */
  readonly gradients?: boolean;
  /** Threads that share the work from 18 qubits on; below, passing it on costs more than it brings. */
  readonly pool?: KernelPool;
  /** Amplitudes of a block, 2^blockBits, where the default is not wanted; the pool is then used at any size. */
  readonly blockBits?: number;
}

/** Qubits from which a pool is used. */
export const POOL_FROM_QUBITS = 18;

export class CompiledCircuit {
  readonly circuit: Circuit;
  readonly #program: KernelProgram;
  readonly #angles: AngleMap;
  readonly #gradients: boolean;
  #sum: { readonly of: PauliSum; readonly kernel: KernelPauliSum } | null = null;

  constructor(circuit: Circuit, options: CompileOptions = {}) {
    this.circuit = circuit;
    this.#gradients = options.gradients ?? false;
    const { blockBits, pool } = options;
    const shared = pool !== undefined && (blockBits !== undefined || circuit.qubits >= POOL_FROM_QUBITS);
    const { plan, angles } =
      blockBits === undefined ? planOf(circuit, this.#gradients) : planCircuit(circuit, this.#gradients, blockBits);
    this.#angles = angles;
    this.#program = new KernelProgram(new KernelMachine(shared ? { pool } : {}), plan);
  }

  /**
   * U(theta)|initial⟩.
   *
   * shapes  theta [P]; initial [2 · 2^n], default |0…0⟩; result [2 · 2^n], interleaved: a view that the next call overwrites
   */
  run(theta: ArrayLike<number> = [], initial?: Float64Array): Float64Array {
    const program = this.#program;
    program.setAngles(this.#angles.angles(theta));
    program.start(initial);
    program.run();
    return program.amplitudes;
  }

  /** ⟨H⟩ after the circuit, in the unit of H. */
  expectation(H: PauliSum, theta: ArrayLike<number> = [], initial?: Float64Array): number {
    this.run(theta, initial);
    return this.#kernelOf(H).mean(this.#program.state);
  }

  /** ⟨H⟩ and its gradient in theta, by one sweep forward and one back. */
  gradient(H: PauliSum, theta: ArrayLike<number> = [], initial?: Float64Array): ValueAndGradient {
    must(this.#gradients, 'gradient: a circuit compiled with { gradients: true } wanted');
    this.run(theta, initial);
    const program = this.#program;
    const { kernels } = program.machine;
    this.#kernelOf(H).apply(program.state, program.adjoint);
    const value = kernels.realInner(program.state, program.adjoint, this.circuit.qubits);
    program.sweep();
    const gradient = new Float64Array(this.circuit.parameters.length);
    this.#angles.addGradient(program.derivatives, gradient);
    return { value, gradient };
  }

  /** The same sum is laid out once; it counts as the same when it is the same object. */
  #kernelOf(H: PauliSum): KernelPauliSum {
    if (this.#sum?.of !== H) {
      this.#sum = { of: H, kernel: new KernelPauliSum(this.#program.machine, this.circuit.qubits, H) };
    }
    return this.#sum.kernel;
  }
}

/** The circuit made ready to run; cached by nobody: keep it as long as it is used. */
export function compileCircuit(circuit: Circuit, options: CompileOptions = {}): CompiledCircuit {
  return new CompiledCircuit(circuit, options);
}
