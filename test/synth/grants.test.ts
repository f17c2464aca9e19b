/**
 * Every call that a function's bundle or a state machine can make to a service has its grant in the manifest, and no grant of a function is
 * without its call.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Grant, manifest } from '../../infra/manifest.ts';

/** Unused code is cut from a bundle, so what is left of commands is what the function can send. S3 is enforced by local-sim at run time. */
const grantOf: Record<string, string> = {
  StartExecutionCommand: 'start',
  StopExecutionCommand: 'stop',
  DescribeExecutionCommand: 'inspect',
  GetExecutionHistoryCommand: 'inspect',
  ListExecutionsCommand: 'inspect',
  SendTaskSuccessCommand: 'answerTokens',
  SendTaskFailureCommand: 'answerTokens',
  SendTaskHeartbeatCommand: 'answerTokens',
  CreateQuantumTaskCommand: 'submitTasks',
  GetQuantumTaskCommand: 'readTasks',
  CancelQuantumTaskCommand: 'cancelTasks',
  GetDeviceCommand: 'readTasks',
};
/** Of S3, held to its grants at run time; and of the SDK itself: credentials and redirects. */
const UNCHECKED = new Set([
  'GetObjectCommand',
  'HeadObjectCommand',
  'PutObjectCommand',
  'DeleteObjectCommand',
  'ListObjectsV2Command',
  'HeadBucketCommand',
  'AssumeRoleCommand',
  'AssumeRoleWithWebIdentityCommand',
]);

describe('the manifest', () => {
  test.each(manifest.functions)('grants $name the calls of its bundle, and no others', ({ name, grants }) => {
    const bundle = readFileSync(join('dist', 'lambdas', name, 'index.mjs'), 'utf8');
    const used = new Set(
      Object.entries(grantOf)
        .filter(([command]) => new RegExp(`\\bnew (?:[\\w$]+\\.)?${command}\\(`).test(bundle))
        .map(([, grant]) => grant),
    );
    const held = new Set(grants.map(({ to }): string => to).filter((to) => Object.values(grantOf).includes(to)));
    expect([...held].sort()).toEqual([...used].sort());
  });

  test.each(manifest.functions)('knows every command that $name can send', ({ name }) => {
    const bundle = readFileSync(join('dist', 'lambdas', name, 'index.mjs'), 'utf8');
    const sent = [...bundle.matchAll(/\bnew (?:[\w$]+\.)?(\w+Command)\(/g)].map((match) => match[1]!);
    expect(sent.filter((command) => grantOf[command] === undefined && !UNCHECKED.has(command))).toEqual([]);
  });
});

type Fields = Readonly<Record<string, unknown>>;

/** The states of a definition, those of its branches and item processors with them. */
function statesOf(definition: Fields): Fields[] {
  return Object.values((definition['States'] ?? {}) as Record<string, Fields>).flatMap((state) => [
    state,
    ...((state['Branches'] ?? []) as Fields[]).flatMap(statesOf),
    ...(state['ItemProcessor'] === undefined ? [] : statesOf(state['ItemProcessor'] as Fields)),
  ]);
}

/** What `${Name}` names. */
const named = (text: unknown) => /^\$\{(\w+)\}$/.exec(String(text))?.[1];
/** The part of a key that an expression fixes, `runs/` in `{% 'runs/' & $runId %}`; undefined where it fixes none. */
const fixedStart = (text: unknown) => /^\{%\s*'([^']*)'/.exec(String(text))?.[1];

/** What a state needs, each with whether the grants have it. */
function needs(state: Fields, grants: readonly Grant[], machine: string): [need: string, held: boolean][] {
  const args = (state['Arguments'] ?? {}) as Fields;
  if (state['Type'] === 'Task') {
    const resource = String(state['Resource']).replace(/^arn:aws:states:::/, '');
    const service = resource.replace(/\.(sync(:2)?|waitForTaskToken)$/, '');
    if (service === 'lambda:invoke') {
      const wanted = named(args['FunctionName']);
      return [[`invoke ${wanted}`, grants.some((grant) => grant.to === 'invoke' && grant.function === wanted)]];
    }
    if (service === 'states:startExecution') {
      const wanted = named(args['StateMachineArn']);
      return [[`start ${wanted}`, grants.some((grant) => grant.to === 'start' && grant.machine === wanted)]];
    }
    if (service === 'batch:submitJob') {
      const [queue, job] = [named(args['JobQueue']), named(args['JobDefinition'])];
      const held = grants.some(
        (grant) => grant.to === 'submitJobs' && `${grant.queue}Queue` === queue && `${grant.job}Job` === job,
      );
      return [[`submit ${job} to ${queue}`, held]];
    }
    return [[`a kind of grant for ${resource}`, false]];
  }
  const config = ((state['ItemProcessor'] ?? {}) as Fields)['ProcessorConfig'] as Fields | undefined;
  if (config?.['Mode'] !== 'DISTRIBUTED') return [];
  const found: [string, boolean][] = [
    ['start its own children', grants.some((grant) => grant.to === 'start' && grant.machine === machine)],
  ];
  const s3 = (to: 'read' | 'write' | 'list', place: Fields, start: unknown) => {
    const prefix = fixedStart(start);
    const held = grants.some(
      (grant) =>
        (grant.to === 'read' || grant.to === 'write' || grant.to === 'list') &&
        grant.to === to &&
        `${grant.bucket}Bucket` === named(place['Bucket']) &&
        (prefix === undefined || prefix.startsWith(grant.prefix)),
    );
    found.push([`${to} ${String(place['Bucket'])} ${String(start)}`, held]);
  };
  const reader = state['ItemReader'] as { Resource: string; Arguments: Fields } | undefined;
  if (reader?.Resource.endsWith(':getObject')) s3('read', reader.Arguments, reader.Arguments['Key']);
  if (reader?.Resource.endsWith(':listObjectsV2')) s3('list', reader.Arguments, reader.Arguments['Prefix']);
  const place = (state['ResultWriter'] as { Arguments?: Fields } | undefined)?.Arguments;
  if (place !== undefined) {
    s3('write', place, place['Prefix']);
    s3('read', place, place['Prefix']);
  }
  return found;
}

describe('the state machines', () => {
  const definitions = manifest.machines.map(({ name, definition, grants }) => ({
    name,
    grants,
    states: statesOf(JSON.parse(readFileSync(definition, 'utf8')) as Fields),
  }));

  test.each(definitions)('hold a grant for everything that a state of $name uses', ({ name, grants, states }) => {
    const found = states.flatMap((state) => needs(state, grants, name));
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter(([, held]) => !held).map(([need]) => need)).toEqual([]);
  });

  test.each(definitions)('would be told of any grant that $name lost', ({ name, grants, states }) => {
    for (const lost of grants) {
      // Nothing of ours lists through a map, and what is written there may be read by a wider grant.
      if (lost.to === 'list') continue;
      const left = grants.filter((grant) => grant !== lost);
      expect(
        states.flatMap((state) => needs(state, left, name)).filter(([, held]) => !held),
        JSON.stringify(lost),
      ).not.toEqual([]);
    }
  });
});
