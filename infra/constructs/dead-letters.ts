import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Duration } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { manifest } from '../manifest.ts';
import { suppress } from './suppress.ts';

/** Queues of events that nobody could take, each with an alarm in the monitoring stack. */
export const { deadLetterQueues } = manifest;
export const deadLetterQueueName = (part: string) => `${manifest.name}-${part}`;

/** A queue at the end of the line: encrypted, TLS only, kept for as long as a queue can keep. */
export function deadLetters(scope: Construct, id: string, part: string): Queue {
  const queue = new Queue(scope, id, {
    queueName: deadLetterQueueName(part),
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  suppress(queue, [{ id: 'AwsSolutions-SQS3', reason: 'This is the dead-letter queue.' }]);
  return queue;
}
