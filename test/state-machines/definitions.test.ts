import { readFileSync } from 'node:fs';
import validate from 'asl-validator';
import { describe, expect, test } from 'vitest';
import { errorClasses } from '../../core/contracts/errors.ts';
import * as steps from '../../core/contracts/steps.ts';
import { manifest } from '../../infra/manifest.ts';

type Json = Record<string, unknown>;

interface FoundState {
  machine: string;
  name: string;
  state: Json;
}

function statesOf(machine: string, definition: Json): FoundState[] {
  return Object.entries((definition['States'] ?? {}) as Record<string, Json>).flatMap(([name, state]) => [
    { machine, name, state },
    ...((state['Branches'] ?? []) as Json[]).flatMap((branch) => statesOf(machine, branch)),
    ...(state['ItemProcessor'] === undefined ? [] : statesOf(machine, state['ItemProcessor'] as Json)),
  ]);
}

const machines = manifest.machines.map(({ name, definition }) => ({ name, text: readFileSync(definition, 'utf8') }));
const states = machines.flatMap(({ name, text }) => statesOf(name, JSON.parse(text) as Json));
const tasks = states.filter(({ state }) => state['Type'] === 'Task');
const label = ({ machine, name }: FoundState) => `${machine}.${name}`;

/** Errors that Lambda, Step Functions, Batch and S3 raise themselves. */
const SERVICE_ERROR = /^(States|Lambda|Sandbox|Batch|StepFunctions)\./;

describe('the state machines', () => {
  test.each(machines)('$name is well-formed Amazon States Language', ({ text }) => {
    const result = validate(JSON.parse(text));
    expect(result.errorsText()).toBe('');
    expect(result.isValid).toBe(true);
  });

  test('give every task a time-out', () => {
    expect(tasks.length).toBeGreaterThan(20);
    expect(tasks.filter(({ state }) => state['TimeoutSeconds'] === undefined).map(label)).toEqual([]);
  });

  test('give every wait for a token a heartbeat', () => {
    const waits = tasks.filter(({ state }) => String(state['Resource']).endsWith('.waitForTaskToken'));
    expect(waits.length).toBeGreaterThan(0);
    expect(waits.filter(({ state }) => state['HeartbeatSeconds'] === undefined).map(label)).toEqual([]);
  });

  test('name every error they retry or catch, States.ALL in the last catch only', () => {
    const wrong: string[] = [];
    for (const found of states) {
      const retries = (found.state['Retry'] ?? []) as { ErrorEquals: string[] }[];
      const catches = (found.state['Catch'] ?? []) as { ErrorEquals: string[] }[];
      for (const { ErrorEquals } of retries)
        if (ErrorEquals.includes('States.ALL')) wrong.push(`${label(found)} retries everything`);
      for (const { ErrorEquals } of catches.slice(0, -1))
        if (ErrorEquals.includes('States.ALL')) wrong.push(`${label(found)} catches all too early`);
      for (const name of [...retries, ...catches].flatMap(({ ErrorEquals }) => ErrorEquals)) {
        if (!SERVICE_ERROR.test(name) && !(name in errorClasses))
          wrong.push(`${label(found)} names ${name}, which nothing throws`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('free the money of a run before they report its failure, wherever some may be held', () => {
    const direct = states.filter(({ state }) => {
      const catches = (state['Catch'] ?? []) as { Next: string }[];
      return [state['Next'], ...catches.map(({ Next }) => Next)].includes('ReportFailure');
    });
    // Nothing is reserved before the run is prepared.
    expect(direct.map(label)).toEqual(['Discover.PrepareRun', 'Discover.SettleFailure']);
  });

  test('hand each function exactly what its contract takes', () => {
    const contracts = steps as unknown as Record<string, { input?: { shape: Record<string, unknown> } }>;
    const wrong = tasks.flatMap((found) => {
      const { FunctionName, Payload } = (found.state['Arguments'] ?? {}) as { FunctionName?: string; Payload?: unknown };
      const name = /^\$\{(\w+)\}$/.exec(FunctionName ?? '')?.[1];
      // A payload that is one expression was put together by the map around it.
      if (name === undefined || typeof Payload !== 'object' || Payload === null) return [];
      const wanted = Object.keys(contracts[name]?.input?.shape ?? {}).sort();
      const given = Object.keys(Payload).sort();
      return JSON.stringify(wanted) === JSON.stringify(given)
        ? []
        : [`${label(found)}: ${name} takes ${wanted.join(', ')}; found ${given.join(', ')}`];
    });
    expect(wrong).toEqual([]);
  });

  test('name only what the manifest has, and hold a grant for each', () => {
    const wrong: string[] = [];
    for (const { name, text } of machines) {
      const grants = manifest.machines.find((machine) => machine.name === name)!.grants;
      for (const reference of new Set([...text.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1]!))) {
        const granted = grants.some(
          (grant) =>
            (grant.to === 'invoke' && grant.function === reference) ||
            (grant.to === 'start' && grant.machine === reference) ||
            (grant.to === 'read' && `${grant.bucket}Bucket` === reference) ||
            (grant.to === 'submitJobs' && (`${grant.queue}Queue` === reference || `${grant.job}Job` === reference)),
        );
        if (!granted) wrong.push(`${name} uses ${reference} without a grant`);
      }
      for (const grant of grants) {
        if (grant.to === 'invoke' && !text.includes(`\${${grant.function}}`))
          wrong.push(`${name} may invoke ${grant.function} but never does`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('the manifest', () => {
  test('has a function for every contract of a step, and a contract for every function of a step', () => {
    const contracts = Object.values(steps)
      .filter((value) => typeof value === 'object' && 'name' in value && 'input' in value && 'output' in value)
      .map((value) => (value as { name: string }).name)
      .sort();
    const functions = manifest.functions
      .filter(({ entry }) => entry.startsWith('lambdas/steps/'))
      .map(({ name }) => name)
      .sort();
    expect(functions).toEqual(contracts);
  });
});
