import type { Role } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { RemovalPolicy } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { definitionSubstitutions } from '../environment.ts';
import { statementsOf } from '../grants.ts';
import type { MachinePlan } from '../manifest.ts';
import { machineName } from '../names.ts';
import { roleFor } from './role.ts';
import { suppress } from './suppress.ts';

/** One machine of the manifest, from the same bytes that local-sim runs. A definition from a file brings no permissions: they come from the manifest. */
export function aslMachine(scope: Construct, plan: MachinePlan): StateMachine {
  const role: Role = roleFor(
    scope,
    `${plan.name}Role`,
    'states.amazonaws.com',
    plan.grants.flatMap((grant) => statementsOf(scope, grant, plan.name)),
    `Role of machine ${plan.name}`,
  );
  const machine = new StateMachine(scope, plan.name, {
    stateMachineName: machineName(plan.name),
    stateMachineType: StateMachineType.STANDARD,
    definitionBody: DefinitionBody.fromFile(plan.definition),
    definitionSubstitutions: definitionSubstitutions(scope),
    role,
    tracingEnabled: true,
    logs: {
      destination: new LogGroup(scope, `${plan.name}Logs`, {
        logGroupName: `/aws/vendedlogs/states/${machineName(plan.name)}`,
        retention: RetentionDays.THREE_MONTHS,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
      level: LogLevel.ALL,
      // Payloads are URIs and counts, but a user's ids may be in them.
      includeExecutionData: false,
    },
  });
  suppress(role, [
    {
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'Delivery of logs and traces is set up by CDK on *: log deliveries and X-Ray segments have no resources.',
    },
  ]);
  return machine;
}
