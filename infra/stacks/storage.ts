import type { CfnBucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { StackProps } from 'aws-cdk-lib/core';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { suppress } from '../constructs/suppress.ts';
import { manifest } from '../manifest.ts';
import { bucketName } from '../names.ts';

/** Buckets: encrypted, private, versioned, TLS only, logged. They outlive the stack unless they are emptied first (docs/deploy.md). */
export class StorageStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    const common = {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.RETAIN,
    } as const;
    const logs = new Bucket(this, 'AccessLogs', {
      ...common,
      bucketName: `${manifest.name}-access-logs-${this.account}-${manifest.region}`,
      versioned: false,
      lifecycleRules: [{ expiration: Duration.days(90), abortIncompleteMultipartUploadAfter: Duration.days(7) }],
    });
    suppress(logs, [
      { id: 'AwsSolutions-S1', reason: 'This bucket receives the access logs; logging its own deliveries would never end.' },
    ]);
    for (const plan of manifest.buckets) {
      const bucket = new Bucket(this, plan.name, {
        ...common,
        bucketName: bucketName(this, plan.name),
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
}
