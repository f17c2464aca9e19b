/** Hybrid jobs in the words of the service's answers and events. */
import { type AwsEvent, uuidFrom } from '../../change-events.ts';
import type { Members } from '../../rest-json.ts';
import { type HybridJob, isJobOver } from './model.ts';

/** The model allows no more in one answer. */
const MOST_EVENTS = 20;
const LONGEST_REASON = 1024;

const iso = (atMs: number): string => new Date(atMs).toISOString();

function times(job: HybridJob): Members {
  return {
    createdAt: iso(job.createdAtMs),
    ...(job.startedAtMs === undefined ? {} : { startedAt: iso(job.startedAtMs) }),
    ...(job.endedAtMs === undefined ? {} : { endedAt: iso(job.endedAtMs) }),
  };
}

export function summarizeJob(job: HybridJob): Members {
  return { jobArn: job.arn, jobName: job.name, status: job.status, device: job.deviceArn, ...times(job), tags: job.tags };
}

export function describeJob(job: HybridJob): Members {
  const { scriptMode, imageUri, checkpoint } = job;
  return {
    jobArn: job.arn,
    jobName: job.name,
    status: job.status,
    ...(job.failureReason === undefined ? {} : { failureReason: job.failureReason.slice(0, LONGEST_REASON) }),
    roleArn: job.roleArn,
    ...times(job),
    ...(job.startedAtMs === undefined || job.endedAtMs === undefined
      ? {}
      : { billableDuration: job.endedAtMs - job.startedAtMs }),
    algorithmSpecification: {
      ...(scriptMode ? { scriptModeConfig: scriptMode } : {}),
      ...(imageUri === undefined ? {} : { containerImage: { uri: imageUri } }),
    },
    inputDataConfig: job.inputs.map(({ s3Uri, ...channel }) => ({ ...channel, dataSource: { s3DataSource: { s3Uri } } })),
    outputDataConfig: { s3Path: job.outputS3Path, ...(job.outputKmsKeyId === undefined ? {} : { kmsKeyId: job.outputKmsKeyId }) },
    ...(checkpoint ? { checkpointConfig: checkpoint } : {}),
    instanceConfig: job.instance,
    stoppingCondition: { maxRuntimeInSeconds: job.maxRuntimeSeconds },
    deviceConfig: { device: job.deviceArn },
    ...(job.hyperParameters ? { hyperParameters: job.hyperParameters } : {}),
    events: job.steps
      .filter((step) => step.event !== undefined)
      .slice(-MOST_EVENTS)
      .map(({ event, atMs, message }) => ({ eventType: event, timeOfEvent: iso(atMs), message: message ?? '' })),
    tags: job.tags,
    ...(job.associations ? { associations: job.associations } : {}),
  };
}

/** The service gives up counting at some length of the queue. */
export function jobQueueInfo(job: HybridJob, position: () => number): Members {
  if (job.status !== 'QUEUED') {
    const message = `Job is in ${job.status} status. AmazonBraket does not show queue position for this status.`;
    return { queue: 'JOBS_QUEUE', position: 'None', message };
  }
  const place = position();
  return { queue: 'JOBS_QUEUE', position: place > 15 ? '>15' : String(place) };
}

/** The fields that published users of the event read are jobArn, status, startedAt and endedAt; the rest follows the task event. */
export function jobEvent(job: HybridJob, index: number): AwsEvent {
  const change = job.changes[index]!;
  return {
    id: uuidFrom('braket-job-event', job.arn, index),
    source: 'aws.braket',
    detailType: 'Braket Job State Change',
    region: job.region,
    timeMs: change.atMs,
    resources: [job.arn],
    detail: {
      jobArn: job.arn,
      jobName: job.name,
      status: change.status,
      deviceArn: job.deviceArn,
      createdAt: iso(job.createdAtMs),
      eventName: index === 0 ? 'INSERT' : 'MODIFY',
      ...(index === 0 || job.startedAtMs === undefined || job.startedAtMs > change.atMs
        ? {}
        : { startedAt: iso(job.startedAtMs) }),
      ...(isJobOver(change.status) ? { endedAt: iso(change.atMs) } : {}),
    },
  };
}
