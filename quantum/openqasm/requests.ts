/** From result pragmas to requests: which qubits and observables they mean. */

import type { ObservableFactor } from '../circuit/observable.ts';
import { hermitianFactor, standardFactor } from '../circuit/observable.ts';
import { QuantumError } from '../errors.ts';
import type { Qubits } from './qubits.ts';
import type { ResultRequest } from './results.ts';
import type { Scope } from './scope.ts';
import type { FactorNode, ResultNode } from './syntax.ts';

export class Requests {
  readonly #scope: Scope;
  readonly #qubits: Qubits;

  constructor(scope: Scope, qubits: Qubits) {
    this.#scope = scope;
    this.#qubits = qubits;
  }

  /** `inputs`: names that a gradient may be asked in. */
  request(node: ResultNode, inputs: readonly string[]): ResultRequest {
    switch (node.type) {
      case 'state_vector':
      case 'amplitude':
        return node;
      case 'probability':
      case 'density_matrix':
        return { type: node.type, targets: node.operands?.flatMap((operand) => [...this.#qubits.select(operand)]) ?? null };
      case 'adjoint_gradient': {
        for (const name of node.parameters === 'all' ? [] : node.parameters) {
          if (!inputs.includes(name)) throw new QuantumError(`an input of the program wanted, '${name}' found`);
        }
        const observable = node.terms.map((term) => ({
          coefficient: term.coefficient,
          factors: term.factors.map((factor) => this.#factor(factor, false)),
        }));
        return { type: node.type, observable, parameters: node.parameters };
      }
      default: {
        const [first] = node.factors;
        const whole =
          first!.operands === null || (first!.name !== 'hermitian' && this.#qubits.select(first!.operands[0]!).length > 1);
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
    const targets = node.operands.flatMap((operand) => [...this.#qubits.select(operand)]);
    return this.#scope.located(node.at, () => {
      if (node.matrix !== undefined) return hermitianFactor(node.matrix, targets);
      if (targets.length !== 1) throw new QuantumError(`${node.name}: one target wanted, ${targets.length} found`);
      return standardFactor(node.name as 'z', targets[0]!);
    });
  }
}
