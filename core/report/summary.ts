/** The report in plain words: the verdict first, then the honest sentence, then the numbers that carry it. */
import type { Bill, ReportFacts, ScorerKey, ScreeningRow } from '../contracts/report.ts';
import { scorerLabels } from './names.ts';
import { count, formatUsd, interval, percent, plural } from './numbers.ts';

export interface Summary {
  /** One line, the first thing read. */
  verdict: string;
  tone: 'good' | 'plain' | 'warn' | 'bad';
  /** What nobody should read into the numbers. */
  honest: string;
  points: string[];
}

/** Money that one stage drew. */
export const stagePriceMicroUsd = (bill: Bill, wanted: 'train' | 'refine'): number =>
  bill.lines.reduce((sum, { stage, drawnMicroUsd }) => (stage === wanted ? sum + drawnMicroUsd : sum), 0);

/** Money that the quantum part drew, training and refinement together. */
export const quantumPriceMicroUsd = (bill: Bill): number =>
  stagePriceMicroUsd(bill, 'train') + stagePriceMicroUsd(bill, 'refine');

/** The price to print beside every quantum figure. */
export function quantumPriceWords(bill: Bill): string {
  const price = formatUsd(quantumPriceMicroUsd(bill));
  return bill.charged === 'emulated' ? `${price} of device time (emulated, nothing was charged)` : `${price} of device time`;
}

/** True when the quantum head took at least one training step in this run. */
export function headWasTrained({ training }: Pick<ReportFacts, 'training'>): boolean {
  return training?.points.some(({ step, trainLoss }) => step > 0 && trainLoss !== null) ?? false;
}

const verdictLines = {
  better: 'The quantum head predicts better than each of its classical twins.',
  equivalent: 'The quantum head is equivalent to its best classical twin: it neither helps nor harms.',
  worse: 'The quantum head predicts worse than a classical twin of its size. Use the classical ranking.',
  undecided: 'Whether the quantum head helps is undecided: the data do not tell it from its classical twins.',
} as const;

export const findScorer = (facts: ReportFacts, key: ScorerKey): ScreeningRow | undefined =>
  facts.headline?.scorers.find(({ scorer }) => scorer === key);

function verdictOf(facts: ReportFacts): Pick<Summary, 'verdict' | 'tone'> {
  const { outcome, reasons, audit, ranking, bill } = facts;
  const why = reasons.map(({ message }) => message).join(' ');
  if (outcome === 'PLANNED') {
    const total = bill.plan === null ? null : formatUsd(bill.plan.totalMicroUsd);
    return {
      verdict: total === null ? 'Planned only: nothing was run.' : `Planned only: nothing was run. The run would cost ${total}.`,
      tone: 'plain',
    };
  }
  if (outcome === 'FAILED') return { verdict: `The run failed. ${why || 'No reason was recorded.'}`, tone: 'bad' };
  const head =
    audit !== null
      ? verdictLines[audit.verdict]
      : headWasTrained(facts)
        ? 'The quantum head was not audited in this run, so nothing is claimed for it.'
        : ranking !== null
          ? 'No quantum head was trained; the ranking is the classical model’s.'
          : 'No ranking was reached.';
  // One line a cause is for the list below; here its name is enough.
  const missing = [...new Set(reasons.map(({ code }) => code.toLowerCase().replaceAll('_', ' ')))].join(', ');
  if (outcome === 'PARTIAL')
    return { verdict: `${head} The run is incomplete (${missing || 'no reason was recorded'}); see below.`, tone: 'warn' };
  return { verdict: head, tone: audit?.verdict === 'better' ? 'good' : 'plain' };
}

function honestSentence(facts: ReportFacts): string {
  const { outcome, question, quantum, audit } = facts;
  if (outcome === 'PLANNED')
    return 'Every amount below is an estimate from planned work and dated prices; no compound was scored and no circuit was run.';
  if (outcome === 'FAILED')
    return 'No ranking of this run should be used. What was done until it failed is below, with what it cost.';
  const sentences: string[] = [];
  if (question !== null) {
    sentences.push(
      question.qubits <= 12
        ? `${question.qubits} qubits are simulated exactly by any laptop, so a head of this size cannot have a quantum advantage; the run measures whether it earns its place.`
        : `A circuit of ${question.qubits} qubits was used; an advantage is claimed only where the comparison below shows it.`,
    );
  }
  if (audit?.depth === 'quick') sentences.push('The audit is the quick one: it may find the head worse, never better.');
  if (quantum !== null && !quantum.deviceAllowed) {
    sentences.push(
      quantum.deviceUsed === null
        ? 'A guard stopped the refinement of the top before any circuit ran.'
        : 'A guard blocked paid devices: circuits ran on the exact simulator only.',
    );
  }
  return sentences.join(' ');
}

function screeningPoints(facts: ReportFacts): string[] {
  const { headline, bill } = facts;
  if (headline === null) return [];
  const points: string[] = [];
  const rho = headline.scorers.flatMap(({ scorer, spearman }) =>
    spearman === null ? [] : [`${scorerLabels[scorer]} ${interval(spearman)}`],
  );
  if (rho.length > 0) {
    points.push(`Rank correlation (Spearman) within the ${count(headline.measuredCount)} measured compounds: ${rho.join('; ')}.`);
  }
  const classical = findScorer(facts, 'classical')?.enrichmentAt1Percent;
  const hybrid = findScorer(facts, 'hybrid')?.enrichmentAt1Percent;
  if (classical && hybrid) {
    points.push(
      `Enrichment in the top 1 % of ${count(headline.libraryCount)}: classical ${interval(classical, 1)}, hybrid ${interval(hybrid, 1)} times chance; the quantum part took ${quantumPriceWords(bill)}.`,
    );
  }
  return points;
}

/** Planned cost of stages that reserve nothing and are not metered, such as the Lambdas themselves. */
export function unmeteredMicroUsd({ lines }: Bill): number {
  return lines.reduce(
    (sum, line) => (line.reservedMicroUsd === 0 && line.drawnMicroUsd === 0 ? sum + line.plannedMicroUsd : sum),
    0,
  );
}

function billPoint(bill: Bill): string {
  const drawn = formatUsd(bill.lines.reduce((sum, line) => sum + line.drawnMicroUsd, 0));
  const unmetered = unmeteredMicroUsd(bill);
  const rest = unmetered === 0 ? '' : `, besides ${formatUsd(unmetered)} planned for stages that are not metered`;
  return bill.charged === 'emulated'
    ? `The bill at the cloud's prices would be ${drawn}${rest}; the run was local and nothing was charged.`
    : `The run cost ${drawn} of a budget of ${formatUsd(bill.budgetMicroUsd)}${rest}.`;
}

/** Says in words what the run found, whatever its outcome. */
export function summarise(facts: ReportFacts): Summary {
  const { library, labelledCount, ranking, dynamics, bill, rejectedLibrary } = facts;
  const points = screeningPoints(facts);
  if (library !== null) {
    const learned =
      labelledCount === null ? '' : `, scored by a model that learned from ${plural(labelledCount, 'labelled compound')}`;
    points.push(
      library.accepted + library.rejected === 0
        ? `The library has ${plural(library.rows, 'row')}; none of them was encoded.`
        : `${plural(library.accepted, 'compound')} of ${plural(library.rows, 'row')} in the library${learned}; ${plural(rejectedLibrary?.total ?? library.rejected, 'row')} rejected and ${plural(library.duplicates, 'duplicate')} merged.`,
    );
  }
  if (ranking !== null) {
    const doubtful = ranking.rows.filter(({ outOfDomain }) => outOfDomain).length;
    if (doubtful > 0) {
      points.push(
        `${percent(doubtful / ranking.rows.length)} of the ${count(ranking.rows.length)} compounds shown lie outside the model's domain: read their numbers as guesses.`,
      );
    }
  }
  if (dynamics !== null) points.push(dynamics.statement);
  if (facts.outcome !== 'PLANNED') points.push(billPoint(bill));
  return { ...verdictOf(facts), honest: honestSentence(facts), points };
}
