import { InvalidToken, ListExecutionsCommand } from '@aws-sdk/client-sfn';
import type { RunSummary } from '../../core/contracts/api.ts';
import { routes } from '../../core/contracts/api.ts';
import { InvalidRequest } from '../../core/contracts/errors.ts';
import { sfnClient } from '../shared/clients.ts';
import { route } from '../shared/route.ts';

async function listExecutions(stateMachineArn: string | undefined, maxResults: number, nextToken: string | undefined) {
  try {
    return await sfnClient().send(
      new ListExecutionsCommand({ stateMachineArn, maxResults, ...(nextToken === undefined ? {} : { nextToken }) }),
    );
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    throw new InvalidRequest(`nextToken: wanted one that this route gave, found ${JSON.stringify(nextToken?.slice(0, 80))}`);
  }
}

/** `GET /runs`: runs, newest first. */
export const handler = route(routes.ListRuns, async ({ query: { limit, nextToken } }, { config }) => {
  const page = await listExecutions(config.DISCOVER_ARN, limit, nextToken);
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
