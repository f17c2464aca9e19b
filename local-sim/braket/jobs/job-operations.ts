/** Hybrid jobs as part of the service: the four operations, and what tasks, devices and tags want to know of jobs. */
import { join } from 'node:path';
import type { LocalImage } from '../../batch/model.ts';
import { type AwsEvent, ChangeEvents } from '../../change-events.ts';
import type { MemberReader } from '../../members.ts';
import { textLogPath } from '../../monitoring/text-logs.ts';
import type { JobCredentials } from '../../process-environment.ts';
import type { Caller, Members, Operation } from '../../rest-json.ts';
import { type CloudContext, ServiceError } from '../../service.ts';
import type { DeviceBoard } from '../device-board.ts';
import type { BraketFaults } from '../faults.ts';
import { jobFilters, page } from '../search.ts';
import { changePassage } from '../task-events.ts';
import { createJob } from './create-job.ts';
import { describeJob, jobEvent, jobQueueInfo, summarizeJob } from './describe-job.ts';
import { HybridJobRunner } from './job-runner.ts';
import { HybridJobStore } from './job-store.ts';
import { type HybridJob, isJobOver } from './model.ts';
import { ScriptPrograms } from './python.ts';
import { S3Files } from './s3-files.ts';
import { scriptEnvironment } from './script-environment.ts';

export interface HybridJobOptions {
  /** Executable that runs the scripts; `python3` of the PATH when absent. */
  python?: string;
  /** Programs that stand in for images which are not the service's own, by image URI. */
  runners?: Readonly<Record<string, LocalImage>>;
  /** What a script signs its requests with. */
  credentials?: JobCredentials;
  /** Jobs that may be open at once in a region; the service's quota, 3, when absent. */
  concurrentJobs?: number;
  /** Between SIGTERM and SIGKILL. */
  killGraceMs?: number;
  /** What a graceful stop does to running jobs; both ways the next cloud brings them to their end. */
  onStop?: 'terminate' | 'leave';
}

export interface HybridJobParts {
  context: CloudContext;
  /** Folder of Braket's state. */
  stateDir: string;
  board: DeviceBoard;
  faults: BraketFaults;
  seed: number;
  options: HybridJobOptions;
  post(event: AwsEvent): Promise<void>;
  log: CloudContext['log'];
  operation(act: (reader: MemberReader, caller: Caller) => Promise<Members> | Members): Operation;
}

export interface HybridJobs {
  operations: Record<string, Operation>;
  get(arn: string): HybridJob | undefined;
  /** The job in whose name tasks are made with this token; undefined for no token of a job that is under way. */
  byJobToken(token: string): HybridJob | undefined;
  queuedCount(deviceArn: string): number;
  setTags(arn: string, tags: Record<string, string>): void;
  start(): void;
  stop(): Promise<void>;
}

/** Where the SDK's `job.logs()` looks; streams are `<job name>/<job id>/algo-1-<milliseconds of creation>`. */
const LOG_GROUP = '/aws/braket/jobs';

const DEFAULT_CONCURRENT_JOBS = 3;
const DEFAULT_KILL_GRACE_MS = 30_000;

export function hybridJobs(parts: HybridJobParts): HybridJobs {
  const { context, stateDir, board, faults, seed, options, post, log, operation } = parts;
  const { clock } = context;
  const store = new HybridJobStore(stateDir);
  const s3 = new S3Files(context);
  const programs = new ScriptPrograms(options.python ?? 'python3', options.runners ?? {});
  const events = new ChangeEvents<HybridJob>({
    clock,
    key: (job) => job.id,
    event: jobEvent,
    passage: (job, index) => changePassage(job, index, faults, seed),
    markSent: (job, index) => store.markSent(job, index),
    post,
    warn: (message, fields) => log('warn', message, fields),
  });
  const runner = new HybridJobRunner({
    clock,
    store,
    board,
    s3,
    jobsDir: join(stateDir, 'jobs'),
    killGraceMs: options.killGraceMs ?? DEFAULT_KILL_GRACE_MS,
    onStop: options.onStop ?? 'terminate',
    endpoint: () => context.endpoint(),
    program: (job, folder) => programs.programOf(job, folder),
    environment: (job, folder, { command, environment }) =>
      scriptEnvironment(context, options.credentials, job, folder, { executable: command[0] ?? '', environment }),
    logPath: (job) => textLogPath(context.stateDir, LOG_GROUP, `${job.name}/${job.id}/algo-1-${job.createdAtMs}`),
    changed: (job) => events.flush(job),
    log,
  });
  const jobOf = (reader: MemberReader): HybridJob => {
    const arn = reader.string('jobArn', { min: 1, max: 256 });
    const job = store.jobs.get(arn);
    if (!job) throw new ServiceError('ResourceNotFoundException', `Job ${arn} was not found.`, 404);
    return job;
  };

  return {
    operations: {
      CreateJob: operation(async (reader, caller) => {
        const { job, isNew } = await createJob(reader, caller.region, {
          store,
          s3,
          accountId: context.accountId,
          seed,
          concurrentJobs: options.concurrentJobs ?? DEFAULT_CONCURRENT_JOBS,
          nowMs: () => clock.now(),
          device: (arn) => board.get(arn),
          hasRunner: (imageUri) => programs.hasRunner(imageUri),
        });
        if (isNew) {
          events.flush(job);
          runner.accept(job);
        }
        return { jobArn: job.arn };
      }),

      GetJob: operation((reader) => {
        const job = jobOf(reader);
        const wanted = reader.optionalStrings('additionalAttributeNames') ?? [];
        const unknown = wanted.find((name) => name !== 'QueueInfo');
        if (unknown) throw reader.refuse(`'additionalAttributeNames' knows QueueInfo, found ${unknown}`);
        return {
          ...describeJob(job),
          ...(wanted.length > 0 ? { queueInfo: jobQueueInfo(job, () => runner.queuePosition(job)) } : {}),
        };
      }),

      CancelJob: operation((reader) => {
        const job = jobOf(reader);
        if (job.status === 'COMPLETED' || job.status === 'FAILED')
          throw new ServiceError('ConflictException', `Job ${job.arn} is ${job.status} and cannot be cancelled.`, 409);
        if (job.status !== 'CANCELLING' && job.status !== 'CANCELLED') runner.cancel(job);
        return { jobArn: job.arn, cancellationStatus: isJobOver(job.status) ? 'CANCELLED' : 'CANCELLING' };
      }),

      SearchJobs: operation((reader) => {
        const matches = jobFilters(reader);
        const sorted = [...store.jobs.values()]
          .filter(matches)
          .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.arn < b.arn ? -1 : 1));
        const { items, nextToken } = page(reader, sorted, (job) => job.arn);
        return { jobs: items.map(summarizeJob), ...(nextToken ? { nextToken } : {}) };
      }),
    },
    get: (arn) => store.jobs.get(arn),
    byJobToken(token) {
      const job = store.byJobToken(token);
      return job && !isJobOver(job.status) ? job : undefined;
    },
    queuedCount: (deviceArn) => runner.queued(deviceArn).length,
    setTags: (arn, tags) => store.setTags(arn, tags),
    start() {
      for (const job of store.jobs.values()) events.flush(job);
      runner.start();
    },
    async stop() {
      await runner.stop();
      await events.stop();
      store.close();
    },
  };
}
