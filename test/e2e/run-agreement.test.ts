/** One training, two ways: inside a Lambda and as Braket tasks on emulated SV1. And the example's circuits against another simulator. */
import { readFileSync } from 'node:fs';
import { BraketClient, CreateQuantumTaskCommand, GetQuantumTaskCommand } from '@aws-sdk/client-braket';
import { DescribeExecutionCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseUri, place, uri } from '../../core/contracts/places.ts';
import { decodeTensors } from '../../core/contracts/tensors.ts';
import type { CircuitBatch, HeadCircuit } from '../../core/problems/problem.ts';
import { type CompiledBatch, compileBatch } from '../../core/problems/programs.ts';
import { simulateBatch } from '../../core/problems/simulate.ts';
import { createArtifactStore } from '../../lambdas/shared/artifacts.ts';
import { DATA_BUCKET, executionArnOf, machineArn, RESULTS_BUCKET, startWorkflow, type Workflow } from '../support/e2e.ts';
import { campaignLike, removeCampaigns, SV1 } from '../support/e2e-campaign.ts';

const TOLERANCE = 1e-10;
const STEPS = 3;

interface RecordedRequest {
  kind: 'expectations' | 'gradient';
  amplitudes: number[];
  cotangent: number[];
  angles: boolean;
  directions: number[][];
}
interface RecordedGradient {
  expectation: number;
  gradient: Record<string, number>;
}
interface Recorded {
  header: Record<string, string>;
  batches: {
    file: string;
    circuit: Omit<HeadCircuit, 'theta'> & { theta: number[] };
    requests: RecordedRequest[];
    answers: (number[] | RecordedGradient)[];
  }[];
}

const recorded = JSON.parse(
  readFileSync(new URL('../golden/examples/bace-tiny-circuits.json', import.meta.url), 'utf8'),
) as Recorded;

function batchOf({ circuit, requests }: Recorded['batches'][number]): CircuitBatch {
  return {
    circuit: { ...circuit, theta: Float64Array.from(circuit.theta) },
    requests: requests.map((request) =>
      request.kind === 'expectations'
        ? { kind: request.kind, amplitudes: Float64Array.from(request.amplitudes) }
        : {
            kind: request.kind,
            amplitudes: Float64Array.from(request.amplitudes),
            cotangent: Float64Array.from(request.cotangent),
            angles: request.angles,
            directions: request.directions.map((direction) => Float64Array.from(direction)),
          },
    ),
  };
}

const batches = recorded.batches.map((one) => {
  const batch = batchOf(one);
  const compiled: CompiledBatch = compileBatch(batch, { kind: 'sv1', shots: 0, maximumExecutables: 1 });
  return { batch, tasks: compiled.tasks.slice(0, one.answers.length), answers: one.answers };
});

let workflow: Workflow;
beforeAll(async () => {
  workflow = await startWorkflow({ braket: { concurrency: 8 } });
});
afterAll(async () => {
  await workflow[Symbol.asyncDispose]();
  removeCampaigns();
});

/** Largest difference of all numbers of two states, tensors and header alike; a word that differs counts as infinite. */
function largestDifference(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b);
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a === b ? 0 : Number.POSITIVE_INFINITY;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  if (left.length !== right.length) return Number.POSITIVE_INFINITY;
  return left.reduce((most, [key, value]) => Math.max(most, largestDifference(value, (b as Record<string, unknown>)[key])), 0);
}

describe('training', () => {
  test('inside a Lambda and through tasks on SV1 gives the same weights, moments, curve and best state at zero shots', async () => {
    const folder = campaignLike('bace-tiny', 'agreement', ({ quantum }) =>
      Object.assign(quantum, {
        qubits: 4,
        layers: 2,
        latentSize: 2,
        trainDevice: SV1,
        trainSteps: STEPS,
        refineDevice: 'lambda',
        refineSteps: 0,
      }),
    );
    const run = await workflow.finish(await workflow.upload(folder));
    expect(run.status.outcome).toBe('SUCCEEDED');
    const device = run.manifest.devices.find((one) => one.device === SV1)!;
    expect(device.tasks).toBeGreaterThan(STEPS * 8);

    const { runId } = run;
    const { training } = JSON.parse(await workflow.text(place.facts(runId))) as { training: Record<string, unknown> };
    expect(training).toMatchObject({ device: SV1, circuits: device.circuits, shots: 0 });
    const first = await workflow.artifacts.readBytes(place.state(runId, 'train', 0, 'expectations'));
    const twin = `${runId}-twin`;
    const twinKey = place.state(twin, 'train', 0, 'expectations');
    await workflow.artifacts.writeBytes(twinKey, first, 'application/octet-stream');
    const input = {
      runId: twin,
      stage: 'train',
      stateUri: uri(DATA_BUCKET, twinKey),
      device: 'lambda',
      innerSteps: 1,
      maxQueueSeconds: 3600,
      iterationsPerExecution: 200,
      segment: 0,
    };
    await workflow.sfn.send(
      new StartExecutionCommand({ stateMachineArn: machineArn('Optimize'), name: twin, input: JSON.stringify(input) }),
    );
    let output: string | undefined;
    while (output === undefined) {
      const found = await workflow.sfn.send(new DescribeExecutionCommand({ executionArn: executionArnOf('Optimize', twin) }));
      expect(['RUNNING', 'SUCCEEDED']).toContain(found.status);
      output = found.output;
      await new Promise((wake) => setTimeout(wake, 50));
    }
    const { stateUri, reasons } = JSON.parse(output) as { stateUri: string; reasons: unknown[] };
    expect(reasons).toEqual([]);
    const lambda = decodeTensors(await workflow.artifacts.readBytes(parseUri(stateUri).key));
    const sv1 = decodeTensors(await workflow.artifacts.readBytes(place.state(runId, 'train', STEPS, 'done')));
    expect(largestDifference(sv1, lambda)).toBeLessThan(TOLERANCE);
    // It did learn: the comparison is not of two states that never moved.
    expect(largestDifference(sv1.tensors, decodeTensors(first).tensors)).toBeGreaterThan(1e-4);
  });
});

describe('the circuits of the example against amazon-braket-default-simulator', () => {
  test('are on record, at least fifty, mean values, gradients and shifted states among them', () => {
    expect(recorded.header['tool']).toBe('amazon-braket-default-simulator');
    expect(batches.reduce((sum, { answers }) => sum + answers.length, 0)).toBeGreaterThanOrEqual(50);
    expect(new Set(batches.flatMap(({ tasks }) => tasks.map(({ circuits }) => circuits[0]!.role.kind)))).toEqual(
      new Set(['value', 'adjoint', 'direction']),
    );
  });

  test('have the recorded values inside a Lambda', () => {
    let compared = 0;
    for (const { batch, tasks, answers } of batches) {
      const results = simulateBatch(batch);
      for (const [i, { circuits, requestIndices }] of tasks.entries()) {
        const request = batch.requests[requestIndices[0]!]!;
        const result = results[requestIndices[0]!]!;
        const { role } = circuits[0]!;
        const answer = answers[i]!;
        if (role.kind === 'value' && result.kind === 'expectations') {
          expect(largestDifference([...result.values], answer)).toBeLessThan(TOLERANCE);
          compared++;
        } else if (role.kind === 'adjoint' && result.kind === 'gradient') {
          expect(largestDifference([...result.theta], Object.values((answer as RecordedGradient).gradient))).toBeLessThan(
            TOLERANCE,
          );
          compared++;
        } else if (
          role.kind === 'direction' &&
          role.sign === 1 &&
          result.kind === 'gradient' &&
          request.kind === 'gradient' &&
          i + 1 < tasks.length
        ) {
          // A pair of shifted states is one number: the derivative along the direction.
          const weighted = (values: number[]) => values.reduce((sum, value, k) => sum + request.cotangent[k]! * value, 0);
          const derivative = weighted(answer as number[]) - weighted(answers[i + 1] as number[]);
          expect(Math.abs(result.directions[role.index]! - derivative)).toBeLessThan(TOLERANCE);
          compared += 2;
        }
      }
    }
    expect(compared).toBeGreaterThanOrEqual(50);
  });

  test('have the recorded values as tasks on emulated SV1', async () => {
    const braket = new BraketClient(workflow.client);
    const results = createArtifactStore(workflow.s3, RESULTS_BUCKET);
    for (const [b, { tasks, answers }] of batches.entries()) {
      const arns = await Promise.all(
        tasks.map(async ({ action }, i) => {
          const request = {
            deviceArn: SV1,
            shots: 0,
            action: JSON.stringify(action),
            outputS3Bucket: RESULTS_BUCKET,
            outputS3KeyPrefix: `recorded/${b}/${i}`,
            clientToken: `recorded-${b}-${i}`,
          };
          return (await braket.send(new CreateQuantumTaskCommand(request))).quantumTaskArn!;
        }),
      );
      for (const [i, quantumTaskArn] of arns.entries()) {
        let status: string | undefined;
        while (status !== 'COMPLETED') {
          ({ status } = await braket.send(new GetQuantumTaskCommand({ quantumTaskArn })));
          expect(['CREATED', 'QUEUED', 'RUNNING', 'COMPLETED']).toContain(status);
          if (status !== 'COMPLETED') await new Promise((wake) => setTimeout(wake, 20));
        }
        const bytes = await results.readBytes(`recorded/${b}/${i}/${quantumTaskArn.split('/').at(-1)}/results.json`);
        const { resultTypes } = JSON.parse(new TextDecoder().decode(bytes)) as { resultTypes: { value: unknown }[] };
        const answer = answers[i]!;
        if (Array.isArray(answer))
          expect(
            largestDifference(
              resultTypes.map(({ value }) => value),
              answer,
            ),
          ).toBeLessThan(TOLERANCE);
        else expect(largestDifference(resultTypes[0]!.value, answer)).toBeLessThan(TOLERANCE);
      }
    }
  });
});
