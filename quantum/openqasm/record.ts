/** What a program did, in order, and the circuit that comes of it when the program has ended. */

import type { Circuit, GateOperation } from '../circuit/circuit.ts';
import { CircuitBuilder } from '../circuit/circuit.ts';
import type { ObservableFactor } from '../circuit/observable.ts';
import { QuantumError } from '../errors.ts';
import type { Token } from './lexer.ts';
import type { ResultRequest } from './results.ts';
import type { Scope } from './scope.ts';
import type { Pragma } from './syntax.ts';

export type Recorded =
  | { readonly kind: 'gate'; readonly operation: GateOperation; readonly at: Token }
  | {
      readonly kind: 'noise';
      readonly pragma: Extract<Pragma, { pragma: 'noise' }>;
      readonly targets: number[];
      readonly at: Token;
    }
  | { readonly kind: 'barrier'; readonly targets: number[]; readonly at: Token }
  | { readonly kind: 'measure'; readonly targets: number[]; readonly at: Token };

/** The bit that a measurement goes into. */
interface Slot {
  readonly register: number;
  readonly element: number;
  readonly qubit: number;
}

export interface RecordedCircuit {
  readonly circuit: Circuit;
  readonly labels: readonly number[];
  readonly results: readonly ResultRequest[];
}

export class Recorder {
  readonly #scope: Scope;
  readonly #recorded: Recorded[] = [];
  readonly #results: ResultRequest[] = [];
  readonly #slots = new Map<string, Slot>();
  #anonymous = 0;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  add(item: Recorded): void {
    this.#scope.spend(item.at);
    this.#recorded.push(item);
  }

  ask(request: ResultRequest): void {
    this.#results.push(request);
  }

  /** A measured qubit and the element of the bit register that it is read into; without one it is read after the others. */
  read(qubit: number, bit?: { readonly register: number; readonly element: number }): void {
    const { register, element } = bit ?? { register: Number.MAX_SAFE_INTEGER, element: this.#anonymous++ };
    this.#slots.set(`${register}:${element}`, { register, element, qubit });
  }

  /** `declared`: number of declared qubits; `compact`: whether those that nothing touches are left out. */
  finish(declared: number, parameters: readonly string[], compact: boolean): RecordedCircuit {
    const labels = compact ? this.#touched(declared) : Array.from({ length: declared }, (_, i) => i);
    const start: Token = { kind: 'end', text: '', line: 1, column: 1 };
    const place = new Map(labels.map((label, i) => [label, i]));
    const move = (qubits: readonly number[]) => qubits.map((qubit) => place.get(qubit)!);
    const builder = this.#scope.located(start, () => new CircuitBuilder(labels.length));
    builder.declare(...parameters);
    const measured = new Set<number>();
    for (const item of this.#recorded) this.#scope.located(item.at, () => this.#write(builder, item, move, measured));
    this.#scope.located(start, () => builder.measure(...move(this.#readOrder())));
    return { circuit: builder.build(), labels, results: this.#results.map((request) => moved(request, move)) };
  }

  /** Adds one operation; measurements are final, so they only close their qubits here. */
  #write(builder: CircuitBuilder, item: Recorded, move: (qubits: readonly number[]) => number[], measured: Set<number>): void {
    if (item.kind === 'barrier') {
      builder.barrier(move(item.targets).filter((qubit) => qubit !== undefined));
      return;
    }
    for (const qubit of touches(item)) {
      if (measured.has(qubit))
        throw new QuantumError(`nothing after the measurement of a qubit wanted, qubit ${qubit} is used again`);
    }
    if (item.kind === 'measure') for (const qubit of item.targets) measured.add(qubit);
    else if (item.kind === 'noise')
      builder.noise(item.pragma.channel, move(item.targets), item.pragma.probabilities, item.pragma.kraus);
    else {
      const { operation } = item;
      const controls = operation.controls.map((control) => ({ ...control, qubit: move([control.qubit])[0]! }));
      builder.append({ ...operation, targets: move(operation.targets), controls });
    }
  }

  /** Measured qubits in the order of the classical bits they were read into. */
  #readOrder(): number[] {
    const slots = [...this.#slots.values()].sort((a, b) => a.register - b.register || a.element - b.element);
    if (new Set(slots.map((slot) => slot.register)).size > 1) {
      throw new QuantumError('measurement into a single bit register wanted, several found');
    }
    return slots.map((slot) => slot.qubit);
  }

  /** Labels of the qubits that an operation, a measurement or a result touches; all declared ones when there are none. */
  #touched(declared: number): number[] {
    const touched = new Set<number>();
    for (const item of this.#recorded) {
      if (item.kind !== 'barrier') for (const qubit of touches(item)) touched.add(qubit);
    }
    for (const request of this.#results) for (const qubit of targetsOf(request)) touched.add(qubit);
    if (touched.size === 0) return Array.from({ length: declared }, (_, i) => i);
    return [...touched].sort((a, b) => a - b);
  }
}

function touches(item: Recorded): readonly number[] {
  if (item.kind !== 'gate') return item.targets;
  return [...item.operation.targets, ...item.operation.controls.map((control) => control.qubit)];
}

function targetsOf(request: ResultRequest): number[] {
  if ('targets' in request) return [...(request.targets ?? [])];
  if ('factors' in request) return request.everyQubit ? [] : request.factors.flatMap((factor) => [...factor.targets]);
  if ('observable' in request) return request.observable.flatMap((term) => term.factors.flatMap((factor) => [...factor.targets]));
  return [];
}

function moved(request: ResultRequest, move: (qubits: readonly number[]) => number[]): ResultRequest {
  const factor = (one: ObservableFactor): ObservableFactor => ({ ...one, targets: move(one.targets) });
  if ('targets' in request) return { ...request, targets: request.targets && move(request.targets) };
  if ('factors' in request) return request.everyQubit ? request : { ...request, factors: request.factors.map(factor) };
  if ('observable' in request) {
    return { ...request, observable: request.observable.map((term) => ({ ...term, factors: term.factors.map(factor) })) };
  }
  return request;
}
