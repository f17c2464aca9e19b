import { describe, expect, test } from 'vitest';
import {
  bitString,
  buildCircuit,
  expectations,
  frequencies,
  meansOfZ,
  pauliMasks,
  probabilities,
  sampleCounts,
  sampleIndices,
  seeded,
  simulate,
  zAndNeighbourZz,
} from '../../../quantum/index.ts';

const circuit = buildCircuit(4, (builder) => {
  for (let q = 0; q < 4; q++) builder.gate('ry', [q], [0.4 + 0.5 * q]);
  builder.gate('cnot', [0, 2]);
  builder.gate('rx', [1], [0.9]);
});
const distribution = probabilities(simulate(circuit));

describe('sampleCounts', () => {
  test('draws outcomes whose frequencies pass a chi-square test', () => {
    const shots = 200_000;
    const counts = sampleCounts(distribution, shots, seeded('sampler'));
    let chi = 0;
    counts.forEach((count, x) => {
      chi += (count - shots * distribution[x]!) ** 2 / (shots * distribution[x]!);
    });
    // 15 degrees of freedom: mean 15, deviation 5.5; 40 has odds below one in a thousand, and the seed is fixed.
    expect(chi).toBeLessThan(40);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(shots);
  });

  test('never draws what has no probability', () => {
    const counts = sampleCounts(Float64Array.of(0, 0.5, 0, 0.5), 10_000, seeded(1));
    expect([counts[0], counts[2]]).toEqual([0, 0]);
  });

  test('repeats itself for equal seeds', () => {
    expect(sampleIndices(distribution, 50, seeded(3))).toEqual(sampleIndices(distribution, 50, seeded(3)));
  });

  test('refuses what is no distribution', () => {
    expect(() => sampleCounts(Float64Array.of(0.5, 0.4), 1, seeded(1))).toThrow(/sum to 1 wanted/);
    expect(() => sampleCounts(Float64Array.of(1.5, -0.5), 1, seeded(1))).toThrow(/at least 0/);
    expect(() => sampleCounts(Float64Array.of(1), 0.5, seeded(1))).toThrow(/whole number of shots/);
  });
});

describe('meansOfZ', () => {
  const strings = zAndNeighbourZz(4);
  const masks = strings.map((term) => pauliMasks(term, 4).zMask);

  test('finds the exact means from the exact distribution', () => {
    const exact = expectations(simulate(circuit), strings);
    meansOfZ(distribution, masks).forEach((mean, i) => {
      expect(mean).toBeCloseTo(exact[i]!, 13);
    });
  });

  test('finds the means from counts within five standard errors', () => {
    const shots = 20_000;
    const measured = meansOfZ(frequencies(sampleCounts(distribution, shots, seeded('means'))), masks);
    const exact = meansOfZ(distribution, masks);
    measured.forEach((mean, i) => {
      expect(Math.abs(mean - exact[i]!)).toBeLessThan(5 * Math.sqrt((1 - exact[i]! ** 2) / shots));
    });
  });
});

test('bitString writes qubit 0 first', () => {
  expect(bitString(4, 3)).toBe('100');
  expect(bitString(1, 3)).toBe('001');
});
