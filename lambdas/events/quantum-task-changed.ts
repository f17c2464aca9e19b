import { z } from 'zod';
import { OpenToken } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import { event } from '../shared/event.ts';
import { askTask, concludeIfOver, markTask, taskOfDirectory } from '../shared/tasks.ts';

const TaskStateChange = z.object({
  detail: z.object({ quantumTaskArn: z.string(), outputS3Directory: z.string() }),
});

/** A hint that a task ended: asks the service, marks the task, and answers the token when it was the last one. */
export const handler = event('QuantumTaskChanged', TaskStateChange, async ({ detail }, { artifacts, telemetry }) => {
  const task = taskOfDirectory(detail.outputS3Directory);
  if (task === null) {
    telemetry.info('a task of somebody else');
    return;
  }
  const { runId, key, index } = task;
  const answer = await askTask(detail.quantumTaskArn);
  if (answer === 'lost' || !(answer.status === 'COMPLETED' || answer.status === 'FAILED' || answer.status === 'CANCELLED'))
    return;
  await markTask(artifacts, runId, key, index, { arn: detail.quantumTaskArn, status: answer.status, reason: answer.reason });
  const token = await artifacts.find(place.openToken(runId, key), OpenToken);
  if (token !== null) await concludeIfOver(artifacts, token);
});
