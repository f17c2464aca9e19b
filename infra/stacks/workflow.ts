import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { StackProps } from 'aws-cdk-lib/core';
import { Duration, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { aslMachine } from '../constructs/asl-machine.ts';
import { deadLetterQueues, deadLetters } from '../constructs/dead-letters.ts';
import { eventPattern } from '../environment.ts';
import { manifest } from '../manifest.ts';

/** State machines and the rules that wake them. */
export class WorkflowStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { functions: ReadonlyMap<string, LambdaFunction> }) {
    super(scope, id, props);
    for (const plan of manifest.machines) aslMachine(this, plan);

    const lostEvents = deadLetters(this, 'LostEvents', deadLetterQueues.lostEvents);
    for (const plan of manifest.rules.filter(({ region }) => region === manifest.region)) {
      const target = props.functions.get(plan.function);
      if (target === undefined) throw new Error(`rule ${plan.name} names the unknown function ${plan.function}`);
      const rule = new Rule(this, `${plan.name}Rule`, {
        ruleName: `${manifest.name}-${plan.name}`,
        description: `${plan.name} of ${manifest.name}`,
        ...(plan.pattern === undefined ? {} : { eventPattern: eventPattern(this, plan.pattern) }),
        ...(plan.schedule === undefined ? {} : { schedule: Schedule.expression(plan.schedule) }),
      });
      rule.addTarget(
        new LambdaTarget(target, {
          deadLetterQueue: lostEvents,
          retryAttempts: manifest.eventDelivery.retryAttempts,
          maxEventAge: Duration.seconds(manifest.eventDelivery.maxAgeSeconds),
          ...(plan.schedule === undefined ? {} : { event: RuleTargetInput.fromObject({}) }),
        }),
      );
    }
  }
}
