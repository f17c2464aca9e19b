/** The SDK for JavaScript against the local EventBridge, with functions as targets and S3 as a source. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteRuleCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CloudOptions } from '../../local-sim/cloud.ts';
import { eventually, type StartedCloud, startCloud } from './start-cloud.ts';

let folder: string;
let started: StartedCloud;
let events: EventBridgeClient;
let s3: S3Client;

/** A function that appends what it gets to a file, one line each. */
const recorder = (name: string) => {
  const entry = join(folder, `${name}.mjs`);
  writeFileSync(
    entry,
    `import { appendFileSync } from 'node:fs';\nexport const handler = (event) => { appendFileSync(${JSON.stringify(join(folder, `${name}.log`))}, JSON.stringify(event) + '\\n'); };`,
  );
  return { name, entry, memoryMb: 128, timeoutSeconds: 10, environment: {} };
};
const received = (name: string): Record<string, unknown>[] => {
  try {
    return readFileSync(join(folder, `${name}.log`), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  } catch {
    return [];
  }
};
const arn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

async function start(options: Omit<CloudOptions, 'stateDir'> = {}) {
  started = await startCloud({ functions: [recorder('Recorder'), recorder('Other')], ...options });
  events = new EventBridgeClient(started.client);
  s3 = new S3Client(started.client);
}
async function rule(Name: string, pattern: object, target: object = {}) {
  await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify(pattern) }));
  await events.send(new PutTargetsCommand({ Rule: Name, Targets: [{ Id: 't', Arn: arn('Recorder'), ...target }] }));
}
const send = (detail: object, Source = 'qefm.test', DetailType = 'Thing') =>
  events.send(new PutEventsCommand({ Entries: [{ Source, DetailType, Detail: JSON.stringify(detail) }] }));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'events-'));
});
afterEach(async () => {
  events.destroy();
  s3.destroy();
  await started[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

describe('rules', () => {
  test('are put, described, listed, switched off and on, and deleted without targets only', async () => {
    await start();
    await rule('first', { source: ['a'] });
    expect(await events.send(new DescribeRuleCommand({ Name: 'first' }))).toMatchObject({
      State: 'ENABLED',
      Arn: 'arn:aws:events:us-east-1:000000000000:rule/first',
    });
    await events.send(new DisableRuleCommand({ Name: 'first' }));
    expect((await events.send(new ListRulesCommand({ NamePrefix: 'fir' }))).Rules?.[0]?.State).toBe('DISABLED');
    await events.send(new EnableRuleCommand({ Name: 'first' }));
    expect((await events.send(new ListTargetsByRuleCommand({ Rule: 'first' }))).Targets).toHaveLength(1);
    await expect(events.send(new DeleteRuleCommand({ Name: 'first' }))).rejects.toMatchObject({ name: 'ValidationException' });
    await events.send(new RemoveTargetsCommand({ Rule: 'first', Ids: ['t'] }));
    await events.send(new DeleteRuleCommand({ Name: 'first' }));
    await expect(events.send(new DescribeRuleCommand({ Name: 'first' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test('refuse a pattern, a schedule and a target that they could not honour', async () => {
    await start();
    await expect(
      events.send(new PutRuleCommand({ Name: 'bad', EventPattern: '{"source":[{"sounds-like":"x"}]}' })),
    ).rejects.toMatchObject({ name: 'InvalidEventPatternException' });
    await expect(events.send(new PutRuleCommand({ Name: 'bad', ScheduleExpression: 'rate(5 minute)' }))).rejects.toMatchObject({
      name: 'ValidationException',
    });
    await events.send(new PutRuleCommand({ Name: 'ok', EventPattern: '{"source":["x"]}' }));
    await expect(
      events.send(new PutTargetsCommand({ Rule: 'ok', Targets: [{ Id: 'q', Arn: 'arn:aws:sqs:us-east-1:000000000000:queue' }] })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
    const tested = await events.send(
      new TestEventPatternCommand({ EventPattern: '{"source":[{"prefix":"qefm"}]}', Event: '{"id":"1","source":"qefm.x"}' }),
    );
    expect(tested.Result).toBe(true);
  });
});

describe('events', () => {
  test('reach the targets of the rules they match, in the shape of EventBridge', async () => {
    await start();
    await rule('match', { source: ['qefm.test'], detail: { n: [{ numeric: ['>', 1] }] } });
    await send({ n: 1 });
    const { Entries } = await send({ n: 2 });
    await eventually(() => received('Recorder').length > 0 && started.cloud.events.openDeliveries() === 0);
    expect(received('Recorder')).toEqual([
      {
        version: '0',
        id: Entries![0]!.EventId,
        'detail-type': 'Thing',
        source: 'qefm.test',
        account: '000000000000',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        region: 'us-east-1',
        resources: [],
        detail: { n: 2 },
      },
    ]);
  });

  test('are transformed on the way', async () => {
    await start();
    const InputTransformer = {
      InputPathsMap: { n: '$.detail.n', who: '$.detail.who' },
      InputTemplate: '{"number": <n>, "text": "of <who>", "rule": "<aws.events.rule-name>"}',
    };
    await rule('transform', { source: ['qefm.test'] }, { InputTransformer });
    await send({ n: 5, who: 'Ada "L"' });
    await eventually(() => received('Recorder').length);
    expect(received('Recorder')).toEqual([{ number: 5, text: 'of Ada "L"', rule: 'transform' }]);
  });

  test('that are malformed or pretend to come from AWS fail alone', async () => {
    await start();
    const out = await events.send(
      new PutEventsCommand({
        Entries: [
          { Source: 'aws.s3', DetailType: 'x', Detail: '{}' },
          { Source: 'a', DetailType: 'x', Detail: 'no json' },
          { Source: 'a', DetailType: 'x', Detail: '{}' },
        ],
      }),
    );
    expect(out.FailedEntryCount).toBe(2);
    expect(out.Entries?.map((e) => e.ErrorCode)).toEqual(['NotAuthorizedForSourceException', 'MalformedDetail', undefined]);
  });

  test('for a target that does not exist end among the dead letters', async () => {
    await start();
    await rule(
      'lost',
      { source: ['qefm.test'] },
      { Arn: arn('Absent'), DeadLetterConfig: { Arn: 'arn:aws:sqs:us-east-1:000000000000:letters' } },
    );
    await send({});
    const [letter] = await eventually(() =>
      started.cloud.events.deadLetters().length > 0 ? started.cloud.events.deadLetters() : undefined,
    );
    expect(letter).toMatchObject({
      errorCode: 'ResourceNotFoundException',
      deadLetterArn: 'arn:aws:sqs:us-east-1:000000000000:letters',
      ruleName: 'lost',
    });
  });

  test('can be lost, doubled and delayed on purpose', async () => {
    let seen = 0;
    await start({ eventFault: () => [{ copies: 0 }, { copies: 2 }, { delayMs: 300 }][seen++] });
    await rule('faulty', { source: ['qefm.test'] });
    const numbers = () => received('Recorder').map((e) => (e['detail'] as { n: number }).n);
    for (const n of [0, 1]) await send({ n });
    const sentAt = Date.now();
    await send({ n: 2 });
    await eventually(() => numbers().includes(2));
    // Seen never before it came, so a slow machine can only make this wait longer.
    expect(Date.now() - sentAt).toBeGreaterThanOrEqual(300);
    await send({ n: 3 });
    await eventually(() => numbers().length === 4);
    expect(numbers().sort()).toEqual([1, 1, 2, 3]);
  });
});

describe('S3', () => {
  test('sends Object Created and Object Deleted in the real shape, once the bucket is told to', async () => {
    await start();
    const Bucket = 'uploads';
    await s3.send(new CreateBucketCommand({ Bucket }));
    await rule('library', {
      source: ['aws.s3'],
      'detail-type': ['Object Created', 'Object Deleted'],
      detail: { bucket: { name: [Bucket] }, object: { key: [{ wildcard: 'campaigns/*/libraries/*.smi' }] } },
    });
    await s3.send(new PutObjectCommand({ Bucket, Key: 'campaigns/a/libraries/silent.smi', Body: 'x' }));
    await s3.send(
      new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: { EventBridgeConfiguration: {} } }),
    );
    await s3.send(new PutObjectCommand({ Bucket, Key: 'campaigns/a/other.txt', Body: 'x' }));
    const made = await s3.send(new PutObjectCommand({ Bucket, Key: 'campaigns/a/libraries/b.smi', Body: 'CCO' }));
    await eventually(() => received('Recorder').length > 0);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'campaigns/a/libraries/b.smi' }));
    await eventually(() => received('Recorder').length > 1);
    const [created, deleted] = received('Recorder');
    expect(created).toMatchObject({
      source: 'aws.s3',
      'detail-type': 'Object Created',
      resources: ['arn:aws:s3:::uploads'],
      detail: {
        version: '0',
        bucket: { name: Bucket },
        object: {
          key: 'campaigns/a/libraries/b.smi',
          size: 3,
          etag: made.ETag!.replaceAll('"', ''),
          'version-id': made.VersionId,
          sequencer: expect.stringMatching(/^[0-9A-F]{18}$/),
        },
        'request-id': expect.any(String),
        requester: '000000000000',
        'source-ip-address': expect.any(String),
        reason: 'PutObject',
      },
    });
    expect(deleted).toMatchObject({
      'detail-type': 'Object Deleted',
      detail: { reason: 'DeleteObject', 'deletion-type': 'Delete Marker Created' },
    });
    const order = [created, deleted].map((e) => (e!['detail'] as { object: { sequencer: string } }).object.sequencer);
    expect(order[0]! < order[1]!).toBe(true);
  });
});
