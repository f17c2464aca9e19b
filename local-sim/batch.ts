/**
 * AWS Batch in the local cloud: definitions, queues and jobs over the service's own protocol. A container image is a program
 * of this machine, a job is its process, with the environment, time-outs, retries and signals that Batch would give it.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { describeDefinition, describeEnvironment, describeJob, describeQueue, summarizeJob } from './batch/describe.ts';
import { jobEnvironment } from './batch/job-environment.ts';
import { JobRunner } from './batch/job-runner.ts';
import { JobStore } from './batch/job-store.ts';
import { listJobs } from './batch/list-jobs.ts';
import type { ComputeEnvironment, Job, JobDefinition, JobQueue, LocalImage, LocalJobDefinition } from './batch/model.ts';
import { localImage, named, prepare, register, resolveDefinition, selected } from './batch/registry.ts';
import { readDefinition, readJob, readName } from './batch/requests.ts';
import { type AwsEvent, ChangeEvents, postToBus, uuidFrom } from './change-events.ts';
import { type MemberReader, readMembers } from './members.ts';
import type { JobCredentials } from './process-environment.ts';
import { type Members, type Operation, type Route, restJsonService } from './rest-json.ts';
import type { CloudContext, Service } from './service.ts';

export interface BatchOptions {
  /** Present at once, revision 1; a changed one becomes the next revision. */
  definitions?: readonly LocalJobDefinition[];
  /** Programs that definitions registered over the API may name as their image. */
  images?: Readonly<Record<string, LocalImage>>;
  /** Names of queues present at once. */
  queues?: readonly string[];
  /** Sum of the vCPUs of all running jobs. */
  vcpus?: number;
  /** What a job signs its requests with. */
  credentials?: JobCredentials;
  /** Between SIGTERM and SIGKILL. */
  killGraceMs?: number;
  /** What a graceful stop does to running jobs; both ways the next cloud brings them to their end. */
  onStop?: 'terminate' | 'leave';
  postEvent?(event: AwsEvent): Promise<void>;
}

const post = (name: string): Route => ({ method: 'POST', path: `/v1/${name.toLowerCase()}`, status: 200 });

const POSTED = [
  'RegisterJobDefinition',
  'DeregisterJobDefinition',
  'DescribeJobDefinitions',
  'CreateJobQueue',
  'DescribeJobQueues',
  'CreateComputeEnvironment',
  'DescribeComputeEnvironments',
  'SubmitJob',
  'DescribeJobs',
  'ListJobs',
  'TerminateJob',
  'CancelJob',
];

const ROUTES: Readonly<Record<string, Route>> = {
  ...Object.fromEntries(POSTED.map((name) => [name, post(name)])),
  TagResource: { method: 'POST', path: '/v1/tags/{resourceArn}', status: 200 },
  UntagResource: { method: 'DELETE', path: '/v1/tags/{resourceArn}', status: 200, lists: ['tagKeys'] },
  ListTagsForResource: { method: 'GET', path: '/v1/tags/{resourceArn}', status: 200 },
};

export function createBatch(context: CloudContext, options: BatchOptions = {}): Service {
  const { clock } = context;
  const prefix = `arn:aws:batch:${context.region}:${context.accountId}`;
  const stateDir = join(context.stateDir, 'batch');
  const store = new JobStore(stateDir);
  const images = new Map<string, LocalImage>(Object.entries(options.images ?? {}));
  for (const definition of options.definitions ?? []) images.set(localImage(definition), definition);
  const log: CloudContext['log'] = (level, message, fields) => context.log(level, `batch: ${message}`, fields);

  const events = new ChangeEvents<Job>({
    clock,
    key: (job) => job.id,
    event: (job, index) => jobEvent(context.region, job, store.children(job), index),
    markSent: (job, index) => store.markSent(job, index),
    post: options.postEvent ?? ((event) => postToBus(context, event)),
    warn: (message, fields) => log('warn', message, fields),
  });
  const runner = new JobRunner({
    clock,
    store,
    jobsDir: join(stateDir, 'jobs'),
    vcpus: options.vcpus ?? 2,
    killGraceMs: options.killGraceMs ?? 30_000,
    onStop: options.onStop ?? 'terminate',
    endpoint: () => context.endpoint(),
    image: (name) => images.get(name),
    environment: (job, attempt, image) => jobEnvironment(context, options.credentials, job, attempt, image),
    changed: (job) => events.flush(job),
    log,
  });
  prepare(store, options, prefix);
  let nextOrder = store.jobs.size;

  const findDefinition = (reader: MemberReader, name: string): JobDefinition => {
    const definition = resolveDefinition(store, name);
    if (!definition) throw reader.refuse(`JobDefinition ${name} does not exist.`);
    return definition;
  };
  const findQueue = (reader: MemberReader, name: string): JobQueue => {
    const queue = named(store.queues, name);
    if (!queue) throw reader.refuse(`JobQueue ${name} not found.`);
    return queue;
  };
  const findJob = (reader: MemberReader): Job | undefined => store.jobs.get(reader.string('jobId', { min: 1 }));
  const tagged = (reader: MemberReader) => {
    const arn = reader.string('resourceArn', { min: 1 });
    const owner = store.tagged(arn);
    if (!owner) throw reader.refuse(`Resource ${arn} does not exist.`);
    return owner;
  };

  const handlers: Record<string, (reader: MemberReader) => Members> = {
    RegisterJobDefinition(reader) {
      const read = readDefinition(reader);
      if (!images.has(read.image)) {
        throw reader.refuse(
          `Image ${read.image} is not present in the local cloud, which has: ${[...images.keys()].join(', ') || 'none'}.`,
        );
      }
      const definition = register(store, prefix, read);
      return { jobDefinitionName: definition.name, jobDefinitionArn: definition.arn, revision: definition.revision };
    },
    DeregisterJobDefinition(reader) {
      const definition = resolveDefinition(store, reader.string('jobDefinition'), true);
      if (definition) store.putDefinition({ ...definition, status: 'INACTIVE' });
      return {};
    },
    DescribeJobDefinitions(reader) {
      const wanted = reader.optionalStrings('jobDefinitions', { max: 100 });
      const name = reader.optionalString('jobDefinitionName');
      const status = reader.optionalString('status');
      const found = [...store.definitions.values()].filter(
        (definition) =>
          (wanted === undefined ||
            wanted.some(
              (one) => one === definition.arn || one === definition.name || one === `${definition.name}:${definition.revision}`,
            )) &&
          (name === undefined || name === definition.name) &&
          (status === undefined || status === definition.status),
      );
      return paged(
        reader,
        found.sort((a, b) => a.name.localeCompare(b.name) || b.revision - a.revision),
        'jobDefinitions',
        describeDefinition,
      );
    },

    CreateJobQueue(reader) {
      const name = readName(reader, 'jobQueueName');
      if (named(store.queues, name)) throw reader.refuse(`Object already exists: job queue ${name}`);
      const order = reader.structures('computeEnvironmentOrder', { min: 1, max: 3 }).map((entry) => {
        const environment = named(store.environments, entry.string('computeEnvironment'));
        if (!environment) throw entry.refuse(`compute environment ${entry.string('computeEnvironment')} does not exist`);
        return { order: entry.integer('order'), computeEnvironment: environment.arn };
      });
      const queue: JobQueue = {
        name,
        arn: `${prefix}:job-queue/${name}`,
        state: reader.optionalOneOf('state', ['ENABLED', 'DISABLED']) ?? 'ENABLED',
        priority: reader.integer('priority', { min: 0, max: 1_000 }),
        computeEnvironments: order,
        tags: reader.stringMap('tags'),
      };
      store.putQueue(queue);
      return { jobQueueName: name, jobQueueArn: queue.arn };
    },
    DescribeJobQueues(reader) {
      const wanted = reader.optionalStrings('jobQueues', { max: 100 });
      return paged(reader, selected(store.queues, wanted), 'jobQueues', describeQueue);
    },
    CreateComputeEnvironment(reader) {
      const name = readName(reader, 'computeEnvironmentName');
      if (named(store.environments, name)) throw reader.refuse(`Object already exists: compute environment ${name}`);
      const resources = reader.optionalStructure('computeResources');
      const serviceRole = reader.optionalString('serviceRole');
      const environment: ComputeEnvironment = {
        name,
        arn: `${prefix}:compute-environment/${name}`,
        type: reader.oneOf('type', ['MANAGED', 'UNMANAGED']),
        state: reader.optionalOneOf('state', ['ENABLED', 'DISABLED']) ?? 'ENABLED',
        ...(resources ? { computeResources: { ...resources.raw } } : {}),
        ...(serviceRole === undefined ? {} : { serviceRole }),
        tags: reader.stringMap('tags'),
      };
      store.putEnvironment(environment);
      return { computeEnvironmentName: name, computeEnvironmentArn: environment.arn };
    },
    DescribeComputeEnvironments(reader) {
      const wanted = reader.optionalStrings('computeEnvironments', { max: 100 });
      return paged(reader, selected(store.environments, wanted), 'computeEnvironments', describeEnvironment);
    },

    SubmitJob(reader) {
      const queue = findQueue(reader, reader.string('jobQueue', { min: 1 }));
      if (queue.state !== 'ENABLED') throw reader.refuse(`JobQueue ${queue.name} is ${queue.state}.`);
      const read = readJob(reader, findDefinition(reader, reader.string('jobDefinition', { min: 1 })));
      for (const { jobId } of read.dependsOn) {
        if (jobId !== undefined && !store.jobs.has(jobId))
          throw reader.refuse(`Job ${jobId}, on which this one depends, does not exist.`);
      }
      const id = randomUUID();
      const job = store.create({
        ...read,
        id,
        arn: `${prefix}:job/${id}`,
        queueArn: queue.arn,
        createdAtMs: clock.now(),
        order: nextOrder++,
      });
      for (const one of [job, ...store.children(job)]) events.flush(one);
      runner.accept(job);
      return { jobName: job.name, jobId: id, jobArn: job.arn };
    },
    DescribeJobs(reader) {
      const jobs = reader.strings('jobs', { min: 1, max: 100 }).flatMap((id) => store.jobs.get(id.split(':job/').at(-1)!) ?? []);
      return { jobs: jobs.map((job) => describeJob(job, store.children(job))) };
    },
    ListJobs: (reader) => paged(reader, listJobs(reader, store, findQueue), 'jobSummaryList', summarizeJob),
    TerminateJob(reader) {
      const reason = reader.string('reason', { min: 1, max: 1_024 });
      const job = findJob(reader);
      if (job) runner.terminate(job, reason);
      return {};
    },
    CancelJob(reader) {
      const reason = reader.string('reason', { min: 1, max: 1_024 });
      const job = findJob(reader);
      if (job) runner.cancel(job, reason);
      return {};
    },

    TagResource(reader) {
      const owner = tagged(reader);
      store.setTags(owner.arn, { ...owner.tags, ...reader.stringMap('tags') });
      return {};
    },
    UntagResource(reader) {
      const owner = tagged(reader);
      const gone = new Set(reader.strings('tagKeys', { min: 1, max: 50 }));
      store.setTags(owner.arn, Object.fromEntries(Object.entries(owner.tags).filter(([key]) => !gone.has(key))));
      return {};
    },
    ListTagsForResource: (reader) => ({ tags: tagged(reader).tags }),
  };

  return restJsonService({
    signingNames: ['batch'],
    context,
    routes: ROUTES,
    operations: Object.fromEntries(
      Object.entries(handlers).map(([name, handle]): [string, Operation] => [
        name,
        (members) => handle(readMembers(members, 'ClientException')),
      ]),
    ),
    unknownRoute: { code: 'ClientException', status: 404 },
    malformedBody: { code: 'ClientException', status: 400 },
    async start() {
      for (const job of store.jobs.values()) events.flush(job);
      await runner.start();
    },
    async stop() {
      await runner.stop();
      await events.stop();
      store.close();
    },
  });
}

/** The token is the place in the list; lists of this service only grow at the front or change by status. */
function paged<T>(reader: MemberReader, all: readonly T[], member: string, describe: (one: T) => Members): Members {
  const size = reader.optionalInteger('maxResults', { min: 1, max: 1_000 }) ?? 100;
  const token = reader.optionalString('nextToken');
  const from = token === undefined ? 0 : Number(Buffer.from(token, 'base64url').toString());
  if (!Number.isSafeInteger(from) || from < 0) throw reader.refuse("'nextToken' is not from this service");
  const next = from + size;
  return {
    [member]: all.slice(from, next).map(describe),
    ...(next < all.length ? { nextToken: Buffer.from(String(next)).toString('base64url') } : {}),
  };
}

function jobEvent(region: string, job: Job, children: readonly Job[], index: number): AwsEvent {
  const change = job.changes[index]!;
  return {
    id: uuidFrom('batch-event', job.arn, index),
    source: 'aws.batch',
    detailType: 'Batch Job State Change',
    region,
    timeMs: change.atMs,
    resources: [job.arn],
    detail: describeJob(job, children, change),
  };
}
