import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { compileExpression } from '../../../local-sim/states/expressions.ts';
import { parseMachine } from '../../../local-sim/states/parse.ts';
import { single, TestCloud } from './cloud.ts';

interface Recorded {
  histories: {
    name: string;
    states: Record<string, object>;
    timeoutSeconds?: number;
    status: string;
    error?: string;
    cause?: string;
    output?: unknown;
    /** Id, previous id, type, details that must be among those told. A history may go on after the last one listed. */
    events: [number, number, string, Record<string, unknown>][];
  }[];
  fields: { choiceOutput: string; choiceAssign: string; catchOutput: string };
  expressionLimits: {
    terms: number;
    parentheses: number;
    brackets: number;
    recursion: number;
    listElements: number;
    rangeElements: number;
  };
  refusals: { cases: [object, string, string][]; accepted: string[] };
}

const recorded = JSON.parse(readFileSync(new URL('../../golden/states/recorded.json', import.meta.url), 'utf8')) as Recorded;

const open: TestCloud[] = [];
function cloudOf(): TestCloud {
  const cloud = new TestCloud({ functions: { echo: (event) => event, huge: () => 'é'.repeat(200_000) } });
  open.push(cloud);
  return cloud;
}
afterEach(async () => {
  for (const cloud of open.splice(0)) await cloud.close();
});

describe('what was recorded on AWS', () => {
  test.each(recorded.histories)(
    'is told here for $name',
    async ({ states, timeoutSeconds, status, error, cause, output, events }) => {
      const cloud = cloudOf();
      const definition = {
        StartAt: Object.keys(states)[0],
        States: states,
        ...(timeoutSeconds === undefined ? {} : { TimeoutSeconds: timeoutSeconds }),
      };
      const ran = await cloud.run(definition);
      expect(ran.status).toBe(status);
      expect(ran.error).toBe(error);
      if (cause !== undefined) expect(ran.cause).toBe(cause);
      if (output !== undefined) expect(ran.output).toEqual(output);
      const history = await cloud.history(ran.arn);
      expect(history.slice(0, events.length).map(({ id, previousEventId, type }) => [id, previousEventId, type])).toEqual(
        events.map(([id, previous, type]) => [id, previous, type]),
      );
      for (const [i, [, , , details]] of events.entries()) expect(history[i]).toMatchObject(details);
      if (/^Execution(Succeeded|Failed|TimedOut)$/.test(events.at(-1)![2])) expect(history).toHaveLength(events.length);
    },
  );

  test('names the fields of rules and catchers', async () => {
    const { fields } = recorded;
    const rule = (more: object) => ({
      StartAt: 'C',
      States: { C: { Type: 'Choice', Choices: [{ Condition: true, Next: 'N', ...more }] }, N: { Type: 'Succeed' } },
    });
    const nothing = '{% $states.input.nothing %}';
    expect((await cloudOf().run(rule({ Output: { v: nothing } }))).cause).toContain(`'${fields.choiceOutput}'`);
    expect((await cloudOf().run(rule({ Assign: { x: nothing } }))).cause).toContain(`'${fields.choiceAssign}'`);
    const task = {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke',
      Arguments: { FunctionName: 'huge' },
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'N', Output: { v: nothing } }],
      End: true,
    };
    expect((await cloudOf().run({ StartAt: 'T', States: { T: task, N: { Type: 'Succeed' } } })).cause).toContain(
      `'${fields.catchOutput}'`,
    );
  });

  test('bounds an expression where AWS bounds it', async () => {
    const limits = recorded.expressionLimits;
    const evaluates = async (source: string) => {
      try {
        await compileExpression(source).evaluate({ nowMs: 0, values: {} });
        return true;
      } catch {
        return false;
      }
    };
    const sources: [number, (n: number) => string][] = [
      [limits.terms, (n) => Array(n).fill('1').join('+')],
      [limits.parentheses, (n) => `${'('.repeat(n)}1${')'.repeat(n)}`],
      [limits.brackets, (n) => `${'['.repeat(n)}1${']'.repeat(n)}`],
      [limits.recursion, (n) => `($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(${n}))`],
      [limits.listElements, (n) => `$count([1..${n}])`],
      [limits.rangeElements, (n) => `$count($range(1, ${n}, 1))`],
    ];
    for (const [most, source] of sources)
      expect([most, await evaluates(source(most)), await evaluates(source(most + 1))]).toEqual([most, true, false]);
  });

  test('refuses what AWS refuses, with its code and place', () => {
    for (const [more, code, path] of recorded.refusals.cases) {
      const text = JSON.stringify({
        QueryLanguage: 'JSONata',
        StartAt: 'E',
        States: { E: { Type: 'Pass', End: true, ...more } },
      });
      expect(parseMachine(text).issues, text).toMatchObject([{ code, path }]);
    }
    for (const Output of recorded.refusals.accepted) {
      expect(
        parseMachine(JSON.stringify({ QueryLanguage: 'JSONata', ...single({ Type: 'Pass', Output }) })).issues,
        Output,
      ).toEqual([]);
    }
  });
});
