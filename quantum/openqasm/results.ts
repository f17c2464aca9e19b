/** What a program asks to be told: the result pragmas of Braket as data. Qubits are indices of the circuit. */

import type { Observable, ObservableFactor } from '../circuit/observable.ts';

export type ResultRequest =
  | { readonly type: 'state_vector' }
  | { readonly type: 'amplitude'; readonly states: readonly string[] }
  /** `targets` null: all qubits. */
  | { readonly type: 'probability' | 'density_matrix'; readonly targets: readonly number[] | null }
  /** One tensor product; `everyQubit`: the single factor stands for each qubit in turn, and its own targets say nothing. */
  | {
      readonly type: 'expectation' | 'variance' | 'sample';
      readonly factors: readonly ObservableFactor[];
      readonly everyQubit: boolean;
    }
  | { readonly type: 'adjoint_gradient'; readonly observable: Observable; readonly parameters: readonly string[] | 'all' };
