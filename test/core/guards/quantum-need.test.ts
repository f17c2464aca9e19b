import { describe, expect, test } from 'vitest';
import { GuardDecision } from '../../../core/contracts/artifacts.ts';
import {
  decideQuantum,
  firstRefusal,
  labelGuard,
  overEncoding,
  type QuantumNeedFacts,
  quantumNeed,
} from '../../../core/guards/index.ts';

const good: QuantumNeedFacts = {
  task: 'affinity',
  hasStructure: true,
  classicalRmsePk: 0.84,
  assayNoisePk: 0.5,
  multireference: null,
  deviceCostMicroUsd: 0,
  budgetMicroUsd: 1_000_000,
  loadingLight: 'pass',
  plateauLight: 'pass',
  labelledCount: 1361,
};
const refusals = (changes: Partial<QuantumNeedFacts>) =>
  quantumNeed({ ...good, ...changes })
    .filter(({ decision }) => decision === 'refuse')
    .map(({ guard }) => guard);

describe('quantumNeed', () => {
  test('refuses nothing for an affinity with structure, labels and room above the noise', () => {
    expect(refusals({})).toEqual([]);
    for (const decision of quantumNeed(good)) GuardDecision.parse(decision);
  });

  test('asks in a fixed order', () => {
    expect(quantumNeed(good).map(({ guard }) => guard)).toEqual([
      'quantum-need/task',
      'quantum-need/noise-floor',
      'quantum-need/multireference',
      'quantum-need/price',
      'quantum-need/trainable',
      'quantum-need/labels',
    ]);
    const worst = quantumNeed({
      ...good,
      task: 'property',
      classicalRmsePk: 0.4,
      labelledCount: 3,
      deviceCostMicroUsd: 9e6,
      plateauLight: 'refuse',
    });
    expect(firstRefusal(worst)?.guard).toBe('quantum-need/task');
    expect(worst.filter(({ decision }) => decision === 'refuse')).toHaveLength(5);
  });

  test('refuses a property and only warns for an affinity without a structure', () => {
    expect(refusals({ task: 'property' })).toEqual(['quantum-need/task']);
    expect(refusals({ task: 'property', hasStructure: false })).toEqual(['quantum-need/task']);
    expect(quantumNeed({ ...good, hasStructure: false })[0]!.decision).toBe('warn');
  });

  test('refuses at 0.1 above the noise of the assay and not beyond', () => {
    expect(refusals({ classicalRmsePk: 0.6 })).toEqual(['quantum-need/noise-floor']);
    expect(refusals({ classicalRmsePk: 0.601 })).toEqual([]);
    expect(quantumNeed({ ...good, classicalRmsePk: 0.55 })[1]!.message).toContain('0.55 pK');
  });

  test('refuses a molecule that one determinant describes, and no other', () => {
    const single = { t1Diagnostic: 0.011, naturalOccupations: [1.99, 1.985, 0.012], gapEv: 8.2 };
    expect(refusals({ multireference: single })).toEqual(['quantum-need/multireference']);
    expect(refusals({ multireference: { ...single, naturalOccupations: [1.99, 1.4, 0.6] } })).toEqual([]);
    expect(refusals({ multireference: { ...single, gapEv: 2 } })).toEqual([]);
    expect(refusals({ multireference: { ...single, t1Diagnostic: 0.03 } })).toEqual([]);
  });

  test('refuses circuits dearer than the budget, with both numbers', () => {
    const [, , , price] = quantumNeed({ ...good, deviceCostMicroUsd: 33_000_000, budgetMicroUsd: 5_000_000 });
    expect(price!.decision).toBe('refuse');
    expect(price!.message).toContain('$33.00');
    expect(price!.message).toContain('$5.00');
  });

  test('refuses on a red light and not on an amber one', () => {
    expect(refusals({ plateauLight: 'refuse' })).toEqual(['quantum-need/trainable']);
    expect(refusals({ loadingLight: 'refuse' })).toEqual(['quantum-need/trainable']);
    expect(refusals({ plateauLight: 'warn' })).toEqual([]);
  });

  test('refuses 49 labels and takes 50', () => {
    expect(labelGuard({ labelledCount: 49 })).toMatchObject({ decision: 'refuse', evidence: { labelledCount: 49, minimum: 50 } });
    expect(labelGuard({ labelledCount: 50 }).decision).toBe('pass');
  });
});

describe('overEncoding', () => {
  const facts = { qubits: 6, latentSize: 8, fragmentHeavyAtoms: null, loadingFidelity: 1 };
  test.each([
    ['nine qubits', { qubits: 9 }, '9 qubits'],
    ['more numbers than amplitudes', { qubits: 4, latentSize: 16 }, 'hold 15'],
    ['a fragment of 13 heavy atoms', { fragmentHeavyAtoms: 13 }, '13 heavy atoms'],
    ['a loading fidelity below 0.90', { loadingFidelity: 0.899 }, '0.899'],
  ])('refuses %s', (_, changes, words) => {
    const decision = overEncoding({ ...facts, ...changes });
    expect(decision.decision).toBe('refuse');
    expect(decision.message).toContain(words);
  });
  test('passes what the product encodes by default', () => {
    expect(overEncoding(facts).decision).toBe('pass');
    expect(overEncoding({ qubits: 8, latentSize: 16, fragmentHeavyAtoms: 12, loadingFidelity: 0.9 }).decision).toBe('pass');
  });
});

describe('decideQuantum', () => {
  const garnet = 'arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet';
  const refused = quantumNeed({ ...good, labelledCount: 60, classicalRmsePk: 0.5 });

  test('lets the device run when nobody refuses', () => {
    expect(decideQuantum({ purpose: 'discovery', device: garnet, guards: quantumNeed(good) })).toMatchObject({
      deviceAllowed: true,
      deviceUsed: garnet,
    });
  });

  test('blocks the paid device of a refused discovery and runs nothing', () => {
    const decision = decideQuantum({ purpose: 'discovery', device: garnet, guards: refused });
    expect(decision).toMatchObject({ deviceAllowed: false, deviceUsed: null });
    expect(decision.reason).toContain('noise-floor');
    expect(decision.reason).toContain('nothing is spent');
  });

  test('runs a refused audit on the free simulator and prints the refusal', () => {
    const decision = decideQuantum({ purpose: 'audit', device: garnet, guards: refused });
    expect(decision).toMatchObject({ deviceAllowed: false, deviceUsed: 'lambda' });
    expect(decision.reason).toContain('0.50 pK');
    expect(decision.guards).toHaveLength(refused.length);
  });

  test('moves a refused audit off a simulator that is paid by the minute', () => {
    const sv1 = 'arn:aws:braket:::device/quantum-simulator/amazon/sv1';
    expect(decideQuantum({ purpose: 'audit', device: sv1, guards: refused }).deviceUsed).toBe('lambda');
  });

  test('runs nothing where no head was trained, in an audit too', () => {
    const few = quantumNeed({ ...good, labelledCount: 20 });
    expect(decideQuantum({ purpose: 'audit', device: 'lambda', guards: few, headTrained: false }).deviceUsed).toBeNull();
    expect(
      decideQuantum({ purpose: 'audit', device: 'lambda', guards: quantumNeed(good), headTrained: false }).deviceUsed,
    ).toBeNull();
  });

  test('counts the other refusals in its reason', () => {
    const many = quantumNeed({ ...good, labelledCount: 20, classicalRmsePk: 0.5, plateauLight: 'refuse' });
    expect(decideQuantum({ purpose: 'discovery', device: 'lambda', guards: many }).reason).toContain('and 2 more refusals');
  });
});
