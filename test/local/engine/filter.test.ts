import { expect, test } from 'vitest';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { compileFilter, compileFilters } from '../../../lib/local/mappings/configuration/filter.ts';

test.each<[string, JsonObject, Json, boolean]>([
  ['exact text', { a: ['x'] }, { a: 'x' }, true],
  ['other text', { a: ['x'] }, { a: 'y' }, false],
  ['any of the values', { a: ['x', 'y'] }, { a: 'y' }, true],
  ['all names', { a: ['x'], b: [1] }, { a: 'x', b: 2 }, false],
  ['number', { a: [1] }, { a: 1 }, true],
  ['number is not text', { a: [1] }, { a: '1' }, false],
  ['null', { a: [null] }, { a: null }, true],
  ['null is not absent', { a: [null] }, {}, false],
  ['true', { a: [true] }, { a: true }, true],
  ['nested', { a: { b: ['x'] } }, { a: { b: 'x' } }, true],
  ['nested in what is not an object', { a: { b: ['x'] } }, { a: 'x' }, false],
  ['any member of a list', { a: ['x'] }, { a: ['w', 'x'] }, true],
  ['any object of a list', { a: { b: [2] } }, { a: [{ b: 1 }, { b: 2 }] }, true],
  ['prefix', { a: [{ prefix: 'or' }] }, { a: 'order' }, true],
  ['prefix, no', { a: [{ prefix: 'or' }] }, { a: 'xor' }, false],
  ['prefix, any case', { a: [{ prefix: { 'equals-ignore-case': 'OR' } }] }, { a: 'order' }, true],
  ['suffix', { a: [{ suffix: '.pdf' }] }, { a: 'x.pdf' }, true],
  ['equals-ignore-case', { a: [{ 'equals-ignore-case': 'ABC' }] }, { a: 'abC' }, true],
  ['cidr', { a: [{ cidr: '10.0.0.0/24' }] }, { a: '10.0.0.255' }, true],
  ['cidr, outside', { a: [{ cidr: '10.0.0.0/24' }] }, { a: '10.0.1.0' }, false],
  ['cidr, no address', { a: [{ cidr: '10.0.0.0/24' }] }, { a: 'ten' }, false],
  ['wildcard', { a: [{ wildcard: 'a*c*' }] }, { a: 'abc.d' }, true],
  ['wildcard takes dots as dots', { a: [{ wildcard: 'a.c' }] }, { a: 'abc' }, false],
  ['anything-but', { a: [{ 'anything-but': 'x' }] }, { a: 'y' }, true],
  ['anything-but, no', { a: [{ 'anything-but': ['x', 'y'] }] }, { a: 'y' }, false],
  ['anything-but needs a value', { a: [{ 'anything-but': 'x' }] }, {}, false],
  ['anything-but prefix', { a: [{ 'anything-but': { prefix: 'x' } }] }, { a: 'xy' }, false],
  ['numeric range', { a: [{ numeric: ['>', 1, '<=', 5] }] }, { a: 5 }, true],
  ['numeric range, no', { a: [{ numeric: ['>', 1, '<=', 5] }] }, { a: 1 }, false],
  ['numeric equals', { a: [{ numeric: ['=', 3] }] }, { a: 3 }, true],
  ['numeric never matches text', { a: [{ numeric: ['>', 1] }] }, { a: '5' }, false],
  ['exists', { a: [{ exists: true }] }, { a: null }, true],
  ['exists, no', { a: [{ exists: true }] }, {}, false],
  ['does not exist', { a: [{ exists: false }] }, { b: 1 }, true],
  ['does not exist deeper down', { a: { b: [{ exists: false }] } }, {}, true],
  ['does not exist, no', { a: [{ exists: false }] }, { a: 1 }, false],
  ['$or', { $or: [{ a: ['x'] }, { b: [{ numeric: ['>', 1] }] }] }, { b: 2 }, true],
  ['$or, neither', { $or: [{ a: ['x'] }, { b: [2] }], c: [1] }, { b: 3, c: 1 }, false],
  [
    'the type key of DynamoDB',
    { dynamodb: { NewImage: { state: { S: ['paid'] } } } },
    { dynamodb: { NewImage: { state: { S: 'paid' } } } },
    true,
  ],
])('%s', (_name, pattern, event, expected) => {
  expect(compileFilter(JSON.stringify(pattern))(event)).toBe(expected);
});

test.each([
  ['{', 'is not valid JSON'],
  ['[]', 'must be an object'],
  ['{"a":"x"}', '"a" must be a non-empty list'],
  ['{"a":[]}', '"a" must be a non-empty list'],
  ['{"a":[{"near":1}]}', '{"near":1} is not one of exists, prefix'],
  ['{"a":[{"numeric":[">"]}]}', 'numeric needs pairs'],
  ['{"a":[{"numeric":["!",1]}]}', 'numeric knows = < <= > >='],
])('pattern %s is refused', (pattern, message) => {
  expect(() => compileFilter(pattern)).toThrow(message);
});

const body = { member: 'body', textOf: (record: JsonObject) => String(record.body) };
test.each<[string, Json, string, boolean]>([
  ['JSON pattern on a JSON body', { body: { a: [1] } }, '{"a":1}', true],
  ['JSON pattern on plain text', { body: { a: [1] } }, 'a', false],
  ['text pattern on plain text', { body: ['a'] }, 'a', true],
  ['text pattern on a JSON body', { body: ['a'] }, '{"a":1}', false],
  ['pattern on something else', { kind: ['x'] }, 'whatever', true],
])('%s', (_name, pattern, text, expected) => {
  expect(compileFilters([JSON.stringify(pattern)], body)({ body: text, kind: 'x' })).toBe(expected);
});

test('a record passes when any of the filters matches, and always without filters', () => {
  const passes = compileFilters(['{"a":[1]}', '{"a":[2]}']);
  expect([1, 2, 3].map((a) => passes({ a }))).toEqual([true, true, false]);
  expect(compileFilters([])({ a: 3 })).toBe(true);
});
