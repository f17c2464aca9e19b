import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { StackProps } from 'aws-cdk-lib/core';
import { Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { deadLetterQueues, deadLetters } from '../constructs/dead-letters.ts';
import { manifestFunction } from '../constructs/step-function.ts';
import { manifest } from '../manifest.ts';

/** Every function of the manifest. */
export class FunctionsStack extends Stack {
  readonly functions: ReadonlyMap<string, LambdaFunction>;
  constructor(scope: Construct, id: string, props: StackProps & { codeVersion: string }) {
    super(scope, id, props);
    // What a rule hands over is delivered; a handler that then fails every time would lose it, and an upload would start nothing.
    const failedEvents = deadLetters(this, 'FailedEvents', deadLetterQueues.failedEvents);
    const events = new Set<string>(manifest.rules.map((rule) => rule.function));
    this.functions = new Map(
      manifest.functions.map((plan) => [
        plan.name,
        manifestFunction(this, plan, props.codeVersion, events.has(plan.name) ? failedEvents.queueArn : undefined),
      ]),
    );
  }
}
