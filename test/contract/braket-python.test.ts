import { afterAll, beforeAll, expect, test } from 'vitest';
import { runPython, startTestCloud, type TestCloud } from '../support/local-cloud.ts';

const BUCKET = 'amazon-braket-python';
let cloud: TestCloud;

beforeAll(async () => {
  cloud = await startTestCloud({ braket: { noise: false } });
  await cloud.s3.call('CreateBucket', { Bucket: BUCKET });
});

afterAll(() => cloud.remove());

interface Found {
  devices: Record<
    string,
    {
      name: string;
      status: string;
      qubits: number;
      schema: string;
      actions: string[];
      edges: number | null;
      queue: Record<string, string>;
    }
  >;
  bell: Record<string, unknown> & { counts: Record<string, number> };
  exact: { values: unknown[]; wanted: unknown[] };
  gradient: {
    value: { expectation: number; gradient: { theta: number } };
    wanted: { expectation: number; gradient: { theta: number } };
  };
  noisy: number;
  sampled: { samples: number[]; count: number };
  programSet: Record<string, unknown>;
  lookedUp: string;
  refused: string;
  retired: number;
}

test('satisfies the Braket SDK for Python: devices, results, gradients, program sets, refusals', async () => {
  const found = (await runPython(cloud, 'braket_sdk.py', { QEFM_BUCKET: BUCKET })) as Found;

  const devices = Object.values(found.devices);
  expect(devices.map(({ name, status, qubits, schema }) => [name, status, qubits, schema])).toEqual([
    ['SV1', 'ONLINE', 34, 'GateModelSimulatorDeviceCapabilities'],
    ['DM1', 'ONLINE', 17, 'GateModelSimulatorDeviceCapabilities'],
    ['Garnet', 'ONLINE', 20, 'IqmDeviceCapabilities'],
    ['Emerald', 'ONLINE', 54, 'IqmDeviceCapabilities'],
    ['Forte 1', 'ONLINE', 36, 'IonqDeviceCapabilities'],
    ['Forte Enterprise 1', 'ONLINE', 36, 'IonqDeviceCapabilities'],
    ['Cepheus-1-108Q', 'ONLINE', 108, 'RigettiDeviceCapabilities'],
    ['IBEX Q1', 'ONLINE', 12, 'AqtDeviceCapabilities'],
    ['Aria 1', 'RETIRED', 25, 'IonqDeviceCapabilities'],
  ]);
  const actions = (name: string) => devices.find((device) => device.name === name)!.actions;
  expect(actions('SV1')).toEqual(['braket.ir.openqasm.program']);
  expect(actions('Garnet')).toEqual(['braket.ir.openqasm.program', 'braket.ir.openqasm.program_set']);
  expect(devices[0]!.queue).toEqual({ Normal: '0', Priority: '0' });

  expect(found.bell).toMatchObject({
    class: 'GateModelQuantumTaskResult',
    state: 'COMPLETED',
    qubits: [0, 1],
    shots: 200,
    metadata: { status: 'COMPLETED', numSuccessfulShots: 200 },
    position: null,
  });
  expect(Object.keys(found.bell.counts).sort()).toEqual(['00', '11']);
  expect(Object.values(found.bell.counts).reduce((a, b) => a + b)).toBe(200);

  const flat = (values: unknown[]) => values.flat() as number[];
  flat(found.exact.values).forEach((value, index) => {
    expect(value).toBeCloseTo(flat(found.exact.wanted)[index]!, 10);
  });
  expect(found.gradient.value.expectation).toBeCloseTo(found.gradient.wanted.expectation, 10);
  expect(found.gradient.value.gradient.theta).toBeCloseTo(found.gradient.wanted.gradient.theta, 10);
  expect(found.noisy).toBeCloseTo(-0.5, 10);
  expect(found.sampled).toEqual({ samples: [1], count: 50 });

  expect(found.programSet).toMatchObject({
    class: 'ProgramSetQuantumTaskResult',
    state: 'COMPLETED',
    programs: 2,
    executables: [2, 1],
    ones: [0, 100],
    shots: [100, 100, 100],
    successful: 300,
  });
  expect(found.lookedUp).toBe('COMPLETED');
  expect(found.refused).toContain('100000 shots');
  expect(found.retired).toBe(410);
});
