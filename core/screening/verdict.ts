/**
 * What may be said about the quantum head: paired bootstrap over scaffolds, Holm's correction over the planned comparisons, and an equivalence
 * bound. A quick audit has too few seeds and splits to find the head better or equivalent; it may only find it worse, or say nothing.
 */
import type { Contrast, HeadKey, Interval, VerdictWord } from '../contracts/report.ts';
import {
  bootstrapPValue,
  type Clusters,
  clusterBootstrap,
  holm,
  percentileInterval,
  sampleSize,
  standardDeviation,
  weightedRmse,
} from '../math/statistics.ts';

export const EQUIVALENCE_BOUND_PK = 0.05;
const SIGNIFICANCE = 0.05;

/** Rivals of the trained head, in the order of the page: four classical twins, then two controls of the circuit itself. */
export const classicalTwins = ['mean', 'ridge', 'mlp', 'quadratic'] as const satisfies readonly HeadKey[];
export const circuitControls = ['quantum-no-entanglers', 'quantum-frozen'] as const satisfies readonly HeadKey[];
export const plannedContrasts = [...classicalTwins, ...circuitControls] as const;

export const headLabels: Record<HeadKey, string> = {
  mean: 'No head (classical alone)',
  ridge: 'Ridge',
  mlp: 'MLP of similar size',
  quadratic: 'Quadratic form, rank 2',
  'quantum-no-entanglers': 'Quantum, no entanglers',
  'quantum-frozen': 'Quantum, frozen at random',
  quantum: 'Quantum, trained',
  'quantum-shuffled': 'Quantum, shuffled labels',
};

export interface VerdictRequest {
  depth: 'quick' | 'full';
  /** Squared error of each test compound, averaged over seeds (and splits), by head [N]. */
  squaredErrors: Record<HeadKey, Float64Array>;
  /** Scaffolds of the test compounds. */
  clusters: Clusters;
  random: () => number;
  draws?: number;
  confidence?: number;
}

export interface Verdict {
  rmsePk: Record<HeadKey, Interval>;
  contrasts: Contrast[];
  verdict: VerdictWord;
  sentences: string[];
  moleculesNeeded: number | null;
  shuffledCheckPassed: boolean;
  bootstrapDraws: number;
}

/** One comparison from its interval and corrected p. Equivalence comes first: a difference inside the bound does not matter, however certain. */
export function judgeContrast({ low, high }: Interval, pHolm: number, depth: 'quick' | 'full'): VerdictWord {
  if (low === null || high === null) return 'undecided';
  if (low > -EQUIVALENCE_BOUND_PK && high < EQUIVALENCE_BOUND_PK) return depth === 'full' ? 'equivalent' : 'undecided';
  if (pHolm >= SIGNIFICANCE) return 'undecided';
  if (low > 0) return 'worse';
  return high < 0 && depth === 'full' ? 'better' : 'undecided';
}

/** The head as a whole: worse than one classical twin is worse; better needs all of them; equivalent needs the best of them. */
export function judgeHead(contrasts: readonly Contrast[], rmsePk: Record<HeadKey, Interval>): VerdictWord {
  const word = (key: HeadKey) => contrasts.find(({ against }) => against === key)?.verdict ?? 'undecided';
  const words = classicalTwins.map(word);
  if (words.includes('worse')) return 'worse';
  if (words.every((each) => each === 'better')) return 'better';
  return word(bestTwin(rmsePk)) === 'equivalent' ? 'equivalent' : 'undecided';
}

function bestTwin(rmsePk: Record<HeadKey, Interval>): (typeof classicalTwins)[number] {
  return classicalTwins.reduce((best, key) => (rmsePk[key].value < rmsePk[best].value ? key : best));
}

const sayError = (interval: Interval): string =>
  interval.low === null || interval.high === null
    ? `${interval.value.toFixed(3)} pK (no interval)`
    : `${interval.value.toFixed(3)} pK [${interval.low.toFixed(3)}, ${interval.high.toFixed(3)}]`;

function sentencesOf(
  verdict: Omit<Verdict, 'sentences' | 'bootstrapDraws'>,
  depth: 'quick' | 'full',
  compounds: number,
  scaffolds: number,
): string[] {
  const { rmsePk, contrasts, moleculesNeeded, shuffledCheckPassed } = verdict;
  const twin = bestTwin(rmsePk);
  const named = (word: VerdictWord) =>
    contrasts.filter((contrast) => contrast.verdict === word).map(({ label }) => label.toLowerCase());
  const sentences = [
    `On ${compounds} test compounds of ${scaffolds} scaffolds the trained quantum head errs by ${sayError(rmsePk.quantum)}; the best classical twin (${headLabels[twin].toLowerCase()}) by ${sayError(rmsePk[twin])}.`,
  ];
  for (const [word, phrase] of [
    ['worse', 'It is worse than'],
    ['better', 'It is better than'],
    ['equivalent', `It is equivalent (within ±${EQUIVALENCE_BOUND_PK} pK) to`],
  ] as const) {
    const names = named(word);
    if (names.length > 0) sentences.push(`${phrase}: ${names.join(', ')}.`);
  }
  const open = named('undecided');
  if (open.length > 0) sentences.push(`Undecided against: ${open.join(', ')}.`);
  if (depth === 'quick') sentences.push('This is a quick audit: it may find the head worse, never better or equivalent.');
  if (moleculesNeeded !== null) {
    sentences.push(
      `To show a gain of ${EQUIVALENCE_BOUND_PK} pK over that twin one would need about ${moleculesNeeded} compounds.`,
    );
  }
  if (!shuffledCheckPassed) {
    sentences.push(
      'Warning: the head trained on shuffled labels beats the mean, so the split leaks and no number of this audit should be trusted.',
    );
  }
  return sentences;
}

/** Judges the trained quantum head. Throws RangeError when heads were tested on different numbers of compounds. */
export function judge(request: VerdictRequest): Verdict {
  const { depth, squaredErrors, clusters, random, draws = 2000, confidence = 0.95 } = request;
  const keys = Object.keys(squaredErrors) as HeadKey[];
  for (const key of keys) {
    if (squaredErrors[key].length !== clusters.of.length) {
      throw new RangeError(
        `${key}: errors of ${clusters.of.length} test compounds are wanted, found ${squaredErrors[key].length}`,
      );
    }
  }
  const samples = clusterBootstrap(clusters, draws, random, (weights) =>
    keys.map((key) => weightedRmse(squaredErrors[key], weights)),
  );
  const drawsOf = (key: HeadKey): Float64Array => samples[keys.indexOf(key)]!;
  const interval = (value: number, values: Float64Array): Interval => {
    const range = percentileInterval(values, confidence);
    return { value, low: range?.low ?? null, high: range?.high ?? null };
  };
  const rmsePk = Object.fromEntries(keys.map((key) => [key, interval(weightedRmse(squaredErrors[key]), drawsOf(key))])) as Record<
    HeadKey,
    Interval
  >;

  const differences = plannedContrasts.map((against) => {
    const rival = drawsOf(against);
    const values = drawsOf('quantum').map((value, i) => value - rival[i]!);
    return {
      against,
      pValue: bootstrapPValue(values),
      differencePk: interval(rmsePk.quantum.value - rmsePk[against].value, values),
    };
  });
  const corrected = holm(differences.map(({ pValue }) => pValue));
  const contrasts = differences.map(
    ({ against, pValue, differencePk }, i): Contrast => ({
      against,
      label: headLabels[against],
      differencePk,
      pValue,
      pHolm: corrected[i]!,
      verdict: judgeContrast(differencePk, corrected[i]!, depth),
    }),
  );

  const twin = bestTwin(rmsePk);
  const scale = rmsePk.quantum.value + rmsePk[twin].value;
  // A difference of squared errors becomes one of RMSE when divided by the sum of both RMSE.
  const sd = standardDeviation(squaredErrors.quantum.map((value, i) => (value - squaredErrors[twin][i]!) / scale));
  const shuffledGain = drawsOf('quantum-shuffled').map((value, i) => value - drawsOf('mean')[i]!);
  const shuffledRange = percentileInterval(shuffledGain, confidence);
  const partial = {
    rmsePk,
    contrasts,
    verdict: judgeHead(contrasts, rmsePk),
    moleculesNeeded: sd > 0 ? sampleSize(sd, EQUIVALENCE_BOUND_PK) : null,
    shuffledCheckPassed: shuffledRange === null || shuffledRange.high >= 0,
  };
  return { ...partial, bootstrapDraws: draws, sentences: sentencesOf(partial, depth, clusters.of.length, clusters.count) };
}
