/** From the elements of a pass to the operations of the kernels on a block: rotations in pairs, phases in tables, the rest as it is. */

import type { ComplexMatrix } from '../circuit/matrix.ts';
import type { Control, Element, LinearAngle, PhaseTerm } from './elements.ts';
import { bitsOf } from './elements.ts';
import type { Pass } from './schedule.ts';
import type { Step } from './steps.ts';

export interface Rotation {
  /** Place of the bit in the block. */
  readonly bit: number;
  readonly angle: LinearAngle;
  readonly slot: number;
}

/** Factor of a place (and of a second, lower one, or of bits outside the block): exp(i Σ angles). */
export interface PhaseFactor {
  readonly bit: number;
  readonly second: number;
  /** Mask of the bits outside the block that must be set. */
  readonly outside: number;
  readonly angles: readonly LinearAngle[];
}

export interface PhaseSum {
  readonly mask: number;
  readonly outside: number;
  readonly slot: number;
  readonly coefficient: number;
}

/** Where in the state an operation acts: only on blocks whose index matches. */
export interface Outside {
  readonly mask: number;
  readonly value: number;
}

export type BlockOperation =
  | { readonly kind: 'rotations'; readonly rotations: readonly Rotation[]; readonly scaleLater: boolean }
  | { readonly kind: 'phases'; readonly factors: readonly PhaseFactor[]; readonly rotationsBefore: readonly Rotation[] }
  | { readonly kind: 'sums'; readonly sums: readonly PhaseSum[] }
  | { readonly kind: 'flip'; readonly bit: number; readonly mask: number; readonly value: number; readonly outside: Outside }
  | { readonly kind: 'swap'; readonly bits: readonly [number, number] }
  | {
      readonly kind: 'dense';
      readonly bits: readonly number[];
      readonly mask: number;
      readonly value: number;
      readonly outside: Outside;
      readonly step: Step;
      readonly matrix: ComplexMatrix | undefined;
      readonly firstAngle: number;
      readonly slot: number;
    };

class BlockWriter {
  readonly operations: BlockOperation[] = [];
  readonly #places: ReadonlyMap<number, number>;
  #rotations: Rotation[] = [];
  #terms: PhaseTerm[] = [];
  #sums: PhaseSum[] = [];
  readonly #rotated = new Set<number>();
  readonly #phased = new Set<number>();

  constructor(active: readonly number[]) {
    this.#places = new Map(active.map((bit, place) => [bit, place]));
  }

  write(element: Element): void {
    const { moved, held } = bitsOf(element);
    if (element.kind === 'rotation') {
      if (this.#phased.has(element.bit)) this.flush();
      else if (this.#rotated.has(element.bit)) this.#flushRotations(false);
      this.#rotations.push({ bit: this.#place(element.bit), angle: element.angle, slot: element.slot });
      this.#rotated.add(element.bit);
      return;
    }
    if (element.kind === 'phases') {
      this.#terms.push(...element.terms);
      for (const bit of held) this.#phased.add(bit);
      for (const { bits, slot, coefficient } of element.derivatives) this.#sums.push({ ...this.#split(bits), slot, coefficient });
      return;
    }
    if (moved.some((bit) => this.#phased.has(bit))) this.flush();
    else if ([...moved, ...held].some((bit) => this.#rotated.has(bit))) this.#flushRotations(false);
    if (element.kind === 'swap') {
      const [a, b] = element.bits;
      this.operations.push({ kind: 'swap', bits: [this.#place(a), this.#place(b)] });
    } else if (element.kind === 'flip') {
      this.operations.push({ kind: 'flip', bit: this.#place(element.bit), ...this.#controls(element.controls) });
    } else {
      const { step, firstAngle, slot } = element;
      const bits = element.bits.map((bit) => this.#place(bit));
      this.operations.push({
        kind: 'dense',
        bits,
        ...this.#controls(element.controls),
        step,
        matrix: step.matrix,
        firstAngle,
        slot,
      });
    }
  }

  flush(): void {
    const rotations = this.#rotations;
    this.#flushRotations(this.#terms.length > 0);
    // The sums commute with the phases; they stand first, so that a permutation can take the phases along.
    if (this.#sums.length > 0) this.operations.push({ kind: 'sums', sums: this.#sums });
    if (this.#terms.length > 0) {
      this.operations.push({ kind: 'phases', factors: this.#factors(), rotationsBefore: rotations });
    }
    this.#terms = [];
    this.#sums = [];
    this.#phased.clear();
  }

  #flushRotations(scaleLater: boolean): void {
    if (this.#rotations.length > 0) {
      const rotations = [...this.#rotations].sort((a, b) => a.bit - b.bit);
      this.operations.push({ kind: 'rotations', rotations, scaleLater });
    }
    this.#rotations = [];
    this.#rotated.clear();
  }

  #place(bit: number): number {
    return this.#places.get(bit)!;
  }

  #split(bits: readonly number[]): { mask: number; outside: number } {
    let mask = 0;
    let outside = 0;
    for (const bit of bits) {
      const place = this.#places.get(bit);
      if (place === undefined) outside += 2 ** bit;
      else mask += 2 ** place;
    }
    return { mask, outside };
  }

  #controls(controls: readonly Control[]): { mask: number; value: number; outside: Outside } {
    const all = this.#split(controls.map((control) => control.bit));
    const set = this.#split(controls.filter((control) => control.value === 1).map((control) => control.bit));
    return { mask: all.mask, value: set.mask, outside: { mask: all.outside, value: set.outside } };
  }

  /** Like terms together, in the order in which the table is built. */
  #factors(): PhaseFactor[] {
    const gathered = new Map<string, { bit: number; second: number; outside: number; angles: LinearAngle[] }>();
    for (const { bits, angle } of this.#terms) {
      const { outside } = this.#split(bits);
      const places = bits.flatMap((bit) => this.#places.get(bit) ?? []).sort((a, b) => b - a);
      const [bit = -1, second = -1] = places;
      const key = `${bit} ${second} ${outside}`;
      const found = gathered.get(key);
      if (found) found.angles.push(angle);
      else gathered.set(key, { bit, second, outside, angles: [angle] });
    }
    return [...gathered.values()].sort((a, b) => a.bit - b.bit || a.second - b.second || a.outside - b.outside);
  }
}

/** The operations of a pass, in order. */
export function blockCode(pass: Pass): BlockOperation[] {
  const writer = new BlockWriter(pass.active);
  for (const element of pass.elements) writer.write(element);
  writer.flush();
  return writer.operations;
}
