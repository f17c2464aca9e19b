/** Devices that take shots: an emulated QPU by program sets, and DM1 a task a circuit. Noise and prices are the emulator's. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QuantumDecision, RunMoney } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import { startWorkflow, type Workflow } from '../support/e2e.ts';
import { campaignLike, removeCampaigns } from '../support/e2e-campaign.ts';

const FORTE = 'arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1';
const DM1 = 'arn:aws:braket:::device/quantum-simulator/amazon/dm1';
const SHOTS = 100;

/** Two candidates, two neighbours, one step. */
const campaignOn = (name: string, refineDevice: string) =>
  campaignLike('bace-tiny', name, (campaign) => {
    Object.assign(campaign.quantum, { refineDevice, shots: SHOTS, refineSteps: 1, refineNeighbours: 2, purpose: 'discovery' });
    Object.assign(campaign.dynamics, { tier: 'none' });
    campaign.budgetMicroUsd = 900_000_000;
  });

let workflow: Workflow;
beforeAll(async () => {
  workflow = await startWorkflow({ braket: { seed: 7 } });
}, 120_000);
afterAll(async () => {
  await workflow?.[Symbol.asyncDispose]();
  removeCampaigns();
});

const finish = async (folder: string) => workflow.finish(await workflow.upload(folder));
const drawnMicroUsd = (money: RunMoney) => Object.values(money.blocks['refine']!.draws);

describe('refinement on an emulated QPU', () => {
  test('runs program sets and is billed by task and shot', async () => {
    const run = await finish(campaignOn('on-forte', FORTE));
    expect(run.status.outcome).toBe('SUCCEEDED');
    const decision = await workflow.artifacts.read(place.decision(run.runId), QuantumDecision);
    expect(decision.deviceUsed).toBe(FORTE);
    expect(decision.guards.find(({ guard }) => guard === 'noise')?.decision).toBe('pass');

    // Rounds: candidates, neighbours, four latent directions from both sides of each neighbour, candidates again.
    const candidates = decision.selected.length;
    const circuits = [candidates, 2, 2 * 2 * 4, candidates];
    const prices = circuits.map((count) => 300_000 + count * SHOTS * 80_000);
    const money = await workflow.artifacts.read(place.money(run.runId), RunMoney);
    expect(drawnMicroUsd(money).sort((a, b) => a - b)).toEqual(prices.sort((a, b) => a - b));

    const [use] = run.manifest.devices.filter(({ device }) => device === FORTE);
    const total = circuits.reduce((sum, count) => sum + count, 0);
    expect(use).toMatchObject({ tasks: circuits.length, circuits: total, shots: total * SHOTS });
  });

  test('runs a task a circuit on DM1, which has no exact gradients', async () => {
    const run = await finish(campaignOn('on-dm1', DM1));
    expect(run.status.outcome).toBe('SUCCEEDED');
    const [use] = run.manifest.devices.filter(({ device }) => device === DM1);
    expect(use!.tasks).toBe(use!.circuits);
    expect(use!.shots).toBe(use!.circuits * SHOTS);
  });
});
