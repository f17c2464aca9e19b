import { seeded } from '@qefm/quantum';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeLatent,
  latentDirections,
  latentEncoding,
  pullbackAmplitudes,
  pullbackDirections,
} from '../../../core/encoding/amplitude.ts';
import { compileHead } from '../../../core/model/head-circuit.ts';

const encoding = latentEncoding(6, 8);
const model = compileHead({ qubits: 6, layers: 3, entangler: 'ring' });
const theta = seeded(1, 'theta').fillNormal(new Float64Array(model.parameters), 0.4);
const cotangent = seeded(1, 'cotangent').fillNormal(new Float64Array(model.observables));
const latent = fc
  .array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 8, maxLength: 8 })
  .map((z) => Float64Array.from(z));

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

/** F = sum_i cotangent_i <O_i> of an encoded latent vector. */
function F(z: Float64Array): number {
  return dot(cotangent, model.expectations(theta, encodeLatent(encoding, z).amplitudes));
}

describe('latentEncoding', () => {
  test('has orthonormal columns that leave the bias amplitude alone', () => {
    for (const [j, a] of encoding.basis.entries()) {
      expect(a[0]).toBe(0);
      for (const [k, b] of encoding.basis.entries()) expect(dot(a, b)).toBeCloseTo(j === k ? 1 : 0, 12);
    }
  });

  test('refuses more latent numbers than amplitudes, and a bias of 0', () => {
    expect(() => latentEncoding(3, 8)).toThrow(/1 to 7/);
    expect(() => latentEncoding(3, 2, 0)).toThrow(/positive/);
  });
});

describe('encodeLatent', () => {
  test('normalises, and keeps the norm sqrt(c0^2 + z.z)', () => {
    fc.assert(
      fc.property(latent, (z) => {
        const { amplitudes, norm } = encodeLatent(encoding, z);
        expect(dot(amplitudes, amplitudes)).toBeCloseTo(1, 12);
        expect(norm).toBeCloseTo(Math.sqrt(1 + dot(z, z)), 12);
        for (const [j, column] of encoding.basis.entries()) expect(norm * dot(column, amplitudes)).toBeCloseTo(z[j]!, 10);
      }),
    );
  });

  test('refuses a wrong length and a value that is not finite', () => {
    expect(() => encodeLatent(encoding, new Float64Array(7))).toThrow(/wanted 8/);
    expect(() => encodeLatent(encoding, new Float64Array(8).fill(Number.NaN))).toThrow(/finite/);
  });

  test('check 3: gives a raw head that is even and scale free to 1e-12, and the biased one neither', () => {
    const raw = (x: Float64Array) => {
      const norm = Math.sqrt(dot(x, x));
      return dot(
        cotangent,
        model.expectations(
          theta,
          x.map((value) => value / norm),
        ),
      );
    };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (seed, c) => {
        const x = seeded(seed).fillNormal(new Float64Array(64));
        expect(Math.abs(raw(x.map((value) => -value)) - raw(x))).toBeLessThan(1e-12);
        expect(Math.abs(raw(x.map((value) => c * value)) - raw(x))).toBeLessThan(1e-12);
      }),
    );
    const z = seeded(3).fillNormal(new Float64Array(8));
    expect(Math.abs(F(z.map((value) => -value)) - F(z))).toBeGreaterThan(1e-3);
    expect(Math.abs(F(z.map((value) => 2 * value)) - F(z))).toBeGreaterThan(1e-3);
  });
});

describe('latentDirections', () => {
  test('are unit vectors orthogonal to the amplitudes, even for a latent vector that drowns the bias', () => {
    for (const z of [seeded(4).fillNormal(new Float64Array(8)), Float64Array.of(1e9, 0, 0, 0, 0, 0, 0, 0)]) {
      const encoded = encodeLatent(encoding, z);
      const { directions, lengths } = latentDirections(encoding, encoded);
      for (const v of directions) {
        expect(dot(v, v)).toBeCloseTo(1, 12);
        expect(dot(v, encoded.amplitudes)).toBeCloseTo(0, 12);
      }
      expect(lengths.every((length) => length >= 0 && length <= 1 + 1e-12)).toBe(true);
    }
  });

  test('check 1: give by amplitude shift the same dF/dz as the adjoint and as finite differences', () => {
    fc.assert(
      fc.property(latent, (z) => {
        const encoded = encodeLatent(encoding, z);
        const { directions, lengths } = latentDirections(encoding, encoded);
        const shifted = (v: Float64Array, sign: number) =>
          dot(
            cotangent,
            model.expectations(
              theta,
              encoded.amplitudes.map((value, i) => (value + sign * v[i]!) * Math.SQRT1_2),
            ),
          );
        const slopes = Float64Array.from(directions, (v) => shifted(v, 1) - shifted(v, -1));
        const byShift = pullbackDirections(encoded, z, lengths, slopes, 0.7);
        const adjoint = model.pullback(theta, encoded.amplitudes, cotangent);
        const byAdjoint = pullbackAmplitudes(encoding, encoded, adjoint.amplitudes, 0.7);
        for (let j = 0; j < 8; j++) {
          expect(Math.abs(byShift[j]! - byAdjoint[j]!)).toBeLessThan(1e-10);
          const step = 1e-5;
          const moved = (sign: number) => {
            const other = z.slice();
            other[j]! += sign * step;
            return F(other) + 0.7 * encodeLatent(encoding, other).norm;
          };
          // Central differences of order step^2, with rounding of order 1e-16 / step.
          expect(Math.abs((moved(1) - moved(-1)) / (2 * step) - byShift[j]!)).toBeLessThan(1e-8);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('check 1: agree with the adjoint in all 63 directions of a 6-qubit state', () => {
    const encoded = encodeLatent(encoding, seeded(5).fillNormal(new Float64Array(8)));
    const full = latentEncoding(6, 63);
    const { directions } = latentDirections(full, encoded);
    const slopes = model.pullback(theta, encoded.amplitudes, cotangent).amplitudes;
    for (const v of directions) {
      const plus = model.expectations(
        theta,
        encoded.amplitudes.map((value, i) => (value + v[i]!) * Math.SQRT1_2),
      );
      const minus = model.expectations(
        theta,
        encoded.amplitudes.map((value, i) => (value - v[i]!) * Math.SQRT1_2),
      );
      expect(Math.abs(dot(cotangent, plus) - dot(cotangent, minus) - dot(slopes, v))).toBeLessThan(1e-10);
    }
  });
});
