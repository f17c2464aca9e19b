/** A grant of the manifest as IAM statements. Nothing else in infra/ writes a permission for a function, a machine or a job. */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { Grant } from './manifest.ts';
import { manifest } from './manifest.ts';
import { batchArn, bucketArns, executionArns, functionArn, jobDefinitionName, machineArn, queueName } from './names.ts';

/** Statements whose resource is a bare star, each with the reason why nothing narrower exists. */
export const starReasons: Readonly<Record<string, string>> = {
  'states:SendTaskSuccess': 'A task token is no resource: the token itself is the permission.',
  'states:SendTaskFailure': 'A task token is no resource: the token itself is the permission.',
  'states:SendTaskHeartbeat': 'A task token is no resource: the token itself is the permission.',
  'batch:DescribeJobs': 'Batch offers no resource for reading jobs.',
  'batch:TerminateJob': 'The ids of jobs are not known before they run; Step Functions ends only those it started.',
};

const allow = (actions: string[], resources: string[]) => new PolicyStatement({ actions, resources });

function managedRule(scope: Construct, name: string): PolicyStatement {
  const { region, account } = Stack.of(scope);
  return allow(
    ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
    [`arn:aws:events:${region}:${account}:rule/${name}`],
  );
}

/** What lies below a prefix, in the buckets of this name in all regions. */
const objectArns = (scope: Construct, bucket: string, prefix: string) =>
  bucketArns(scope, bucket).map((arn) => `${arn}/${prefix}*`);
const deviceArns = () => manifest.devices.map(({ arn }) => arn);
const taskArns = (scope: Construct) =>
  [...new Set(manifest.devices.map(({ region }) => region))].map(
    (region) => `arn:aws:braket:${region}:${Stack.of(scope).account}:quantum-task/*`,
  );

/** `holder` is the machine that holds the grant, if a machine does: starting another one and waiting for it takes more than starting it. */
export function statementsOf(scope: Construct, grant: Grant, holder?: string): PolicyStatement[] {
  switch (grant.to) {
    case 'read':
      // Without ListBucket S3 answers 403 for an object that is not there, and absence could not be told from denial.
      return [
        allow(['s3:GetObject', 's3:GetObjectVersion'], objectArns(scope, grant.bucket, grant.prefix)),
        allow(['s3:ListBucket'], bucketArns(scope, grant.bucket)),
      ];
    case 'list':
      return [allow(['s3:ListBucket'], bucketArns(scope, grant.bucket))];
    case 'write':
      return [
        allow(
          ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
          objectArns(scope, grant.bucket, grant.prefix),
        ),
      ];
    case 'delete':
      return [allow(['s3:DeleteObject'], objectArns(scope, grant.bucket, grant.prefix))];
    case 'invoke':
      return [allow(['lambda:InvokeFunction'], [functionArn(scope, grant.function)])];
    case 'start': {
      const start = allow(['states:StartExecution'], [machineArn(scope, grant.machine)]);
      if (holder === undefined) return [start];
      const children = holder === grant.machine ? '/*' : '*';
      return [
        start,
        allow(
          ['states:DescribeExecution', 'states:StopExecution', 'states:RedriveExecution'],
          [executionArns(scope, grant.machine, children)],
        ),
        managedRule(scope, 'StepFunctionsGetEventsForStepFunctionsExecutionRule'),
      ];
    }
    case 'inspect':
      return [
        allow(['states:ListExecutions'], [machineArn(scope, grant.machine)]),
        allow(['states:DescribeExecution', 'states:GetExecutionHistory'], [executionArns(scope, grant.machine)]),
      ];
    case 'stop':
      return [allow(['states:StopExecution'], [executionArns(scope, grant.machine)])];
    case 'answerTokens':
      return [allow(['states:SendTaskSuccess', 'states:SendTaskFailure', 'states:SendTaskHeartbeat'], ['*'])];
    case 'submitTasks':
      return [
        allow(['braket:CreateQuantumTask'], [...deviceArns(), ...taskArns(scope)]),
        // Braket writes results with the caller's right to the bucket.
        allow(['s3:PutObject', 's3:GetObject'], objectArns(scope, 'QuantumResults', 'runs/')),
        allow(['s3:ListBucket'], bucketArns(scope, 'QuantumResults')),
      ];
    case 'readTasks':
      return [allow(['braket:GetQuantumTask'], taskArns(scope)), allow(['braket:GetDevice'], deviceArns())];
    case 'cancelTasks':
      return [allow(['braket:CancelQuantumTask'], taskArns(scope))];
    case 'submitJobs':
      return [
        allow(
          ['batch:SubmitJob'],
          [
            batchArn(scope, 'job-queue', queueName(grant.queue)),
            `${batchArn(scope, 'job-definition', jobDefinitionName(grant.job))}*`,
          ],
        ),
        allow(['batch:DescribeJobs', 'batch:TerminateJob'], ['*']),
        managedRule(scope, 'StepFunctionsGetEventsForBatchJobsRule'),
      ];
  }
}
