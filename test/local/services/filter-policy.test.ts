import { describe, expect, it } from 'vitest';
import type { Json } from '../../../lib/local/json.ts';
import { compilePolicy, FilterPolicyError } from '../../../lib/local/messaging/messages/filter-policy.ts';

const text = (StringValue: string) => ({ DataType: 'String', StringValue });
const number = (StringValue: string) => ({ DataType: 'Number', StringValue });

const inBody = (policy: object, body: unknown) =>
  compilePolicy(JSON.stringify(policy), 'MessageBody')({ message: JSON.stringify(body), attributes: {} });
const inAttributes = (policy: object, attributes: Parameters<ReturnType<typeof compilePolicy>>[0]['attributes']) =>
  compilePolicy(JSON.stringify(policy))({ message: '', attributes });

const VALUES: [condition: Json, value: Json, matches: boolean][] = [
  ['x', 'x', true],
  ['x', 'X', false],
  [1, 1, true],
  [1, '1', false],
  ['1', 1, false],
  [true, true, true],
  [true, 'true', false],
  [null, null, true],
  [{ prefix: 'ab' }, 'abc', true],
  [{ prefix: 'bc' }, 'abc', false],
  [{ suffix: 'bc' }, 'abc', true],
  [{ suffix: 'ab' }, 'abc', false],
  [{ 'equals-ignore-case': 'ABC' }, 'abc', true],
  [{ 'equals-ignore-case': 'ABC' }, 'abcd', false],
  [{ wildcard: 'a*c' }, 'abc', true],
  [{ wildcard: 'a*c' }, 'abcd', false],
  [{ cidr: '10.0.0.0/24' }, '10.0.0.255', true],
  [{ cidr: '10.0.0.0/24' }, '10.0.1.0', false],
  [{ cidr: '2001:db8::/32' }, '2001:db8::1', true],
  [{ 'anything-but': 'x' }, 'y', true],
  [{ 'anything-but': 'x' }, 'x', false],
  [{ 'anything-but': ['x', 2] }, 2, false],
  [{ 'anything-but': ['x', 2] }, 3, true],
  [{ 'anything-but': { prefix: 'a' } }, 'abc', false],
  [{ 'anything-but': { suffix: 'a' } }, 'abc', true],
  [{ 'anything-but': { wildcard: 'a*c' } }, 'abc', false],
  [{ exists: true }, 'x', true],
  [{ exists: false }, 'x', false],
  ...(['=', '<', '<=', '>', '>='] as const).flatMap((operator) =>
    [9, 10, 11].map((value): [Json, Json, boolean] => {
      const holds = { '=': value === 10, '<': value < 10, '<=': value <= 10, '>': value > 10, '>=': value >= 10 };
      return [{ numeric: [operator, 10] }, value, holds[operator]] as const;
    }),
  ),
  [{ numeric: ['>', 1, '<', 3] }, 1, false],
  [{ numeric: ['>', 1, '<', 3] }, 2, true],
  [{ numeric: ['>', 1, '<', 3] }, 3, false],
  [{ numeric: ['=', 2] }, '2', false],
];

describe('lists in lists, as deep as a message has room for', () => {
  const deep = (inner: string) => `{"k":${'['.repeat(100_000)}${inner}${']'.repeat(100_000)}}`;
  it.each([
    [{ k: [7] }, deep('7'), true],
    [{ k: [8] }, deep('7'), false],
    [{ k: { inner: ['x'] } }, deep('{"inner":"x"}'), true],
    [{ k: { inner: ['y'] } }, deep('{"inner":"x"}'), false],
  ])('%j', (policy, message, expected) => {
    expect(compilePolicy(JSON.stringify(policy), 'MessageBody')({ message, attributes: {} })).toBe(expected);
  });
});

it.each([
  ['{"a":', '["x"]', '}'],
  ['{"$or":[', '{"a":["x"]},{"b":["x"]}', ',{"c":["x"]}]}'],
])('a policy that is nested deeper than calls can is refused: %s', (before, inner, after) => {
  const nested = (depth: number) => `${before.repeat(depth)}${inner}${after.repeat(depth)}`;
  expect(() => compilePolicy(nested(400), 'MessageBody')({ message: '{}', attributes: {} })).not.toThrow();
  expect(() => compilePolicy(nested(30_000), 'MessageBody')).toThrow(FilterPolicyError);
});

describe('one value', () => {
  it.each(VALUES)('%j and %j: %s', (condition, value, expected) => {
    expect(inBody({ k: [condition] }, { k: value })).toBe(expected);
    // Of a list it is enough that one member matches, also one of a list within; what is not there matches nothing but exists: false.
    const isExists = typeof condition === 'object' && condition !== null && 'exists' in condition;
    expect(inBody({ k: [condition] }, { k: [[value], { x: 1 }] })).toBe(expected);
    expect(inBody({ k: [condition] }, { other: value })).toBe(isExists && !expected);
    expect(inBody({ k: ['never', condition] }, { k: value })).toBe(expected);
  });
});

describe('the body', () => {
  it.each([
    [{ a: { b: ['x'] } }, { a: { b: 'x' } }, true],
    [{ a: { b: ['x'] } }, { a: [{ b: 'y' }, { b: 'x' }] }, true],
    [{ a: { b: ['x'], c: ['y'] } }, { a: [{ b: 'x', c: 'y' }] }, true],
    [{ a: { b: ['x'], c: ['y'] } }, { a: [{ b: 'x' }, { c: 'y' }] }, false],
    [{ a: { b: ['x'] } }, { 'a.b': 'x' }, false],
    [{ a: { b: [{ exists: false }] } }, {}, true],
    [{ a: [{ exists: true }] }, { a: [] }, false],
    [{ a: [{ exists: true }] }, { a: null }, true],
    [{ a: [{ 'anything-but': 'x' }] }, { a: ['x', 'y'] }, true],
    [{ a: [{ 'anything-but': 'x' }] }, { a: ['x'] }, false],
    [{ $or: [{ a: ['x'] }, { b: ['y'] }], c: ['z'] }, { b: 'y', c: 'z' }, true],
    [{ $or: [{ a: ['x'] }, { b: ['y'] }], c: ['z'] }, { b: 'y' }, false],
    [{ $or: [{ a: ['x'] }, { $or: [{ b: ['y'] }, { d: ['w'] }] }] }, { d: 'w' }, true],
    [{ e: { f: { $or: [{ a: ['x'] }, { b: ['y'] }] } } }, { e: { f: { b: 'y' } } }, true],
    [{ e: { f: { $or: [{ a: ['x'] }, { b: ['y'] }] } } }, { e: { b: 'y' } }, false],
    [{ a: ['x'] }, [{ a: 'x' }], true],
    [{ a: [{ exists: false }] }, 'text', false],
  ])('%j and %j: %s', (policy, body, expected) => {
    expect(inBody(policy, body)).toBe(expected);
  });

  it('that is no JSON passes no policy', () => {
    const policy = compilePolicy('{"a":[{"exists":false}]}', 'MessageBody');
    expect(policy({ message: '{', attributes: {} })).toBe(false);
  });
});

describe('attributes', () => {
  it.each([
    [{ k: ['x'] }, { k: text('x') }, true],
    [{ k: [1] }, { k: number('1.0') }, true],
    [{ k: [1] }, { k: text('1') }, false],
    [{ k: [{ numeric: ['>', 1] }] }, { k: { DataType: 'Number.int', StringValue: '2' } }, true],
    [{ k: [{ prefix: 'a' }] }, { k: { DataType: 'String.uuid', StringValue: 'abc' } }, true],
    [{ k: ['b'] }, { k: { DataType: 'String.Array', StringValue: '["a","b"]' } }, true],
    [{ k: ['b'] }, { k: { DataType: 'String.Array', StringValue: 'no JSON' } }, false],
    [{ k: [null] }, { other: text('x') }, false],
    [{ k: [{ exists: false }] }, { other: text('x') }, true],
    [{ k: [{ exists: false }] }, {}, false],
    [{ $or: [{ a: ['x'] }, { b: ['y'] }] }, { b: text('y') }, true],
    [{ $or: [{ a: ['x'] }, { b: ['y'] }] }, { b: text('x') }, false],
  ])('%j and %j: %s', (policy, attributes, expected) => {
    expect(inAttributes(policy, attributes)).toBe(expected);
  });
});

it.each([
  ['{', 'failed to parse JSON'],
  ['[]', 'must be a JSON object'],
  ['{"a":"x"}', '"a" must be an object or an array'],
  ['{"a":[]}', 'Empty arrays are not allowed'],
  ['{"a":{"b":["x"]}}', 'does not support nested filter policy'],
  ['{"a":[{"suffix":1}]}', 'suffix match pattern must be a string'],
  ['{"a":[{"exists":"no"}]}', 'exists match pattern must be either true or false.'],
  ['{"a":[{"cidr":"10.0.0.0"}]}', "Malformed CIDR, one '/' required"],
  ['{"a":[{"numeric":["<"]}]}', 'numeric'],
  ['{"a":[{"numeric":["<","1"]}]}', 'Value of < must be numeric'],
  ['{"a":[{"numeric":["!",1]}]}', 'Unrecognized numeric range operator: !'],
  ['{"a":[{"like":"x"}]}', 'Unrecognized match type like'],
  ['{"a":[{"prefix":"x","suffix":"y"}]}', 'Only one key allowed in match expression'],
  ['{"a":[{"anything-but":[]}]}', 'anything-but'],
  ['{"a":[{"anything-but":[null]}]}', 'anything-but'],
])('refuses %s', (policy, reason) => {
  expect(() => compilePolicy(policy)).toThrow(FilterPolicyError);
  expect(() => compilePolicy(policy)).toThrow(reason);
});
