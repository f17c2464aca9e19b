/** Which states of a loop stay in the bucket. */
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseUri, place } from '../../core/contracts/places.ts';
import type { AffinityState, TrainState } from '../../core/problems/affinity-state.ts';
import { createArtifactStore } from '../../lambdas/shared/artifacts.ts';
import { listStates, readState, writeState } from '../../lambdas/shared/models.ts';
import { type StartedCloud, startCloud } from '../contract/start-cloud.ts';
import { trainState } from '../core/problems/scenario.ts';

let started: StartedCloud;
beforeAll(async () => {
  started = await startCloud();
  await started.cloud.s3.call('CreateBucket', { Bucket: 'data' });
});
afterAll(() => started[Symbol.asyncDispose]());

test('the last two steps, every fiftieth and the best weights stay, and nothing else', async () => {
  const store = createArtifactStore(new S3Client({ ...started.client, forcePathStyle: true }), 'data');
  const start = trainState();
  const best: TrainState['best'] = { ...start.best!, iteration: 2, head: start.head.flat.map((value) => value + 1) };
  const state = (iteration: number, phase: AffinityState['phase']): TrainState => ({ ...start, iteration, phase, best });
  const left = async () =>
    (await listStates(store, 'run', 'train')).map((key) => /state-0*(\d+-[a-z-]+)\.bin$/.exec(key)![1]!.replace(/^-/, '0-'));

  let last = '';
  for (const iteration of [0, 1, 2, 3, 49, 50, 51, 99, 100, 101, 102])
    for (const phase of ['expectations', 'gradient'] as const) last = await writeState(store, 'run', state(iteration, phase));
  const fiftieths = [0, 50, 100].flatMap((n) => [`${n}-expectations`, `${n}-gradient`]);
  const lastTwo = [101, 102].flatMap((n) => [`${n}-expectations`, `${n}-gradient`]);
  expect(await left()).toEqual([...fiftieths, ...lastTwo]);

  // The best weights are long past; they ride in the last state.
  const read = (await readState(store, last)) as TrainState;
  expect(read.best).toMatchObject({ iteration: 2, loss: best.loss });
  expect([...read.best!.head]).toEqual([...best.head]);

  // A retried step writes its state again and clears away nothing that is wanted.
  await writeState(store, 'run', state(102, 'gradient'));
  expect(await left()).toEqual([...fiftieths, ...lastTwo]);
  // Another stage is no business of this one.
  const other = place.state('run', 'refine', 1, 'expectations');
  await store.writeBytes(other, 'x', 'application/octet-stream');
  const done = await writeState(store, 'run', state(103, 'done'));
  expect(await store.exists(other)).toBe(true);
  expect(await store.exists(parseUri(done).key)).toBe(true);
  expect((await left()).slice(-4)).toEqual(['101-gradient', '102-expectations', '102-gradient', '103-done']);
});
