/**
 * The report as one page that needs nothing else: no script, no font, no address is fetched, and the content policy forbids it.
 * The style sheet is admitted by its hash; drawings of molecules are images (their markup is never part of the page).
 */
import type { ReportFacts } from '../contracts/report.ts';
import { html, type Markup, trusted } from './markup.ts';
import { count, formatUsd, interval } from './numbers.ts';
import {
  billSection,
  guardsSection,
  manifestSection,
  questionSection,
  rejectedSection,
  timingsSection,
} from './sections-record.ts';
import { auditSection, dynamicsSection, rankingSection, screeningSection, trainingSection } from './sections-results.ts';
import { styleSheet } from './style.ts';
import { findScorer, quantumPriceWords, summarise, unmeteredMicroUsd } from './summary.ts';

export interface PageOptions {
  /** SHA-256 of UTF-8 text as 32 bytes: core has no hash of its own. */
  sha256: (text: string) => Uint8Array;
}

const outcomeTone = { SUCCEEDED: 'good', PARTIAL: 'warn', FAILED: 'bad', PLANNED: 'plain' } as const;
const outcomeWords = { SUCCEEDED: 'succeeded', PARTIAL: 'partial', FAILED: 'failed', PLANNED: 'planned only' } as const;

/** The policy of the page: nothing but this style sheet and embedded images. */
export function contentPolicy({ sha256 }: PageOptions): string {
  const hash = btoa(String.fromCharCode(...sha256(styleSheet)));
  return `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`;
}

function tiles(facts: ReportFacts): Markup | null {
  const { headline, ranking, bill, outcome } = facts;
  const tile = (what: string, big: string, more: (string | null)[]) =>
    html`<div class="tile"><p class="what">${what}</p><p class="big">${big.replace(/ \[.*$/, '')}${/\[/.test(big) && html` <small>${big.replace(/^[^[]*/, '')}</small>`}</p>${more.map((line) => line !== null && html`<p class="more">${line}</p>`)}</div>`;
  const drawn = bill.lines.reduce((sum, { drawnMicroUsd }) => sum + drawnMicroUsd, 0);
  const list: Markup[] = [];
  const classical = findScorer(facts, 'classical');
  const hybrid = findScorer(facts, 'hybrid');
  if (headline !== null && classical !== undefined) {
    if (classical.spearman !== null) {
      list.push(
        tile('Rank correlation, classical', interval(classical.spearman), [
          hybrid?.spearman ? `hybrid ${interval(hybrid.spearman)}; ${quantumPriceWords(bill)}` : null,
        ]),
      );
    }
    if (classical.enrichmentAt1Percent !== null) {
      list.push(
        tile('Enrichment in the top 1 %, classical', interval(classical.enrichmentAt1Percent, 1), [
          hybrid?.enrichmentAt1Percent ? `hybrid ${interval(hybrid.enrichmentAt1Percent, 1)}; ${quantumPriceWords(bill)}` : null,
        ]),
      );
    }
  }
  if (ranking !== null)
    list.push(tile('Compounds ranked', count(ranking.total), [`${count(ranking.selectedForRefinement)} refined`]));
  if (outcome === 'PLANNED') {
    if (bill.plan !== null)
      list.push(tile('Planned cost', formatUsd(bill.plan.totalMicroUsd), [`budget ${formatUsd(bill.budgetMicroUsd)}`]));
  } else {
    list.push(
      tile(bill.charged === 'emulated' ? 'Bill, emulated' : 'Bill', formatUsd(drawn), [
        bill.charged === 'emulated' ? 'nothing was charged' : `budget ${formatUsd(bill.budgetMicroUsd)}`,
        unmeteredMicroUsd(bill) > 0 ? `besides ${formatUsd(unmeteredMicroUsd(bill))} planned and not metered` : null,
      ]),
    );
  }
  return html`<div class="tiles">${list}</div>`;
}

function reasonsCard({ reasons, outcome }: ReportFacts): Markup | null {
  if (reasons.length === 0) return null;
  return html`<section id="reasons" aria-labelledby="reasons-heading"><h2 id="reasons-heading">${outcome === 'FAILED' ? 'Why it failed' : outcome === 'PLANNED' ? 'Why nothing was run' : outcome === 'PARTIAL' ? 'What is missing, and why' : 'Remarks'}</h2><div class="card"><ul class="reasons">${reasons.map(
    ({ code, message }) => html`<li><span class="badge ${outcomeTone[outcome]}">${code}</span><p>${message}</p></li>`,
  )}</ul></div></section>`;
}

const day = (instant: string): string => instant.replace('T', ' ').replace(/:\d\d(\.\d+)?Z$/, ' UTC');

/** The whole page as text. The facts must have come through `ReportFacts.parse`. */
export function renderReport(facts: ReportFacts, options: PageOptions): string {
  const summary = summarise(facts);
  const parts: [id: string, label: string, body: Markup | null][] = [
    ['reasons', facts.outcome === 'FAILED' ? 'Failure' : facts.outcome === 'PARTIAL' ? 'Missing' : 'Reasons', reasonsCard(facts)],
    ['question', 'Request', questionSection(facts)],
    ['screening', 'Ranking quality', screeningSection(facts)],
    ['compounds', 'Compounds', rankingSection(facts)],
    ['audit', 'Quantum head', auditSection(facts)],
    ['training', 'Training', trainingSection(facts)],
    ['guards', 'Guards', guardsSection(facts)],
    ['dynamics', 'Dynamics', dynamicsSection(facts)],
    ['rejected', 'Rows left out', rejectedSection(facts)],
    ['bill', 'Bill', billSection(facts)],
    ['timings', 'Time', timingsSection(facts)],
    ['manifest', 'Manifest', manifestSection(facts)],
  ];
  const shown = parts.filter(([, , body]) => body !== null);
  const { question, outcome, runId, campaignName, createdAt, finishedAt } = facts;
  const title = question?.title || `Campaign ${campaignName}`;
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${contentPolicy(options)}"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><title>${title} · ${outcomeWords[outcome]}</title><style>${trusted(styleSheet)}</style></head>
<body><a class="skip" href="#main">To the report</a>
<header class="top"><p class="kicker">QEFM run report</p><h1>${title}</h1><p class="meta"><span class="badge ${outcomeTone[outcome]}">${outcomeWords[outcome]}</span><span>Campaign ${campaignName}</span><span>Run <span class="mono">${runId}</span></span><span>Begun ${day(createdAt)}</span>${finishedAt !== null && html`<span>Ended ${day(finishedAt)}</span>`}</p></header>
<nav aria-label="Parts of the report"><ol>${shown.map(([id, label]) => html`<li><a href="#${id}">${label}</a></li>`)}</ol></nav>
<main id="main"><div class="card verdict ${summary.tone}"><p class="say">${summary.verdict}</p><p class="honest">${summary.honest}</p>${
    summary.points.length > 0 && html`<ul>${summary.points.map((point) => html`<li>${point}</li>`)}</ul>`
  }</div>${tiles(facts)}
${shown.map(([, , body]) => body)}
</main>
<footer><p>Predictions are hypotheses for experiments, not measurements. Written by QEFM ${facts.manifest.codeVersion}, seed ${facts.manifest.seed}, from the artifacts of run ${runId}; the same inputs give the same page.</p></footer></body></html>
`;
  return page.text;
}
