/** The comparisons with Lightning and Aer without either: stand-ins that answer rightly, wrongly, or in another convention. */

import { describe, expect, test, vi } from 'vitest';
import {
  buildCircuit,
  isUnitary,
  type NoiseOperation,
  type Operation,
  seeded,
  simulateDensity,
  trace,
} from '../../quantum/index.ts';
import { compareExact, type ExactCase, type PeerAnswer } from '../peers/exact-peer.ts';
import { missingFeatures } from '../peers/features.ts';
import { GRADIENT_FEATURES, gradientCase } from '../peers/gradient-peer.ts';
import { NOISE_FEATURES, noiseCase } from '../peers/noise-peer.ts';
import { randomKraus, randomUnitary } from '../peers/random-circuit.ts';
import { printReport } from '../peers/report.ts';

const SEED = 7;
/** A quarter of what test/peers/run.ts does by itself. */
const CASES = 500;

type CaseAt = (seed: number, index: number) => ExactCase;

/** The report of a run against `answer`, which is given our numbers. */
function compareWith(caseAt: CaseAt, programs: number, answer: (values: readonly number[], question: object) => PeerAnswer) {
  const cases = Array.from({ length: programs }, (_, index) => caseAt(SEED, index));
  const ask = async (question: object) => answer(cases.find((one) => one.question === question)!.ours(), question);
  return compareExact({ programs, caseAt: (index) => cases[index]!, ask });
}

describe.each([
  ['gradients', gradientCase, GRADIENT_FEATURES],
  ['noise', noiseCase, NOISE_FEATURES],
] as const)('random cases of %s', (_, caseAt, list) => {
  test('use every feature of the list, and are the same for the same seed', () => {
    const cases = Array.from({ length: CASES }, (_, index) => caseAt(SEED, index));
    expect(missingFeatures(new Set(cases.flatMap((one) => one.features)), list)).toEqual([]);
    expect(caseAt(SEED, 12).question).toEqual(cases[12]!.question);
    expect(caseAt(SEED + 1, 12).question).not.toEqual(cases[12]!.question);
  });

  test('agree with a peer that says the same, and tell the largest difference', async () => {
    const report = await compareWith(caseAt, 20, (values) => ({ values: values.map((value) => value + 5e-11) }));
    expect(report.problems).toEqual([]);
    expect(report.largest).toBeGreaterThan(4e-11);
    expect(report.largest).toBeLessThan(6e-11);
  });

  test('disagree over one number, a number too few, a refusal and what is no number', async () => {
    const wrong: ((values: readonly number[]) => PeerAnswer)[] = [
      (values) => ({ values: values.map((value, i) => (i === values.length - 1 ? value + 2e-10 : value)) }),
      (values) => ({ values: values.slice(1) }),
      () => ({ error: 'no such gate' }),
      (values) => ({ values: values.map(() => Number.NaN) }),
    ];
    for (const answer of wrong) expect((await compareWith(caseAt, 5, answer)).problems).toHaveLength(5);
    const refused = await compareWith(caseAt, 1, () => ({ error: 'no such gate' }));
    expect(refused.problems[0]).toMatchObject({
      problem: 'the peer refuses: no such gate',
      source: expect.stringContaining('OPENQASM'),
    });
  });
});

/** A peer with a convention of its own for some channels. */
function noisePeer(
  convention: (noise: NoiseOperation) => NoiseOperation,
): (values: readonly number[], question: object) => PeerAnswer {
  return (_, question) => {
    const { qubits, operations } = (question as { circuit: { qubits: number; operations: readonly Operation[] } }).circuit;
    const circuit = buildCircuit(qubits, (builder) => {
      for (const operation of operations) {
        if (operation.kind !== 'noise') builder.append(operation);
        else {
          const { kraus, ...noise } = operation;
          const matrices = kraus?.map((matrix) => Float64Array.from(matrix));
          builder.append(convention(matrices === undefined ? noise : { ...noise, kraus: matrices }));
        }
      }
    });
    return { values: Array.from(simulateDensity(circuit)) };
  };
}

describe('a comparison of noise', () => {
  const cases = Array.from({ length: 80 }, (_, index) => noiseCase(SEED, index));

  test('agrees where the conventions are the same', async () => {
    expect(
      (
        await compareWith(
          noiseCase,
          80,
          noisePeer((noise) => noise),
        )
      ).problems,
    ).toEqual([]);
  });

  test.each<[string, (noise: NoiseOperation) => NoiseOperation]>([
    ['depolarizing', (noise) => ({ ...noise, probabilities: noise.probabilities.map((p) => p * 0.75) })],
    ['two_qubit_depolarizing', (noise) => ({ ...noise, probabilities: noise.probabilities.map((p) => (p * 15) / 16) })],
    [
      'generalized_amplitude_damping',
      (noise) => ({ ...noise, probabilities: [noise.probabilities[0]!, 1 - noise.probabilities[1]!] }),
    ],
    ['kraus', (noise) => ({ ...noise, targets: [...noise.targets].reverse() })],
  ])('shows another convention of %s, and only there', async (channel, other) => {
    const report = await compareWith(
      noiseCase,
      80,
      noisePeer((noise) => (noise.channel === channel ? other(noise) : noise)),
    );
    const feature = channel === 'kraus' ? 'kraus on two qubits' : `noise ${channel}`;
    const having = cases.flatMap((one, index) => (one.features.includes(feature) ? [index] : []));
    const found = report.problems.map(({ index }) => index);
    expect(found.filter((index) => !having.includes(index))).toEqual([]);
    // Strength 0 and what mixes fully later on hide a few.
    expect(found.length).toBeGreaterThan(0.6 * having.length);
  });
});

describe('a report', () => {
  test('fails for a feature in no program, for one that the list lacks, and for a disagreement', () => {
    const said = vi.spyOn(console, 'log').mockImplementation(() => {});
    const features = new Map([['a', 1]]);
    const good = { programs: 1, features, problems: [], largest: 0 };
    const bad = { ...good, problems: [{ index: 0, problem: 'wrong', source: '' }] };
    expect(printReport('trial', SEED, good, ['a'])).toBe(true);
    expect(printReport('trial', SEED, good, ['a', 'b'])).toBe(false);
    expect(printReport('trial', SEED, good, [])).toBe(false);
    expect(printReport('trial', SEED, bad, ['a'])).toBe(false);
    expect(said.mock.calls.flat().filter((line) => /is in no program/.test(line))).toHaveLength(2);
    said.mockRestore();
  });
});

describe('random matrices', () => {
  test('are unitary, and Kraus operators keep the trace', () => {
    const random = seeded(SEED, 'matrices');
    for (const qubits of [1, 2]) {
      expect(isUnitary(randomUnitary(random, qubits), 1e-13)).toBe(true);
      const targets = [0, 1].slice(0, qubits);
      const circuit = buildCircuit(2, (builder) => {
        builder.gate('h', [0]);
        builder.noise('kraus', targets, [], randomKraus(random, qubits, 3));
      });
      expect(Math.abs(trace(simulateDensity(circuit)) - 1)).toBeLessThan(1e-13);
    }
  });
});
