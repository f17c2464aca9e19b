/** Hybrid jobs through the SDK for Python, which also runs inside them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PYTHON, runPython, startTestCloud, type TestCloud } from '../support/local-cloud.ts';

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud({ braket: { jobs: { python: PYTHON } } });
});
afterAll(() => cloud.remove());

test('satisfies AwsQuantumJob: creation, waiting with logs, results, checkpoints, tasks, cancellation', async () => {
  const found = (await runPython(cloud, 'braket_jobs.py', {}, 290_000)) as { waited: { printed: string } };
  expect(found).toMatchObject({
    created: {
      jobName: 'first',
      status: expect.stringMatching(/QUEUED|RUNNING/),
      tags: { project: 'x' },
      hyperParameters: { shots: '20' },
      instanceConfig: { instanceType: 'ml.m5.xlarge', instanceCount: 1, volumeSizeInGb: 30 },
      deviceConfig: { device: 'arn:aws:braket:::device/quantum-simulator/amazon/sv1' },
    },
    result: {
      counts: { 1: 20 },
      hyperparameters: { shots: '20' },
      name: 'first',
      folder: expect.stringMatching(/^jobs\/first\/tasks\//),
      checkpoint: { angle: Math.PI },
    },
    state: 'COMPLETED',
    decorated: [
      { power: 81 },
      'arn:aws:iam::000000000000:role/service-role/AmazonBraketJobsExecutionRole',
      { base: '3', exponent: '4' },
    ],
    tasks: ['COMPLETED'],
    metrics: { iteration_number: [0, 1, 2], loss: [1, 0.5, 1 / 3] },
    position: expect.stringContaining('Job is in COMPLETED status'),
    missing: [],
    waited: { state: 'COMPLETED', result: {} },
    cancelled: ['CANCELLING', 'CANCELLED'],
    ended: 'ConflictException',
    image: expect.stringContaining('the local cloud has no containers'),
  });
  expect(found.waited.printed).toMatch(/continues with \['first\.json'\]\n.*an error stream/s);
  // The SDK takes seconds to import, and many more where other work shares the processors.
}, 300_000);
