/** kill -9 once inside every state of the three machines: the runs end as the undisturbed ones do, with the same bytes. */
import { readFileSync } from 'node:fs';
import { BraketClient, paginateSearchQuantumTasks } from '@aws-sdk/client-braket';
import { DescribeExecutionCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RunMoney } from '../../core/contracts/artifacts.ts';
import { parseUri, place, uri } from '../../core/contracts/places.ts';
import {
  DATA_BUCKET,
  executionArnOf,
  type FinishedRun,
  machineArn,
  startWorkflow,
  type Workflow,
  type WorkflowClient,
  workflowClient,
} from '../support/e2e.ts';
import { campaignLike, exampleFolder, removeCampaigns } from '../support/e2e-campaign.ts';
import { type KilledCloud, startKilledCloud } from '../support/e2e-killed-cloud.ts';

const SEED = 20261123;

interface AslState {
  Type: string;
  Branches?: AslMachine[];
  ItemProcessor?: AslMachine;
}
interface AslMachine {
  States: Record<string, AslState>;
}

function statesOf({ States }: AslMachine): string[] {
  return Object.entries(States).flatMap(([name, { Branches = [], ItemProcessor }]) => [
    name,
    ...Branches.flatMap(statesOf),
    ...(ItemProcessor === undefined ? [] : statesOf(ItemProcessor)),
  ]);
}
const machineStates = (name: string) =>
  statesOf(JSON.parse(readFileSync(`state-machines/${name}.asl.json`, 'utf8')) as AslMachine);

const tiny = exampleFolder('bace-tiny');
const outcomes: { what: string; states: string[]; same: string }[] = [];
let calm: Workflow;
let killed: KilledCloud;
let disturbed: WorkflowClient;
let main: { calm: FinishedRun; disturbed: FinishedRun };
let known = 0;

/** Notes which states the last piece of work was killed in. */
function note(what: string, same: string): string[] {
  const states = killed.killed().slice(known);
  known += states.length;
  outcomes.push({ what, states, same });
  return states;
}

/** Starts an execution of Optimize or Compute by itself and waits for its end. */
async function execute(
  on: WorkflowClient,
  machine: string,
  name: string,
  input: object,
): Promise<{ status: string; output: unknown }> {
  await on.sfn
    .send(new StartExecutionCommand({ stateMachineArn: machineArn(machine), name, input: JSON.stringify(input) }))
    .catch((error: Error) => {
      // Killed before it answered: the execution is there all the same, or the wait below says that it is not.
      if (error.name === 'ValidationException') throw error;
    });
  for (const giveUpMs = Date.now() + 400_000; Date.now() < giveUpMs; ) {
    const found = await on.sfn
      .send(new DescribeExecutionCommand({ executionArn: executionArnOf(machine, name) }))
      .catch(() => null);
    if (found !== null && found.status !== 'RUNNING') {
      return { status: found.status!, output: found.output === undefined ? null : JSON.parse(found.output) };
    }
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`${machine} ${name} did not end`);
}

async function expectSame(one: FinishedRun, other: FinishedRun): Promise<void> {
  expect(other.status.outcome).toBe(one.status.outcome);
  expect(other.status.reasons).toEqual(one.status.reasons);
  expect(other.manifest.artifacts).toEqual(one.manifest.artifacts);
  expect(other.manifest.model).toBe(one.manifest.model);
  expect(other.manifest.devices).toEqual(one.manifest.devices);
  const money = (on: WorkflowClient, { runId }: FinishedRun) => on.artifacts.find(place.money(runId), RunMoney);
  const drawn = (found: RunMoney | null) =>
    Object.entries(found?.blocks ?? {}).map(([stage, { reservedMicroUsd, settled, draws }]) => ({
      stage,
      reservedMicroUsd,
      settled,
      draws: stage === 'dynamics' ? Object.keys(draws) : Object.values(draws).sort((a, b) => a - b),
    }));
  expect(drawn(await money(disturbed, other))).toEqual(drawn(await money(calm, one)));
}

/** The same campaign in the undisturbed cloud and in the one that is killed, at the same time. */
async function both(start: (on: WorkflowClient) => Promise<string>): Promise<{ calm: FinishedRun; disturbed: FinishedRun }> {
  const run = async (on: WorkflowClient) => on.finish(await start(on));
  const [one, other] = await Promise.all([run(calm), run(disturbed)]);
  return { calm: one, disturbed: other };
}

beforeAll(async () => {
  calm = await startWorkflow();
  killed = await startKilledCloud({ seed: SEED, longestMs: 250 });
  disturbed = workflowClient(killed.client, { patient: true });
});
afterAll(async () => {
  await killed.remove();
  await calm[Symbol.asyncDispose]();
  removeCampaigns();
});

/** Quantum tasks ever created: a repeated submission must not make new ones. */
async function taskCount({ client }: WorkflowClient): Promise<number> {
  const braket = new BraketClient(client);
  let count = 0;
  for await (const page of paginateSearchQuantumTasks({ client: braket, pageSize: 100 }, { filters: [] }))
    count += page.quantumTasks!.length;
  return count;
}

/** The header and the first rows of the example's assay. */
const assayOf = (labels: number) =>
  readFileSync(`${tiny}/assay.csv`, 'utf8')
    .split('\n')
    .slice(0, labels + 1)
    .join('\n');

describe('kill -9 inside every state', () => {
  test('of the whole way, SV1 and missing dynamics included, gives the artifacts of the undisturbed run', async () => {
    const folder = campaignLike('bace-tiny', 'killed', (campaign) => {
      Object.assign(campaign.quantum, { layers: 2, latentSize: 4, refineSteps: 1 });
      Object.assign(campaign.dynamics, { tier: 'smoke', candidates: 0 });
    });
    main = await both((on) => on.upload(folder));
    await expectSame(main.calm, main.disturbed);
    expect(main.calm.status.outcome).toBe('PARTIAL');
    expect(main.calm.status.reasons.map(({ code }) => code)).toContain('DYNAMICS_UNAVAILABLE');
    expect(await taskCount(disturbed)).toBe(await taskCount(calm));
    const states = note('the whole way: SV1, dynamics without Python', 'PARTIAL, same reasons, artifacts and draws');
    for (const name of [
      'PrepareRun',
      'EncodeLigands',
      'TrainHybrid',
      'RunCircuits',
      'SubmitCircuits',
      'TellProblem',
      'WriteReport',
      'SubmitJob',
    ]) {
      expect(states).toContain(name);
    }
  });

  test('of a plan, a failure and a run with parts left out ends them as if nothing had been', async () => {
    const plan = await both((on) => on.request(tiny, { budgetMicroUsd: 0 }));
    await expectSame(plan.calm, plan.disturbed);
    expect(plan.disturbed.status.outcome).toBe('PLANNED');
    note('a budget of 0', 'PLANNED');

    const tooFew = campaignLike('bace-tiny', 'too-few', () => {}, { 'assay.csv': assayOf(3) });
    const failed = await both((on) => on.upload(tooFew));
    await expectSame(failed.calm, failed.disturbed);
    expect(failed.disturbed.status.outcome).toBe('FAILED');
    expect(failed.disturbed.status.reasons[0]?.message).toMatch(/^TooFewLabels: /);
    note('three labels', 'FAILED, same reason');

    const partial = campaignLike('bace-tiny', 'left-out', ({ dynamics }) => Object.assign(dynamics, { tier: 'smoke' }), {
      'assay.csv': assayOf(29),
      'reference.sdf': 'no pose\n',
    });
    const leftOut = await both((on) => on.upload(partial));
    await expectSame(leftOut.calm, leftOut.disturbed);
    expect(leftOut.disturbed.status.reasons.map(({ code }) => code)).toEqual(['AUDIT_UNAVAILABLE', 'DYNAMICS_UNAVAILABLE']);
    note('29 labels, a reference that cannot be read', 'PARTIAL, same reasons and artifacts');

    const small = await both((on) => on.upload(campaignLike('bace-tiny', 'no-dynamics', () => {}, { 'assay.csv': assayOf(29) })));
    await expectSame(small.calm, small.disturbed);
    note('29 labels, no dynamics wanted', 'PARTIAL, same reasons and artifacts');
  });

  test('of a training cut into several executions gives the same state, and of one that cannot go on, the last state', async () => {
    const train = async (on: WorkflowClient, { runId }: FinishedRun) => {
      const stateUri = uri(DATA_BUCKET, place.state(runId, 'train', 0, 'expectations'));
      const input = {
        runId,
        stage: 'train',
        device: 'lambda',
        innerSteps: 5,
        maxQueueSeconds: 3600,
        iterationsPerExecution: 1,
        segment: 0,
      };
      const whole = await execute(on, 'Optimize', `${runId}-in-parts`, { ...input, stateUri });
      const stuck = await execute(on, 'Optimize', `${runId}-stuck`, { ...input, stateUri: `${stateUri}.missing` });
      const { key } = parseUri((whole.output as { stateUri: string }).stateUri);
      const bytes = Buffer.from(await on.artifacts.readBytes(key));
      return { whole: whole.status, done: key.endsWith('-done.bin'), bytes: bytes.toString('base64'), stuck };
    };
    const before = Buffer.from(await calm.artifacts.readBytes(place.state(main.calm.runId, 'train', 20, 'done'))).toString(
      'base64',
    );
    const [one, other] = [await train(calm, main.calm), await train(disturbed, main.disturbed)];
    expect(other.whole).toBe('SUCCEEDED');
    expect(other.done).toBe(true);
    expect(other.bytes === one.bytes).toBe(true);
    expect(one.bytes === before).toBe(true);
    for (const { status, output } of [one.stuck, other.stuck]) {
      expect(status).toBe('SUCCEEDED');
      const { reasons } = output as { reasons: { code: string; message: string }[] };
      expect(reasons.map(({ code }) => code)).toEqual(['TRAINING_INCOMPLETE']);
      expect(reasons[0]!.message).toContain('ArtifactMissing');
    }
    note('Optimize by itself: four segments, a state that is gone', 'same state, same reason');
  });

  test('of a failing job leaves its machine succeeded: the missing result is judged later', async () => {
    // Whatever cannot run the job fails it; this one is certainly there.
    await killed.restart({ python: process.execPath });
    const { runId } = main.disturbed;
    const { status, output } = await execute(disturbed, 'Compute', `${runId}-failing`, {
      runId,
      jobName: `${runId}-failing`,
      arraySize: 1,
      attemptSeconds: 60,
      jobUri: uri(DATA_BUCKET, place.dynamicsJob(runId)),
      outputUri: uri(DATA_BUCKET, `runs/${runId}/dynamics/failing`),
    });
    expect(status).toBe('SUCCEEDED');
    expect(output).toEqual({ reasons: [] });
    note('Compute by itself: a job that fails', 'SUCCEEDED without a result');
  });

  test('has happened in every state of the three machines', () => {
    const rows = outcomes.flatMap(({ what, states, same }) => states.map((name) => ({ name, what, same })));
    const all = ['discover', 'optimize', 'compute'].flatMap((machine) =>
      machineStates(machine).map((name) => ({ machine, name })),
    );
    const table = all.map(({ machine, name }) => {
      const row = rows.find((one) => one.name === name);
      return `${machine.padEnd(9)} ${name.padEnd(18)} ${row === undefined ? 'NOT KILLED' : `killed in: ${row.what.padEnd(56)} ended: ${row.same}`}`;
    });
    process.stdout.write(`\nkill -9 in every state (seed ${SEED}, ${killed.processes()} processes)\n${table.join('\n')}\n`);
    const done = new Set(rows.map(({ name }) => name));
    expect(all.filter(({ name }) => !done.has(name)).map(({ machine, name }) => `${machine} ${name}`)).toEqual([]);
  });
});
