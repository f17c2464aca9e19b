/** The bill: plan, reservations and draws side by side. */

import type { CostPlan, RunMoney } from '../../../core/contracts/artifacts.ts';
import type { Bill } from '../../../core/contracts/report.ts';
import { stageCost } from '../../../core/guards/index.ts';

const stages = ['serverless', 'train', 'refine', 'dynamics'] as const;

export function billFacts(plan: CostPlan | null, money: RunMoney, budgetMicroUsd: number, local: boolean): Bill {
  return {
    plan,
    lines: stages.map((stage) => {
      const block = money.blocks[stage];
      const drawnMicroUsd = Object.values(block?.draws ?? {}).reduce((sum, draw) => sum + draw, 0);
      return {
        stage,
        plannedMicroUsd: plan === null ? 0 : stageCost(plan, stage),
        reservedMicroUsd: block?.reservedMicroUsd ?? 0,
        drawnMicroUsd,
        settledMicroUsd: block?.settled ? drawnMicroUsd : null,
      };
    }),
    budgetMicroUsd,
    charged: local ? 'emulated' : 'charged',
  };
}
