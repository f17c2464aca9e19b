import { afterAll, beforeAll, expect, test } from 'vitest';
import { fidelityOf } from '../../local-sim/braket/calibration.ts';
import { DEFAULT_DEVICES } from '../../local-sim/braket/devices.ts';
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
  search: Record<'all' | 'retired' | 'aqt' | 'simulators', string[]>;
  calibration: Record<string, unknown> & { readout: number };
  emulated: number;
  emulators: string[];
  verbatim: { shots: number; qubits: number[] };
  verbatimRefused: string;
  compiled: string;
  tracker: { qpu: number; simulator: number; billed: number; statistics: Record<string, unknown> };
  partial: { state: string; entries: number; failed: number; reasons: string[]; successful: number; totalFailed: number };
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
  const found = (await runPython(
    cloud,
    'braket_sdk.py',
    {
      QEFM_BUCKET: BUCKET,
      BRAKET_PRICE_OFFERS_URL: `${cloud.endpoint}/offers/v1.0/aws/AmazonBraket/current/index.csv`,
    },
    290_000,
  )) as Found;

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

  expect(found.search).toEqual({
    all: ['Cepheus-1-108Q', 'DM1', 'Emerald', 'Forte 1', 'Forte Enterprise 1', 'Garnet', 'IBEX Q1', 'SV1'],
    retired: ['Ankaa-3', 'Aria 1', 'Aria 2', 'TN1'],
    aqt: ['IBEX Q1'],
    simulators: ['DM1', 'SV1'],
  });

  // The SDK reads the calibration, builds its own noisy emulator of each QPU from it, and the run's figures are the same.
  const garnet = DEFAULT_DEVICES.find(({ name }) => name === 'Garnet')!;
  expect(found.calibration).toEqual({
    qubits: 20,
    pairs: 30,
    readout: fidelityOf(garnet.calibration!.readout, '1'),
    gate: 'CZ',
    window: ['Everyday', '00:00:00', '23:59:59'],
    available: true,
  });
  expect(found.emulated).toBe(1_000);
  expect(found.emulators).toEqual(['LocalEmulator', 'LocalEmulator']);
  expect(found.verbatim).toEqual({ shots: 100, qubits: [1, 2] });
  expect(found.verbatimRefused).toContain('a native gate of the device (cz, prx) wanted, h found');
  expect(found.compiled).toMatch(/#pragma braket verbatim\nbox \{\n(prx\(.*\) \$\d+;\n|cz \$\d+, \$\d+;\n)+\}/);

  // 0.30 + 100 x 0.00145; and the least that a simulator bills, three seconds of 0.075 a minute.
  expect(found.tracker.qpu).toBeCloseTo(0.445, 9);
  expect(found.tracker.simulator).toBeCloseTo(0.00375, 9);
  expect(found.tracker.billed).toBe(3);
  expect(Object.values(found.tracker.statistics)).toEqual([
    { shots: 100, tasks: { COMPLETED: 1 } },
    { shots: 10, tasks: { COMPLETED: 1 } },
  ]);

  expect(found.partial).toMatchObject({ state: 'COMPLETED', entries: 20, reasons: ['atom lost'] });
  expect(found.partial.failed).toBeGreaterThan(0);
  expect(found.partial.failed).toBeLessThan(20);
  expect(found.partial.totalFailed).toBe(found.partial.failed);
  expect(found.partial.successful).toBe(10 * (20 - found.partial.failed));

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
  // The SDK takes seconds to import, and many more where other work shares the processors.
}, 300_000);
