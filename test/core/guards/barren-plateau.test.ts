import { type Random, seeded } from '@qefm/quantum';
import { describe, expect, test } from 'vitest';
import { encodeLatent, latentEncoding } from '../../../core/encoding/amplitude.ts';
import { barrenPlateau, measurePlateau, type PlateauHead, plateauHead } from '../../../core/guards/barren-plateau.ts';

const head = plateauHead({ layers: 2, entangler: 'ring' });

function inputs(qubits: number, make: (random: Random, size: number) => Float64Array): Float64Array[] {
  const random = seeded(20260823, 'inputs', qubits);
  return Array.from({ length: 64 }, () => make(random, 2 ** qubits));
}
const gaussian = (random: Random, size: number) => Float64Array.from({ length: size }, () => random.normal());
/** Square roots of a contact histogram: sparse, not negative, thinning out with distance. */
const contacts = (random: Random, size: number) =>
  Float64Array.from({ length: size }, (_, i) =>
    random.uniform() < 0.5 ? Math.sqrt(Math.exp(0.7 * random.normal() - (2 * i) / size)) : 1e-5,
  );
const light = (qubits: number, make: Parameters<typeof inputs>[1]) => {
  const random = seeded(5, 'light');
  return barrenPlateau({ qubits, head, inputs: inputs(qubits, make), random: () => random.uniform() });
};

describe('barrenPlateau', () => {
  test('shows green for contact histograms on 6 qubits', () => {
    const { decision, evidence } = light(6, contacts);
    expect(decision).toBe('pass');
    expect(evidence['medianVariance']).toBeGreaterThan(5e-3);
  });

  test('shows green for the latent vectors the product encodes', () => {
    const encoding = latentEncoding(6, 8);
    const random = seeded(9, 'latents');
    const latents = Array.from(
      { length: 64 },
      () =>
        encodeLatent(
          encoding,
          Float64Array.from({ length: 8 }, (_, j) => random.normal() / Math.sqrt(j + 1)),
        ).amplitudes,
    );
    expect(barrenPlateau({ qubits: 6, head, inputs: latents, random: () => random.uniform() }).decision).toBe('pass');
  });

  test('shows amber for Gaussian inputs on 8 qubits and says how many more shots', () => {
    const { decision, evidence, message } = light(8, gaussian);
    expect(decision).toBe('warn');
    expect(evidence['medianVariance']).toBeGreaterThan(5e-4);
    expect(evidence['medianVariance']).toBeLessThan(5e-3);
    expect(evidence['shotFactor']).toBeGreaterThan(3);
    expect(message).toContain('times the usual shots');
  });

  test('shows red for Gaussian inputs on 10 qubits', () => {
    const { decision, evidence } = light(10, gaussian);
    expect(decision).toBe('refuse');
    expect(evidence['medianVariance']).toBeLessThan(5e-4);
  });

  test('finds features of random states Haar-like, about 2^-n in variance', () => {
    const random = seeded(6, 'haar');
    const { featureVariance } = measurePlateau({ head, inputs: inputs(8, gaussian), random: () => random.uniform() }, 8);
    expect(featureVariance * 2 ** 8).toBeGreaterThan(0.7);
    expect(featureVariance * 2 ** 8).toBeLessThan(2.5);
  });

  test('refuses a slope steeper than 1.5 bits a qubit, whatever the level', () => {
    const steep: PlateauHead = {
      angles: () => 4,
      observables: (qubits) => qubits,
      evaluate: ({ qubits, theta }) => ({
        values: theta.slice(0, 4),
        thetaGradient: theta.map((angle) => angle * 2 ** (-qubits + 5)),
      }),
    };
    const random = seeded(8, 'steep');
    const { decision, evidence } = barrenPlateau({
      qubits: 4,
      head: steep,
      inputs: inputs(4, gaussian),
      random: () => random.uniform(),
    });
    expect(evidence['medianVariance']).toBeGreaterThan(5e-3);
    expect(evidence['slopeBitsPerQubit']).toBeLessThan(-1.5);
    expect(decision).toBe('refuse');
  });

  test('leaves out angles that act on nothing, and is red when none acts', () => {
    const dead: PlateauHead = {
      angles: () => 3,
      observables: (qubits) => qubits,
      evaluate: ({ theta }) => ({ values: theta, thetaGradient: new Float64Array(3) }),
    };
    const { decision, evidence } = barrenPlateau({ qubits: 4, head: dead, inputs: inputs(4, gaussian), random: () => 0.3 });
    expect(decision).toBe('refuse');
    expect(evidence['deadAngles']).toBe(3);
  });

  test('refuses to measure without an input that has any weight', () => {
    expect(() => barrenPlateau({ qubits: 4, head, inputs: [new Float64Array(16)], random: () => 0.5 })).toThrow('not all zero');
  });
});
