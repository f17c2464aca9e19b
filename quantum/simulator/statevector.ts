/** Exact simulation of pure states: the amplitudes of U(theta)|initial⟩, and what is read from them. */

import type { Circuit } from '../circuit/circuit.ts';
import { bitOf } from '../circuit/circuit.ts';
import type { ComplexMatrix } from '../circuit/matrix.ts';
import type { Observable, ObservableTerm } from '../circuit/observable.ts';
import { pauliTermOf } from '../circuit/observable.ts';
import type { PauliSum, PauliTerm } from '../circuit/pauli.ts';
import { must } from '../errors.ts';
import { KernelPauliSum } from './pauli-sum.ts';
import { planOf } from './plans.ts';
import type { Plan } from './program.ts';
import { KernelProgram, NO_ANGLES, planSteps } from './program.ts';
import type { Step } from './steps.ts';
import { KernelMachine } from './wasm-kernels.ts';

/** Machines up to this size are kept for the next call; larger ones leave with their memory. */
const KEPT_BYTES = 8 * 2 ** 20;
let kept: KernelMachine | null = null;

/**
 * A machine with no blocks in use, for one piece of work. Work may itself ask for a machine: it gets another one.
 */
export function onMachine<T>(work: (machine: KernelMachine) => T): T {
  const machine = kept ?? new KernelMachine();
  kept = null;
  machine.reset();
  const result = work(machine);
  if (machine.bytes <= KEPT_BYTES) kept = machine;
  return result;
}

/** Runs a plan once on a vector of 2^bits amplitudes. */
export function runPlan(plan: Plan, angles: Float64Array, initial?: Float64Array): Float64Array {
  return onMachine((machine) => {
    const program = new KernelProgram(machine, plan);
    program.setAngles(angles);
    program.start(initial);
    program.run();
    return Float64Array.from(program.amplitudes);
  });
}

/**
 * U(theta)|initial⟩.
 *
 * shapes  theta [P] in the order of circuit.parameters; initial and result [2 · 2^n], interleaved (re, im)
 * order   amplitude x belongs to the bit string of x with qubit 0 first; `initial` defaults to |0…0⟩ and is not normalised here
 * cost    the circuit is compiled at its first call; compileCircuit also keeps the memory
 * throws  QuantumError for noise channels, missing parameters or wrong shapes
 */
export function simulate(circuit: Circuit, theta: ArrayLike<number> = [], initial?: Float64Array): Float64Array {
  const { plan, angles } = planOf(circuit, false);
  return runPlan(plan, angles.angles(theta), initial);
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

/** Works on a copy of the state in a machine's memory. */
function withSum<T>(
  state: Float64Array,
  sum: PauliSum,
  work: (kernel: KernelPauliSum, at: number, machine: KernelMachine) => T,
): T {
  const n = stateQubits(state);
  return onMachine((machine) => {
    const at = machine.allocate(8 * state.length);
    const kernel = new KernelPauliSum(machine, n, sum);
    machine.doubles(at, state.length).set(state);
    return work(kernel, at, machine);
  });
}

/** H|ψ⟩ for a sum of Pauli strings [2 · 2^n]. */
export function applyPauliSum(state: Float64Array, sum: PauliSum): Float64Array {
  return withSum(state, sum, (kernel, at, machine) => {
    const out = machine.allocate(8 * state.length);
    kernel.apply(at, out);
    return Float64Array.from(machine.doubles(out, state.length));
  });
}

/** The vector with a matrix applied to some qubits (first one most significant), by the fast kernels [2 · 2^n]. */
export function applyMatrix(state: Float64Array, targets: readonly number[], matrix: ComplexMatrix): Float64Array {
  const n = stateQubits(state);
  const bits = targets.map((qubit) => bitOf(n, qubit));
  const step: Step = { bits, mask: 0, value: 0, kernel: 'dense', gate: '', matrix };
  return runPlan(planSteps(n, [step], { derivatives: false }), NO_ANGLES, state);
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
  return withSum(state, sum, (kernel, at) => kernel.mean(at));
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
