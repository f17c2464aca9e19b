import { describe, expect, test } from 'vitest';
import { parseSchedule } from '../../../local-sim/events/schedule.ts';
import { checkInput, transformInput } from '../../../local-sim/events/transform.ts';

const event = {
  source: 's',
  detail: { text: 'say "hi"\n', n: 1.5, list: [{ id: 'a' }], nothing: null, flag: false },
  resources: ['r0', 'r1'],
};
const facts = { ruleArn: 'arn:rule', ruleName: 'my-rule', ingestionTime: '2026-01-01T00:00:00.000Z' };
const template = (InputTemplate: string, InputPathsMap: Record<string, string> = {}) =>
  transformInput({ InputTransformer: { InputTemplate, InputPathsMap } }, event, facts);

describe('transformInput', () => {
  test('gives the whole event, a constant, or a part', () => {
    expect(JSON.parse(transformInput({}, event, facts))).toEqual(event);
    expect(transformInput({ Input: '{"a":1}' }, event, facts)).toBe('{"a":1}');
    expect(transformInput({ InputPath: '$.detail.list[0].id' }, event, facts)).toBe('"a"');
    expect(transformInput({ InputPath: "$['detail']['n']" }, event, facts)).toBe('1.5');
  });

  test('fills templates of JSON: values outside quotes, text inside', () => {
    const map = {
      t: '$.detail.text',
      n: '$.detail.n',
      l: '$.detail.list',
      r: '$.resources[1]',
      z: '$.detail.absent',
      f: '$.detail.flag',
    };
    expect(
      JSON.parse(template('{"t": <t>, "inside": "it: <t> <n>", "n": <n>, "l": <l>, "r": <r>, "z": <z>, "f": <f>}', map)),
    ).toEqual({
      t: 'say "hi"\n',
      inside: 'it: say "hi"\n 1.5',
      n: 1.5,
      l: [{ id: 'a' }],
      r: 'r1',
      z: '',
      f: false,
    });
  });

  test('knows the variables of AWS and makes one string of a template that is not JSON', () => {
    expect(
      JSON.parse(template('{"rule": <aws.events.rule-arn>, "name": "<aws.events.rule-name>", "e": <aws.events.event.json>}')),
    ).toEqual({ rule: 'arn:rule', name: 'my-rule', e: event });
    expect(JSON.parse(template('Plain <n> words', { n: '$.detail.n' }))).toBe('Plain 1.5 words');
  });

  test('lets no value break out of its place', () => {
    const evil = { detail: { text: '","admin":"yes' } };
    const out = transformInput(
      { InputTransformer: { InputTemplate: '{"who": "<t>"}', InputPathsMap: { t: '$.detail.text' } } },
      evil,
      facts,
    );
    expect(JSON.parse(out)).toEqual({ who: '","admin":"yes' });
  });
});

describe('checkInput', () => {
  test('refuses two kinds of input, a bad path, an unknown variable', () => {
    expect(() => checkInput({ Input: '{}', InputPath: '$' })).toThrow('only one');
    expect(() => checkInput({ InputPath: 'detail' })).toThrow('JSONPath');
    expect(() => checkInput({ InputPath: '$.a[*]' })).toThrow('JSONPath');
    expect(() => checkInput({ InputTransformer: { InputTemplate: '{"a": <b>}' } })).toThrow('<b>');
    expect(() => checkInput({ InputTransformer: { InputTemplate: '{"a": <b>}', InputPathsMap: { b: '$.b' } } })).not.toThrow();
  });
});

describe('parseSchedule', () => {
  test('reads rates and refuses the rest', () => {
    expect(parseSchedule('rate(1 minute)')).toBe(60_000);
    expect(parseSchedule('rate(5 minutes)')).toBe(300_000);
    expect(parseSchedule('rate(2 hours)')).toBe(7_200_000);
    for (const text of ['rate(1 minutes)', 'rate(5 minute)', 'rate(0 minutes)', 'rate(1 second)', 'cron(0 * * * ? *)', ''])
      expect(() => parseSchedule(text), text).toThrow('ScheduleExpression');
  });
});
