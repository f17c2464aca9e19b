import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { differences, planTests, runLocally, substitute } from '../../../scripts/teststate.ts';

const folder = new URL('../../../state-machines/', import.meta.url);
const machines = readdirSync(folder).map((name) => name.replace('.asl.json', ''));
const plans = machines.map((name) =>
  planTests(name, substitute(readFileSync(new URL(`${name}.asl.json`, folder), 'utf8'), machines)),
);

describe('scripts/teststate', () => {
  test('lists every request in its dry mode and sends nothing', () => {
    const env = { PATH: process.env['PATH'] ?? '', AWS_EC2_METADATA_DISABLED: 'true' };
    const out = execFileSync(process.execPath, ['scripts/teststate.ts', '--dry'], { encoding: 'utf8', env });
    const lines = out.trim().split('\n');
    expect(lines.at(-1)).toMatch(/^\d+ requests for 3 machines; nothing was sent$/);
    expect(lines).toHaveLength(plans.flat().length + 1);
    for (const line of lines.slice(0, -1))
      expect(Object.keys(JSON.parse(line))).toEqual(expect.arrayContaining(['machine', 'stateName', 'input', 'variables']));
  });

  test('asks about every state, and about the error of every guarded one', () => {
    for (const [i, tests] of plans.entries()) {
      const definition = JSON.parse(readFileSync(new URL(`${machines[i]}.asl.json`, folder), 'utf8')) as object;
      const names = JSON.stringify(definition).match(/"Type":/g)?.length;
      expect(new Set(tests.map(({ state }) => state)).size).toBe(names);
      for (const { state, mock } of tests)
        if (mock === 'error') expect(tests.some((other) => other.state === state && other.mock === 'result')).toBe(true);
    }
  });

  test('makes samples on which the local interpreter gets through most states', async () => {
    const verdicts = await Promise.all(plans.flat().map(async (plan) => ({ plan, verdict: await runLocally(plan) })));
    const through = verdicts.filter(({ verdict }) => verdict.status !== 'FAILED');
    expect(through.length / verdicts.length).toBeGreaterThan(0.8);
    // A sample that does not fit ends as a query error, on both sides; nothing else may go wrong here.
    const fails = verdicts.filter(({ plan, verdict }) => verdict.status === 'FAILED' && plan.mock === 'result');
    for (const { verdict } of fails) expect(verdict.error).toBe('States.QueryEvaluationError');
  });

  test('tells the fields in which two answers differ', () => {
    const same = { status: 'SUCCEEDED', output: { a: 1 }, nextState: 'B' };
    expect(differences(same, { ...same })).toEqual([]);
    expect(differences(same, { ...same, output: { a: 2 }, nextState: 'C' })).toEqual([
      'nextState: here "B", AWS "C"',
      'output: here {"a":1}, AWS {"a":2}',
    ]);
    expect(differences(same, { status: 'FAILED', error: 'E' })).toHaveLength(3);
  });

  test('replaces names of machines by their ARNs and leaves other names', () => {
    expect(substitute('${Optimize} ${DataBucket}', ['optimize'])).toBe(
      'arn:aws:states:us-east-1:000000000000:stateMachine:optimize DataBucket',
    );
  });
});
