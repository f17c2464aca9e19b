import type { CfnBucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { manifest } from '../manifest.ts';
import { bucketName } from '../names.ts';
import { suppress } from './suppress.ts';

/**
 * The manifest's buckets of one region and the one that receives their access logs, which must lie beside them: encrypted, private,
 * versioned, TLS only, logged. They outlive the stack unless they are emptied first (docs/deploy.md).
 */
export function manifestBuckets(scope: Construct, region: string): void {
  const plans = manifest.buckets.filter((plan) => plan.region === region);
  const common = {
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    removalPolicy: RemovalPolicy.RETAIN,
  } as const;
  const logs = new Bucket(scope, 'AccessLogs', {
    ...common,
    bucketName: `${manifest.name}-access-logs-${Stack.of(scope).account}-${region}`,
    versioned: false,
    lifecycleRules: [{ expiration: Duration.days(90), abortIncompleteMultipartUploadAfter: Duration.days(7) }],
  });
  suppress(logs, [
    { id: 'AwsSolutions-S1', reason: 'This bucket receives the access logs; logging its own deliveries would never end.' },
  ]);
  for (const plan of plans) {
    const bucket = new Bucket(scope, plan.name, {
      ...common,
      bucketName: bucketName(scope, plan.name, plan.region),
      versioned: true,
      serverAccessLogsBucket: logs as IBucket,
      serverAccessLogsPrefix: `${plan.name}/`,
      lifecycleRules: [
        { abortIncompleteMultipartUploadAfter: Duration.days(7), noncurrentVersionExpiration: Duration.days(30) },
        ...plan.expiry.map(({ prefix, days }) => ({ prefix, expiration: Duration.days(days) })),
      ],
    });
    if (!plan.emitsEvents) continue;
    // Said on the resource itself: CDK's own switch would deploy a Lambda function to set it.
    (bucket.node.defaultChild as CfnBucket).notificationConfiguration = {
      eventBridgeConfiguration: { eventBridgeEnabled: true },
    };
  }
}
