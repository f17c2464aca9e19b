import { readFileSync } from 'node:fs';
import { seeded } from '@qefm/quantum';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bootstrapPValue,
  clusterBootstrap,
  clustersOf,
  enrichmentFactor,
  holm,
  kendallTauB,
  midranks,
  pearson,
  percentileInterval,
  quantile,
  rocAuc,
  sampleSize,
  screenOrder,
  screenStatistics,
  singletons,
  spearman,
  standardDeviation,
  weightedRmse,
} from '../../../core/math/statistics.ts';

interface GoldenCase {
  name: string;
  x: number[];
  y: number[];
  active: number[];
  midranks: number[];
  pearson: number;
  spearman: number;
  kendallTauB: number;
  rocAuc: number;
  quantiles: number[];
  standardDeviation: number;
}
const golden = JSON.parse(readFileSync(new URL('../../golden/statistics/scipy.json', import.meta.url), 'utf8')) as {
  cases: GoldenCase[];
};

const uniform = (seed: number) => {
  const random = seeded(seed, 'statistics-test');
  return () => random.uniform();
};

describe('rank statistics', () => {
  test.each(golden.cases)('agree with scipy on the case "$name"', (expected) => {
    const { x, y, active } = expected;
    expect(Array.from(midranks(x))).toEqual(expected.midranks);
    expect(pearson(x, y)).toBeCloseTo(expected.pearson, 12);
    expect(spearman(x, y)).toBeCloseTo(expected.spearman, 12);
    expect(kendallTauB(x, y)).toBeCloseTo(expected.kendallTauB, 12);
    expect(rocAuc(x, active)).toBeCloseTo(expected.rocAuc, 12);
    expect(standardDeviation(x)).toBeCloseTo(expected.standardDeviation, 12);
    const sorted = Float64Array.from(x).sort();
    [0, 0.025, 0.31, 0.5, 0.975, 1].forEach((q, i) => {
      expect(quantile(sorted, q)).toBeCloseTo(expected.quantiles[i]!, 12);
    });
  });

  test('count Kendall pairs as the definition does', () => {
    const small = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })), {
      minLength: 3,
      maxLength: 25,
    });
    fc.assert(
      fc.property(small, (pairs) => {
        let agreement = 0;
        let untiedX = 0;
        let untiedY = 0;
        for (let i = 0; i < pairs.length; i++) {
          for (let j = 0; j < i; j++) {
            const dx = Math.sign(pairs[i]![0] - pairs[j]![0]);
            const dy = Math.sign(pairs[i]![1] - pairs[j]![1]);
            agreement += dx * dy;
            untiedX += Math.abs(dx);
            untiedY += Math.abs(dy);
          }
        }
        const wanted = agreement / Math.sqrt(untiedX * untiedY);
        const found = kendallTauB(
          pairs.map(([a]) => a),
          pairs.map(([, b]) => b),
        );
        if (Number.isNaN(wanted)) expect(found).toBeNaN();
        else expect(found).toBeCloseTo(wanted, 12);
      }),
    );
  });

  test('are NaN for a constant and refuse series of two lengths', () => {
    expect(spearman([1, 1, 1], [1, 2, 3])).toBeNaN();
    expect(kendallTauB([1, 2, 3], [4, 4, 4])).toBeNaN();
    expect(() => pearson([1, 2], [1])).toThrow('found 2 and 1');
  });
});

describe('enrichmentFactor', () => {
  test('counts by hand: 2 of 4 actives in the first 10 of 100 are five times chance', () => {
    const scores = Array.from({ length: 100 }, (_, i) => -i);
    const active = scores.map((_, i) => [0, 5, 40, 80].includes(i));
    expect(enrichmentFactor(scores, active, 0.1)).toBeCloseTo(5, 12);
    expect(enrichmentFactor(scores, active, 0.01)).toBeCloseTo(25, 12);
    expect(enrichmentFactor(scores, active, 1)).toBeCloseTo(1, 12);
  });

  test('gives ties their expected share, whatever the order of the library', () => {
    const active = Array.from({ length: 50 }, (_, i) => i < 10);
    expect(enrichmentFactor(new Float64Array(50), active, 0.1)).toBeCloseTo(1, 12);
    expect(enrichmentFactor(new Float64Array(50), [...active].reverse(), 0.1)).toBeCloseTo(1, 12);
  });

  test('treats integer weights as copies of a compound', () => {
    const compounds = fc.array(
      fc.record({ score: fc.integer({ min: 0, max: 9 }), active: fc.boolean(), weight: fc.integer({ min: 0, max: 3 }) }),
      {
        minLength: 4,
        maxLength: 40,
      },
    );
    fc.assert(
      fc.property(compounds, (rows) => {
        const copies = rows.flatMap((row) => Array.from({ length: row.weight }, () => row));
        fc.pre(copies.some(({ active }) => active) && copies.some(({ active }) => !active));
        const weighted = screenStatistics(
          screenOrder(rows.map(({ score }) => score)),
          rows.map(({ active }) => active),
          [0.05, 0.3],
          rows.map(({ weight }) => weight),
        );
        const copied = screenStatistics(
          screenOrder(copies.map(({ score }) => score)),
          copies.map(({ active }) => active),
          [0.05, 0.3],
        );
        expect(weighted.rocAuc).toBeCloseTo(copied.rocAuc, 10);
        weighted.enrichment.forEach((value, i) => {
          expect(value).toBeCloseTo(copied.enrichment[i]!, 10);
        });
      }),
    );
  });

  test('refuses a score that is not finite', () => {
    expect(() => screenOrder([1, Number.NaN])).toThrow('found NaN at 1');
  });
});

describe('the bootstrap', () => {
  test('covers the mean of normal data about as often as it says', () => {
    const random = seeded(7, 'coverage');
    let covered = 0;
    const trials = 200;
    for (let trial = 0; trial < trials; trial++) {
      const data = Float64Array.from({ length: 60 }, () => random.normal());
      const [means] = clusterBootstrap(
        singletons(60),
        300,
        () => random.uniform(),
        (weights) => [data.reduce((sum, value, i) => sum + value * weights[i]!, 0) / 60],
      );
      const { low, high } = percentileInterval(means!, 0.9)!;
      if (low <= 0 && high >= 0) covered++;
    }
    // Binomial with p = 0.9 and 200 trials: sd 4.2; four of them either way.
    expect(covered).toBeGreaterThan(163);
    expect(covered).toBeLessThan(197);
  });

  test('draws whole clusters: items of one cluster always share their weight', () => {
    const clusters = clustersOf(['a', 'b', 'a', '', 'b', '']);
    expect(clusters.count).toBe(4);
    clusterBootstrap(clusters, 50, uniform(3), (weights) => {
      expect(weights[0]).toBe(weights[2]);
      expect(weights[1]).toBe(weights[4]);
      return [0];
    });
    expect(clusters.of[3]).not.toBe(clusters.of[5]);
  });

  test('is wider over clusters than over compounds when errors go by cluster', () => {
    const names = Array.from({ length: 80 }, (_, i) => `s${i >> 3}`);
    const errors = Float64Array.from(names, (name) => 1 + (Number(name.slice(1)) % 5));
    const width = (clusters: ReturnType<typeof clustersOf>) => {
      const [draws] = clusterBootstrap(clusters, 1000, uniform(11), (weights) => [weightedRmse(errors, weights)]);
      const { low, high } = percentileInterval(draws!)!;
      return high - low;
    };
    expect(width(clustersOf(names))).toBeGreaterThan(2 * width(singletons(80)));
  });

  test('repeats itself with the same generator', () => {
    const run = () => clusterBootstrap(singletons(10), 5, uniform(5), (weights) => [weights[0]!, weights[9]!]);
    expect(run()).toEqual(run());
  });

  test('gives a p of 1 for draws around zero, a small one for draws on one side, and never 0', () => {
    expect(bootstrapPValue([-1, 1, -2, 2])).toBe(1);
    expect(bootstrapPValue(Float64Array.from({ length: 999 }, (_, i) => i + 1))).toBeCloseTo(2 / 1000, 12);
  });

  test('gives no interval for too few or mostly undefined draws', () => {
    expect(percentileInterval([1, 2, 3])).toBeNull();
    expect(percentileInterval(Array.from({ length: 100 }, (_, i) => (i < 60 ? Number.NaN : i)))).toBeNull();
  });
});

describe('holm', () => {
  test('finds the adjusted values worked out by hand', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
  });

  test('never falls below the raw value, never above 1, and keeps the order of the raw values', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 }), (raw) => {
        const adjusted = holm(raw);
        raw.forEach((p, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p);
          expect(adjusted[i]).toBeLessThanOrEqual(1);
          raw.forEach((q, j) => {
            if (p < q) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]!);
          });
        });
      }),
    );
  });
});

test('sampleSize asks for 784 compounds to see 0.05 when differences scatter by 0.5', () => {
  expect(sampleSize(0.5)).toBe(784);
});
