/** Entry point of a local cloud in a process of its own, to be killed by a test: options as JSON in the first argument. */
import { createBatch } from '../../local-sim/batch.ts';
import { createBraket } from '../../local-sim/braket.ts';
import { createCloud } from '../../local-sim/cloud.ts';
import type { CloudProcessOptions } from './killable-cloud.ts';

const options = JSON.parse(process.argv[2]!) as CloudProcessOptions;
const cloud = await createCloud({
  stateDir: options.stateDir,
  port: options.port,
  services: [
    (context, keyring) =>
      createBraket(context, { ...options.braket, jobs: { credentials: keyring.issue('hybrid-job'), ...options.braket.jobs } }),
    (context) => createBatch(context, options.batch),
  ],
  log: () => {},
});
for (const bucket of options.buckets) {
  await cloud.s3.call('CreateBucket', { Bucket: bucket }).catch((error: Error) => {
    if (!error.name.startsWith('BucketAlready')) throw error;
  });
}
process.stdout.write(`${JSON.stringify({ endpoint: cloud.endpoint, port: cloud.port, credentials: cloud.credentials })}\n`);
