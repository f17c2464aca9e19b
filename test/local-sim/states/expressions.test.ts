import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyseExpression } from '../../../local-sim/states/analysis.ts';
import { compileExpression, compileTemplate, evaluateTemplate } from '../../../local-sim/states/expressions.ts';
import { hash, partition, RANGE_LIMIT, range, seededUnit } from '../../../local-sim/states/functions.ts';
import { exceedsBytes, type Json, toJson } from '../../../local-sim/states/json.ts';

const NOW_MS = Date.UTC(2026, 2, 4, 5, 6, 7, 89);

function evaluate(source: string, values: Record<string, unknown> = {}): Promise<unknown> {
  return compileExpression(source).evaluate({ nowMs: NOW_MS, values: { states: {}, ...values } });
}

function offencesOf(source: string): readonly string[] {
  return compileExpression(source).facts.offences;
}

describe('compileExpression', () => {
  test('evaluates with variables and $states bound and no input', async () => {
    expect(await evaluate('$states.input.a + $b', { states: { input: { a: 2 } }, b: 3 })).toBe(5);
    expect(await evaluate('$exists($)')).toBe(false);
  });

  test('answers $now and $millis from the clock it was given', async () => {
    expect(await evaluate('$millis()')).toBe(NOW_MS);
    expect(await evaluate('$now()')).toBe('2026-03-04T05:06:07.089Z');
    expect(await evaluate("$now('[Y]-[M01]')")).toBe('2026-03');
  });

  test('keeps evaluations of one expression apart when they overlap', async () => {
    const expression = compileExpression('$millis() + $x');
    const sums = await Promise.all([1, 2, 3].map((x) => expression.evaluate({ nowMs: x * 1000, values: { x } })));
    expect(sums).toEqual([1001, 2002, 3003]);
  });

  test('says where the text is no expression', () => {
    expect(() => compileExpression('$a +')).toThrow(/character/);
  });

  test('ends an expression that recurses for ever', async () => {
    await expect(evaluate('($f := function($n) { 1 + $f($n + 1) }; $f(0))')).rejects.toMatchObject({
      code: expect.stringMatching(/D101[12]|U1001/),
    });
  });
});

describe('functions of Step Functions', () => {
  test('$partition cuts a list into chunks and keeps the remainder', async () => {
    expect(toJson(await evaluate('$partition([1, 2, 3, 4, 5], 2)'))).toEqual([[1, 2], [3, 4], [5]]);
    expect(toJson(await evaluate('$partition([1, 2, 3], 2.9)'))).toEqual([[1, 2], [3]]);
    expect(await evaluate('$partition([1], 0)')).toBeUndefined();
    expect(await evaluate('$partition([], 2)')).toBeUndefined();
    await expect(evaluate('$partition([1], -1)')).rejects.toThrow(/above 0/);
  });

  test('$partition gives back all elements in order, in chunks of the size asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.integer({ min: 1, max: 9 }), (list, size) => {
        const chunks = partition(list, size)!;
        expect(chunks.flat()).toEqual(list);
        expect(chunks.slice(0, -1).every((chunk) => chunk.length === size)).toBe(true);
        expect(chunks.every((chunk) => chunk.length > 0 && chunk.length <= size)).toBe(true);
      }),
    );
  });

  test('$range includes its end when the step meets it', async () => {
    expect(toJson(await evaluate('$range(1, 9, 2)'))).toEqual([1, 3, 5, 7, 9]);
    expect(range(1, 8, 3)).toEqual([1, 4, 7]);
    expect(range(3, 1, -1)).toEqual([3, 2, 1]);
    expect(range(-1.7, 2, 1)).toEqual([-1, 0, 1, 2]);
    expect(range(5, 5, 1)).toBe(5);
    expect([range(3, 1, 1), range(0, 1, 0), await evaluate('$range(0, 1)')]).toEqual([undefined, undefined, undefined]);
    expect(range(1, RANGE_LIMIT, 1)).toHaveLength(RANGE_LIMIT);
    expect(() => range(0, RANGE_LIMIT, 1)).toThrow(/memory limit exceeded/);
  });

  test('$hash knows the five algorithms and answers nothing where none is named', async () => {
    expect(await evaluate("$hash('a', 'SHA-256')")).toBe(createHash('sha256').update('a').digest('hex'));
    expect(await evaluate("$hash('a', 'MD5')")).toBe('0cc175b9c0f1b6a831c399e269772661');
    expect(await evaluate("$hash('a', 'SHA-1')")).toBe('86f7e437faa5a7fce15d1ddcb9eaeaea377667b8');
    expect(hash('é', 'SHA-512')).toBe(createHash('sha512').update('é').digest('hex'));
    expect(await evaluate("$hash('a')")).toBeUndefined();
    await expect(evaluate("$hash('a', 'CRC32')")).rejects.toThrow(/SHA-384/);
    await expect(evaluate("$hash('a', 'constructor')")).rejects.toThrow(/SHA-384/);
  });

  test('$random gives the same number for the same seed and spreads over [0, 1)', async () => {
    expect(await evaluate('$random(42)')).toBe(seededUnit(42));
    const draws = Array.from({ length: 2000 }, (_, seed) => seededUnit(seed));
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
    // 2,000 uniform draws have a mean within 0.5 ± 4 · 0.0065.
    expect(Math.abs(draws.reduce((a, b) => a + b) / draws.length - 0.5)).toBeLessThan(0.026);
    expect(new Set(draws).size).toBe(draws.length);
    const unseeded = (await evaluate('$random()')) as number;
    expect(unseeded).toBeGreaterThanOrEqual(0);
    expect(unseeded).toBeLessThan(1);
  });

  test('$uuid has the form of a version 4 UUID', async () => {
    expect(await evaluate('$uuid()')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('$random and $uuid draw from the entropy they are given', async () => {
    const expression = compileExpression('[$random(), $uuid()]', { unit: () => 0.25, uuid: () => 'u' });
    expect(toJson(await expression.evaluate({ nowMs: 0, values: {} }))).toEqual([0.25, 'u']);
  });

  test('$parse reads JSON text and says what is wrong with other text', async () => {
    expect(await evaluate('$parse(\'{"a": [1, 2]}\').a[1]')).toBe(2);
    await expect(evaluate("$parse('{')")).rejects.toThrow(/JSON text/);
  });
});

describe('analyseExpression', () => {
  test('finds the variables that are read and leaves local ones out', () => {
    const facts = compileExpression('($a := 1; $map($list, function($v, $i) { $v + $a + $offset }))').facts;
    expect([...facts.variables].sort()).toEqual(['list', 'offset']);
    expect([...facts.calls]).toEqual(['map']);
  });

  test('finds the paths below $states', () => {
    expect([...compileExpression('$states.input.x[y = $states.context.Task.Token].z').facts.statesPaths].sort()).toEqual([
      'context.Task.Token',
      'input.x',
    ]);
  });

  test('refuses functions that do not exist, called or named', () => {
    expect(offencesOf('$foo(1)')).toEqual(['function $foo does not exist']);
    expect(offencesOf("$eval('1')")[0]).toMatch(/\$parse/);
    expect(offencesOf('$map([1], $eval)')[0]).toMatch(/\$parse/);
    expect(offencesOf('$x ~> $bar(?)')).toEqual(['function $bar does not exist']);
    expect(offencesOf('($f := function($x) { $x }; $f(1))')).toEqual([]);
    expect(offencesOf('$map([1], $string)')).toEqual([]);
  });

  test('refuses what has no value at the top level', () => {
    for (const source of ['a', 'a.b', '$', '$.a', '$$', '$$.a', '$sum(a)', '{ "x": a }', '[a]', 'a ? 1 : 2', '*', '**.a']) {
      expect(offencesOf(source), source).not.toEqual([]);
    }
  });

  test('lets context be used where a path gives it', () => {
    for (const source of [
      '$states.input.a',
      '$states.input.(a + $)',
      '$x[a = 1].b',
      '$x{a: b}',
      '$x^(a)',
      '$x ~> | a | {"b": c} |',
      '$x.{"k": a}',
      '$x@$v.a',
      '$map($x, function($v) { $v.a })',
    ]) {
      expect(offencesOf(source), source).toEqual([]);
    }
  });

  test('refuses an assignment to $states', () => {
    expect(offencesOf('($states := 1; $states)')[0]).toMatch(/reserved/);
  });

  test('answers for any syntax tree without throwing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (ast) => {
        expect(analyseExpression(ast).offences).toBeDefined();
      }),
    );
  });
});

describe('templates', () => {
  const compile = (value: Json, cache?: Map<string, ReturnType<typeof compileExpression>>) => {
    const errors: string[] = [];
    const template = compileTemplate(
      value,
      '',
      (source) => {
        const held = cache?.get(source);
        if (held) return held;
        const expression = compileExpression(source);
        cache?.set(source, expression);
        return expression;
      },
      () => {},
      (path, message) => errors.push(`${path}: ${message}`),
    );
    return { template, errors };
  };

  test('evaluate expressions anywhere in the value and leave the rest alone', async () => {
    const { template } = compile({ a: [1, '{% $x %}', { b: '{%$x+1%}' }], c: 'plain', d: null });
    expect(await evaluateTemplate(template, 'Output', { nowMs: 0, values: { x: 5 } })).toEqual({
      a: [1, 5, { b: 6 }],
      c: 'plain',
      d: null,
    });
  });

  test('name the place of half an expression', () => {
    expect(compile({ a: ['{% 1'] }).errors[0]).toMatch(/^\/a\/0: an expression begins/);
    expect(compile({ 'a/b': '1 %}' }).errors[0]).toMatch(/^\/a~1b: /);
  });

  test('fail as Step Functions does for undefined, functions and thrown errors', async () => {
    const fail = (source: string) =>
      evaluateTemplate(compile(`{% ${source} %}`).template, 'Output/x', { nowMs: 0, values: { states: {} } });
    await expect(fail('$states.input')).rejects.toMatchObject({
      error: 'States.QueryEvaluationError',
      reason: "The JSONata expression '$states.input' specified for the field 'Output/x' returned nothing (undefined).",
    });
    await expect(fail('$sum')).rejects.toMatchObject({
      error: 'States.QueryEvaluationError',
      reason: expect.stringContaining('unsupported result type'),
    });
    await expect(fail('1 + "a"')).rejects.toMatchObject({
      error: 'States.QueryEvaluationError',
      reason: expect.stringContaining('right side'),
    });
    await expect(fail('1/0')).rejects.toMatchObject({ error: 'States.QueryEvaluationError' });
  });

  test('give with cached expressions what fresh ones give', async () => {
    const source = fc.oneof(
      fc.constantFrom(
        '$x',
        '$x.a',
        '$count($x)',
        '$states.input',
        '[$x][0]',
        '$type($x)',
        '$string($x)',
        '$keys($x)',
        '$x = $states.input',
        '$map([$x], $type)',
      ),
      fc.integer({ min: -9, max: 9 }).map((n) => `$count([1..5]) + ${n}`),
    );
    const cache = new Map<string, ReturnType<typeof compileExpression>>();
    const outcome = async (value: Json, values: Record<string, unknown>, held?: typeof cache) => {
      try {
        return { value: await evaluateTemplate(compile(value, held).template, 'Output', { nowMs: 7, values }) };
      } catch (error) {
        return { error: String(error) };
      }
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(source, { minLength: 1, maxLength: 4 }),
        fc.jsonValue(),
        fc.jsonValue(),
        async (sources, x, input) => {
          const value = sources.map((text) => `{% ${text} %}`);
          const values = { x, states: { input } };
          expect(await outcome(value, values, cache)).toEqual(await outcome(value, values));
        },
      ),
      { numRuns: 200 },
    );
    expect(cache.size).toBeGreaterThan(5);
  });
});

describe('toJson', () => {
  test('gives a copy that equals what JSON text would give', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(toJson(value)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('removes the marks of JSONata sequences', async () => {
    const value = toJson(await evaluate('$map([1, 2], function($v) { $v * 2 })')) as number[];
    expect(Object.keys(value)).toEqual(['0', '1']);
    expect((value as { sequence?: boolean }).sequence).toBeUndefined();
  });

  test('turns dates into text and bytes into text', () => {
    expect(toJson({ at: new Date(0), body: Buffer.from('é') })).toEqual({ at: '1970-01-01T00:00:00.000Z', body: 'é' });
  });

  test('refuses numbers that JSON cannot hold', () => {
    expect(() => toJson([Number.NaN])).toThrow(/NaN/);
    expect(() => toJson(undefined)).toThrow(/undefined/);
  });

  test('keeps a member called __proto__ as data', () => {
    const copy = toJson(JSON.parse('{"__proto__": {"polluted": 1}}'));
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"polluted":1}}');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('exceedsBytes', () => {
  test('counts bytes of UTF-8, not characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(120), (text, limit) => {
        expect(exceedsBytes(text, limit)).toBe(Buffer.byteLength(text) > limit);
      }),
    );
  });
});
