/** The parts of the page that show what was found. Each returns null when the run did not get so far. */
import type { HeadAudit, RankedCompound, ReportFacts } from '../contracts/report.ts';
import { extent } from './axes.ts';
import { html, type Insert, type Markup, svgDataUri } from './markup.ts';
import { deviceLabel, isQuantumScorer, scorerLabels } from './names.ts';
import { count, fixed, formatUsd, interval, percent, plural, short } from './numbers.ts';
import { calibrationPlot, contrastPlot, enrichmentPlot, headPlot, predictionStrip, rmsdPlot, trainingCurve } from './plots.ts';
import { headWasTrained, quantumPriceMicroUsd, quantumPriceWords, stagePriceMicroUsd } from './summary.ts';
import { RANKING_ROWS, SDF_RECORDS } from './tables.ts';

/** Rows in the page; the files beside it hold all. */
export const ROWS_SHOWN = 100;

export const section = (id: string, title: string, lead: Insert, body: Insert): Markup =>
  html`<section id="${id}" aria-labelledby="${id}-heading"><h2 id="${id}-heading">${title}</h2>${lead !== null && html`<p class="lead">${lead}</p>`}${body}</section>`;

export const pairs = (entries: Iterable<readonly [string, Insert]>): Markup =>
  html`<dl class="pairs">${[...entries].map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;

export function screeningSection(facts: ReportFacts): Markup | null {
  const { headline, bill } = facts;
  if (headline === null) return null;
  const {
    scorers,
    measuredCount,
    measuredScaffolds,
    activeCount,
    activeFromPk,
    libraryCount,
    quantity,
    bootstrapDraws,
    confidence,
  } = headline;
  const cell = (value: Parameters<typeof interval>[0] | null, digits: number) =>
    html`<td class="n">${value === null ? html`<span class="none">none</span>` : interval(value, digits)}</td>`;
  const table = html`<div class="wide"><table><caption>Each number with its ${percent(confidence)} interval from ${count(bootstrapDraws)} bootstrap draws${measuredScaffolds === null ? ' of compounds' : `: the ${plural(measuredScaffolds, 'scaffold')} of the measured compounds are drawn whole, since analogues are no independent evidence, the other compounds one by one`}; the same draws for every row. The nearest assay neighbour's pK is drawn towards the assay's mean by how little the two resemble each other. Device price: the hybrid's training; for the refined row its training and refinement.</caption>
<thead><tr><th scope="col">Ranked by</th><th scope="col" class="n">Spearman</th><th scope="col" class="n">Kendall τ-b</th><th scope="col" class="n">Enrichment 1 %</th><th scope="col" class="n">Enrichment 5 %</th><th scope="col" class="n">ROC AUC</th><th scope="col" class="n">Inside 90 % interval</th><th scope="col" class="n">Device price</th></tr></thead><tbody>${scorers.map(
    ({ scorer, spearman, kendall, enrichmentAt1Percent, enrichmentAt5Percent, rocAuc, coverage }) =>
      html`<tr class="${isQuantumScorer(scorer) ? 'quantum' : 'plain'}"><th scope="row">${scorerLabels[scorer]}</th>${cell(spearman, 2)}${cell(kendall, 2)}${cell(enrichmentAt1Percent, 1)}${cell(enrichmentAt5Percent, 1)}${cell(rocAuc, 2)}${cell(coverage, 2)}<td class="n">${isQuantumScorer(scorer) ? formatUsd(scorer === 'hybrid' ? stagePriceMicroUsd(bill, 'train') : quantumPriceMicroUsd(bill)) : 'none'}</td></tr>`,
  )}</tbody></table></div>`;
  return section(
    'screening',
    'How good the ranking is',
    `Checked against ${plural(measuredCount, 'compound')} of the library whose ${quantity} was measured and kept from every step before this page; ${count(activeCount)} of them are active (pK of at least ${fixed(activeFromPk, 1)}). Correlations are taken within the measured compounds; enrichment over all ${count(libraryCount)}, where compounds without a measurement count as inactive. Inside 90 % interval is the share of measured compounds that lie in the interval printed with their prediction: below 0.90 the intervals are too narrow for this library. Intervals that overlap do not tell two rows apart.`,
    html`${table}<div class="plots one">${enrichmentPlot(headline.curves, libraryCount)}</div>${
      scorers.some(({ scorer }) => isQuantumScorer(scorer)) &&
      html`<p class="lead">Rows in violet hold a quantum part, and the classical row is their twin. ${quantumRemark(facts)}</p>`
    }`,
  );
}

function compoundRow(row: RankedCompound, domain: readonly [number, number]): Markup {
  const { nearest, columns, properties, alerts, classicalPk, hybridPk, refinedPk, halfWidthPk, truthPk } = row;
  const own = Object.entries(columns);
  const computed = Object.entries(properties).filter(([, value]) => value !== null);
  const scores: (readonly [string, Insert])[] = [
    ['classical', `${fixed(classicalPk)} ± ${fixed(halfWidthPk)}`],
    ['hybrid', `${fixed(hybridPk)} ± ${fixed(halfWidthPk)}`],
  ];
  if (refinedPk !== null) scores.push(['refined', `${fixed(refinedPk)} ± ${fixed(halfWidthPk)}`]);
  if (truthPk !== null) scores.push(['measured', html`<strong>${fixed(truthPk)}</strong>`]);
  return html`<tr><td class="n">${count(row.rank)}</td><td>${
    row.structureSvg === null
      ? html`<span class="none">no drawing</span>`
      : html`<img class="structure" loading="lazy" width="190" height="140" alt="structure of ${row.id}" src="${svgDataUri(row.structureSvg)}">`
  }</td><th scope="row" class="who"><span class="id">${row.id}</span><code class="smiles">${row.smiles}</code>${
    own.length > 0 && pairs(own)
  }</th><td class="score">${predictionStrip(row, domain)}${pairs(scores)}</td><td class="near">${nearest.id}${pairs([
    ['pK', fixed(nearest.pK)],
    ['similarity', fixed(nearest.similarity)],
  ])}</td><td class="prop">${pairs(
    computed.map(([name, value]) => [name, typeof value === 'number' ? short(value) : value] as const),
  )}</td><td>${
    row.outOfDomain ? html`<span class="flag">out of domain</span>` : html`<span class="flag ok">in domain</span>`
  }${alerts.map((alert) => html`<span class="flag">${alert}</span>`)}</td></tr>`;
}

/** How many of the ranked compounds a file beside the page holds. */
function reach(path: string, total: number): string {
  const rows = path.endsWith('.sdf') ? SDF_RECORDS : RANKING_ROWS;
  return rows >= total ? 'holds all' : `holds the first ${count(rows)}`;
}

/** What stands behind the hybrid column: its price, or that there is nothing behind it. */
function quantumRemark(facts: ReportFacts): string {
  return headWasTrained(facts)
    ? `The quantum part of the hybrid took ${quantumPriceWords(facts.bill)}.`
    : 'No quantum head was trained: the hybrid repeats the classical model.';
}

export function rankingSection(facts: ReportFacts): Markup | null {
  const { ranking, files } = facts;
  if (ranking === null) return null;
  const rows = ranking.rows.slice(0, ROWS_SHOWN);
  const domain = extent(
    rows.flatMap(({ classicalPk, hybridPk, halfWidthPk, truthPk }) => [
      classicalPk,
      hybridPk - halfWidthPk,
      hybridPk + halfWidthPk,
      truthPk ?? hybridPk,
    ]),
    0.02,
  );
  const beside = Object.entries(files).filter(([, path]) => /\.(csv|sdf)$/i.test(path));
  return section(
    'compounds',
    'The best compounds',
    html`The first ${count(rows.length)} of ${count(ranking.total)}; ${plural(ranking.selectedForRefinement, 'compound')} went to the refinement.${
      beside.length > 0 &&
      html` ${beside.map(([, path], i) => html`${i > 0 && ', '}<code>${path}</code> ${reach(path, ranking.total)}`)}.`
    }`,
    html`<div class="wide"><table class="compounds"><caption>Predictions in pK. The 90 % interval is the wider of the two models' and is not drawn anew for a refined value. In the strip: bar, that interval; violet dot, hybrid; blue ring, classical${
      rows.some(({ truthPk }) => truthPk !== null) && '; upright line, measured'
    }; axis from ${fixed(domain[0], 1)} to ${fixed(domain[1], 1)}. ${quantumRemark(facts)}</caption><thead><tr><th scope="col" class="n">#</th><th scope="col">Structure</th><th scope="col">Compound</th><th scope="col">Prediction</th><th scope="col">Nearest in the assay</th><th scope="col">Properties</th><th scope="col">Domain, alerts</th></tr></thead><tbody>${rows.map(
      (row) => compoundRow(row, domain),
    )}</tbody></table></div>`,
  );
}

const headTable = ({ heads }: HeadAudit): Markup =>
  html`<div class="wide"><table><caption>All heads: same compounds, same features, same split.</caption><thead><tr><th scope="col">Head</th><th scope="col" class="n">Parameters</th><th scope="col" class="n">RMSE, pK</th><th scope="col" class="n">Device price</th></tr></thead><tbody>${heads.map(
    ({ key, label, parameterCount, rmsePk, costMicroUsd }) =>
      html`<tr class="${key.startsWith('quantum') ? 'quantum' : 'plain'}"><th scope="row">${label}</th><td class="n">${count(parameterCount)}</td><td class="n">${interval(rmsePk)}</td><td class="n">${key.startsWith('quantum') ? formatUsd(costMicroUsd) : 'none'}</td></tr>`,
  )}</tbody></table></div>`;

const verdictTone = { better: 'good', equivalent: 'plain', worse: 'bad', undecided: 'warn' } as const;

export function auditSection({ audit }: ReportFacts): Markup | null {
  if (audit === null) return null;
  const { verdict, sentences, contrasts, equivalenceBoundPk, bootstrapDraws } = audit;
  return section(
    'audit',
    'The quantum head beside its classical twins',
    `${audit.depth === 'quick' ? 'Quick audit' : 'Full audit'}: ${plural(audit.compounds, 'test compound')} in ${plural(audit.scaffolds, 'scaffold')}, ${plural(audit.seeds, 'seed')}, ${plural(audit.splits, 'split')}. Every head learns what the classical model leaves over.`,
    html`<div class="card verdict ${verdictTone[verdict]}"><p><span class="badge ${verdictTone[verdict]}">${verdict}</span></p>${sentences.map((sentence) => html`<p>${sentence}</p>`)}</div>
<div class="plots forest">${headPlot(audit.heads)}${contrastPlot(contrasts, equivalenceBoundPk)}</div><h3>Numbers</h3>${headTable(audit)}<h3>Planned comparisons</h3><div class="wide"><table><caption>Quantum head minus rival; paired bootstrap over scaffolds, ${count(bootstrapDraws)} draws; p after Holm's correction over all rows.</caption><thead><tr><th scope="col">Against</th><th scope="col" class="n">Difference in RMSE, pK</th><th scope="col" class="n">p</th><th scope="col" class="n">p, Holm</th><th scope="col">The quantum head is</th></tr></thead><tbody>${contrasts.map(
      (contrast) =>
        html`<tr><th scope="row">${contrast.label}</th><td class="n">${interval(contrast.differencePk, 3)}</td><td class="n">${fixed(contrast.pValue, 3)}</td><td class="n">${fixed(contrast.pHolm, 3)}</td><td><span class="badge ${verdictTone[contrast.verdict]}">${contrast.verdict}</span></td></tr>`,
    )}</tbody></table></div>`,
  );
}

export function trainingSection({ training, bill }: ReportFacts): Markup | null {
  if (training === null) return null;
  const curve = trainingCurve(training);
  const calibration = calibrationPlot(training);
  return section(
    'training',
    'Training',
    `${training.device === 'lambda' ? `Exact gradients on ${deviceLabel(training.device)}, for which a device would have run ${count(training.circuits)} circuits` : `${count(training.circuits)} circuits on ${deviceLabel(training.device)}${training.shots > 0 ? `, ${count(training.shots)} shots in all` : ', exact expectation values'}`}; ${quantumPriceWords(bill)} for the quantum part. The classical model was trained first and is the reference.`,
    curve === null && calibration === null
      ? html`<p>No steps were recorded.</p>`
      : html`<div class="plots">${curve}${calibration}</div>`,
  );
}

/** `mmgbsaKcalMol` as `MM/GBSA, kcal/mol`: names of measures carry their unit at the end. */
export function measureLabel(name: string): string {
  if (!/^[a-z][A-Za-z0-9]*$/.test(name)) return name;
  const units: Record<string, string> = { KcalMol: 'kcal/mol', Angstrom: 'Å', Ps: 'ps', Ns: 'ns' };
  const found = Object.keys(units).find((unit) => name.includes(unit));
  const words = (found === undefined ? name : name.replace(found, ''))
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/^mmgbsa/, 'MM/GBSA')
    .replace(/^rmsd/, 'RMSD');
  const title = words.charAt(0).toUpperCase() + words.slice(1);
  return found === undefined ? title : `${title}, ${units[found]}`;
}

export function dynamicsSection({ dynamics }: ReportFacts): Markup | null {
  if (dynamics === null) return null;
  const { ligands, statement, tier } = dynamics;
  const highest = Math.max(
    1,
    ...ligands.flatMap(({ replicas }) => replicas.flatMap(({ rmsdAngstrom }) => rmsdAngstrom.filter(Number.isFinite))),
  );
  const names = [...new Set(ligands.flatMap(({ measures }) => Object.keys(measures)))];
  const value = (measure: number | string | null | undefined) =>
    measure === null || measure === undefined ? '–' : typeof measure === 'number' ? short(measure) : measure;
  return section(
    'dynamics',
    'Molecular dynamics',
    html`Tier <strong>${tier}</strong>.`,
    html`<div class="card verdict warn"><p>${statement}</p></div><div class="plots small">${ligands.map((ligand, i) => rmsdPlot(ligand, i, highest))}</div><h3>What was simulated</h3><div class="wide"><table><thead><tr><th scope="col">Ligand</th><th scope="col">Role</th><th scope="col">Starting pose</th><th scope="col" class="n">Replicas</th><th scope="col" class="n">Simulated, ps</th><th scope="col" class="n">Contacts kept</th><th scope="col">Remark</th></tr></thead><tbody>${ligands.map(
      ({ id, role, pose, replicas, failure }) => {
        const kept = replicas.flatMap(({ contactsKept }) => contactsKept ?? []);
        return html`<tr><th scope="row">${id}</th><td>${role}</td><td class="any">${pose}</td><td class="n">${replicas.length}</td><td class="n">${short(replicas.reduce((sum, { simulatedPs }) => sum + simulatedPs, 0))}</td><td class="n">${kept.length === 0 ? '–' : kept.map((part) => percent(part)).join(', ')}</td><td class="any">${failure === null ? '' : html`<span class="flag">${failure.code}</span> ${failure.message}`}</td></tr>`;
      },
    )}</tbody></table></div>${
      names.length > 0 &&
      html`<h3>What was measured</h3><div class="wide"><table><thead><tr><th scope="col">Measure</th>${ligands.map(({ id }) => html`<th scope="col" class="any">${id}</th>`)}</tr></thead><tbody>${names.map(
        (name) =>
          html`<tr><th scope="row">${measureLabel(name)}</th>${ligands.map(({ measures }) => html`<td class="any">${value(measures[name])}</td>`)}</tr>`,
      )}</tbody></table></div>`
    }`,
  );
}
