import { basename, dirname } from 'node:path';
import {
  Action,
  EcsFargateContainerDefinition,
  EcsJobDefinition,
  FargateComputeEnvironment,
  JobQueue,
  Reason,
  RetryStrategy,
} from 'aws-cdk-lib/aws-batch';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import {
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  IpAddresses,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage, FargatePlatformVersion, LogDriver } from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { StackProps } from 'aws-cdk-lib/core';
import { Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { roleFor } from '../constructs/role.ts';
import { suppress } from '../constructs/suppress.ts';
import { statementsOf } from '../grants.ts';
import { manifest } from '../manifest.ts';
import { jobDefinitionName, queueName } from '../names.ts';

/**
 * Batch on Spot capacity, scaled to nothing when idle. The VPC has public subnets and no NAT gateway: jobs fetch their image over the internet
 * gateway, reach S3 over a free gateway endpoint, and accept no connection.
 */
export class ComputeStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.40.0.0/16'),
      // Named, because a stack without account must not ask for its zones.
      availabilityZones: [`${manifest.region}a`, `${manifest.region}b`],
      natGateways: 0,
      subnetConfiguration: [{ name: 'Jobs', subnetType: SubnetType.PUBLIC, cidrMask: 20 }],
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
      restrictDefaultSecurityGroup: false,
    });
    const flowLogs = new LogGroup(this, 'FlowLogs', { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    vpc.addFlowLog('FlowLog', { destination: FlowLogDestination.toCloudWatchLogs(flowLogs) });
    const securityGroup = new SecurityGroup(this, 'JobsSecurityGroup', {
      vpc: vpc as IVpc,
      description: 'Jobs call out (image, S3) and accept nothing.',
      allowAllOutbound: true,
    });

    for (const plan of manifest.queues) {
      const environment = new FargateComputeEnvironment(this, `${plan.name}Environment`, {
        vpc: vpc as IVpc,
        vpcSubnets: { subnetType: SubnetType.PUBLIC },
        securityGroups: [securityGroup],
        maxvCpus: plan.maxVcpus,
        spot: true,
      });
      new JobQueue(this, `${plan.name}Queue`, {
        jobQueueName: queueName(plan.name),
        computeEnvironments: [{ computeEnvironment: environment, order: 1 }],
      });
    }

    for (const plan of manifest.jobs) {
      const logs = new LogGroup(this, `${plan.name}Logs`, {
        logGroupName: `/aws/batch/${jobDefinitionName(plan.name)}`,
        retention: RetentionDays.THREE_MONTHS,
        removalPolicy: RemovalPolicy.DESTROY,
      });
      const jobRole = roleFor(
        this,
        `${plan.name}JobRole`,
        'ecs-tasks.amazonaws.com',
        plan.grants.flatMap((grant) => statementsOf(this, grant)),
        `What job ${plan.name} may do`,
      );
      const executionRole = roleFor(
        this,
        `${plan.name}ExecutionRole`,
        'ecs-tasks.amazonaws.com',
        [new PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [`${logs.logGroupArn}:*`] })],
        `Fetches the image of job ${plan.name} and writes its log`,
      );
      const container = new EcsFargateContainerDefinition(this, `${plan.name}Container`, {
        image: ContainerImage.fromAsset(dirname(plan.dockerfile), {
          file: basename(plan.dockerfile),
          platform: Platform.LINUX_AMD64,
        }),
        command: [...plan.command],
        cpu: plan.vcpus,
        memory: Size.mebibytes(plan.memoryMb),
        jobRole,
        executionRole,
        assignPublicIp: true,
        ephemeralStorageSize: Size.gibibytes(40),
        fargatePlatformVersion: FargatePlatformVersion.LATEST,
        logging: LogDriver.awsLogs({ logGroup: logs, streamPrefix: plan.name }),
        environment: { AWS_REGION: manifest.region, OPENMM_CPU_THREADS: String(plan.vcpus) },
      });
      suppress(executionRole, [
        {
          id: 'AwsSolutions-IAM5[Resource::*]',
          reason: 'ecr:GetAuthorizationToken has no resource; the image itself is granted by its repository.',
        },
      ]);
      new EcsJobDefinition(this, `${plan.name}Job`, {
        jobDefinitionName: jobDefinitionName(plan.name),
        container,
        retryAttempts: plan.attempts,
        retryStrategies: [
          RetryStrategy.of(Action.RETRY, Reason.SPOT_INSTANCE_RECLAIMED),
          ...plan.retryExitCodes.map((code) => RetryStrategy.of(Action.RETRY, Reason.custom({ onExitCode: String(code) }))),
          RetryStrategy.of(Action.EXIT, Reason.custom({ onExitCode: '*' })),
        ],
        timeout: Duration.seconds(plan.timeoutSeconds),
        propagateTags: true,
      });
    }
  }
}
