/** What a local cloud should hold, as plain data: `main.ts` makes it from the manifest, `applyPlan` brings it about. */

import { readFileSync } from 'node:fs';
import type { Cloud } from './cloud.ts';
import { ServiceError } from './service.ts';

export interface BucketPlan {
  name: string;
  /** Whether object events go to the event bus. */
  events: boolean;
  /** How long replaced and deleted versions stay readable by their version id; an hour when absent. */
  noncurrentRetentionSeconds?: number;
}

export interface MachinePlan {
  name: string;
  /** The same file that the cloud deploys. */
  definitionPath: string;
  /** `${Name}` in the file becomes this text, as CloudFormation does it. */
  substitutions: Readonly<Record<string, string>>;
}

export interface TargetPlan {
  id: string;
  /** ARN of a function or a state machine of this cloud. */
  arn: string;
  input?: string;
  inputPath?: string;
  inputTransformer?: { inputPathsMap?: Readonly<Record<string, string>>; inputTemplate: string };
  deadLetterArn?: string;
  maximumRetryAttempts?: number;
  maximumEventAgeSeconds?: number;
}

export interface RulePlan {
  name: string;
  eventPattern?: Readonly<Record<string, unknown>>;
  /** `rate(5 minutes)` */
  scheduleExpression?: string;
  targets: readonly TargetPlan[];
}

/** Functions and routes are given to `createCloud`, which has them before anything can ask for them. */
export interface CloudPlan {
  buckets: readonly BucketPlan[];
  machines: readonly MachinePlan[];
  rules: readonly RulePlan[];
}

/** Makes what is missing, changes what differs, removes rules that the plan no longer has. Applied twice it changes nothing. */
export async function applyPlan(cloud: Cloud, plan: CloudPlan): Promise<void> {
  for (const bucket of plan.buckets) await applyBucket(cloud, bucket);
  await applyMachines(cloud, plan.machines);
  await applyRules(cloud, plan.rules);
}

async function applyBucket(cloud: Cloud, { name, events, noncurrentRetentionSeconds }: BucketPlan): Promise<void> {
  try {
    await cloud.s3.call('CreateBucket', { Bucket: name });
  } catch (error) {
    if (!(error instanceof ServiceError && error.code === 'BucketAlreadyOwnedByYou')) throw error;
  }
  await cloud.s3.configureBucket(name, {
    events,
    ...(noncurrentRetentionSeconds === undefined ? {} : { noncurrentRetentionSeconds }),
  });
}

/** CloudFormation's textual substitution. Throws for a `${Name}` that stands for nothing. */
export function substitute(text: string, substitutions: Readonly<Record<string, string>>, source: string): string {
  return text.replace(/\$\{([A-Za-z0-9_]+)\}/g, (whole, name: string) => {
    const value = Object.hasOwn(substitutions, name) ? substitutions[name] : undefined;
    if (value === undefined) throw new Error(`${source} names ${whole}, which stands for nothing`);
    return value;
  });
}

async function applyMachines(cloud: Cloud, machines: readonly MachinePlan[]): Promise<void> {
  if (machines.length === 0) return;
  const states = cloud.peer('states');
  const listed = await states.call('ListStateMachines', { maxResults: 1000 });
  const present = new Map(
    (listed['stateMachines'] as { name: string; stateMachineArn: string }[]).map((m) => [m.name, m.stateMachineArn]),
  );
  for (const { name, definitionPath, substitutions } of machines) {
    const definition = substitute(readFileSync(definitionPath, 'utf8'), substitutions, definitionPath);
    const roleArn = `arn:aws:iam::${cloud.accountId}:role/${name}`;
    const stateMachineArn = present.get(name);
    if (stateMachineArn === undefined) await states.call('CreateStateMachine', { name, definition, roleArn });
    else {
      const described = await states.call('DescribeStateMachine', { stateMachineArn });
      if (described['definition'] !== definition) await states.call('UpdateStateMachine', { stateMachineArn, definition });
    }
  }
}

async function applyRules(cloud: Cloud, rules: readonly RulePlan[]): Promise<void> {
  const events = cloud.events;
  const wanted = new Set(rules.map((rule) => rule.name));
  const { Rules } = await events.call('ListRules', {});
  for (const { Name } of Rules as { Name: string }[]) {
    if (wanted.has(Name)) continue;
    await clearTargets(cloud, Name, []);
    await events.call('DeleteRule', { Name });
  }
  for (const rule of rules) {
    await events.call('PutRule', {
      Name: rule.name,
      State: 'ENABLED',
      ...(rule.eventPattern === undefined ? {} : { EventPattern: JSON.stringify(rule.eventPattern) }),
      ...(rule.scheduleExpression === undefined ? {} : { ScheduleExpression: rule.scheduleExpression }),
    });
    await clearTargets(
      cloud,
      rule.name,
      rule.targets.map((target) => target.id),
    );
    await events.call('PutTargets', { Rule: rule.name, Targets: rule.targets.map(targetArgs) });
  }
}

async function clearTargets(cloud: Cloud, Rule: string, keep: readonly string[]): Promise<void> {
  const { Targets } = await cloud.events.call('ListTargetsByRule', { Rule });
  const Ids = (Targets as { Id: string }[]).map((target) => target.Id).filter((id) => !keep.includes(id));
  if (Ids.length > 0) await cloud.events.call('RemoveTargets', { Rule, Ids });
}

function targetArgs(target: TargetPlan): Record<string, unknown> {
  const { maximumRetryAttempts: attempts, maximumEventAgeSeconds: age, inputTransformer: transformer } = target;
  const retry = {
    ...(attempts === undefined ? {} : { MaximumRetryAttempts: attempts }),
    ...(age === undefined ? {} : { MaximumEventAgeInSeconds: age }),
  };
  return {
    Id: target.id,
    Arn: target.arn,
    ...(target.input === undefined ? {} : { Input: target.input }),
    ...(target.inputPath === undefined ? {} : { InputPath: target.inputPath }),
    ...(transformer === undefined
      ? {}
      : { InputTransformer: { InputPathsMap: transformer.inputPathsMap ?? {}, InputTemplate: transformer.inputTemplate } }),
    ...(target.deadLetterArn === undefined ? {} : { DeadLetterConfig: { Arn: target.deadLetterArn } }),
    ...(Object.keys(retry).length > 0 ? { RetryPolicy: retry } : {}),
  };
}
