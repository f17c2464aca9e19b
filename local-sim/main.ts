/**
 * The local cloud of this project: the manifest's floor plan on this machine.
 *
 *   node local-sim/main.ts [--state DIR] [--port N] [--json] [--fsync] [--python PATH] [--quotas] [--faults FILE]
 *
 * --python names the Python of Batch's and Braket's jobs; --quotas throttles Braket requests as the service does; --faults takes a JSON
 * file of BraketFaults (braket/faults.ts).
 *
 * Prints the endpoint and what a client needs in its environment, then runs until SIGINT or SIGTERM.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type FunctionPlan, type Grant, manifest } from '../infra/manifest.ts';
import { type BatchOptions, createBatch } from './batch.ts';
import { type BraketFaults, readFaults } from './braket/faults.ts';
import { createImageRegistry } from './braket/jobs/image-registry.ts';
import { SERVICE_QUOTAS } from './braket/quotas.ts';
import { type BraketOptions, createBraket } from './braket.ts';
import type { Clock } from './clock.ts';
import { type Cloud, createCloud } from './cloud.ts';
import type { FunctionConfig } from './lambda/function.ts';
import { functionArn } from './lambda/function.ts';
import { readMembers } from './members.ts';
import { applyPlan, type CloudPlan } from './plan.ts';
import type { S3Grant } from './s3/grants.ts';
import type { CloudContext } from './service.ts';
import { createStates } from './states/server.ts';

export interface LocalCloudOptions {
  stateDir: string;
  port?: number;
  /** Root of the project; the working directory when absent. */
  root?: string;
  region?: string;
  accountId?: string;
  clock?: Clock;
  schedules?: boolean;
  /** See CloudOptions. */
  fsync?: boolean;
  /** Steps at work at once. */
  workLimit?: number;
  /** Python of the jobs' environment; without it no job of Batch is registered, and hybrid jobs take `python3` of the PATH. */
  python?: string;
  braket?: BraketOptions;
  batch?: Omit<BatchOptions, 'definitions' | 'queues' | 'credentials'>;
  /** More variables for every function. */
  environment?: Readonly<Record<string, string>>;
  log?: CloudContext['log'];
}

/** Physical names and ARNs, as infra/names.ts gives them in the cloud. */
function namesFor(region: string, accountId: string) {
  const physical = (name: string) => `${manifest.name}-${name}`;
  const names = {
    function: physical,
    machine: physical,
    queue: physical,
    job: physical,
    /** The bucket of this name in this region, the home region if none is said. */
    bucket(name: string, inRegion: string = manifest.region) {
      const bucket = manifest.buckets.find((one) => one.name === name && one.region === inRegion);
      if (!bucket) throw new Error(`the manifest has no bucket ${name} in ${inRegion}`);
      return `${bucket.namePrefix}-${accountId}-${bucket.region}`;
    },
    /** The buckets of this name in all regions. */
    buckets(name: string): string[] {
      return manifest.buckets.filter((one) => one.name === name).map(({ region }) => names.bucket(name, region));
    },
    functionArn: (name: string) => functionArn(region, accountId, physical(name)),
    machineArn: (name: string) => `arn:aws:states:${region}:${accountId}:stateMachine:${physical(name)}`,
    queueArn: (name: string) => `arn:aws:batch:${region}:${accountId}:job-queue/${physical(name)}`,
    /** An event pattern with its references resolved, `${buckets:X}` in a list as in infra/environment.ts. */
    pattern(pattern: unknown): unknown {
      if (typeof pattern === 'string') return names.resolve(pattern);
      if (Array.isArray(pattern)) {
        return pattern.flatMap((value: unknown) => {
          const name = typeof value === 'string' ? /^\$\{buckets:(\w+)\}$/.exec(value)?.[1] : undefined;
          return name === undefined ? [names.pattern(value)] : names.buckets(name);
        });
      }
      if (typeof pattern !== 'object' || pattern === null) return pattern;
      return Object.fromEntries(Object.entries(pattern).map(([key, value]) => [key, names.pattern(value)]));
    },
    /** Replaces `${bucket:Data}` and its like. */
    resolve(text: string): string {
      return text.replace(/\$\{(\w+):(\w+)\}/g, (whole, kind: string, name: string) => {
        if (kind === 'bucket') return names.bucket(name);
        if (kind === 'function') return names.functionArn(name);
        if (kind === 'machine') return names.machineArn(name);
        if (kind === 'queue') return names.queueArn(name);
        if (kind === 'job') return `arn:aws:batch:${region}:${accountId}:job-definition/${physical(name)}`;
        throw new Error(`${whole} in the manifest names nothing`);
      });
    },
  };
  return names;
}
type Names = ReturnType<typeof namesFor>;

function commonEnvironment(names: Names, codeVersion: string): Record<string, string> {
  const results = manifest.buckets.filter((bucket) => bucket.name === 'QuantumResults');
  return {
    DATA_BUCKET: names.bucket('Data'),
    QUANTUM_BUCKETS: JSON.stringify(Object.fromEntries(results.map(({ name, region }) => [region, names.bucket(name, region)]))),
    DEVICE_REGIONS: JSON.stringify(Object.fromEntries(manifest.devices.map(({ arn, region }) => [arn, region]))),
    METRIC_NAMESPACE: manifest.metricNamespace,
    CODE_VERSION: codeVersion,
    DAY_CAP_MICRO_USD: String(manifest.caps.dayMicroUsd),
    ACCOUNT_CAP_MICRO_USD: String(manifest.caps.accountMicroUsd),
  };
}

function readCodeVersion(root: string): string {
  const path = join(root, 'dist', 'build.json');
  try {
    const { codeVersion } = JSON.parse(readFileSync(path, 'utf8')) as { codeVersion?: unknown };
    if (typeof codeVersion === 'string') return codeVersion;
  } catch (error) {
    throw new Error(
      `${path} cannot be read: run \`npm run build\` first (${error instanceof Error ? error.message : String(error)})`,
    );
  }
  throw new Error(`${path} should hold codeVersion`);
}

function functionConfigs(names: Names, root: string, options: LocalCloudOptions): FunctionConfig[] {
  const common = commonEnvironment(names, readCodeVersion(root));
  return manifest.functions.map(({ name, memoryMb, timeoutSeconds, environment, reservedConcurrency }: FunctionPlan) => ({
    name: names.function(name),
    entry: join(root, 'dist', 'lambdas', name, 'index.mjs'),
    memoryMb,
    timeoutSeconds,
    environment: {
      ...common,
      ...Object.fromEntries(Object.entries(environment ?? {}).map(([key, value]) => [key, names.resolve(value)])),
      ...options.environment,
    },
    ...(reservedConcurrency === undefined ? {} : { concurrency: reservedConcurrency }),
  }));
}

function s3GrantsOf(names: Names, grants: readonly Grant[]): S3Grant[] {
  return grants.flatMap((grant): S3Grant[] => {
    if (grant.to === 'read' || grant.to === 'write' || grant.to === 'delete' || grant.to === 'list') {
      return names.buckets(grant.bucket).map((bucket) => ({ to: grant.to, bucket, prefix: grant.prefix }));
    }
    // Braket writes results with the caller's right to the bucket.
    if (grant.to === 'submitTasks') {
      return names.buckets('QuantumResults').flatMap((bucket) => [
        { to: 'read', bucket, prefix: 'runs/' },
        { to: 'write', bucket, prefix: 'runs/' },
      ]);
    }
    return [];
  });
}

const jobPrincipal = (name: string): string => `job-${name}`;

function planOf(names: Names, root: string): CloudPlan {
  const substitutions: Record<string, string> = {
    ...Object.fromEntries(manifest.functions.map(({ name }) => [name, names.functionArn(name)])),
    ...Object.fromEntries(manifest.machines.map(({ name }) => [name, names.machineArn(name)])),
    DataBucket: names.bucket('Data'),
    ...Object.fromEntries(manifest.queues.map(({ name }) => [`${name}Queue`, names.queueArn(name)])),
    ...Object.fromEntries(manifest.jobs.map(({ name }) => [`${name}Job`, names.job(name)])),
  };
  return {
    buckets: manifest.buckets.map(({ name, region, emitsEvents }) => ({ name: names.bucket(name, region), events: emitsEvents })),
    machines: manifest.machines.map(({ name, definition }) => ({
      name: names.machine(name),
      definitionPath: join(root, definition),
      substitutions,
    })),
    // All devices speak on the one bus here, so the rules that forward to it in the cloud have nothing to do.
    rules: manifest.rules
      .filter((rule) => rule.region === manifest.region)
      .map((rule) => ({
        name: `${manifest.name}-${rule.name}`,
        ...(rule.pattern === undefined ? {} : { eventPattern: names.pattern(rule.pattern) as Record<string, unknown> }),
        ...(rule.schedule === undefined ? {} : { scheduleExpression: rule.schedule }),
        targets: [
          {
            id: 'function',
            arn: names.functionArn(rule.function),
            maximumRetryAttempts: manifest.eventDelivery.retryAttempts,
            maximumEventAgeSeconds: manifest.eventDelivery.maxAgeSeconds,
          },
        ],
      })),
  };
}

/** Starts the manifest's cloud and resolves when everything in it is there. */
export async function startLocalCloud(options: LocalCloudOptions): Promise<Cloud> {
  const root = resolve(options.root ?? '.');
  const region = options.region ?? manifest.region;
  const accountId = options.accountId ?? '000000000000';
  const names = namesFor(region, accountId);
  const cloud = await createCloud({
    stateDir: options.stateDir,
    region,
    accountId,
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.schedules === undefined ? {} : { schedules: options.schedules }),
    ...(options.fsync === undefined ? {} : { fsync: options.fsync }),
    ...(options.log === undefined ? {} : { log: options.log }),
    ...(options.workLimit === undefined ? {} : { lambda: { workLimit: options.workLimit } }),
    functions: functionConfigs(names, root, options),
    deadLetterQueues: {
      events: `${manifest.name}-${manifest.deadLetterQueues.lostEvents}`,
      invocations: `${manifest.name}-${manifest.deadLetterQueues.failedEvents}`,
    },
    routes: manifest.routes.map((route) => ({
      method: route.method,
      path: route.path,
      functionName: names.function(route.function),
      auth: 'iam' as const,
    })),
    s3Grants: {
      ...Object.fromEntries(manifest.functions.map(({ name, grants }) => [names.function(name), s3GrantsOf(names, grants)])),
      ...Object.fromEntries(
        manifest.machines.map(({ name, grants }) => [`machine-${names.machine(name)}`, s3GrantsOf(names, grants)]),
      ),
      ...Object.fromEntries(manifest.jobs.map(({ name, grants }) => [jobPrincipal(name), s3GrantsOf(names, grants)])),
    },
    services: [
      (context, keyring) =>
        createBraket(context, {
          ...options.braket,
          jobs: {
            ...(options.python === undefined ? {} : { python: options.python }),
            credentials: keyring.issue('hybrid-job'),
            ...options.braket?.jobs,
          },
        }),
      () => createImageRegistry(options.python),
      (context, keyring) =>
        createBatch(context, {
          ...options.batch,
          queues: manifest.queues.map(({ name }) => names.queue(name)),
          // One kind of job so far, so one pair of keys for all.
          credentials: keyring.issue(jobPrincipal(manifest.jobs[0]?.name ?? 'none')),
          definitions: (options.python === undefined ? [] : manifest.jobs).map(
            ({ name, command, vcpus, memoryMb, attempts, retryExitCodes, timeoutSeconds }) => ({
              name: names.job(name),
              entryPoint: [options.python ?? ''],
              command: command.slice(1),
              cwd: join(root, 'batch-jobs'),
              vcpus,
              memoryMb,
              attempts,
              evaluateOnExit: [
                ...retryExitCodes.map((code) => ({ onExitCode: String(code), action: 'RETRY' as const })),
                { onExitCode: '*', action: 'EXIT' as const },
              ],
              timeoutSeconds,
            }),
          ),
        }),
      // Last: executions that are taken up again call the others at once.
      (context) => createStates(context),
    ],
  });
  try {
    await applyPlan(cloud, planOf(names, root));
  } catch (error) {
    await cloud.stop();
    throw error;
  }
  return cloud;
}

function faultsFrom(path: string): BraketFaults {
  try {
    return readFaults(readMembers(JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>, 'ValidationException'));
  } catch (error) {
    throw new Error(`--faults: ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      state: { type: 'string', default: '.local-cloud' },
      port: { type: 'string', default: '4566' },
      json: { type: 'boolean', default: false },
      fsync: { type: 'boolean', default: false },
      python: { type: 'string' },
      quotas: { type: 'boolean', default: false },
      faults: { type: 'string' },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port wants a number from 0 to 65535, found ${values.port}`);
  // The environment that the set-up makes for the jobs, where it could.
  const made = resolve('.venv', 'bin', 'python');
  const python = values.python ?? (existsSync(made) ? made : undefined);
  const cloud = await startLocalCloud({
    stateDir: resolve(values.state),
    port,
    fsync: values.fsync,
    ...(python === undefined ? {} : { python }),
    braket: {
      ...(values.quotas ? { quotas: SERVICE_QUOTAS } : {}),
      ...(values.faults === undefined ? {} : { faults: faultsFrom(values.faults) }),
    },
  });
  const ended = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
  const env = cloud.env();
  const text = values.json
    ? JSON.stringify({ endpoint: cloud.endpoint, api: `${cloud.endpoint}/api`, env })
    : [
        `# local cloud at ${cloud.endpoint}, HTTP API at ${cloud.endpoint}/api`,
        ...Object.entries({ ...env, QEFM_ENDPOINT: `${cloud.endpoint}/api` }).map(([name, value]) => `export ${name}=${value}`),
      ].join('\n');
  process.stdout.write(`${text}\n`);
  await ended;
  await cloud.stop();
}

if (import.meta.main) {
  main().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    },
  );
}
