/** Physical names. Fixed names let stacks speak of each other's resources without depending on each other in a circle. */
import { ArnFormat, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { manifest } from './manifest.ts';

export const functionName = (name: string) => `${manifest.name}-${name}`;
export const machineName = (name: string) => `${manifest.name}-${name}`;

export function bucketName(scope: Construct, name: string): string {
  const plan = manifest.buckets.find((bucket) => bucket.name === name);
  if (plan === undefined) throw new Error(`the manifest has no bucket ${name}`);
  return `${plan.namePrefix}-${Stack.of(scope).account}-${plan.region}`;
}

export const bucketArn = (scope: Construct, name: string) => `arn:aws:s3:::${bucketName(scope, name)}`;

export function functionArn(scope: Construct, name: string): string {
  return Stack.of(scope).formatArn({
    service: 'lambda',
    resource: 'function',
    resourceName: functionName(name),
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

export function machineArn(scope: Construct, name: string): string {
  return Stack.of(scope).formatArn({
    service: 'states',
    resource: 'stateMachine',
    resourceName: machineName(name),
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

/** Executions of a machine; those of a Distributed Map's children have the map's label in their name. */
export function executionArns(scope: Construct, name: string, pattern = '*'): string {
  return Stack.of(scope).formatArn({
    service: 'states',
    resource: 'execution',
    resourceName: `${machineName(name)}${pattern}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

export const queueName = (name: string) => `${manifest.name}-${name}`;
export const jobDefinitionName = (name: string) => `${manifest.name}-${name}`;

export function batchArn(scope: Construct, resource: 'job-queue' | 'job-definition', name: string): string {
  return Stack.of(scope).formatArn({ service: 'batch', resource, resourceName: name });
}

/** The stacks all lie in the home region. A plan for another one would be built in the wrong place under the right name: refused instead. */
export function refuseOtherRegions(plans: readonly { name: string; region: string }[]): void {
  for (const { name, region } of plans)
    if (region !== manifest.region)
      throw new Error(
        `${name} is planned for ${region}, but the stacks are of ${manifest.region}: infra/ has no stack for another region`,
      );
}
