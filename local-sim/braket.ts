/**
 * Amazon Braket in the local cloud: quantum tasks, devices, tags and spending limits over the service's own protocol. Circuits
 * really run; results lie in S3 before COMPLETED can be seen; every change of status is an event. Hybrid jobs are refused.
 */
import { join } from 'node:path';
import { deviceCapabilities, isListedIn } from './braket/capabilities.ts';
import { createTask } from './braket/create-task.ts';
import { type BraketDevice, DEFAULT_DEVICES } from './braket/devices.ts';
import type { BraketEngine } from './braket/engine.ts';
import { type BraketFaults, isHit } from './braket/faults.ts';
import { page, taskFilters } from './braket/search.ts';
import {
  decimalFromMicroUsd,
  endlessPeriod,
  limitSpend,
  limitSummary,
  microUsdFromDecimal,
  readTimePeriod,
} from './braket/spending-limits.ts';
import { taskEvent, taskEventPassage } from './braket/task-events.ts';
import { TaskRunner } from './braket/task-runner.ts';
import { isOver, type SpendingLimit, type Task, TaskStore } from './braket/task-store.ts';
import { workerEngine } from './braket/worker-engine.ts';
import { type AwsEvent, ChangeEvents, postToBus, uuidFrom } from './change-events.ts';
import { type MemberReader, readMembers } from './members.ts';
import { type Caller, type Members, type Operation, type Route, restJsonService } from './rest-json.ts';
import { type CloudContext, type Service, ServiceError } from './service.ts';

export interface BraketOptions {
  devices?: readonly BraketDevice[];
  /** Seed of every task's own seed; the same seed and clientToken give the same shots. */
  seed?: number;
  /** Whether QPUs are as noisy as their row in the table says. */
  noise?: boolean;
  /** Tasks that run at once. */
  concurrency?: number;
  /** Time in the queue and in the run, for devices that do not set their own. */
  queueDelayMs?: number;
  runDelayMs?: number;
  faults?: BraketFaults;
  /** Threads that simulate. */
  threads?: number;
  /** Replaces the simulator of this project in its threads. */
  engine?: BraketEngine;
  /** Replaces delivery to the event bus of this cloud. */
  postEvent?(event: AwsEvent): Promise<void>;
}

const ROUTES: Readonly<Record<string, Route>> = {
  CreateQuantumTask: { method: 'POST', path: '/quantum-task', status: 201 },
  GetQuantumTask: { method: 'GET', path: '/quantum-task/{quantumTaskArn}', status: 200, lists: ['additionalAttributeNames'] },
  CancelQuantumTask: { method: 'PUT', path: '/quantum-task/{quantumTaskArn}/cancel', status: 200 },
  SearchQuantumTasks: { method: 'POST', path: '/quantum-tasks', status: 200 },
  GetDevice: { method: 'GET', path: '/device/{deviceArn}', status: 200 },
  SearchDevices: { method: 'POST', path: '/devices', status: 200 },
  CreateSpendingLimit: { method: 'POST', path: '/spending-limit', status: 201 },
  UpdateSpendingLimit: { method: 'PATCH', path: '/spending-limit/{spendingLimitArn}/update', status: 200 },
  DeleteSpendingLimit: { method: 'DELETE', path: '/spending-limit/{spendingLimitArn}/delete', status: 200 },
  SearchSpendingLimits: { method: 'POST', path: '/spending-limits', status: 200 },
  CreateJob: { method: 'POST', path: '/job', status: 201 },
  GetJob: { method: 'GET', path: '/job/{jobArn}', status: 200, lists: ['additionalAttributeNames'] },
  CancelJob: { method: 'PUT', path: '/job/{jobArn}/cancel', status: 200 },
  SearchJobs: { method: 'POST', path: '/jobs', status: 200 },
  TagResource: { method: 'POST', path: '/tags/{resourceArn}', status: 200 },
  UntagResource: { method: 'DELETE', path: '/tags/{resourceArn}', status: 200, lists: ['tagKeys'] },
  ListTagsForResource: { method: 'GET', path: '/tags/{resourceArn}', status: 200 },
};

const MAX_TAGS = 50;

export function createBraket(context: CloudContext, options: BraketOptions = {}): Service {
  const { clock } = context;
  const seed = options.seed ?? 0;
  const faults = options.faults ?? {};
  const engine = options.engine ?? workerEngine(options.threads ?? 1);
  const devices = new Map((options.devices ?? DEFAULT_DEVICES).map((device) => [device.arn, device]));
  const startedAtIso = new Date(clock.now()).toISOString();
  const store = new TaskStore(join(context.stateDir, 'braket'));
  const log: CloudContext['log'] = (level, message, fields) => context.log(level, `braket: ${message}`, fields);

  const events = new ChangeEvents<Task>({
    clock,
    key: (task) => task.id,
    event: taskEvent,
    passage: (task, index) => taskEventPassage(task, index, faults, seed),
    markSent: (task, index) => store.markSent(task, index),
    post: options.postEvent ?? ((event) => postToBus(context, event)),
    warn: (message, fields) => log('warn', message, fields),
  });
  const runner = new TaskRunner({
    clock,
    store,
    engine,
    device: (arn) => devices.get(arn),
    faults,
    seed,
    noise: options.noise ?? true,
    concurrency: options.concurrency ?? 4,
    queueDelayMs: options.queueDelayMs ?? 0,
    runDelayMs: options.runDelayMs ?? 0,
    putObject: async (bucket, key, body) => {
      await context
        .peer('s3')
        .call('PutObject', { Bucket: bucket, Key: key, Body: Buffer.from(body), ContentType: 'application/json' });
    },
    changed: (task) => events.flush(task),
    log,
  });

  let requests = 0;
  const operation =
    (act: (reader: MemberReader, caller: Caller) => Promise<Members> | Members): Operation =>
    (members, caller) => {
      requests++;
      if (isHit(faults.throttleRequests, seed, 'throttle', requests))
        throw new ServiceError('ThrottlingException', 'Rate exceeded', 429);
      return act(readMembers(members, 'ValidationException'), caller);
    };
  const notFound = (what: string, arn: string) =>
    new ServiceError('ResourceNotFoundException', `${what} ${arn} was not found.`, 404);
  const deviceOf = (arn: string): BraketDevice => {
    const device = devices.get(arn);
    if (!device) throw notFound('Device', arn);
    return device;
  };
  const taskOf = (reader: MemberReader): Task => {
    const arn = reader.string('quantumTaskArn', { min: 1, max: 256 });
    const task = store.tasks.get(arn);
    if (!task) throw notFound('Quantum task', arn);
    return task;
  };
  const limitOf = (reader: MemberReader): SpendingLimit => {
    const arn = reader.string('spendingLimitArn', { min: 1, max: 256 });
    const limit = store.limits.get(arn);
    if (!limit) throw notFound('Spending limit', arn);
    return limit;
  };
  const tagged = (reader: MemberReader): Task | SpendingLimit => {
    const arn = reader.string('resourceArn', { min: 1, max: 256 });
    const owner = store.tasks.get(arn) ?? store.limits.get(arn);
    if (!owner) throw notFound('Resource', arn);
    return owner;
  };
  const noJobs = operation((reader) => {
    throw reader.refuse('Hybrid jobs are not present in the local cloud.');
  });

  const operations: Record<string, Operation> = {
    CreateQuantumTask: operation(async (reader, caller) => {
      if (isHit(faults.exceedQuota, seed, 'quota', requests)) {
        throw new ServiceError('ServiceQuotaExceededException', 'The quota of quantum tasks is used up (fault injection).', 402);
      }
      const { task, isNew } = await createTask(reader, caller.region, {
        store,
        engine,
        noisy: options.noise ?? true,
        accountId: context.accountId,
        seed,
        nowMs: () => clock.now(),
        device: (arn) => devices.get(arn),
        openTasks: (arn) => runner.openCount(arn),
        bucketExists: (bucket) => bucketExists(context, bucket),
      });
      if (isNew) {
        events.flush(task);
        runner.accept(task);
      }
      return { quantumTaskArn: task.arn };
    }),

    GetQuantumTask: operation((reader) => {
      const task = taskOf(reader);
      const wanted = reader.optionalStrings('additionalAttributeNames') ?? [];
      const unknown = wanted.find((name) => name !== 'QueueInfo');
      if (unknown) throw reader.refuse(`'additionalAttributeNames' knows QueueInfo, found ${unknown}`);
      return { ...describeTask(task), ...(wanted.length > 0 ? { queueInfo: queueInfo(task, runner) } : {}) };
    }),

    CancelQuantumTask: operation((reader) => {
      const task = taskOf(reader);
      if (task.status === 'COMPLETED' || task.status === 'FAILED') {
        throw new ServiceError('ConflictException', `Quantum task ${task.arn} is ${task.status} and cannot be cancelled.`, 409);
      }
      if (task.status !== 'CANCELLING' && task.status !== 'CANCELLED') runner.cancel(task);
      return { quantumTaskArn: task.arn, cancellationStatus: isOver(task.status) ? 'CANCELLED' : 'CANCELLING' };
    }),

    SearchQuantumTasks: operation((reader) => {
      const matches = taskFilters(reader);
      const sorted = [...store.tasks.values()]
        .filter(matches)
        .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.arn < b.arn ? -1 : 1));
      const { items, nextToken } = page(reader, sorted, (task) => task.arn);
      return { quantumTasks: items.map(summarizeTask), ...(nextToken ? { nextToken } : {}) };
    }),

    GetDevice: operation((reader) => {
      const device = deviceOf(reader.string('deviceArn', { min: 1, max: 256 }));
      const size = (count: number) => (count > 4_000 ? '>4000' : String(count));
      return {
        ...summarizeDevice(device),
        deviceCapabilities: JSON.stringify(deviceCapabilities(device, engine.gateNames, startedAtIso)),
        deviceQueueInfo: [
          { queue: 'QUANTUM_TASKS_QUEUE', queueSize: size(runner.queued(device.arn).length), queuePriority: 'Normal' },
          { queue: 'QUANTUM_TASKS_QUEUE', queueSize: '0', queuePriority: 'Priority' },
          { queue: 'JOBS_QUEUE', queueSize: '0' },
        ],
      };
    }),

    SearchDevices: operation((reader, caller) => {
      const filters = reader.structures('filters', { max: 10 }).map((filter) => ({
        name: filter.oneOf('name', ['deviceArn']),
        values: filter.strings('values', { min: 1, max: 10 }),
      }));
      const listed = [...devices.values()].filter(
        (device) => isListedIn(device, caller.region) && filters.every((filter) => filter.values.includes(device.arn)),
      );
      const { items, nextToken } = page(reader, listed, (device) => device.arn);
      return { devices: items.map(summarizeDevice), ...(nextToken ? { nextToken } : {}) };
    }),

    CreateSpendingLimit: operation((reader, caller) => {
      const clientToken = reader.string('clientToken', { min: 1, max: 64 });
      const earlier = [...store.limits.values()].find((limit) => limit.clientToken === clientToken);
      if (earlier) return { spendingLimitArn: earlier.arn };
      const deviceArn = reader.string('deviceArn', { min: 1, max: 256 });
      const device = devices.get(deviceArn);
      if (!device) throw reader.refuse(`Device ${deviceArn} is not known.`);
      if (device.type !== 'QPU') throw reader.refuse('Spending limits are for QPUs only.');
      if (device.status === 'RETIRED')
        throw new ServiceError('DeviceRetiredException', `Device ${deviceArn} has been retired.`, 410);
      const nowMs = clock.now();
      const limit: SpendingLimit = {
        arn: `arn:aws:braket:${caller.region}:${context.accountId}:spending-limit/${uuidFrom('spending-limit', seed, clientToken)}`,
        deviceArn,
        limitMicroUsd: microUsdFromDecimal(reader, 'spendingLimit'),
        ...(readTimePeriod(reader, nowMs) ?? endlessPeriod(nowMs)),
        createdAtMs: nowMs,
        updatedAtMs: nowMs,
        clientToken,
        tags: reader.stringMap('tags', MAX_TAGS),
      };
      store.putLimit(limit);
      return { spendingLimitArn: limit.arn };
    }),

    UpdateSpendingLimit: operation((reader) => {
      const limit = limitOf(reader);
      const limitMicroUsd = reader.has('spendingLimit') ? microUsdFromDecimal(reader, 'spendingLimit') : limit.limitMicroUsd;
      const period = readTimePeriod(reader, clock.now());
      const { settledMicroUsd, queuedMicroUsd } = limitSpend(store, limit);
      if (limitMicroUsd < settledMicroUsd + queuedMicroUsd) {
        throw reader.refuse(
          `'spendingLimit' is below what is spent and queued: ${decimalFromMicroUsd(settledMicroUsd + queuedMicroUsd)} USD`,
        );
      }
      store.putLimit({ ...limit, limitMicroUsd, ...(period ?? {}), updatedAtMs: clock.now() });
      return {};
    }),

    DeleteSpendingLimit: operation((reader) => {
      store.deleteLimit(limitOf(reader).arn);
      return {};
    }),

    SearchSpendingLimits: operation((reader) => {
      const filters = reader.structures('filters', { max: 10 }).map((filter) => ({
        name: filter.oneOf('name', ['deviceArn']),
        operator: filter.oneOf('operator', ['EQUAL']),
        values: filter.strings('values', { min: 1, max: 10 }),
      }));
      const limits = [...store.limits.values()].filter((limit) =>
        filters.every((filter) => filter.values.includes(limit.deviceArn)),
      );
      const { items, nextToken } = page(reader, limits, (limit) => limit.arn);
      return { spendingLimits: items.map((limit) => limitSummary(store, limit)), ...(nextToken ? { nextToken } : {}) };
    }),

    CreateJob: noJobs,
    GetJob: noJobs,
    CancelJob: noJobs,
    SearchJobs: noJobs,

    TagResource: operation((reader) => {
      const owner = tagged(reader);
      const tags = { ...owner.tags, ...reader.stringMap('tags', MAX_TAGS) };
      if (Object.keys(tags).length > MAX_TAGS) throw reader.refuse(`A resource has at most ${MAX_TAGS} tags.`);
      store.setTags(owner.arn, tags);
      return {};
    }),
    UntagResource: operation((reader) => {
      const owner = tagged(reader);
      const gone = new Set(reader.strings('tagKeys', { min: 1 }));
      store.setTags(owner.arn, Object.fromEntries(Object.entries(owner.tags).filter(([key]) => !gone.has(key))));
      return {};
    }),
    ListTagsForResource: operation((reader) => ({ tags: tagged(reader).tags })),
  };

  return restJsonService({
    signingNames: ['braket'],
    context,
    routes: ROUTES,
    operations,
    unknownRoute: { code: 'ValidationException', status: 400 },
    malformedBody: { code: 'ValidationException', status: 400 },
    async start() {
      for (const task of store.tasks.values()) {
        events.flush(task);
        runner.accept(task);
      }
    },
    async stop() {
      await runner.stop();
      await engine.stop?.();
      await events.stop();
      store.close();
    },
  });
}

function summarizeTask(task: Task): Members {
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

function describeTask(task: Task): Members {
  const { actionType, programCount, executableCount } = task;
  return {
    ...summarizeTask(task),
    deviceParameters: task.deviceParameters,
    ...(task.failureReason === undefined ? {} : { failureReason: task.failureReason }),
    ...(task.numSuccessfulShots === undefined ? {} : { numSuccessfulShots: task.numSuccessfulShots }),
    ...(task.associations ? { associations: task.associations } : {}),
    ...(task.experimentalCapabilities ? { experimentalCapabilities: task.experimentalCapabilities } : {}),
    actionMetadata: {
      actionType,
      ...(programCount === undefined ? {} : { programCount }),
      ...(executableCount === undefined ? {} : { executableCount }),
    },
  };
}

function queueInfo(task: Task, runner: TaskRunner): Members {
  const common = { queue: 'QUANTUM_TASKS_QUEUE', queuePriority: 'Normal' };
  if (task.status !== 'CREATED' && task.status !== 'QUEUED') {
    return { ...common, position: 'None', message: `A task that is ${task.status} has no place in the queue.` };
  }
  const position = runner.queuePosition(task);
  return { ...common, position: position > 2_000 ? '>2000' : String(position) };
}

function summarizeDevice(device: BraketDevice): Members {
  return {
    deviceArn: device.arn,
    deviceName: device.name,
    providerName: device.provider,
    deviceType: device.type,
    deviceStatus: device.status,
  };
}

async function bucketExists(context: CloudContext, bucket: string): Promise<boolean> {
  try {
    await context.peer('s3').call('HeadBucket', { Bucket: bucket });
    return true;
  } catch (error) {
    if (error instanceof ServiceError && (error.status === 404 || error.status === 403)) return false;
    throw error;
  }
}
