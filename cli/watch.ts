/** Shows a run's progress until it is over: stage, counts, loss, money, time left. */

import type { RunStatus } from '../core/contracts/api.ts';
import { routes } from '../core/contracts/api.ts';
import type { ApiClient } from './client.ts';

const POLL_MS = 1000;

/** Less than a cent keeps its digits: it is not nothing. */
export const dollars = (microUsd: number) => `${(microUsd / 1e6).toFixed(microUsd > 0 && microUsd < 10_000 ? 6 : 2)} USD`;
const clockTime = (ms: number) =>
  `${String(Math.floor(ms / 60_000)).padStart(2, '0')}:${String(Math.floor(ms / 1000) % 60).padStart(2, '0')}`;

export interface StageMs {
  stage: string;
  ms: number;
}

/** How long each stage took, in order of entry; a stage entered twice is counted together. */
export function stageDurations(status: RunStatus): StageMs[] {
  const total = new Map<string, number>();
  for (const { stage, startedAt, endedAt } of status.stages) {
    const end = endedAt ?? status.endedAt;
    if (end !== null) total.set(stage, (total.get(stage) ?? 0) + Date.parse(end) - Date.parse(startedAt));
  }
  return [...total].map(([stage, ms]) => ({ stage, ms }));
}

const factText = ([name, value]: [string, string | number]) =>
  `${name} ${typeof value === 'number' && !Number.isInteger(value) ? value.toPrecision(4) : value}`;

function line(status: RunStatus, startedMs: number, nowMs: number, expectedMs: number | null): string {
  const open = status.stages.filter(({ endedAt }) => endedAt === null).map(({ stage }) => stage);
  const counts = status.progress
    .filter(({ done, total }) => done < total || total === 0)
    .map(({ stage, done, total, facts }) => [`${stage} ${done}/${total}`, ...Object.entries(facts).map(factText)].join(', '));
  const left = expectedMs === null ? '' : ` | about ${clockTime(Math.max(0, expectedMs - (nowMs - startedMs)))} left`;
  const money = `${dollars(status.money.drawnMicroUsd)} of ${status.money.plannedMicroUsd === null ? 'a plan to come' : dollars(status.money.plannedMicroUsd)}`;
  return `${open.at(-1) ?? status.status}${counts.length === 0 ? '' : ` | ${counts.join(' | ')}`} | ${money}${left}`;
}

/** Why a run that is over is not a plain success, a line for each reason. */
export function whyItEnded({ reasons, error }: RunStatus): string[] {
  if (reasons.length > 0) return reasons.map(({ code, message }) => `${code}: ${message}`);
  return error === null ? [] : [`${error.name}: ${error.cause}`];
}

/** Polls until the run is over; prints a line whenever something changed. */
export async function watchRun(
  api: ApiClient,
  runId: string,
  say: (line: string) => void,
  expectedMs: number | null = null,
): Promise<RunStatus> {
  let last = '';
  for (;;) {
    const status = await api.call(routes.GetRun, { parameters: { runId } });
    const nowMs = Date.now();
    const startedMs = Date.parse(status.startedAt);
    const text = line(status, startedMs, nowMs, expectedMs);
    // The time left alone is no news.
    const news = text.replace(/ \| about .*$/, '');
    if (news !== last) say(`[${clockTime(nowMs - startedMs)}] ${text}`);
    last = news;
    if (status.status !== 'RUNNING') return status;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
