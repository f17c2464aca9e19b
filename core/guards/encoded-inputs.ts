/**
 * One traffic light on a user's own encoded inputs, whatever encoded them: too much in too few qubits, and gradients that vanish.
 * Both guards answer, so that a red light names all its reasons; the light is the worse of the two.
 */
import type { GuardDecision } from '../contracts/artifacts.ts';
import { barrenPlateau, type PlateauFacts } from './barren-plateau.ts';
import { type EncodingFacts, overEncoding } from './over-encoding.ts';

export type Light = 'green' | 'amber' | 'red';

export interface EncodedInputsFacts extends PlateauFacts, EncodingFacts {}

export interface EncodedInputsLight {
  light: Light;
  /** Over-encoding, then barren plateau. */
  guards: [GuardDecision, GuardDecision];
}

/** throws  RangeError for an input that is no vector of 2^qubits finite numbers, its place counted from 1, or where all are zero */
export function encodedInputsLight(facts: EncodedInputsFacts): EncodedInputsLight {
  const size = 2 ** facts.qubits;
  for (const [i, input] of facts.inputs.entries()) {
    if (input.length !== size || !input.every(Number.isFinite)) {
      throw new RangeError(
        `input ${i + 1} of ${facts.inputs.length}: wanted ${size} finite amplitudes for ${facts.qubits} qubits, found ${input.length}`,
      );
    }
  }
  const guards: EncodedInputsLight['guards'] = [overEncoding(facts), barrenPlateau(facts)];
  const words = guards.map(({ decision }) => decision);
  return { light: words.includes('refuse') ? 'red' : words.includes('warn') ? 'amber' : 'green', guards };
}
