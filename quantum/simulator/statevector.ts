/** Exact simulation of pure states: the amplitudes of U(theta)|initial⟩, and what is read from them. */

import type { Circuit } from '../circuit/circuit.ts';
import { bitOf, parameterLookup } from '../circuit/circuit.ts';
import type { ComplexMatrix } from '../circuit/matrix.ts';
import type { Observable, ObservableTerm } from '../circuit/observable.ts';
import { pauliTermOf } from '../circuit/observable.ts';
import type { PauliSum, PauliTerm } from '../circuit/pauli.ts';
import { parity, pauliMasks } from '../circuit/pauli.ts';
import { must } from '../errors.ts';
import { angleValues, unitarySteps } from './lowering.ts';
import type { Step } from './program.ts';
import { KernelProgram } from './program.ts';
import { KernelMachine } from './wasm-kernels.ts';

/** Machines up to this size are kept for the next call; larger ones leave with their memory. */
const KEPT_BYTES = 8 * 2 ** 20;
let kept: KernelMachine | null = null;

/** Runs steps once on a vector of 2^bits amplitudes. */
export function runSteps(bits: number, steps: readonly Step[], angles: number[][], initial?: Float64Array): Float64Array {
  const machine = kept ?? new KernelMachine();
  kept = null;
  machine.reset();
  const program = new KernelProgram(machine, bits, steps, { derivatives: false });
  program.setAngles(angles);
  const state = program.amplitudes;
  if (initial === undefined) {
    state.fill(0);
    state[0] = 1;
  } else state.set(initial);
  program.run();
  const out = Float64Array.from(program.amplitudes);
  if (machine.bytes <= KEPT_BYTES) kept = machine;
  return out;
}

/**
 * U(theta)|initial⟩.
 *
 * shapes  theta [P] in the order of circuit.parameters; initial and result [2 · 2^n], interleaved (re, im)
 * order   amplitude x belongs to the bit string of x with qubit 0 first; `initial` defaults to |0…0⟩ and is not normalised here
 * throws  QuantumError for noise channels, missing parameters or wrong shapes
 */
export function simulate(circuit: Circuit, theta: ArrayLike<number> = [], initial?: Float64Array): Float64Array {
  if (initial !== undefined) {
    must(
      initial.length === 2 * 2 ** circuit.qubits,
      `initial: ${2 * 2 ** circuit.qubits} numbers wanted, ${initial.length} found`,
    );
  }
  const { steps, parametric } = unitarySteps(circuit);
  return runSteps(circuit.qubits, steps, angleValues(parametric, parameterLookup(circuit, theta)), initial);
}

/** Complex amplitudes [2 · 2^n] from a real vector [2^n]; not normalised. */
export function complexState(real: ArrayLike<number>): Float64Array {
  const out = new Float64Array(2 * real.length);
  for (let i = 0; i < real.length; i++) out[2 * i] = real[i]!;
  return out;
}

/** Number of qubits of a state; refuses lengths that are not 2 · 2^n. */
export function stateQubits(state: Float64Array): number {
  const n = Math.round(Math.log2(state.length / 2));
  must(state.length === 2 * 2 ** n, `a state of 2 · 2^n numbers wanted, ${state.length} found`);
  return n;
}

/** |amplitude|² [2^n]. */
export function probabilities(state: Float64Array): Float64Array {
  const out = new Float64Array(state.length / 2);
  for (let x = 0; x < out.length; x++) out[x] = state[2 * x]! ** 2 + state[2 * x + 1]! ** 2;
  return out;
}

/** Probabilities of the bit strings of some qubits, in the order the qubits are listed [2^k]. */
export function marginal(distribution: Float64Array, qubits: readonly number[]): Float64Array {
  const n = Math.round(Math.log2(distribution.length));
  for (const qubit of qubits) must(qubit >= 0 && qubit < n, `marginal: qubit 0..${n - 1} wanted, ${qubit} found`);
  const bits = qubits.map((qubit) => bitOf(n, qubit));
  const out = new Float64Array(2 ** qubits.length);
  for (let x = 0; x < distribution.length; x++) {
    let key = 0;
    for (const bit of bits) key = 2 * key + ((x >>> bit) & 1);
    out[key] = out[key]! + distribution[x]!;
  }
  return out;
}

/** H|ψ⟩ for a sum of Pauli strings [2 · 2^n]. */
export function applyPauliSum(state: Float64Array, sum: PauliSum): Float64Array {
  const n = stateQubits(state);
  const out = new Float64Array(state.length);
  for (const term of sum) {
    const { xMask, zMask, yCount } = pauliMasks(term, n);
    // i^yCount as (real, imaginary) of a quarter turn.
    const turn = yCount % 4;
    const re = turn === 0 ? term.coefficient : turn === 2 ? -term.coefficient : 0;
    const im = turn === 1 ? term.coefficient : turn === 3 ? -term.coefficient : 0;
    for (let x = 0; x < 2 ** n; x++) {
      const sign = 1 - 2 * parity(x & zMask);
      const y = x ^ xMask;
      const [ar, ai] = [state[2 * x]!, state[2 * x + 1]!];
      out[2 * y] = out[2 * y]! + sign * (re * ar - im * ai);
      out[2 * y + 1] = out[2 * y + 1]! + sign * (re * ai + im * ar);
    }
  }
  return out;
}

/** The vector with a matrix applied to some qubits (first one most significant), by the fast kernels [2 · 2^n]. */
export function applyMatrix(state: Float64Array, targets: readonly number[], matrix: ComplexMatrix): Float64Array {
  const n = stateQubits(state);
  const bits = targets.map((qubit) => bitOf(n, qubit));
  return runSteps(n, [{ bits, mask: 0, value: 0, kernel: 'dense', gate: '', matrix }], [], state);
}

/** O|ψ⟩ for a general observable [2 · 2^n]. */
export function applyObservable(state: Float64Array, observable: Observable): Float64Array {
  const strings: PauliTerm[] = [];
  const others: ObservableTerm[] = [];
  for (const term of observable) {
    const string = pauliTermOf(term);
    if (string === null) others.push(term);
    else strings.push(string);
  }
  const out = applyPauliSum(state, strings);
  for (const term of others) {
    const image = term.factors.reduce(
      (vector, factor) => (factor.name === 'i' ? vector : applyMatrix(vector, factor.targets, factor.matrix)),
      state,
    );
    for (let i = 0; i < out.length; i++) out[i] = out[i]! + term.coefficient * image[i]!;
  }
  return out;
}

/** Re⟨a|b⟩. */
export function realInner(a: Float64Array, b: Float64Array): number {
  must(a.length === b.length, `states of equal size wanted, ${a.length} and ${b.length} numbers found`);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** ⟨ψ|H|ψ⟩ in the unit of the coefficients. */
export function expectation(state: Float64Array, sum: PauliSum): number {
  return realInner(state, applyPauliSum(state, sum));
}

/** ⟨H²⟩ - ⟨H⟩². */
export function variance(state: Float64Array, sum: PauliSum): number {
  const image = applyPauliSum(state, sum);
  return realInner(image, image) - realInner(state, image) ** 2;
}

/** Means of the strings one by one, for a loss that weighs them itself. */
export function expectations(state: Float64Array, strings: PauliSum): Float64Array {
  return Float64Array.from(strings, (term) => expectation(state, [{ ...term, coefficient: 1 }]) * term.coefficient);
}

/** |⟨a|b⟩|². */
export function fidelity(a: Float64Array, b: Float64Array): number {
  let re = 0;
  let im = 0;
  for (let i = 0; i < a.length; i += 2) {
    re += a[i]! * b[i]! + a[i + 1]! * b[i + 1]!;
    im += a[i]! * b[i + 1]! - a[i + 1]! * b[i]!;
  }
  return re * re + im * im;
}
