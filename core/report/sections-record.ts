/** The parts of the page that say how it was done: request, guards, rejected rows, bill, timings, manifest. */
import type { GuardDecision } from '../contracts/artifacts.ts';
import type { Rejections, ReportFacts } from '../contracts/report.ts';
import { html, type Insert, type Markup } from './markup.ts';
import { deviceLabel, ruleLabel, stageLabels } from './names.ts';
import { count, duration, fixed, formatUsd, percent, plural, short } from './numbers.ts';
import { pairs, section } from './sections-results.ts';
import { unmeteredMicroUsd } from './summary.ts';

export function questionSection({ question, library, labelledCount }: ReportFacts): Markup | null {
  if (question === null) return null;
  const entry = (name: string, value: Insert) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
  return section(
    'question',
    'What was asked',
    null,
    html`<div class="card"><dl class="facts">${[
      entry('Task', question.task === 'affinity' ? 'affinity to a target' : 'a property of the molecule'),
      entry('Target', question.target ?? 'none named'),
      entry('Structure', question.structure ?? 'none'),
      entry('Library', html`${question.libraryName}${library !== null && `, ${plural(library.rows, 'row')}`}`),
      entry('Labelled compounds', labelledCount === null ? 'not counted' : count(labelledCount)),
      entry(
        'Purpose',
        question.purpose === 'audit'
          ? 'audit: measure the quantum head even where a guard refuses it, free of device cost'
          : 'discovery: obey the guards',
      ),
      entry(
        'Quantum head',
        `${question.qubits} qubits, ${plural(question.layers, 'layer')}, ${question.shots === 0 ? 'exact values' : `${count(question.shots)} shots`}`,
      ),
      entry('Training', `${plural(question.trainSteps, 'step')} on ${deviceLabel(question.trainDevice)}`),
      entry('Refinement', `top ${percent(question.topFraction, 1)} on ${deviceLabel(question.refineDevice)}`),
      entry('Dynamics', question.dynamicsTier),
      entry(
        'Budget',
        question.planOnly || question.budgetMicroUsd === 0
          ? `${formatUsd(question.budgetMicroUsd)} (plan only)`
          : formatUsd(question.budgetMicroUsd),
      ),
    ]}</dl></div>`,
  );
}

const guardWords = {
  pass: { word: 'pass', tone: 'good', sign: '✓' },
  warn: { word: 'warning', tone: 'warn', sign: '!' },
  refuse: { word: 'refused', tone: 'bad', sign: '✕' },
  'not-applicable': { word: 'not asked', tone: 'none', sign: '–' },
} as const;

const evidenceValue = (value: GuardDecision['evidence'][string]): string =>
  value === null ? 'none' : typeof value === 'number' ? short(value) : String(value);

export function guardsSection({ quantum }: ReportFacts): Markup | null {
  if (quantum === null) return null;
  const { guards, deviceAllowed, deviceUsed, reason } = quantum;
  return section(
    'guards',
    'What the guards decided',
    'Each guard may stop the quantum part, and says so with its number. A refusal blocks paid devices.',
    html`<div class="card"><p><span class="badge ${deviceAllowed ? 'good' : 'bad'}">${deviceAllowed ? 'device allowed' : 'device blocked'}</span> ${reason}</p><p class="lead">Circuits ran on: ${deviceUsed === null ? 'nothing' : deviceLabel(deviceUsed)}.</p><ul class="guards">${guards.map(
      ({ guard, decision, message, evidence }) => {
        const { word, tone, sign } = guardWords[decision];
        const entries = Object.entries(evidence);
        return html`<li><div><span class="badge ${tone}"><span aria-hidden="true">${sign} </span>${word}</span></div><div><p>${message}</p><p class="name">${guard}</p>${
          entries.length > 0 &&
          html`<details><summary>Evidence</summary><div class="evidence">${pairs(entries.map(([name, value]) => [name, evidenceValue(value)] as const))}</div></details>`
        }</div></li>`;
      },
    )}</ul></div>`,
  );
}

function rejectionTable(title: string, rejections: Rejections | null): Markup | null {
  if (rejections === null) return null;
  const { total, byCode, rows } = rejections;
  if (total === 0) return html`<h3>${title}</h3><p>No row was rejected.</p>`;
  return html`<h3>${title}</h3><p>${plural(total, 'row')}: ${Object.entries(byCode)
    .map(([code, n]) => `${code} ${count(n)}`)
    .join(', ')}.</p>${
    rows.length > 0 &&
    html`<div class="wide scroll"><table><caption>${rows.length < total ? `The first ${count(rows.length)} of ${count(total)}.` : 'All of them.'}</caption><thead><tr><th scope="col" class="n">Row</th><th scope="col">Id</th><th scope="col">Code</th><th scope="col">Reason</th></tr></thead><tbody>${rows.map(
      ({ row, id, code, message }) =>
        html`<tr><td class="n">${count(row)}</td><td class="any">${id ?? html`<span class="none">none</span>`}</td><td class="any"><code>${code}</code></td><td class="any">${message}</td></tr>`,
    )}</tbody></table></div>`
  }`;
}

export function rejectedSection({ rejectedLibrary, rejectedAssay, assayRules }: ReportFacts): Markup | null {
  if (rejectedLibrary === null && rejectedAssay === null && assayRules === null) return null;
  return section(
    'rejected',
    'Rows left out, and rules applied',
    null,
    html`${rejectionTable('Library', rejectedLibrary)}${rejectionTable('Assay', rejectedAssay)}${
      assayRules !== null &&
      html`<h3>Rules of assay curation</h3><div class="wide"><table><thead><tr><th scope="col">Rule</th><th scope="col" class="n">Rows touched</th></tr></thead><tbody>${Object.entries(assayRules).map(([rule, n]) => html`<tr><th scope="row">${ruleLabel(rule)}</th><td class="n">${count(n)}</td></tr>`)}</tbody></table></div>`
    }`,
  );
}

export function billSection({ bill, outcome }: ReportFacts): Markup {
  const { plan, lines, budgetMicroUsd, charged } = bill;
  const unmetered = unmeteredMicroUsd(bill);
  const money = (amount: number) => html`<td class="n">${formatUsd(amount)}</td>`;
  const total = (pick: (line: (typeof lines)[number]) => number) => lines.reduce((sum, line) => sum + pick(line), 0);
  const open = lines.filter(({ reservedMicroUsd, settledMicroUsd }) => reservedMicroUsd > 0 && settledMicroUsd === null).length;
  const planned = plan?.totalMicroUsd ?? total(({ plannedMicroUsd }) => plannedMicroUsd);
  return section(
    'bill',
    'The bill',
    outcome === 'PLANNED'
      ? 'A plan: nothing was run and nothing was charged.'
      : charged === 'emulated'
        ? 'This was a local run: nothing was charged. The amounts are what the cloud would have charged at the dated prices.'
        : 'Drawn is what the run used; settled is what was booked in the account when the stage closed.',
    html`${
      lines.length > 0 &&
      html`<div class="wide"><table><caption>Budget ${formatUsd(budgetMicroUsd)}; planned ${formatUsd(planned)}${unmetered > 0 && outcome !== 'PLANNED' ? `; ${formatUsd(unmetered)} of it for stages that are not metered` : ''}${open > 0 && outcome !== 'PLANNED' ? `; ${plural(open, 'block')} still open` : ''}.</caption><thead><tr><th scope="col">Stage</th><th scope="col" class="n">Planned</th><th scope="col" class="n">Reserved</th><th scope="col" class="n">Drawn</th><th scope="col" class="n">Settled</th></tr></thead><tbody>${lines.map(
        ({ stage, plannedMicroUsd, reservedMicroUsd, drawnMicroUsd, settledMicroUsd }) =>
          html`<tr><th scope="row">${stageLabels[stage]}</th>${money(plannedMicroUsd)}${money(reservedMicroUsd)}${money(drawnMicroUsd)}<td class="n">${settledMicroUsd === null ? html`<span class="none">${reservedMicroUsd > 0 ? 'open' : plannedMicroUsd > 0 ? 'not metered' : 'none'}</span>` : formatUsd(settledMicroUsd)}</td></tr>`,
      )}<tr class="sum"><th scope="row">Total</th>${money(total(({ plannedMicroUsd }) => plannedMicroUsd))}${money(total(({ reservedMicroUsd }) => reservedMicroUsd))}${money(total(({ drawnMicroUsd }) => drawnMicroUsd))}${money(total(({ settledMicroUsd }) => settledMicroUsd ?? 0))}</tr></tbody></table></div>`
    }${
      plan !== null &&
      html`<details${outcome === 'PLANNED' ? html` open` : null}><summary>The plan, item by item (prices of ${plan.priceTableDate})</summary><div class="wide"><table><thead><tr><th scope="col">Stage</th><th scope="col">Item</th><th scope="col" class="n">Quantity</th><th scope="col">Unit</th><th scope="col" class="n">Rate</th><th scope="col" class="n">Cost</th></tr></thead><tbody>${plan.items.map(
        ({ stage, what, quantity, unit, rateMicroUsd, costMicroUsd }) =>
          html`<tr><td>${stageLabels[stage]}</td><th scope="row">${what}</th><td class="n">${short(quantity)}</td><td>${unit}</td><td class="n">$${Number((rateMicroUsd / 1e6).toPrecision(6))}</td>${money(costMicroUsd)}</tr>`,
      )}<tr class="sum"><th scope="row" colspan="5">Total</th>${money(plan.totalMicroUsd)}</tr></tbody></table></div></details>`
    }`,
  );
}

export function timingsSection({ timings }: ReportFacts): Markup | null {
  if (timings.length === 0) return null;
  const longest = Math.max(...timings.map(({ durationMs }) => durationMs), 1);
  const total = timings.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return section(
    'timings',
    'Time by stage',
    `${duration(total)} over all stages; some ran at the same time.`,
    html`<div class="wide"><table><thead><tr><th scope="col">Stage</th><th scope="col" class="n">Time</th><th scope="col">Share of the longest</th><th scope="col">Detail</th></tr></thead><tbody>${timings.map(
      ({ stage, durationMs, detail }) =>
        html`<tr><th scope="row">${stage}</th><td class="n">${duration(durationMs)}</td><td><svg class="timing" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect x="0" y="0" width="${fixed((100 * durationMs) / longest, 1)}" height="4" rx="1"/></svg></td><td class="any">${detail}</td></tr>`,
    )}</tbody></table></div>`,
  );
}

export function manifestSection({ manifest, runId, files }: ReportFacts): Markup {
  const hashes = (title: string, entries: Record<string, string>) =>
    Object.keys(entries).length > 0 &&
    html`<h3>${title}</h3><div class="wide scroll"><table><thead><tr><th scope="col">File</th><th scope="col">SHA-256</th></tr></thead><tbody>${Object.entries(entries).map(([name, hash]) => html`<tr><th scope="row">${name}</th><td class="mono any">${hash}</td></tr>`)}</tbody></table></div>`;
  const seeds = Object.entries(manifest.seeds);
  const versions = Object.entries(manifest.versions);
  return section(
    'manifest',
    'Manifest: what is needed to do it again',
    null,
    html`<div class="card"><dl class="facts"><div><dt>Run</dt><dd class="mono">${runId}</dd></div><div><dt>Ran in</dt><dd>${manifest.environment === 'local' ? 'the local cloud' : 'the cloud'}</dd></div><div><dt>Code</dt><dd class="mono">${manifest.codeVersion}</dd></div><div><dt>Seed</dt><dd>${manifest.seed}</dd></div><div><dt>Prices of</dt><dd>${manifest.priceTableDate ?? 'not used'}</dd></div><div><dt>Model (SHA-256)</dt><dd class="mono">${manifest.model ?? 'none'}</dd></div></dl></div>
<h3>Devices that ran</h3>${
      manifest.devices.length === 0
        ? html`<p>No circuit was run.</p>`
        : html`<div class="wide"><table><thead><tr><th scope="col">Device</th><th scope="col">For</th><th scope="col" class="n">Tasks</th><th scope="col" class="n">Circuits</th><th scope="col" class="n">Shots</th></tr></thead><tbody>${manifest.devices.map(
            ({ device, what, tasks, circuits, shots }) =>
              html`<tr><th scope="row">${deviceLabel(device)}</th><td class="any">${what}</td><td class="n">${count(tasks)}</td><td class="n">${count(circuits)}</td><td class="n">${shots === 0 ? 'exact' : count(shots)}</td></tr>`,
          )}</tbody></table></div>`
    }${hashes('Inputs', manifest.inputs)}${hashes('Artifacts', manifest.artifacts)}${
      versions.length > 0 && html`<h3>Versions</h3><div class="card">${pairs(versions)}</div>`
    }${seeds.length > 0 && html`<details><summary>Seeds by use</summary><div class="card">${pairs(seeds.map(([name, seed]) => [name, String(seed)] as const))}</div></details>`}${
      Object.keys(files).length > 0 &&
      html`<h3>Files beside this page</h3><div class="card">${pairs(Object.entries(files).map(([name, path]) => [name, html`<code>${path}</code>`] as const))}</div>`
    }`,
  );
}
