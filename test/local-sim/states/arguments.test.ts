import * as batch from '@aws-sdk/client-batch';
import * as braket from '@aws-sdk/client-braket';
import * as cloudwatch from '@aws-sdk/client-cloudwatch';
import * as eventbridge from '@aws-sdk/client-eventbridge';
import * as lambda from '@aws-sdk/client-lambda';
import * as s3 from '@aws-sdk/client-s3';
import * as sfn from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, test } from 'vitest';
import { OPTIMIZED_ARGUMENTS, SDK_ARGUMENTS, type Shape, unknownMembers } from '../../../local-sim/states/arguments.ts';
import { argumentIssues, parseResource, SDK_SERVICES } from '../../../local-sim/states/resources.ts';
import { MemoryS3, single, TestCloud } from './cloud.ts';

let cloud: TestCloud | undefined;
afterEach(() => cloud?.close());

const CLIENTS: Readonly<Record<string, object>> = { batch, braket, cloudwatch, eventbridge, lambda, s3, sfn };
const OPTIMIZED_CLIENTS: Readonly<Record<string, string>> = {
  batch: 'batch',
  events: 'eventbridge',
  lambda: 'lambda',
  states: 'sfn',
};
const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Members of a structure in the SDK's own schemas, or of what a list or an operation leads to; undefined where there are none. */
function membersOf(schema: unknown): Map<string, unknown> | undefined {
  const found = typeof schema === 'function' ? (schema as () => unknown)() : schema;
  if (!Array.isArray(found)) return undefined;
  // [kind, namespace, name, traits, ...]: 1 is a list, 3 a structure, 9 an operation; a schema with traits is [schema, traits].
  if (typeof found[0] !== 'number') return membersOf(found[0]);
  if (found[0] === 1 || found[0] === 9) return membersOf(found[4]);
  if (found[0] !== 3) return undefined;
  return new Map((found[4] as string[]).map((name, i) => [upperFirst(name), (found[5] as unknown[])[i]]));
}

function misspelled(shape: Shape, schema: unknown, path: string): string[] {
  if (shape === 'any') return [];
  const members = membersOf(schema);
  return Object.entries(shape).flatMap(([name, inner]) =>
    members?.has(name) ? misspelled(inner, members.get(name), `${path}.${name}`) : [`${path}.${name}`],
  );
}

const actions = [
  ...Object.entries(SDK_ARGUMENTS).flatMap(([service, list]) =>
    Object.entries(list).map(([action, shape]) => ({ resource: `aws-sdk:${service}:${action}`, service, action, shape })),
  ),
  ...Object.entries(OPTIMIZED_ARGUMENTS).map(([resource, shape]) => {
    const [service = '', action = ''] = resource.split(':');
    return { resource, service: OPTIMIZED_CLIENTS[service]!, action, shape };
  }),
];

describe('the arguments of a call', () => {
  test.each(actions)('of $resource are members of the real request', ({ resource, service, action, shape }) => {
    const schema = (CLIENTS[service] as Record<string, unknown>)[`${upperFirst(action)}$`];
    expect(schema, `the SDK has no ${action}`).toBeDefined();
    expect(misspelled(shape, schema, resource)).toEqual([]);
    expect(parseResource(`arn:aws:states:::${resource}`).action).toBe(upperFirst(action));
  });

  test('are known for the very services that a Task may name', () => {
    expect(Object.keys(SDK_ARGUMENTS).sort()).toEqual(Object.keys(SDK_SERVICES).sort());
  });

  test('are refused at any depth when nothing here would read them', () => {
    const issues = (resource: string, args: object) =>
      argumentIssues(parseResource(`arn:aws:states:::${resource}`), args as Record<string, unknown>);
    expect(issues('aws-sdk:s3:getObject', { Bucket: 'b', Key: 'k' })).toEqual([]);
    expect(issues('aws-sdk:s3:getObject', { Bucket: 'b', Kee: 'k' })).toEqual([expect.stringContaining('"Kee"')]);
    // AWS knows it, this cloud does not honour it.
    expect(issues('aws-sdk:s3:putObject', { Bucket: 'b', Key: 'k', Tagging: 'a=b' })).toEqual([
      expect.stringContaining('"Tagging"'),
    ]);
    const job = { JobName: 'j', JobQueue: 'q', JobDefinition: 'd' };
    expect(issues('batch:submitJob.sync', { ...job, ContainerOverrides: { Environment: [{ Name: 'A', Value: 'b' }] } })).toEqual(
      [],
    );
    expect(issues('batch:submitJob.sync', { ...job, ContainerOverrides: { Environment: [{ Name: 'A', Valeu: 'b' }] } })).toEqual([
      'The field "ContainerOverrides.Environment.Valeu" is not supported by arn:aws:states:::batch:submitJob.sync; it takes Name, Value',
    ]);
    expect(issues('batch:submitJob', { JobName: 'j', JobQueue: 'q' })).toEqual([
      expect.stringContaining('"JobDefinition" is required'),
    ]);
    expect(issues('lambda:invoke', { FunctionName: 'f', Payload: { anything: { at: 'all' } } })).toEqual([]);
    expect(unknownMembers({ A: 'any' }, '{% $states.input %}')).toEqual([]);
    expect(unknownMembers({ A: 'any' }, { constructor: 1 })).toEqual(['constructor']);
  });

  test('are refused when the machine is created, and when an expression brings them', async () => {
    const s3Peer = new MemoryS3();
    s3Peer.put('b/k', 'x');
    cloud = new TestCloud({ peers: { s3: s3Peer.peer } });
    const task = (args: unknown) => single({ Type: 'Task', Resource: 'arn:aws:states:::aws-sdk:s3:getObject', Arguments: args });
    await expect(cloud.create(task({ Bucket: 'b', Key: 'k', Colour: 'red' }))).rejects.toMatchObject({
      code: 'InvalidDefinition',
      message: expect.stringContaining('"Colour"'),
    });
    expect((await cloud.run(task('{% $states.input %}'), { Bucket: 'b', Key: 'k' }, 'known')).status).toBe('SUCCEEDED');
    expect(await cloud.run(task('{% $states.input %}'), { Bucket: 'b', Key: 'k', Colour: 'red' }, 'unknown')).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: expect.stringContaining('"Colour"'),
    });
  });
});
