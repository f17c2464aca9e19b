/** Waiting for quantum tasks: whatever order the events come in, doubled, late or never, the token is answered once and for all. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BraketClient, CreateQuantumTaskCommand, GetQuantumTaskCommand } from '@aws-sdk/client-braket';
import { S3Client } from '@aws-sdk/client-s3';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OpenToken } from '../../core/contracts/artifacts.ts';
import { place, uri } from '../../core/contracts/places.ts';
import type { ArtifactStore } from '../../lambdas/shared/artifacts.ts';
import { DEFAULT_DEVICES } from '../../local-sim/braket/devices.ts';
import type { BraketFaults } from '../../local-sim/braket/faults.ts';
import { createBraket } from '../../local-sim/braket.ts';
import { createStates } from '../../local-sim/states/server.ts';
import { type StartedCloud, startCloud } from '../contract/start-cloud.ts';

const DATA = 'qefm-data';
const RESULTS = 'amazon-braket-qefm';
const SV1 = 'arn:aws:braket:::device/quantum-simulator/amazon/sv1';
const PROGRAM = 'OPENQASM 3.0;\nqubit[1] q;\nh q[0];\n#pragma braket result expectation z(q[0])\n';

const faults: BraketFaults = {};
const sv1 = { ...DEFAULT_DEVICES.find(({ arn }) => arn === SV1)! };
let folder: string;
let started: StartedCloud;
let store: ArtifactStore;
let sfn: SFNClient;
let braket: BraketClient;
let machineArn: string;
let tasks: typeof import('../../lambdas/shared/tasks.ts');
let changed: (event: unknown) => Promise<unknown>;
let sweep: () => Promise<unknown>;
let count = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tokens-'));
  const entry = join(folder, 'noop.mjs');
  writeFileSync(entry, 'export const handler = async () => null;\n');
  started = await startCloud({
    functions: [{ name: 'noop', entry, memoryMb: 128, timeoutSeconds: 10, environment: {} }],
    services: [
      (context) => createStates(context),
      (context) => createBraket(context, { devices: [sv1], faults, postEvent: async () => {} }),
    ],
  });
  for (const Bucket of [DATA, RESULTS]) await started.cloud.s3.call('CreateBucket', { Bucket });
  // The handlers find their cloud as they do when deployed: by their environment, read when they are loaded.
  Object.assign(process.env, started.cloud.env(), {
    DATA_BUCKET: DATA,
    QUANTUM_BUCKETS: JSON.stringify({ 'us-east-1': RESULTS }),
    DEVICE_REGIONS: JSON.stringify({ [SV1]: 'us-east-1' }),
    CODE_VERSION: 'test',
    DAY_CAP_MICRO_USD: '1000000',
    ACCOUNT_CAP_MICRO_USD: '1000000',
  });
  tasks = await import('../../lambdas/shared/tasks.ts');
  const handlers = [
    await import('../../lambdas/events/quantum-task-changed.ts'),
    await import('../../lambdas/events/sweep.ts'),
  ] as const;
  changed = (event) => handlers[0].handler(event, {} as never);
  sweep = () => handlers[1].handler({}, {} as never);
  const { createArtifactStore } = await import('../../lambdas/shared/artifacts.ts');
  store = createArtifactStore(new S3Client({ ...started.client, forcePathStyle: true }), DATA);
  sfn = new SFNClient(started.client);
  braket = new BraketClient(started.client);
  const definition = {
    QueryLanguage: 'JSONata',
    StartAt: 'Wait',
    States: {
      Wait: {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
        Arguments: { FunctionName: 'noop', Payload: { taskToken: '{% $states.context.Task.Token %}' } },
        TimeoutSeconds: 60,
        End: true,
      },
    },
  };
  const created = await sfn.send(
    new CreateStateMachineCommand({
      name: 'wait',
      definition: JSON.stringify(definition),
      roleArn: 'arn:aws:iam::000000000000:role/wait',
    }),
  );
  machineArn = created.stateMachineArn!;
});
afterAll(async () => {
  await started[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

interface Waiting {
  token: OpenToken;
  /** What the event of a task says. */
  event(index: number): unknown;
  /** The submitting step ends: the list of tasks is written, then the markers are counted. */
  list(): Promise<void>;
  /** Status, error and output of the waiting execution. */
  outcome(): Promise<{ status: string; error: string | undefined; output: unknown }>;
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 1000; tries++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((wake) => setTimeout(wake, 10));
  }
  throw new Error(`not so after 10 s: ${look}`);
}

/** An execution that waits for a token, and two quantum tasks submitted under it; over unless they are to stay in the queue. */
async function waitForTasks(over = true): Promise<Waiting> {
  const runId = `run-${++count}`;
  const key = tasks.tokenKey(runId, 'refine', 'circuits', SV1);
  const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn: machineArn, name: runId, input: '{}' }));
  const taskToken = await until(async () => {
    const { events } = await sfn.send(new GetExecutionHistoryCommand({ executionArn, includeExecutionData: true }));
    const parameters = events?.find(({ taskScheduledEventDetails }) => taskScheduledEventDetails)?.taskScheduledEventDetails
      ?.parameters;
    return parameters === undefined
      ? undefined
      : (JSON.parse(parameters) as { Payload: { taskToken: string } }).Payload.taskToken;
  });
  const token: OpenToken = {
    schema: 'open-token/1',
    key,
    runId,
    taskToken,
    device: SV1,
    circuitsUri: uri(DATA, 'runs/circuits.bin'),
    createdAt: new Date().toISOString(),
    deadline: new Date(Date.now() + 3600_000).toISOString(),
    taskArns: [],
  };
  await store.write(place.openToken(runId, key), OpenToken, token);
  const made = await Promise.all(
    [0, 1].map(async (index) => {
      const { quantumTaskArn } = await braket.send(
        new CreateQuantumTaskCommand({
          deviceArn: SV1,
          shots: 0,
          action: JSON.stringify({ braketSchemaHeader: { name: 'braket.ir.openqasm.program', version: '1' }, source: PROGRAM }),
          outputS3Bucket: RESULTS,
          outputS3KeyPrefix: place.taskPrefix(runId, key, index),
          clientToken: `${key}-${index}`,
        }),
      );
      const task = await until(async () => {
        const found = await braket.send(new GetQuantumTaskCommand({ quantumTaskArn }));
        return !over || ['COMPLETED', 'FAILED'].includes(found.status!) ? found : undefined;
      });
      return { quantumTaskArn: quantumTaskArn!, outputS3Directory: task.outputS3Directory! };
    }),
  );
  token.taskArns = made.map(({ quantumTaskArn }) => quantumTaskArn);
  return {
    token,
    event: (index) => ({ detail: made[index] }),
    async list() {
      await store.write(place.openToken(runId, key), OpenToken, token);
      await tasks.concludeIfOver(store, token);
    },
    async outcome() {
      const { status, error, output } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      return { status: status!, error, output: output === undefined ? null : JSON.parse(output) };
    },
  };
}

async function ended(waiting: Waiting) {
  return until(async () => {
    const found = await waiting.outcome();
    return found.status === 'RUNNING' ? undefined : found;
  });
}

const orders = {
  'before the list of tasks is written': [0, 1, 'list'],
  'after it': ['list', 0, 1],
  'around it': [1, 'list', 0],
  'doubled, before it': [0, 0, 1, 1, 'list'],
  'doubled, after it': ['list', 0, 0, 1, 1, 0],
  'in the other order': ['list', 1, 0],
} as const;

describe('a token of two quantum tasks', () => {
  test.each(Object.entries(orders))('is answered with both when the events come %s', async (_, order) => {
    const waiting = await waitForTasks();
    for (const what of order) {
      if (what === 'list') await waiting.list();
      else await changed(waiting.event(what));
    }
    const { runId, key, taskArns } = waiting.token;
    expect(await ended(waiting)).toEqual({ status: 'SUCCEEDED', error: undefined, output: { key, taskArns } });
    expect(await store.find(place.openToken(runId, key), OpenToken)).toBeNull();
    expect((await store.read(place.closedToken(runId, key), OpenToken)).taskArns).toEqual(taskArns);
  });

  test('is answered once when all events come at the same moment as the list', async () => {
    const waiting = await waitForTasks();
    await Promise.all([changed(waiting.event(0)), waiting.list(), changed(waiting.event(1)), changed(waiting.event(0))]);
    expect((await ended(waiting)).status).toBe('SUCCEEDED');
  });

  test('is not answered by one of them', async () => {
    const waiting = await waitForTasks();
    await waiting.list();
    await changed(waiting.event(0));
    await changed(waiting.event(0));
    expect((await waiting.outcome()).status).toBe('RUNNING');
    await changed(waiting.event(1));
    expect((await ended(waiting)).status).toBe('SUCCEEDED');
  });

  test('is answered by the sweep when no event ever comes', async () => {
    const waiting = await waitForTasks();
    await waiting.list();
    expect((await waiting.outcome()).status).toBe('RUNNING');
    await sweep();
    expect((await ended(waiting)).output).toEqual({ key: waiting.token.key, taskArns: waiting.token.taskArns });
  });

  test('fails by the name of what happened, with the words of the service', async () => {
    Object.assign(faults, { failTasks: 1, failureReason: 'no ions' });
    const waiting = await waitForTasks().finally(() => Object.assign(faults, { failTasks: 0 }));
    await waiting.list();
    await changed(waiting.event(0));
    await changed(waiting.event(1));
    expect(await ended(waiting)).toMatchObject({ status: 'FAILED', error: 'QuantumTaskFailed' });
  });

  test('stays open through a sweep while its tasks live, and is closed once nobody waits or the service has lost a task', async () => {
    sv1.queueDelayMs = 600_000;
    const waiting = await waitForTasks(false).finally(() => Object.assign(sv1, { queueDelayMs: 0 }));
    await waiting.list();
    await sweep();
    const { runId, key } = waiting.token;
    expect((await waiting.outcome()).status).toBe('RUNNING');
    expect(await store.exists(place.openToken(runId, key))).toBe(true);

    const lost = waiting.token.taskArns[0]!.replace(/[^/]+$/, '00000000-0000-4000-8000-000000000000');
    await store.write(place.openToken(runId, key), OpenToken, { ...waiting.token, taskArns: [lost, waiting.token.taskArns[1]!] });
    await sweep();
    expect(await ended(waiting)).toMatchObject({ status: 'FAILED', error: 'QuantumTaskLost' });
    expect(await store.exists(place.openToken(runId, key))).toBe(false);

    // A token whose execution is over.
    await store.write(place.openToken(runId, key), OpenToken, waiting.token);
    await sweep();
    expect(await store.exists(place.openToken(runId, key))).toBe(false);
  });

  test('ignores events of other people’s tasks and of another shape', async () => {
    const before = await store.list('tokens/');
    await changed({
      detail: { quantumTaskArn: 'arn:aws:braket:us-east-1:000000000000:quantum-task/x', outputS3Directory: 'tasks/x' },
    });
    await changed({ detail: { something: 'else' } });
    await changed('nothing');
    expect(await store.list('tokens/')).toEqual(before);
  });
});
