/** The syntax tree of the part of OpenQASM 3 that Braket's simulators accept. Every node knows its position. */

import type { ComplexMatrix } from '../circuit/matrix.ts';
import type { StandardObservable } from '../circuit/observable.ts';
import type { Token } from './lexer.ts';

export type Expression =
  | { readonly kind: 'number'; readonly value: number; readonly at: Token }
  | { readonly kind: 'bits'; readonly bits: readonly boolean[]; readonly at: Token }
  | { readonly kind: 'name'; readonly name: string; readonly at: Token }
  | { readonly kind: 'array'; readonly items: readonly Expression[]; readonly at: Token }
  | { readonly kind: 'index'; readonly of: Expression; readonly selectors: readonly Selector[]; readonly at: Token }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Expression; readonly at: Token }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
      readonly at: Token;
    }
  | { readonly kind: 'cast'; readonly type: TypeNode; readonly operand: Expression; readonly at: Token }
  | { readonly kind: 'call'; readonly name: string; readonly operands: readonly Expression[]; readonly at: Token };

export type ScalarName = 'int' | 'uint' | 'float' | 'angle' | 'bool' | 'bit';

/** A type as it is written; sizes are expressions of constants. An array reference of a subroutine may leave its sizes open. */
export type TypeNode =
  | { readonly kind: ScalarName; readonly width?: Expression; readonly at: Token }
  | {
      readonly kind: 'array';
      readonly base: TypeNode;
      /** null: only the number of dimensions is told. */
      readonly sizes: readonly Expression[] | null;
      readonly at: Token;
    };

/** What a subroutine takes: a value, an array to read or to change, or qubits. */
export type ParameterNode =
  | { readonly kind: 'value'; readonly name: string; readonly type: TypeNode; readonly mutable: boolean; readonly at: Token }
  | { readonly kind: 'qubits'; readonly name: string; readonly size?: Expression; readonly at: Token };

/** [i], [a:b], [a:step:b] or a set {a, b}. */
export type Selector =
  | { readonly kind: 'index'; readonly index: Expression }
  | { readonly kind: 'range'; readonly start?: Expression; readonly step?: Expression; readonly stop?: Expression }
  | { readonly kind: 'set'; readonly items: readonly Expression[] };

/** A register, part of one, or a physical qubit `$3`. */
export interface Operand {
  readonly name: string;
  readonly selectors: readonly Selector[];
  readonly at: Token;
}

export type Modifier =
  | { readonly kind: 'inv'; readonly at: Token }
  | { readonly kind: 'pow'; readonly exponent: Expression; readonly at: Token }
  | { readonly kind: 'ctrl' | 'negctrl'; readonly count?: Expression; readonly at: Token };

export interface GateCall {
  readonly kind: 'call';
  readonly name: string;
  readonly modifiers: readonly Modifier[];
  readonly angles: readonly Expression[];
  readonly operands: readonly Operand[];
  readonly at: Token;
}

export interface GateDefinition {
  readonly kind: 'gate';
  readonly name: string;
  readonly angles: readonly string[];
  readonly qubits: readonly string[];
  readonly body: readonly Statement[];
  readonly at: Token;
}

export interface FactorNode {
  readonly name: StandardObservable | 'hermitian';
  /** null: `all`. */
  readonly operands: readonly Operand[] | null;
  readonly matrix?: ComplexMatrix;
  readonly at: Token;
}

export interface TermNode {
  readonly coefficient: number;
  readonly factors: readonly FactorNode[];
}

export type ResultNode =
  | { readonly type: 'state_vector' }
  | { readonly type: 'amplitude'; readonly states: readonly string[] }
  | { readonly type: 'probability' | 'density_matrix'; readonly operands: readonly Operand[] | null }
  | { readonly type: 'expectation' | 'variance' | 'sample'; readonly factors: readonly FactorNode[] }
  | { readonly type: 'adjoint_gradient'; readonly terms: readonly TermNode[]; readonly parameters: readonly string[] | 'all' };

export type Pragma =
  | { readonly pragma: 'result'; readonly result: ResultNode }
  | { readonly pragma: 'unitary'; readonly matrix: ComplexMatrix; readonly operands: readonly Operand[] | null }
  | {
      readonly pragma: 'noise';
      readonly channel: string;
      readonly probabilities: readonly number[];
      readonly kraus?: readonly ComplexMatrix[];
      readonly operands: readonly Operand[] | null;
    }
  | { readonly pragma: 'verbatim' };

export interface Subroutine {
  readonly kind: 'def';
  readonly name: string;
  readonly parameters: readonly ParameterNode[];
  readonly result?: TypeNode;
  readonly body: readonly Statement[];
  readonly at: Token;
}

export interface ForLoop {
  readonly kind: 'for';
  readonly name: string;
  /** Type of the loop variable; whole numbers where none is written. */
  readonly type?: TypeNode;
  readonly range: Selector;
  readonly body: readonly Statement[];
  readonly at: Token;
}

export type Statement =
  | { readonly kind: 'include'; readonly file: string; readonly at: Token }
  | { readonly kind: 'qubits'; readonly name: string; readonly size?: Expression; readonly at: Token }
  | { readonly kind: 'input'; readonly name: string; readonly type: TypeNode; readonly at: Token }
  | {
      readonly kind: 'variable';
      readonly name: string;
      readonly type: TypeNode;
      readonly constant: boolean;
      readonly value?: Expression;
      /** `bit b = measure q;` */
      readonly measured?: Operand;
      readonly at: Token;
    }
  /** `operator` is empty for a plain assignment, '+' for `+=`. */
  | {
      readonly kind: 'assign';
      readonly target: Operand;
      readonly operator: string;
      readonly value: Expression;
      readonly at: Token;
    }
  | { readonly kind: 'alias'; readonly name: string; readonly parts: readonly Operand[]; readonly at: Token }
  | { readonly kind: 'measure'; readonly qubits: Operand; readonly bits?: Operand; readonly at: Token }
  | { readonly kind: 'barrier'; readonly operands: readonly Operand[]; readonly at: Token }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
      readonly at: Token;
    }
  | { readonly kind: 'while'; readonly condition: Expression; readonly body: readonly Statement[]; readonly at: Token }
  | { readonly kind: 'break' | 'continue'; readonly at: Token }
  | { readonly kind: 'return'; readonly value?: Expression; readonly at: Token }
  | { readonly kind: 'box'; readonly body: readonly Statement[]; readonly at: Token }
  | (Pragma & { readonly kind: 'pragma'; readonly at: Token })
  | ForLoop
  | Subroutine
  | GateDefinition
  | GateCall;
