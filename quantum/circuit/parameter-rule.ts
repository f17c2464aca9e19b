/** Frequencies of gates in their angles: what gradients need to know of a gate, and nothing else. */

/**
 * How an expectation value, and the entries of the matrix, depend on one parameter.
 * ⟨O⟩ is a trigonometric polynomial with frequencies base, 2 base … count · base (count 0: it does not depend at all);
 * `controlled` says the same for the gate under control qubits. Entries of U have frequencies 0 and ±entry only.
 */
export interface ParameterRule {
  readonly entry: number;
  readonly base: number;
  readonly count: number;
  readonly controlled: { readonly base: number; readonly count: number };
}

/** exp(-i t P / 2) for a Pauli string P. */
export const HALF_TURN: ParameterRule = { entry: 0.5, base: 1, count: 1, controlled: { base: 0.5, count: 2 } };
/** A phase on a projector. */
export const PHASE: ParameterRule = { entry: 1, base: 1, count: 1, controlled: { base: 1, count: 1 } };
/** A phase on everything: unseen until a control makes it relative. */
export const GLOBAL_PHASE: ParameterRule = { entry: 1, base: 1, count: 0, controlled: { base: 1, count: 1 } };
/** Generator with eigenvalues 0 and ±1/2, as in XY. */
export const EXCHANGE: ParameterRule = { entry: 0.5, base: 0.5, count: 2, controlled: { base: 0.5, count: 2 } };
/** The axis of a rotation: the gate stands between a phase and its inverse. */
export const AXIS: ParameterRule = { entry: 1, base: 1, count: 2, controlled: { base: 1, count: 2 } };
/** The axis of a half turn, whose two phases add up. */
export const FLIP_AXIS: ParameterRule = { entry: 1, base: 2, count: 1, controlled: { base: 1, count: 2 } };
