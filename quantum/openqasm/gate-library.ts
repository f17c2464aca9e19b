/** The gates a program knows: those of the catalogue and its own definitions, and their expansion into catalogue gates. */

import type { Angle } from '../circuit/angle.ts';
import type { Control, GateOperation } from '../circuit/circuit.ts';
import type { GateSpec } from '../circuit/gates.ts';
import { GATES } from '../circuit/gates.ts';
import { QuantumError } from '../errors.ts';
import type { Evaluator } from './evaluate.ts';
import { loopValues } from './loops.ts';
import { inverted, raised, underControls } from './modifiers.ts';
import type { Scope } from './scope.ts';
import type { GateCall, GateDefinition, Modifier, Statement } from './syntax.ts';
import { floatOf } from './values.ts';

const MAX_DEPTH = 32;

const NATIVE = new Map<string, GateSpec>([...GATES.values()].map((spec) => [spec.openQasm, spec]));
const STANDARD = new Map<string, GateSpec>(
  [...GATES.values()].flatMap((spec) => spec.standardNames.map((name): [string, GateSpec] => [name, spec])),
);

export class GateLibrary {
  readonly #scope: Scope;
  readonly #definitions = new Map<string, GateDefinition>();
  readonly #evaluator: Evaluator;
  #standard = false;

  constructor(scope: Scope, evaluator: Evaluator) {
    this.#scope = scope;
    this.#evaluator = evaluator;
  }

  /** After `include "stdgates.inc"` its names are known too. */
  includeStandard(): void {
    this.#standard = true;
  }

  has(name: string): boolean {
    return this.#definitions.has(name) || this.#spec(name) !== undefined;
  }

  #spec(name: string): GateSpec | undefined {
    return NATIVE.get(name) ?? (this.#standard ? STANDARD.get(name) : undefined);
  }

  define(definition: GateDefinition): void {
    const names = [...definition.angles, ...definition.qubits];
    if (new Set(names).size !== names.length) {
      this.#scope.fail(definition.at, `distinct names wanted in the gate '${definition.name}'`);
    }
    for (const statement of definition.body) this.#checkBody(statement);
    this.#definitions.set(definition.name, definition);
  }

  /** A gate may use only gates that exist already, so no definition can contain itself. */
  #checkBody(statement: Statement): void {
    if (statement.kind === 'for') for (const inner of statement.body) this.#checkBody(inner);
    else if (statement.kind !== 'call') this.#scope.fail(statement.at, 'only gates and loops wanted in the body of a gate');
    else if (!this.has(statement.name)) this.#scope.fail(statement.at, `a gate defined before wanted, '${statement.name}' found`);
  }

  /** Gates that a call stands for on single qubits, modifiers applied from the inside out. */
  expand(call: GateCall, qubits: readonly number[], depth = 0): GateOperation[] {
    this.#scope.spend(call.at);
    if (depth > MAX_DEPTH) this.#scope.fail(call.at, `gate definitions nested at most ${MAX_DEPTH} deep wanted`);
    let next = 0;
    const controls = call.modifiers.map((modifier): Control[] => {
      const count = this.#controlCount(modifier);
      if (next + count > qubits.length)
        this.#scope.fail(modifier.at, `at most ${qubits.length - next} controls wanted, ${count} found`);
      const value = modifier.kind === 'ctrl' ? 1 : 0;
      const own = qubits.slice(next, next + count).map((qubit): Control => ({ qubit, value }));
      next += count;
      return own;
    });
    const angles = call.angles.map((angle) => this.#evaluator.angle(angle));
    let operations = this.#body(call, angles, qubits.slice(next), depth);
    for (let i = call.modifiers.length - 1; i >= 0; i--) {
      const modifier = call.modifiers[i]!;
      this.#scope.spend(modifier.at, operations.length);
      operations = this.#scope.located(modifier.at, () => this.#modified(operations, modifier, controls[i]!));
    }
    return operations;
  }

  #controlCount(modifier: Modifier): number {
    if (modifier.kind !== 'ctrl' && modifier.kind !== 'negctrl') return 0;
    const count = modifier.count === undefined ? 1 : this.#evaluator.whole(modifier.count);
    if (count < 1) this.#scope.fail(modifier.at, `at least one control wanted, ${count} found`);
    return count;
  }

  #modified(operations: readonly GateOperation[], modifier: Modifier, controls: readonly Control[]): GateOperation[] {
    if (modifier.kind === 'inv') return inverted(operations);
    if (modifier.kind !== 'pow') return underControls(operations, controls);
    const exponent = this.#evaluator.angle(modifier.exponent);
    if (typeof exponent !== 'number') throw new QuantumError('a number as exponent wanted, an input found');
    return raised(operations, exponent, this.#scope.room);
  }

  #body(call: GateCall, angles: readonly Angle[], targets: readonly number[], depth: number): GateOperation[] {
    const definition = this.#definitions.get(call.name);
    if (definition === undefined) {
      const spec = this.#spec(call.name);
      if (spec === undefined) return this.#scope.fail(call.at, `a known gate wanted, '${call.name}' found`);
      // A global phase may name qubits; it acts on none of them.
      const anywhere = spec.qubits === 0;
      this.#checkArity(call, angles.length, spec.parameters.length, targets.length, anywhere ? targets.length : spec.qubits);
      return [{ kind: 'gate', gate: spec.name, targets: anywhere ? [] : targets, angles, controls: [] }];
    }
    this.#checkArity(call, angles.length, definition.angles.length, targets.length, definition.qubits.length);
    const place = new Map(definition.qubits.map((name, i) => [name, targets[i]!]));
    const operations: GateOperation[] = [];
    const each = (statement: Statement): void => {
      if (statement.kind === 'for') {
        for (const item of loopValues(statement, this.#evaluator, this.#scope)) {
          this.#scope.block(() => {
            this.#scope.declare(statement.name, { kind: 'value', type: item.type, constant: true, value: item.value });
            statement.body.forEach(each);
          });
        }
      }
      if (statement.kind !== 'call') return;
      const qubits = statement.operands.map((operand) => {
        const qubit = operand.selectors.length === 0 ? place.get(operand.name) : undefined;
        return qubit ?? this.#scope.fail(operand.at, `a qubit of the gate '${definition.name}' wanted, '${operand.name}' found`);
      });
      for (const operation of this.expand(statement, qubits, depth + 1)) operations.push(operation);
    };
    this.#scope.body(true, () => {
      definition.angles.forEach((name, i) => {
        this.#scope.declare(name, {
          kind: 'value',
          type: { kind: 'float', width: 64 },
          constant: true,
          value: floatOf(angles[i]!),
        });
      });
      definition.body.forEach(each);
    });
    return operations;
  }

  #checkArity(call: GateCall, angles: number, wantedAngles: number, qubits: number, wantedQubits: number): void {
    if (angles !== wantedAngles) this.#scope.fail(call.at, `${call.name}: ${wantedAngles} angles wanted, ${angles} found`);
    if (qubits !== wantedQubits) this.#scope.fail(call.at, `${call.name}: ${wantedQubits} qubits wanted, ${qubits} found`);
  }
}
