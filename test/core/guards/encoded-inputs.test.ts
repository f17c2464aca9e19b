import { type Random, seeded } from '@qefm/quantum';
import { describe, expect, test } from 'vitest';
import { encodeContacts } from '../../../core/encoding/contact-state.ts';
import { encodeSequence, residuesOf, sequenceEncoding } from '../../../core/encoding/sequence-state.ts';
import { barrenPlateau, plateauHead } from '../../../core/guards/barren-plateau.ts';
import { type EncodedInputsFacts, encodedInputsLight } from '../../../core/guards/encoded-inputs.ts';
import { overEncoding } from '../../../core/guards/over-encoding.ts';
import { compileHead } from '../../../core/model/head-circuit.ts';
import { fragmentAround, readComplex } from '../encoding/posed-complex.ts';

const complex = readComplex();
/** Every heavy atom of the crystal ligand with the nearest ones to it along bonds, where they really lie: 27 fragments of one size. */
const contactsOf = (atoms: number) =>
  complex.ligand.map((_, atom) => encodeContacts(fragmentAround(complex, atom, atoms), complex.pocket).amplitudes);
const contacts = contactsOf(12);

/** Variance of <Z_i> over the inputs at the same angles, its mean over qubits and 20 draws of the angles. */
function varianceOverInputs(inputs: Float64Array[], layers: number): number {
  const model = compileHead({ qubits: 6, layers, entangler: 'ring' });
  const variances = Array.from({ length: 20 }, (_, draw) => {
    const theta = seeded(draw, 'angles').fillNormal(new Float64Array(model.parameters), 0.1 * Math.PI);
    const values = inputs.map((input) => model.expectations(theta, input));
    return [0, 1, 2, 3, 4, 5].map((qubit) => {
      const mean = values.reduce((sum, value) => sum + value[qubit]!, 0) / values.length;
      return values.reduce((sum, value) => sum + (value[qubit]! - mean) ** 2, 0) / (values.length - 1);
    });
  }).flat();
  return variances.reduce((a, b) => a + b) / variances.length;
}

function gaussian(qubits: number): Float64Array[] {
  const random = seeded(20261130, 'gaussian', qubits);
  return Array.from({ length: 64 }, () => random.fillNormal(new Float64Array(2 ** qubits)));
}

/** Inputs that fill all amplitudes, loaded exactly, seen by the product's own head. */
function facts(qubits: number, inputs: Float64Array[], { layers = 3, seed = 1 } = {}): EncodedInputsFacts {
  const draws: Random = seeded(seed, 'light');
  return {
    ...{ qubits, inputs, latentSize: 2 ** qubits, biasAmplitude: false, fragmentHeavyAtoms: null, loadingFidelity: 1 },
    head: plateauHead({ layers, entangler: 'ring' }),
    random: () => draws.uniform(),
  };
}

describe('encodedInputsLight', () => {
  test('check 7: is red for Gaussian inputs on 10 qubits, and each of the two guards says so alone', () => {
    for (const layers of [2, 4]) {
      const asked = facts(10, gaussian(10), { layers });
      const { light, guards } = encodedInputsLight(asked);
      expect(light).toBe('red');
      expect(guards.map(({ guard, decision }) => [guard, decision])).toEqual([
        ['over-encoding', 'refuse'],
        ['barren-plateau', 'refuse'],
      ]);
      expect(guards[1].evidence['medianVariance']).toBeLessThan(5e-4);
    }
  });

  test('check 7: is amber for Gaussian inputs on 8 qubits', () => {
    const { light, guards } = encodedInputsLight(facts(8, gaussian(8)));
    expect(light).toBe('amber');
    expect(guards.map(({ decision }) => decision)).toEqual(['pass', 'warn']);
  });

  test('check 7: is green for contact states of real geometry on 6 qubits, at every depth the product uses and for other draws', () => {
    for (const atoms of [3, 6, 12]) {
      const inputs = contactsOf(atoms);
      for (const layers of [2, 3, 4]) {
        for (const seed of [1, 2]) {
          const { light, guards } = encodedInputsLight({ ...facts(6, inputs, { layers, seed }), fragmentHeavyAtoms: atoms });
          expect(light, guards.map(({ message }) => message).join(' ')).toBe('green');
          expect(guards[1].evidence['medianVariance']).toBeGreaterThan(5e-3);
        }
      }
    }
  });

  test('check 7: is green for contact states whose features vary with the input alone by more than 4 / 2^n', () => {
    for (const layers of [2, 3, 4]) expect(varianceOverInputs(contactsOf(6), layers)).toBeGreaterThan(4 / 64);
  });

  test('check 7: is green for the whole ligand in its pocket, the angles alone being drawn', () => {
    const whole = encodeContacts(complex.ligand, complex.pocket).amplitudes;
    expect(encodedInputsLight(facts(6, [whole])).light).toBe('green');
  });

  test('is amber for eight residues of a pocket on 8 qubits, signed and spread as they are', () => {
    const encoding = sequenceEncoding(3);
    const sequence = complex.residues.map(({ letter }) => letter).join('');
    const windows = Array.from({ length: sequence.length - 7 }, (_, at) => residuesOf(sequence.slice(at, at + 8)));
    const inputs = windows.map((residues) => encodeSequence(encoding, residues).amplitudes);
    for (const seed of [1, 2, 3]) {
      const { light, guards } = encodedInputsLight(facts(8, inputs, { seed }));
      expect(light).toBe('amber');
      expect(guards[1].evidence['shotFactor']).toBeLessThan(4);
    }
  });

  test('is red where a fragment is too large or the state is not the one that was meant', () => {
    expect(encodedInputsLight({ ...facts(6, contacts), fragmentHeavyAtoms: 13 }).light).toBe('red');
    expect(encodedInputsLight({ ...facts(6, contacts), loadingFidelity: 0.89 }).light).toBe('red');
  });

  test('is the worse of the two guards on the same facts', () => {
    const { guards } = encodedInputsLight(facts(6, contacts));
    expect(guards).toEqual([overEncoding(facts(6, contacts)), barrenPlateau(facts(6, contacts))]);
  });

  test('refuses inputs that are not made for these qubits, with their place', () => {
    expect(() => encodedInputsLight(facts(6, [...contacts, new Float64Array(32).fill(1)]))).toThrow(
      'input 28 of 28: wanted 64 finite amplitudes for 6 qubits, found 32',
    );
    expect(() => encodedInputsLight(facts(6, [new Float64Array(64).fill(Number.NaN)]))).toThrow(/input 1 of 1: wanted 64 finite/);
    expect(() => encodedInputsLight(facts(6, []))).toThrow(/not all zero/);
  });
});

describe('overEncoding', () => {
  const of = (latentSize: number, biasAmplitude?: boolean) =>
    overEncoding({
      ...{ qubits: 6, latentSize, fragmentHeavyAtoms: null, loadingFidelity: 1 },
      ...(biasAmplitude === undefined ? {} : { biasAmplitude }),
    });

  test('lets numbers without a bias fill all amplitudes, and with one all but the first', () => {
    expect(of(64, false).decision).toBe('pass');
    expect(of(64, false).message).not.toContain('bias');
    expect(of(65, false).decision).toBe('refuse');
    expect(of(63).decision).toBe('pass');
    expect(of(64).decision).toBe('refuse');
    expect(of(64, true).message).toContain('which hold 63');
  });
});
