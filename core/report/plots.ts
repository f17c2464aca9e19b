/** The plots of the report as SVG, drawn here so that they survive mail and print and can be tested as text. */
import type { Contrast, DynamicsLigand, EnrichmentCurve, HeadFacts, ScorerKey, Training } from '../contracts/report.ts';
import { at, drawAxes, extent, type Frame, figure, linearScale, linePath, logScale, plotArea, standardFrame } from './axes.ts';
import { html, type Markup } from './markup.ts';
import { scorerLabels } from './names.ts';
import { fixed, interval, percent } from './numbers.ts';

const numbers = (values: readonly (number | null)[]): number[] => values.filter((value): value is number => value !== null);

/** Loss by step, training and validation, with the best step marked. Null when there are fewer than two points. */
export function trainingCurve({ points, bestStep }: Training): Markup | null {
  if (points.length < 2) return null;
  const frame = standardFrame;
  const area = plotArea(frame);
  const losses = numbers(points.flatMap(({ trainLoss, validationLoss }) => [trainLoss, validationLoss]));
  if (losses.length === 0) return null;
  const x = linearScale([points[0]!.step, points.at(-1)!.step], area.x);
  const y = linearScale(extent(losses), area.y);
  const line = (kind: string, pick: (point: Training['points'][number]) => number | null) =>
    html`<path class="line ${kind}" d="${linePath(points.flatMap((point) => (pick(point) === null ? [] : [[x(point.step), y(pick(point)!)] as const])))}"/>`;
  const hasValidation = points.some(({ validationLoss }) => validationLoss !== null);
  const best = points.find(({ step }) => step === bestStep);
  const bestLoss = best?.validationLoss ?? best?.trainLoss ?? null;
  const first = points.find(({ validationLoss, trainLoss }) => (hasValidation ? validationLoss : trainLoss) !== null)!;
  const firstLoss = (hasValidation ? first.validationLoss : first.trainLoss)!;
  return figure(
    frame,
    'plot-training',
    'Loss while the quantum head was trained',
    `${hasValidation ? 'Validation error' : 'Loss'} over ${points.length} recorded steps, from ${fixed(firstLoss, 3)}${bestLoss === null ? '' : ` to ${fixed(bestLoss, 3)} at the best step, ${bestStep}`}.`,
    [
      { label: 'training loss', kind: 'k-hybrid' },
      ...(hasValidation ? [{ label: 'validation RMSE, pK', kind: 'k-chance', dashed: true }] : []),
    ],
    html`${drawAxes(frame, { x, y, xLabel: 'training step', yLabel: hasValidation ? 'loss; RMSE, pK' : 'loss' })}${line('k-hybrid', ({ trainLoss }) => trainLoss)}${
      hasValidation && line('k-chance dashed', ({ validationLoss }) => validationLoss)
    }${
      bestStep !== null &&
      bestLoss !== null &&
      html`<line class="mark" x1="${at(x(bestStep))}" x2="${at(x(bestStep))}" y1="${area.y[0]}" y2="${area.y[1]}"/><text class="note" x="${at(x(bestStep) - 6)}" y="${area.y[1] + 12}" text-anchor="end">kept: step ${bestStep}</text>`
    }`,
  );
}

/** Predicted over measured pK for held-out compounds, both models, with the narrowest interval shown anywhere. Null without compounds. */
export function calibrationPlot(training: Training): Markup | null {
  const { calibration } = training;
  if (calibration === null || calibration.measuredPk.length === 0) return null;
  const { measuredPk, classicalPk, hybridPk, halfWidthPk } = calibration;
  const frame = standardFrame;
  const area = plotArea(frame);
  const domain = extent([...measuredPk, ...classicalPk, ...hybridPk]);
  const x = linearScale(domain, area.x);
  const y = linearScale(domain, area.y);
  const clip = ([px, py]: readonly [number, number]) => `${at(x(px))},${at(Math.min(area.y[0], Math.max(area.y[1], y(py))))}`;
  const band = [
    [domain[0], domain[0] - halfWidthPk],
    [domain[1], domain[1] - halfWidthPk],
    [domain[1], domain[1] + halfWidthPk],
    [domain[0], domain[0] + halfWidthPk],
  ] as const;
  const inside = hybridPk.filter((value, i) => Math.abs(value - measuredPk[i]!) <= halfWidthPk).length / measuredPk.length;
  const dots = (kind: string, values: readonly number[], radius: number) =>
    html`<g class="dots ${kind}">${values.map((value, i) => html`<circle cx="${at(x(measuredPk[i]!))}" cy="${at(y(value))}" r="${radius}"/>`)}</g>`;
  return figure(
    frame,
    'plot-calibration',
    'Predicted beside measured, for compounds kept from training',
    `${measuredPk.length} held-out compounds; ${percent(inside)} of the hybrid's predictions lie within ±${fixed(halfWidthPk)} pK of the measured value, the 90 % interval of a compound with an identical neighbour.`,
    [
      { label: 'classical', kind: 'k-classical' },
      { label: 'hybrid', kind: 'k-hybrid' },
      { label: `90 % interval at its narrowest, ±${fixed(halfWidthPk)}`, kind: 'k-band' },
    ],
    html`<polygon class="band" points="${band.map(clip).join(' ')}"/>${drawAxes(frame, { x, y, xLabel: 'measured pK', yLabel: 'predicted pK' })}<line class="mark" x1="${at(x(domain[0]))}" y1="${at(y(domain[0]))}" x2="${at(x(domain[1]))}" y2="${at(y(domain[1]))}"/>${dots('k-classical open', classicalPk, 3)}${dots('k-hybrid', hybridPk, 2.2)}`,
  );
}

const ENRICHMENT_TICKS = [0.001, 0.01, 0.05, 0.1, 0.5, 1];

/** Fraction of the actives found by fraction of the library looked at, on a logarithmic axis, chance beside it. */
export function enrichmentPlot(curves: readonly EnrichmentCurve[], libraryCount: number): Markup | null {
  if (curves.length === 0) return null;
  const frame = { ...standardFrame, width: 640, height: 330, right: 30 };
  const area = plotArea(frame);
  const first = Math.max(0.001, Math.min(0.01, 1 / Math.max(libraryCount, 1)));
  const x = logScale(
    [first, 1],
    area.x,
    ENRICHMENT_TICKS.filter((tick) => tick >= first),
  );
  const y = linearScale([0, 1], area.y);
  const chance = Array.from({ length: 61 }, (_, i) => first ** (1 - i / 60));
  const atFive = (curve: EnrichmentCurve) => {
    const index = curve.screened.findLastIndex((fraction) => fraction <= 0.05);
    return index < 0 ? 0 : curve.found[index]!;
  };
  return figure(
    frame,
    'plot-enrichment',
    'How soon the actives are found',
    `Actives found in the first 5 % of the library: ${curves.map((curve) => `${scorerLabels[curve.scorer]} ${percent(atFive(curve))}`).join(', ')}; by chance 5 %.`,
    [
      ...curves.map(({ scorer }) => ({ label: scorerLabels[scorer], kind: `k-${scorer}` })),
      { label: 'chance', kind: 'k-chance', dashed: true },
    ],
    html`${drawAxes(frame, { x, y, xLabel: 'fraction of the library looked at', yLabel: 'fraction of the actives found', xTick: (value) => `${Number((value * 100).toPrecision(3))} %`, yTick: (value) => percent(value) })}<path class="line k-chance dashed" d="${linePath(chance.map((value) => [x(value), y(value)] as const))}"/>${curves.map(
      ({ scorer, screened, found }) =>
        html`<path class="line k-${scorer}" d="${linePath(screened.flatMap((value, i) => (value >= first ? [[x(value), y(found[i]!)] as const] : [])))}"/>`,
    )}`,
  );
}

const headKind = (key: string): string =>
  key === 'quantum' ? 'k-hybrid' : key.startsWith('quantum') ? 'k-control' : 'k-classical';

interface ForestRow {
  label: string;
  kind: string;
  value: number;
  low: number | null;
  high: number | null;
  words: string;
}

function forest(
  id: string,
  title: string,
  description: string,
  xLabel: string,
  rows: readonly ForestRow[],
  bands: { zero: number; half: number } | null,
): Markup {
  const rowHeight = 30;
  const frame: Frame = { width: 640, height: rows.length * rowHeight + 62, left: 216, right: 138, top: 10, bottom: 46 };
  const area = plotArea(frame);
  const reach = rows.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]);
  const x = linearScale(
    extent(bands === null ? reach : [...reach, bands.zero - 1.4 * bands.half, bands.zero + 1.4 * bands.half], 0.06),
    area.x,
    4,
  );
  const base = frame.height - frame.bottom;
  const middle = (i: number) => frame.top + rowHeight * (i + 0.5);
  return figure(
    frame,
    id,
    title,
    description,
    [],
    html`${
      bands !== null &&
      html`<rect class="band" x="${at(x(bands.zero - bands.half))}" width="${at(x(bands.zero + bands.half) - x(bands.zero - bands.half))}" y="${frame.top}" height="${base - frame.top}"/><line class="mark" x1="${at(x(bands.zero))}" x2="${at(x(bands.zero))}" y1="${frame.top}" y2="${base}"/>`
    }<g class="axis"><line x1="${area.x[0]}" x2="${area.x[1]}" y1="${base}" y2="${base}"/></g><g class="tick">${x.ticks.map((tick) => html`<text x="${at(x(tick))}" y="${base + 18}" text-anchor="middle">${String(tick).replace('-', '−')}</text>`)}</g><g class="label"><text x="${at((area.x[0] + area.x[1]) / 2)}" y="${frame.height - 8}" text-anchor="middle">${xLabel}</text></g>${rows.map(
      ({ label, kind, value, low, high, words }, i) =>
        html`<g class="forest ${kind}"><text class="name" x="${frame.left - 12}" y="${at(middle(i) + 4)}" text-anchor="end">${label}</text>${
          low !== null &&
          high !== null &&
          html`<line x1="${at(x(low))}" x2="${at(x(high))}" y1="${at(middle(i))}" y2="${at(middle(i))}"/>`
        }<circle cx="${at(x(value))}" cy="${at(middle(i))}" r="5"/><text class="value" x="${frame.width - 4}" y="${at(middle(i) + 4)}" text-anchor="end">${words}</text></g>`,
    )}`,
  );
}

/** RMSE of every head with its interval: the quantum head beside its twins and its controls. */
export function headPlot(heads: readonly HeadFacts[]): Markup | null {
  if (heads.length === 0) return null;
  const rows = heads.map(({ key, label, rmsePk: { value, low, high } }) => ({
    label,
    kind: headKind(key),
    value,
    low,
    high,
    words: interval({ value, low, high }),
  }));
  const best = heads.reduce((lowest, head) => (head.rmsePk.value < lowest.rmsePk.value ? head : lowest));
  return forest(
    'plot-heads',
    'Error of each head on held-out compounds',
    `Lowest: ${best.label}, ${interval(best.rmsePk)} pK.`,
    'RMSE, pK (lower is better)',
    rows,
    null,
  );
}

/** Differences in RMSE between the trained quantum head and each rival, with the band of equivalence. */
export function contrastPlot(contrasts: readonly Contrast[], equivalenceBoundPk: number): Markup | null {
  if (contrasts.length === 0) return null;
  return forest(
    'plot-contrasts',
    'Quantum head minus rival, same compounds',
    contrasts.map(({ label, differencePk, verdict }) => `${label}: ${interval(differencePk)}, ${verdict}`).join('; '),
    `difference in RMSE, pK (left of 0: quantum errs less; grey: ±${equivalenceBoundPk})`,
    contrasts.map(({ label, against, differencePk: { value, low, high } }) => ({
      label,
      kind: headKind(against),
      value,
      low,
      high,
      words: interval({ value, low, high }),
    })),
    { zero: 0, half: equivalenceBoundPk },
  );
}

/** RMSD of one ligand by time, a line per replica; `highestAngstrom` keeps the axes of several ligands alike. */
export function rmsdPlot(ligand: DynamicsLigand, index: number, highestAngstrom: number): Markup | null {
  const replicas = ligand.replicas.filter(({ timesPs }) => timesPs.length > 1);
  if (replicas.length === 0) return null;
  const frame: Frame = { width: 360, height: 220, left: 46, right: 12, top: 10, bottom: 44 };
  const area = plotArea(frame);
  const x = linearScale([0, Math.max(...replicas.map(({ timesPs }) => timesPs.at(-1)!))], area.x, 4);
  const y = linearScale([0, Math.max(highestAngstrom, 1)], area.y, 4);
  const ends = replicas.map(({ rmsdAngstrom }) => rmsdAngstrom.at(-1)!);
  return figure(
    frame,
    `plot-rmsd-${index}`,
    `${ligand.id}${ligand.role === 'reference' ? ' (reference)' : ''}`,
    `Ligand RMSD of ${replicas.length} replicas; last values ${ends.map((end) => fixed(end, 1)).join(', ')} Å.`,
    replicas.map(({ seed }, i) => ({ label: `seed ${seed}`, kind: `replica-${i % 4}` })),
    html`${drawAxes(frame, { x, y, xLabel: 'time, ps', yLabel: 'RMSD, Å' })}${replicas.map(
      ({ timesPs, rmsdAngstrom }, i) =>
        html`<path class="line replica-${i % 4}" d="${linePath(timesPs.map((time, k) => [x(time), y(rmsdAngstrom[k] ?? Number.NaN)] as const))}"/>`,
    )}`,
  );
}

export interface StripValues {
  classicalPk: number;
  hybridPk: number;
  halfWidthPk: number;
  truthPk: number | null;
}

/** One compound's prediction on an axis that all rows of the table share: interval, classical ring, hybrid dot, measured bar. */
export function predictionStrip(
  { classicalPk, hybridPk, halfWidthPk, truthPk }: StripValues,
  domain: readonly [number, number],
): Markup {
  const x = linearScale(domain, [6, 134]);
  const inside = (value: number) => at(Math.min(138, Math.max(2, x(value))));
  return html`<svg class="strip" viewBox="0 0 140 22" role="img" aria-label="classical ${fixed(classicalPk)}, hybrid ${fixed(hybridPk)} plus or minus ${fixed(halfWidthPk)}${truthPk === null ? '' : `, measured ${fixed(truthPk)}`}"><line class="rail" x1="2" x2="138" y1="11" y2="11"/><line class="whisker" x1="${inside(hybridPk - halfWidthPk)}" x2="${inside(hybridPk + halfWidthPk)}" y1="11" y2="11"/>${truthPk !== null && html`<line class="truth" x1="${inside(truthPk)}" x2="${inside(truthPk)}" y1="2" y2="20"/>`}<circle class="ring" cx="${inside(classicalPk)}" cy="11" r="4.5"/><circle class="dot" cx="${inside(hybridPk)}" cy="11" r="3"/></svg>`;
}

/** Scorers in the order of the page. */
export const scorerOrder: readonly ScorerKey[] = ['heavy-atoms', 'nearest-neighbour', 'classical', 'hybrid', 'refined'];
