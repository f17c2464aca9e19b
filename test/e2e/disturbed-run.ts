/**
 * The tiny campaign a second time, as bad as it gets without a crash: events of its quantum tasks are lost, doubled and late. What it
 * computes must be the same to the byte. Molecular dynamics goes beside it through Batch, judgement and report, with a stand-in for
 * its worker: the real one takes minutes a ligand, and test_run.py holds it to the same contract.
 */
import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { beforeAll, describe, expect, test } from 'vitest';
import { Ledger, RunMoney } from '../../core/contracts/artifacts.ts';
import { DynamicsResult } from '../../core/contracts/dynamics.ts';
import { place } from '../../core/contracts/places.ts';
import type { ReportFacts } from '../../core/contracts/report.ts';
import { dynamicsResultKey } from '../../core/dynamics/plan.ts';
import type { BraketFaults } from '../../local-sim/braket/faults.ts';
import { type FinishedRun, machineArn, type Workflow } from '../support/e2e.ts';
import { campaignLike, removeCampaigns } from '../support/e2e-campaign.ts';

/** Most events go wrong, so that no round of tasks gets through without the sweep. */
const MISFORTUNE: BraketFaults = { dropEvents: 0.4, duplicateEvents: 0.5, lateEvents: 0.5, lateMs: 1500 };
const CALM: BraketFaults = { dropEvents: 0, duplicateEvents: 0, lateEvents: 0 };

interface Calm {
  workflow: Workflow;
  run: FinishedRun;
  /** Read by the cloud at each event. */
  faults: BraketFaults;
}

/** Adds the tests of a second run, which is compared with the one that `calm` gives when they run. */
export function describeDisturbedRun(calm: () => Calm): void {
  describe('a second upload of the same library, with lost, doubled and late events and with dynamics', () => {
    let again: FinishedRun;
    let sweeps = 0;

    beforeAll(async () => {
      const { workflow, faults } = calm();
      const folder = campaignLike('bace-tiny', 'bace-tiny', ({ dynamics }) =>
        Object.assign(dynamics, { tier: 'smoke', candidates: 1 }),
      );
      Object.assign(faults, MISFORTUNE);
      let over = false;
      const finishing = workflow.upload(folder).then((runId) => workflow.finish(runId));
      finishing.then(
        () => (over = true),
        () => (over = true),
      );
      while (!over) {
        await workflow.invoke('Sweep', {});
        sweeps++;
        await new Promise((wake) => setTimeout(wake, 500));
      }
      again = await finishing.finally(() => Object.assign(faults, CALM));
      removeCampaigns();
    }, 600_000);

    test('starts a run of its own, whose artifacts have the hashes of the undisturbed one', async () => {
      const { workflow, run } = calm();
      expect(again.runId).not.toBe(run.runId);
      expect(again.status.reasons).toEqual([]);
      expect(again.status.outcome).toBe('SUCCEEDED');
      expect(again.manifest.artifacts).toEqual(run.manifest.artifacts);
      expect(again.manifest.model).toBe(run.manifest.model);
      expect(again.manifest.devices).toEqual(run.manifest.devices);
      expect(await workflow.text(place.rankedCsv(again.runId))).toBe(await workflow.text(place.rankedCsv(run.runId)));
      const { executions } = await workflow.sfn.send(new ListExecutionsCommand({ stateMachineArn: machineArn('Discover') }));
      expect(executions!.map(({ name }) => name!).sort()).toEqual([again.runId, run.runId].sort());
    });

    test('leaves no token open, pays as much as the undisturbed one and is settled', async () => {
      const { workflow, run } = calm();
      expect(sweeps).toBeGreaterThan(1);
      expect(await workflow.artifacts.list(place.openTokens())).toEqual([]);
      const moneyOf = ({ runId }: FinishedRun) => workflow.artifacts.read(place.money(runId), RunMoney);
      const drawsOf = (money: RunMoney, stage: string) => Object.values(money.blocks[stage]!.draws).sort((a, b) => a - b);
      const money = await moneyOf(again);
      expect(drawsOf(money, 'refine')).toEqual(drawsOf(await moneyOf(run), 'refine'));
      const ledger = await workflow.artifacts.read(place.ledger(), Ledger);
      expect(ledger.reservations).toEqual({});
      const dynamics = money.blocks['dynamics']!;
      expect(dynamics.settled).toBe(true);
      expect(Object.keys(dynamics.draws)).toEqual(['jobs']);
      expect(dynamics.draws['jobs']).toBeGreaterThan(0);
      expect(dynamics.draws['jobs']).toBeLessThanOrEqual(dynamics.reservedMicroUsd);
      expect(ledger.settled[`${again.runId}/dynamics`]).toBe(dynamics.draws['jobs']);
    });

    test('shows what dynamics simulated, in picoseconds, and gives no verdict on it', async () => {
      const { workflow } = calm();
      const results = await Promise.all(
        [0, 1].map((index) =>
          workflow.artifacts.read(dynamicsResultKey(place.dynamicsOutput(again.runId), index), DynamicsResult),
        ),
      );
      expect(results.map(({ status, ligand }) => [status, ligand.role])).toEqual([
        ['ok', 'reference'],
        ['ok', 'candidate'],
      ]);
      expect(results.map(({ docking }) => docking === null)).toEqual([true, false]);

      const facts = JSON.parse(await workflow.text(place.facts(again.runId))) as Pick<ReportFacts, 'dynamics'>;
      const { tier, ligands, statement } = facts.dynamics!;
      expect(tier).toBe('smoke');
      expect(ligands.map(({ failure }) => failure)).toEqual([null, null]);
      for (const { replicas, measures } of ligands) {
        expect(replicas.map(({ simulatedPs }) => Math.round(simulatedPs))).toEqual([10, 10]);
        expect(measures['startingPose']).toBeUndefined();
        expect(measures['largestEnergyCheckKcalMol']).toBeLessThan(0.5);
      }
      expect(statement).toMatch(/^Smoke tier: 2 x 10 ps .* far too short for a verdict/);

      const page = await workflow.text(place.report(again.runId));
      const section = /<section id="dynamics"[\s\S]*?<\/section>/.exec(page)![0];
      const plots = section.match(/<path class="line replica-[01]" d="M[^"]*L[^"]*"/g) ?? [];
      expect(plots).toHaveLength(4);
      const plain = section.replace(/<[^>]+>/g, ' ');
      for (const words of ['2 x 10 ps', 'Simulated, ps', 'none is given', 'docked with']) expect(plain, words).toContain(words);
      expect(plain).not.toMatch(/limits not calibrated/);
    });
  });
}
