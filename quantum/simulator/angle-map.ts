/** From the parameters of a circuit to the angles of its parametric gates, and from derivatives of angles back to parameters. */

import type { GateOperation } from '../circuit/circuit.ts';
import { must } from '../errors.ts';

/** One use of a parameter: angle[at] += coefficient · theta[parameter]; its derivative is number `slot`. */
interface Use {
  readonly at: number;
  readonly slot: number;
  readonly parameter: number;
  readonly coefficient: number;
}

export class AngleMap {
  readonly #parameters: number;
  readonly #constants: Float64Array;
  readonly #angles: Float64Array;
  readonly #uses: readonly Use[];

  constructor(parametric: readonly GateOperation[], parameters: readonly string[]) {
    this.#parameters = parameters.length;
    const all = parametric.flatMap((operation) => operation.angles);
    this.#constants = Float64Array.from(all, (angle) => (typeof angle === 'number' ? angle : angle.constant));
    this.#angles = Float64Array.from(this.#constants);
    const index = new Map(parameters.map((name, i) => [name, i]));
    const uses: Use[] = [];
    let slot = 0;
    all.forEach((angle, at) => {
      if (typeof angle === 'number') return;
      for (const term of angle.terms) {
        uses.push({ at, slot, parameter: index.get(term.parameter)!, coefficient: term.coefficient });
      }
      slot++;
    });
    this.#uses = uses;
  }

  /** Angles of the parametric gates, one gate after the other; overwritten by the next call. theta [P], radians. */
  angles(theta: ArrayLike<number>): Float64Array {
    must(theta.length === this.#parameters, `${this.#parameters} parameter values wanted, ${theta.length} found`);
    const angles = this.#angles;
    angles.set(this.#constants);
    const uses = this.#uses;
    for (let i = 0; i < uses.length; i++) {
      const { at, coefficient, parameter } = uses[i]!;
      angles[at] = angles[at]! + coefficient * theta[parameter]!;
    }
    return angles;
  }

  /** Adds dF/dtheta to `gradient` [P] from the derivatives in the angles that hold parameters. */
  addGradient(derivatives: ArrayLike<number>, gradient: Float64Array): void {
    for (const { slot, coefficient, parameter } of this.#uses) {
      gradient[parameter] = gradient[parameter]! + coefficient * derivatives[slot]!;
    }
  }
}
