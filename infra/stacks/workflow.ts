import type { EventPattern } from 'aws-cdk-lib/aws-events';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { StackProps } from 'aws-cdk-lib/core';
import { Duration, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { aslMachine } from '../constructs/asl-machine.ts';
import { suppress } from '../constructs/suppress.ts';
import { resolveReferences } from '../environment.ts';
import { manifest } from '../manifest.ts';

/** The manifest's pattern in CDK's spelling, its references resolved. */
function eventPattern(scope: Construct, pattern: Readonly<Record<string, unknown>>): EventPattern {
  const { 'detail-type': detailType, ...rest } = JSON.parse(resolveReferences(scope, JSON.stringify(pattern))) as Record<
    string,
    unknown
  >;
  return { ...rest, ...(detailType === undefined ? {} : { detailType }) } as EventPattern;
}

/** State machines and the rules that wake them. */
export class WorkflowStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { functions: ReadonlyMap<string, LambdaFunction> }) {
    super(scope, id, props);
    for (const plan of manifest.machines) aslMachine(this, plan);

    const lostEvents = new Queue(this, 'LostEvents', {
      queueName: `${manifest.name}-lost-events`,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    suppress(lostEvents, [{ id: 'AwsSolutions-SQS3', reason: 'This is the dead-letter queue.' }]);
    for (const plan of manifest.rules) {
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
          retryAttempts: 8,
          maxEventAge: Duration.hours(6),
          ...(plan.schedule === undefined ? {} : { event: RuleTargetInput.fromObject({}) }),
        }),
      );
    }
  }
}
