import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { virtualClock } from '../../../local-sim/clock.ts';
import { TestCloud } from './cloud.ts';

/** A step turns a number into a number; `compute` says how without any state machine. */
type Step =
  | { kind: 'pass'; add: number }
  | { kind: 'wait'; seconds: number }
  | { kind: 'choice'; limit: number; below: number; above: number }
  | { kind: 'task' }
  | { kind: 'flaky'; add: number }
  | { kind: 'parallel'; branches: Step[][] }
  | { kind: 'map'; items: number; distributed: boolean; body: Step[] };

function compute(steps: readonly Step[], start: number): number {
  let x = start;
  for (const step of steps) {
    if (step.kind === 'pass' || step.kind === 'flaky') x += step.add;
    else if (step.kind === 'task') x += 1000;
    else if (step.kind === 'choice') x += x < step.limit ? step.below : step.above;
    else if (step.kind === 'parallel') {
      const from = x;
      x = step.branches.reduce((sum, branch) => sum + compute(branch, from), 0);
    } else if (step.kind === 'map') {
      let sum = 0;
      for (let i = 0; i < step.items; i++) sum += compute(step.body, x + i);
      x = sum;
    }
  }
  return x;
}

const SUM = '{% $sum($states.result) %}';
const invoke = (name: string, payload: unknown) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: { FunctionName: name, Payload: payload },
});

function machineOf(steps: readonly Step[], path: string): { StartAt: string; States: Record<string, object> } {
  const states: Record<string, object> = {};
  const name = (i: number) => `${path}${i}`;
  for (const [i, step] of steps.entries()) {
    const next = i + 1 < steps.length ? { Next: name(i + 1) } : { End: true };
    const inner = (inside: readonly Step[], suffix: string) => machineOf(inside, `${name(i)}${suffix}`);
    switch (step.kind) {
      case 'pass':
        states[name(i)] = { Type: 'Pass', Output: `{% $states.input + ${step.add} %}`, ...next };
        break;
      case 'wait':
        states[name(i)] = { Type: 'Wait', Seconds: step.seconds, ...next };
        break;
      case 'choice': {
        const join = `${name(i)}j`;
        states[name(i)] = {
          Type: 'Choice',
          Choices: [
            { Condition: `{% $states.input < ${step.limit} %}`, Output: `{% $states.input + ${step.below} %}`, Next: join },
          ],
          Output: `{% $states.input + ${step.above} %}`,
          Default: join,
        };
        states[join] = { Type: 'Pass', ...next };
        break;
      }
      case 'task':
        states[name(i)] = { ...invoke('add', '{% $states.input %}'), Output: '{% $states.result.Payload %}', ...next };
        break;
      case 'flaky':
        states[name(i)] = {
          ...invoke('flaky', {
            key: '{% $states.context.Execution.Name & $string($states.input) %}',
            retry: '{% $states.context.State.RetryCount %}',
          }),
          Retry: [{ ErrorEquals: ['Again'], MaxAttempts: 1, JitterStrategy: 'FULL' }],
          Output: `{% $states.input + ${step.add} %}`,
          ...next,
        };
        break;
      case 'parallel':
        states[name(i)] = {
          Type: 'Parallel',
          Branches: step.branches.map((branch, b) => inner(branch, `b${b}`)),
          Output: SUM,
          ...next,
        };
        break;
      case 'map':
        states[name(i)] = {
          Type: 'Map',
          Items: `{% [$map([0..${step.items - 1}], function($i) { $states.input + $i })] %}`,
          MaxConcurrency: 2,
          ItemProcessor: {
            ...(step.distributed ? { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } } : {}),
            ...inner(step.body, 'm'),
          },
          Output: SUM,
          ...next,
        };
    }
  }
  return { StartAt: name(0), States: states };
}

const { steps } = fc.letrec<{ step: Step; steps: Step[] }>((tie) => ({
  steps: fc.array(tie('step'), { minLength: 1, maxLength: 4 }),
  step: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('pass' as const), add: fc.integer({ min: -9, max: 9 }) }),
    fc.record({ kind: fc.constant('task' as const) }),
    fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: 0, max: 99 }) }),
    fc.record({ kind: fc.constant('flaky' as const), add: fc.integer({ min: 0, max: 9 }) }),
    fc.record({
      kind: fc.constant('choice' as const),
      limit: fc.integer({ min: -9, max: 2000 }),
      below: fc.nat(9),
      above: fc.nat(9),
    }),
    fc.record({ kind: fc.constant('parallel' as const), branches: fc.array(tie('steps'), { minLength: 1, maxLength: 3 }) }),
    fc.record({
      kind: fc.constant('map' as const),
      items: fc.integer({ min: 1, max: 3 }),
      distributed: fc.boolean(),
      body: tie('steps'),
    }),
  ),
}));

/** Runs to the end; `interrupts` are numbers of function calls after which the cloud is left and opened again. */
async function runWith(program: readonly Step[], interrupts: readonly number[]) {
  const stateDir = mkdtempSync(join(tmpdir(), 'qefm-random-'));
  let calls = 0;
  let restarts = 0;
  let left = [...interrupts];
  let stop = () => {};
  const count = () => {
    calls++;
    if (left[0] !== undefined && calls >= left[0]) {
      left = left.slice(1);
      stop();
    }
  };
  const functions = {
    add: (x: unknown) => {
      count();
      return Number(x) + 1000;
    },
    flaky: (event: unknown) => {
      count();
      if ((event as { retry: number }).retry === 0) throw Object.assign(new Error('m'), { name: 'Again' });
      return null;
    },
  };
  let cloud = new TestCloud({ stateDir, functions });
  try {
    const arn = await cloud.begin(machineOf(program, 's'), 5);
    for (;;) {
      const interrupted = new Promise<'stopped'>((resolve) => {
        stop = () => resolve('stopped');
      });
      if ((await Promise.race([cloud.states.ended(arn), interrupted])) !== 'stopped') break;
      await cloud.states.stop();
      cloud = new TestCloud({ stateDir, functions, clock: virtualClock(cloud.clock.now()) });
      await cloud.states.start();
      restarts++;
    }
    const told = await cloud.told(arn);
    const ids = (await cloud.history(arn)).map(({ id }) => id);
    return { ...told, calls, ids, restarts };
  } finally {
    await cloud.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

describe('random machines', () => {
  test('compute what plain code computes, interrupted or not', async () => {
    let restarts = 0;
    await fc.assert(
      fc.asyncProperty(steps, fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }), async (program, interrupts) => {
        const smooth = await runWith(program, []);
        expect([smooth.status, smooth.output]).toEqual(['SUCCEEDED', compute(program, 5)]);
        const rough = await runWith(
          program,
          interrupts.sort((a, b) => a - b),
        );
        expect([rough.status, rough.output]).toEqual(['SUCCEEDED', smooth.output]);
        restarts += rough.restarts;
        expect(rough.ids).toEqual(rough.ids.map((_, i) => i + 1));
        // What was under way is run again, and nothing else: two iterations of a map times three branches, nested at most.
        expect(rough.calls - smooth.calls).toBeLessThanOrEqual(interrupts.length * 36);
      }),
      { numRuns: 60 },
    );
    expect(restarts).toBeGreaterThan(10);
  }, 120_000);
});
