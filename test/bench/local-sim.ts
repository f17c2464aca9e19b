/**
 * The local cloud's own figures: start-up to the first answer, and S3 through the real SDK, one request after another.
 * Rivals, measured by the same sequence on two shared cores (docs/benchmarks.md): ministack 0.8 s, 2.6 s, 4.0 s; versitygw 0.1 s, 2.2 s, 1.5 s.
 *
 *   node test/bench/local-sim.ts        JSON lines {bench, value, unit, goal}
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { createBatch } from '../../local-sim/batch.ts';
import { createBraket } from '../../local-sim/braket.ts';
import { createCloud } from '../../local-sim/cloud.ts';
import { createStates, type StatesService } from '../../local-sim/states/server.ts';

const OBJECTS = 1000;
const OBJECT_BYTES = 10_000;
const LARGE_BYTES = 200 * 2 ** 20;

interface Child {
  client: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  residentMb(): Promise<number>;
  end(): Promise<void>;
}

/** A cloud without functions in a process of its own; resolves with the first line it prints. */
async function startChild(stateDir: string): Promise<Child> {
  const child = spawn(process.execPath, [import.meta.filename, 'child', stateDir], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse(String((await lines.next()).value)) as Record<string, unknown>;
  const client = (await next()) as unknown as Child['client'];
  return {
    client,
    async residentMb() {
      child.stdin.write('\n');
      return Number((await next())['residentMb']);
    },
    end: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}

async function beChild(stateDir: string): Promise<void> {
  const cloud = await createCloud({
    stateDir,
    services: [(c) => createStates(c), (c) => createBraket(c), (c) => createBatch(c)],
  });
  const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
  say({ endpoint: cloud.endpoint, region: cloud.region, credentials: cloud.credentials });
  process.stdin.on('data', () => say({ residentMb: process.memoryUsage().rss / 2 ** 20 }));
  process.once('SIGTERM', () => void cloud.stop().then(() => process.exit(0)));
}

const report = (bench: string, value: number, unit: string, goal: number) =>
  process.stdout.write(`${JSON.stringify({ bench: `local-sim/${bench}`, value: Math.round(value * 10) / 10, unit, goal })}\n`);
const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** The manifest's cloud as `npm run local` starts it, from the command to an answer. */
async function startWhole(stateDir: string): Promise<() => Promise<void>> {
  const main = join(import.meta.dirname, '..', '..', 'local-sim', 'main.ts');
  const child = spawn(process.execPath, [main, '--state', stateDir, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  await fetch((JSON.parse(String(value)) as { endpoint: string }).endpoint);
  return () =>
    new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGTERM');
    });
}

async function benchStart(folder: string): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    let end: (() => Promise<void>) | undefined;
    times.push(
      await timed(async () => {
        end = await startWhole(join(folder, `start-${i}`));
      }),
    );
    await end!();
  }
  report('start-up', median(times), 'ms', 1000);
}

async function benchS3(folder: string): Promise<void> {
  const child = await startChild(join(folder, 's3'));
  const s3 = new S3Client(child.client);
  const Bucket = 'bench';
  await s3.send(new CreateBucketCommand({ Bucket }));
  const Body = randomBytes(OBJECT_BYTES);
  await s3.send(new PutObjectCommand({ Bucket, Key: 'warm', Body }));
  report(
    's3-put-1000x10kb',
    await timed(async () => {
      for (let i = 0; i < OBJECTS; i++) await s3.send(new PutObjectCommand({ Bucket, Key: `objects/${i}`, Body }));
    }),
    'ms',
    2600,
  );
  report(
    's3-get-1000x10kb',
    await timed(async () => {
      for (let i = 0; i < OBJECTS; i++) {
        const { Body: got } = await s3.send(new GetObjectCommand({ Bucket, Key: `objects/${i}` }));
        if ((await got!.transformToByteArray()).length !== OBJECT_BYTES)
          throw new Error(`objects/${i} came back in another size`);
      }
    }),
    'ms',
    2600,
  );
  report('s3-list-1000', await timed(() => s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'objects/' }))), 'ms', 100);
  const before = await child.residentMb();
  const large = Buffer.alloc(LARGE_BYTES, 'abcdefg');
  report(
    's3-multipart-200mb',
    await timed(() => new Upload({ client: s3, params: { Bucket, Key: 'large', Body: large }, partSize: 8 * 2 ** 20 }).done()),
    'ms',
    4000,
  );
  report(
    's3-get-200mb',
    await timed(async () => {
      const { Body: got } = await s3.send(new GetObjectCommand({ Bucket, Key: 'large' }));
      let bytes = 0;
      for await (const piece of got as AsyncIterable<Uint8Array>) bytes += piece.length;
      if (bytes !== LARGE_BYTES) throw new Error(`wanted ${LARGE_BYTES} bytes, found ${bytes}`);
    }),
    'ms',
    2000,
  );
  report('s3-memory-growth', (await child.residentMb()) - before, 'MiB', 120);
  s3.destroy();
  await child.end();
}

/** The aim of the state machine, with functions in real worker threads: 10,000 items, each one invocation. */
async function benchMap(folder: string): Promise<void> {
  const items = 10_000;
  const entry = join(folder, 'noop.mjs');
  writeFileSync(entry, 'export const handler = async (event) => event;');
  const stateDir = join(folder, 'map');
  let states: StatesService | undefined;
  const cloud = await createCloud({
    stateDir,
    functions: [{ name: 'Noop', entry, memoryMb: 256, timeoutSeconds: 20, environment: {} }],
    services: [
      (context) => {
        states = createStates(context);
        return states;
      },
    ],
  });
  await cloud.s3.call('CreateBucket', { Bucket: 'bench' });
  await cloud.s3.call('PutObject', {
    Bucket: 'bench',
    Key: 'items.json',
    Body: JSON.stringify(Array.from({ length: items }, (_, i) => ({ i }))),
  });
  const definition = JSON.stringify({
    QueryLanguage: 'JSONata',
    StartAt: 'Map',
    States: {
      Map: {
        Type: 'Map',
        MaxConcurrency: 40,
        ItemReader: {
          Resource: 'arn:aws:states:::s3:getObject',
          ReaderConfig: { InputType: 'JSON' },
          Arguments: { Bucket: 'bench', Key: 'items.json' },
        },
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' },
          StartAt: 'Noop',
          States: {
            Noop: {
              Type: 'Task',
              Resource: 'arn:aws:states:::lambda:invoke',
              Arguments: { FunctionName: 'Noop', Payload: '{% $states.input %}' },
              Output: '{% $states.result.Payload.i %}',
              End: true,
            },
          },
        },
        Output: '{% $sum($states.result) %}',
        End: true,
      },
    },
  });
  const { stateMachineArn } = await cloud
    .peer('states')
    .call('CreateStateMachine', { name: 'Map', definition, roleArn: 'arn:aws:iam::000000000000:role/bench' });
  report(
    'map-10000-lambda',
    await timed(async () => {
      const { executionArn } = await cloud.peer('states').call('StartExecution', { stateMachineArn });
      await states!.ended(String(executionArn));
      const { output } = await cloud.peer('states').call('DescribeExecution', { executionArn });
      if (output !== String((items * (items - 1)) / 2)) throw new Error(`the map gave ${String(output)}`);
    }),
    'ms',
    10_000,
  );
  await cloud.stop();
}

if (process.argv[2] === 'child') await beChild(process.argv[3]!);
else {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    await benchStart(folder);
    await benchS3(folder);
    await benchMap(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
