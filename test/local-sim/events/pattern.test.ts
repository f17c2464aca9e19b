/** The pattern language, by the examples of the EventBridge user guide and by laws. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern } from '../../../local-sim/events/pattern.ts';

const matches = (pattern: unknown, event: unknown) => compilePattern(pattern)(event);
const value = (item: unknown, found: unknown) => matches({ detail: { x: [item] } }, { detail: { x: found } });

describe('compilePattern', () => {
  test('matches exact values of each type, and any of a list', () => {
    expect(value('a', 'a')).toBe(true);
    expect(value('a', 'A')).toBe(false);
    expect(value(1, 1)).toBe(true);
    expect(value(1, '1')).toBe(false);
    expect(value(true, true)).toBe(true);
    expect(value(null, null)).toBe(true);
    expect(value('', '')).toBe(true);
    expect(matches({ source: ['aws.s3', 'aws.braket'] }, { source: 'aws.braket' })).toBe(true);
    expect(matches({ source: ['aws.s3'], detail: { x: ['y'] } }, { source: 'aws.s3', detail: { x: 'z' } })).toBe(false);
  });

  test('finds a value within a list of the event', () => {
    expect(value('b', ['a', 'b'])).toBe(true);
    expect(value('c', ['a', 'b'])).toBe(false);
    expect(matches({ detail: { list: { id: ['2'] } } }, { detail: { list: [{ id: '1' }, { id: '2' }] } })).toBe(true);
  });

  test('knows prefix, suffix, equals-ignore-case and their combinations', () => {
    expect(value({ prefix: 'us-' }, 'us-east-1')).toBe(true);
    expect(value({ prefix: 'us-' }, 'eu-west-1')).toBe(false);
    expect(value({ suffix: '.smi' }, 'a/b.smi')).toBe(true);
    expect(value({ suffix: '.smi' }, 'a/b.SMI')).toBe(false);
    expect(value({ suffix: { 'equals-ignore-case': '.SMI' } }, 'a/b.smi')).toBe(true);
    expect(value({ prefix: { 'equals-ignore-case': 'A' } }, 'abc')).toBe(true);
    expect(value({ 'equals-ignore-case': 'Alice' }, 'aLICE')).toBe(true);
    expect(value({ prefix: 'x' }, 5)).toBe(false);
  });

  test('knows anything-but in all its forms, which an absent field never satisfies', () => {
    expect(value({ 'anything-but': 'a' }, 'b')).toBe(true);
    expect(value({ 'anything-but': 'a' }, 'a')).toBe(false);
    expect(value({ 'anything-but': ['a', 'b'] }, 'b')).toBe(false);
    expect(value({ 'anything-but': [1, 2] }, 3)).toBe(true);
    expect(value({ 'anything-but': { prefix: 'in' } }, 'init')).toBe(false);
    expect(value({ 'anything-but': { suffix: ['x', 'y'] } }, 'az')).toBe(true);
    expect(value({ 'anything-but': { 'equals-ignore-case': ['A'] } }, 'a')).toBe(false);
    expect(value({ 'anything-but': { wildcard: '*/lib/*' } }, 'dir/lib/x')).toBe(false);
    expect(matches({ detail: { x: [{ 'anything-but': 'a' }] } }, { detail: {} })).toBe(false);
  });

  test('compares numbers, with one bound or two', () => {
    expect(value({ numeric: ['>', 0, '<=', 5] }, 5)).toBe(true);
    expect(value({ numeric: ['>', 0, '<=', 5] }, 0)).toBe(false);
    expect(value({ numeric: ['=', 3.018e2] }, 301.8)).toBe(true);
    expect(value({ numeric: ['<', 10] }, '5')).toBe(false);
  });

  test('knows whether a leaf exists', () => {
    expect(value({ exists: true }, 'anything')).toBe(true);
    expect(value({ exists: true }, null)).toBe(true);
    expect(matches({ detail: { x: [{ exists: true }] } }, { detail: {} })).toBe(false);
    expect(matches({ detail: { x: [{ exists: false }] } }, { detail: {} })).toBe(true);
    expect(matches({ detail: { x: [{ exists: false }] } }, {})).toBe(true);
    expect(matches({ detail: { x: [{ exists: true }] } }, { detail: { x: { inner: 1 } } })).toBe(false);
    expect(matches({ detail: { a: { b: [{ exists: false }], c: ['1'] } } }, { detail: { a: { c: '1' } } })).toBe(true);
  });

  test('knows wildcards with escapes', () => {
    expect(value({ wildcard: 'campaigns/*/libraries/*.smi' }, 'campaigns/bace/libraries/a.smi')).toBe(true);
    expect(value({ wildcard: 'campaigns/*/libraries/*.smi' }, 'campaigns/bace/libraries/a.csv')).toBe(false);
    expect(value({ wildcard: 'a\\*b' }, 'a*b')).toBe(true);
    expect(value({ wildcard: 'a\\*b' }, 'axb')).toBe(false);
    expect(value({ wildcard: 'ab*ba' }, 'aba')).toBe(false);
    expect(value({ wildcard: '*' }, '')).toBe(true);
  });

  test('agrees with a regular expression on every wildcard', () => {
    const unit = fc.constantFrom('a', 'b', '.', '*');
    const pattern = fc.string({ unit, maxLength: 8 }).filter((s) => !s.includes('**'));
    fc.assert(
      fc.property(pattern, fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 }), (wildcard, text) => {
        const expression = new RegExp(`^${wildcard.replace(/\./g, '\\.').replaceAll('*', '.*')}$`, 's');
        expect(value({ wildcard }, text)).toBe(expression.test(text));
      }),
      { numRuns: 2000 },
    );
  });

  test('knows address ranges of both kinds', () => {
    expect(value({ cidr: '10.0.0.0/24' }, '10.0.0.255')).toBe(true);
    expect(value({ cidr: '10.0.0.0/24' }, '10.0.1.0')).toBe(false);
    expect(value({ cidr: '2001:db8::/32' }, '2001:db8:1::1')).toBe(true);
    expect(value({ cidr: '10.0.0.0/8' }, 'not an address')).toBe(false);
  });

  test('joins fields by $or', () => {
    const pattern = { detail: { $or: [{ a: ['1'] }, { b: [{ numeric: ['>', 5] }] }], c: ['x'] } };
    expect(matches(pattern, { detail: { a: '1', c: 'x' } })).toBe(true);
    expect(matches(pattern, { detail: { b: 6, c: 'x' } })).toBe(true);
    expect(matches(pattern, { detail: { b: 6, c: 'y' } })).toBe(false);
    expect(matches(pattern, { detail: { a: '2', b: 5, c: 'x' } })).toBe(false);
  });

  test('does not look into prototypes', () => {
    expect(matches({ detail: { constructor: [{ exists: true }] } }, { detail: {} })).toBe(false);
    expect(matches({ toString: [{ exists: false }] }, {})).toBe(true);
  });

  test.each([
    ['no json', 'not valid'],
    ['[]', 'must be a JSON object'],
    [{}, 'empty objects'],
    [{ a: [] }, 'empty arrays'],
    [{ a: 'x' }, '"a" must be an object or an array'],
    [{ a: [{ like: 'x' }] }, 'unrecognized match type like'],
    [{ a: [{ prefix: 'x', suffix: 'y' }] }, 'only one key'],
    [{ a: [{ numeric: ['~', 1] }] }, 'operator "~"'],
    [{ a: [{ numeric: ['>', 'x'] }] }, 'compare with a number'],
    [{ a: [{ exists: 'yes' }] }, 'true or false'],
    [{ a: [{ wildcard: 'a**b' }] }, 'consecutive'],
    [{ a: [{ cidr: '10.0.0.0' }] }, 'address range'],
    [{ a: [{ 'anything-but': ['x', 1] }] }, 'strings or numbers'],
    [{ a: [['x']] }, 'a list within the list'],
    [{ $or: [{ a: ['1'] }] }, '$or'],
  ])('refuses %j', (pattern, why) => {
    expect(() => compilePattern(pattern)).toThrow(why);
  });
});
