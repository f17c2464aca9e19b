/** The environment of every function, and the manifest's `${kind:Name}` references in it. */
import type { Construct } from 'constructs';
import { manifest } from './manifest.ts';
import { batchArn, bucketName, functionArn, jobDefinitionName, machineArn, queueName } from './names.ts';

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

export function commonEnvironment(scope: Construct, codeVersion: string): Record<string, string> {
  const results = manifest.buckets.filter((bucket) => bucket.name === 'QuantumResults');
  return {
    DATA_BUCKET: bucketName(scope, 'Data'),
    QUANTUM_BUCKETS: JSON.stringify(Object.fromEntries(results.map(({ name, region }) => [region, bucketName(scope, name)]))),
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
