/** Random cases with exact answers, ours and a peer's, held together to TOLERANCE. */

import { distance, TOLERANCE } from './compare.ts';

const AHEAD = 8;

export interface ExactCase {
  /** What the peer is asked, as JSON. */
  readonly question: object;
  readonly features: readonly string[];
  /** Our numbers, in the order in which the peer tells its own. */
  readonly ours: () => readonly number[];
  /** The case as text, for the report of a disagreement. */
  readonly source: () => string;
}

export type PeerAnswer = { readonly values: readonly number[] } | { readonly error: string };

export interface PeerReport {
  readonly programs: number;
  /** Programs by the features they use. */
  readonly features: ReadonlyMap<string, number>;
  readonly problems: readonly { readonly index: number; readonly problem: string; readonly source: string }[];
  /** Largest difference of two exact values; infinite where the lists differ in length. */
  readonly largest: number;
}

export interface ExactRun {
  readonly programs: number;
  readonly caseAt: (index: number) => ExactCase;
  readonly ask: (question: object) => Promise<PeerAnswer>;
  readonly onProgress?: (done: number) => void;
}

/** Both sides must answer every case: a refusal of either is a disagreement. */
export async function compareExact({ programs, caseAt, ask, onProgress }: ExactRun): Promise<PeerReport> {
  const features = new Map<string, number>();
  const problems: { index: number; problem: string; source: string }[] = [];
  let largest = 0;
  // A few questions ahead, so that both sides work at once.
  const asked: { one: ExactCase; answer: Promise<PeerAnswer> }[] = [];
  for (let index = 0; index < programs; index++) {
    while (asked.length < AHEAD && index + asked.length < programs) {
      const one = caseAt(index + asked.length);
      asked.push({ one, answer: ask(one.question) });
    }
    const { one, answer } = asked.shift()!;
    for (const feature of one.features) features.set(feature, (features.get(feature) ?? 0) + 1);
    const ours = answerOrError(one);
    const { problem, difference } = judge(ours, await answer);
    largest = Math.max(largest, difference);
    if (problem !== null) problems.push({ index, problem, source: one.source() });
    onProgress?.(index + 1);
  }
  return { programs, features, problems, largest };
}

function answerOrError(one: ExactCase): PeerAnswer {
  try {
    return { values: one.ours() };
  } catch (error) {
    return { error: String(error) };
  }
}

function judge(ours: PeerAnswer, theirs: PeerAnswer): { problem: string | null; difference: number } {
  if ('error' in ours) return { problem: `ours refuses: ${ours.error}`, difference: 0 };
  if ('error' in theirs) return { problem: `the peer refuses: ${theirs.error}`, difference: 0 };
  const difference = distance([...ours.values], [...theirs.values]);
  const agrees = difference <= TOLERANCE;
  return { problem: agrees ? null : `values that differ by at most ${TOLERANCE} wanted, ${difference} found`, difference };
}
