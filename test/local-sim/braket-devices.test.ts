import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { fidelityOf, noiseOf, pairsOf, scatteredCalibration } from '../../local-sim/braket/calibration.ts';
import { type BraketDevice, DEFAULT_DEVICES } from '../../local-sim/braket/devices.ts';
import { IQM_54, latticeGraph } from '../../local-sim/braket/lattice.ts';
import { EXECUTION_DAYS, nextOpening } from '../../local-sim/braket/windows.ts';
import type { BraketOptions } from '../../local-sim/braket.ts';
import { noiseRate } from '../../quantum/braket/device-noise.ts';
import { buildCircuit, compileForDevice, densityProbabilities, simulateDensity } from '../../quantum/index.ts';
import { BELL, FORTE, GARNET, type LoneBraket, loneBraket, program, programSet, SV1 } from '../support/lone-braket.ts';
import { eventually } from '../support/lone-service.ts';

let braket: LoneBraket;
const start = async (options: BraketOptions = {}) => {
  braket = await loneBraket(options);
  return braket;
};
afterEach(async () => {
  await braket?.stop();
});
const garnetWith = (changes: Partial<BraketDevice>) =>
  DEFAULT_DEVICES.map((device) => (device.arn === GARNET ? { ...device, ...changes } : device));
const garnet = DEFAULT_DEVICES.find((device) => device.arn === GARNET)!;
/** A Thursday. */
const BEGIN = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;

describe('a calibration', () => {
  test('gives every qubit and pair its own fidelity near the median, the same for the same name', () => {
    const medians = { oneQubit: 0.999, twoQubit: 0.992, readout: 0.98, t1Seconds: 4e-5, t2Seconds: 2e-5 };
    const graph = latticeGraph(IQM_54);
    const one = scatteredCalibration('a', medians, graph);
    expect(scatteredCalibration('a', medians, graph)).toEqual(one);
    expect(scatteredCalibration('b', medians, graph)).not.toEqual(one);
    expect(Object.keys(one.oneQubit)).toHaveLength(54);
    // A lattice of 54 qubits as drawn by its maker has 90 couplers.
    expect(pairsOf(graph)).toHaveLength(90);
    expect(Object.keys(one.twoQubit)).toEqual(pairsOf(graph));
    const errors = pairsOf(graph).map((pair) => 1 - fidelityOf(one.twoQubit, pair));
    expect(new Set(errors).size).toBeGreaterThan(80);
    const middle = [...errors].sort((a, b) => a - b)[45]!;
    expect(middle).toBeGreaterThan(0.006);
    expect(middle).toBeLessThan(0.0105);
  });

  test('becomes depolarising noise of the published average fidelity', () => {
    const noise = noiseOf({ oneQubit: 0.99, twoQubit: { '1-2': 0.97 }, readout: 0.98, t1Seconds: 1, t2Seconds: 1 });
    expect(noiseRate(noise.readout, 5)).toBeCloseTo(0.02, 12);
    // Average fidelity: the mean over the six states of the axes of the probability to find the state again.
    const axes: [string, number[]][] = [
      ['i', []],
      ['x', []],
      ['ry', [Math.PI / 2]],
      ['ry', [-Math.PI / 2]],
      ['rx', [Math.PI / 2]],
      ['rx', [-Math.PI / 2]],
    ];
    const kept = axes.map(([gate, angles]) => {
      const circuit = buildCircuit(1, (builder) => {
        builder.gate(gate, [0], angles);
        builder.noise('depolarizing', [0], [noiseRate(noise.oneQubit, 3)]);
        builder.gate(gate, [0], gate === 'x' ? [] : angles.map((angle) => -angle));
      });
      return densityProbabilities(simulateDensity(circuit, []))[0]!;
    });
    expect(kept.reduce((sum, value) => sum + value, 0) / 6).toBeCloseTo(0.99, 12);
    expect(noiseRate(noise.twoQubit, 2, 1)).toBeCloseTo(0.0375, 12);
  });

  test('of every live QPU is complete for what it compiles', () => {
    for (const device of DEFAULT_DEVICES.filter(({ type, status }) => type === 'QPU' && status === 'ONLINE')) {
      const target = {
        qubitCount: device.qubitCount,
        nativeGates: device.nativeGates!,
        connectivity: device.connectivity ?? null,
      };
      const circuit = buildCircuit(3, (builder) => {
        builder.gate('ccnot', [0, 1, 2]);
        builder.gate('h', [1]);
      });
      const compiled = compileForDevice(circuit, [], target);
      const noise = noiseOf(device.calibration!);
      for (const operation of compiled.circuit.operations) {
        if (operation.kind !== 'gate') continue;
        const labels = operation.targets.map((qubit) => compiled.labels[qubit]!);
        expect(noiseRate(labels.length === 1 ? noise.oneQubit : noise.twoQubit, ...labels)).toBeGreaterThan(0);
      }
    }
  });
});

describe('execution windows', () => {
  const window = (executionDay: (typeof EXECUTION_DAYS)[number], windowStartHour: string, windowEndHour: string) => ({
    executionDay,
    windowStartHour,
    windowEndHour,
  });

  test.each([
    ['now, inside', [window('Everyday', '00:00', '01:00')], 0, 0],
    ['later today', [window('Everyday', '05:00', '06:00')], 0, 5 * HOUR],
    ['tomorrow, when today is over', [window('Everyday', '05:00', '06:00')], 7 * HOUR, 29 * HOUR],
    ['over midnight', [window('Wednesday', '22:00', '02:00:00')], HOUR, HOUR],
    ['on the weekend', [window('Weekend', '08:00', '10:00')], 0, (48 + 8) * HOUR],
    ['on a weekday, after it', [window('Weekdays', '08:00', '10:00')], 36 * HOUR, (96 + 8) * HOUR],
    ['in a week', [window('Thursday', '00:00', '00:59:59')], HOUR, 7 * 24 * HOUR],
    ['at the first of two', [window('Friday', '09:00', '10:00'), window('Thursday', '12:00', '13:00')], 0, 12 * HOUR],
  ] as const)('open %s', (_, windows, afterMs, wanted) => {
    expect(nextOpening(windows, BEGIN + afterMs)).toBe(BEGIN + wanted);
  });

  test('are open at the time that they name, and never earlier than asked', () => {
    const hour = fc.integer({ min: 0, max: 23 }).map((value) => `${String(value).padStart(2, '0')}:30`);
    fc.assert(
      fc.property(
        fc.constantFrom(...EXECUTION_DAYS),
        hour,
        hour,
        fc.integer({ min: 0, max: 14 * 24 * 60 }),
        (day, from, to, minutes) => {
          const windows = [window(day, from, to)];
          const atMs = BEGIN + minutes * 60_000;
          const opens = nextOpening(windows, atMs)!;
          expect(opens).toBeGreaterThanOrEqual(atMs);
          expect(opens - atMs).toBeLessThanOrEqual(7 * 24 * HOUR);
          expect(nextOpening(windows, opens)).toBe(opens);
        },
      ),
    );
    expect(nextOpening([], BEGIN)).toBeUndefined();
    expect(() => nextOpening([window('Everyday', '25:00', '01:00')], BEGIN)).toThrow(/'25:00' found/);
  });

  test('keep a task QUEUED until they open', async () => {
    await start({ devices: garnetWith({ executionWindows: [window('Friday', '09:00', '10:00')] }) });
    const arn = await braket.create({ deviceArn: GARNET });
    const other = await braket.create();
    expect((await braket.over(arn)).status).toBe('COMPLETED');
    await eventually(() => braket.timeOf(arn, 'COMPLETED'));
    expect(braket.timeOf(arn, 'QUEUED')).toBe(BEGIN);
    expect(braket.timeOf(arn, 'RUNNING')).toBe(BEGIN + 33 * HOUR);
    // The simulator has no windows and did not wait for the QPU's.
    expect(braket.timeOf(other, 'COMPLETED')).toBe(BEGIN);
  });

  test('can be read in the capabilities', async () => {
    const executionWindows = [window('Weekdays', '08:00:00', '16:00:00')];
    await start({ devices: garnetWith({ executionWindows }) });
    const { deviceCapabilities } = await braket.service.call('GetDevice', { deviceArn: GARNET });
    expect(JSON.parse(deviceCapabilities as string).service.executionWindows).toEqual(executionWindows);
  });
});

describe('a QPU', () => {
  test('runs one task at a time, in the order in which they came', async () => {
    await start({ runDelayMs: 1_000, noise: false });
    const arns: string[] = [];
    for (let index = 0; index < 4; index++) arns.push(await braket.create({ deviceArn: GARNET }));
    for (const arn of arns) await braket.over(arn);
    await eventually(() => arns.every((arn) => braket.timeOf(arn, 'COMPLETED') !== undefined));
    expect(arns.map((arn) => braket.timeOf(arn, 'RUNNING')! - BEGIN)).toEqual([0, 1_000, 2_000, 3_000]);
    expect(arns.map((arn) => braket.timeOf(arn, 'COMPLETED')! - BEGIN)).toEqual([1_000, 2_000, 3_000, 4_000]);
  });

  test('reports the native program that ran, with the noise of its qubits', async () => {
    await start();
    const task = await braket.over(await braket.create({ deviceArn: GARNET }));
    const { iqmMetadata } = braket.result(task)['additionalMetadata'] as { iqmMetadata: { compiledProgram: string } };
    expect(iqmMetadata.compiledProgram).toMatch(/^OPENQASM 3.0;\nbit\[2\] b;\n#pragma braket verbatim\nbox \{\n(prx|cz)/);
    const [a, b] = [...iqmMetadata.compiledProgram.matchAll(/cz \$(\d+), \$(\d+);/g)][0]!.slice(1);
    expect(garnet.connectivity![a!]).toContain(b);
  });

  test.each([
    ['a gate that is not native', ['h $1;'], /Verbatim: a native gate of the device \(cz, prx\) wanted, h found/],
    ['two qubits without a coupler', ['cz $1, $20;'], /cz on \$1 and \$20 found/],
  ])('refuses a verbatim box with %s at creation', async (_, gates, message) => {
    await start();
    const box = program('bit[1] b;', '#pragma braket verbatim', 'box {', ...gates, '}', 'b[0] = measure $1;');
    await expect(braket.create({ deviceArn: GARNET, action: box })).rejects.toMatchObject({
      code: 'ValidationException',
      message: expect.stringMatching(message),
    });
    await expect(braket.create({ deviceArn: GARNET, action: programSet(BELL, box) })).rejects.toMatchObject({
      details: { reason: 'ProgramSetValidationFailed', programSetValidationFailures: [{ programIndex: 1 }] },
    });
  });

  test('runs a verbatim box that fits as it stands', async () => {
    await start({ noise: false });
    const box = program(
      'bit[2] b;',
      '#pragma braket verbatim',
      'box {',
      'prx(3.141592653589793, 0) $1;',
      'cz $1, $2;',
      '}',
      'b[0] = measure $1;',
      'b[1] = measure $2;',
    );
    const task = await braket.over(await braket.create({ deviceArn: GARNET, action: box }));
    expect(braket.result(task)).toMatchObject({ measuredQubits: [1, 2] });
    expect(new Set((braket.result(task)['measurements'] as number[][]).map((row) => row.join('')))).toEqual(new Set(['10']));
  });
});

describe('prices and limits', () => {
  test('bear their day, source and confidence, and agree with what GetDevice states', async () => {
    await start();
    for (const device of DEFAULT_DEVICES) {
      expect(device.price.dateIso).toMatch(/^\d{4}-\d\d-\d\d$/);
      expect(device.price.confidence).toBe(device.price.source === 'vendor price page' ? 'confirmed' : 'weak');
      const { deviceCapabilities } = await braket.service.call('GetDevice', { deviceArn: device.arn });
      const { deviceCost } = JSON.parse(deviceCapabilities as string).service;
      expect(deviceCost.price * 1e6).toBeCloseTo(
        device.type === 'QPU' ? device.price.perShotMicroUsd : device.price.perMinuteMicroUsd,
        6,
      );
    }
  });

  test('a reservation lowers the fewest shots of IonQ', async () => {
    await start({ noise: false });
    await expect(braket.create({ deviceArn: FORTE, shots: 10 })).rejects.toMatchObject({ code: 'ValidationException' });
    const associations = [{ arn: 'arn:aws:braket:us-east-1:0:reservation/1', type: 'RESERVATION_TIME_WINDOW_ARN' }];
    expect((await braket.over(await braket.create({ deviceArn: FORTE, shots: 10, associations }))).status).toBe('COMPLETED');
    await expect(braket.create({ deviceArn: SV1, shots: 100_001 })).rejects.toMatchObject({ code: 'ValidationException' });
  });
});
