import { describe, expect, test } from 'vitest';
import { ReportFacts, type ReportFactsInput } from '../../../core/contracts/report.ts';
import { quantumPriceMicroUsd, quantumPriceWords, summarise, unmeteredMicroUsd } from '../../../core/report/summary.ts';
import { sampleFacts } from './sample-facts.ts';

const summaryOf = (changes: Partial<ReportFactsInput> = {}) => summarise(ReportFacts.parse({ ...sampleFacts(), ...changes }));

describe('summarise', () => {
  test.each([
    ['worse', 'Use the classical ranking'],
    ['equivalent', 'neither helps nor harms'],
    ['better', 'better than each of its classical twins'],
    ['undecided', 'undecided'],
  ] as const)('words the verdict %s', (verdict, words) => {
    expect(summaryOf({ audit: { ...sampleFacts().audit!, verdict } }).verdict).toContain(words);
  });

  test('claims nothing for a head that was not audited', () => {
    expect(summaryOf({ audit: null }).verdict).toContain('nothing is claimed');
  });

  test('says when no head was trained, and that a guard stopped the refinement', () => {
    const training = {
      ...sampleFacts().training!,
      points: [{ step: 0, trainLoss: null, validationLoss: 0.8, gradientVariance: null }],
    };
    const { verdict, honest } = summaryOf({ audit: null, training, quantum: { ...sampleFacts().quantum!, deviceUsed: null } });
    expect(verdict).toContain('No quantum head was trained');
    expect(honest).toContain('A guard stopped the refinement');
  });

  test('tells a head that was trained and not audited from one that was not trained', () => {
    expect(summaryOf({ audit: null, quantum: { ...sampleFacts().quantum!, deviceUsed: null } }).verdict).toContain(
      'nothing is claimed',
    );
  });

  test('has words for a run that ended before its campaign could be read', () => {
    const { verdict } = summaryOf({
      outcome: 'FAILED',
      question: null,
      reasons: [{ code: 'INVALID_CAMPAIGN', message: 'quantum.qubits: at most 8.' }],
    });
    expect(verdict).toBe('The run failed. quantum.qubits: at most 8.');
  });

  test('denies an advantage for sizes that a laptop simulates', () => {
    expect(summaryOf().honest).toContain('6 qubits are simulated exactly');
    expect(summaryOf().honest).toContain('may find the head worse, never better');
  });

  test('puts the dynamics statement among the points, word for word', () => {
    expect(summaryOf().points).toContain(sampleFacts().dynamics!.statement);
  });

  test('says in a charged run what was drawn of the budget', () => {
    const facts = sampleFacts();
    expect(summaryOf({ bill: { ...facts.bill, charged: 'charged' } }).points.at(-1)).toBe(
      'The run cost $0.121 of a budget of $35.00.',
    );
    expect(summaryOf().points.at(-1)).toContain('nothing was charged');
  });
});

test('a stage that reserves nothing is named as not metered, with its plan', () => {
  const { bill } = sampleFacts();
  const lines = bill.lines.map((line) =>
    line.stage === 'serverless' ? { ...line, reservedMicroUsd: 0, drawnMicroUsd: 0, settledMicroUsd: null } : line,
  );
  expect(unmeteredMicroUsd({ ...bill, lines })).toBe(3042);
  expect(summaryOf({ bill: { ...bill, lines } }).points.at(-1)).toContain(
    '$0.118, besides $0.003042 planned for stages that are not metered',
  );
});

test('a library of which no row was encoded is not called empty of rejects', () => {
  const library = { rows: 5000, accepted: 0, rejected: 0, duplicates: 0, shards: 5 };
  expect(summaryOf({ library }).points.join(' ')).toContain('none of them was encoded');
});

test('the price of the quantum part is what training and refinement drew', () => {
  const { bill } = ReportFacts.parse(sampleFacts());
  expect(quantumPriceMicroUsd(bill)).toBe(118_000);
  expect(quantumPriceWords(bill)).toBe('$0.118 of device time (emulated, nothing was charged)');
});
