import { createHash } from 'node:crypto';
import {
  CreateQuantumTaskCommand,
  DeviceOfflineException,
  DeviceRetiredException,
  ServiceQuotaExceededException,
  ThrottlingException,
} from '@aws-sdk/client-braket';
import { OpenToken } from '../../core/contracts/artifacts.ts';
import { DeviceBusy, DeviceOffline, DeviceRetired, LedgerConflict } from '../../core/contracts/errors.ts';
import { parseUri, place } from '../../core/contracts/places.ts';
import { SubmitCircuits } from '../../core/contracts/steps.ts';
import { decodeTensors } from '../../core/contracts/tensors.ts';
import { taskPriceMicroUsd } from '../../core/guards/index.ts';
import { CircuitsHeader, readCircuits } from '../../core/problems/circuit-files.ts';
import { compileBatch } from '../../core/problems/programs.ts';
import { compareAndSwap } from '../shared/artifacts.ts';
import { braketClient } from '../shared/clients.ts';
import { mapLimited } from '../shared/concurrency.ts';
import { deviceRegion, resultsBucket } from '../shared/devices.ts';
import { step } from '../shared/step.ts';
import { concludeIfOver, tokenKey } from '../shared/tasks.ts';

/** Below the service's 20 a second with replies of a tenth of a second; what is throttled all the same is tried again by the client. */
const CREATES_AT_ONCE = 2;
/** CreateQuantumTask may be called so often a second. */
const CREATES_PER_SECOND = 20;

function asOurs(error: unknown, device: string): Error {
  if (error instanceof DeviceRetiredException) return new DeviceRetired(`${device} was retired`, { cause: error });
  if (error instanceof DeviceOfflineException) return new DeviceOffline(`${device} is offline`, { cause: error });
  if (error instanceof ThrottlingException || error instanceof ServiceQuotaExceededException) {
    return new DeviceBusy(`${device}: ${error.message}`, { cause: error });
  }
  return error as Error;
}

/**
 * State `SubmitCircuits`: hands a batch to Braket and leaves the token where the events find it.
 *
 * The token object is written before a task exists. A retried submit comes with a new token, overwrites the object, and gets the
 * same tasks again, because their client tokens are made of run, iteration and circuits; when they are over already it answers at once.
 */
export const handler = step(SubmitCircuits, async ({ runId, stage, circuitsUri, device, maxQueueSeconds, taskToken }, tools) => {
  const { artifacts, ledger, telemetry, config, nowMs } = tools;
  const bytes = await artifacts.readBytes(parseUri(circuitsUri).key);
  const { header, tensors } = decodeTensors(bytes);
  const { batch, target } = readCircuits({ header: CircuitsHeader.parse(header), tensors });
  const key = tokenKey(runId, stage, createHash('sha256').update(bytes).digest('hex'), device);

  const openKey = place.openToken(runId, key);
  const earlier = (await artifacts.find(openKey, OpenToken)) ?? (await artifacts.find(place.closedToken(runId, key), OpenToken));
  const token: OpenToken = {
    schema: 'open-token/1',
    key,
    runId,
    taskToken,
    device,
    circuitsUri,
    createdAt: earlier?.createdAt ?? new Date(nowMs()).toISOString(),
    deadline: new Date(nowMs() + maxQueueSeconds * 1000).toISOString(),
    taskArns: earlier?.taskArns ?? [],
  };
  await artifacts.write(openKey, OpenToken, token);

  const { tasks } = compileBatch(batch, target);
  const shots = tasks.reduce((sum, task) => sum + task.shots, 0);
  const priceMicroUsd = taskPriceMicroUsd(device, tasks);
  await ledger.draw(stage, key, priceMicroUsd);

  const region = deviceRegion(device);
  const startedMs = nowMs();
  const taskArns = await mapLimited(tasks, CREATES_AT_ONCE, async (task, index) => {
    const dueMs = startedMs + (index * 1000) / CREATES_PER_SECOND;
    // In the cloud the service sets the pace; a local one has no such quota.
    if (config.AWS_ENDPOINT_URL === undefined && nowMs() < dueMs)
      await new Promise((resolve) => setTimeout(resolve, dueMs - nowMs()));
    try {
      const { quantumTaskArn } = await braketClient(region).send(
        new CreateQuantumTaskCommand({
          deviceArn: device,
          shots: task.shots,
          action: JSON.stringify(task.action),
          outputS3Bucket: resultsBucket(device),
          outputS3KeyPrefix: place.taskPrefix(runId, key, index),
          clientToken: createHash('sha256').update(`${key}\n${index}`).digest('hex'),
        }),
      );
      return quantumTaskArn!;
    } catch (error) {
      throw asOurs(error, device);
    }
  });
  const complete = await compareAndSwap(
    artifacts,
    openKey,
    OpenToken,
    () => token,
    (current) => (current.taskToken === taskToken ? { ...current, taskArns } : null),
    (tries) => new LedgerConflict(`${openKey} changed under our hands ${tries} times in a row`),
  );
  telemetry.count(
    'CircuitsRun',
    tasks.reduce((sum, task) => sum + task.circuits.length, 0),
  );
  telemetry.count('ShotsSpent', shots);
  telemetry.count('CostMicroUsd', priceMicroUsd);
  telemetry.info('submitted', { stage, tasks: tasks.length, shots, priceMicroUsd, device });
  // Every event may have come before the list of tasks was written.
  await concludeIfOver(artifacts, complete);
  return { tasks: tasks.length };
});
