import { SettleFunds } from '../../core/contracts/steps.ts';
import { step } from '../shared/step.ts';

/** State `SettleFunds`: books what a stage drew on the day it ended, and frees the rest. */
export const handler = step(SettleFunds, async ({ stage }, { ledger, telemetry }) => {
  const spentMicroUsd = await ledger.settle(stage);
  telemetry.info('settled', { stage, spentMicroUsd });
  return { spentMicroUsd };
});
