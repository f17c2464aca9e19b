/** Scales, ticks and frames shared by the plots. Colours come from the page's style sheet through classes. */
import { html, type Insert, type Markup } from './markup.ts';

export interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
}

/** Round tick positions inside [low, high], about `wanted` of them. */
export function niceTicks(low: number, high: number, wanted = 5): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * span; k++) ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}

/** Maps [low, high] to [from, to]; a range of no width is opened by one half each way. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number], wanted = 5): Scale {
  const [low, high] = domain[1] > domain[0] ? domain : [domain[0] - 0.5, domain[0] + 0.5];
  const [from, to] = range;
  return Object.assign((value: number) => from + ((value - low) / (high - low)) * (to - from), {
    ticks: niceTicks(low, high, wanted),
  });
}

/** Maps by the logarithm; values at or below 0 sit at the low end. */
export function logScale(domain: readonly [number, number], range: readonly [number, number], ticks: readonly number[]): Scale {
  const [low, high] = [Math.log10(domain[0]), Math.log10(domain[1])];
  const [from, to] = range;
  return Object.assign((value: number) => from + ((Math.log10(Math.max(value, domain[0])) - low) / (high - low)) * (to - from), {
    ticks,
  });
}

/** Smallest and largest finite value, with a margin of `margin` of their distance. */
export function extent(values: Iterable<number>, margin = 0.05): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  const room = margin * (high - low || 1);
  return [low - room, high + room];
}

/** Short coordinate: a tenth of a pixel is finer than anyone sees. */
export const at = (value: number): string => (Math.round(value * 10) / 10).toString();

export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export const standardFrame: Frame = { width: 560, height: 320, left: 56, right: 16, top: 16, bottom: 46 };

export const plotArea = ({ width, height, left, right, top, bottom }: Frame) => ({
  x: [left, width - right] as const,
  y: [height - bottom, top] as const,
});

export interface Axes {
  x: Scale;
  y: Scale;
  xLabel: string;
  yLabel: string;
  xTick?: (value: number) => string;
  yTick?: (value: number) => string;
}

const plain = (value: number): string => String(value).replace('-', '−');

/** Grid, ticks and labels of both axes. */
export function drawAxes(frame: Frame, { x, y, xLabel, yLabel, xTick = plain, yTick = plain }: Axes): Markup {
  const { width, height, left, right, top, bottom } = frame;
  const base = height - bottom;
  return html`<g class="grid">${y.ticks.map((tick) => html`<line x1="${left}" x2="${width - right}" y1="${at(y(tick))}" y2="${at(y(tick))}"/>`)}</g>
<g class="axis"><line x1="${left}" x2="${width - right}" y1="${base}" y2="${base}"/><line x1="${left}" x2="${left}" y1="${top}" y2="${base}"/></g>
<g class="tick">${x.ticks.map((tick) => html`<text x="${at(x(tick))}" y="${base + 18}" text-anchor="middle">${xTick(tick)}</text>`)}${y.ticks.map(
    (tick) => html`<text x="${left - 8}" y="${at(y(tick) + 4)}" text-anchor="end">${yTick(tick)}</text>`,
  )}</g>
<g class="label"><text x="${at((left + width - right) / 2)}" y="${height - 8}" text-anchor="middle">${xLabel}</text><text x="${-at((top + base) / 2)}" y="14" text-anchor="middle" transform="rotate(-90)">${yLabel}</text></g>`;
}

/** A path through points, broken where a value is not finite. */
export function linePath(points: Iterable<readonly [number, number]>): string {
  let path = '';
  let pen = 'M';
  for (const [x, y] of points) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      pen = 'M';
      continue;
    }
    path += `${pen}${at(x)} ${at(y)}`;
    pen = 'L';
  }
  return path;
}

export interface Key {
  label: string;
  kind: string;
  dashed?: boolean;
}

/** A plot with its legend and its words: `description` is what someone hears who cannot see it. */
export function figure(frame: Frame, id: string, title: string, description: string, keys: readonly Key[], body: Insert): Markup {
  const legend =
    keys.length === 0
      ? null
      : html`<p class="legend">${keys.map(({ label, kind, dashed }) => html`<span class="key ${kind}${dashed ? ' dashed' : ''}">${label}</span> `)}</p>`;
  return html`<figure class="plot"><figcaption>${title}</figcaption>${legend}
<svg viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-labelledby="${id}-title ${id}-description"><title id="${id}-title">${title}</title><desc id="${id}-description">${description}</desc>
${body}</svg></figure>`;
}
