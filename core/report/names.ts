/** What scorers, stages and devices are called in front of people. */
import type { Device } from '../contracts/primitives.ts';
import type { ScorerKey } from '../contracts/report.ts';

export const scorerLabels: Record<ScorerKey, string> = {
  'heavy-atoms': 'Heavy-atom count',
  'nearest-neighbour': 'Nearest assay neighbour',
  classical: 'Classical model',
  hybrid: 'Hybrid (classical + quantum)',
  refined: 'Hybrid, refined top',
};

/** Those that hold a quantum number. */
export const isQuantumScorer = (key: ScorerKey): boolean => key === 'hybrid' || key === 'refined';

export const stageLabels: Record<string, string> = {
  serverless: 'Serverless (Lambda, Step Functions, S3)',
  train: 'Training of the quantum head',
  refine: 'Refinement of the top',
  dynamics: 'Molecular dynamics',
};

/** `qpu/iqm/Garnet` for a device, in words for the exact simulator. */
export function deviceLabel(device: Device): string {
  return device === 'lambda' ? 'the exact simulator inside the Lambda' : device.replace(/^.*device\//, '');
}

/** `rowsOfOtherQuantity` as people write it: Rows of other quantity. */
export function ruleLabel(rule: string): string {
  const words = rule.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
