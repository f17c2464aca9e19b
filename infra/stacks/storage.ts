import type { StackProps } from 'aws-cdk-lib/core';
import { Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { manifestBuckets } from '../constructs/buckets.ts';
import { manifest } from '../manifest.ts';

/** The buckets of the home region. */
export class StorageStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    manifestBuckets(this, manifest.region);
  }
}
