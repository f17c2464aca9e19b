import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Stack } from 'aws-cdk-lib/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../infra/app.ts';
import { starReasons } from '../../infra/grants.ts';
import { type Grant, manifest } from '../../infra/manifest.ts';

interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
}
interface Template {
  Resources: Record<string, Resource>;
}
interface Statement {
  Action: string | string[];
  Resource: unknown;
  Effect: string;
}

const CFN_LINT = join('.venv', 'bin', 'cfn-lint');
let folder: string;
let templates: Record<string, Template>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'qefm-synth-'));
  createApp(folder).synth();
  templates = Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.endsWith('.template.json'))
      .map((name) => [name.replace('.template.json', ''), JSON.parse(readFileSync(join(folder, name), 'utf8')) as Template]),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const all = (type: string) =>
  Object.values(templates).flatMap(({ Resources }) => Object.values(Resources).filter((resource) => resource.Type === type));
const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

function statements(resource: Resource): Statement[] {
  const policies = (resource.Properties['Policies'] ?? []) as { PolicyDocument: { Statement: Statement[] } }[];
  const own = resource.Properties['PolicyDocument'] as { Statement: Statement[] } | undefined;
  return [...policies.map(({ PolicyDocument }) => PolicyDocument), ...(own === undefined ? [] : [own])].flatMap(
    ({ Statement }) => Statement,
  );
}

/** References flattened, as people write ARNs. */
function text(value: unknown): string {
  if (typeof value === 'string') return value;
  const {
    'Fn::Join': join_,
    Ref,
    'Fn::GetAtt': attribute,
  } = value as { 'Fn::Join'?: [string, unknown[]]; Ref?: string; 'Fn::GetAtt'?: string[] };
  if (join_ !== undefined) return join_[1].map(text).join(join_[0]);
  return Ref === undefined ? `<${(attribute ?? []).join('.')}>` : `<${Ref}>`;
}

/** What CDK adds by itself for logs and traces, on * for want of resources. */
const CDK_STARS =
  /^(logs:(Create|Get|Update|Delete|List)LogDelivery|logs:ListLogDeliveries|logs:PutResourcePolicy|logs:DescribeResourcePolicies|logs:DescribeLogGroups|xray:\w+|ecr:GetAuthorizationToken)$/;

/** The action without which a grant would be none, and how the ARN it is on ends. */
function permissionOf(grant: Grant): { action: string; ending: string } {
  switch (grant.to) {
    case 'read':
      return { action: 's3:GetObject ', ending: `/${grant.prefix}*` };
    case 'write':
      return { action: 's3:PutObject ', ending: `/${grant.prefix}*` };
    case 'delete':
      return { action: 's3:DeleteObject ', ending: `/${grant.prefix}*` };
    case 'list':
      return { action: 's3:ListBucket ', ending: `-${manifest.region}` };
    case 'invoke':
      return { action: 'lambda:InvokeFunction ', ending: `:function:qefm-${grant.function}` };
    case 'start':
      return { action: 'states:StartExecution ', ending: `:stateMachine:qefm-${grant.machine}` };
    case 'inspect':
      return { action: 'states:DescribeExecution ', ending: `:execution:qefm-${grant.machine}*` };
    case 'stop':
      return { action: 'states:StopExecution ', ending: `:execution:qefm-${grant.machine}*` };
    case 'answerTokens':
      return { action: 'states:SendTaskSuccess ', ending: ' *' };
    case 'submitTasks':
      return { action: 'braket:CreateQuantumTask ', ending: ':quantum-task/*' };
    case 'readTasks':
      return { action: 'braket:GetQuantumTask ', ending: ':quantum-task/*' };
    case 'cancelTasks':
      return { action: 'braket:CancelQuantumTask ', ending: ':quantum-task/*' };
    case 'submitJobs':
      return { action: 'batch:SubmitJob ', ending: `:job-definition/qefm-${grant.job}*` };
  }
}

/** Findings that nothing explains, of every checker that ran. */
function violations(assembly: string): string[] {
  const { pluginReports } = JSON.parse(readFileSync(join(assembly, 'validation-report.json'), 'utf8')) as {
    pluginReports: { violations: { ruleName: string }[] }[];
  };
  expect(pluginReports.length).toBeGreaterThan(0);
  return pluginReports.flatMap((report) => report.violations.map(({ ruleName }) => ruleName));
}

describe('the templates', () => {
  test('are made without an account, a network or a look-up', () => {
    const { missing } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { missing?: unknown[] };
    expect(missing ?? []).toEqual([]);
    expect(existsSync('cdk.context.json')).toBe(false);
    expect(Object.keys(templates).sort()).toEqual(
      ['api', 'compute', 'functions', 'monitoring', 'storage', 'workflow'].map((part) => `qefm-${part}`),
    );
  });

  test('pass the AWS Solutions rules and CloudFormation validation', () => {
    expect(violations(folder)).toEqual([]);
  });

  test('would be stopped by the AWS Solutions rules', () => {
    const control = mkdtempSync(join(tmpdir(), 'qefm-synth-control-'));
    try {
      const app = createApp(control);
      new Bucket(new Stack(app, 'control'), 'Open');
      expect(() => app.synth()).toThrow(/AwsSolutions-S10/);
    } finally {
      rmSync(control, { recursive: true, force: true });
    }
  });

  test('pass cfn-lint', () => {
    const files = Object.keys(templates).map((name) => join(folder, `${name}.template.json`));
    const output = execFileSync(
      CFN_LINT,
      ['--region', manifest.region, '--format', 'parseable', '--non-zero-exit-code', 'error', ...files],
      {
        encoding: 'utf8',
      },
    );
    expect(output.split('\n').filter((line) => /:E\d{4}:/.test(line))).toEqual([]);
  });

  test('would be stopped by cfn-lint', () => {
    const control = join(folder, 'control.json');
    const template = { Resources: { Control: { Type: 'AWS::SQS::Queue', Properties: { QueueNaem: 'misspelled' } } } };
    writeFileSync(control, JSON.stringify(template));
    const options = ['--region', manifest.region, '--format', 'parseable', '--non-zero-exit-code', 'error'];
    const { status, stdout } = spawnSync(CFN_LINT, [...options, control], { encoding: 'utf8' });
    expect(status).not.toBe(0);
    expect(stdout).toMatch(/E3002.*QueueNaem/);
  });

  test('hold every function of the manifest on the Node 24 runtime with its bundle', () => {
    const functions = all('AWS::Lambda::Function');
    expect(functions.map(({ Properties }) => Properties['FunctionName']).sort()).toEqual(
      manifest.functions.map(({ name }) => `qefm-${name}`).sort(),
    );
    expect(new Set(functions.map(({ Properties }) => Properties['Runtime']))).toEqual(new Set(['nodejs24.x']));
    for (const { name, assets } of manifest.functions) {
      expect(existsSync(join('dist', 'lambdas', name, 'index.mjs'))).toBe(true);
      for (const asset of assets ?? []) expect(existsSync(join('dist', 'lambdas', name, asset.split('/').at(-1)!))).toBe(true);
    }
  });

  test('deploy the very bytes of the state machines that local-sim runs', () => {
    const assets = readdirSync(folder)
      .filter((name) => name.startsWith('asset.') && name.endsWith('.json'))
      .map((name) => readFileSync(join(folder, name), 'utf8'));
    for (const { definition } of manifest.machines) expect(assets).toContain(readFileSync(definition, 'utf8'));
    expect(all('AWS::StepFunctions::StateMachine')).toHaveLength(manifest.machines.length);
  });

  test('substitute every reference of every definition', () => {
    for (const machine of all('AWS::StepFunctions::StateMachine')) {
      const known = Object.keys(machine.Properties['DefinitionSubstitutions'] as object);
      const plan = manifest.machines.find(({ name }) => machine.Properties['StateMachineName'] === `qefm-${name}`)!;
      const used = [...readFileSync(plan.definition, 'utf8').matchAll(/\$\{(\w+)\}/g)].map((match) => match[1]!);
      expect(used.filter((name) => !known.includes(name))).toEqual([]);
    }
  });

  test('grant no bare star without a written reason', () => {
    const unexplained = [...all('AWS::IAM::Role'), ...all('AWS::IAM::Policy')]
      .flatMap(statements)
      .filter(({ Resource: resource }) => list(resource).includes('*'))
      .flatMap(({ Action }) => list(Action))
      .filter((action) => starReasons[action] === undefined && !CDK_STARS.test(action));
    expect(unexplained).toEqual([]);
    expect(
      [...all('AWS::IAM::Role'), ...all('AWS::IAM::Policy')]
        .flatMap(statements)
        .flatMap(({ Action }) => list(Action))
        .filter((action) => action.includes('*')),
    ).toEqual([]);
  });

  test('carry every grant of the manifest into the roles of functions, machines and jobs', () => {
    const roles = new Map(all('AWS::IAM::Role').map((role) => [String(role.Properties['Description']), role]));
    const holders = [
      ...manifest.functions.map(({ name, grants }) => ({ role: `Role of ${name}`, grants })),
      ...manifest.machines.map(({ name, grants }) => ({ role: `Role of machine ${name}`, grants })),
      ...manifest.jobs.map(({ name, grants }) => ({ role: `What job ${name} may do`, grants })),
    ];
    const missing = holders.flatMap(({ role, grants }) => {
      const allowed = statements(roles.get(role)!).flatMap(({ Action, Resource: resource }) =>
        list(Action).flatMap((action) => list(resource).map((arn) => `${action} ${text(arn)}`)),
      );
      return grants
        .map((grant) => ({ grant, wanted: permissionOf(grant) }))
        .filter(({ wanted }) => !allowed.some((line) => line.startsWith(wanted.action) && line.endsWith(wanted.ending)))
        .map(({ grant }) => `${role}: ${JSON.stringify(grant)}`);
    });
    expect(missing).toEqual([]);
  });

  test('let only WriteReport read the truth', () => {
    const readers = all('AWS::IAM::Role').filter((role) =>
      statements(role).some(
        ({ Action, Resource: resource }) =>
          list(Action).includes('s3:GetObject') &&
          list(resource)
            .map(text)
            .some(
              (arn) =>
                /qefm-data/.test(arn) && /(\/truth\/\*|\/\*)$/.test(arn) && !/\/(campaigns|runs|ledger|tokens)\/\*$/.test(arn),
            ),
      ),
    );
    expect(readers.map(({ Properties }) => Properties['Description'])).toEqual(['Role of WriteReport']);
  });

  test('keep buckets private, encrypted and versioned, results where Braket may write', () => {
    const buckets = all('AWS::S3::Bucket');
    for (const { Properties } of buckets) {
      expect(Properties['PublicAccessBlockConfiguration']).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
      expect(Properties['BucketEncryption']).toBeDefined();
    }
    const names = buckets.map(({ Properties }) => text(Properties['BucketName']));
    expect(names.some((name) => name.startsWith('amazon-braket-'))).toBe(true);
    for (const policy of all('AWS::S3::BucketPolicy')) {
      const refusals = (
        policy.Properties['PolicyDocument'] as { Statement: (Statement & { Condition?: unknown })[] }
      ).Statement.filter(({ Effect }) => Effect === 'Deny');
      expect(JSON.stringify(refusals)).toContain('aws:SecureTransport');
    }
  });

  test('cost nothing while idle: no NAT gateway, no instance kept, nothing but Spot', () => {
    expect(all('AWS::EC2::NatGateway')).toEqual([]);
    for (const { Properties } of all('AWS::Batch::ComputeEnvironment')) {
      expect((Properties['ComputeResources'] as { Type: string }).Type).toBe('FARGATE_SPOT');
    }
  });

  test('run the image of batch-jobs/Dockerfile as the jobs of the manifest', () => {
    const { dockerImages } = JSON.parse(readFileSync(join(folder, 'qefm-compute.assets.json'), 'utf8')) as {
      dockerImages: Record<string, { source: { directory: string; dockerFile: string } }>;
    };
    const [image, ...others] = Object.entries(dockerImages);
    expect(others).toEqual([]);
    const { directory, dockerFile } = image![1].source;
    expect(readFileSync(join(folder, directory, dockerFile), 'utf8')).toBe(readFileSync('batch-jobs/Dockerfile', 'utf8'));
    const definitions = all('AWS::Batch::JobDefinition');
    expect(definitions.map(({ Properties }) => Properties['JobDefinitionName'])).toEqual(
      manifest.jobs.map(({ name }) => `qefm-${name}`),
    );
    for (const [i, { Properties }] of definitions.entries()) {
      const container = Properties['ContainerProperties'] as { Image: unknown; Command: string[] };
      expect(JSON.stringify(container.Image)).toContain(image![0]);
      expect(container.Command).toEqual(manifest.jobs[i]!.command);
    }
  });

  test('ask for a signature on every route', () => {
    const routes = all('AWS::ApiGatewayV2::Route');
    expect(routes).toHaveLength(manifest.routes.length);
    for (const { Properties } of routes) expect(Properties['AuthorizationType']).toBe('AWS_IAM');
  });

  test('watch metrics that some handler emits', () => {
    const alarms = all('AWS::CloudWatch::Alarm').map(
      ({ Properties }) => `${Properties['Namespace']} ${Properties['MetricName']}`,
    );
    const queues = all('AWS::SQS::Queue').map(() => 'AWS/SQS ApproximateNumberOfMessagesVisible');
    expect(alarms.sort()).toEqual(
      [...manifest.alarms.map(({ metric }) => `${manifest.metricNamespace} ${metric}`), ...queues].sort(),
    );
    const { widgets } = JSON.parse(text(all('AWS::CloudWatch::Dashboard')[0]!.Properties['DashboardBody'])) as {
      widgets: { properties: { metrics?: [namespace: string, name: string][] } }[];
    };
    const plotted = widgets.flatMap(({ properties }) => properties.metrics ?? []);
    // The end-to-end test looks for all of them.
    expect(plotted.map(([namespace, name]) => `${namespace} ${name}`)).toEqual([
      ...manifest.runMetrics.map((name) => `AWS/States ${name}`),
      ...manifest.dashboardMetrics.map((name) => `${manifest.metricNamespace} ${name}`),
    ]);
  });

  test('send what cannot be delivered to a queue', () => {
    for (const { Properties } of all('AWS::Events::Rule')) {
      for (const target of Properties['Targets'] as { DeadLetterConfig?: unknown }[])
        expect(target.DeadLetterConfig).toBeDefined();
    }
  });

  test('keep the events that a handler failed on', () => {
    const queue = Object.entries(templates['qefm-functions']!.Resources).find(([, { Type }]) => Type === 'AWS::SQS::Queue')!;
    expect(queue[1].Properties).toMatchObject({ QueueName: 'qefm-failed-events', SqsManagedSseEnabled: true });
    const handlers = [...new Set(manifest.rules.map((rule) => rule.function))].sort();
    const functions = Object.entries(templates['qefm-functions']!.Resources);
    const nameOf = (ref: unknown) =>
      functions.find(([id]) => id === (ref as { Ref: string }).Ref)?.[1].Properties['FunctionName'];
    const configs = all('AWS::Lambda::EventInvokeConfig');
    expect(configs.map(({ Properties }) => nameOf(Properties['FunctionName'])).sort()).toEqual(
      handlers.map((name) => `qefm-${name}`),
    );
    for (const { Properties } of configs)
      expect(Properties['DestinationConfig']).toEqual({ OnFailure: { Destination: { 'Fn::GetAtt': [queue[0], 'Arn'] } } });
    const senders = all('AWS::IAM::Role').filter((role) =>
      statements(role).some(({ Action, Resource: resource }) => {
        const sends = list(Action).some((action) => action.startsWith('sqs:'));
        if (sends) expect([Action, text(resource)]).toEqual(['sqs:SendMessage', `<${queue[0]}.Arn>`]);
        return sends;
      }),
    );
    expect(senders.map(({ Properties }) => Properties['Description']).sort()).toEqual(handlers.map((name) => `Role of ${name}`));
  });
});
