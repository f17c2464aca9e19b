import { SettleFunds } from '../../core/contracts/steps.ts';
import { step } from '../shared/step.ts';

/** State `SettleFunds`: books what a stage drew on the day it ended, and frees the rest; of a failed run, for every stage. */
export const handler = step(SettleFunds, async ({ stage }, { ledger, telemetry }) => {
  const stages = stage === 'all' ? Object.keys((await ledger.read()).blocks) : [stage];
  let spentMicroUsd = 0;
  for (const one of stages) spentMicroUsd += await ledger.settle(one);
  telemetry.info('settled', { stage, spentMicroUsd });
  return { spentMicroUsd };
});
