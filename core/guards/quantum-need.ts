/**
 * Does this problem need a quantum circuit at all? Six refusals in a fixed order, each with its number and the classical answer.
 * All are evaluated, so that the report shows every one; the first refusal is the reason given.
 */
import type { GuardDecision } from '../contracts/artifacts.ts';
import { formatUsd } from './cost.ts';

/** Fewer labels than this train no head. */
export const MINIMUM_LABELS = 50;
/** A classical model this close to the assay's own noise leaves nothing to gain, pK. */
export const NOISE_MARGIN_PK = 0.1;
/** Mean-field is enough below this T1 diagnostic, above this gap, and with all occupations outside the open interval. */
export const T1_THRESHOLD = 0.02;
export const OCCUPATION_RANGE = [0.02, 1.98] as const;
export const GAP_THRESHOLD_EV = 3;

/** Diagnostics of the electronic structure, for an energy task. */
export interface MultireferenceFacts {
  t1Diagnostic: number;
  naturalOccupations: readonly number[];
  gapEv: number;
}

export interface QuantumNeedFacts {
  task: 'affinity' | 'property';
  hasStructure: boolean;
  /** RMSE of the classical model on compounds it was not trained on, pK. */
  classicalRmsePk: number;
  assayNoisePk: number;
  /** Null where the run has no energy task. */
  multireference: MultireferenceFacts | null;
  deviceCostMicroUsd: number;
  budgetMicroUsd: number;
  /** Light of the loading and plateau guards; null before they were asked. */
  loadingLight: GuardDecision['decision'] | null;
  plateauLight: GuardDecision['decision'] | null;
  labelledCount: number;
}

const decide = (
  guard: string,
  decision: GuardDecision['decision'],
  message: string,
  evidence: GuardDecision['evidence'],
): GuardDecision => ({ guard, decision, message, evidence });

function taskGuard({ task, hasStructure }: QuantumNeedFacts): GuardDecision {
  const evidence = { task, hasStructure };
  if (task === 'property') {
    return decide(
      'quantum-need/task',
      'refuse',
      `The task is a property of the molecule, with ${hasStructure ? 'a structure but no' : 'neither a structure nor an'} energy as its target: electrons do not decide it. The classical model's answer is the answer.`,
      evidence,
    );
  }
  if (!hasStructure) {
    return decide(
      'quantum-need/task',
      'warn',
      'The task is an affinity but the campaign has no structure: the model sees the ligand only.',
      evidence,
    );
  }
  return decide('quantum-need/task', 'pass', 'The task is an affinity to a target with a structure.', evidence);
}

function noiseFloorGuard({ classicalRmsePk, assayNoisePk }: QuantumNeedFacts): GuardDecision {
  const excess = classicalRmsePk - assayNoisePk;
  const evidence = { classicalRmsePk, assayNoisePk, excessPk: excess, marginPk: NOISE_MARGIN_PK };
  return excess <= NOISE_MARGIN_PK
    ? decide(
        'quantum-need/noise-floor',
        'refuse',
        `The classical model errs by ${classicalRmsePk.toFixed(2)} pK and the assay itself by ${assayNoisePk.toFixed(2)}: ${excess <= 0 ? 'nothing' : `only ${excess.toFixed(2)}`} is left to gain, less than the margin of ${NOISE_MARGIN_PK}. Its ranking stands.`,
        evidence,
      )
    : decide(
        'quantum-need/noise-floor',
        'pass',
        `The classical model errs by ${classicalRmsePk.toFixed(2)} pK, ${excess.toFixed(2)} above the assay's noise of ${assayNoisePk.toFixed(2)}.`,
        evidence,
      );
}

function multireferenceGuard({ multireference }: QuantumNeedFacts): GuardDecision {
  const guard = 'quantum-need/multireference';
  if (multireference === null) return decide(guard, 'not-applicable', 'The run computes no electronic energy.', {});
  const { t1Diagnostic, naturalOccupations, gapEv } = multireference;
  const open = naturalOccupations.filter((n) => n > OCCUPATION_RANGE[0] && n < OCCUPATION_RANGE[1]).length;
  const evidence = { t1Diagnostic, openOccupations: open, gapEv };
  return t1Diagnostic < T1_THRESHOLD && open === 0 && gapEv > GAP_THRESHOLD_EV
    ? decide(
        guard,
        'refuse',
        `T1 is ${t1Diagnostic.toFixed(3)} (below ${T1_THRESHOLD}), no natural occupation lies between ${OCCUPATION_RANGE[0]} and ${OCCUPATION_RANGE[1]}, and the gap is ${gapEv.toFixed(1)} eV: one determinant describes this molecule. Use DFT or perturbation theory.`,
        evidence,
      )
    : decide(
        guard,
        'pass',
        `T1 is ${t1Diagnostic.toFixed(3)}, ${open} natural occupations are open, the gap is ${gapEv.toFixed(1)} eV.`,
        evidence,
      );
}

function priceGuard({ deviceCostMicroUsd, budgetMicroUsd }: QuantumNeedFacts): GuardDecision {
  const guard = 'quantum-need/price';
  const evidence = { deviceCostMicroUsd, budgetMicroUsd };
  if (deviceCostMicroUsd === 0)
    return decide(guard, 'pass', 'The circuits run on the exact simulator and cost no device money.', evidence);
  return deviceCostMicroUsd > budgetMicroUsd
    ? decide(
        guard,
        'refuse',
        `The circuits cost ${formatUsd(deviceCostMicroUsd)} on the device and the budget is ${formatUsd(budgetMicroUsd)}. The classical answer costs nothing more.`,
        evidence,
      )
    : decide(
        guard,
        'pass',
        `The circuits cost ${formatUsd(deviceCostMicroUsd)} of a budget of ${formatUsd(budgetMicroUsd)}.`,
        evidence,
      );
}

function lightGuard({ loadingLight, plateauLight }: QuantumNeedFacts): GuardDecision {
  const guard = 'quantum-need/trainable';
  const evidence = { loading: loadingLight, plateau: plateauLight };
  if (loadingLight === null && plateauLight === null) {
    return decide(
      guard,
      'not-applicable',
      'Loading and trainability were not measured, because the head is not trained.',
      evidence,
    );
  }
  const red = [
    loadingLight === 'refuse' ? 'the loading of the data' : '',
    plateauLight === 'refuse' ? 'the gradient' : '',
  ].filter(Boolean);
  return red.length > 0
    ? decide(
        guard,
        'refuse',
        `The light of ${red.join(' and of ')} is red, so the head cannot learn. The classical model's answer stands.`,
        evidence,
      )
    : decide(guard, 'pass', 'Neither the loading nor the plateau guard shows red.', evidence);
}

/** Fewer than 50 labels in the campaign: no head is trained. Usable before any model exists. */
export function labelGuard({ labelledCount }: Pick<QuantumNeedFacts, 'labelledCount'>): GuardDecision {
  const evidence = { labelledCount, minimum: MINIMUM_LABELS };
  return labelledCount < MINIMUM_LABELS
    ? decide(
        'quantum-need/labels',
        'refuse',
        `The campaign has ${labelledCount} labelled compounds and a head needs ${MINIMUM_LABELS}. None is trained; compounds are ranked by the classical answer.`,
        evidence,
      )
    : decide('quantum-need/labels', 'pass', `The campaign has ${labelledCount} labelled compounds.`, evidence);
}

/** The six tests in their fixed order of precedence: task, noise floor, multireference, price, trainability, labels. */
export function quantumNeed(facts: QuantumNeedFacts): GuardDecision[] {
  return [
    taskGuard(facts),
    noiseFloorGuard(facts),
    multireferenceGuard(facts),
    priceGuard(facts),
    lightGuard(facts),
    labelGuard(facts),
  ];
}
