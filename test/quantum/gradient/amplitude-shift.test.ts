import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  adjoint,
  complexState,
  expectation,
  expectations,
  frequencies,
  hardwareEfficientAnsatz,
  meansOfZ,
  pauliMasks,
  planAmplitudeShift,
  planFullAmplitudeShift,
  probabilities,
  sampleCounts,
  seeded,
  simulate,
  throughNormalisation,
  zAndNeighbourZz,
} from '../../../quantum/index.ts';
import { largestDifference, randomCase, realVector } from '../../support/quantum-circuits.ts';

function normalised(vector: Float64Array): Float64Array {
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

describe('planFullAmplitudeShift', () => {
  test('agrees with the adjoint gradient on random circuits', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 3 }), fc.integer(), ({ circuit, theta, H }, seed) => {
        const x = realVector(circuit.qubits, seed).map((value) => 3.1 * value);
        const plan = planFullAmplitudeShift(x);
        const means = plan.vectors.map((vector) => [expectation(simulate(circuit, theta, complexState(vector)), H)]);
        const exact = throughNormalisation(x, adjoint(circuit, theta, H, normalised(x)).inputGradient);
        expect(largestDifference(plan.assemble(means)[0]!, exact)).toBeLessThan(1e-10);
      }),
      { numRuns: 60 },
    );
  });
});

describe('planAmplitudeShift', () => {
  const qubits = 6;
  const size = 2 ** qubits;
  const ansatz = hardwareEfficientAnsatz({ qubits, layers: 4 });
  const strings = zAndNeighbourZz(qubits);
  const random = seeded('amplitude-shift');
  const theta = random.fillNormal(new Float64Array(ansatz.parameters.length), 0.3 * Math.PI);
  // A latent state: a bias amplitude and eight directions on the others, as the affinity head loads it.
  const directions = Array.from({ length: 8 }, (_, j) =>
    Float64Array.from({ length: size }, (_v, i) =>
      i === 0 ? 0 : Math.cos((Math.PI * (j + 1) * (i - 0.5)) / (size - 1)) * Math.sqrt(2 / (size - 1)),
    ),
  );
  const latent = random.fillNormal(new Float64Array(8));
  const vectorOf = (z: Float64Array) =>
    Float64Array.from({ length: size }, (_, i) => (i === 0 ? 1 : 0) + z.reduce((sum, zj, j) => sum + zj * directions[j]![i]!, 0));
  const meansOf = (vector: Float64Array) => expectations(simulate(ansatz, theta, complexState(normalised(vector))), strings);
  const x = vectorOf(latent);
  const plan = planAmplitudeShift(x, directions);

  test('asks for sixteen circuits for eight directions, of unit norm', () => {
    expect(plan.vectors).toHaveLength(16);
    for (const vector of plan.vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 14);
  });

  test('finds the latent gradient of all twelve observables that adjoint and finite differences find', () => {
    const gradients = plan.assemble(plan.vectors.map(meansOf));
    strings.forEach((string, m) => {
      const full = throughNormalisation(x, adjoint(ansatz, theta, [string], normalised(x)).inputGradient);
      const exact = directions.map((direction) => direction.reduce((sum, b, i) => sum + b * full[i]!, 0));
      expect(largestDifference(gradients[m]!, exact)).toBeLessThan(1e-10);
    });
    directions.forEach((_, j) => {
      const shifted = (by: number) => meansOf(vectorOf(latent.map((value, i) => (i === j ? value + by : value))));
      const [plus, minus] = [shifted(1e-5), shifted(-1e-5)];
      strings.forEach((_string, m) => {
        expect(Math.abs(gradients[m]![j]! - (plus[m]! - minus[m]!) / 2e-5)).toBeLessThan(1e-6);
      });
    });
  });

  test('finds it from finite shots within its error: the z scores pass a chi-square test', () => {
    const shots = 4000;
    const masks = strings.map((string) => pauliMasks(string, qubits).zMask);
    const exact = plan.vectors.map(meansOf);
    const measured = plan.vectors.map((vector, i) => {
      const distribution = probabilities(simulate(ansatz, theta, complexState(vector)));
      return meansOfZ(frequencies(sampleCounts(distribution, shots, random.fork('shots', i))), masks);
    });
    const wanted = plan.assemble(exact);
    const found = plan.assemble(measured);
    let chi = 0;
    directions.forEach((_, j) => {
      // The scale nu / r of a direction, from the assembly of a unit difference.
      const unit = plan.vectors.map((_v, i) => [i === 2 * j ? 1 : 0]);
      const scale = plan.assemble(unit)[0]![j]!;
      strings.forEach((_string, m) => {
        const variance = (1 - exact[2 * j]![m]! ** 2 + 1 - exact[2 * j + 1]![m]! ** 2) / shots;
        chi += (found[m]![j]! - wanted[m]![j]!) ** 2 / (scale ** 2 * variance);
      });
    });
    // 96 scores, correlated within a circuit: mean 96, and with a fixed seed the sum stays well inside 96 ± 50.
    expect(chi).toBeGreaterThan(46);
    expect(chi).toBeLessThan(146);
  });

  test('gives zero along the vector itself, and the same for the opposite vector', () => {
    const along = planAmplitudeShift(x, [x]);
    expect(along.vectors).toHaveLength(0);
    const opposite = planAmplitudeShift(
      x.map((value) => -value),
      directions,
    );
    const gradients = plan.assemble(plan.vectors.map(meansOf));
    const reversed = opposite.assemble(opposite.vectors.map(meansOf));
    expect(
      largestDifference(
        reversed[0]!,
        gradients[0]!.map((value) => -value),
      ),
    ).toBeLessThan(1e-12);
  });

  test('refuses a zero vector and directions of another length', () => {
    expect(() => planAmplitudeShift([0, 0], [])).toThrow(/not zero/);
    expect(() => planAmplitudeShift([1, 0], [[1]])).toThrow(/2 numbers wanted, 1 found/);
  });
});
