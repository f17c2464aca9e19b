/**
 * Amazon Braket in the local cloud: quantum tasks, devices, tags and spending limits over the service's own protocol. Circuits
 * really run; results lie in S3 before COMPLETED can be seen; every change of status is an event. Scripts of hybrid jobs run as
 * processes of this machine (braket/jobs).
 */
import { join } from 'node:path';
import { capabilitiesFor, deviceCapabilities, isListedIn } from './braket/capabilities.ts';
import { CONTROL_ROUTES, controlOperations } from './braket/control.ts';
import { createTask } from './braket/create-task.ts';
import { describeTask, queueInfo, summarizeDevice, summarizeTask } from './braket/describe.ts';
import { DeviceBoard } from './braket/device-board.ts';
import { tellDeviceChanges } from './braket/device-events.ts';
import { type BraketDevice, DEFAULT_DEVICES } from './braket/devices.ts';
import type { BraketEngine } from './braket/engine.ts';
import { type BraketFaults, isHit } from './braket/faults.ts';
import { type HybridJobOptions, hybridJobs } from './braket/jobs/job-operations.ts';
import type { HybridJob } from './braket/jobs/model.ts';
import { S3Files } from './braket/jobs/s3-files.ts';
import { limitOperations, MAX_TAGS } from './braket/limit-operations.ts';
import { PRICE_OFFERS_PATH, priceOffersCsv } from './braket/price-offers.ts';
import { type Quotas, RequestQuotas } from './braket/quotas.ts';
import { page, taskFilters } from './braket/search.ts';
import { noteSpend, spendEvent } from './braket/spending-limits.ts';
import { changePassage, taskEvent } from './braket/task-events.ts';
import { TaskRunner } from './braket/task-runner.ts';
import { isOver, type SpendingLimit, type Task, TaskStore } from './braket/task-store.ts';
import { workerEngine } from './braket/worker-engine.ts';
import { type AwsEvent, ChangeEvents, postToBus } from './change-events.ts';
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
  /** Changed in place by the control endpoint. */
  faults?: BraketFaults;
  /** Quotas of requests, such as SERVICE_QUOTAS; without them nothing is throttled. */
  quotas?: Quotas;
  /** Threads that simulate. */
  threads?: number;
  /** Replaces the simulator of this project in its threads. */
  engine?: BraketEngine;
  /** Hybrid jobs: what runs their scripts, and how many at once. */
  jobs?: HybridJobOptions;
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

export function createBraket(context: CloudContext, options: BraketOptions = {}): Service {
  const { clock } = context;
  const seed = options.seed ?? 0;
  const faults = options.faults ?? {};
  const engine = options.engine ?? workerEngine(options.threads ?? 1);
  const board = new DeviceBoard(clock, options.devices ?? DEFAULT_DEVICES);
  const quotas = options.quotas === undefined ? undefined : new RequestQuotas(options.quotas);
  const startedAtIso = new Date(clock.now()).toISOString();
  const stateDir = join(context.stateDir, 'braket');
  const store = new TaskStore(stateDir);
  const s3 = new S3Files(context);
  const log: CloudContext['log'] = (level, message, fields) => context.log(level, `braket: ${message}`, fields);

  const post = options.postEvent ?? ((event: AwsEvent) => postToBus(context, event));
  const warn = (message: string, fields: Record<string, unknown>) => log('warn', message, fields);
  const events = new ChangeEvents<Task>({
    clock,
    key: (task) => task.id,
    event: taskEvent,
    passage: (task, index) => changePassage(task, index, faults, seed),
    markSent: (task, index) => store.markSent(task, index),
    post,
    warn,
  });
  const spendEvents = new ChangeEvents<SpendingLimit>({
    clock,
    key: (limit) => limit.arn,
    event: spendEvent,
    markSent: (limit, index) => store.markSpendSent(limit, index),
    post,
    warn,
  });
  const stopDeviceEvents = tellDeviceChanges({ context, board, post, warn });
  const changed = (task: Task) => {
    events.flush(task);
    if (task.status !== 'CREATED' && !isOver(task.status)) return;
    for (const limit of noteSpend(store, task, clock.now())) spendEvents.flush(limit);
  };
  const runner = new TaskRunner({
    clock,
    store,
    engine,
    board,
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
    changed,
    log,
  });

  let requests = 0;
  const throttled =
    (name: string, act: Operation): Operation =>
    (members, caller) => {
      if (quotas && !quotas.admits(name, caller.region, clock.now()))
        throw new ServiceError('ThrottlingException', 'Rate exceeded', 429);
      return act(members, caller);
    };
  const operation =
    (act: (reader: MemberReader, caller: Caller) => Promise<Members> | Members): Operation =>
    (members, caller) => {
      requests++;
      if (isHit(faults.throttleRequests, seed, 'throttle', requests))
        throw new ServiceError('ThrottlingException', 'Rate exceeded', 429);
      return act(readMembers(members, 'ValidationException'), caller);
    };
  const jobs = hybridJobs({
    context,
    stateDir,
    board,
    faults,
    seed,
    options: options.jobs ?? {},
    post,
    log,
    operation,
  });
  const notFound = (what: string, arn: string) =>
    new ServiceError('ResourceNotFoundException', `${what} ${arn} was not found.`, 404);
  const deviceOf = (arn: string): BraketDevice => {
    const device = board.get(arn);
    if (!device) throw notFound('Device', arn);
    return device;
  };
  const taskOf = (reader: MemberReader): Task => {
    const arn = reader.string('quantumTaskArn', { min: 1, max: 256 });
    const task = store.tasks.get(arn);
    if (!task) throw notFound('Quantum task', arn);
    return task;
  };
  const tagged = (reader: MemberReader): Task | SpendingLimit | HybridJob => {
    const arn = reader.string('resourceArn', { min: 1, max: 256 });
    const owner = store.tasks.get(arn) ?? store.limits.get(arn) ?? jobs.get(arn);
    if (!owner) throw notFound('Resource', arn);
    return owner;
  };
  const setTags = (arn: string, tags: Record<string, string>) => (jobs.get(arn) ? jobs : store).setTags(arn, tags);

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
        device: (arn) => board.get(arn),
        openTasks: (arn) => runner.openCount(arn),
        jobOf: (token) => jobs.byJobToken(token),
        bucketExists: (bucket) => s3.bucketExists(bucket),
      });
      if (isNew) {
        changed(task);
        runner.accept(task);
      }
      return { quantumTaskArn: task.arn };
    }),

    GetQuantumTask: operation((reader) => {
      const task = taskOf(reader);
      const wanted = reader.optionalStrings('additionalAttributeNames') ?? [];
      const unknown = wanted.find((name) => name !== 'QueueInfo');
      if (unknown) throw reader.refuse(`'additionalAttributeNames' knows QueueInfo, found ${unknown}`);
      return {
        ...describeTask(task),
        ...(wanted.length > 0 ? { queueInfo: queueInfo(task, () => runner.queuePosition(task)) } : {}),
      };
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

    GetDevice: operation((reader, caller) => {
      const device = deviceOf(reader.string('deviceArn', { min: 1, max: 256 }));
      const size = (count: number) => (count > 4_000 ? '>4000' : String(count));
      return {
        ...summarizeDevice(device),
        deviceCapabilities: JSON.stringify(capabilitiesFor(caller, deviceCapabilities(device, engine.gateNames, startedAtIso))),
        deviceQueueInfo: [
          { queue: 'QUANTUM_TASKS_QUEUE', queueSize: size(runner.queued(device.arn).length), queuePriority: 'Normal' },
          { queue: 'QUANTUM_TASKS_QUEUE', queueSize: size(runner.queued(device.arn, true).length), queuePriority: 'Priority' },
          { queue: 'JOBS_QUEUE', queueSize: size(jobs.queuedCount(device.arn)) },
        ],
      };
    }),

    SearchDevices: operation((reader, caller) => {
      const filters = reader.structures('filters', { max: 10 }).map((filter) => ({
        name: filter.oneOf('name', ['deviceArn']),
        values: filter.strings('values', { min: 1, max: 10 }),
      }));
      const listed = board
        .all()
        .filter((device) => isListedIn(device, caller.region) && filters.every((filter) => filter.values.includes(device.arn)));
      const { items, nextToken } = page(reader, listed, (device) => device.arn);
      return { devices: items.map(summarizeDevice), ...(nextToken ? { nextToken } : {}) };
    }),

    ...limitOperations({ context, store, board, seed, operation }),

    ...jobs.operations,

    TagResource: operation((reader) => {
      const owner = tagged(reader);
      const tags = { ...owner.tags, ...reader.stringMap('tags', MAX_TAGS) };
      if (Object.keys(tags).length > MAX_TAGS) throw reader.refuse(`A resource has at most ${MAX_TAGS} tags.`);
      setTags(owner.arn, tags);
      return {};
    }),
    UntagResource: operation((reader) => {
      const owner = tagged(reader);
      const gone = new Set(reader.strings('tagKeys', { min: 1 }));
      setTags(owner.arn, Object.fromEntries(Object.entries(owner.tags).filter(([key]) => !gone.has(key))));
      return {};
    }),
    ListTagsForResource: operation((reader) => ({ tags: tagged(reader).tags })),
  };

  const service = restJsonService({
    signingNames: ['braket'],
    context,
    routes: { ...ROUTES, ...CONTROL_ROUTES },
    operations: {
      ...Object.fromEntries(Object.entries(operations).map(([name, act]) => [name, throttled(name, act)])),
      ...controlOperations(faults, board),
    },
    unknownRoute: { code: 'ValidationException', status: 400 },
    malformedBody: { code: 'ValidationException', status: 400 },
    async start() {
      for (const limit of store.limits.values()) spendEvents.flush(limit);
      for (const task of store.tasks.values()) {
        changed(task);
        runner.accept(task);
      }
      jobs.start();
    },
    async stop() {
      await jobs.stop();
      await runner.stop();
      await engine.stop?.();
      await events.stop();
      await spendEvents.stop();
      await stopDeviceEvents();
      store.close();
    },
  });
  return {
    ...service,
    // The price list lies on another host in the cloud, and is no operation of the service.
    handle: async (request) =>
      request.path === PRICE_OFFERS_PATH && request.method === 'GET'
        ? { status: 200, headers: { 'content-type': 'text/csv' }, body: priceOffersCsv(board.all()) }
        : service.handle(request),
  };
}
