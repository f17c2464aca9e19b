/** Jobs, definitions and queues in the shapes of the service. */
import type { Attempt, ComputeEnvironment, Job, JobDefinition, JobQueue, JobStatus } from './model.ts';
import { JOB_STATUSES } from './model.ts';

type Json = Record<string, unknown>;

const resources = (vcpus: number, memoryMb: number) => [
  { type: 'VCPU', value: String(vcpus) },
  { type: 'MEMORY', value: String(memoryMb) },
];

/** JobDetail; `as` shows the job as it was when an event happened. */
export function describeJob(job: Job, children: readonly Job[], as: { status: JobStatus; statusReason?: string } = job): Json {
  const last = job.finished.at(-1);
  return {
    jobArn: job.arn,
    jobId: job.id,
    jobName: job.name,
    jobQueue: job.queueArn,
    jobDefinition: job.definitionArn,
    status: as.status,
    ...(as.statusReason === undefined ? {} : { statusReason: as.statusReason }),
    createdAt: job.createdAtMs,
    ...times(job),
    attempts: job.finished.map(describeAttempt),
    retryStrategy: { attempts: job.attempts, evaluateOnExit: job.evaluateOnExit },
    ...(job.timeoutSeconds === undefined ? {} : { timeout: { attemptDurationSeconds: job.timeoutSeconds } }),
    dependsOn: job.dependsOn,
    parameters: job.parameters,
    ...(job.arraySize === undefined || job.arrayIndex !== undefined
      ? {}
      : { arrayProperties: arraySummary(job.arraySize, children) }),
    ...(job.arrayIndex === undefined ? {} : { arrayProperties: { index: job.arrayIndex, size: job.arraySize } }),
    container: {
      image: job.image,
      command: job.command,
      environment: job.environment,
      resourceRequirements: resources(job.vcpus, job.memoryMb),
      volumes: [],
      mountPoints: [],
      ulimits: [],
      networkInterfaces: [],
      secrets: [],
      ...(last ? attemptContainer(last) : {}),
    },
    platformCapabilities: ['EC2'],
    propagateTags: job.propagateTags,
    tags: job.tags,
    isCancelled: job.isCancelled,
    isTerminated: job.isTerminated,
  };
}

function times(job: Job): Json {
  return {
    ...(job.startedAtMs === undefined ? {} : { startedAt: job.startedAtMs }),
    ...(job.stoppedAtMs === undefined ? {} : { stoppedAt: job.stoppedAtMs }),
  };
}

function attemptContainer(attempt: Attempt): Json {
  return {
    ...(attempt.exitCode === undefined ? {} : { exitCode: attempt.exitCode }),
    ...(attempt.reason === undefined ? {} : { reason: attempt.reason }),
    logStreamName: attempt.logStreamName,
    networkInterfaces: [],
  };
}

function describeAttempt(attempt: Attempt): Json {
  return {
    container: attemptContainer(attempt),
    startedAt: attempt.startedAtMs,
    stoppedAt: attempt.stoppedAtMs,
    statusReason: attempt.statusReason,
  };
}

function arraySummary(size: number, children: readonly Job[]): Json {
  const statusSummary = Object.fromEntries(JOB_STATUSES.map((status) => [status, 0]));
  for (const child of children) statusSummary[child.status]! += 1;
  return { size, statusSummary };
}

/** JobSummary, of ListJobs. */
export function summarizeJob(job: Job): Json {
  const last = job.finished.at(-1);
  return {
    jobArn: job.arn,
    jobId: job.id,
    jobName: job.name,
    jobDefinition: job.definitionArn,
    status: job.status,
    ...(job.statusReason === undefined ? {} : { statusReason: job.statusReason }),
    createdAt: job.createdAtMs,
    ...times(job),
    ...(last ? { container: { exitCode: last.exitCode, reason: last.reason } } : {}),
    ...(job.arraySize === undefined || job.arrayIndex !== undefined ? {} : { arrayProperties: { size: job.arraySize } }),
    ...(job.arrayIndex === undefined ? {} : { arrayProperties: { index: job.arrayIndex } }),
  };
}

export function describeDefinition(definition: JobDefinition): Json {
  return {
    jobDefinitionName: definition.name,
    jobDefinitionArn: definition.arn,
    revision: definition.revision,
    status: definition.status,
    type: 'container',
    parameters: definition.parameters,
    retryStrategy: { attempts: definition.attempts, evaluateOnExit: definition.evaluateOnExit },
    ...(definition.timeoutSeconds === undefined ? {} : { timeout: { attemptDurationSeconds: definition.timeoutSeconds } }),
    containerProperties: {
      image: definition.image,
      command: definition.command,
      environment: definition.environment,
      resourceRequirements: resources(definition.vcpus, definition.memoryMb),
      volumes: [],
      mountPoints: [],
      ulimits: [],
      secrets: [],
    },
    containerOrchestrationType: 'ECS',
    platformCapabilities: ['EC2'],
    propagateTags: definition.propagateTags,
    tags: definition.tags,
  };
}

export function describeQueue(queue: JobQueue): Json {
  return {
    jobQueueName: queue.name,
    jobQueueArn: queue.arn,
    state: queue.state,
    status: 'VALID',
    statusReason: 'JobQueue Healthy',
    priority: queue.priority,
    computeEnvironmentOrder: queue.computeEnvironments,
    jobQueueType: 'ECS',
    tags: queue.tags,
  };
}

export function describeEnvironment(environment: ComputeEnvironment): Json {
  return {
    computeEnvironmentName: environment.name,
    computeEnvironmentArn: environment.arn,
    ecsClusterArn: '',
    type: environment.type,
    state: environment.state,
    status: 'VALID',
    statusReason: 'ComputeEnvironment Healthy',
    ...(environment.computeResources ? { computeResources: environment.computeResources } : {}),
    ...(environment.serviceRole === undefined ? {} : { serviceRole: environment.serviceRole }),
    containerOrchestrationType: 'ECS',
    tags: environment.tags,
  };
}
