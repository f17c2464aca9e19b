/** Reads job definitions and jobs out of requests; what the local cloud cannot honour is refused, never dropped. */
import type { MemberReader } from '../members.ts';
import type { Dependency, EvaluateOnExit, JobDefinition, JobRequest, NameValue } from './model.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const MAX_ATTEMPTS = 10;
const SHORTEST_TIMEOUT_SECONDS = 60;
const MAX_ARRAY = 10_000;

export const readName = (reader: MemberReader, member: string): string =>
  reader.string(member, { min: 1, max: 128, pattern: NAME });

function refuseMembers(reader: MemberReader, names: readonly string[], where: string): void {
  const found = names.find((name) => reader.has(name));
  if (found) throw reader.refuse(`'${found}' of ${where} is not present in the local cloud`);
}

function readEnvironment(reader: MemberReader): NameValue[] {
  return reader.structures('environment').map((entry) => {
    const name = entry.string('name', { min: 1 });
    if (name.startsWith('AWS_BATCH'))
      throw entry.refuse(`environment variable ${name}: names that begin with AWS_BATCH are the service's own`);
    return { name, value: entry.optionalString('value') ?? '' };
  });
}

function readResources(reader: MemberReader): { vcpus?: number; memoryMb?: number } {
  const found: { vcpus?: number; memoryMb?: number } = {};
  const vcpus = reader.optionalInteger('vcpus', { min: 1 });
  const memoryMb = reader.optionalInteger('memory', { min: 4 });
  if (vcpus !== undefined) found.vcpus = vcpus;
  if (memoryMb !== undefined) found.memoryMb = memoryMb;
  for (const requirement of reader.structures('resourceRequirements')) {
    const type = requirement.oneOf('type', ['VCPU', 'MEMORY', 'GPU']);
    const value = Number(requirement.string('value', { pattern: /^\d+(\.\d+)?$/ }));
    if (type === 'GPU' && value > 0) throw requirement.refuse('GPUs are not present in the local cloud');
    if (type === 'VCPU') found.vcpus = value;
    if (type === 'MEMORY') found.memoryMb = value;
  }
  return found;
}

function readRetry(reader: MemberReader): { attempts?: number; evaluateOnExit?: EvaluateOnExit[] } {
  const retry = reader.optionalStructure('retryStrategy');
  if (!retry) return {};
  const attempts = retry.optionalInteger('attempts', { min: 1, max: MAX_ATTEMPTS });
  const conditions = retry.structures('evaluateOnExit', { max: 5 }).map((condition): EvaluateOnExit => {
    const action = condition.string('action').toUpperCase();
    if (action !== 'RETRY' && action !== 'EXIT') throw condition.refuse(`'action' must be RETRY or EXIT, found ${action}`);
    const onExitCode = condition.optionalString('onExitCode', { max: 512, pattern: /^\d*\*?$/ });
    const onReason = condition.optionalString('onReason', { max: 512, pattern: /^[\w\s.:-]*\*?$/ });
    const onStatusReason = condition.optionalString('onStatusReason', { max: 512, pattern: /^[\w\s.:-]*\*?$/ });
    return {
      action,
      ...(onExitCode === undefined ? {} : { onExitCode }),
      ...(onReason === undefined ? {} : { onReason }),
      ...(onStatusReason === undefined ? {} : { onStatusReason }),
    };
  });
  if (conditions.length > 0 && attempts === undefined) throw retry.refuse("'evaluateOnExit' needs 'attempts'");
  return { ...(attempts === undefined ? {} : { attempts }), ...(conditions.length > 0 ? { evaluateOnExit: conditions } : {}) };
}

function readTimeout(reader: MemberReader): number | undefined {
  return reader.optionalStructure('timeout')?.integer('attemptDurationSeconds', { min: SHORTEST_TIMEOUT_SECONDS });
}

const CONTAINER_MEMBERS_REFUSED = [
  'volumes',
  'mountPoints',
  'ulimits',
  'linuxParameters',
  'secrets',
  'repositoryCredentials',
] as const;
const isFilled = (value: unknown) => !(Array.isArray(value) && value.length === 0);

/** Everything but the ARN and revision, which are the registry's. */
export function readDefinition(reader: MemberReader): Omit<JobDefinition, 'arn' | 'revision' | 'status'> {
  const name = readName(reader, 'jobDefinitionName');
  const type = reader.oneOf('type', ['container', 'multinode']);
  if (type === 'multinode') throw reader.refuse('multi-node jobs are not present in the local cloud');
  refuseMembers(
    reader,
    ['nodeProperties', 'eksProperties', 'ecsProperties', 'consumableResourceProperties', 'schedulingPriority'],
    'a job definition',
  );
  const container = reader.optionalStructure('containerProperties');
  if (!container) throw reader.refuse("'containerProperties' is required");
  refuseMembers(
    container,
    CONTAINER_MEMBERS_REFUSED.filter((member) => isFilled(container.raw[member])),
    'containerProperties',
  );
  const { vcpus = 1, memoryMb = 1024 } = readResources(container);
  const { attempts = 1, evaluateOnExit = [] } = readRetry(reader);
  const timeoutSeconds = readTimeout(reader);
  return {
    name,
    image: container.string('image', { min: 1 }),
    command: container.optionalStrings('command') ?? [],
    environment: readEnvironment(container),
    parameters: reader.stringMap('parameters', 1_000),
    vcpus,
    memoryMb,
    attempts,
    evaluateOnExit,
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    propagateTags: reader.optionalBoolean('propagateTags') ?? false,
    tags: reader.stringMap('tags'),
  };
}

/** The job as its definition says, with the overrides of SubmitJob laid over. Ids, queue and time are the caller's. */
export function readJob(
  reader: MemberReader,
  definition: JobDefinition,
): Omit<JobRequest, 'id' | 'arn' | 'queueArn' | 'createdAtMs' | 'order'> {
  const name = readName(reader, 'jobName');
  refuseMembers(
    reader,
    [
      'nodeOverrides',
      'eksPropertiesOverride',
      'ecsPropertiesOverride',
      'consumableResourcePropertiesOverride',
      'shareIdentifier',
      'schedulingPriorityOverride',
    ],
    'SubmitJob',
  );
  const arraySize = reader.optionalStructure('arrayProperties')?.optionalInteger('size', { min: 2, max: MAX_ARRAY });
  const overrides = reader.optionalStructure('containerOverrides');
  const resources = overrides ? readResources(overrides) : {};
  const changed = new Map(overrides ? readEnvironment(overrides).map(({ name, value }) => [name, value]) : []);
  const environment = [
    ...definition.environment.filter((entry) => !changed.has(entry.name)),
    ...[...changed].map(([name, value]) => ({ name, value })),
  ];
  const retry = readRetry(reader);
  const timeoutSeconds = readTimeout(reader) ?? definition.timeoutSeconds;
  return {
    name,
    definitionArn: definition.arn,
    ...(arraySize === undefined ? {} : { arraySize }),
    dependsOn: readDependencies(reader, arraySize),
    parameters: { ...definition.parameters, ...reader.stringMap('parameters', 1_000) },
    image: definition.image,
    command: overrides?.optionalStrings('command') ?? definition.command,
    environment,
    vcpus: resources.vcpus ?? definition.vcpus,
    memoryMb: resources.memoryMb ?? definition.memoryMb,
    attempts: retry.attempts ?? definition.attempts,
    evaluateOnExit: retry.attempts === undefined ? definition.evaluateOnExit : (retry.evaluateOnExit ?? []),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    propagateTags: reader.optionalBoolean('propagateTags') ?? definition.propagateTags,
    tags: reader.stringMap('tags'),
  };
}

function readDependencies(reader: MemberReader, arraySize: number | undefined): Dependency[] {
  return reader.structures('dependsOn', { max: 20 }).map((entry) => {
    const jobId = entry.optionalString('jobId', { min: 1 });
    const type = entry.optionalOneOf('type', ['N_TO_N', 'SEQUENTIAL']);
    if (type !== undefined && arraySize === undefined) throw entry.refuse(`a dependency of type ${type} is for array jobs`);
    if (jobId === undefined && type !== 'SEQUENTIAL') throw entry.refuse("a dependency needs a 'jobId', unless it is SEQUENTIAL");
    return { ...(jobId === undefined ? {} : { jobId }), ...(type === undefined ? {} : { type }) };
  });
}
