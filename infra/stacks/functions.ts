import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { StackProps } from 'aws-cdk-lib/core';
import { Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { manifestFunction } from '../constructs/step-function.ts';
import { manifest } from '../manifest.ts';

/** Every function of the manifest. */
export class FunctionsStack extends Stack {
  readonly functions: ReadonlyMap<string, LambdaFunction>;
  constructor(scope: Construct, id: string, props: StackProps & { codeVersion: string }) {
    super(scope, id, props);
    this.functions = new Map(manifest.functions.map((plan) => [plan.name, manifestFunction(this, plan, props.codeVersion)]));
  }
}
