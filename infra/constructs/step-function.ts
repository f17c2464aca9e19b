import { join } from 'node:path';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Architecture, CfnEventInvokeConfig, Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Duration, RemovalPolicy } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { commonEnvironment, resolveReferences } from '../environment.ts';
import { statementsOf } from '../grants.ts';
import type { FunctionPlan } from '../manifest.ts';
import { manifest } from '../manifest.ts';
import { functionName } from '../names.ts';
import { roleFor } from './role.ts';

/**
 * One function of the manifest: its bundle as `npm run build` left it, its own log group, and a role with its grants and nothing else.
 * With `failedEventsArn`, an event that it failed on every time goes to that queue.
 */
export function manifestFunction(
  scope: Construct,
  plan: FunctionPlan,
  codeVersion: string,
  failedEventsArn?: string,
): LambdaFunction {
  const logGroup = new LogGroup(scope, `${plan.name}Logs`, {
    logGroupName: `/aws/lambda/${functionName(plan.name)}`,
    retention: RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const statements = [
    ...plan.grants.flatMap((grant) => statementsOf(scope, grant)),
    new PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [`${logGroup.logGroupArn}:*`] }),
    ...(failedEventsArn === undefined
      ? []
      : [new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [failedEventsArn] })]),
  ];
  const made = new LambdaFunction(scope, plan.name, {
    functionName: functionName(plan.name),
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.X86_64,
    handler: 'index.handler',
    code: Code.fromAsset(join('dist', 'lambdas', plan.name)),
    memorySize: plan.memoryMb,
    timeout: Duration.seconds(plan.timeoutSeconds),
    role: roleFor(scope, `${plan.name}Role`, 'lambda.amazonaws.com', statements, `Role of ${plan.name}`),
    logGroup,
    tracing: Tracing.DISABLED,
    ...(plan.reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: plan.reservedConcurrency }),
    environment: {
      ...commonEnvironment(scope, codeVersion),
      ...Object.fromEntries(
        Object.entries(plan.environment ?? {}).map(([name, value]) => [name, resolveReferences(scope, value)]),
      ),
    },
    description: `${plan.name} of ${manifest.name}`,
  });
  if (failedEventsArn !== undefined) {
    // The plain resource: CDK's own destination would give the role two more permissions than sending.
    new CfnEventInvokeConfig(scope, `${plan.name}Events`, {
      functionName: made.functionName,
      qualifier: '$LATEST',
      maximumRetryAttempts: 2,
      destinationConfig: { onFailure: { destination: failedEventsArn } },
    });
  }
  return made;
}
