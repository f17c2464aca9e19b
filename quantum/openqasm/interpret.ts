/** What a program means: from statements to a circuit and the results it asks for. */

import { parameter } from '../circuit/angle.ts';
import type { Circuit, GateOperation } from '../circuit/circuit.ts';
import { CircuitBuilder } from '../circuit/circuit.ts';
import type { ObservableFactor } from '../circuit/observable.ts';
import { hermitianFactor, standardFactor } from '../circuit/observable.ts';
import { QuantumError } from '../errors.ts';
import { GateLibrary } from './gate-library.ts';
import type { Token } from './lexer.ts';
import { parseStatements } from './parser.ts';
import { MAX_DECLARED, Registers } from './registers.ts';
import type { ResultRequest } from './results.ts';
import { Scope } from './scope.ts';
import type { FactorNode, GateCall, Operand, Pragma, ResultNode, Statement } from './syntax.ts';
import { evaluate, evaluateInteger } from './values.ts';

export interface ParseOptions {
  /** Values of inputs. The circuit keeps them as parameters; expressions that are not affine are expanded at these values. */
  readonly inputs?: Readonly<Record<string, number>>;
  /** Whether qubits that no operation and no result touches are left out. Default: only for physical qubits. */
  readonly compact?: boolean;
}

export interface ParsedProgram {
  readonly circuit: Circuit;
  /** Name of each qubit of the circuit in the program: its index in the declaration, or k for `$k`. */
  readonly labels: readonly number[];
  readonly results: readonly ResultRequest[];
  /** Declared inputs, in order. */
  readonly inputs: readonly string[];
  readonly verbatim: boolean;
  readonly physical: boolean;
}

/**
 * Parses an OpenQASM 3 program with Braket's pragmas.
 * throws  OpenQasmError, with line and column, for anything that cannot be honoured; never another error
 */
export function parseOpenQasm(source: string, options: ParseOptions = {}): ParsedProgram {
  return new Interpreter(options).run(parseStatements(source));
}

type Recorded =
  | { readonly kind: 'gate'; readonly operation: GateOperation; readonly at: Token }
  | {
      readonly kind: 'noise';
      readonly pragma: Extract<Pragma, { pragma: 'noise' }>;
      readonly targets: number[];
      readonly at: Token;
    }
  | { readonly kind: 'barrier'; readonly targets: number[]; readonly at: Token }
  | { readonly kind: 'measure'; readonly targets: number[]; readonly at: Token };

interface Slot {
  readonly register: number;
  readonly element: number;
  readonly qubit: number;
}

class Interpreter {
  readonly #options: ParseOptions;
  readonly #qubits = new Registers('qubit');
  readonly #bits = new Registers('bit');
  readonly #inputs: string[] = [];
  readonly #recorded: Recorded[] = [];
  readonly #results: { readonly request: ResultRequest; readonly at: Token }[] = [];
  readonly #slots = new Map<string, Slot>();
  readonly #physical = new Set<number>();
  readonly #scope: Scope;
  readonly #gates: GateLibrary;
  #anonymous = 0;
  #verbatim = false;

  constructor(options: ParseOptions) {
    this.#options = options;
    this.#scope = new Scope(options.inputs ?? {});
    this.#gates = new GateLibrary(this.#scope);
  }

  run(statements: readonly Statement[]): ParsedProgram {
    for (const statement of statements) this.#execute(statement);
    return this.#finish();
  }

  #execute(statement: Statement): void {
    this.#scope.spend(statement.at);
    this.#scope.located(statement.at, () => this.#perform(statement));
  }

  #perform(statement: Statement): void {
    switch (statement.kind) {
      case 'include':
        if (statement.file !== 'stdgates.inc') throw new QuantumError(`the file stdgates.inc wanted, '${statement.file}' found`);
        this.#gates.includeStandard();
        break;
      case 'qubits':
      case 'bits':
      case 'input':
      case 'value':
      case 'gate':
        this.#declare(statement);
        break;
      case 'measure':
        this.#measure(statement.qubits, statement.bits, statement.at);
        break;
      case 'barrier': {
        const targets = statement.operands.flatMap((operand) => [...this.#select(operand)]);
        this.#recorded.push({ kind: 'barrier', targets, at: statement.at });
        break;
      }
      case 'for':
        this.#scope.loop(statement, (body) => this.#execute(body));
        break;
      case 'box':
        for (const inner of statement.body) this.#execute(inner);
        break;
      case 'pragma':
        this.#pragma(statement, statement.at);
        break;
      case 'call':
        this.#broadcast(statement);
    }
  }

  #declare(statement: Extract<Statement, { kind: 'qubits' | 'bits' | 'input' | 'value' | 'gate' }>): void {
    const { name, at } = statement;
    if (this.#qubits.has(name) || this.#bits.has(name) || this.#scope.declared(name) || this.#gates.has(name)) {
      throw new QuantumError(`a new name wanted, '${name}' found`);
    }
    switch (statement.kind) {
      case 'qubits':
        if (this.#physical.size > 0) throw new QuantumError('either qubit registers or physical qubits wanted, not both');
        this.#qubits.declare(name, statement.size && evaluateInteger(statement.size, this.#scope));
        break;
      case 'bits':
        this.#bits.declare(name, statement.size && evaluateInteger(statement.size, this.#scope));
        if (statement.measured) this.#measure(statement.measured, { name, selectors: [], at }, at);
        break;
      case 'input':
        this.#inputs.push(name);
        this.#scope.set(name, parameter(name));
        break;
      case 'value':
        this.#scope.set(name, evaluate(statement.value, this.#scope), statement.integer);
        break;
      case 'gate':
        this.#gates.define(statement);
    }
  }

  // Qubits

  #select(operand: Operand): readonly number[] {
    return this.#selection(operand).indices;
  }

  #selection(operand: Operand): { readonly indices: readonly number[]; readonly single: boolean } {
    return this.#scope.located(operand.at, () => {
      if (!operand.name.startsWith('$')) return this.#qubits.select(operand, this.#scope);
      if (this.#qubits.total > 0) throw new QuantumError('either qubit registers or physical qubits wanted, not both');
      const index = Number(operand.name.slice(1));
      if (index >= MAX_DECLARED) throw new QuantumError(`a physical qubit below ${MAX_DECLARED} wanted, ${operand.name} found`);
      this.#physical.add(index);
      return { indices: [index], single: true };
    });
  }

  /** One call of a gate on registers acts element by element; single qubits are repeated. */
  #broadcast(call: GateCall): void {
    const selections = call.operands.map((operand) => this.#selection(operand));
    const lengths = new Set(selections.filter((selection) => !selection.single).map((selection) => selection.indices.length));
    if (lengths.size > 1) this.#scope.fail(call.at, `registers of equal length wanted, ${[...lengths].join(' and ')} found`);
    const rounds = [...lengths][0] ?? 1;
    for (let i = 0; i < rounds; i++) {
      const qubits = selections.map((selection) => (selection.single ? selection.indices[0]! : selection.indices[i]!));
      for (const operation of this.#gates.expand(call, qubits)) {
        this.#scope.spend(call.at);
        this.#recorded.push({ kind: 'gate', operation, at: call.at });
      }
    }
  }

  // Measurement

  #measure(qubits: Operand, bits: Operand | undefined, at: Token): void {
    const targets = [...this.#select(qubits)];
    this.#recorded.push({ kind: 'measure', targets, at });
    if (bits === undefined) {
      for (const qubit of targets) {
        this.#slots.set(`:${this.#anonymous}`, { register: Number.MAX_SAFE_INTEGER, element: this.#anonymous++, qubit });
      }
      return;
    }
    const places = this.#scope.located(bits.at, () => this.#bits.select(bits, this.#scope).indices);
    if (places.length !== targets.length)
      this.#scope.fail(at, `as many bits as qubits wanted, ${places.length} bits for ${targets.length} found`);
    places.forEach((place, i) => {
      const register = this.#bits.names().indexOf(this.#bits.registerOf(place));
      this.#slots.set(`${place}`, { register, element: place, qubit: targets[i]! });
    });
  }

  // Pragmas

  #pragma(pragma: Pragma, at: Token): void {
    if (pragma.pragma === 'verbatim') this.#verbatim = true;
    else if (pragma.pragma === 'result') this.#results.push({ request: this.#result(pragma.result), at });
    else {
      const targets =
        pragma.operands === null ? this.#everyQubit(at) : pragma.operands.flatMap((operand) => [...this.#select(operand)]);
      if (pragma.pragma === 'noise') this.#recorded.push({ kind: 'noise', pragma, targets, at });
      else {
        const operation: GateOperation = {
          kind: 'gate',
          gate: 'unitary',
          targets,
          angles: [],
          controls: [],
          matrix: pragma.matrix,
        };
        this.#recorded.push({ kind: 'gate', operation, at });
      }
    }
  }

  #everyQubit(at: Token): number[] {
    if (this.#qubits.total === 0) this.#scope.fail(at, "qubit registers wanted where 'all' is used");
    return Array.from({ length: this.#qubits.total }, (_, i) => i);
  }

  #result(node: ResultNode): ResultRequest {
    switch (node.type) {
      case 'state_vector':
      case 'amplitude':
        return node;
      case 'probability':
      case 'density_matrix':
        return { type: node.type, targets: node.operands?.flatMap((operand) => [...this.#select(operand)]) ?? null };
      case 'adjoint_gradient': {
        for (const name of node.parameters === 'all' ? [] : node.parameters) {
          if (!this.#inputs.includes(name)) throw new QuantumError(`an input of the program wanted, '${name}' found`);
        }
        const observable = node.terms.map((term) => ({
          coefficient: term.coefficient,
          factors: term.factors.map((factor) => this.#factor(factor, false)),
        }));
        return { type: node.type, observable, parameters: node.parameters };
      }
      default: {
        const [first] = node.factors;
        const whole = first!.operands === null || (first!.name !== 'hermitian' && this.#select(first!.operands[0]!).length > 1);
        const everyQubit = node.factors.length === 1 && whole;
        return { type: node.type, factors: node.factors.map((factor) => this.#factor(factor, everyQubit)), everyQubit };
      }
    }
  }

  #factor(node: FactorNode, everyQubit: boolean): ObservableFactor {
    if (everyQubit) {
      return node.matrix === undefined ? standardFactor(node.name as 'z', 0) : hermitianFactor(node.matrix, [0]);
    }
    if (node.operands === null) return this.#scope.fail(node.at, "targets of the observable wanted, 'all' found");
    const targets = node.operands.flatMap((operand) => [...this.#select(operand)]);
    return this.#scope.located(node.at, () => {
      if (node.matrix !== undefined) return hermitianFactor(node.matrix, targets);
      if (targets.length !== 1) throw new QuantumError(`${node.name}: one target wanted, ${targets.length} found`);
      return standardFactor(node.name as 'z', targets[0]!);
    });
  }

  // The end

  #finish(): ParsedProgram {
    const physical = this.#physical.size > 0;
    const compact = this.#options.compact ?? physical;
    const labels = compact || physical ? this.#touched() : Array.from({ length: this.#qubits.total }, (_, i) => i);
    const start: Token = { kind: 'end', text: '', line: 1, column: 1 };
    const place = new Map(labels.map((label, i) => [label, i]));
    const move = (qubits: readonly number[]) => qubits.map((qubit) => place.get(qubit)!);
    const builder = this.#scope.located(start, () => new CircuitBuilder(labels.length));
    builder.declare(...this.#inputs);
    const measured = new Set<number>();
    for (const item of this.#recorded) this.#scope.located(item.at, () => this.#write(builder, item, move, measured));
    this.#scope.located(start, () => builder.measure(...move(this.#readOrder())));
    return {
      circuit: builder.build(),
      labels,
      results: this.#results.map(({ request }) => moved(request, move)),
      inputs: this.#inputs,
      verbatim: this.#verbatim,
      physical,
    };
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
  #touched(): number[] {
    const touched = new Set<number>();
    for (const item of this.#recorded) {
      if (item.kind !== 'barrier') for (const qubit of touches(item)) touched.add(qubit);
    }
    for (const { request } of this.#results) for (const qubit of targetsOf(request)) touched.add(qubit);
    if (touched.size === 0) return Array.from({ length: this.#qubits.total }, (_, i) => i);
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
