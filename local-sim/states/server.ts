/** Step Functions of the local cloud: the API over machines, executions, map runs and task tokens. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type CloudContext, type Service, ServiceError, type ServiceRequest, type ServiceResponse } from '../service.ts';
import { createActions } from './actions.ts';
import { Aborted, HistoryFull } from './errors.ts';
import type { Engine } from './execution.ts';
import { Executions } from './executions.ts';
import type { Entropy } from './functions.ts';
import { Machines } from './machines.ts';
import { MapRuns } from './map-run.ts';
import { Tokens } from './tokens.ts';

export interface StatesService extends Service {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Resolves once the execution has ended, at once if it has. */
  ended(executionArn: string): Promise<void>;
}

export interface StatesOptions {
  /** Source of $random without seed and of $uuid. */
  readonly entropy?: Entropy;
  /** Whether a Task may name a service that `context.peer` does not find; for tools that only check definitions. */
  readonly allowMissingPeers?: boolean;
}

/** Whom S3 takes a machine for; a map run's child is its parent machine. */
const machinePrincipal = (stateMachineArn: string) => `machine-${stateMachineArn.split(':stateMachine:').at(-1)!.split('/')[0]}`;

const TARGET_PREFIX = 'AWSStepFunctions.';
const CONTENT_TYPE = 'application/x-amz-json-1.0';

export function createStates(context: CloudContext, options: StatesOptions = {}): StatesService {
  const dir = join(context.stateDir, 'states');
  const hasPeer = (name: string): boolean => {
    if (name === 'states') return true;
    try {
      return context.peer(name) !== undefined;
    } catch {
      return false;
    }
  };
  const machines = new Machines(dir, context.clock, {
    ...(options.entropy ? { entropy: options.entropy } : {}),
    ...(options.allowMissingPeers ? {} : { hasPeer }),
  });
  const executions = new Executions(dir, machines);
  const tokens = new Tokens();
  const mapRuns = new MapRuns(dir, context.clock);
  const engine: Engine = {
    clock: context.clock,
    region: context.region,
    accountId: context.accountId,
    tokens,
    mapRuns,
    call: (signingName, action, args, origin) =>
      signingName === 'states'
        ? call(action, args)
        : context.peer(signingName).call(action, args, origin === undefined ? undefined : machinePrincipal(origin)),
    onEnd: (arn, callback) => executions.onEnd(arn, callback),
    startedBy: (key) => executions.startedBy(key),
    startNested: (args) => actions.startNested(args),
    log: (level, message, fields) => context.log(level, message, fields),
    metric: (name, stateMachineArn, value) => context.metric?.('AWS/States', name, { StateMachineArn: stateMachineArn }, value),
  };
  const actions = createActions(context, engine, machines, executions);

  const call = async (action: string, args: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const handler = Object.hasOwn(actions.table, action) ? actions.table[action] : undefined;
    if (!handler) throw new ServiceError('UnknownOperationException', `Step Functions of this cloud has no operation ${action}`);
    try {
      return await handler(args);
    } catch (error) {
      // The execution ended under the caller's hands: to a token's holder it is gone.
      if (error instanceof HistoryFull || error instanceof Aborted)
        throw new ServiceError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
      throw error;
    }
  };

  return {
    signingNames: ['states'],
    call,
    async handle(request: ServiceRequest): Promise<ServiceResponse> {
      const requestId = request.requestId || randomUUID();
      const headers = { 'content-type': CONTENT_TYPE, 'x-amzn-requestid': requestId };
      try {
        const target = request.headers['x-amz-target'] ?? '';
        if (!target.startsWith(TARGET_PREFIX))
          throw new ServiceError(
            'UnknownOperationException',
            `X-Amz-Target must begin with ${TARGET_PREFIX}, found ${JSON.stringify(target)}`,
          );
        const answer = await call(target.slice(TARGET_PREFIX.length), parseBody(request.body));
        return { status: 200, headers, body: toWire(answer) };
      } catch (error) {
        const known =
          error instanceof ServiceError
            ? error
            : new ServiceError('InternalFailure', error instanceof Error ? error.message : String(error), 500);
        if (known.status >= 500)
          context.log('error', 'a request to Step Functions failed', {
            requestId,
            error: error instanceof Error ? error.stack : String(error),
          });
        return {
          status: known.status,
          headers: { ...headers, 'x-amzn-errortype': known.code },
          body: JSON.stringify({ __type: known.code, message: known.message, ...known.details }),
        };
      }
    },
    async start() {
      executions.resume(engine);
    },
    async stop() {
      await executions.close();
      mapRuns.close();
      machines.close();
    },
    ended: (arn) => new Promise((resolve) => void executions.onEnd(arn, resolve)),
  };
}

function parseBody(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new ServiceError('SerializationException', `the request is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ServiceError('SerializationException', 'the request must be a JSON object');
  return value as Record<string, unknown>;
}

/** JSON with dates as seconds since the epoch, as AWS JSON 1.0 has them. */
function toWire(answer: Record<string, unknown>): string {
  return JSON.stringify(answer, function (this: Record<string, unknown>, key: string, value: unknown) {
    // toJSON has already turned a Date into text when the replacer sees it; the holder still has the Date.
    const held = this[key];
    return held instanceof Date ? held.getTime() / 1000 : value;
  });
}
