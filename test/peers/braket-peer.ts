/** Random programs through our run-action and through amazon-braket-default-simulator. */

import { type JsonValue, runAction } from '../../quantum/index.ts';
import { programAction, runOptions } from '../support/quantum-actions.ts';
import { chiSquareProblem, distance, meanProblem, TOLERANCE } from './compare.ts';
import type { PeerReport } from './exact-peer.ts';
import { PythonPeer } from './python-peer.ts';
import type { PeerProgram } from './random-program.ts';
import { randomProgram } from './random-program.ts';

const AHEAD = 8;

export interface Answer {
  readonly values: readonly JsonValue[];
  readonly measurements: readonly (readonly number[])[];
  readonly measuredQubits: readonly number[];
}

export function ourAnswer(program: PeerProgram): Answer {
  const action = programAction(program.source, program.inputs);
  const result = runAction(action, runOptions(program.device, program.shots)).files['results.json'] as unknown as {
    resultTypes?: { value: JsonValue }[];
    measurements?: number[][];
    measuredQubits: number[];
  };
  return {
    values: (result.resultTypes ?? []).map(({ value }) => value),
    measurements: result.measurements ?? [],
    measuredQubits: result.measuredQubits,
  };
}

/** What is wrong with an answer of ours, or null. `exact`: the peer's values of the exact ending; `sampled`: its answer to the program. */
export function problemOf(program: PeerProgram, ours: Answer, exact: Answer, sampled: Answer): string | null {
  if (distance([...ours.measuredQubits], [...sampled.measuredQubits]) > 0) {
    return `measured qubits ${sampled.measuredQubits} wanted, ${ours.measuredQubits} found`;
  }
  if (program.shots === 0) {
    const found = distance([...ours.values], [...exact.values]);
    return found <= TOLERANCE ? null : `values that differ by at most ${TOLERANCE} wanted, ${found} found`;
  }
  if (ours.measurements.length !== program.shots) return `${program.shots} shots wanted, ${ours.measurements.length} found`;
  return ours.values.length === 0 ? measurementProblem(ours, exact) : sampledProblem(ours.values, exact.values, program.shots);
}

function measurementProblem(ours: Answer, exact: Answer): string | null {
  const probabilities = exact.values[0] as number[];
  const counts = new Array<number>(probabilities.length).fill(0);
  // The peer told the probabilities with the qubits in ascending order, whatever the order of the bits.
  const columns = ours.measuredQubits.map((_, i) => i).sort((a, b) => ours.measuredQubits[a]! - ours.measuredQubits[b]!);
  for (const row of ours.measurements) {
    const place = columns.reduce((sum, column) => 2 * sum + row[column]!, 0);
    counts[place] = (counts[place] ?? 0) + 1;
  }
  if (counts.length !== probabilities.length) return `${probabilities.length} outcomes wanted, ${counts.length} found`;
  return chiSquareProblem(counts, probabilities);
}

/** Ours are sample, expectation, variance, probability; the peer's exact ones lack the sample. */
function sampledProblem(ours: readonly JsonValue[], exact: readonly JsonValue[], shots: number): string | null {
  const [samples, mean, variance, frequencies] = ours as [number[], number, number, number[]];
  const [exactMean, exactVariance, probabilities] = exact as [number, number, number[]];
  const own = samples.reduce((sum, value) => sum + value, 0) / shots;
  const ownVariance = samples.reduce((sum, value) => sum + (value - own) ** 2, 0) / shots;
  if (Math.abs(own - mean) > TOLERANCE || Math.abs(ownVariance - variance) > TOLERANCE)
    return 'mean and variance of the samples wanted';
  return (
    meanProblem(mean, exactMean, exactVariance, shots) ??
    chiSquareProblem(
      frequencies.map((share) => Math.round(share * shots)),
      probabilities,
    )
  );
}

export interface PeerRun {
  readonly python: string;
  readonly seed: number;
  readonly programs: number;
  /** For the proof that the comparison can fail: changes an answer of ours. */
  readonly spoil?: (answer: Answer, index: number) => Answer;
  readonly onProgress?: (done: number) => void;
}

export async function compareWithBraket(run: PeerRun): Promise<PeerReport> {
  const peer = new PythonPeer(run.python, 'test/peers/braket_worker.py');
  const features = new Map<string, number>();
  const problems: { index: number; problem: string; source: string }[] = [];
  let largest = 0;
  try {
    // A few questions ahead, so that both sides work at once.
    const asked: ReturnType<typeof askAbout>[] = [];
    for (let index = 0; index < run.programs; index++) {
      while (asked.length < AHEAD && index + asked.length < run.programs) {
        asked.push(askAbout(peer, randomProgram(run.seed, index + asked.length)));
      }
      const { program, answers } = asked.shift()!;
      for (const feature of program.features) features.set(feature, (features.get(feature) ?? 0) + 1);
      const ours = answerOrError(() => ourAnswer(program));
      const [exact, sampled = exact] = await answers;
      const found = 'error' in ours ? ours : (run.spoil?.(ours, index) ?? ours);
      const problem = judge(program, found, exact!, sampled!);
      if (problem !== null) problems.push({ index, problem, source: program.source });
      else if (program.shots === 0)
        largest = Math.max(largest, distance([...(found as Answer).values], [...(exact as Answer).values]));
      if ((index + 1) % 500 === 0) run.onProgress?.(index + 1);
    }
  } finally {
    peer.close();
  }
  return { programs: run.programs, features, problems, largest };
}

function askAbout(peer: PythonPeer, program: PeerProgram) {
  const { device, inputs, shots, source, exactSource } = program;
  const questions = [
    { device, inputs, shots: 0, source: exactSource },
    ...(shots > 0 ? [{ device, inputs, shots, source }] : []),
  ];
  return { program, answers: Promise.all(questions.map((question) => peer.ask<Outcome>(question))) };
}

type Outcome = Answer | { readonly error: string };

/** Both must accept every program: a refusal on either side is a gap to know of. */
function judge(program: PeerProgram, ours: Outcome, exact: Outcome, sampled: Outcome): string | null {
  if ('error' in ours) return `ours refuses: ${ours.error}`;
  if ('error' in exact) return `the peer refuses: ${exact.error}`;
  if ('error' in sampled) return `the peer refuses to sample: ${sampled.error}`;
  return problemOf(program, ours, exact, sampled);
}

function answerOrError(answer: () => Answer): Outcome {
  try {
    return answer();
  } catch (error) {
    return { error: String(error) };
  }
}
