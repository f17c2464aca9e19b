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
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Ledger, OpenToken } from '../../core/contracts/artifacts.ts';
import { place, uri } from '../../core/contracts/places.ts';
import { writeCircuits } from '../../core/problems/circuit-files.ts';
import type { CircuitBatch } from '../../core/problems/problem.ts';
import type { ArtifactStore } from '../../lambdas/shared/artifacts.ts';
import { DEFAULT_DEVICES } from '../../local-sim/braket/devices.ts';
import type { BraketFaults } from '../../local-sim/braket/faults.ts';
import { createBraket } from '../../local-sim/braket.ts';
import { createStates } from '../../local-sim/states/server.ts';
import { type StartedCloud, startCloud } from '../contract/start-cloud.ts';

const DATA = 'qefm-data';
const RESULTS = 'amazon-braket-qefm';
const SV1 = 'arn:aws:braket:::device/quantum-simulator/amazon/sv1';
const BEAT_SECONDS = 4;
const PROGRAM = 'OPENQASM 3.0;\nqubit[1] q;\nh q[0];\n#pragma braket result expectation z(q[0])\n';

const faults: BraketFaults = {};
const sv1 = { ...DEFAULT_DEVICES.find(({ arn }) => arn === SV1)! };
let folder: string;
let started: StartedCloud;
let store: ArtifactStore;
let sfn: SFNClient;
let braket: BraketClient;
let machineArn: string;
/** Its wait ends when nothing beats for BEAT_SECONDS. */
let beatingArn: string;
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
    // A run of these tests is an execution that waits.
    DISCOVER_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:wait',
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
  const createMachine = async (name: string, more: object) => {
    const definition = {
      QueryLanguage: 'JSONata',
      StartAt: 'Wait',
      States: {
        Wait: {
          Type: 'Task',
          Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
          Arguments: { FunctionName: 'noop', Payload: { taskToken: '{% $states.context.Task.Token %}' } },
          TimeoutSeconds: 120,
          ...more,
          End: true,
        },
      },
    };
    const created = await sfn.send(
      new CreateStateMachineCommand({
        name,
        definition: JSON.stringify(definition),
        roleArn: 'arn:aws:iam::000000000000:role/wait',
      }),
    );
    return created.stateMachineArn!;
  };
  machineArn = await createMachine('wait', {});
  beatingArn = await createMachine('beat', { HeartbeatSeconds: BEAT_SECONDS });
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

/** An execution that waits, and the token it waits for. */
async function startWaiting(name: string, stateMachineArn = machineArn): Promise<{ executionArn: string; taskToken: string }> {
  const started = await sfn.send(new StartExecutionCommand({ stateMachineArn, name, input: '{}' }));
  const executionArn = started.executionArn!;
  const taskToken = await until(async () => {
    const { events } = await sfn.send(new GetExecutionHistoryCommand({ executionArn, includeExecutionData: true }));
    const parameters = events?.find(({ taskScheduledEventDetails }) => taskScheduledEventDetails)?.taskScheduledEventDetails
      ?.parameters;
    return parameters === undefined
      ? undefined
      : (JSON.parse(parameters) as { Payload: { taskToken: string } }).Payload.taskToken;
  });
  return { executionArn, taskToken };
}

async function outcomeOf(executionArn: string): Promise<{ status: string; error: string | undefined; output: unknown }> {
  const { status, error, output } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
  return { status: status!, error, output: output === undefined ? null : JSON.parse(output) };
}

/** An execution that waits for a token, and two quantum tasks submitted under it; over unless they are to stay in the queue. */
async function waitForTasks(over = true, stateMachineArn = machineArn): Promise<Waiting> {
  const runId = `run-${++count}`;
  const key = tasks.tokenKey(runId, 'refine', 'circuits', SV1);
  const { executionArn, taskToken } = await startWaiting(runId, stateMachineArn);
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
    outcome: () => outcomeOf(executionArn),
  };
}

const statusesOf = ({ taskArns }: OpenToken) =>
  Promise.all(taskArns.map(async (quantumTaskArn) => (await braket.send(new GetQuantumTaskCommand({ quantumTaskArn }))).status));

async function ended(waiting: Pick<Waiting, 'outcome'>) {
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

  test('is kept waiting by the beats of the sweep while its tasks live, and is lost without them', async () => {
    sv1.queueDelayMs = 600_000;
    const waiting = await waitForTasks(false, beatingArn).finally(() => Object.assign(sv1, { queueDelayMs: 0 }));
    await waiting.list();
    for (const untilMs = Date.now() + BEAT_SECONDS * 1500; Date.now() < untilMs; ) {
      await sweep();
      await new Promise((wake) => setTimeout(wake, 200));
    }
    expect((await waiting.outcome()).status).toBe('RUNNING');
    // Long before the time-out of the state itself: it is the missed beat.
    expect(await ended(waiting)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    // A sweep that comes now closes what nobody waits for, and no task of it runs for nothing.
    await sweep();
    expect(await store.exists(place.openToken(waiting.token.runId, waiting.token.key))).toBe(false);
    expect(await statusesOf(waiting.token)).toEqual(['CANCELLED', 'CANCELLED']);
  });

  test('keeps its tasks while a submit may be tried again; once its run is stopped they are cancelled and its money is settled', async () => {
    sv1.queueDelayMs = 600_000;
    const waiting = await waitForTasks(false).finally(() => Object.assign(sv1, { queueDelayMs: 0 }));
    await waiting.list();
    const { runId, key } = waiting.token;
    const { createRunLedger } = await import('../../lambdas/shared/ledger.ts');
    const money = createRunLedger(store, runId, { dayMicroUsd: 1_000_000, accountMicroUsd: 1_000_000 }, Date.now);
    await money.reserve('refine', 5000, 9000);
    await money.draw('refine', 'one', 3000);
    const reserved = async () => Object.keys((await store.read(place.ledger(), Ledger)).reservations);

    // The token of an attempt that failed: nobody waits for it, but the run goes on.
    const old = await startWaiting(`${runId}-old`);
    await sfn.send(new StopExecutionCommand({ executionArn: old.executionArn }));
    await store.write(place.openToken(runId, key), OpenToken, { ...waiting.token, taskToken: old.taskToken });
    await sweep();
    expect(await store.exists(place.openToken(runId, key))).toBe(true);
    expect(await statusesOf(waiting.token)).toEqual(['QUEUED', 'QUEUED']);
    expect(await reserved()).toEqual([`${runId}/refine`]);

    await store.write(place.openToken(runId, key), OpenToken, waiting.token);
    await sfn.send(new StopExecutionCommand({ executionArn: `arn:aws:states:us-east-1:000000000000:execution:wait:${runId}` }));
    for (let i = 0; i < 2; i++) {
      await sweep();
      expect(await store.exists(place.openToken(runId, key))).toBe(false);
      expect(await statusesOf(waiting.token)).toEqual(['CANCELLED', 'CANCELLED']);
      expect(await reserved()).toEqual([]);
      expect((await store.read(place.ledger(), Ledger)).settled[`${runId}/refine`]).toBe(3000);
    }
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

describe('SubmitCircuits', () => {
  const batch: CircuitBatch = {
    circuit: { qubits: 2, layers: 1, entangler: 'ring', theta: Float64Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6) },
    requests: [
      { kind: 'expectations', amplitudes: Float64Array.of(1, 0, 0, 0) },
      { kind: 'expectations', amplitudes: Float64Array.of(0, 1, 0, 0) },
    ],
  };
  const context = { getRemainingTimeInMillis: () => 60_000 } as never;

  /** A run with circuits to submit and money for them. */
  async function prepare(runId: string) {
    const { handler } = await import('../../lambdas/steps/submit-circuits.ts');
    const { createRunLedger } = await import('../../lambdas/shared/ledger.ts');
    const circuitsKey = place.circuits(runId, 'refine', 0, 'expectations');
    await store.writeTensors(circuitsKey, writeCircuits(batch, { kind: 'sv1', shots: 0, maximumExecutables: 1 }));
    const caps = { dayMicroUsd: 1_000_000, accountMicroUsd: 1_000_000 };
    const ledger = createRunLedger(store, runId, caps, Date.now);
    await ledger.reserve('refine', 50_000, 50_000);
    const circuitsUri = uri(DATA, circuitsKey);
    const input = { runId, stage: 'refine', circuitsUri, device: SV1, maxQueueSeconds: 3600 };
    return {
      submit: (taskToken: string) => handler({ ...input, taskToken }, context),
      openToken: async () => {
        const [key] = await store.list(`${place.openTokens()}${runId}/`);
        return key === undefined ? null : store.read(key, OpenToken);
      },
      draws: async () => (await ledger.read()).blocks['refine']!.draws,
    };
  }

  test('that is tried again gets the same tasks under the new token, pays once, and answers at once when they are over', async () => {
    const runId = `run-${++count}`;
    const { submit, openToken, draws } = await prepare(runId);
    const first = await startWaiting(`${runId}-first`);
    const second = await startWaiting(`${runId}-second`);
    expect(await submit(first.taskToken)).toEqual({ tasks: 2 });
    const before = (await openToken())!;
    const paid = await draws();
    expect(Object.values(paid)).toHaveLength(1);
    expect(Object.values(paid)[0]).toBeGreaterThan(0);

    expect(await submit(second.taskToken)).toEqual({ tasks: 2 });
    const after = (await openToken())!;
    expect(after).toMatchObject({ taskToken: second.taskToken, taskArns: before.taskArns, createdAt: before.createdAt });
    expect(before.taskToken).toBe(first.taskToken);
    expect(await draws()).toEqual(paid);

    for (const quantumTaskArn of after.taskArns) {
      const { outputS3Directory } = await until(async () => {
        const found = await braket.send(new GetQuantumTaskCommand({ quantumTaskArn }));
        return found.status === 'COMPLETED' ? found : undefined;
      });
      await changed({ detail: { quantumTaskArn, outputS3Directory } });
    }
    const output = { key: after.key, taskArns: after.taskArns };
    expect(await ended({ outcome: () => outcomeOf(second.executionArn) })).toMatchObject({ status: 'SUCCEEDED', output });
    // The first token is nobody's any more: no event answers it.
    expect((await outcomeOf(first.executionArn)).status).toBe('RUNNING');
    expect(await openToken()).toBeNull();

    const third = await startWaiting(`${runId}-third`);
    await submit(third.taskToken);
    expect(await ended({ outcome: () => outcomeOf(third.executionArn) })).toMatchObject({ status: 'SUCCEEDED', output });
    expect(await openToken()).toBeNull();
    expect(await draws()).toEqual(paid);
  });

  test('leaves its token before it asks for a task, and an answer to an old token does not take it away', async () => {
    const runId = `run-${++count}`;
    const { submit, openToken } = await prepare(runId);
    const first = await startWaiting(`${runId}-first`);
    Object.assign(faults, { exceedQuota: 1 });
    await expect(submit(first.taskToken).finally(() => Object.assign(faults, { exceedQuota: 0 }))).rejects.toThrow(
      /quota|limit/i,
    );
    const left = (await openToken())!;
    expect(left).toMatchObject({ taskToken: first.taskToken, taskArns: [] });

    const second = await startWaiting(`${runId}-second`);
    await store.write(place.openToken(runId, left.key), OpenToken, { ...left, taskToken: second.taskToken });
    await tasks.closeToken(store, left);
    expect((await openToken())?.taskToken).toBe(second.taskToken);
  });

  test('that writes its token between the look and the deletion of a closing keeps it', async () => {
    const runId = `run-${++count}`;
    const { submit, openToken } = await prepare(runId);
    sv1.queueDelayMs = 600_000;
    const first = await startWaiting(`${runId}-first`);
    const second = await startWaiting(`${runId}-second`);
    await submit(first.taskToken).finally(() => Object.assign(sv1, { queueDelayMs: 0 }));
    const before = (await openToken())!;
    const late: ArtifactStore = {
      ...store,
      async delete(key, condition) {
        await store.write(key, OpenToken, { ...before, taskToken: second.taskToken });
        await store.delete(key, condition);
      },
    };
    await tasks.closeToken(late, before);
    expect((await openToken())?.taskToken).toBe(second.taskToken);
    await tasks.closeToken(store, { ...before, taskToken: second.taskToken });
    expect(await openToken()).toBeNull();
  });
});
