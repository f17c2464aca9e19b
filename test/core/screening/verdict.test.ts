import { seeded } from '@qefm/quantum';
import { describe, expect, test } from 'vitest';
import type { HeadKey } from '../../../core/contracts/report.ts';
import { clustersOf } from '../../../core/math/statistics.ts';
import { headLabels, judge, judgeContrast, plannedContrasts } from '../../../core/screening/verdict.ts';

const keys = Object.keys(headLabels) as HeadKey[];
const N = 300;
const clusters = clustersOf(Array.from({ length: N }, (_, i) => `scaffold ${i % 120}`));

/** Errors that share their scatter, as heads on one split do; `excess` is added to a head's error in pK. */
function errors(excess: Partial<Record<HeadKey, number>>, ownScatter = 0.02) {
  const common = seeded(1, 'common');
  const scatter = Array.from({ length: N }, () => 0.8 * common.normal());
  return Object.fromEntries(
    keys.map((key) => {
      const own = seeded(2, key);
      return [
        key,
        Float64Array.from(scatter, (error) => (error + Math.sign(error) * (excess[key] ?? 0) + ownScatter * own.normal()) ** 2),
      ];
    }),
  ) as Record<HeadKey, Float64Array>;
}
const verdict = (excess: Partial<Record<HeadKey, number>>, depth: 'quick' | 'full', ownScatter?: number) => {
  const random = seeded(3, 'bootstrap');
  return judge({
    depth,
    squaredErrors: errors({ 'quantum-shuffled': 0.1, ...excess }, ownScatter),
    clusters,
    random: () => random.uniform(),
    draws: 500,
  });
};

describe('judge', () => {
  test('finds a head worse that errs by 0.15 pK more, in a quick audit too', () => {
    for (const depth of ['quick', 'full'] as const) {
      const { verdict: word, contrasts, sentences } = verdict({ quantum: 0.15 }, depth);
      expect(word).toBe('worse');
      expect(contrasts.every(({ verdict: each }) => each === 'worse')).toBe(true);
      expect(sentences.join(' ')).toContain('It is worse than: no head');
    }
  });

  test('finds better only in a full audit, and calls it undecided in a quick one', () => {
    const rivals = Object.fromEntries(plannedContrasts.map((key) => [key, 0.2]));
    expect(verdict(rivals, 'full').verdict).toBe('better');
    const quick = verdict(rivals, 'quick');
    expect(quick.verdict).toBe('undecided');
    expect(quick.sentences.join(' ')).toContain('never better or equivalent');
  });

  test('finds equal heads equivalent in a full audit and undecided in a quick one', () => {
    expect(verdict({}, 'full').verdict).toBe('equivalent');
    expect(verdict({}, 'quick').verdict).toBe('undecided');
  });

  test('does not call a head better that beats only one twin', () => {
    expect(verdict({ ridge: 0.2, quantum: 0 }, 'full').verdict).toBe('equivalent');
  });

  test('is undecided when the heads scatter too much, and says how many compounds would do', () => {
    const { verdict: word, moleculesNeeded, sentences } = verdict({ quantum: 0.02 }, 'full', 0.9);
    expect(word).toBe('undecided');
    expect(moleculesNeeded).toBeGreaterThan(300);
    expect(sentences.join(' ')).toContain(`about ${moleculesNeeded} compounds`);
  });

  test('warns when shuffled labels beat the mean', () => {
    const leaking = verdict({ 'quantum-shuffled': -0.3 }, 'quick');
    expect(leaking.shuffledCheckPassed).toBe(false);
    expect(leaking.sentences.at(-1)).toContain('split leaks');
    expect(verdict({}, 'quick').shuffledCheckPassed).toBe(true);
  });

  test('puts the RMSE itself between the ends of its interval and corrects every p upwards', () => {
    const { rmsePk, contrasts } = verdict({ quantum: 0.02 }, 'full');
    for (const key of keys) {
      const { value, low, high } = rmsePk[key];
      expect(low!).toBeLessThan(value);
      expect(high!).toBeGreaterThan(value);
    }
    for (const { pValue, pHolm } of contrasts) expect(pHolm).toBeGreaterThanOrEqual(pValue);
    expect(contrasts.map(({ against }) => against)).toEqual([...plannedContrasts]);
  });

  test('refuses errors of another number of compounds', () => {
    expect(() =>
      judge({ depth: 'quick', squaredErrors: { ...errors({}), ridge: new Float64Array(3) }, clusters, random: () => 0.5 }),
    ).toThrow('ridge: errors of 300 test compounds are wanted, found 3');
  });
});

describe('judgeContrast', () => {
  test.each([
    [0.02, 0.2, 0.01, 'full', 'worse'],
    [0.02, 0.2, 0.2, 'full', 'undecided'],
    [-0.2, -0.02, 0.01, 'full', 'better'],
    [-0.2, -0.02, 0.01, 'quick', 'undecided'],
    [0.01, 0.04, 0.001, 'full', 'equivalent'],
    [0.01, 0.04, 0.001, 'quick', 'undecided'],
    [-0.1, 0.1, 0.9, 'full', 'undecided'],
  ] as const)('calls [%d, %d] with p %d in a %s audit %s', (low, high, p, depth, word) => {
    expect(judgeContrast({ value: (low + high) / 2, low, high }, p, depth)).toBe(word);
  });
  test('decides nothing without an interval', () => {
    expect(judgeContrast({ value: 1, low: null, high: null }, 0, 'full')).toBe('undecided');
  });
});
