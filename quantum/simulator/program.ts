/**
 * From linear steps to the instruction list of the kernels: which kernel suits a step, where its numbers lie, and how they are
 * refreshed when angles change.
 */

import type { GateKernel } from '../circuit/gates.ts';
import type { ComplexMatrix } from '../circuit/matrix.ts';
import { dagger } from '../circuit/matrix.ts';
import { must } from '../errors.ts';
import { CODE, DERIVATIVE_KIND, INSTRUCTION_BYTES, type KernelMachine } from './wasm-kernels.ts';

/** One linear map on a few index bits (first one most significant), on the indices that match `value` under `mask`. */
export interface Step {
  readonly bits: readonly number[];
  readonly mask: number;
  readonly value: number;
  /** 'depolarizing': the bits are rows, then columns, of a density matrix, and the matrix is the one number that is kept of it. */
  readonly kernel: GateKernel | 'depolarizing';
  /** Name of a catalogue gate, or '' for any matrix. */
  readonly gate: string;
  /** Absent where `angles` is present: the matrix then comes from the angles. */
  readonly matrix?: ComplexMatrix;
  readonly angles?: StepAngles;
}

/** The numbers of a parametric step as functions of its angles. */
export interface StepAngles {
  readonly count: number;
  readonly matrix: (angles: readonly number[]) => ComplexMatrix;
  /** U' U† of one angle. */
  readonly generator: (angles: readonly number[], index: number) => ComplexMatrix;
  /** Which of the angles want a derivative. */
  readonly wanted: readonly number[];
}

interface Refresh {
  readonly step: Step;
  readonly code: number;
  readonly forward: number;
  readonly inverse: number;
  readonly generators: number;
}

const MAX_MANY = 10;

function codeOf(step: Step): number {
  const k = step.bits.length;
  if (step.kernel === 'depolarizing') return CODE.depolarizing;
  if (step.mask !== 0 || k === 0 || k > 2) {
    return step.gate === 'i' ? CODE.nothing : CODE.many;
  }
  if (k === 1) {
    if (step.kernel === 'identity') return CODE.nothing;
    if (step.gate === 'x') return CODE.x;
    if (step.kernel === 'real') return CODE.real;
    return step.kernel === 'diagonal' ? CODE.diagonal : CODE.one;
  }
  if (step.gate === 'cnot') return CODE.cnot;
  if (step.gate === 'cz') return CODE.cz;
  if (step.gate === 'swap') return CODE.swap;
  return step.kernel === 'diagonal' ? CODE.diagonalTwo : CODE.two;
}

/** Numbers that a kernel of this code reads, out of the full matrix on k bits. */
function lengthOf(code: number, k: number): number {
  switch (code) {
    case CODE.depolarizing:
      return 1;
    case CODE.real:
    case CODE.diagonal:
      return 4;
    case CODE.one:
    case CODE.diagonalTwo:
      return 8;
    case CODE.two:
      return 32;
    case CODE.many:
      return 2 * 4 ** k;
    default:
      return 0;
  }
}

function writeMatrix(code: number, matrix: ComplexMatrix, out: Float64Array): void {
  if (code === CODE.real) for (let i = 0; i < 4; i++) out[i] = matrix[2 * i]!;
  else if (code === CODE.diagonal || code === CODE.diagonalTwo) {
    const d = out.length / 2;
    for (let i = 0; i < d; i++) {
      out[2 * i] = matrix[2 * (i * d + i)]!;
      out[2 * i + 1] = matrix[2 * (i * d + i) + 1]!;
    }
  } else if (out.length > 0) out.set(matrix);
}

function derivativeKind(step: Step): number {
  if (step.mask === 0 && step.gate === 'ry') return DERIVATIVE_KIND.ry;
  return step.mask === 0 && step.gate === 'rz' ? DERIVATIVE_KIND.rz : DERIVATIVE_KIND.generators;
}

/** A list of steps in a machine's memory, with room for two states and for the derivatives. */
export class KernelProgram {
  readonly machine: KernelMachine;
  readonly bits: number;
  readonly state: number;
  readonly adjoint: number;
  readonly derivativeCount: number;
  readonly #program: number;
  readonly #count: number;
  readonly #scratch: number;
  readonly #derivatives: number;
  readonly #refresh: Refresh[] = [];
  readonly #invertible: boolean;

  /** `derivatives` asks for room for the backward sweep: a second state, inverse matrices and generators. */
  constructor(machine: KernelMachine, bits: number, steps: readonly Step[], options: { readonly derivatives: boolean }) {
    this.machine = machine;
    this.bits = bits;
    this.#count = steps.length;
    this.#invertible = options.derivatives;
    const most = steps.reduce((k, step) => Math.max(k, step.bits.length), 0);
    must(most <= MAX_MANY, `operations on at most ${MAX_MANY} qubits wanted, ${most} found`);
    this.state = machine.allocate(16 * 2 ** bits);
    this.adjoint = options.derivatives ? machine.allocate(16 * 2 ** bits) : 0;
    this.#scratch = machine.allocate(32 * 2 ** most);
    this.#program = machine.allocate(INSTRUCTION_BYTES * steps.length);
    this.derivativeCount = options.derivatives ? steps.reduce((n, step) => n + (step.angles?.wanted.length ?? 0), 0) : 0;
    this.#derivatives = machine.allocate(8 * this.derivativeCount);
    let slot = 0;
    const fixed: Refresh[] = [];
    steps.forEach((step, i) => {
      const written = this.#write(step, this.#program + INSTRUCTION_BYTES * i, slot);
      slot += options.derivatives ? (step.angles?.wanted.length ?? 0) : 0;
      (step.angles === undefined ? fixed : this.#refresh).push(written);
    });
    for (const written of fixed) this.#fill(written, written.step.matrix!);
  }

  /** Numbers of the parametric steps, in their order; `angles[i]` are the angles of the i-th parametric step. */
  setAngles(angles: readonly (readonly number[])[]): void {
    must(angles.length === this.#refresh.length, `${this.#refresh.length} angle lists wanted, ${angles.length} found`);
    this.#refresh.forEach((written, i) => {
      const values = angles[i]!;
      if (written.step.gate === 'ry' && written.code === CODE.real) this.#fillRy(written, values[0]!);
      else if (written.step.gate === 'rz' && written.code === CODE.diagonal) this.#fillRz(written, values[0]!);
      else this.#fill(written, written.step.angles!.matrix(values));
      if (written.generators !== 0) this.#fillGenerators(written, values);
    });
  }

  get amplitudes(): Float64Array {
    return this.machine.doubles(this.state, 2 * 2 ** this.bits);
  }

  get adjointAmplitudes(): Float64Array {
    return this.machine.doubles(this.adjoint, 2 * 2 ** this.bits);
  }

  get derivatives(): Float64Array {
    return this.machine.doubles(this.#derivatives, this.derivativeCount);
  }

  /** Address of the derivatives, in the order in which parametric angles appear in the circuit. */
  get derivativeAddress(): number {
    return this.#derivatives;
  }

  run(): void {
    this.machine.kernels.run(this.#program, this.#count, this.state, this.bits, this.#scratch);
  }

  /** Needs the final state in `amplitudes` and the observable applied to it in `adjointAmplitudes`. */
  sweep(): void {
    must(this.#invertible, 'sweep: a program built with derivatives wanted');
    this.machine.kernels.sweep(this.#program, this.#count, this.state, this.adjoint, this.bits, this.#scratch);
  }

  #write(step: Step, at: number, slot: number): Refresh {
    const k = step.bits.length;
    const code = codeOf(step);
    const length = lengthOf(code, k);
    const wanted = this.#invertible ? (step.angles?.wanted.length ?? 0) : 0;
    const kind = derivativeKind(step);
    const forward = this.machine.allocate(8 * length);
    const inverse = this.#invertible ? this.machine.allocate(8 * length) : 0;
    const generators = wanted > 0 && kind === DERIVATIVE_KIND.generators ? this.machine.allocate(8 * wanted * 2 * 4 ** k) : 0;
    const list = this.machine.allocate(4 * k);
    this.machine.words(list, k).set(step.bits);
    const words = this.machine.words(at, 16);
    words.fill(0);
    words.set([code, step.bits[0] ?? 0, step.bits[1] ?? 0, k, list, forward, inverse, step.mask, step.value]);
    words.set([wanted, generators, this.#derivatives + 8 * slot, kind], 9);
    return { step, code, forward, inverse, generators };
  }

  #fill(written: Refresh, matrix: ComplexMatrix): void {
    const length = lengthOf(written.code, written.step.bits.length);
    writeMatrix(written.code, matrix, this.machine.doubles(written.forward, length));
    if (this.#invertible) writeMatrix(written.code, dagger(matrix), this.machine.doubles(written.inverse, length));
  }

  /** Rotations are refreshed most often, so they are written in place without a matrix. */
  #fillRy(written: Refresh, angle: number): void {
    const c = Math.cos(angle / 2);
    const s = Math.sin(angle / 2);
    const f64 = this.machine.f64;
    const forward = written.forward / 8;
    f64[forward] = c;
    f64[forward + 1] = -s;
    f64[forward + 2] = s;
    f64[forward + 3] = c;
    if (!this.#invertible) return;
    const inverse = written.inverse / 8;
    f64[inverse] = c;
    f64[inverse + 1] = s;
    f64[inverse + 2] = -s;
    f64[inverse + 3] = c;
  }

  #fillRz(written: Refresh, angle: number): void {
    const c = Math.cos(angle / 2);
    const s = Math.sin(angle / 2);
    const f64 = this.machine.f64;
    const forward = written.forward / 8;
    f64[forward] = c;
    f64[forward + 1] = -s;
    f64[forward + 2] = c;
    f64[forward + 3] = s;
    if (!this.#invertible) return;
    const inverse = written.inverse / 8;
    f64[inverse] = c;
    f64[inverse + 1] = s;
    f64[inverse + 2] = c;
    f64[inverse + 3] = -s;
  }

  #fillGenerators(written: Refresh, values: readonly number[]): void {
    const { step } = written;
    const size = 2 * 4 ** step.bits.length;
    const out = this.machine.doubles(written.generators, size * step.angles!.wanted.length);
    step.angles!.wanted.forEach((index, i) => {
      out.set(step.angles!.generator(values, index), i * size);
    });
  }
}
