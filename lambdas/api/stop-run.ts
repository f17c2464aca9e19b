import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { routes } from '../../core/contracts/api.ts';
import { sfnClient } from '../shared/clients.ts';
import { route } from '../shared/route.ts';
import { describeRun, STOPPED_BY_USER } from '../shared/runs.ts';

/** `DELETE /runs/{runId}`: stops a run; stopping one that is over changes nothing. */
export const handler = route(routes.StopRun, async ({ parameters: { runId } }) => {
  const execution = await describeRun(runId);
  if (execution.status === 'RUNNING') {
    await sfnClient().send(
      new StopExecutionCommand({ executionArn: execution.arn, error: STOPPED_BY_USER, cause: 'stopped over the API' }),
    );
  }
  return { runId };
});
