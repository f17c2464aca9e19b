/** Tasks and devices in the words of the service's answers. */
import type { Members } from '../rest-json.ts';
import type { BraketDevice } from './devices.ts';
import type { Task } from './task-store.ts';

export function summarizeTask(task: Task): Members {
  return {
    quantumTaskArn: task.arn,
    status: task.status,
    deviceArn: task.deviceArn,
    shots: task.shots,
    outputS3Bucket: task.outputS3Bucket,
    outputS3Directory: task.outputS3Directory,
    createdAt: new Date(task.createdAtMs).toISOString(),
    ...(task.endedAtMs === undefined ? {} : { endedAt: new Date(task.endedAtMs).toISOString() }),
    tags: task.tags,
  };
}

export function describeTask(task: Task): Members {
  const { actionType, programCount, executableCount } = task;
  return {
    ...summarizeTask(task),
    deviceParameters: task.deviceParameters,
    ...(task.failureReason === undefined ? {} : { failureReason: task.failureReason }),
    ...(task.numSuccessfulShots === undefined ? {} : { numSuccessfulShots: task.numSuccessfulShots }),
    ...(task.jobArn === undefined ? {} : { jobArn: task.jobArn }),
    ...(task.associations ? { associations: task.associations } : {}),
    ...(task.experimentalCapabilities ? { experimentalCapabilities: task.experimentalCapabilities } : {}),
    actionMetadata: {
      actionType,
      ...(programCount === undefined ? {} : { programCount }),
      ...(executableCount === undefined ? {} : { executableCount }),
    },
  };
}

/** The service gives up counting at some length of the queue. */
export function queueInfo(task: Task, position: () => number): Members {
  const common = { queue: 'QUANTUM_TASKS_QUEUE', queuePriority: task.hasPriority ? 'Priority' : 'Normal' };
  if (task.status !== 'CREATED' && task.status !== 'QUEUED') {
    return { ...common, position: 'None', message: `A task that is ${task.status} has no place in the queue.` };
  }
  const place = position();
  return { ...common, position: place > 2_000 ? '>2000' : String(place) };
}

export function summarizeDevice(device: BraketDevice): Members {
  return {
    deviceArn: device.arn,
    deviceName: device.name,
    providerName: device.provider,
    deviceType: device.type,
    deviceStatus: device.status,
  };
}
