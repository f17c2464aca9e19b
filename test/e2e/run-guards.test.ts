/** Who may say no, and what is said: guards, budgets, devices that are gone, tasks that end badly, a machine without Python. */
import { BraketClient, CancelQuantumTaskCommand, GetQuantumTaskCommand } from '@aws-sdk/client-braket';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '../../core/contracts/api.ts';
import { CostPlan, Ledger, OpenToken, QuantumDecision, Ranking, RunMoney } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import { stageCost } from '../../core/guards/index.ts';
import { DEFAULT_DEVICES } from '../../local-sim/braket/devices.ts';
import type { BraketFaults } from '../../local-sim/braket/faults.ts';
import { type FinishedRun, startWorkflow, type Workflow } from '../support/e2e.ts';
import {
  type CampaignFile,
  campaignLike,
  exampleFolder,
  readCampaignFile,
  removeCampaigns,
  SV1,
  smallCircuits,
} from '../support/e2e-campaign.ts';

const IONQ = 'arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1';
const GONE = 'arn:aws:braket:us-east-1::device/qpu/ionq/Forte-Enterprise-1';

/** Changed while the cloud runs. */
const faults: BraketFaults = {};
const sv1 = { ...DEFAULT_DEVICES.find(({ arn }) => arn === SV1)! };
const devices = DEFAULT_DEVICES.map((device) => {
  if (device.arn === IONQ) return { ...device, status: 'OFFLINE' as const };
  if (device.arn === GONE) return { ...device, status: 'RETIRED' as const };
  return device.arn === SV1 ? sv1 : device;
});

/** Clean rows only: a plan counts rows before anybody knows which of them are compounds. */
const cleanSmiles = [
  'CCO',
  'CCN',
  'c1ccccc1',
  'CC(=O)Nc1ccc(O)cc1',
  'CCOC(=O)c1ccccc1',
  'Cc1ccccc1N',
  'OCc1ccccc1',
  'CCCCO',
  'CC(C)O',
  'COc1ccccc1',
];
const cleanLibrary = ['id,smiles', ...cleanSmiles.map((text, i) => `C-${i},${text}`)].join('\n');

const small = (name: string, change: (campaign: CampaignFile) => void = () => {}, files: Record<string, string> = {}) =>
  campaignLike(
    'bace-tiny',
    name,
    (campaign) => {
      smallCircuits(campaign);
      change(campaign);
    },
    files,
  );
const upload = async (folder: string) => workflow.finish(await workflow.upload(folder));

/** Runs that do not touch each other, under way together. */
const scenarios = {
  refused: () => upload(exampleFolder('refused')),
  discovery: () =>
    upload(campaignLike('refused', 'refused-discovery', ({ quantum }) => Object.assign(quantum, { purpose: 'discovery' }))),
  clean: () => upload(small('clean', () => {}, { 'libraries/bace-tiny.csv': `${cleanLibrary}\n` })),
  offline: () =>
    upload(
      small('offline', (campaign) => {
        Object.assign(campaign.quantum, { refineDevice: IONQ, shots: 500, refineSteps: 0 });
        campaign.budgetMicroUsd = 150_000_000;
      }),
    ),
  withoutPython: async () => {
    const folder = small('no-python', ({ quantum }) => Object.assign(quantum, { refineDevice: 'lambda' }));
    return workflow.finish(await workflow.request(folder, { dynamicsTier: 'smoke' }));
  },
} as const;
type Scenario = keyof typeof scenarios;

let workflow: Workflow;
let braket: BraketClient;
let started: Record<Scenario, Promise<FinishedRun>>;

beforeAll(async () => {
  workflow = await startWorkflow({ braket: { devices, faults } });
  braket = new BraketClient(workflow.client);
  started = Object.fromEntries(Object.entries(scenarios).map(([name, start]) => [name, start()])) as typeof started;
  // Whoever awaits one that failed hears of it.
  for (const run of Object.values(started)) run.catch(() => {});
});
afterAll(async () => {
  await workflow[Symbol.asyncDispose]();
  removeCampaigns();
});

const decisionOf = ({ runId }: FinishedRun) => workflow.artifacts.read(place.decision(runId), QuantumDecision);
const codes = ({ status }: FinishedRun) => status.reasons.map(({ code }) => code);
const plainReport = async ({ runId }: FinishedRun) =>
  (await workflow.text(place.report(runId))).replace(/<[^>]+>/g, ' ').replaceAll('&#39;', "'");
/** Names of the compounds that a run ranked. */
async function rankedIds({ runId }: FinishedRun): Promise<string[]> {
  return (await workflow.artifacts.read(place.ranking(runId), Ranking)).candidates.map(({ id }) => id);
}

describe('a campaign that the guards refuse', () => {
  test('is blocked from the paid device; its audit runs on the simulator at no cost and the refusal is printed', async () => {
    expect(readCampaignFile(exampleFolder('refused')).quantum).toMatchObject({ purpose: 'audit', refineDevice: SV1 });
    const run = await started.refused;
    expect(run.status.outcome).toBe('SUCCEEDED');
    const decision = await decisionOf(run);
    expect(decision.deviceAllowed).toBe(false);
    expect(decision.deviceUsed).toBe('lambda');
    expect(decision.reason).toMatch(/^Refused by quantum-need\/task/);
    expect(run.manifest.devices.map(({ device }) => device)).toEqual(['lambda']);
    expect(run.manifest.devices[0]!.circuits).toBeGreaterThan(0);
    expect(run.status.money.drawnMicroUsd).toBe(0);
    const page = await plainReport(run);
    expect(page.includes('device blocked')).toBe(true);
    expect(page.includes(decision.reason)).toBe(true);
  });

  test('runs no circuit at all where the purpose is discovery', async () => {
    const run = await started.discovery;
    const decision = await decisionOf(run);
    expect(decision.deviceAllowed).toBe(false);
    expect(decision.deviceUsed).toBeNull();
    expect(run.manifest.devices).toEqual([]);
    expect(run.status.money.drawnMicroUsd).toBe(0);
    const { refinedPk } = (await workflow.artifacts.read(place.ranking(run.runId), Ranking)).candidates[0]!;
    expect(refinedPk).toBeNull();
  });
});

describe('money', () => {
  test('is estimated to the micro-dollar for SV1 where no row is rejected, and settled at once', async () => {
    const run = await started.clean;
    expect(run.status.outcome).toBe('SUCCEEDED');
    expect((await decisionOf(run)).deviceUsed).toBe(SV1);
    const plan = await workflow.artifacts.read(place.plan(run.runId), CostPlan);
    const money = await workflow.artifacts.read(place.money(run.runId), RunMoney);
    const ledger = await workflow.artifacts.read(place.ledger(), Ledger);
    const { reservedMicroUsd, settled, draws } = money.blocks['refine']!;
    const drawn = Object.values(draws).reduce((sum, draw) => sum + draw, 0);
    expect(reservedMicroUsd).toBe(stageCost(plan, 'refine'));
    expect(drawn).toBe(stageCost(plan, 'refine'));
    // Three seconds at least, at 0.075 USD a minute, for each task.
    expect(drawn).toBe(run.manifest.devices.find(({ device }) => device === SV1)!.tasks * 3750);
    expect(settled).toBe(true);
    expect(Object.keys(ledger.reservations)).not.toContain(`${run.runId}/refine`);
    expect(ledger.settled[`${run.runId}/refine`]).toBe(drawn);
    const day = new Date().toISOString().slice(0, 10);
    const booked = Object.values(ledger.settled).reduce((sum, amount) => sum + amount, 0);
    expect(Object.values(ledger.spentByDay).reduce((sum, amount) => sum + amount, 0)).toBe(booked);
    expect(Object.keys(ledger.spentByDay)).toContain(day);
  });

  test('plans and runs nothing for a budget of 0', async () => {
    const run = await workflow.finish(await workflow.request(small('planned'), { budgetMicroUsd: 0 }));
    expect(run.status.outcome).toBe('PLANNED');
    expect(run.status.reasons).toEqual([]);
    expect(run.status.money.plannedMicroUsd).toBeGreaterThan(0);
    expect(run.manifest.devices).toEqual([]);
    const keys = await workflow.artifacts.list(`runs/${run.runId}/`);
    expect(keys.filter((key) => /\/(encoded|optimize|scored|labelled)/.test(key))).toEqual([]);
    expect((await plainReport(run)).includes('Planned only')).toBe(true);
  });

  test('fails a run whose budget is below its plan, with both sums', async () => {
    const run = await workflow.finish(await workflow.request(small('poor'), { budgetMicroUsd: 1000 }));
    expect(run.status.outcome).toBe('FAILED');
    expect(run.status.reasons[0]?.message).toMatch(
      /^BudgetBelowPlan: the budget is \$0\.001000 but the plan costs \$0\.\d+ \(serverless .*, refine .*raise budgetMicroUsd/,
    );
    expect((await plainReport(run)).includes('raise budgetMicroUsd')).toBe(true);
    expect(await workflow.artifacts.exists(place.money(run.runId))).toBe(false);
  });
});

describe('a device', () => {
  test('that the deployment does not know fails the run by name before anything is computed', async () => {
    const unknown = 'arn:aws:braket:us-east-1::device/qpu/nobody/Nothing-1';
    const run = await upload(small('unknown', ({ quantum }) => Object.assign(quantum, { refineDevice: unknown, shots: 100 })));
    expect(run.status.outcome).toBe('FAILED');
    expect(run.status.reasons[0]?.message).toMatch(/^DeviceUnknown: .*nobody\/Nothing-1/);
    expect(await workflow.artifacts.list(`runs/${run.runId}/encoded/`)).toEqual([]);
  });

  test('that was retired fails the run and says to choose another', async () => {
    const run = await upload(small('retired', ({ quantum }) => Object.assign(quantum, { refineDevice: GONE, shots: 500 })));
    expect(run.status.outcome).toBe('FAILED');
    expect(run.status.reasons[0]?.message).toMatch(/^DeviceRetired: .*Forte-Enterprise-1.*choose another/);
  });

  test('that is offline costs the refinement and nothing else', async () => {
    const run = await started.offline;
    expect(run.status.outcome).toBe('PARTIAL');
    expect(codes(run)).toEqual(['REFINEMENT_INCOMPLETE']);
    expect(run.status.reasons[0]?.message).toMatch(/^DeviceOffline: .*Forte-1 is offline/);
    expect(run.manifest.devices.map(({ device }) => device)).toEqual(['lambda']);
    expect((await rankedIds(run)).length).toBeGreaterThan(20);
    expect(run.status.money.drawnMicroUsd).toBe(0);
  });
});

describe('a machine without Python', () => {
  test('leaves dynamics out, says so, and keeps everything else', async () => {
    const run = await started.withoutPython;
    expect(run.status.outcome).toBe('PARTIAL');
    expect(codes(run)).toEqual(['DYNAMICS_UNAVAILABLE']);
    expect((await rankedIds(run)).length).toBeGreaterThan(20);
    expect((await plainReport(run)).includes('DYNAMICS_UNAVAILABLE')).toBe(true);
  });
});

describe('a quantum task that ends badly', () => {
  // These change the one device that the other runs use too.
  beforeAll(() => Promise.all(Object.values(started)), 400_000);

  test('keeps its name: a failed one leaves the run PARTIAL with the hybrid ranking', async () => {
    Object.assign(faults, { failTasks: 1, failureReason: 'the trap lost its ions' });
    const run = await upload(small('failing')).finally(() => Object.assign(faults, { failTasks: 0 }));
    expect(run.status.outcome).toBe('PARTIAL');
    expect(codes(run)).toEqual(['REFINEMENT_INCOMPLETE']);
    expect(run.status.reasons[0]?.message).toMatch(/QuantumTaskFailed: .*FAILED: the trap lost its ions/);
    expect((await rankedIds(run)).length).toBeGreaterThan(20);
    // The tasks ran, so they are drawn, and what was reserved beyond them is free again.
    const ledger = await workflow.artifacts.read(place.ledger(), Ledger);
    expect(ledger.reservations).toEqual({});
    expect(run.status.money.drawnMicroUsd).toBeGreaterThan(0);
    expect(ledger.settled[`${run.runId}/refine`]).toBe(run.status.money.drawnMicroUsd);
  });

  /** The tasks that a run waits for; its token names them once all of them exist. */
  async function tasksOf(runId: string): Promise<string[]> {
    for (const giveUpMs = Date.now() + 120_000; Date.now() < giveUpMs; ) {
      await new Promise((wake) => setTimeout(wake, 100));
      const [key] = await workflow.artifacts.list(`tokens/open/${runId}/`);
      const arns = key === undefined ? [] : ((await workflow.artifacts.find(key, OpenToken))?.taskArns ?? []);
      if (arns.length > 0) return arns;
    }
    throw new Error(`run ${runId} waits for no task after 120 s`);
  }

  test('keeps its name: a cancelled one leaves the run PARTIAL', async () => {
    // Slow enough that somebody can cancel its tasks.
    sv1.queueDelayMs = 600_000;
    const runId = await workflow.upload(small('cancelled'));
    for (const quantumTaskArn of await tasksOf(runId))
      await braket.send(new CancelQuantumTaskCommand({ quantumTaskArn, clientToken: quantumTaskArn.slice(-36) }));
    const run = await workflow.finish(runId);
    expect(run.status.outcome).toBe('PARTIAL');
    expect(codes(run)).toEqual(['REFINEMENT_INCOMPLETE']);
    expect(run.status.reasons[0]?.message).toMatch(/QuantumTaskCancelled: \d+ of \d+ quantum tasks did not complete/);
    expect((await rankedIds(run)).length).toBeGreaterThan(20);
  });

  test('does not outlive a run that is stopped: the sweep cancels what waits in the queue and settles what was reserved', async () => {
    sv1.queueDelayMs = 600_000;
    const runId = await workflow.upload(small('stopped'));
    const waiting = await tasksOf(runId);
    await workflow.api.call(routes.StopRun, { parameters: { runId } });
    const run = await workflow.api.call(routes.GetRun, { parameters: { runId } });
    expect(run.reasons.map(({ code }) => code)).toEqual(['RUN_STOPPED']);
    expect(Object.keys((await workflow.artifacts.read(place.ledger(), Ledger)).reservations)).toEqual([`${runId}/refine`]);
    // What the stop ends, ends in its own time; the sweep comes again.
    await expect
      .poll(
        async () => {
          await workflow.invoke('Sweep', {});
          return workflow.artifacts.list(`tokens/open/${runId}/`);
        },
        { timeout: 60_000, interval: 500 },
      )
      .toEqual([]);
    const ledger = await workflow.artifacts.read(place.ledger(), Ledger);
    expect(ledger.reservations).toEqual({});
    const money = await workflow.artifacts.read(place.money(runId), RunMoney);
    const drawn = Object.values(money.blocks['refine']!.draws).reduce((sum, draw) => sum + draw, 0);
    expect(drawn).toBeGreaterThan(0);
    expect(ledger.settled[`${runId}/refine`]).toBe(drawn);
    expect(money.blocks['refine']!.settled).toBe(true);
    const statuses = waiting.map(
      async (quantumTaskArn) => (await braket.send(new GetQuantumTaskCommand({ quantumTaskArn }))).status,
    );
    expect(new Set(await Promise.all(statuses))).toEqual(new Set(['CANCELLED']));
  });

  test('is given up after maxQueueHours: the run is PARTIAL and the sweep closes the token that nobody awaits', async () => {
    sv1.queueDelayMs = 600_000;
    const run = await upload(small('impatient', ({ quantum }) => Object.assign(quantum, { maxQueueHours: 0.001 })));
    expect(run.status.outcome).toBe('PARTIAL');
    expect(codes(run)).toEqual(['REFINEMENT_INCOMPLETE']);
    expect(run.status.reasons[0]?.message).toMatch(/^States\.Timeout/);
    expect((await rankedIds(run)).length).toBeGreaterThan(20);
    expect((await workflow.artifacts.read(place.ledger(), Ledger)).reservations).toEqual({});
    await expect
      .poll(
        async () => {
          await workflow.invoke('Sweep', {});
          return workflow.artifacts.list(`tokens/open/${run.runId}/`);
        },
        { timeout: 60_000, interval: 500 },
      )
      .toEqual([]);
  });
});
