/** The process that kill.test.ts kills: a cloud with a bucket whose events reach a function that writes down their keys. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCloud } from '../../local-sim/cloud.ts';
import { applyPlan } from '../../local-sim/plan.ts';

const stateDir = process.argv[2]!;
const entry = join(stateDir, 'recorder.mjs');
writeFileSync(
  entry,
  `import { appendFileSync } from 'node:fs';\nexport const handler = (event) => appendFileSync(${JSON.stringify(join(stateDir, 'events.log'))}, event.detail.object.key + '\\n');`,
);
const cloud = await createCloud({
  stateDir,
  functions: [{ name: 'Recorder', entry, memoryMb: 128, timeoutSeconds: 10, environment: {} }],
});
const arn = `arn:aws:lambda:${cloud.region}:${cloud.accountId}:function:Recorder`;
await applyPlan(cloud, {
  buckets: [{ name: 'kept', events: true }],
  machines: [],
  rules: [{ name: 'created', eventPattern: { source: ['aws.s3'] }, targets: [{ id: 'recorder', arn }] }],
});
process.stdout.write(`${JSON.stringify({ endpoint: cloud.endpoint, region: cloud.region, credentials: cloud.credentials })}\n`);
