/** How numbers are written in a report. */
import type { Interval } from '../contracts/report.ts';

export { formatUsd } from '../guards/cost.ts';

/** A true minus sign, so that columns of numbers align and screen readers say minus. */
export const fixed = (value: number, digits = 2): string =>
  value
    .toFixed(digits)
    .replace(/^-(?=[0.]*$)/, '')
    .replace('-', '−');

export const count = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');

export const percent = (fraction: number, digits = 0): string => `${fixed(100 * fraction, digits)}\u202f%`;

/** `0.41 [0.27, 0.53]`, or the value alone with a remark where no interval could be drawn. */
export function interval({ value, low, high }: Interval, digits = 2): string {
  return low === null || high === null
    ? `${fixed(value, digits)} (no interval)`
    : `${fixed(value, digits)} [${fixed(low, digits)}, ${fixed(high, digits)}]`;
}

export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** A number of unknown size, as short as it can be said. */
export function short(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return count(value).replace('-', '−');
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5)
    ? value.toExponential(1).replace('-', '−')
    : String(Number(value.toPrecision(3))).replace('-', '−');
}
