/**
 * A compiled circuit: steps become elements, elements passes, passes the instructions of the kernels. The plan depends on the circuit
 * alone; a program is a plan in the memory of a kernel machine, with the numbers that the angles give it.
 */

import type { ComplexMatrix } from '../circuit/matrix.ts';
import { dagger } from '../circuit/matrix.ts';
import { must } from '../errors.ts';
import type { BlockOperation, Rotation } from './block-code.ts';
import { blockCode } from './block-code.ts';
import { elementsOf } from './elements.ts';
import type { Layout } from './layout.ts';
import { layoutOf, writePermutation } from './layout.ts';
import type { Permutation } from './permutation.ts';
import { longRuns, withPermutations } from './permutation.ts';
import type { Refreshed, RotationGroup } from './records.ts';
import { isWrittenOut, PhaseRecord, phaseForm, phaseNumbers, ROTATION_NUMBERS, RotationRecords } from './records.ts';
import { schedule } from './schedule.ts';
import type { Step } from './steps.ts';
import { CODE, INSTRUCTION_BYTES, type KernelMachine } from './wasm-kernels.ts';

export const NO_ANGLES = new Float64Array(0);
/** Widest dense matrix. */
const MAX_MANY = 10;
/** Tables of phases that are built once a pass instead of once a block. */
const TABLE_SLOTS = 4;

interface PlannedPass {
  readonly active: readonly number[];
  readonly operations: readonly (BlockOperation | Permutation)[];
}

export interface Plan {
  readonly bits: number;
  readonly passes: readonly PlannedPass[];
  /** Angles of the parametric steps, all together. */
  readonly angleCount: number;
  readonly derivativeCount: number;
  readonly derivatives: boolean;
}

export interface PlanOptions {
  /** Whether the backward sweep is wanted. */
  readonly derivatives: boolean;
  /** Amplitudes of a block, 2^blockBits; smaller ones are for tests. */
  readonly blockBits?: number;
}

export function planSteps(bits: number, steps: readonly Step[], options: PlanOptions): Plan {
  const most = steps.reduce((k, step) => Math.max(k, step.bits.length), 0);
  must(most <= MAX_MANY, `operations on at most ${MAX_MANY} qubits wanted, ${most} found`);
  const { elements, angleCount, derivativeCount } = elementsOf(steps, options.derivatives);
  const passes = schedule(elements, bits, options.blockBits).map((pass): PlannedPass => {
    const operations = blockCode(pass);
    const { active } = pass;
    // A vector that is one block lies in place; it is worth copying only where flips come in long runs.
    const permuted = active.length < bits || longRuns(operations);
    return { active, operations: permuted ? withPermutations(operations, active.length) : operations };
  });
  return {
    bits,
    passes,
    angleCount,
    derivativeCount,
    derivatives: options.derivatives,
  };
}

/** Rotations in groups of at most `most`, sorted by bit; one alone comes last, four become two and two. */
function groupsOf(rotations: readonly Rotation[], most: number): Rotation[][] {
  const groups: Rotation[][] = [];
  for (let at = 0; at < rotations.length; ) {
    const left = rotations.length - at;
    const size = most === 3 && left === 4 ? 2 : Math.min(most, left);
    groups.push(rotations.slice(at, at + size));
    at += size;
  }
  return groups;
}

type Dense = Extract<BlockOperation, { kind: 'dense' }>;

/** Numbers that a kernel of this code reads, out of the full matrix on k bits. */
function denseCode(operation: Dense): { code: number; length: number } {
  const { step, bits, mask } = operation;
  const k = bits.length;
  if (step.kernel === 'depolarizing') return { code: CODE.depolarizing, length: 1 };
  if (mask === 0 && k === 1) return { code: CODE.one, length: 8 };
  if (mask === 0 && k === 2) return { code: CODE.two, length: 32 };
  return { code: CODE.many, length: 2 * 4 ** k };
}

/** Room for each thread: that of the first, and the bytes from one to the next. */
interface Buffer {
  readonly address: number;
  readonly stride: number;
}

/** A plan in a machine's memory, with room for two states and for the derivatives. */
export class KernelProgram {
  readonly machine: KernelMachine;
  readonly bits: number;
  readonly state: number;
  readonly adjoint: number;
  readonly derivativeCount: number;
  readonly #plan: Plan;
  readonly #passes: number;
  readonly #parts: number;
  readonly #blocks: Buffer;
  readonly #scratch: Buffer;
  readonly #tables: Buffer;
  readonly #sums: Buffer;
  readonly #derivatives: Buffer;
  readonly #barrier: number;
  #refreshed: Refreshed[] = [];

  constructor(machine: KernelMachine, plan: Plan) {
    this.machine = machine;
    this.#plan = plan;
    this.bits = plan.bits;
    const { passes, derivatives } = plan;
    const { amplitudeBytes } = machine;
    must(!derivatives || amplitudeBytes === 16, 'single precision: a plan without derivatives wanted');
    const blockBytes = amplitudeBytes * 2 ** (passes[0]?.active.length ?? 0);
    const operations = passes.flatMap((pass) => pass.operations);
    const widest = operations.reduce((k, one) => Math.max(k, one.kind === 'dense' ? one.bits.length : 0), 0);
    const many = passes.some((pass) => pass.active.length < plan.bits);
    this.#parts = many ? (machine.pool?.size ?? 1) : 1;
    const copied = many || operations.some((one) => one.kind === 'permutation');
    const tabled = operations.some((one) => one.kind === 'phases');
    this.derivativeCount = plan.derivativeCount;
    this.state = machine.allocate(amplitudeBytes * 2 ** plan.bits);
    this.adjoint = derivatives ? machine.allocate(16 * 2 ** plan.bits) : 0;
    this.#blocks = this.#buffer(copied ? (derivatives ? 4 : 2) * blockBytes : 0);
    this.#scratch = this.#buffer(32 * 2 ** widest);
    this.#tables = this.#buffer(tabled ? (many ? 1 + TABLE_SLOTS : 1) * blockBytes : 0);
    this.#sums = this.#buffer(derivatives ? blockBytes / 2 + 8 * (plan.bits + 2) : 0);
    this.#derivatives = this.#buffer(8 * this.derivativeCount);
    this.#barrier = machine.allocate(16);
    this.#passes = machine.allocate(INSTRUCTION_BYTES * passes.length);
    passes.forEach((pass, i) => {
      this.#writePass(pass, this.#passes + INSTRUCTION_BYTES * i, many);
    });
    for (const part of this.#refreshed) if (part.fixed) part.refresh(NO_ANGLES);
    this.#refreshed = this.#refreshed.filter((part) => !part.fixed);
  }

  /** Sets the angles of the parametric steps, one step after the other. */
  setAngles(angles: Float64Array): void {
    const { angleCount } = this.#plan;
    must(angles.length === angleCount, `${angleCount} angles wanted, ${angles.length} found`);
    for (const part of this.#refreshed) part.refresh(angles);
  }

  get amplitudes(): Float64Array {
    return this.machine.doubles(this.state, 2 * 2 ** this.bits);
  }

  get singleAmplitudes(): Float32Array {
    return this.machine.floats(this.state, 2 * 2 ** this.bits);
  }

  get adjointAmplitudes(): Float64Array {
    return this.machine.doubles(this.adjoint, 2 * 2 ** this.bits);
  }

  get derivatives(): Float64Array {
    return this.machine.doubles(this.#derivatives.address, this.derivativeCount);
  }

  /** Sets the state: |0…0⟩, or what is given. */
  start(initial?: Float64Array): void {
    const state = this.machine.amplitudeBytes === 16 ? this.amplitudes : this.singleAmplitudes;
    if (initial === undefined) {
      state.fill(0);
      state[0] = 1;
      return;
    }
    must(initial.length === state.length, `initial: ${state.length} numbers wanted, ${initial.length} found`);
    state.set(initial);
  }

  run(): void {
    const [blocks, scratch, tables] = [this.#blocks, this.#scratch, this.#tables];
    const count = this.#plan.passes.length;
    if (this.#parts === 1) {
      this.machine.kernels.run(this.#passes, count, this.state, blocks.address, scratch.address, tables.address);
      return;
    }
    const buffers = [blocks, scratch, tables].flatMap(({ address, stride }) => [address, stride]);
    this.#onPool('runShare', [this.#passes, count, this.state, ...buffers, this.#barrier]);
  }

  /** Needs the final state in `amplitudes` and the observable applied to it in `adjointAmplitudes`. */
  sweep(): void {
    must(this.#plan.derivatives, 'sweep: a program built with derivatives wanted');
    const [blocks, scratch, tables, sums] = [this.#blocks, this.#scratch, this.#tables, this.#sums];
    const count = this.#plan.passes.length;
    const { address, stride } = this.#derivatives;
    const all = this.machine.doubles(address, (this.#parts * stride) / 8);
    all.fill(0);
    const head = [this.#passes, count, this.state, this.adjoint] as const;
    if (this.#parts === 1) {
      this.machine.kernels.sweep(...head, blocks.address, scratch.address, tables.address, sums.address);
      return;
    }
    const buffers = [blocks, scratch, tables, sums].flatMap((buffer) => [buffer.address, buffer.stride]);
    this.#onPool('sweepShare', [...head, ...buffers, stride, this.#barrier]);
    for (let part = 1; part < this.#parts; part++) {
      for (let i = 0; i < this.derivativeCount; i++) all[i] = all[i]! + all[(part * stride) / 8 + i]!;
    }
  }

  #onPool(entry: string, args: readonly number[]): void {
    this.machine.words(this.#barrier, 1)[0] = 0;
    this.machine.runOnPool(entry, args);
  }

  #buffer(bytes: number): Buffer {
    // A line of its own at each end: threads do not write to the same one.
    const stride = this.#parts === 1 ? Math.ceil(bytes / 16) * 16 : Math.ceil(bytes / 64) * 64 + 64;
    return { address: bytes === 0 ? 0 : this.machine.allocate(stride * this.#parts), stride };
  }

  #slot(slot: number): number {
    return slot < 0 ? 0 : this.#derivatives.address + 8 * slot;
  }

  #writePass({ active, operations }: PlannedPass, at: number, many: boolean): void {
    const size = active.length;
    const layout = layoutOf(active, this.machine.amplitudeBytes);
    const instructions: number[][] = [];
    let slots = 0;
    let rotations: RotationRecords | null = null;
    operations.forEach((operation, i) => {
      if (operation.kind === 'rotations') rotations = this.#writeRotations(operation, instructions);
      else if (operation.kind === 'phases') {
        const tabled = many && slots < TABLE_SLOTS;
        const scale = operation.rotationsBefore.length > 0 ? rotations : null;
        const carried = operations[i + 1]?.kind === 'permutation';
        if (this.#writePhases(operation, size, scale, tabled ? slots + 1 : -1, carried, instructions)) slots++;
      } else if (operation.kind === 'permutation') instructions.push(this.#writePermutation(operation, layout));
      else instructions.push(this.#writeOther(operation));
    });
    const list = this.machine.allocate(INSTRUCTION_BYTES * instructions.length);
    const write = (address: number, words: readonly number[]): void => {
      // A machine that is used again holds the words of its last program.
      this.machine.words(address, 16).fill(0);
      this.machine.words(address, 16).set(words);
    };
    instructions.forEach((words, i) => {
      write(list + INSTRUCTION_BYTES * i, words);
    });
    const outside = 2 ** this.bits - 1 - layout.mask;
    const permuted = operations.some((operation) => operation.kind === 'permutation');
    const copied = permuted || !layout.inPlace;
    const offsets = copied ? this.machine.allocate(4 * layout.rows.length) : 0;
    if (copied) this.machine.words(offsets, layout.rows.length).set(layout.rows);
    write(at, [list, instructions.length, size, layout.low, 0, outside, copied ? 1 : 0, offsets]);
  }

  #writePermutation({ rows, where }: Permutation, { low, offsets }: Layout): number[] {
    const record = writePermutation(this.machine, rows, low, where === 'out' ? offsets : null);
    return [CODE.permutation, where === 'in' ? 0 : where === 'inside' ? 1 : 2, 0, 0, 0, record];
  }

  #writeRotations(operation: Extract<BlockOperation, { kind: 'rotations' }>, instructions: number[][]): RotationRecords {
    const { rotations, scaleLater } = operation;
    const { derivatives } = this.#plan;
    const groups = groupsOf(rotations, derivatives ? 2 : 3).map((members): RotationGroup => {
      const bytes = 8 * ROTATION_NUMBERS;
      const forward = this.machine.allocate(bytes);
      return { rotations: members, forward, backward: derivatives ? this.machine.allocate(bytes) : 0 };
    });
    groups.forEach(({ rotations: [a, b, c], forward, backward }, g) => {
      const out = isWrittenOut(groups.length, g, scaleLater) ? 1 : 0;
      const first = this.#slot(a!.slot);
      if (b === undefined)
        instructions.push([CODE.real, a!.bit, 0, 1, 0, forward, backward, 0, 0, first === 0 ? 0 : 1, 0, first]);
      else {
        const count = c === undefined ? 2 : 3;
        const head = [CODE.rotations, a!.bit, b.bit, count, 0, forward, backward, 0, 0];
        instructions.push([...head, c?.bit ?? 0, out, first, this.#slot(b.slot)]);
      }
    });
    const records = new RotationRecords(this.machine, groups, scaleLater);
    this.#refreshed.push(records);
    return records;
  }

  /** Whether it took the table slot that was offered. */
  #writePhases(
    operation: Extract<BlockOperation, { kind: 'phases' }>,
    size: number,
    scale: RotationRecords | null,
    slot: number,
    carried: boolean,
    instructions: number[][],
  ): boolean {
    const { factors } = operation;
    const form = phaseForm(factors, scale !== null);
    const bytes = 8 * phaseNumbers(form, factors, size);
    const forward = this.machine.allocate(bytes);
    const backward = this.#plan.derivatives && form === 'diagonal' ? this.machine.allocate(bytes) : 0;
    this.#refreshed.push(new PhaseRecord(this.machine, form, factors, size, forward, backward, scale));
    if (form === 'table') {
      const fixed = factors.every(({ outside }) => outside === 0);
      const words = new Array<number>(16).fill(0);
      words.splice(0, 6, CODE.phases, 0, 0, 0, 0, forward);
      words[12] = carried ? 1 : 0;
      words[15] = fixed ? slot : -1;
      instructions.push(words);
      return fixed && slot >= 0;
    }
    const bit = factors.reduce((place, factor) => Math.max(place, factor.bit), 0);
    if (form === 'diagonal') instructions.push([CODE.diagonal, bit, 0, 1, 0, forward, backward]);
    else instructions.push([CODE.phase, 0, 0, 0, 0, forward, 0, 2 ** factors[0]!.bit + 2 ** factors[0]!.second]);
    return false;
  }

  #writeOther(operation: Exclude<BlockOperation, { kind: 'rotations' | 'phases' }>): number[] {
    switch (operation.kind) {
      case 'swap':
        return [CODE.swap, ...operation.bits];
      case 'flip': {
        const { bit, mask, value, outside } = operation;
        const tail = [0, 0, 0, 0, mask, value, 0, 0, 0, 0, outside.mask, outside.value];
        if (mask === 0) return [CODE.x, bit, 0, ...tail];
        const control = Math.log2(mask);
        if (mask === value && Number.isInteger(control)) return [CODE.cnot, control, bit, ...tail];
        return [CODE.flip, bit, 0, ...tail];
      }
      case 'sums': {
        const list = this.machine.allocate(32 * operation.sums.length);
        operation.sums.forEach(({ mask, outside, slot, coefficient }, i) => {
          this.machine.words(list + 32 * i, 3).set([mask, outside, this.#slot(slot)]);
          this.machine.doubles(list + 32 * i + 16, 1)[0] = coefficient;
        });
        return [CODE.sums, 0, 0, 0, 0, list, 0, 0, 0, operation.sums.length];
      }
      case 'dense':
        return this.#writeDense(operation);
    }
  }

  #writeDense(operation: Dense): number[] {
    const { step, bits, mask, value, outside, slot, firstAngle } = operation;
    const k = bits.length;
    const { code, length } = denseCode(operation);
    const wanted = slot < 0 ? [] : step.angles!.wanted;
    const forward = this.machine.allocate(8 * length);
    const inverse = this.#plan.derivatives ? this.machine.allocate(8 * length) : 0;
    const size = 2 * 4 ** k;
    const generators = wanted.length > 0 ? this.machine.allocate(8 * wanted.length * size) : 0;
    const list = this.machine.allocate(4 * k);
    this.machine.words(list, k).set(bits);
    const fill = (matrix: ComplexMatrix): void => {
      this.machine.doubles(forward, length).set(matrix.subarray(0, length));
      if (inverse !== 0) this.machine.doubles(inverse, length).set(dagger(matrix));
    };
    if (step.matrix !== undefined) fill(step.matrix);
    else {
      this.#refreshed.push({
        fixed: false,
        refresh: (angles) => {
          const values = Array.from(angles.subarray(firstAngle, firstAngle + step.angles!.count));
          fill(step.angles!.matrix(values));
          const out = this.machine.doubles(generators, size * wanted.length);
          wanted.forEach((index, i) => {
            out.set(step.angles!.generator(values, index), i * size);
          });
        },
      });
    }
    const head = [code, bits[0] ?? 0, bits[1] ?? 0, k, list, forward, inverse, mask, value];
    return [...head, wanted.length, generators, this.#slot(slot), 0, outside.mask, outside.value];
  }
}
