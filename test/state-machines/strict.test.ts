/** The local cloud takes the deployed definitions as they are, and would notice what it does not know. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { manifest } from '../../infra/manifest.ts';
import { parseMachine } from '../../local-sim/states/parse.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Signing names of the services that the local cloud has. */
const SERVICES = new Set(['batch', 'braket', 'events', 'lambda', 'monitoring', 's3', 'states']);

const machines = manifest.machines.map(({ name, definition }) => {
  // What a deployment puts in place of each ${Name} is some ARN or the name of a bucket.
  const text = readFileSync(definition, 'utf8').replace(/\$\{(\w+)\}/g, 'arn:aws:lambda:us-east-1:000000000000:function:$1');
  return { name, text };
});
const issuesOf = (text: string) => parseMachine(text, { hasPeer: (signingName) => SERVICES.has(signingName) }).issues;

/** Paths of all states below a definition, as JSON Pointers. */
function statePaths(definition: Json, path = ''): string[] {
  if (typeof definition !== 'object' || definition === null || Array.isArray(definition)) return [];
  const states = definition['States'];
  if (typeof states !== 'object' || states === null || Array.isArray(states)) return [];
  return Object.entries(states).flatMap(([name, state]) => {
    const at = `${path}/States/${name}`;
    const fields = state as { [key: string]: Json };
    const branches = Array.isArray(fields['Branches']) ? fields['Branches'] : [];
    return [
      at,
      ...branches.flatMap((branch, i) => statePaths(branch, `${at}/Branches/${i}`)),
      ...statePaths(fields['ItemProcessor'] ?? null, `${at}/ItemProcessor`),
    ];
  });
}

/** The object at a path of a copy, to be changed, and the copy. */
function opened(text: string, path: string): { copy: Json; state: { [key: string]: Json } } {
  const copy = JSON.parse(text) as Json;
  const state = path
    .split('/')
    .slice(1)
    .reduce((value, member) => (value as { [key: string]: Json })[member]!, copy);
  return { copy, state: state as { [key: string]: Json } };
}

test('there are three machines', () => {
  expect(machines.map(({ name }) => name).sort()).toEqual(['Compute', 'Discover', 'Optimize']);
});

describe.each(machines)('the machine $name', ({ text }) => {
  test('has no issue', () => {
    expect(issuesOf(text)).toEqual([]);
  });

  test('has one as soon as any of its states has a field or a function that is not known', () => {
    const paths = statePaths(JSON.parse(text) as Json);
    expect(paths.length).toBeGreaterThan(2);
    for (const path of paths) {
      const field = opened(text, path);
      field.state['Colour'] = 'red';
      expect(issuesOf(JSON.stringify(field.copy)).map((issue) => issue.path)).toEqual([`${path}/Colour`]);
      const called = opened(text, path);
      called.state[called.state['Type'] === 'Fail' ? 'Cause' : 'Output'] = '{% $frobnicate($states.context.Execution.Id) %}';
      const told = issuesOf(JSON.stringify(called.copy));
      expect(told.map((issue) => issue.message).join()).toContain('frobnicate');
    }
  });

  test('has one when a task names a resource that is not there', () => {
    const tasks = statePaths(JSON.parse(text) as Json).filter((path) => opened(text, path).state['Type'] === 'Task');
    expect(tasks.length).toBeGreaterThan(0);
    for (const path of tasks) {
      const { copy, state } = opened(text, path);
      state['Resource'] = 'arn:aws:states:::aws-sdk:dynamodb:getItem';
      expect(issuesOf(JSON.stringify(copy)).map((issue) => issue.path)).toContain(`${path}/Resource`);
    }
  });
});
