import {
  amplitudeEncodingOf,
  composeCircuits,
  type JsonValue,
  meansOfZ,
  pauliMasks,
  probabilities,
  runAction,
  simulate,
} from '@qefm/quantum';
import { describe, expect, test } from 'vitest';
import { decodeTensors, encodeTensors } from '../../../core/contracts/tensors.ts';
import { headAnsatz, headReadout } from '../../../core/model/head-circuit.ts';
import { affinity, circuitsOf } from '../../../core/problems/affinity.ts';
import type { AffinityState } from '../../../core/problems/affinity-state.ts';
import {
  CircuitsHeader,
  ResultsHeader,
  readCircuits,
  readResults,
  type Target,
  writeCircuits,
  writeResults,
} from '../../../core/problems/circuit-files.ts';
import { collectBatch, type ResultFiles } from '../../../core/problems/collect.ts';
import type { CircuitBatch, CircuitResult, GradientRequest } from '../../../core/problems/problem.ts';
import { compileBatch } from '../../../core/problems/programs.ts';
import { simulateBatch } from '../../../core/problems/simulate.ts';
import { countWork, refineWork, trainWork } from '../../../core/problems/work.ts';
import { refineState, structure, trainState, withScale } from './scenario.ts';

const exact: Target = { kind: 'sv1', shots: 0, maximumExecutables: 1 };
const sampledSv1: Target = { kind: 'sv1', shots: 4000, maximumExecutables: 1 };
const programSet: Target = { kind: 'program-set', shots: 4000, maximumExecutables: 25, maximumTotalShots: 80_000 };

/** What Braket would leave in S3, task by task. */
function run(batch: CircuitBatch, target: Target, failures: Parameters<typeof runAction>[1]['failures'] = []): ResultFiles[] {
  return compileBatch(batch, target).tasks.map(({ action, shots }, index) => {
    const { files } = runAction(JSON.parse(JSON.stringify(action)), {
      device: target.kind === 'sv1' ? 'sv1' : 'qpu',
      shots,
      seed: index,
      taskId: `task-${index}`,
      deviceArn: 'arn:aws:braket:::device/quantum-simulator/amazon/sv1',
      createdAt: '2026-01-01T00:00:00Z',
      endedAt: '2026-01-01T00:00:01Z',
      failures,
    });
    return JSON.parse(JSON.stringify(files)) as ResultFiles;
  });
}

/** The two batches of a training step of 3 compounds. */
function batches(): { expectations: CircuitBatch; gradient: CircuitBatch } {
  const state: AffinityState = withScale(trainState(), 0.7);
  const first = affinity.ask(state);
  const second = affinity.ask(affinity.tell(state, simulateBatch(first)));
  return {
    expectations: { ...first, requests: first.requests.slice(0, 3) },
    gradient: { ...second, requests: second.requests.slice(0, 3) },
  };
}

function numbersOf(results: readonly CircuitResult[]): number[] {
  return results.flatMap((result) =>
    result.kind === 'expectations' ? [...result.values] : [...result.theta, ...result.directions],
  );
}

/** Variance of one measurement of F = sum_i cotangent_i O_i. */
function varianceOf(request: GradientRequest, amplitudes: Float64Array, theta: Float64Array): number {
  const state = simulate(composeCircuits(amplitudeEncodingOf(amplitudes), headAnsatz(gradient.circuit)), theta);
  const distribution = probabilities(state);
  const readout = headReadout(gradient.circuit).map((term) => pauliMasks(term, gradient.circuit.qubits).zMask);
  const mean = (power: number) =>
    distribution.reduce((sum, probability, x) => {
      const one = Float64Array.from(distribution, (_, y) => (x === y ? 1 : 0));
      const value = meansOfZ(one, readout).reduce((total, sign, i) => total + request.cotangent[i]! * sign, 0);
      return sum + probability * value ** power;
    }, 0);
  return mean(2) - mean(1) ** 2;
}

const { expectations, gradient } = batches();

describe('compileBatch and collectBatch', () => {
  test('agree with the simulator in the Lambda at zero shots, in both rounds of a step', () => {
    for (const batch of [expectations, gradient]) {
      const found = numbersOf(collectBatch(batch, compileBatch(batch, exact), run(batch, exact)));
      const wanted = numbersOf(simulateBatch(batch));
      expect(found).toHaveLength(wanted.length);
      for (const [i, value] of wanted.entries()) expect(Math.abs(found[i]! - value)).toBeLessThan(1e-10);
    }
  });

  test('lead to the same state through Braket as in the Lambda', () => {
    let lambda: AffinityState = withScale(trainState({ batch: 4 }), 0.7);
    let braket: AffinityState = lambda;
    for (let round = 0; round < 4; round++) {
      lambda = affinity.tell(lambda, simulateBatch(affinity.ask(lambda)));
      const batch = affinity.ask(braket);
      braket = affinity.tell(braket, collectBatch(batch, compileBatch(batch, exact), run(batch, exact)));
    }
    expect(lambda.iteration).toBe(2);
    for (const [i, value] of lambda.head.flat.entries()) expect(Math.abs(braket.head.flat[i]! - value)).toBeLessThan(1e-9);
    for (const [i, value] of lambda.backbone.entries()) expect(Math.abs(braket.backbone[i]! - value)).toBeLessThan(1e-9);
  });

  test.each([
    ['one task a circuit', sampledSv1],
    ['program sets', programSet],
  ] as const)('estimate mean values from counts within their standard errors: %s', (_, target) => {
    const results = collectBatch(expectations, compileBatch(expectations, target), run(expectations, target));
    const wanted = simulateBatch(expectations);
    let square = 0;
    let count = 0;
    for (const [m, result] of results.entries()) {
      const truth = wanted[m]!;
      if (result.kind !== 'expectations' || truth.kind !== 'expectations') throw new Error('expectations wanted');
      for (const [i, value] of result.values.entries()) {
        const deviation = Math.sqrt((1 - truth.values[i]! ** 2) / 4000);
        expect(result.standardErrors![i]).toBeCloseTo(deviation, 2);
        square += ((value - truth.values[i]!) / deviation) ** 2;
        count++;
      }
    }
    // Chi-square of 24 correlated z scores: mean 1, far from 0 and from 3.
    expect(square / count).toBeGreaterThan(0.2);
    expect(square / count).toBeLessThan(2.5);
  });

  test('estimate gradients whose errors are those of the shots: chi-square over 69 derivatives', () => {
    const results = collectBatch(gradient, compileBatch(gradient, programSet), run(gradient, programSet));
    const wanted = simulateBatch(gradient);
    let square = 0;
    let count = 0;
    for (const [m, request] of gradient.requests.entries()) {
      const found = results[m]!;
      const truth = wanted[m]!;
      if (request.kind !== 'gradient' || found.kind !== 'gradient' || truth.kind !== 'gradient')
        throw new Error('gradients wanted');
      const { theta } = gradient.circuit;
      for (const [p, slope] of found.theta.entries()) {
        const shifted = (sign: number) => theta.map((angle, q) => (q === p ? angle + (sign * Math.PI) / 2 : angle));
        const deviation = Math.sqrt(
          (varianceOf(request, request.amplitudes, shifted(1)) + varianceOf(request, request.amplitudes, shifted(-1))) / 4 / 4000,
        );
        // The final RZ of a qubit may have no say in Z: then slope and noise of the pair are what they are.
        square += ((slope - truth.theta[p]!) / deviation) ** 2;
        count++;
      }
      for (const [j, slope] of found.directions.entries()) {
        const moved = (sign: number) =>
          request.amplitudes.map((value, i) => (value + sign * request.directions[j]![i]!) * Math.SQRT1_2);
        const deviation = Math.sqrt((varianceOf(request, moved(1), theta) + varianceOf(request, moved(-1), theta)) / 4000);
        square += ((slope - truth.directions[j]!) / deviation) ** 2;
        count++;
      }
    }
    expect(count).toBe(69);
    // Mean 1 with a standard error of sqrt(2 / 69) = 0.17.
    expect(square / count).toBeGreaterThan(0.5);
    expect(square / count).toBeLessThan(1.6);
  });

  test('split program sets by the device, with the shots divisible among the executables', () => {
    const { tasks } = compileBatch(gradient, programSet);
    // 80,000 shots of a set allow 20 circuits of 4,000.
    expect(tasks.map(({ circuits }) => circuits.length)).toEqual([20, 20, 20, 20, 20, 20, 18]);
    for (const task of tasks) expect(task.shots).toBe(4000 * task.circuits.length);
    expect(tasks[0]!.requestIndices).toEqual([0]);
    expect(tasks[2]!.requestIndices).toEqual([0, 1]);
    expect(() => compileBatch(expectations, { ...programSet, maximumTotalShots: 100 })).toThrow(/exceed the device's 100/);
  });

  test('name the executable that failed, the file that is missing and the value that is no number', () => {
    const compiled = compileBatch(expectations, programSet);
    const failed = run(expectations, programSet, [{ programIndex: 0, inputsIndex: 1, failureReason: 'qubit 3 is tired' }]);
    expect(() => collectBatch(expectations, compiled, failed)).toThrow(/task 0, executable 1: qubit 3 is tired/);
    const files = run(expectations, programSet);
    const { 'programs/0/executables/2.json': _, ...rest } = files[0]!;
    expect(() => collectBatch(expectations, compiled, [rest])).toThrow(/programs\/0\/executables\/2.json is missing/);
    expect(() => collectBatch(expectations, compiled, [])).toThrow(/results of 1 tasks wanted, found 0/);

    const exactFiles = run(expectations, exact);
    const broken = structuredClone(exactFiles) as { 'results.json': { resultTypes: { value: JsonValue }[] } }[];
    broken[1]!['results.json'].resultTypes[4]!.value = null;
    expect(() => collectBatch(expectations, compileBatch(expectations, exact), broken as unknown as ResultFiles[])).toThrow(
      /task 1: a result is missing or not a finite number/,
    );
    expect(() => collectBatch(expectations, compileBatch(expectations, exact), [{}, {}, {}])).toThrow(/task 0: results.json/);
  });

  test('read probabilities in place of measurements, and qubits in any order', () => {
    const one = { ...expectations, requests: expectations.requests.slice(0, 1) };
    const target: Target = { kind: 'sv1', shots: 100, maximumExecutables: 1 };
    // Qubit 0 reads 1 always, the rest 0; the columns stand in reverse.
    const files = { 'results.json': { measurementProbabilities: { '0001': 1 }, measuredQubits: [3, 2, 1, 0] } };
    const [result] = collectBatch(one, compileBatch(one, target), [files]);
    if (result?.kind !== 'expectations') throw new Error('expectations wanted');
    expect([...result.values]).toEqual([-1, 1, 1, 1, -1, 1, 1, -1]);
    expect([...result.standardErrors!]).toEqual(new Array(8).fill(0));
    const wrong = { 'results.json': { measurementProbabilities: { '0001': 0.5 }, measuredQubits: [3, 2, 1, 0] } };
    expect(() => collectBatch(one, compileBatch(one, target), [wrong])).toThrow(/probabilities that sum to 0.5/);
  });

  test('refuse vectors that do not fit the circuit', () => {
    const short = { ...expectations, requests: [{ kind: 'expectations' as const, amplitudes: new Float64Array(8) }] };
    expect(() => compileBatch(short, exact)).toThrow(/request 0: vectors of 16 amplitudes wanted/);
    const angles = { ...expectations, circuit: { ...expectations.circuit, theta: new Float64Array(3) } };
    expect(() => compileBatch(angles, exact)).toThrow(/wants 20 angles, found 3/);
    expect(() => simulateBatch(angles)).toThrow(/wants 20 angles, found 3/);
  });
});

describe('countWork', () => {
  test.each([
    ['exact', exact],
    ['program sets', programSet],
    ['one task a circuit', sampledSv1],
  ] as const)('predicts tasks, circuits and shots of a whole stage: %s', (_, target) => {
    const tally = (state: AffinityState) => {
      const total = { tasks: 0, executables: 0, shots: 0 };
      for (let current = state; !affinity.done(current); ) {
        const batch = affinity.ask(current);
        const { tasks } = compileBatch(batch, target);
        total.tasks += tasks.length;
        total.executables += tasks.reduce((sum, { circuits }) => sum + circuits.length, 0);
        total.shots += tasks.reduce((sum, { shots }) => sum + shots, 0);
        current = affinity.tell(current, simulateBatch(batch));
      }
      return total;
    };
    for (const learning of [{ steps: 2 }, { steps: 1, trainAngles: false, directions: 2 }, { steps: 0 }]) {
      const refine = refineState(learning);
      expect(countWork(refineWork(structure, refine.settings, 6), target)).toEqual(tally(refine));
    }
    // 168 training compounds in batches of 12: every batch is full.
    const train = trainState({ steps: 2, batch: 12 });
    expect(countWork(trainWork(structure, train.settings, 168), target)).toEqual(tally(train));
  });

  test('counts on a sampling device what the problem itself counts', () => {
    expect(compileBatch(gradient, programSet).tasks.flatMap(({ circuits }) => circuits)).toHaveLength(circuitsOf(gradient));
  });
});

describe('circuit files', () => {
  test('carry a batch and its results without loss', () => {
    for (const batch of [expectations, gradient]) {
      const written = writeCircuits(batch, programSet);
      const { header, tensors } = decodeTensors(encodeTensors(written.header, written.tensors));
      expect(readCircuits({ header: CircuitsHeader.parse(header), tensors })).toEqual({ batch, target: programSet });
      const results = collectBatch(batch, compileBatch(batch, programSet), run(batch, programSet));
      const file = writeResults(results, { circuits: 'a'.repeat(64), tasks: 1, shots: 4000, circuitsRun: 3 });
      const back = decodeTensors(encodeTensors(file.header, file.tensors));
      expect(readResults({ header: ResultsHeader.parse(back.header), tensors: back.tensors })).toEqual(results);
    }
  });
});
