/** What a failed run leaves of its money: nothing reserved, and the bill of what was drawn. */
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Ledger } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import { createArtifactStore } from '../../lambdas/shared/artifacts.ts';
import { createRunLedger } from '../../lambdas/shared/ledger.ts';
import { type StartedCloud, startCloud } from '../contract/start-cloud.ts';

const DATA = 'qefm-data';
const CAP_MICRO_USD = 1000;
let started: StartedCloud;

beforeAll(async () => {
  started = await startCloud();
  await started.cloud.s3.call('CreateBucket', { Bucket: DATA });
  Object.assign(process.env, started.cloud.env(), {
    DATA_BUCKET: DATA,
    QUANTUM_BUCKETS: '{}',
    DEVICE_REGIONS: '{}',
    CODE_VERSION: 'test',
    DAY_CAP_MICRO_USD: String(CAP_MICRO_USD),
    ACCOUNT_CAP_MICRO_USD: String(CAP_MICRO_USD),
  });
});
afterAll(() => started[Symbol.asyncDispose]());

test('settling a failed run frees what its stages reserved, books what they drew, and does so once', async () => {
  const store = createArtifactStore(new S3Client({ ...started.client, forcePathStyle: true }), DATA);
  const caps = { dayMicroUsd: CAP_MICRO_USD, accountMicroUsd: CAP_MICRO_USD };
  const moneyOf = (runId: string) => createRunLedger(store, runId, caps, Date.now);
  const failed = moneyOf('failed');
  await failed.reserve('train', 400, 1000);
  await failed.draw('train', 'one', 150);
  await failed.settle('train');
  await failed.reserve('refine', 500, 1000);
  await failed.draw('refine', 'two', 70);
  await failed.reserve('dynamics', 200, 1000);
  // What is held is held against everybody.
  await expect(moneyOf('next').reserve('train', 700, 1000)).rejects.toThrow(/the day's cap/);

  const { handler } = await import('../../lambdas/steps/settle-funds.ts');
  const context = { getRemainingTimeInMillis: () => 60_000 } as never;
  for (let i = 0; i < 2; i++) {
    expect(await handler({ runId: 'failed', stage: 'all' }, context)).toEqual({ spentMicroUsd: 220 });
    expect(await store.read(place.ledger(), Ledger)).toMatchObject({
      reservations: {},
      spentByDay: { [new Date().toISOString().slice(0, 10)]: 220 },
      settled: { 'failed/train': 150, 'failed/refine': 70, 'failed/dynamics': 0 },
    });
  }
  await moneyOf('next').reserve('train', 700, 1000);
  expect(await handler({ runId: 'never-reserved', stage: 'all' }, context)).toEqual({ spentMicroUsd: 0 });
});
