/** The environment of every function, and the manifest's `${kind:Name}` references in it. */
import type { EventPattern } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { manifest } from './manifest.ts';
import { batchArn, bucketName, bucketNames, functionArn, jobDefinitionName, machineArn, queueName } from './names.ts';

/** Puts names and ARNs in the place of references; an unknown one is an error. */
export function resolveReferences(scope: Construct, text: string): string {
  return text.replace(/\$\{(\w+):(\w+)\}/g, (whole, kind: string, name: string) => {
    switch (kind) {
      case 'bucket':
        return bucketName(scope, name);
      case 'function':
        return functionArn(scope, name);
      case 'machine':
        return machineArn(scope, name);
      case 'queue':
        return batchArn(scope, 'job-queue', queueName(name));
      case 'job':
        return batchArn(scope, 'job-definition', jobDefinitionName(name));
      default:
        throw new Error(`${whole} in the manifest names nothing`);
    }
  });
}

/**
 * An event pattern with its references resolved; in a list of values `${buckets:QuantumResults}` becomes the buckets of that name in all
 * regions.
 */
function resolvePattern(scope: Construct, pattern: unknown): unknown {
  if (typeof pattern === 'string') return resolveReferences(scope, pattern);
  if (Array.isArray(pattern)) {
    return pattern.flatMap((value: unknown) => {
      const name = typeof value === 'string' ? /^\$\{buckets:(\w+)\}$/.exec(value)?.[1] : undefined;
      return name === undefined ? [resolvePattern(scope, value)] : bucketNames(scope, name);
    });
  }
  if (typeof pattern !== 'object' || pattern === null) return pattern;
  return Object.fromEntries(Object.entries(pattern).map(([key, value]) => [key, resolvePattern(scope, value)]));
}

/** The manifest's pattern in CDK's spelling, its references resolved. */
export function eventPattern(scope: Construct, pattern: Readonly<Record<string, unknown>>): EventPattern {
  const { 'detail-type': detailType, ...rest } = resolvePattern(scope, pattern) as Record<string, unknown>;
  return { ...rest, ...(detailType === undefined ? {} : { detailType }) } as EventPattern;
}

export function commonEnvironment(scope: Construct, codeVersion: string): Record<string, string> {
  const results = manifest.buckets.filter((bucket) => bucket.name === 'QuantumResults');
  return {
    DATA_BUCKET: bucketName(scope, 'Data'),
    QUANTUM_BUCKETS: JSON.stringify(
      Object.fromEntries(results.map(({ name, region }) => [region, bucketName(scope, name, region)])),
    ),
    DEVICE_REGIONS: JSON.stringify(Object.fromEntries(manifest.devices.map(({ arn, region }) => [arn, region]))),
    METRIC_NAMESPACE: manifest.metricNamespace,
    CODE_VERSION: codeVersion,
    DAY_CAP_MICRO_USD: String(manifest.caps.dayMicroUsd),
    ACCOUNT_CAP_MICRO_USD: String(manifest.caps.accountMicroUsd),
  };
}

/** What a definition's `${Name}` stands for: the one link between the machines' text and the cloud. */
export function definitionSubstitutions(scope: Construct): Record<string, string> {
  return {
    ...Object.fromEntries(manifest.functions.map(({ name }) => [name, functionArn(scope, name)])),
    ...Object.fromEntries(manifest.machines.map(({ name }) => [name, machineArn(scope, name)])),
    DataBucket: bucketName(scope, 'Data'),
    ...Object.fromEntries(manifest.queues.map(({ name }) => [`${name}Queue`, batchArn(scope, 'job-queue', queueName(name))])),
    ...Object.fromEntries(manifest.jobs.map(({ name }) => [`${name}Job`, jobDefinitionName(name)])),
  };
}
