/** A run is an execution of Discover that bears the run's id as its name. */
import { createHash } from 'node:crypto';
import type { HistoryEvent } from '@aws-sdk/client-sfn';
import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { RunSummary } from '../../core/contracts/api.ts';
import { RunNotFound } from '../../core/contracts/errors.ts';
import type { DiscoverInput } from '../../core/contracts/steps.ts';
import { sfnClient } from './clients.ts';
import { readConfig } from './config.ts';

/** Error name of an execution that StopRun ended. */
export const STOPPED_BY_USER = 'StoppedByUser';

/** The same library version and the same request always name the same run. */
export function runIdOf(campaign: string, libraryUri: string, versionId: string, request: string): string {
  const digest = createHash('sha256').update([campaign, libraryUri, versionId, request].join('\n')).digest('hex');
  return `${campaign}-${digest.slice(0, 12)}`;
}

const discoverArn = () => {
  const arn = readConfig().DISCOVER_ARN;
  if (arn === undefined) throw new Error('environment: DISCOVER_ARN is missing');
  return arn;
};

export const executionArn = (runId: string) => `${discoverArn().replace(':stateMachine:', ':execution:')}:${runId}`;

/** Starts the run unless it was started before: a doubled event or request is no error. */
export async function startDiscover(runId: string, input: DiscoverInput): Promise<'started' | 'known'> {
  try {
    await sfnClient().send(
      new StartExecutionCommand({ stateMachineArn: discoverArn(), name: runId, input: JSON.stringify(input) }),
    );
    return 'started';
  } catch (error) {
    if (error instanceof ExecutionAlreadyExists) return 'known';
    throw error;
  }
}

export async function describeRun(runId: string) {
  try {
    const execution = await sfnClient().send(new DescribeExecutionCommand({ executionArn: executionArn(runId) }));
    return {
      arn: execution.executionArn!,
      status: execution.status as RunSummary['status'],
      startedAt: execution.startDate!.toISOString(),
      endedAt: execution.stopDate?.toISOString() ?? null,
      error: execution.error === undefined ? null : { name: execution.error, cause: execution.cause ?? '' },
    };
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) throw new RunNotFound(`there is no run ${runId}`);
    throw error;
  }
}

/** Why a run has not left `what`: there is no such run, it has not come so far, or it ended before. */
export async function absent(runId: string, what: string): Promise<RunNotFound> {
  const { status } = await describeRun(runId);
  return new RunNotFound(
    status === 'RUNNING'
      ? `run ${runId} has no ${what} yet: it is still going`
      : `run ${runId} has no ${what}: it ended before, as ${status}`,
  );
}

export interface StageSpan {
  stage: string;
  startedAt: string;
  endedAt: string | null;
}

/** When each state of the execution was entered and left, in order of entry; from the history, so waits are in it. */
export function spansOf(events: readonly HistoryEvent[]): StageSpan[] {
  const spans: StageSpan[] = [];
  for (const event of events) {
    const at = event.timestamp!.toISOString();
    const entered = event.stateEnteredEventDetails?.name;
    const exited = event.stateExitedEventDetails?.name;
    if (entered !== undefined) spans.push({ stage: entered, startedAt: at, endedAt: null });
    if (exited !== undefined) {
      const open = spans.findLast((span) => span.stage === exited && span.endedAt === null);
      if (open !== undefined) open.endedAt = at;
    }
  }
  return spans;
}

export async function stageTimes(arn: string): Promise<StageSpan[]> {
  const events: HistoryEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page = await sfnClient().send(
      new GetExecutionHistoryCommand({
        executionArn: arn,
        maxResults: 1000,
        includeExecutionData: false,
        ...(nextToken === undefined ? {} : { nextToken }),
      }),
    );
    events.push(...(page.events ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return spansOf(events);
}
