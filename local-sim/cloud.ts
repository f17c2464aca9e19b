/** The local cloud: its services, wired to each other, behind one port and over one folder of state. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Clock, realClock } from './clock.ts';
import type { DeliveryFault } from './events/delivery.ts';
import { createEvents, type EventsService } from './events/server.ts';
import { type ApiRoute, type CorsConfig, createGateway, type GatewayService } from './gateway.ts';
import { type Credentials, createKeyring, type Keyring, localCredentials } from './http/credentials.ts';
import { createFront } from './http/front.ts';
import { createIam } from './iam.ts';
import type { FunctionConfig } from './lambda/function.ts';
import { createLambda, type LambdaService } from './lambda/server.ts';
import { lockStateDir } from './lock.ts';
import { createLogs } from './monitoring/logs.ts';
import { createMonitoring, type MonitoringService } from './monitoring/server.ts';
import type { S3Grant } from './s3/grants.ts';
import { createS3, type S3Service } from './s3/server.ts';
import { type CloudContext, type Service, ServiceError } from './service.ts';
import { createSts } from './sts.ts';

export type ServiceFactory = (context: CloudContext, keyring: Keyring) => Service;

export interface CloudOptions {
  stateDir: string;
  /** 0, the default, takes a free port. */
  port?: number;
  clock?: Clock;
  region?: string;
  accountId?: string;
  /** Step Functions, Braket, Batch: whatever this file does not make itself. */
  services?: readonly ServiceFactory[];
  functions?: readonly FunctionConfig[];
  /** What functions and jobs may do with S3, by their name; whoever is not listed may do anything. */
  s3Grants?: Readonly<Record<string, readonly S3Grant[]>>;
  routes?: readonly ApiRoute[];
  cors?: CorsConfig;
  lambda?: { workLimit?: number; interactiveLimit?: number; idleLimit?: number; inProcess?: boolean };
  /** For tests: see DeliveryFault. */
  eventFault?: DeliveryFault;
  /** Names of the queues that take given-up events and given-up invocations: their length is a metric. */
  deadLetterQueues?: { readonly events: string; readonly invocations: string };
  /** Whether rate(…) rules fire; true when absent. */
  schedules?: boolean;
  bodySpillBytes?: number;
  /** Whether acknowledged writes survive a power cut, at a few milliseconds each. They survive the end of the process in any case. */
  fsync?: boolean;
  log?: CloudContext['log'];
}

export interface Cloud {
  readonly endpoint: string;
  readonly port: number;
  readonly region: string;
  readonly accountId: string;
  readonly credentials: Credentials;
  /** Keys for jobs and other programs that are to act under a name of their own. */
  readonly keyring: Keyring;
  readonly context: CloudContext;
  readonly s3: S3Service;
  readonly lambda: LambdaService;
  readonly events: EventsService;
  readonly gateway: GatewayService;
  readonly monitoring: MonitoringService;
  peer(signingName: string): Service;
  /** What a client process needs in its environment. */
  env(): Record<string, string>;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

function logToStderr(level: string, message: string, fields: Record<string, unknown> = {}): void {
  if (level === 'info') return;
  process.stderr.write(`${JSON.stringify({ level, message, ...fields })}\n`);
}

/** Starts a local cloud and resolves when it answers. Rejects when the folder is in use or the port is taken. */
export async function createCloud(options: CloudOptions): Promise<Cloud> {
  const unlock = lockStateDir(options.stateDir);
  try {
    return await assemble(options, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function assemble(options: CloudOptions, unlock: () => void): Promise<Cloud> {
  const { stateDir, region = 'us-east-1', accountId = '000000000000' } = options;
  const keyring = createKeyring(localCredentials(stateDir));
  const credentials = keyring.root;
  const byName = new Map<string, Service>();
  let port = 0;
  const endpoint = () => {
    if (port === 0) throw new Error('the local cloud does not listen yet');
    return `http://${HOST}:${port}`;
  };
  const context: CloudContext = {
    clock: options.clock ?? realClock(),
    stateDir,
    region,
    accountId,
    fsync: options.fsync ?? false,
    endpoint,
    peer(signingName) {
      const service = byName.get(signingName);
      if (!service)
        throw new ServiceError('UnknownService', `No service of the local cloud has the signing name ${signingName}.`, 404);
      return service;
    },
    metric: (...metric) => monitoring.record(...metric),
    log: options.log ?? logToStderr,
  };
  const env = () => ({
    AWS_ENDPOINT_URL: endpoint(),
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
  });

  const s3 = createS3(context);
  for (const [principal, grants] of Object.entries(options.s3Grants ?? {})) {
    s3.setGrants(principal, grants);
    // A job that outlived the last process goes on with the keys it has.
    keyring.issue(principal);
  }
  const monitoring = createMonitoring(context);
  const queueLength = (queue: string | undefined) => (count: number) => {
    if (queue !== undefined) monitoring.record('AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: queue }, count);
  };
  const lambda = createLambda(context, {
    ...options.lambda,
    onDeadLetters: queueLength(options.deadLetterQueues?.invocations),
    functions: options.functions ?? [],
    baseEnvironment: (functionName) => {
      const own = keyring.issue(functionName);
      // The person's own AWS settings are none of a function's business: it is pointed at files that do not exist.
      const nowhere = join(stateDir, 'no-aws-config');
      return {
        ...env(),
        AWS_ACCESS_KEY_ID: own.accessKeyId,
        AWS_SECRET_ACCESS_KEY: own.secretAccessKey,
        AWS_CONFIG_FILE: nowhere,
        AWS_SHARED_CREDENTIALS_FILE: nowhere,
      };
    },
    onLogLine: (line, timestampMs) => monitoring.ingestLogLine(line, timestampMs),
  });
  const events = createEvents(context, {
    onDeadLetters: queueLength(options.deadLetterQueues?.events),
    ...(options.eventFault === undefined ? {} : { fault: options.eventFault }),
    ...(options.schedules === undefined ? {} : { schedules: options.schedules }),
  });
  const gateway = createGateway(context, () => lambda, {
    routes: options.routes ?? [],
    ...(options.cors === undefined ? {} : { cors: options.cors }),
  });
  const logs = createLogs(context, () => lambda.logs);
  // Stores first, then those that work on them; the event bus last, since it sets the others to work.
  const services: Service[] = [
    s3,
    monitoring,
    logs,
    createSts(context),
    createIam(context),
    lambda,
    gateway,
    ...(options.services ?? []).map((make) => make(context, keyring)),
    events,
  ];
  for (const service of services) {
    for (const name of service.signingNames) {
      if (byName.has(name)) throw new Error(`two services have the signing name ${name}`);
      byName.set(name, service);
    }
  }

  let open: (() => void) | undefined;
  let ready: Promise<void> | undefined = new Promise((resolve) => {
    open = resolve;
  });
  // Requests of functions that a restart set to work may come before every service is back: they wait. While the cloud stops
  // they wait as well, until their connections end: an answer from half a cloud would be taken for a failure of the work.
  const gated = (service: Service): Service => {
    const gate = ready;
    return gate === undefined ? service : { ...service, handle: (request) => gate.then(() => service.handle(request)) };
  };
  const front = createFront({
    context,
    keyring,
    find: (name) => {
      const service = byName.get(name);
      return service === undefined ? undefined : gated(service);
    },
    ...(options.bodySpillBytes === undefined ? {} : { bodySpillBytes: options.bodySpillBytes }),
  });
  port = await listen(front, options.port ?? 0);

  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      ready = new Promise(() => {});
      for (const service of [...services].reverse()) await service.stop?.();
      front.closeAllConnections();
      await new Promise<void>((resolve) => front.close(() => resolve()));
      unlock();
    })();
    return stopping;
  };
  try {
    for (const service of services) await service.start?.();
  } catch (error) {
    await stop();
    throw error;
  }
  ready = undefined;
  open?.();
  return {
    endpoint: endpoint(),
    port,
    region,
    accountId,
    credentials,
    keyring,
    context,
    s3,
    lambda,
    events,
    gateway,
    monitoring,
    peer: context.peer,
    env,
    stop,
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
