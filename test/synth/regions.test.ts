/** The same floor plan with devices of two more regions in use. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createApp } from '../../infra/app.ts';
import { manifest } from '../../infra/manifest.ts';

const { OTHERS, rows } = vi.hoisted(() => ({
  OTHERS: ['eu-north-1', 'us-west-1'],
  /** The rows of a region, once more for each other one. */
  rows: <T extends { name: string; region: string }>(all: readonly T[], name: string, regions: readonly string[]): T[] => [
    ...all,
    ...regions.map((region) => ({ ...all.find((row) => row.name === name)!, region })),
  ],
}));

vi.mock('../../infra/manifest.ts', async (original) => {
  const { manifest } = await original<typeof import('../../infra/manifest.ts')>();
  return {
    manifest: {
      ...manifest,
      buckets: rows(manifest.buckets, 'QuantumResults', OTHERS),
      rules: rows(manifest.rules, 'QuantumTaskChanged', OTHERS),
    },
  };
});

interface Template {
  Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
}
let folder: string;
let templates: Record<string, Template>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'qefm-regions-'));
  createApp(folder).synth();
  templates = Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.endsWith('.template.json'))
      .map((name) => [name.replace('.template.json', ''), JSON.parse(readFileSync(join(folder, name), 'utf8')) as Template]),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const of = (stack: string, type: string) =>
  Object.values(templates[stack]!.Resources)
    .filter(({ Type }) => Type === type)
    .map(({ Properties }) => Properties);
const text = (value: unknown) =>
  JSON.stringify(value, (_, part: { 'Fn::Join'?: [string, unknown[]]; Ref?: string }) =>
    part?.['Fn::Join'] === undefined
      ? part
      : part['Fn::Join'][1].map((piece) => (typeof piece === 'string' ? piece : `<${(piece as { Ref: string }).Ref}>`)).join(''),
  );
const regions = [manifest.region, ...OTHERS];
const resultsOf = (region: string) => `amazon-braket-qefm-<AWS::AccountId>-${region}`;

describe('a floor plan with devices in other regions', () => {
  test('has a stack in each, and passes the AWS Solutions rules', () => {
    expect(Object.keys(templates).sort()).toEqual(
      ['api', 'compute', 'functions', 'monitoring', 'storage', 'workflow', ...OTHERS].map((part) => `qefm-${part}`).sort(),
    );
    const { artifacts } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
      artifacts: Record<string, { environment?: string; dependencies?: string[] }>;
    };
    for (const region of OTHERS) {
      expect(artifacts[`qefm-${region}`]!.environment).toBe(`aws://unknown-account/${region}`);
      expect(artifacts['qefm-workflow']!.dependencies).toContain(`qefm-${region}`);
    }
    const { pluginReports } = JSON.parse(readFileSync(join(folder, 'validation-report.json'), 'utf8')) as {
      pluginReports: { violations: { ruleName: string }[] }[];
    };
    expect(pluginReports.length).toBeGreaterThan(0);
    expect(pluginReports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName))).toEqual([]);
  });

  test.each(OTHERS)('passes cfn-lint in %s', (region) => {
    const files = [`qefm-${region}`, 'qefm-workflow', 'qefm-functions'].map((name) => join(folder, `${name}.template.json`));
    const args = ['--region', region, '--format', 'parseable', '--non-zero-exit-code', 'error'];
    expect(execFileSync(join('.venv', 'bin', 'cfn-lint'), [...args, files[0]!], { encoding: 'utf8' })).not.toMatch(/:E\d{4}:/);
    args[1] = manifest.region;
    expect(execFileSync(join('.venv', 'bin', 'cfn-lint'), [...args, ...files.slice(1)], { encoding: 'utf8' })).not.toMatch(
      /:E\d{4}:/,
    );
  });

  test.each(OTHERS)('keeps the results of %s there, in a bucket where Braket may write', (region) => {
    const names = of(`qefm-${region}`, 'AWS::S3::Bucket').map(({ BucketName }) => JSON.parse(text(BucketName)) as string);
    expect(names.sort()).toEqual([resultsOf(region), `qefm-access-logs-<AWS::AccountId>-${region}`].sort());
    expect(of('qefm-storage', 'AWS::S3::Bucket').map(text).join()).not.toContain(region);
  });

  test.each(OTHERS)('forwards the task events of %s to the home bus, with that right and no other', (region) => {
    const [rule, ...more] = of(`qefm-${region}`, 'AWS::Events::Rule');
    expect(more).toEqual([]);
    expect(rule!['EventPattern']).toMatchObject({ source: ['aws.braket'], 'detail-type': ['Braket Task State Change'] });
    expect(text(rule!['EventPattern'])).toContain(resultsOf(region));
    const bus = `arn:<AWS::Partition>:events:${manifest.region}:<AWS::AccountId>:event-bus/default`;
    const [target] = rule!['Targets'] as { Arn: unknown; RoleArn: unknown; DeadLetterConfig: unknown }[];
    expect(text(target!.Arn)).toBe(JSON.stringify(bus));
    expect(target!.RoleArn).toBeDefined();
    expect(target!.DeadLetterConfig).toBeDefined();
    const policies = of(`qefm-${region}`, 'AWS::IAM::Policy');
    expect(policies.map(({ PolicyDocument }) => JSON.parse(text(PolicyDocument)) as unknown)).toEqual([
      { Statement: [{ Action: 'events:PutEvents', Effect: 'Allow', Resource: bus }], Version: '2012-10-17' },
    ]);
  });

  test('takes task events of every bucket of results at home', () => {
    const rules = of('qefm-workflow', 'AWS::Events::Rule');
    expect(rules.map(({ Name }) => Name).sort()).toEqual(['qefm-LibraryUploaded', 'qefm-QuantumTaskChanged', 'qefm-Sweep']);
    const pattern = rules.find(({ Name }) => Name === 'qefm-QuantumTaskChanged')!['EventPattern'] as { detail: object };
    expect(JSON.parse(text(pattern.detail))).toMatchObject({ outputS3Bucket: regions.map(resultsOf) });
  });

  test('tells every function of every bucket, and lets readers and submitters reach each', () => {
    for (const { Environment } of of('qefm-functions', 'AWS::Lambda::Function')) {
      const { QUANTUM_BUCKETS } = (JSON.parse(text(Environment)) as { Variables: { QUANTUM_BUCKETS: string } }).Variables;
      expect(JSON.parse(QUANTUM_BUCKETS)).toEqual(Object.fromEntries(regions.map((region) => [region, resultsOf(region)])));
    }
    for (const name of ['CollectResults', 'SubmitCircuits']) {
      const role = of('qefm-functions', 'AWS::IAM::Role').find(({ Description }) => Description === `Role of ${name}`)!;
      for (const region of regions) expect(text(role['Policies'])).toContain(`arn:aws:s3:::${resultsOf(region)}/runs/*`);
    }
  });
});
