import { seeded } from '@qefm/quantum';
import { describe, expect, test } from 'vitest';
import { HeadAudit } from '../../../core/contracts/report.ts';
import type { Matrix } from '../../../core/math/linalg.ts';
import { trainHead } from '../../../core/model/heads.ts';
import { type AuditRows, auditHeads, type TrainHead } from '../../../core/screening/ablation.ts';

const COLUMNS = 6;

/** A classical model that misses a linear part of the truth: what a residual head can find. */
function rows(count: number, seed: number, missed = 0.6): AuditRows {
  const random = seeded(seed, 'rows');
  const values = Float64Array.from({ length: count * COLUMNS }, () => random.normal());
  const features: Matrix = { rows: count, columns: COLUMNS, values };
  const classicalPk = Float64Array.from({ length: count }, (_, i) => 6.5 + 0.5 * values[i * COLUMNS]!);
  const pK = classicalPk.map((value, i) => value + missed * values[i * COLUMNS + 1]! + 0.3 * random.normal());
  return { features, pK, relations: Array.from({ length: count }, () => '=' as const), classicalPk };
}
const scaffolds = (count: number) => Array.from({ length: count }, (_, i) => (i % 5 === 0 ? '' : `s${i % 37}`));
const head = { qubits: 6, layers: 3, latentSize: 6, steps: 60, evaluateEvery: 10 };
const base = {
  train: rows(120, 1),
  validation: rows(60, 2),
  test: rows(100, 3),
  testScaffolds: scaffolds(100),
  trainHead,
  seeds: [1, 2],
  head,
  draws: 300,
};
const audit = (changes: Partial<Parameters<typeof auditHeads>[0]> = {}) => {
  const random = seeded(11, 'audit');
  return auditHeads({ ...base, random: () => random.uniform(), ...changes });
};

describe('auditHeads', () => {
  const facts = HeadAudit.parse(audit());
  const rmse = (key: string) => facts.heads.find((each) => each.key === key)!.rmsePk.value;

  test('compares the real heads on one split: all eight, the trained one among them', () => {
    expect(facts.heads.map(({ key }) => key)).toEqual([
      'mean',
      'ridge',
      'mlp',
      'quadratic',
      'quantum-no-entanglers',
      'quantum-frozen',
      'quantum',
      'quantum-shuffled',
    ]);
    expect(facts).toMatchObject({ depth: 'quick', compounds: 100, seeds: 2, splits: 1 });
    expect(facts.contrasts).toHaveLength(6);
  });

  test('shows that ridge and the trained circuit find the missing part while shuffled labels find nothing', () => {
    expect(rmse('ridge')).toBeLessThan(0.5 * rmse('mean'));
    expect(rmse('quantum')).toBeLessThan(0.9 * rmse('mean'));
    expect(rmse('quantum-shuffled')).toBeGreaterThan(0.95 * rmse('mean'));
    expect(facts.shuffledCheckPassed).toBe(true);
  });

  test('never says better or equivalent, because it is quick', () => {
    expect(['worse', 'undecided']).toContain(facts.verdict);
    for (const { verdict } of facts.contrasts) expect(['worse', 'undecided']).toContain(verdict);
  });

  test('gives the MLP about as many numbers as the circuit', () => {
    const count = (key: string) => facts.heads.find((each) => each.key === key)!.parameterCount;
    expect(Math.abs(count('mlp') - count('quantum')) / count('quantum')).toBeLessThan(0.25);
    expect(count('quantum-frozen')).toBeLessThan(count('quantum'));
  });

  test('repeats itself bit for bit', () => {
    expect(audit()).toEqual(facts);
  });
});

describe('what auditHeads hands to the heads', () => {
  /** Predicts nothing and writes down what it was given. */
  const spy =
    (seen: { kind: string; target: number[]; seed: number }[]): TrainHead =>
    (kind, { train }, { seed }) => {
      seen.push({ kind, target: Array.from(train.target), seed });
      return {
        kind,
        parameterCount: 3,
        trainedCount: 2,
        validationRmsePk: 0,
        steps: 0,
        predict: (features, offset) => offset ?? new Float64Array(features.rows),
      };
    };

  test('shuffles the residuals for the control only, and keeps them all', () => {
    const seen: { kind: string; target: number[]; seed: number }[] = [];
    audit({ trainHead: spy(seen) });
    const residuals = (target: number[]) => target.map((value, i) => value - base.train.classicalPk[i]!).sort((a, b) => a - b);
    const plain = residuals(Array.from(base.train.pK));
    const changed = seen.filter(({ target }) => target.some((value, i) => value !== base.train.pK[i]));
    expect(changed).toHaveLength(2);
    for (const { target } of changed)
      residuals(target).forEach((value, i) => {
        expect(value).toBeCloseTo(plain[i]!, 10);
      });
  });

  test('trains every head once per seed, ridge once in all', () => {
    const seen: { kind: string; target: number[]; seed: number }[] = [];
    audit({ trainHead: spy(seen) });
    expect(seen.filter(({ kind }) => kind === 'ridge')).toHaveLength(1);
    expect(seen.filter(({ kind }) => kind === 'mlp').map(({ seed }) => seed)).toEqual([1, 2]);
  });

  test('counts exactly measured test compounds only', () => {
    const test = { ...base.test, relations: base.test.relations.map((relation, i) => (i < 40 ? ('>' as const) : relation)) };
    expect(audit({ trainHead: spy([]), test }).compounds).toBe(60);
  });

  test('refuses scaffolds of another number, no measured compound, and no seed', () => {
    expect(() => audit({ trainHead: spy([]), testScaffolds: ['a'] })).toThrow(
      '100 test compounds want as many scaffolds, found 1',
    );
    expect(() =>
      audit({ trainHead: spy([]), test: { ...base.test, relations: base.test.relations.map(() => '<' as const) } }),
    ).toThrow('found none among 100');
    expect(() => audit({ trainHead: spy([]), seeds: [] })).toThrow('at least one seed');
  });
});
