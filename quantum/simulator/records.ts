/**
 * The numbers that kernels read for rotations and phases, written again whenever angles change. Layouts are told in
 * assembly/kernels/rotations.ts and phases.ts.
 */

import type { PhaseFactor, Rotation } from './block-code.ts';
import type { LinearAngle } from './elements.ts';
import type { KernelMachine } from './wasm-kernels.ts';

export function angleOf(angle: LinearAngle, angles: Float64Array): number {
  return angle.at < 0 ? angle.constant : angle.coefficient * angles[angle.at]!;
}

const isFixed = (angle: LinearAngle): boolean => angle.at < 0;

/** Something whose numbers depend on angles. */
export interface Refreshed {
  readonly fixed: boolean;
  refresh(angles: Float64Array): void;
}

/** Eight bytes each: tangents of up to three rotations, then cosine and sine of the last where it is written out. */
export const ROTATION_NUMBERS = 5;

/** Where the records of a group of rotations lie; `backward` 0 where no sweep is wanted. */
export interface RotationGroup {
  readonly rotations: readonly Rotation[];
  readonly forward: number;
  readonly backward: number;
}

/**
 * Rotations that run together, two or three in a group; one that is left over stays alone as a real matrix. Groups leave their cosines
 * out: they go into the single one, else into the table of phases that follows (`scaleLater`), else into the last group.
 */
export class RotationRecords implements Refreshed {
  readonly fixed: boolean;
  /** What the table of phases has to make up for. */
  scale = 1;
  readonly #machine: KernelMachine;
  readonly #groups: readonly RotationGroup[];
  readonly #scaleLater: boolean;

  constructor(machine: KernelMachine, groups: readonly RotationGroup[], scaleLater: boolean) {
    this.#machine = machine;
    this.#groups = groups;
    this.#scaleLater = scaleLater;
    this.fixed = groups.every(({ rotations }) => rotations.every(({ angle }) => isFixed(angle)));
  }

  refresh(angles: Float64Array): void {
    const f64 = this.#machine.f64;
    const last = this.#groups.length - 1;
    let scale = 1;
    for (let g = 0; g <= last; g++) {
      const { rotations, forward, backward } = this.#groups[g]!;
      const single = rotations.length === 1;
      let own = 1;
      for (let i = 0; i < rotations.length; i++) {
        const half = angleOf(rotations[i]!.angle, angles) / 2;
        const c = Math.cos(half);
        const s = Math.sin(half);
        if (single) {
          writeMatrix(f64, forward / 8, scale * c, scale * s);
          if (backward !== 0) writeMatrix(f64, backward / 8, c, -s);
          continue;
        }
        f64[forward / 8 + i] = s / c;
        if (backward !== 0) f64[backward / 8 + i] = -s / c;
        if (i < rotations.length - 1) {
          own *= c;
          continue;
        }
        f64[forward / 8 + 3] = scale * own * c;
        f64[forward / 8 + 4] = scale * own * s;
        if (backward !== 0) {
          f64[backward / 8 + 3] = own * c;
          f64[backward / 8 + 4] = -own * s;
        }
        own *= c;
      }
      scale = single ? 1 : scale * own;
    }
    this.scale = this.#scaleLater ? scale : 1;
  }
}

/** Whether group `g` is written out: the last one, where no table of phases takes the cosines. */
export function isWrittenOut(groups: number, g: number, scaleLater: boolean): boolean {
  return !scaleLater && g === groups - 1;
}

function writeMatrix(f64: Float64Array, at: number, c: number, s: number): void {
  f64[at] = c;
  f64[at + 1] = -s;
  f64[at + 2] = s;
  f64[at + 3] = c;
}

const HEADER_NUMBERS = 6;
const ENTRY_NUMBERS = 4;

/** How a group of phases is applied: as a table, as a diagonal on one bit, or as one phase under a mask. */
export type PhaseForm = 'table' | 'diagonal' | 'phase';

export function phaseForm(factors: readonly PhaseFactor[], scaled: boolean): PhaseForm {
  const bits = new Set(factors.filter(({ bit }) => bit >= 0).map(({ bit }) => bit));
  const plain = factors.every(({ second, outside }) => second < 0 && outside === 0);
  if (plain && bits.size <= 1) return 'diagonal';
  const [only] = factors;
  return factors.length === 1 && !scaled && only!.outside === 0 && only!.second >= 0 ? 'phase' : 'table';
}

/** Numbers of f64 that a group needs. */
export function phaseNumbers(form: PhaseForm, factors: readonly PhaseFactor[], bits: number): number {
  if (form !== 'table') return 4;
  const entries = factors.filter(({ second, outside }) => second >= 0 || outside !== 0).length;
  return HEADER_NUMBERS + 2 * bits + ENTRY_NUMBERS * entries;
}

interface Slot {
  readonly factor: PhaseFactor;
  /** Index of the complex factor in the memory's doubles; -1: part of the constant. */
  readonly at: number;
}

/** The numbers of one group of phases. */
export class PhaseRecord implements Refreshed {
  readonly fixed: boolean;
  readonly #machine: KernelMachine;
  readonly #form: PhaseForm;
  readonly #forward: number;
  readonly #backward: number;
  readonly #scale: RotationRecords | null;
  readonly #slots: readonly Slot[];

  constructor(
    machine: KernelMachine,
    form: PhaseForm,
    factors: readonly PhaseFactor[],
    bits: number,
    forward: number,
    backward: number,
    scale: RotationRecords | null,
  ) {
    this.#machine = machine;
    this.#form = form;
    this.#forward = forward / 8;
    this.#backward = backward / 8;
    this.#scale = scale;
    this.fixed = factors.every(({ angles }) => angles.every(isFixed)) && (scale?.fixed ?? true);
    this.#slots = form === 'table' ? this.#layTable(factors, bits) : factors.map((factor) => ({ factor, at: -1 }));
  }

  refresh(angles: Float64Array): void {
    const f64 = this.#machine.f64;
    let constant = 0;
    let relative = 0;
    for (const { factor, at } of this.#slots) {
      let angle = 0;
      for (const one of factor.angles) angle += angleOf(one, angles);
      if (at >= 0) {
        f64[at] = Math.cos(angle);
        f64[at + 1] = Math.sin(angle);
      } else if (factor.bit < 0) constant += angle;
      else relative += angle;
    }
    const scale = this.#scale?.scale ?? 1;
    if (this.#form === 'phase') this.#complex(this.#forward, relative, 1);
    else if (this.#form === 'table') {
      this.#complex(this.#forward + 2, constant, scale);
      this.#complex(this.#forward + 4, constant, 1);
    } else {
      this.#complex(this.#forward, constant, scale);
      this.#complex(this.#forward + 2, constant + relative, scale);
      if (this.#backward === 0) return;
      this.#complex(this.#backward, -constant, 1);
      this.#complex(this.#backward + 2, -constant - relative, 1);
    }
  }

  #complex(at: number, angle: number, scale: number): void {
    const f64 = this.#machine.f64;
    f64[at] = scale * Math.cos(angle);
    f64[at + 1] = scale * Math.sin(angle);
  }

  #layTable(factors: readonly PhaseFactor[], bits: number): Slot[] {
    const f64 = this.#machine.f64;
    const pairs = factors.filter(({ second }) => second >= 0);
    const outer = factors.filter(({ outside }) => outside !== 0);
    this.#machine.words(8 * this.#forward, 2).set([pairs.length, outer.length]);
    const singles = this.#forward + HEADER_NUMBERS;
    for (let bit = 0; bit < bits; bit++) f64.set([1, 0], singles + 2 * bit);
    const entries = singles + 2 * bits;
    const slots: Slot[] = [];
    [...pairs, ...outer].forEach((factor, i) => {
      const at = entries + ENTRY_NUMBERS * i;
      this.#machine.words(8 * at, 2).set([factor.bit, factor.second >= 0 ? factor.second : factor.outside]);
      slots.push({ factor, at: at + 2 });
    });
    for (const factor of factors) {
      if (factor.second >= 0 || factor.outside !== 0) continue;
      slots.push({ factor, at: factor.bit < 0 ? -1 : singles + 2 * factor.bit });
    }
    return slots;
  }
}
