import { ReserveFunds } from '../../core/contracts/steps.ts';
import { step } from '../shared/step.ts';

/** State `ReserveFunds`: a stage's block, reserved once in the account's ledger and in the run's own. */
export const handler = step(ReserveFunds, async ({ stage, amountMicroUsd }, { ledger, run }) => {
  const { campaign, options } = await run();
  await ledger.reserve(stage, amountMicroUsd, options.budgetMicroUsd ?? campaign.budgetMicroUsd);
  return { reservedMicroUsd: amountMicroUsd };
});
