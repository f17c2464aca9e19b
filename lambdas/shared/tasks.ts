/**
 * Waiting for quantum tasks. The token object is written before a task exists, so no event can come too early; each finished
 * task leaves a marker before the token is looked at, and the list of tasks is written before the markers are counted, so
 * whoever comes last sees both and answers the token.
 */
import { createHash } from 'node:crypto';
import {
  CancelQuantumTaskCommand,
  ConflictException,
  GetQuantumTaskCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-braket';
import {
  InvalidToken,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import { z } from 'zod';
import { OpenToken } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import type { TasksCompleted } from '../../core/contracts/steps.ts';
import type { ArtifactStore } from './artifacts.ts';
import { ConditionFailed } from './artifacts.ts';
import { braketClient, sfnClient } from './clients.ts';

export const TaskMarker = z.strictObject({
  schema: z.literal('task-marker/1'),
  arn: z.string(),
  status: z.enum(['COMPLETED', 'FAILED', 'CANCELLED']),
  reason: z.string(),
});
export type TaskMarker = z.infer<typeof TaskMarker>;

const OUTPUT_DIRECTORY = /^runs\/([a-z0-9-]+)\/tasks\/([0-9a-f]+)\/(\d{5})\/[^/]+$/;

/** Which token and which of its tasks an output directory belongs to; null for a task of somebody else. */
export function taskOfDirectory(directory: string): { runId: string; key: string; index: number } | null {
  const match = OUTPUT_DIRECTORY.exec(directory);
  return match === null ? null : { runId: match[1]!, key: match[2]!, index: Number(match[3]) };
}

export function tokenKey(runId: string, stage: string, circuitsSha256: string, device: string): string {
  return createHash('sha256').update([runId, stage, circuitsSha256, device].join('\n')).digest('hex').slice(0, 32);
}

/** One quantum task, asked by name of the service: events are only hints. */
export async function askTask(arn: string): Promise<{ status: string; reason: string } | 'lost'> {
  const region = arn.split(':')[3]!;
  try {
    const task = await braketClient(region).send(new GetQuantumTaskCommand({ quantumTaskArn: arn }));
    return { status: task.status!, reason: task.failureReason ?? '' };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return 'lost';
    throw error;
  }
}

/** Asks the service to give a task up; one that is over, or that nobody knows, stays as it is. */
export async function cancelTask(arn: string): Promise<void> {
  const region = arn.split(':')[3]!;
  // The same request however often it is repeated.
  const clientToken = createHash('sha256').update(`cancel\n${arn}`).digest('hex');
  try {
    await braketClient(region).send(new CancelQuantumTaskCommand({ quantumTaskArn: arn, clientToken }));
  } catch (error) {
    if (!(error instanceof ConflictException || error instanceof ResourceNotFoundException)) throw error;
  }
}

export async function markTask(
  store: ArtifactStore,
  runId: string,
  key: string,
  index: number,
  marker: Omit<TaskMarker, 'schema'>,
): Promise<void> {
  await store.write(place.taskDone(runId, key, index), TaskMarker, { schema: 'task-marker/1', ...marker });
}

const isGone = (error: unknown) =>
  error instanceof TaskTimedOut || error instanceof TaskDoesNotExist || error instanceof InvalidToken;

async function answer(send: () => Promise<unknown>): Promise<void> {
  try {
    await send();
  } catch (error) {
    // Somebody else answered, or the wait is over: the same end.
    if (!isGone(error)) throw error;
  }
}

export async function succeedToken(token: OpenToken): Promise<void> {
  const output: z.infer<typeof TasksCompleted> = { key: token.key, taskArns: token.taskArns };
  await answer(() =>
    sfnClient().send(new SendTaskSuccessCommand({ taskToken: token.taskToken, output: JSON.stringify(output) })),
  );
}

export async function failToken(token: OpenToken, error: string, cause: string): Promise<void> {
  await answer(() =>
    sfnClient().send(new SendTaskFailureCommand({ taskToken: token.taskToken, error, cause: cause.slice(0, 1000) })),
  );
}

/** False when nobody waits for the token any more. */
export async function beatToken(token: OpenToken): Promise<boolean> {
  try {
    await sfnClient().send(new SendTaskHeartbeatCommand({ taskToken: token.taskToken }));
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

export async function closeToken(store: ArtifactStore, token: OpenToken): Promise<void> {
  const openKey = place.openToken(token.runId, token.key);
  await store.write(place.closedToken(token.runId, token.key), OpenToken, token);
  // A submit that was tried again meanwhile has left its own token there, which somebody waits for.
  const current = await store.readVersioned(openKey, OpenToken);
  if (current === null || current.value.taskToken !== token.taskToken) return;
  try {
    await store.delete(openKey, { etag: current.etag });
  } catch (error) {
    // Written between the look and the deletion: it is somebody else's now, and stays.
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** Answers the token if its last task is over, or one of them failed. True when it was answered. */
export async function concludeIfOver(store: ArtifactStore, token: OpenToken): Promise<boolean> {
  if (token.taskArns.length === 0) return false;
  const keys = await store.list(place.taskDonePrefix(token.runId, token.key));
  if (keys.length < token.taskArns.length) return false;
  const markers = await Promise.all(keys.map((key) => store.read(key, TaskMarker)));
  const bad = markers.find(({ status }) => status !== 'COMPLETED');
  if (bad === undefined) {
    await succeedToken(token);
  } else {
    const failed = markers.filter(({ status }) => status !== 'COMPLETED').length;
    await failToken(
      token,
      bad.status === 'CANCELLED' ? 'QuantumTaskCancelled' : 'QuantumTaskFailed',
      `${failed} of ${markers.length} quantum tasks did not complete; ${bad.arn} is ${bad.status}${bad.reason === '' ? '' : `: ${bad.reason}`}`,
    );
  }
  await closeToken(store, token);
  return true;
}
