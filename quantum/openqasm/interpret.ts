/** What a program means: from statements to a circuit and the results it asks for. */

import type { Circuit, GateOperation } from '../circuit/circuit.ts';
import { QuantumError } from '../errors.ts';
import { Evaluator } from './evaluate.ts';
import type { UsedFeature } from './features.ts';
import { FeatureLog } from './features.ts';
import { GateLibrary } from './gate-library.ts';
import type { Token } from './lexer.ts';
import { loopValues } from './loops.ts';
import { parseStatements } from './parser.ts';
import { Qubits } from './qubits.ts';
import { Recorder } from './record.ts';
import { Requests } from './requests.ts';
import type { ResultRequest } from './results.ts';
import { Scope } from './scope.ts';
import { positions } from './selection.ts';
import type { Completion } from './subroutines.ts';
import { Subroutines } from './subroutines.ts';
import type { GateCall, Operand, Pragma, Statement } from './syntax.ts';
import type { Value } from './values.ts';
import type { InputValue } from './variables.ts';
import { Variables } from './variables.ts';

export interface ParseOptions {
  /**
   * Values of inputs. Real numbers stay parameters of the circuit: expressions that are not affine in them are expanded at these
   * values, and a condition on them is decided by these values.
   */
  readonly inputs?: Readonly<Record<string, InputValue>>;
  /** Whether qubits that no operation and no result touches are left out. Default: only for physical qubits. */
  readonly compact?: boolean;
}

export interface ParsedProgram {
  readonly circuit: Circuit;
  /** Name of each qubit of the circuit in the program: its index in the declaration, or k for `$k`. */
  readonly labels: readonly number[];
  readonly results: readonly ResultRequest[];
  /** Declared inputs that are parameters of the circuit, in order. */
  readonly inputs: readonly string[];
  readonly verbatim: boolean;
  readonly physical: boolean;
  /** Features that not every device accepts, each where it is first used. */
  readonly features: readonly UsedFeature[];
}

/**
 * Parses an OpenQASM 3 program with Braket's pragmas and runs its classical part.
 * throws  OpenQasmError, with line and column, for anything that cannot be honoured; never another error
 */
export function parseOpenQasm(source: string, options: ParseOptions = {}): ParsedProgram {
  return new Interpreter(options).run(parseStatements(source));
}

/** Levels of nesting that a statement counts for. */
const LEVELS_OF_A_STATEMENT = 3;

class Interpreter {
  readonly #options: ParseOptions;
  readonly #scope: Scope;
  readonly #evaluator: Evaluator;
  readonly #gates: GateLibrary;
  readonly #qubits: Qubits;
  readonly #variables: Variables;
  readonly #subroutines: Subroutines;
  readonly #recorder: Recorder;
  readonly #requests: Requests;
  readonly #features = new FeatureLog();
  #blocks = 0;
  #verbatim = false;

  constructor(options: ParseOptions) {
    this.#options = options;
    const inputs = options.inputs ?? {};
    this.#scope = new Scope((name) => {
      const value = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
      return typeof value === 'number' ? value : undefined;
    });
    this.#subroutines = new Subroutines(this.#scope);
    this.#evaluator = new Evaluator(this.#scope, (call) =>
      this.#subroutines.has(call.name) ? this.#callSubroutine(call) : null,
    );
    this.#gates = new GateLibrary(this.#scope, this.#evaluator);
    this.#qubits = new Qubits(this.#scope, this.#evaluator);
    this.#variables = new Variables(this.#scope, this.#evaluator, this.#qubits, inputs);
    this.#recorder = new Recorder(this.#scope);
    this.#requests = new Requests(this.#scope, this.#qubits);
  }

  run(statements: readonly Statement[]): ParsedProgram {
    for (const statement of statements) {
      const completion = this.#execute(statement);
      if (completion !== null) {
        const around = completion.kind === 'return' ? 'a subroutine' : 'a loop';
        this.#scope.fail(statement.at, `${around} around '${completion.kind}' wanted`);
      }
    }
    const { physical } = this.#qubits;
    const { parameters } = this.#variables;
    const recorded = this.#recorder.finish(this.#qubits.total, parameters, (this.#options.compact ?? false) || physical);
    return { ...recorded, inputs: parameters, verbatim: this.#verbatim, physical, features: this.#features.used };
  }

  #callSubroutine(call: Parameters<Subroutines['call']>[0]): Value | undefined {
    return this.#scope.located(call.at, () =>
      this.#subroutines.call(call, this.#evaluator, this.#qubits, (body) => this.#executeAll(body)),
    );
  }

  #executeAll(statements: readonly Statement[]): Completion {
    for (const statement of statements) {
      const completion = this.#execute(statement);
      if (completion !== null) return completion;
    }
    return null;
  }

  #block(statements: readonly Statement[]): Completion {
    this.#blocks++;
    const completion = this.#scope.block(() => this.#executeAll(statements));
    this.#blocks--;
    return completion;
  }

  #execute(statement: Statement): Completion {
    const { at } = statement;
    this.#scope.spend(at);
    this.#scope.enter(at, LEVELS_OF_A_STATEMENT);
    try {
      const completion = this.#perform(statement);
      this.#scope.leave(LEVELS_OF_A_STATEMENT);
      return completion;
    } catch (error) {
      throw this.#scope.positioned(at, error);
    }
  }

  #perform(statement: Statement): Completion {
    this.#features.note(statement);
    switch (statement.kind) {
      case 'if':
        return this.#block(this.#evaluator.condition(statement.condition) ? statement.body : statement.otherwise);
      case 'while':
      case 'for':
        return this.#loop(statement);
      case 'box':
        return this.#block(statement.body);
      case 'break':
      case 'continue':
        return { kind: statement.kind };
      case 'return':
        return statement.value === undefined
          ? { kind: 'return' }
          : { kind: 'return', value: this.#evaluator.value(statement.value) };
      default:
        this.#act(statement);
        return null;
    }
  }

  #loop(loop: Extract<Statement, { kind: 'for' | 'while' }>): Completion {
    const round = (body: () => Completion): Completion | 'on' => {
      const completion = body();
      return completion === null || completion.kind === 'continue' ? 'on' : completion.kind === 'break' ? null : completion;
    };
    if (loop.kind === 'while') {
      while (this.#evaluator.condition(loop.condition)) {
        this.#scope.spend(loop.at);
        const ended = round(() => this.#block(loop.body));
        if (ended !== 'on') return ended;
      }
      return null;
    }
    for (const { type, value } of loopValues(loop, this.#evaluator, this.#scope)) {
      const ended = round(() =>
        this.#scope.block(() => {
          this.#scope.declare(loop.name, { kind: 'value', type, constant: false, value });
          return this.#block(loop.body);
        }),
      );
      if (ended !== 'on') return ended;
    }
    return null;
  }

  /** Statements that only do something, and go on. */
  #act(statement: Exclude<Statement, { kind: 'if' | 'while' | 'for' | 'box' | 'break' | 'continue' | 'return' }>): void {
    switch (statement.kind) {
      case 'include':
        if (statement.file !== 'stdgates.inc') throw new QuantumError(`the file stdgates.inc wanted, '${statement.file}' found`);
        this.#gates.includeStandard();
        break;
      case 'assign':
        this.#variables.assign(statement);
        break;
      case 'measure':
        this.#measure(statement.qubits, statement.bits, statement.at);
        break;
      case 'barrier':
        this.#recorder.add({ kind: 'barrier', targets: this.#targets(statement.operands), at: statement.at });
        break;
      case 'pragma':
        this.#pragma(statement, statement.at);
        break;
      case 'call':
        this.#call(statement);
        break;
      default:
        this.#declare(statement);
    }
  }

  #declare(statement: Extract<Statement, { kind: 'qubits' | 'input' | 'variable' | 'alias' | 'gate' | 'def' }>): void {
    const { name, at } = statement;
    const callable = statement.kind === 'gate' || statement.kind === 'def';
    if (this.#scope.declared(name) || (callable && (this.#gates.has(name) || this.#subroutines.has(name)))) {
      throw new QuantumError(`a new name wanted, '${name}' found`);
    }
    const outermost = callable || statement.kind === 'qubits' || statement.kind === 'input';
    if (outermost && this.#blocks > 0) throw new QuantumError(`the declaration of '${name}' outside of all blocks wanted`);
    switch (statement.kind) {
      case 'qubits':
        this.#qubits.declare(name, statement.size);
        break;
      case 'input':
        this.#variables.input(statement);
        break;
      case 'variable':
        this.#variables.declare(statement);
        if (statement.measured) this.#measure(statement.measured, { name, selectors: [], at }, at);
        break;
      case 'alias':
        this.#variables.alias(statement);
        break;
      case 'gate':
        this.#gates.define(statement);
        break;
      case 'def':
        this.#subroutines.define(statement);
    }
  }

  #targets(operands: readonly Operand[]): number[] {
    return operands.flatMap((operand) => [...this.#qubits.select(operand)]);
  }

  /** A gate, or a subroutine whose value nobody wants. */
  #call(call: GateCall): void {
    const plain = call.operands.length === 0 && call.modifiers.length === 0;
    if (plain && this.#subroutines.has(call.name)) {
      this.#callSubroutine({ kind: 'call', name: call.name, operands: call.angles, at: call.at });
    } else this.#broadcast(call);
  }

  /** One call of a gate on registers acts element by element; single qubits are repeated. */
  #broadcast(call: GateCall): void {
    const selections = call.operands.map((operand) => this.#qubits.selection(operand));
    const lengths = new Set(selections.filter((selection) => !selection.single).map((selection) => selection.qubits.length));
    if (lengths.size > 1) this.#scope.fail(call.at, `registers of equal length wanted, ${[...lengths].join(' and ')} found`);
    const rounds = [...lengths][0] ?? 1;
    for (let i = 0; i < rounds; i++) {
      const qubits = selections.map((selection) => (selection.single ? selection.qubits[0]! : selection.qubits[i]!));
      for (const operation of this.#gates.expand(call, qubits)) this.#recorder.add({ kind: 'gate', operation, at: call.at });
    }
  }

  #measure(qubits: Operand, bits: Operand | undefined, at: Token): void {
    const targets = this.#targets([qubits]);
    this.#recorder.add({ kind: 'measure', targets, at });
    if (bits === undefined) {
      for (const qubit of targets) this.#recorder.read(qubit);
      return;
    }
    const entry = this.#scope.lookup(bits.name);
    if (entry?.kind !== 'value' || entry.type.kind !== 'bit' || entry.register === undefined) {
      throw this.#scope.positioned(bits.at, new QuantumError(`a bit register wanted, '${bits.name}' found`));
    }
    const { register } = entry;
    let places = Array.from({ length: entry.type.width ?? 1 }, (_, i) => i);
    for (const selector of this.#evaluator.places(bits.selectors)) {
      const from = places;
      places = this.#scope.located(bits.at, () => positions(selector, from.length, bits.name).map((place) => from[place]!));
    }
    if (places.length !== targets.length)
      this.#scope.fail(at, `as many bits as qubits wanted, ${places.length} bits for ${targets.length} found`);
    entry.measured = true;
    places.forEach((element, i) => {
      this.#recorder.read(targets[i]!, { register, element });
    });
  }

  #pragma(pragma: Pragma, at: Token): void {
    if (pragma.pragma === 'verbatim') this.#verbatim = true;
    else if (pragma.pragma === 'result') this.#recorder.ask(this.#requests.request(pragma.result, this.#variables.parameters));
    else {
      const targets = pragma.operands === null ? this.#everyQubit(at) : this.#targets(pragma.operands);
      if (pragma.pragma === 'noise') this.#recorder.add({ kind: 'noise', pragma, targets, at });
      else this.#recorder.add({ kind: 'gate', operation: unitary(pragma.matrix, targets), at });
    }
  }

  #everyQubit(at: Token): number[] {
    if (this.#qubits.total === 0) this.#scope.fail(at, "qubit registers wanted where 'all' is used");
    return Array.from({ length: this.#qubits.total }, (_, i) => i);
  }
}

function unitary(matrix: NonNullable<GateOperation['matrix']>, targets: number[]): GateOperation {
  return { kind: 'gate', gate: 'unitary', targets, angles: [], controls: [], matrix };
}
