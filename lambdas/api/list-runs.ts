import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import type { RunSummary } from '../../core/contracts/api.ts';
import { routes } from '../../core/contracts/api.ts';
import { sfnClient } from '../shared/clients.ts';
import { route } from '../shared/route.ts';

/** `GET /runs`: runs, newest first. */
export const handler = route(routes.ListRuns, async ({ query: { limit, nextToken } }, { config }) => {
  const page = await sfnClient().send(
    new ListExecutionsCommand({
      stateMachineArn: config.DISCOVER_ARN,
      maxResults: limit,
      ...(nextToken === undefined ? {} : { nextToken }),
    }),
  );
  return {
    runs: (page.executions ?? []).map((execution) => ({
      runId: execution.name!,
      status: execution.status as RunSummary['status'],
      startedAt: execution.startDate!.toISOString(),
      endedAt: execution.stopDate?.toISOString() ?? null,
    })),
    nextToken: page.nextToken ?? null,
  };
});
