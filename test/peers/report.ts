/** What a comparison prints: every feature with its number of programs, what disagrees, what was not tested, and one last line. */

import type { PeerReport } from './exact-peer.ts';
import { missingFeatures } from './features.ts';

const MOST_PROBLEMS = 20;

/** Prints the report; whether all agree and every feature of the list is in some program, and no other. */
export function printReport(title: string, seed: number, report: PeerReport, list: readonly string[]): boolean {
  console.log(`\n${title}: feature and number of programs`);
  for (const [feature, count] of [...report.features].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`${String(count).padStart(6)}  ${feature}`);
  const missing = missingFeatures(new Set(report.features.keys()), list);
  for (const { index, problem, source } of report.problems.slice(0, MOST_PROBLEMS))
    console.log(`\nprogram ${index}: ${problem}\n${source}`);
  for (const feature of missing) console.log(`peers: the feature '${feature}' is in no program, or not in the list`);
  console.log(
    `\n${title}: ${report.programs} programs, seed ${seed}, ${report.features.size} features, ${report.problems.length} disagree, ` +
      `largest difference of exact values ${report.largest.toExponential(1)}`,
  );
  return report.problems.length === 0 && missing.length === 0;
}
