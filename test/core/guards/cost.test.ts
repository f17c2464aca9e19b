import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CostPlan } from '../../../core/contracts/artifacts.ts';
import { Campaign } from '../../../core/contracts/campaign.ts';
import { BudgetBelowPlan, DeviceRetired, DeviceUnknown, InvalidCampaign, RateUnknown } from '../../../core/contracts/errors.ts';
import { BraketArn } from '../../../core/contracts/primitives.ts';
import {
  checkBudget,
  compareWithDeviceCost,
  deviceRate,
  findDevice,
  formatUsd,
  type PlannedWork,
  planCost,
  planWork,
  priceTable,
  priceWork,
  refinedCount,
  stageCost,
  taskPriceMicroUsd,
} from '../../../core/guards/index.ts';

const garnet = 'arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet';
const sv1 = 'arn:aws:braket:::device/quantum-simulator/amazon/sv1';
const ibex = 'arn:aws:braket:eu-north-1::device/qpu/aqt/Ibex-Q1';

const idle = { device: 'lambda', what: 'nothing', tasks: 0, circuits: 0, shots: 0, secondsPerTask: 0 };
const nothing: PlannedWork = {
  lambdaGbSeconds: 0,
  lambdaRequests: 0,
  stateTransitions: 0,
  s3Writes: 0,
  s3Reads: 0,
  train: idle,
  refine: idle,
  batchVcpuHours: 0,
  batchGbHours: 0,
  batchGpuHours: 0,
  dynamicsTier: 'none',
};
const onDevice = (device: string, circuits: number, shotsEach: number, circuitsPerTask = 1, secondsPerTask = 0) => {
  const tasks = Math.ceil(circuits / circuitsPerTask);
  return priceWork(
    { ...nothing, refine: { device, what: 'circuits', tasks, circuits, shots: circuits * shotsEach, secondsPerTask } },
    0,
  ).totalMicroUsd;
};

const campaign = (quantum: object = {}, budgetMicroUsd = 40_000_000) =>
  Campaign.parse({
    schema: 'campaign/1',
    name: 'bace',
    title: 'BACE-1',
    task: 'affinity',
    assay: { file: 'assay.csv', valueColumn: 'pIC50', unit: 'pX' },
    quantum: { purpose: 'audit', ...quantum },
    dynamics: { tier: 'smoke' },
    budgetMicroUsd,
    seed: 1,
  });

describe('planCost', () => {
  test('finds the figures of the worked table: a full amplitude-shift gradient on Garnet is about 377 dollars', () => {
    // 1008 circuits of 256 shots, about 100 to a program set: 0.30 x 11 + 258,048 x 0.00145.
    expect(onDevice(garnet, 1008, 256, 100)).toBe(11 * 300_000 + 258_048 * 1450);
    expect(onDevice(garnet, 1008, 256, 100) / 1e6).toBeCloseTo(377.5, 1);
  });

  test('charges one fee a task when circuits are not packed', () => {
    expect(onDevice(garnet, 100, 100)).toBe(100 * 300_000 + 10_000 * 1450);
    expect(onDevice('arn:aws:braket:us-west-1::device/qpu/rigetti/Cepheus-1-108Q', 100, 100, 100)).toBe(300_000 + 4_250_000);
  });

  test('charges a simulator by the minute, at least three seconds a task', () => {
    expect(onDevice(sv1, 1, 0)).toBe(3750);
    expect(onDevice(sv1, 32, 0)).toBe(32 * 3750);
    expect(onDevice(sv1, 1, 0, 1, 60)).toBe(75_000);
  });

  test('is a valid plan whose items add up, with nothing for devices on the free simulator', () => {
    const plan = CostPlan.parse(planCost({ campaign: campaign(), libraryRows: 5000, labelledCount: 1361 }));
    expect(plan.totalMicroUsd).toBe(plan.items.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0));
    expect(stageCost(plan, 'train') + stageCost(plan, 'refine')).toBe(0);
    expect(stageCost(plan, 'serverless')).toBeGreaterThan(0);
    expect(stageCost(plan, 'dynamics')).toBeGreaterThan(0);
    expect(plan.priceTableDate).toBe(priceTable.date);
  });

  test('takes the tier and the budget of the run before those of the campaign', () => {
    const plan = planCost({ campaign: campaign(), libraryRows: 10, labelledCount: 60, dynamicsTier: 'none', budgetMicroUsd: 7 });
    expect(stageCost(plan, 'dynamics')).toBe(0);
    expect(plan.budgetMicroUsd).toBe(7);
  });

  test('plans two forward passes, and for each neighbour and step what its device is asked', () => {
    // A neighbour takes 1 + 2 x 4 circuits a step on hardware (four latent directions, no angles), 1 + 1 + 16 where gradients are exact.
    const refine = (quantum: object) =>
      planWork({
        campaign: campaign({ refineSteps: 2, refineNeighbours: 8, ...quantum }),
        libraryRows: 5000,
        labelledCount: 1361,
        circuitsPerTask: 100,
      }).refine;
    const hardware = refine({ refineDevice: garnet, shots: 200 });
    expect(hardware).toMatchObject({ circuits: 2 * 32 + 2 * 8 * 9, shots: 200 * (2 * 32 + 2 * 8 * 9) });
    // Program sets are filled round by round: 32, 32, and twice 8 and 64 circuits.
    expect(hardware.tasks).toBe(1 + 1 + 2 * (1 + 1));
    expect(refine({ refineDevice: sv1 })).toMatchObject({ circuits: 2 * 32 + 2 * 8 * 18, shots: 0, tasks: 2 * 32 + 2 * 8 * 18 });
  });

  test('prices tasks one by one never above the plan of their stage', () => {
    const plan = planCost({ campaign: campaign({ refineDevice: sv1, refineSteps: 5 }), libraryRows: 5000, labelledCount: 1361 });
    const round = (tasks: number) =>
      taskPriceMicroUsd(
        sv1,
        Array.from({ length: tasks }, () => ({ shots: 0 })),
      );
    const drawn = 2 * round(32) + 5 * (round(8) + round(8 * 17));
    expect(drawn).toBeLessThanOrEqual(stageCost(plan, 'refine'));
    expect(drawn).toBeGreaterThan(0.999 * stageCost(plan, 'refine'));
    expect(taskPriceMicroUsd(garnet, [{ shots: 1000 }, { shots: 24 }])).toBe(2 * 300_000 + 1024 * 1450);
    expect(taskPriceMicroUsd('lambda', [{ shots: 10 }])).toBe(0);
    expect(() => taskPriceMicroUsd(ibex, [{ shots: 10 }])).toThrow(RateUnknown);
  });

  test('prices dynamics by the hours that the planner of dynamics foresees, the explicit tier by its GPU', () => {
    const plan = (dynamicsTier: 'smoke' | 'screen' | 'explicit') =>
      planCost({ campaign: campaign(), libraryRows: 10, labelledCount: 60, dynamicsTier });
    expect(stageCost(plan('smoke'), 'dynamics')).toBeLessThan(stageCost(plan('screen'), 'dynamics'));
    expect(stageCost(plan('screen'), 'dynamics')).toBeLessThan(stageCost(plan('explicit'), 'dynamics'));
    expect(plan('explicit').items.map(({ unit }) => unit)).toContain('GPU-h');
    expect(plan('smoke').items.map(({ unit }) => unit)).not.toContain('GPU-h');
  });

  test('costs are whole and never fall when there is more to do', () => {
    fc.assert(
      fc.property(fc.nat(200_000), fc.nat(200_000), fc.nat(5000), (rows, more, labels) => {
        const request = { campaign: campaign({ refineDevice: sv1 }), labelledCount: labels };
        const less = planCost({ ...request, libraryRows: rows });
        const all = planCost({ ...request, libraryRows: rows + more });
        expect(Number.isSafeInteger(less.totalMicroUsd)).toBe(true);
        expect(all.totalMicroUsd).toBeGreaterThanOrEqual(less.totalMicroUsd);
      }),
    );
  });

  test('refuses a device without a rate, a retired one, an unknown one, and hardware without shots', () => {
    const plan = (quantum: object) => () => planCost({ campaign: campaign(quantum), libraryRows: 100, labelledCount: 100 });
    expect(plan({ refineDevice: ibex, shots: 100 })).toThrow(RateUnknown);
    expect(plan({ refineDevice: 'arn:aws:braket:us-west-1::device/qpu/rigetti/Ankaa-3', shots: 100 })).toThrow(DeviceRetired);
    expect(plan({ trainDevice: 'arn:aws:braket:us-east-1::device/qpu/acme/One', shots: 100 })).toThrow(DeviceUnknown);
    expect(plan({ refineDevice: garnet, shots: 0 })).toThrow(InvalidCampaign);
  });
});

describe('refinedCount', () => {
  test('takes the top fraction, at least one, and 32 at most on a paid device', () => {
    expect(refinedCount(5000, 0.01, 'lambda')).toBe(50);
    expect(refinedCount(5000, 0.01, garnet)).toBe(32);
    expect(refinedCount(20, 0.01, 'lambda')).toBe(1);
    expect(refinedCount(0, 0.01, 'lambda')).toBe(0);
  });
});

describe('checkBudget', () => {
  const plan = planCost({
    campaign: campaign({ refineDevice: garnet, shots: 200 }, 1_000_000),
    libraryRows: 5000,
    labelledCount: 1361,
  });

  test('throws BudgetBelowPlan with both sums and every stage', () => {
    expect(() => checkBudget(plan)).toThrow(BudgetBelowPlan);
    expect(() => checkBudget(plan)).toThrow(/budget is \$1\.00 but the plan costs \$\d+.*serverless.*refine/);
  });
  test('takes a budget of 0 as a wish to see the plan, and one that just covers it', () => {
    expect(checkBudget({ ...plan, budgetMicroUsd: 0 })).toBe('plan-only');
    expect(checkBudget({ ...plan, budgetMicroUsd: plan.totalMicroUsd })).toBe('run');
    expect(() => checkBudget({ ...plan, budgetMicroUsd: plan.totalMicroUsd - 1 })).toThrow(BudgetBelowPlan);
  });
});

describe('the price table', () => {
  test('names every device as an ARN that the contracts accept, once', () => {
    for (const { arn } of priceTable.devices) BraketArn.parse(arn);
    expect(new Set(priceTable.devices.map(({ arn }) => arn)).size).toBe(priceTable.devices.length);
  });
  test('has no rate where it has no source, and a rate where it has one', () => {
    for (const { perShotMicroUsd, confidence, source } of priceTable.devices) {
      expect(perShotMicroUsd === null).toBe(confidence === 'unknown');
      expect(confidence === 'confirmed').toBe(source === 'vendor price page');
    }
  });
  test('knows the simulator inside the Lambda as free', () => {
    expect(deviceRate('lambda')).toMatchObject({ perTaskMicroUsd: 0, perShotMicroUsd: 0, perMinuteMicroUsd: 0 });
    expect(findDevice('lambda').kind).toBe('simulator');
  });
  test('notices when the service states another price', () => {
    expect(compareWithDeviceCost(garnet, { price: 0.00145, unit: 'shot' })).toBeNull();
    expect(compareWithDeviceCost(garnet, { price: 0.002, unit: 'shot' })).toContain('0.002 USD');
    expect(compareWithDeviceCost(sv1, { price: 0.075, unit: 'minute' })).toBeNull();
    expect(compareWithDeviceCost(garnet, { price: 1, unit: 'fortnight' })).toContain('no such rate');
  });
});

test('formatUsd shows cents for dollars and more digits for less', () => {
  expect([0, 42, 118_000, 33_400_000].map(formatUsd)).toEqual(['$0.00', '$0.000042', '$0.118', '$33.40']);
});
