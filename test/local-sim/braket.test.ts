import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BraketDevice, DEFAULT_DEVICES } from '../../local-sim/braket/devices.ts';
import { quantumEngine } from '../../local-sim/braket/quantum-engine.ts';
import { workerEngine } from '../../local-sim/braket/worker-engine.ts';
import { type BraketOptions, createBraket } from '../../local-sim/braket.ts';
import { realClock, virtualClock } from '../../local-sim/clock.ts';
import type { Service } from '../../local-sim/service.ts';
import { eventually, type LoneCloud, type LoneCloudOptions, loneCloud } from '../support/lone-service.ts';

const SV1 = 'arn:aws:braket:::device/quantum-simulator/amazon/sv1';
const DM1 = 'arn:aws:braket:::device/quantum-simulator/amazon/dm1';
const GARNET = 'arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet';
const FORTE = 'arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1';
const RETIRED = 'arn:aws:braket:us-east-1::device/qpu/ionq/Aria-1';

const BELL = 'OPENQASM 3.0;\nbit[2] b;\nqubit[2] q;\nh q[0];\ncnot q[0], q[1];\nb[0] = measure q[0];\nb[1] = measure q[1];\n';
const header = (name: string) => ({ braketSchemaHeader: { name, version: '1' } });
const program = (source: string, inputs?: Record<string, unknown>) =>
  JSON.stringify({ ...header('braket.ir.openqasm.program'), source, ...(inputs ? { inputs } : {}) });
const programSet = (...programs: { source: string; inputs?: Record<string, number[]> }[]) =>
  JSON.stringify({
    ...header('braket.ir.openqasm.program_set'),
    programs: programs.map((one) => ({ ...header('braket.ir.openqasm.program'), ...one })),
  });
const ROTATION = 'OPENQASM 3.0;\ninput float theta;\nbit[1] b;\nqubit[1] q;\nrx(theta) q[0];\nb[0] = measure q[0];\n';

interface TaskView {
  status: string;
  failureReason?: string;
  outputS3Directory: string;
  createdAt: string;
  endedAt?: string;
  numSuccessfulShots?: number;
  actionMetadata: Record<string, unknown>;
  queueInfo?: { position: string };
  tags: Record<string, string>;
}

let cloud: LoneCloud;
const running: Service[] = [];
const lone = (options: LoneCloudOptions = {}) => {
  cloud?.remove();
  cloud = loneCloud(options);
  return cloud;
};

beforeEach(() => {
  lone({ clock: virtualClock() });
});

afterEach(async () => {
  for (const braket of running.splice(0)) await braket.stop?.();
  cloud.remove();
});

async function startBraket(options: BraketOptions = {}, context = cloud.context): Promise<Service> {
  const braket = createBraket(context, { seed: 7, engine: quantumEngine(), postEvent: cloud.postEvent, ...options });
  await braket.start?.();
  running.push(braket);
  return braket;
}

async function stopAll(): Promise<void> {
  for (const braket of running.splice(0)) await braket.stop?.();
}

let tokens = 0;
async function create(braket: Service, args: Record<string, unknown> = {}): Promise<string> {
  const { quantumTaskArn } = await braket.call('CreateQuantumTask', {
    deviceArn: SV1,
    shots: 100,
    outputS3Bucket: 'amazon-braket-test',
    outputS3KeyPrefix: 'tasks',
    action: program(BELL),
    clientToken: `token-${++tokens}`,
    ...args,
  });
  return quantumTaskArn as string;
}

const look = async (braket: Service, quantumTaskArn: string, queue = false) =>
  (await braket.call('GetQuantumTask', {
    quantumTaskArn,
    ...(queue ? { additionalAttributeNames: ['QueueInfo'] } : {}),
  })) as unknown as TaskView;

async function over(braket: Service, arn: string): Promise<TaskView> {
  return eventually(async () => {
    const task = await look(braket, arn);
    return ['COMPLETED', 'FAILED', 'CANCELLED'].includes(task.status) && task;
  });
}

const result = (task: TaskView, path = 'results.json') =>
  JSON.parse(cloud.objects.get(`amazon-braket-test/${task.outputS3Directory}/${path}`)!);
const statuses = (arn: string) =>
  cloud.events.filter((event) => event.resources[0] === arn).map((event) => event.detail['status']);

function counts(measurements: number[][]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const row of measurements) found[row.join('')] = (found[row.join('')] ?? 0) + 1;
  return found;
}

describe('a task', () => {
  test('runs on SV1 and leaves a result in the schema before it is COMPLETED', async () => {
    const braket = await startBraket();
    const arn = await create(braket, { tags: { run: 'r1' } });
    expect(arn).toMatch(/^arn:aws:braket:us-east-1:000000000000:quantum-task\/[0-9a-f-]{36}$/);
    const task = await over(braket, arn);
    expect(task).toMatchObject({
      status: 'COMPLETED',
      numSuccessfulShots: 100,
      tags: { run: 'r1' },
      actionMetadata: { actionType: 'braket.ir.openqasm.program' },
    });
    expect(task.outputS3Directory).toBe(`tasks/${arn.split('/')[1]}`);
    const found = result(task);
    expect(found.braketSchemaHeader).toEqual({ name: 'braket.task_result.gate_model_task_result', version: '1' });
    expect(found.taskMetadata).toMatchObject({ id: arn, shots: 100, deviceId: SV1 });
    expect(found.measuredQubits).toEqual([0, 1]);
    const seen = counts(found.measurements);
    expect(Object.keys(seen).sort()).toEqual(['00', '11']);
    expect(seen['00']! + seen['11']!).toBe(100);
  });

  test('gives exact values at zero shots', async () => {
    const braket = await startBraket();
    const source = 'OPENQASM 3.0;\nqubit[2] q;\nrx(0.3) q[0];\ncnot q[0], q[1];\n#pragma braket result expectation z(q[1])\n';
    const task = await over(braket, await create(braket, { shots: 0, action: program(source) }));
    expect(task.status).toBe('COMPLETED');
    const found = result(task);
    expect(found.resultTypes[0].value).toBeCloseTo(Math.cos(0.3), 12);
    expect('measurements' in found).toBe(false);
  });

  test('runs noise pragmas on DM1 and refuses them on SV1', async () => {
    const braket = await startBraket();
    const source =
      'OPENQASM 3.0;\nqubit[1] q;\nx q[0];\n#pragma braket noise bit_flip(0.25) q[0]\n#pragma braket result expectation z(q[0])\n';
    const task = await over(braket, await create(braket, { shots: 0, deviceArn: DM1, action: program(source) }));
    expect(result(task).resultTypes[0].value).toBeCloseTo(-0.5, 12);
    await expect(create(braket, { shots: 0, action: program(source) })).rejects.toMatchObject({ code: 'ValidationException' });
  });

  test('passes through its statuses in order, each with one event in the documented shape', async () => {
    const braket = await startBraket({ queueDelayMs: 5_000, runDelayMs: 2_000 });
    const arn = await create(braket);
    const task = await over(braket, arn);
    await eventually(() => statuses(arn).length === 4);
    expect(statuses(arn)).toEqual(['CREATED', 'QUEUED', 'RUNNING', 'COMPLETED']);
    expect(cloud.events[0]).toMatchObject({
      source: 'aws.braket',
      detailType: 'Braket Task State Change',
      region: 'us-east-1',
      resources: [arn],
      detail: {
        quantumTaskArn: arn,
        status: 'CREATED',
        deviceArn: SV1,
        shots: '100',
        outputS3Bucket: 'amazon-braket-test',
        outputS3Directory: task.outputS3Directory,
        eventName: 'INSERT',
      },
    });
    expect(cloud.events.slice(1).every((event) => event.detail['eventName'] === 'MODIFY')).toBe(true);
    expect(cloud.events[3]!.detail['endedAt']).toBe(task.endedAt);
    expect(Date.parse(task.endedAt!) - Date.parse(task.createdAt)).toBeGreaterThanOrEqual(7_000);
  });

  test('writes its results before the event that says so', async () => {
    const seen: boolean[] = [];
    const braket = await startBraket({
      async postEvent(event) {
        if (event.detail['status'] === 'COMPLETED')
          seen.push(cloud.objects.has(`amazon-braket-test/${event.detail['outputS3Directory']}/results.json`));
        await cloud.postEvent(event);
      },
    });
    const arn = await create(braket);
    await eventually(() => statuses(arn).includes('COMPLETED'));
    expect(seen).toEqual([true]);
  });

  test('gives the same shots for the same seed and token, others for another token', async () => {
    const action = program('OPENQASM 3.0;\nbit[4] b;\nqubit[4] q;\nh q;\nb = measure q;\n');
    const first = await startBraket();
    const one = result(await over(first, await create(first, { action, clientToken: 'same' })));
    const other = result(await over(first, await create(first, { action, clientToken: 'other' })));
    lone({ clock: virtualClock() });
    const second = await startBraket();
    const again = result(await over(second, await create(second, { action, clientToken: 'same' })));
    expect(again.measurements).toEqual(one.measurements);
    expect(other.measurements).not.toEqual(one.measurements);
  });

  test('fails with the reason when the program cannot be run', async () => {
    const braket = await startBraket({ faults: { failTasks: 1, failureReason: 'laser unlocked' } });
    const arn = await create(braket);
    const task = await over(braket, arn);
    expect(task).toMatchObject({ status: 'FAILED', failureReason: 'laser unlocked', numSuccessfulShots: 0 });
    expect(cloud.objects.size).toBe(0);
    await eventually(() => statuses(arn).includes('FAILED'));
  });

  test('is completed although the object store refuses at first, and fails when it refuses for good', async () => {
    let refusals = 2;
    lone({
      clock: virtualClock(),
      onPut() {
        if (refusals-- > 0) throw new Error('503 slow down');
      },
    });
    const braket = await startBraket();
    expect((await over(braket, await create(braket))).status).toBe('COMPLETED');
    refusals = 1_000;
    expect(await over(braket, await create(braket))).toMatchObject({
      status: 'FAILED',
      failureReason: expect.stringContaining('503 slow down'),
    });
  });

  test('keeps its action on disk only while it is open', async () => {
    const braket = await startBraket();
    await over(braket, await create(braket));
    expect(readdirSync(join(cloud.context.stateDir, 'braket', 'actions'))).toEqual([]);
  });

  test('shares the machine: no more run at once than allowed, and all end', async () => {
    const braket = await startBraket({ concurrency: 2, runDelayMs: 1_000 });
    const arns = await Promise.all(Array.from({ length: 6 }, () => create(braket)));
    await Promise.all(arns.map((arn) => over(braket, arn)));
    await eventually(() => cloud.events.length === 24);
    let now = 0;
    let most = 0;
    for (const event of cloud.events) {
      if (event.detail['status'] === 'RUNNING') now++;
      if (event.detail['status'] === 'COMPLETED') now--;
      most = Math.max(most, now);
    }
    expect(most).toBe(2);
  });
});

describe('an emulated QPU', () => {
  test('answers with noisy shots, and with ideal ones when noise is off', async () => {
    const action = program('OPENQASM 3.0;\nbit[3] b;\nqubit[3] q;\nx q[0];\nx q[1];\nx q[2];\nb = measure q;\n');
    const noisy = await startBraket();
    const task = await over(noisy, await create(noisy, { deviceArn: GARNET, shots: 5_000, action }));
    const wrong = 5_000 - counts(result(task).measurements)['111']!;
    // Three qubits, each misread with 2 % and depolarised with 0.1 %: about 6 % of 5,000, with a deviation of 17.
    expect(wrong).toBeGreaterThan(200);
    expect(wrong).toBeLessThan(420);
    await stopAll();
    lone({ clock: virtualClock() });
    const ideal = await startBraket({ noise: false });
    const clean = await over(ideal, await create(ideal, { deviceArn: GARNET, shots: 500, action }));
    expect(counts(result(clean).measurements)).toEqual({ '111': 500 });
  });

  test('runs a program set into nested files', async () => {
    const braket = await startBraket({ noise: false });
    const action = programSet({ source: ROTATION, inputs: { theta: [0, Math.PI] } }, { source: BELL });
    const task = await over(braket, await create(braket, { deviceArn: GARNET, shots: 300, action }));
    expect(task).toMatchObject({
      status: 'COMPLETED',
      numSuccessfulShots: 300,
      actionMetadata: { actionType: 'braket.ir.openqasm.program_set', programCount: 2, executableCount: 3 },
    });
    const top = result(task);
    expect(top.braketSchemaHeader.name).toBe('braket.task_result.program_set_task_result');
    expect(top.s3Location).toEqual(['amazon-braket-test', task.outputS3Directory]);
    const first = result(task, top.programResults[0]);
    expect(first.executableResults).toHaveLength(2);
    const folder = top.programResults[0].replace(/results\.json$/, '');
    const executable = result(task, `${folder}${first.executableResults[1]}`);
    expect(executable).toMatchObject({ inputsIndex: 1, measuredQubits: [0] });
    expect(counts(executable.measurements)).toEqual({ '1': 100 });
    expect(result(task, 'metadata.json')).toMatchObject({ requestedShots: 300, successfulShots: 300 });
  });

  test('completes a program set of which some executables failed', async () => {
    const braket = await startBraket({ faults: { failExecutables: 0.4, failureReason: 'atom lost' } });
    const theta = Array.from({ length: 20 }, (_, index) => index / 10);
    const task = await over(
      braket,
      await create(braket, { deviceArn: GARNET, shots: 200, action: programSet({ source: ROTATION, inputs: { theta } }) }),
    );
    expect(task.status).toBe('COMPLETED');
    const documents = theta.map((_, index) => result(task, `programs/0/executables/${index}.json`));
    const failed = documents.filter(
      (document) => document.braketSchemaHeader.name === 'braket.task_result.program_set_executable_failure',
    );
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThan(20);
    expect(failed[0].failureMetadata).toMatchObject({ failureReason: 'atom lost', category: 'DEVICE' });
    expect(task.numSuccessfulShots).toBe(200 - 10 * failed.length);
    expect(result(task, 'metadata.json').totalFailedExecutables).toBe(failed.length);
  });

  test('refuses a noisy program that is too wide to emulate, and says what to do', async () => {
    const action = program('OPENQASM 3.0;\nbit[14] b;\nqubit[14] q;\nh q;\nb = measure q;\n');
    const noisy = await startBraket();
    await expect(create(noisy, { deviceArn: GARNET, action })).rejects.toMatchObject({
      message: expect.stringMatching(/12 qubits.*uses 14.*noise/),
    });
    await stopAll();
    const ideal = await startBraket({ noise: false }, cloud.restarted());
    expect((await over(ideal, await create(ideal, { deviceArn: GARNET, action }))).status).toBe('COMPLETED');
  });

  test('refuses what the real one refuses', async () => {
    const braket = await startBraket();
    const refused = (args: Record<string, unknown>, code: string, status: number) =>
      expect(create(braket, args)).rejects.toMatchObject({ code, status });
    await refused({ deviceArn: GARNET, shots: 0 }, 'ValidationException', 400);
    await refused({ deviceArn: FORTE, shots: 99 }, 'ValidationException', 400);
    await refused({ deviceArn: GARNET, shots: 20_001 }, 'ValidationException', 400);
    await refused({ deviceArn: RETIRED }, 'DeviceRetiredException', 410);
    await refused({ deviceArn: `${GARNET}-2` }, 'ValidationException', 400);
    await refused({ deviceArn: SV1, action: programSet({ source: BELL }) }, 'ValidationException', 400);
    await refused(
      { deviceArn: GARNET, shots: 100, action: programSet({ source: ROTATION, inputs: { theta: [1, 2, 3] } }) },
      'ValidationException',
      400,
    );
    await refused(
      {
        deviceArn: GARNET,
        shots: 101,
        action: programSet({ source: ROTATION, inputs: { theta: Array.from({ length: 101 }, () => 0.1) } }),
      },
      'ValidationException',
      400,
    );
    expect(cloud.events).toEqual([]);
  });

  test('names the program and the executable that a set is refused for', async () => {
    const braket = await startBraket();
    const action = programSet({ source: BELL }, { source: 'OPENQASM 3.0;\nqubit[1] q;\nwhat q[0];\n' });
    await expect(create(braket, { deviceArn: GARNET, action })).rejects.toMatchObject({
      code: 'ValidationException',
      details: {
        reason: 'ProgramSetValidationFailed',
        programSetValidationFailures: [{ programIndex: 1, errors: [expect.stringContaining('what')] }],
      },
    });
  });

  test('answers 424 while it is offline', async () => {
    const devices = DEFAULT_DEVICES.map(
      (device): BraketDevice => (device.arn === GARNET ? { ...device, status: 'OFFLINE' } : device),
    );
    const braket = await startBraket({ devices });
    await expect(create(braket, { deviceArn: GARNET })).rejects.toMatchObject({ code: 'DeviceOfflineException', status: 424 });
    expect(await braket.call('GetDevice', { deviceArn: GARNET })).toMatchObject({ deviceStatus: 'OFFLINE' });
  });
});

describe('a client token', () => {
  test('makes one task however often it is sent, even at the same time', async () => {
    const braket = await startBraket();
    const clientToken = 'once';
    const arns = await Promise.all([
      create(braket, { clientToken }),
      create(braket, { clientToken }),
      create(braket, { clientToken }),
    ]);
    expect(new Set(arns).size).toBe(1);
    await over(braket, arns[0]!);
    expect(await create(braket, { clientToken })).toBe(arns[0]);
    await stopAll();
    const after = await startBraket({}, cloud.restarted());
    expect(await create(after, { clientToken })).toBe(arns[0]);
  });

  test('is refused with another request', async () => {
    const braket = await startBraket();
    await create(braket, { clientToken: 'mine' });
    await expect(create(braket, { clientToken: 'mine', shots: 101 })).rejects.toMatchObject({
      code: 'ValidationException',
      message: expect.stringContaining('clientToken'),
    });
  });
});

describe('cancellation', () => {
  test('ends a queued task without running it', async () => {
    lone({ clock: realClock() });
    const braket = await startBraket({ queueDelayMs: 3_600_000 });
    const arn = await create(braket);
    await eventually(async () => (await look(braket, arn)).status === 'QUEUED');
    expect(await braket.call('CancelQuantumTask', { quantumTaskArn: arn })).toEqual({
      quantumTaskArn: arn,
      cancellationStatus: 'CANCELLING',
    });
    expect((await over(braket, arn)).status).toBe('CANCELLED');
    expect(await braket.call('CancelQuantumTask', { quantumTaskArn: arn })).toMatchObject({ cancellationStatus: 'CANCELLED' });
  });

  test('ends a running task without a result', async () => {
    lone({ clock: realClock() });
    const braket = await startBraket({ runDelayMs: 600_000 });
    const arn = await create(braket);
    await eventually(async () => (await look(braket, arn)).status === 'RUNNING');
    await braket.call('CancelQuantumTask', { quantumTaskArn: arn });
    const task = await over(braket, arn);
    expect(task.status).toBe('CANCELLED');
    expect(cloud.objects.size).toBe(0);
    await eventually(() => statuses(arn).length === 5);
    expect(statuses(arn)).toEqual(['CREATED', 'QUEUED', 'RUNNING', 'CANCELLING', 'CANCELLED']);
  });

  test('lets the next task have the freed place', async () => {
    lone({ clock: realClock() });
    const braket = await startBraket({
      concurrency: 1,
      devices: DEFAULT_DEVICES.map((device) => (device.arn === SV1 ? { ...device, runDelayMs: 600_000 } : device)),
    });
    const stuck = await create(braket);
    await eventually(async () => (await look(braket, stuck)).status === 'RUNNING');
    const waiting = await create(braket, { deviceArn: DM1 });
    const cancelledWaiting = await create(braket, { deviceArn: DM1 });
    await eventually(async () => (await look(braket, cancelledWaiting)).status === 'QUEUED');
    await braket.call('CancelQuantumTask', { quantumTaskArn: cancelledWaiting });
    await over(braket, cancelledWaiting);
    expect((await look(braket, waiting)).status).toBe('QUEUED');
    await braket.call('CancelQuantumTask', { quantumTaskArn: stuck });
    expect((await over(braket, waiting)).status).toBe('COMPLETED');
  });

  test('is a conflict once the task is over, and 404 for a task that never was', async () => {
    const braket = await startBraket();
    const arn = await create(braket);
    await over(braket, arn);
    await expect(braket.call('CancelQuantumTask', { quantumTaskArn: arn })).rejects.toMatchObject({
      code: 'ConflictException',
      status: 409,
    });
    await expect(braket.call('CancelQuantumTask', { quantumTaskArn: `${arn}0` })).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      status: 404,
    });
  });
});

describe('events', () => {
  test('are doubled with the same id, lost, or late, as the faults say', async () => {
    const braket = await startBraket({
      faults: { duplicateEvents: ['COMPLETED'], dropEvents: ['QUEUED'], lateEvents: ['RUNNING'], lateMs: 60_000 },
    });
    const arn = await create(braket);
    await eventually(() => statuses(arn).includes('RUNNING'));
    expect(statuses(arn)).toEqual(['CREATED', 'COMPLETED', 'COMPLETED', 'RUNNING']);
    const doubled = cloud.events.filter((event) => event.detail['status'] === 'COMPLETED');
    expect(doubled[0]!.id).toBe(doubled[1]!.id);
  });

  test('are lost for a share of the tasks, the same share after a restart', async () => {
    const braket = await startBraket({ faults: { dropEvents: 0.5 } });
    const arns = await Promise.all(Array.from({ length: 20 }, (_, index) => create(braket, { clientToken: `share-${index}` })));
    await Promise.all(arns.map((arn) => over(braket, arn)));
    await stopAll();
    const first = cloud.events.map((event) => event.id).sort();
    expect(first.length).toBeGreaterThan(20);
    expect(first.length).toBeLessThan(60);
    lone({ clock: virtualClock() });
    const again = await startBraket({ faults: { dropEvents: 0.5 } });
    await Promise.all(
      (await Promise.all(Array.from({ length: 20 }, (_, index) => create(again, { clientToken: `share-${index}` })))).map((arn) =>
        over(again, arn),
      ),
    );
    await stopAll();
    expect(cloud.events.map((event) => event.id).sort()).toEqual(first);
  });

  test('are sent again when the bus refuses them', async () => {
    let refusals = 3;
    const braket = await startBraket({
      async postEvent(event) {
        if (refusals-- > 0) throw new Error('bus is down');
        await cloud.postEvent(event);
      },
    });
    const arn = await create(braket);
    await eventually(() => statuses(arn).length === 4);
    expect(statuses(arn).sort()).toEqual(['COMPLETED', 'CREATED', 'QUEUED', 'RUNNING']);
  });

  test('that no bus took are sent after a restart, and those it took are not', async () => {
    const braket = await startBraket({
      async postEvent(event) {
        if (event.detail['status'] === 'COMPLETED') throw new Error('bus is down');
        await cloud.postEvent(event);
      },
    });
    const arn = await create(braket);
    await over(braket, arn);
    await stopAll();
    expect(statuses(arn)).toEqual(['CREATED', 'QUEUED', 'RUNNING']);
    await startBraket({}, cloud.restarted());
    await eventually(() => statuses(arn).length === 4);
    expect(statuses(arn)).toEqual(['CREATED', 'QUEUED', 'RUNNING', 'COMPLETED']);
  });
});

describe('a restart', () => {
  test('runs a task again that had not ended, with the same shots', async () => {
    const action = program('OPENQASM 3.0;\nbit[6] b;\nqubit[6] q;\nh q;\nb = measure q;\n');
    const undisturbed = await startBraket();
    const wanted = result(await over(undisturbed, await create(undisturbed, { action, clientToken: 'seeded' }))).measurements;
    await stopAll();

    for (const [name, delays] of Object.entries({ queued: { queueDelayMs: 600_000 }, running: { runDelayMs: 600_000 } })) {
      lone({ clock: realClock() });
      const before = await startBraket(delays);
      const arn = await create(before, { action, clientToken: 'seeded' });
      await eventually(async () => (await look(before, arn)).status === name.toUpperCase());
      await stopAll();
      const after = await startBraket({}, cloud.restarted());
      const task = await over(after, arn);
      expect(task.status).toBe('COMPLETED');
      expect(result(task).measurements).toEqual(wanted);
      await eventually(() => statuses(arn).length === 4);
      expect(statuses(arn)).toEqual(['CREATED', 'QUEUED', 'RUNNING', 'COMPLETED']);
      await stopAll();
    }
  });

  test('brings a cancellation to its end', async () => {
    lone({ clock: realClock() });
    const before = await startBraket({ runDelayMs: 600_000 });
    const arn = await create(before);
    await eventually(async () => (await look(before, arn)).status === 'RUNNING');
    const cancelling = before.call('CancelQuantumTask', { quantumTaskArn: arn });
    const stopping = stopAll();
    await cancelling;
    await stopping;
    const after = await startBraket({}, cloud.restarted());
    expect((await over(after, arn)).status).toBe('CANCELLED');
  });

  test('keeps tags, spending limits and finished tasks', async () => {
    const before = await startBraket();
    const arn = await create(before, { tags: { a: '1' } });
    await over(before, arn);
    await before.call('TagResource', { resourceArn: arn, tags: { b: '2' } });
    await before.call('UntagResource', { resourceArn: arn, tagKeys: ['a'] });
    const { spendingLimitArn } = await before.call('CreateSpendingLimit', {
      deviceArn: GARNET,
      spendingLimit: '5',
      clientToken: 'l',
    });
    await stopAll();
    const after = await startBraket({}, cloud.restarted());
    expect(await after.call('ListTagsForResource', { resourceArn: arn })).toEqual({ tags: { b: '2' } });
    expect((await look(after, arn)).status).toBe('COMPLETED');
    expect(await after.call('SearchSpendingLimits', {})).toMatchObject({
      spendingLimits: [{ spendingLimitArn, spendingLimit: '5.00' }],
    });
  });
});

describe('spending limits', () => {
  test('refuse a QPU task that would pass them, count open tasks, and give unused money back', async () => {
    lone({ clock: realClock() });
    const braket = await startBraket({ queueDelayMs: 600_000 });
    // One task of 100 shots on Garnet: 0.30 + 100 x 0.00145 = 0.445 USD.
    const { spendingLimitArn } = await braket.call('CreateSpendingLimit', {
      deviceArn: GARNET,
      spendingLimit: '1.00',
      clientToken: 'limit',
    });
    const first = await create(braket, { deviceArn: GARNET });
    await create(braket, { deviceArn: GARNET });
    await expect(create(braket, { deviceArn: GARNET })).rejects.toMatchObject({
      code: 'ValidationException',
      message: expect.stringContaining('0.445'),
    });
    await create(braket);
    expect(await braket.call('SearchSpendingLimits', {})).toMatchObject({
      spendingLimits: [{ queuedSpend: '0.89', totalSpend: '0.00' }],
    });
    await braket.call('CancelQuantumTask', { quantumTaskArn: first });
    await over(braket, first);
    await create(braket, { deviceArn: GARNET });
    await expect(
      braket.call('UpdateSpendingLimit', { spendingLimitArn, spendingLimit: '0.50', clientToken: 'lower' }),
    ).rejects.toMatchObject({
      code: 'ValidationException',
    });
    await braket.call('UpdateSpendingLimit', { spendingLimitArn, spendingLimit: '2', clientToken: 'higher' });
    await create(braket, { deviceArn: GARNET });
    await braket.call('DeleteSpendingLimit', { spendingLimitArn });
    await create(braket, { deviceArn: GARNET, shots: 20_000 });
  });

  test('are for QPUs in service only', async () => {
    const braket = await startBraket();
    await expect(
      braket.call('CreateSpendingLimit', { deviceArn: SV1, spendingLimit: '5', clientToken: 'a' }),
    ).rejects.toMatchObject({ code: 'ValidationException' });
    await expect(
      braket.call('CreateSpendingLimit', { deviceArn: RETIRED, spendingLimit: '5', clientToken: 'b' }),
    ).rejects.toMatchObject({ code: 'DeviceRetiredException' });
    await expect(
      braket.call('CreateSpendingLimit', { deviceArn: GARNET, spendingLimit: 'five', clientToken: 'c' }),
    ).rejects.toMatchObject({ code: 'ValidationException' });
  });
});

describe('requests', () => {
  test("are refused with the service's own codes", async () => {
    const braket = await startBraket();
    const refused = (args: Record<string, unknown>, message: string) =>
      expect(create(braket, args)).rejects.toMatchObject({
        code: 'ValidationException',
        message: expect.stringContaining(message),
      });
    await refused({ outputS3Bucket: 'amazon-braket-elsewhere' }, "doesn't exist");
    await refused({ action: 'not json' }, 'JSON');
    await refused({ action: JSON.stringify(header('braket.ir.jaqcd.program')) }, 'braket.ir');
    await refused({ action: program('OPENQASM 3.0;\nqubit[1] q;\nthis is not a gate;\n') }, 'line 3');
    await refused({ shots: 0 }, 'Result types');
    await refused({ shots: -1 }, 'shots');
    await refused({ clientToken: 'x'.repeat(65) }, 'clientToken');
    await refused({ outputS3KeyPrefix: '' }, 'outputS3KeyPrefix');
    await refused({ deviceParameters: '[]' }, 'deviceParameters');
    await expect(braket.call('GetDevice', { deviceArn: 'arn:aws:braket:::device/none' })).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      status: 404,
    });
    await expect(braket.call('CreateJob', {})).rejects.toMatchObject({
      code: 'ValidationException',
      message: "'clientToken' is required",
    });
  });

  test('meet throttling, a used-up quota, and the limit of open tasks', async () => {
    lone({ clock: realClock() });
    const faults = { throttleRequests: 1, exceedQuota: 0 };
    const devices = DEFAULT_DEVICES.map((device) => ({ ...device, concurrentTasks: 2 }));
    const braket = await startBraket({ faults, devices, queueDelayMs: 600_000 });
    await expect(create(braket)).rejects.toMatchObject({ code: 'ThrottlingException', status: 429 });
    faults.throttleRequests = 0;
    faults.exceedQuota = 1;
    await expect(create(braket)).rejects.toMatchObject({ code: 'ServiceQuotaExceededException', status: 402 });
    faults.exceedQuota = 0;
    await create(braket);
    await create(braket);
    await expect(create(braket)).rejects.toMatchObject({ code: 'ServiceQuotaExceededException', status: 402 });
  });

  test('find tasks by filter, in pages, newest first', async () => {
    const braket = await startBraket();
    const arns: string[] = [];
    for (let index = 0; index < 5; index++) {
      arns.unshift(await create(braket, index === 4 ? { deviceArn: DM1 } : {}));
      await over(braket, arns[0]!);
    }
    const search = async (args: Record<string, unknown>) =>
      (await braket.call('SearchQuantumTasks', args)) as unknown as {
        quantumTasks: { quantumTaskArn: string; createdAt: string }[];
        nextToken?: string;
      };
    const onSv1 = { name: 'deviceArn', operator: 'EQUAL', values: [SV1] };
    const first = await search({ filters: [onSv1], maxResults: 3 });
    const second = await search({ filters: [onSv1], maxResults: 3, nextToken: first.nextToken });
    expect([...first.quantumTasks, ...second.quantumTasks].map((task) => task.quantumTaskArn).sort()).toEqual(
      arns.slice(1).sort(),
    );
    expect(second.nextToken).toBeUndefined();
    const times = first.quantumTasks.map((task) => Date.parse(task.createdAt));
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect((await search({ filters: [{ name: 'status', operator: 'EQUAL', values: ['FAILED'] }] })).quantumTasks).toEqual([]);
    const since = { name: 'createdAt', operator: 'GTE', values: [new Date(0).toISOString()] };
    expect(
      (await search({ filters: [since, { name: 'quantumTaskArn', operator: 'EQUAL', values: [arns[2]] }] })).quantumTasks,
    ).toHaveLength(1);
    await expect(search({ filters: [{ name: 'status', operator: 'LT', values: ['FAILED'] }] })).rejects.toMatchObject({
      code: 'ValidationException',
    });
  });

  test('show the place in the queue', async () => {
    lone({ clock: realClock() });
    const braket = await startBraket({ queueDelayMs: 600_000 });
    const arns = [await create(braket, { deviceArn: GARNET }), await create(braket, { deviceArn: GARNET })];
    expect((await look(braket, arns[1]!, true)).queueInfo).toMatchObject({
      position: '2',
      queue: 'QUANTUM_TASKS_QUEUE',
      queuePriority: 'Normal',
    });
    const { deviceQueueInfo } = await braket.call('GetDevice', { deviceArn: GARNET });
    expect(deviceQueueInfo).toContainEqual({ queue: 'QUANTUM_TASKS_QUEUE', queueSize: '2', queuePriority: 'Normal' });
    await braket.call('CancelQuantumTask', { quantumTaskArn: arns[0] });
    await over(braket, arns[0]!);
    expect((await look(braket, arns[0]!, true)).queueInfo).toMatchObject({ position: 'None' });
  });
});

describe('devices', () => {
  test('are listed by region, retired ones included', async () => {
    const braket = await startBraket();
    const { devices } = (await braket.call('SearchDevices', { filters: [] })) as {
      devices: { deviceArn: string; deviceStatus: string }[];
    };
    const arns = devices.map((device) => device.deviceArn);
    expect(arns).toContain(SV1);
    expect(arns).toContain(FORTE);
    expect(arns).not.toContain(GARNET);
    expect(devices.find((device) => device.deviceArn === RETIRED)?.deviceStatus).toBe('RETIRED');
  });

  test.each(DEFAULT_DEVICES.map((device) => [device.name, device] as const))('describe themselves: %s', async (_, device) => {
    const braket = await startBraket();
    const answer = await braket.call('GetDevice', { deviceArn: device.arn });
    expect(answer).toMatchObject({
      deviceName: device.name,
      providerName: device.provider,
      deviceType: device.type,
      deviceStatus: device.status,
    });
    const capabilities = JSON.parse(answer['deviceCapabilities'] as string);
    expect(capabilities.service.shotsRange).toEqual(device.shotsRange);
    expect(capabilities.paradigm.qubitCount).toBe(device.qubitCount);
    expect(capabilities.action['braket.ir.openqasm.program'].supportedOperations).toEqual(
      expect.arrayContaining(['h', 'cnot', 'rx']),
    );
    expect('braket.ir.openqasm.program_set' in capabilities.action).toBe(device.type === 'QPU');
    const graph = capabilities.paradigm.connectivity?.connectivityGraph ?? {};
    for (const [qubit, neighbours] of Object.entries<string[]>(graph)) {
      for (const neighbour of neighbours) expect(graph[neighbour]).toContain(qubit);
    }
    if (device.connectivity) expect(Object.keys(graph)).toHaveLength(device.qubitCount);
  });
});

describe('the threads of the engine', () => {
  test('give the results of the engine itself', async () => {
    const inline = await startBraket();
    const wanted = result(await over(inline, await create(inline, { clientToken: 'threads' })));
    await stopAll();
    lone();
    const threaded = await startBraket({ engine: workerEngine(2) });
    const arns = await Promise.all(['threads', 'b', 'c', 'd'].map((clientToken) => create(threaded, { clientToken })));
    const tasks = await Promise.all(arns.map((arn) => over(threaded, arn)));
    expect(tasks.map((task) => task.status)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED', 'COMPLETED']);
    expect(result(tasks[0]!).measurements).toEqual(wanted.measurements);
  });

  test('leave the cloud answering while a circuit runs, and give it up when it is cancelled', async () => {
    lone();
    const braket = await startBraket({ engine: workerEngine(1) });
    // Twelve noisy qubits and hundreds of gates: minutes of work.
    const layer = Array.from(
      { length: 12 },
      (_, qubit) => `rx(0.1) q[${qubit}];\ncnot q[${qubit}], q[${(qubit + 1) % 12}];\n`,
    ).join('');
    const source = `OPENQASM 3.0;\nbit[12] b;\nqubit[12] q;\n${layer.repeat(40)}b = measure q;\n`;
    const heavy = await create(braket, { deviceArn: GARNET, action: program(source) });
    await eventually(async () => (await look(braket, heavy)).status === 'RUNNING');
    const next = await create(braket);
    await braket.call('CancelQuantumTask', { quantumTaskArn: heavy });
    expect((await over(braket, heavy)).status).toBe('CANCELLED');
    expect((await over(braket, next)).status).toBe('COMPLETED');
  });
});
