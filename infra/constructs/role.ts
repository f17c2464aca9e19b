import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { starReasons } from '../grants.ts';
import type { Suppression } from './suppress.ts';
import { suppress } from './suppress.ts';

/** A role with exactly the statements given. Resources that end in a star are prefixes of ours; a bare star needs a written reason. */
export function roleFor(scope: Construct, id: string, service: string, statements: PolicyStatement[], description: string): Role {
  for (const statement of statements) {
    if (!statement.resources.includes('*')) continue;
    const unexplained = statement.actions.filter((action) => starReasons[action] === undefined);
    if (unexplained.length > 0) throw new Error(`${id}: ${unexplained.join(', ')} on * has no reason in grants.ts`);
  }
  const role = new Role(scope, id, {
    assumedBy: new ServicePrincipal(service),
    description,
    inlinePolicies: { grants: new PolicyDocument({ statements, minimize: true }) },
  });
  suppress(role, starFindings(scope, statements));
  return role;
}

/** A resource as cdk-nag writes it: references in angle brackets. */
function asFinding(scope: Construct, resource: string): string {
  const text = (part: unknown): string => {
    if (typeof part === 'string') return part;
    const {
      Ref,
      'Fn::Join': join,
      'Fn::GetAtt': attribute,
    } = part as { Ref?: string; 'Fn::Join'?: [string, unknown[]]; 'Fn::GetAtt'?: string[] };
    if (Ref !== undefined) return `<${Ref}>`;
    if (attribute !== undefined) return `<${attribute.join('.')}>`;
    if (join !== undefined) return join[1].map(text).join(join[0]);
    throw new Error(`a resource of unknown form: ${JSON.stringify(part)}`);
  };
  return text(Stack.of(scope).resolve(resource));
}

/** One written reason for every star: prefixes of our own need one too. */
function starFindings(scope: Construct, statements: readonly PolicyStatement[]): Suppression[] {
  const reasons = new Map<string, string>();
  for (const { actions, resources } of statements) {
    for (const resource of resources) {
      const finding = asFinding(scope, resource);
      if (finding === '*') {
        reasons.set(finding, [...new Set(actions.map((action) => `${action}: ${starReasons[action]}`))].join(' '));
      } else if (finding.includes('*')) {
        reasons.set(
          finding,
          `${actions.join(', ')} reach what has this prefix, which is ours; names behind it are made at run time.`,
        );
      }
    }
  }
  return [...reasons].map(([finding, reason]) => ({ id: `AwsSolutions-IAM5[Resource::${finding}]`, reason }));
}
