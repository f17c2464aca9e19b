import { Validations } from 'aws-cdk-lib/core';
import type { IConstruct } from 'constructs';

export interface Suppression {
  /** The rule, with the finding in brackets where the rule has several, e.g. `AwsSolutions-IAM5[Resource::*]`. */
  id: string;
  reason: string;
}

/** Switches findings off for one resource and what it contains, each with the reason in words. */
export function suppress(construct: IConstruct, suppressions: readonly Suppression[]): void {
  for (const suppression of suppressions) Validations.of(construct).acknowledge(suppression);
}
