/** Physical names. Fixed names let stacks speak of each other's resources without depending on each other in a circle. */
import { ArnFormat, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { manifest } from './manifest.ts';

export const functionName = (name: string) => `${manifest.name}-${name}`;
export const machineName = (name: string) => `${manifest.name}-${name}`;

/** The bucket of this name in this region, the home region if none is said. */
export function bucketName(scope: Construct, name: string, region: string = manifest.region): string {
  const plan = manifest.buckets.find((bucket) => bucket.name === name && bucket.region === region);
  if (plan === undefined) throw new Error(`the manifest has no bucket ${name} in ${region}`);
  return `${plan.namePrefix}-${Stack.of(scope).account}-${plan.region}`;
}

/** The buckets of this name in all regions: quantum results lie in the region of the device that made them. */
export function bucketNames(scope: Construct, name: string): string[] {
  const plans = manifest.buckets.filter((bucket) => bucket.name === name);
  if (plans.length === 0) throw new Error(`the manifest has no bucket ${name}`);
  return plans.map(({ region }) => bucketName(scope, name, region));
}

export const bucketArns = (scope: Construct, name: string) => bucketNames(scope, name).map((bucket) => `arn:aws:s3:::${bucket}`);

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

/** Regions beside the home region in which something of the manifest lies. */
export function otherRegions(): string[] {
  const regions = new Set([...manifest.buckets, ...manifest.rules].map(({ region }): string => region));
  regions.delete(manifest.region);
  return [...regions].sort();
}
