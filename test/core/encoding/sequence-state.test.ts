import {
  amplitudeEncodingOf,
  complexState,
  fidelity,
  marginal,
  probabilities as quantumProbabilities,
  seeded,
  simulate,
} from '@qefm/quantum';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  chargeAtPh7,
  hydropathy,
  residueLetters,
  residueScales,
  sideChainCharge,
  volume,
} from '../../../core/encoding/residues.ts';
import {
  composition,
  decodeSequence,
  encodeSequence,
  residueProbabilities,
  residuesOf,
  sequenceEncoding,
  type WeightedResidue,
} from '../../../core/encoding/sequence-state.ts';
import { readComplex } from './posed-complex.ts';

const encoding = sequenceEncoding(3);
const letter = fc.constantFrom(...residueLetters);
const weighted = fc.array(fc.record({ letter, weight: fc.double({ min: 1e-3, max: 1e3, noNaN: true }) }), {
  minLength: 1,
  maxLength: 8,
});

function overlap(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

const encode = (residues: readonly WeightedResidue[]) => encodeSequence(encoding, residues).amplitudes;

describe('residueScales', () => {
  test('hold what their sources say: extremes, equal entries, signs', () => {
    const of = ({ values }: { values: readonly number[] }, letters: string) =>
      [...letters].map((l) => values[residueLetters.indexOf(l)]);
    for (const { values, source } of residueScales) {
      expect(values).toHaveLength(20);
      expect(values.every(Number.isFinite)).toBe(true);
      expect(source).toMatch(/doi 10\./);
    }
    expect([Math.max(...hydropathy.values), Math.min(...hydropathy.values)]).toEqual(of(hydropathy, 'IR'));
    expect(new Set(of(hydropathy, 'NDQE'))).toEqual(new Set([-3.5]));
    expect([Math.min(...volume.values), Math.max(...volume.values)]).toEqual(of(volume, 'GW'));
    expect(of(volume, 'I')).toEqual(of(volume, 'L'));
    const [D, E, K, R, H, C, A] = of(chargeAtPh7, 'DEKRHCA') as [number, number, number, number, number, number, number];
    for (const charge of [-D, -E, K, R]) expect(charge).toBeGreaterThan(0.99);
    expect(H).toBeCloseTo(0.257, 3);
    expect(C).toBeCloseTo(-0.027, 3);
    expect(A).toBe(0);
  });

  test('have charges of one half where the pH is the pK', () => {
    expect(sideChainCharge('D', 3.9)).toBe(-0.5);
    expect(sideChainCharge('H', 6.54)).toBe(0.5);
  });
});

describe('encodeSequence', () => {
  test('gives letters, weights and descriptors back to 1e-12 for random sequences', () => {
    fc.assert(
      fc.property(weighted, (residues) => {
        const decoded = decodeSequence(encoding, encodeSequence(encoding, residues));
        expect(decoded.map((one) => one.letter)).toEqual(residues.map((one) => one.letter));
        for (const [p, { weight, descriptors }] of decoded.entries()) {
          expect(Math.abs(weight / residues[p]!.weight - 1)).toBeLessThan(1e-12);
          const at = residueLetters.indexOf(residues[p]!.letter);
          for (const [d, { values }] of residueScales.entries()) {
            expect(Math.abs(descriptors[d]! - values[at]!)).toBeLessThan(1e-12 * Math.max(...values.map(Math.abs)));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('has norm 1, and r^2 is the sum of the weights', () => {
    fc.assert(
      fc.property(weighted, (residues) => {
        const { amplitudes, norm } = encodeSequence(encoding, residues);
        expect(Math.abs(overlap(amplitudes, amplitudes) - 1)).toBeLessThan(1e-12);
        const total = residues.reduce((sum, { weight }) => sum + weight, 0);
        expect(Math.abs(norm ** 2 / total - 1)).toBeLessThan(1e-12);
      }),
    );
  });

  test('puts the position on the first qubits and the residue on the last five', () => {
    expect(encoding.qubits).toBe(8);
    for (const [p, one] of [...'WDK'].entries()) {
      const amplitudes = encode(residuesOf('WDK'));
      const block = amplitudes.slice(32 * p, 32 * (p + 1));
      expect(block.indexOf(Math.max(...block.slice(0, 20)))).toBe(residueLetters.indexOf(one));
      expect(overlap(block, block)).toBeCloseTo(1 / 3, 12);
      expect(block.slice(20 + residueScales.length).every((value) => value === 0)).toBe(true);
    }
    expect(
      encode(residuesOf('WDK'))
        .slice(96)
        .every((value) => value === 0),
    ).toBe(true);
  });

  test('keeps the signs of the scales and is loaded by its circuit with a fidelity of 1 to 1e-12', () => {
    const amplitudes = encode(residuesOf('DKWGILEN'));
    expect(amplitudes.some((value) => value < 0)).toBe(true);
    const loaded = simulate(amplitudeEncodingOf(amplitudes));
    expect(Math.abs(fidelity(loaded, complexState(amplitudes)) - 1)).toBeLessThan(1e-12);
    const back = decodeSequence(encoding, {
      amplitudes: Float64Array.from(amplitudes, (_, i) => loaded[2 * i]!),
      norm: Math.sqrt(8),
    });
    expect(back.map((one) => one.letter).join('')).toBe('DKWGILEN');
  });

  test('has overlaps of alike residues above those of unlike ones', () => {
    const of = (a: string, b: string) => overlap(encode(residuesOf(a)), encode(residuesOf(b)));
    expect(of('I', 'V')).toBeGreaterThan(of('I', 'D'));
    expect(of('D', 'E')).toBeGreaterThan(of('D', 'K'));
    expect(of('D', 'F')).toBeLessThan(0);
  });

  test('feels the order: a shuffled sequence has the fidelity of its residues, place by place, and the same composition', () => {
    fc.assert(
      fc.property(weighted, fc.integer({ min: 0, max: 2 ** 31 - 1 }), (residues, seed) => {
        const shuffled = seeded(seed).shuffled(residues);
        const total = residues.reduce((sum, { weight }) => sum + weight, 0);
        const phi = (one: string) => encoding.residues[residueLetters.indexOf(one)]!;
        const expected = residues.reduce((sum, { letter: one, weight }, p) => {
          const other = shuffled[p]!;
          return sum + (Math.sqrt(weight * other.weight) / total) * overlap(phi(one), phi(other.letter));
        }, 0);
        const found = overlap(encode(residues), encode(shuffled));
        expect(Math.abs(found - expected)).toBeLessThan(1e-12);
        // Weights alone may differ in their last bit, which a fidelity does not see; another letter it always does.
        const sameLetters = residues.every(({ letter: one }, p) => one === shuffled[p]!.letter);
        if (!sameLetters) expect(found ** 2).toBeLessThan(1 - 1e-12);
        for (const [i, share] of composition(residues).entries()) expect(composition(shuffled)[i]).toBeCloseTo(share, 12);
      }),
      { numRuns: 200 },
    );
  });

  test('tells the residues around a real inhibitor from their shuffles, which composition cannot', () => {
    const { ligand, residues } = readComplex();
    const near = residues
      .map(({ letter: one, atoms }, place) => {
        const distances = atoms.flatMap((a) => ligand.map((b) => Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z)));
        return { letter: one, weight: distances.filter((d) => d < 4.5).length, place };
      })
      .sort((a, b) => b.weight - a.weight)
      .slice(0, 8)
      .sort((a, b) => a.place - b.place)
      .map(({ letter: one, weight }) => ({ letter: one, weight }));
    expect(near).toHaveLength(8);
    expect(near.map((one) => one.letter)).toContain('D');
    const fidelities = Array.from({ length: 50 }, (_, i) => overlap(encode(near), encode(seeded(i).shuffled(near))) ** 2);
    const mean = fidelities.reduce((a, b) => a + b) / 50;
    expect(mean).toBeLessThan(0.5);
  });

  test('loses the order where the position register is not looked at: what is left is the composition', () => {
    fc.assert(
      fc.property(weighted, (residues) => {
        const amplitudes = encode(residues);
        const probabilities = residueProbabilities(amplitudes);
        for (const [i, share] of composition(residues).entries()) {
          expect(Math.abs(probabilities[i]! - share * encoding.residues[i]![i]! ** 2)).toBeLessThan(1e-12);
        }
        const measured = marginal(quantumProbabilities(complexState(amplitudes)), [3, 4, 5, 6, 7]);
        for (let i = 0; i < 32; i++) expect(Math.abs(measured[i]! - probabilities[i]!)).toBeLessThan(1e-12);
      }),
      { numRuns: 50 },
    );
  });

  test('refuses letters that are no amino acid, with their place', () => {
    for (const bad of ['B', 'a', '-', '*', ' ', 'é']) {
      expect(() => encodeSequence(encoding, residuesOf(`ACD${bad}F`))).toThrow(
        `residue 4 of 5: wanted one of ${residueLetters}, found "${bad}"`,
      );
    }
    expect(() => encodeSequence(encoding, [{ letter: 'AC', weight: 1 }])).toThrow(/residue 1 of 1.*"AC"/);
    expect(() => encodeSequence(encoding, [{ letter: '', weight: 1 }])).toThrow(/residue 1 of 1/);
    expect(() => composition(residuesOf('AX'))).toThrow(/residue 2 of 2/);
  });

  test('refuses no residue, too many, and weights that are not above 0', () => {
    expect(() => encodeSequence(encoding, [])).toThrow(/1 to 8 residues, found 0/);
    expect(() => encodeSequence(encoding, residuesOf('ACDEFGHIK'))).toThrow(/1 to 8 residues, found 9/);
    for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => encodeSequence(encoding, [{ letter: 'A', weight }])).toThrow(/weight above 0/);
    }
  });
});

describe('sequenceEncoding', () => {
  test('gives twenty unit vectors whose letters and scales weigh alike on average', () => {
    const norms = encoding.residues.map((state) => overlap(state, state));
    for (const norm of norms) expect(Math.abs(norm - 1)).toBeLessThan(1e-12);
    // 1 / phi_l^2 = 1 + sum_d x_d^2, whose mean over the letters is 2 by the scaling of x.
    const mean = encoding.residues.reduce((sum, state, i) => sum + 1 / state[i]! ** 2, 0) / 20;
    expect(mean).toBeCloseTo(2, 12);
  });

  test('works with no scales, where letters are orthogonal, and refuses what does not fit', () => {
    const plain = sequenceEncoding(0, []);
    expect(plain.qubits).toBe(5);
    expect(overlap(plain.residues[0]!, plain.residues[1]!)).toBe(0);
    const one = encodeSequence(plain, residuesOf('K'));
    expect(decodeSequence(plain, one)).toEqual([{ letter: 'K', weight: 1, descriptors: [] }]);
    expect(() => sequenceEncoding(-1)).toThrow(/position register/);
    expect(() =>
      sequenceEncoding(
        3,
        Array.from({ length: 13 }, () => hydropathy),
      ),
    ).toThrow(/12 scales/);
    expect(() => sequenceEncoding(3, [{ ...hydropathy, values: new Array<number>(20).fill(1) }])).toThrow(/"hydropathy"/);
  });
});

describe('decodeSequence', () => {
  test('refuses amplitudes that are no sequence, with the place', () => {
    const { amplitudes, norm } = encodeSequence(encoding, residuesOf('ACD'));
    const broken = amplitudes.slice();
    broken[32 + 7]! += 1e-3;
    expect(() => decodeSequence(encoding, { amplitudes: broken, norm })).toThrow(/residue 2/);
    const gap = amplitudes.slice().fill(0, 32, 64);
    expect(() => decodeSequence(encoding, { amplitudes: gap, norm })).toThrow(/residue 3 comes after/);
    expect(() => decodeSequence(encoding, { amplitudes: amplitudes.slice(0, 32), norm })).toThrow(/256 amplitudes/);
  });
});
