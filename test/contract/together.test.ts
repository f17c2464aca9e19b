/** All services at once, as the workflow uses them: an upload becomes an event, the event an execution, its states functions, their work objects. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cloud, createCloud } from '../../local-sim/cloud.ts';
import { applyPlan, type CloudPlan } from '../../local-sim/plan.ts';
import { createStates } from '../../local-sim/states/server.ts';
import { eventually } from './start-cloud.ts';

const Bucket = 'workflow-data';
let folder: string;
let cloud: Cloud;
let s3: S3Client;
let sfn: SFNClient;

const lambdaArn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
const machineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:Count';

const DEFINITION = {
  QueryLanguage: 'JSONata',
  StartAt: 'Lines',
  States: {
    Lines: {
      Type: 'Map',
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSON' },
        Arguments: { Bucket: '${Bucket}', Key: '{% $states.input.detail.object.key %}' },
      },
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' },
        StartAt: 'Double',
        States: {
          Double: {
            Type: 'Task',
            Resource: 'arn:aws:states:::lambda:invoke',
            Arguments: { FunctionName: '${Double}', Payload: { n: '{% $states.input %}' } },
            Output: '{% $states.result.Payload %}',
            End: true,
          },
        },
      },
      Output: { sum: '{% $sum($states.result) %}' },
      Next: 'Write',
    },
    Write: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke',
      Arguments: { FunctionName: '${Write}', Payload: { sum: '{% $states.input.sum %}' } },
      End: true,
    },
  },
};

async function start(): Promise<void> {
  const handler = (name: string, code: string) => {
    const entry = join(folder, `${name}.mjs`);
    writeFileSync(entry, code);
    return { name, entry, memoryMb: 256, timeoutSeconds: 20, environment: {} };
  };
  const definitionPath = join(folder, 'count.asl.json');
  writeFileSync(definitionPath, JSON.stringify(DEFINITION));
  cloud = await createCloud({
    stateDir: join(folder, 'state'),
    services: [(context) => createStates(context)],
    functions: [
      handler('Double', 'export const handler = async ({ n }) => 2 * n;'),
      handler(
        'Write',
        `import { createHash } from 'node:crypto';
        export const handler = async ({ sum }) => {
          const { S3Client, PutObjectCommand } = await import(${JSON.stringify(import.meta.resolve('@aws-sdk/client-s3'))});
          const s3 = new S3Client({});
          await s3.send(new PutObjectCommand({ Bucket: '${Bucket}', Key: 'out/sum.json', Body: JSON.stringify({ sum }) }));
          console.log(JSON.stringify({ _aws: { CloudWatchMetrics: [{ Namespace: 'QEFM', Dimensions: [[]], Metrics: [{ Name: 'Sum' }] }] }, Sum: sum }));
          return { sum };
        };`,
      ),
    ],
    s3Grants: { Write: [{ to: 'write', bucket: Bucket, prefix: 'out/' }] },
    log: () => {},
  });
  const plan: CloudPlan = {
    buckets: [{ name: Bucket, events: true }],
    machines: [
      { name: 'Count', definitionPath, substitutions: { Bucket, Double: lambdaArn('Double'), Write: lambdaArn('Write') } },
    ],
    rules: [
      {
        name: 'uploaded',
        eventPattern: { source: ['aws.s3'], 'detail-type': ['Object Created'], detail: { object: { key: [{ prefix: 'in/' }] } } },
        targets: [{ id: 'count', arn: machineArn }],
      },
    ],
  };
  await applyPlan(cloud, plan);
  const client = { endpoint: cloud.endpoint, region: cloud.region, credentials: cloud.credentials };
  s3 = new S3Client(client);
  sfn = new SFNClient(client);
}

async function stop(): Promise<void> {
  s3.destroy();
  sfn.destroy();
  await cloud.stop();
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'together-'));
  await start();
});
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

const ended = () =>
  eventually(async () => {
    const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn: machineArn }));
    return executions.length > 0 && executions.every((e) => e.status !== 'RUNNING') ? executions : undefined;
  }, 40_000);

describe('the services together', () => {
  test('carry an upload through event, machine, map and functions to a result and a metric', async () => {
    await s3.send(
      new PutObjectCommand({ Bucket, Key: 'in/numbers.json', Body: JSON.stringify(Array.from({ length: 50 }, (_, i) => i)) }),
    );
    const [execution] = await ended();
    const described = await sfn.send(new DescribeExecutionCommand({ executionArn: execution!.executionArn }));
    expect([described.status, described.error, described.cause]).toEqual(['SUCCEEDED', undefined, undefined]);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'out/sum.json' }));
    expect(JSON.parse(await Body!.transformToString())).toEqual({ sum: 2450 });
    const { Metrics } = await cloud.monitoring.call('ListMetrics', { Namespace: 'QEFM' });
    expect(Metrics).toEqual([{ Namespace: 'QEFM', MetricName: 'Sum', Dimensions: [] }]);
  });

  test('start nothing twice, and know everything after a restart with the same plan', async () => {
    const before = await ended();
    await stop();
    await start();
    expect((await ended()).map((e) => e.executionArn)).toEqual(before.map((e) => e.executionArn));
    expect((await s3.send(new GetObjectCommand({ Bucket, Key: 'in/numbers.json' }))).ContentLength).toBeGreaterThan(0);
    expect(cloud.events.openDeliveries()).toBe(0);
  });
});
