import { describe, expect, it } from 'vitest';
import type { Json, JsonSchema, SchemaObject } from '../../../lib/contracts/schemas/json-schema.ts';
import type { Break } from '../../../lib/contracts/schemas/json-schema-break.ts';
import { unreadable } from '../../../lib/contracts/schemas/json-schema-diff.ts';

const text: SchemaObject = { type: 'string' };
const number: SchemaObject = { type: 'number' };
const integer: SchemaObject = { type: 'integer' };
const list = (more: SchemaObject = {}): SchemaObject => ({ type: 'array', ...more });
const object = (properties: SchemaObject, required: string[] = [], more: SchemaObject = {}): SchemaObject => ({
  type: 'object',
  properties,
  required,
  ...more,
});
const variant = (kind: string, more: SchemaObject = {}): SchemaObject =>
  object({ kind: { const: kind }, ...more }, ['kind']);

type Said = readonly [kind: Break['kind'], writer: string, reader: string, path?: string];
type Row = readonly [what: string, writer: JsonSchema, reader: JsonSchema, ...breaks: readonly Said[]];

/** Each row is the whole of what is said: nothing more, nothing less. */
function saysExactly(rows: readonly Row[]): void {
  it.each(rows.map(([what, ...row]) => [what, row] as const))('%s', (_, [writer, reader, ...breaks]) => {
    expect(unreadable(writer, reader)).toEqual(
      breaks.map(([kind, writes, reads, path = '']) => ({ kind, path, writer: writes, reader: reads })),
    );
  });
}

describe('sizes', () => {
  saysExactly([
    ['no limit before', text, { ...text, minLength: 2 }, ['bound', 'no minLength', 'minLength 2']],
    ['no upper limit before', text, { ...text, maxLength: 2 }, ['bound', 'no maxLength', 'maxLength 2']],
    ['a wider limit before', list({ maxItems: 5 }), list({ maxItems: 3 }), ['bound', 'maxItems 5', 'maxItems 3']],
    [
      'the same limit',
      { ...text, minLength: 2, title: 'a' },
      { ...text, minLength: 2, maxLength: 9 },
      ['bound', 'no maxLength', 'maxLength 9'],
    ],
    [
      'required fields are so many fields',
      object({ a: text, b: text }, ['a', 'b']),
      object({ a: text, b: text }, ['a', 'b'], { minProperties: 2 }),
    ],
    [
      'but no more',
      object({ a: text, b: text }, ['a', 'b']),
      object({ a: text, b: text }, ['a', 'b'], { minProperties: 3 }),
      ['bound', 'minProperties 2', 'minProperties 3'],
    ],
    [
      'required fields say nothing about a text',
      { type: ['string', 'object'], properties: {}, required: ['a', 'b'] },
      { type: ['string', 'object'], properties: {}, required: ['a', 'b'], minLength: 1 },
      ['bound', 'no minLength', 'minLength 1'],
    ],
    [
      'limits of texts say nothing about lists',
      list({ minLength: 1 }),
      list({ minLength: 5, maxItems: 3 }),
      ['bound', 'no maxItems', 'maxItems 3'],
    ],
    [
      'limits that are no numbers',
      { ...text, minLength: '1', maxLength: '2' },
      text,
      ['cannot-judge', 'minLength, maxLength', 'minLength, maxLength'],
    ],
    [
      'the same for numbers',
      number,
      { ...number, minimum: '1', multipleOf: '2' },
      ['cannot-judge', 'minimum, multipleOf', 'minimum, multipleOf'],
    ],
  ]);
});

describe('numbers', () => {
  saysExactly([
    ['no limit before', number, { ...number, minimum: 1 }, ['bound', 'no minimum', 'minimum 1']],
    [
      'no upper limit before',
      number,
      { ...number, exclusiveMaximum: 1 },
      ['bound', 'no maximum', 'exclusiveMaximum 1'],
    ],
    [
      'two limits at once',
      { ...number, minimum: 1, exclusiveMinimum: 0 },
      { ...number, minimum: 2, exclusiveMinimum: 1 },
      ['bound', 'minimum 1, exclusiveMinimum 0', 'minimum 2, exclusiveMinimum 1'],
    ],
    [
      'the exclusive one of two equal limits counts',
      { ...number, minimum: 1, exclusiveMinimum: 1 },
      { ...number, exclusiveMinimum: 1 },
    ],
    ['the tighter one counts', { ...number, minimum: 5, exclusiveMinimum: 1 }, { ...number, minimum: 5 }],
    ['a limit outside, though exclusive', { ...number, minimum: 5 }, { ...number, exclusiveMinimum: 1 }],
    [
      'fractions are not rounded',
      { ...number, minimum: 1.5 },
      { ...number, minimum: 2 },
      ['bound', 'minimum 1.5', 'minimum 2'],
    ],
    ['whole numbers are', { ...integer, minimum: 1.5 }, { ...integer, minimum: 2 }],
    ['whole numbers above one start at two', { ...integer, exclusiveMinimum: 1 }, { ...integer, minimum: 2 }],
    ['multiples of one are whole', { ...number, minimum: 2, multipleOf: 1 }, { ...integer, minimum: 2 }],
    ['multiples of a half are not', { ...number, multipleOf: 0.5 }, integer, ['type', 'number', 'integer']],
    ['a multiple of a multiple', { ...number, multipleOf: 4 }, { ...number, multipleOf: 2 }],
    ['any number to a multiple', number, { ...number, multipleOf: 2 }, ['bound', 'no multipleOf', 'multipleOf 2']],
    [
      'whole numbers are multiples of one',
      integer,
      { ...integer, multipleOf: 2 },
      ['bound', 'multipleOf 1', 'multipleOf 2'],
    ],
    ['and that is enough for one', integer, { ...number, multipleOf: 1 }],
    ['numbers and whole numbers are numbers', { type: ['integer', 'number'] }, integer, ['type', 'number', 'integer']],
  ]);
});

describe('listed values', () => {
  saysExactly([
    ['any to some', text, { enum: ['x', 'y'] }, ['values', 'any string', '"x" | "y"']],
    ['some to fewer', { enum: ['x', 'y'] }, { enum: ['y', 'z'] }, ['values', '"x" | "y"', '"y" | "z"']],
    ['lists as values', { enum: [[1], [2]] }, { enum: [[2], [1], [3]] }],
    ['a list to any list', { enum: [[1, 2]] }, list(), ['cannot-judge', '[1,2]', 'array']],
    ['an object to any object', { const: { a: 1 } }, { type: 'object' }, ['cannot-judge', '{"a":1}', 'object']],
    ['texts inside a limit', { enum: ['ab', 'abc'] }, { ...text, minLength: 2, maxLength: 3 }],
    ['a text outside', { enum: ['a', 'abc'] }, { ...text, minLength: 2 }, ['bound', 'minLength 1', 'minLength 2']],
    ['characters, not code units', { enum: ['😀😀'] }, { ...text, maxLength: 2 }],
    ['numbers inside a limit', { enum: [1, 5] }, { ...number, minimum: 1, maximum: 5 }],
    ['a number outside', { enum: [1, 5] }, { ...number, maximum: 3 }, ['bound', 'maximum 5', 'maximum 3']],
    [
      'a number that is no multiple',
      { enum: [2, 3] },
      { ...number, multipleOf: 2 },
      ['bound', 'multipleOf 3', 'multipleOf 2'],
    ],
    ['whole numbers among numbers', { enum: [1, 2] }, integer],
    ['one that is not whole', { enum: [1, 2.5] }, integer, ['type', 'number', 'integer']],
    ['values of a choice', { const: 1.5 }, { anyOf: [{ const: 1.5 }, { const: 2 }] }],
    ['a list and one of it', { enum: ['a', 'b'], const: 'a' }, { const: 'a' }],
    ['one, and a list and one of it', { const: 'a' }, { enum: ['a', 'b'], const: 'a' }],
    ['a list and another', text, { enum: ['b'], const: 'a' }, ['other-type', 'string', 'nothing']],
    [
      'a member with a rule of its own is not only a value',
      { anyOf: [{ const: 'a', 'x-mine': 1 }, { const: 'b' }] },
      { enum: ['a', 'b', 'c'] },
      ['cannot-judge', 'x-mine', 'without it'],
    ],
  ]);
});

describe('texts', () => {
  saysExactly([
    ['limits of numbers say nothing about texts', text, { ...text, minimum: 5 }],
    ['patterns say nothing about numbers', number, { ...number, pattern: 'a' }],
    ['a pattern', text, { ...text, pattern: '^u' }, ['pattern', 'no pattern', 'pattern ^u']],
    ['another pattern', { ...text, pattern: 'a' }, { ...text, pattern: 'b' }, ['pattern', 'pattern a', 'pattern b']],
    [
      'the same pattern',
      { ...text, pattern: 'a' },
      { ...text, pattern: 'a', maxLength: 1 },
      ['bound', 'no maxLength', 'maxLength 1'],
    ],
    ['a value that fits', { enum: ['é'] }, { ...text, pattern: '^\\p{L}$' }],
    ['a value that does not', { enum: ['1'] }, { ...text, pattern: '^a' }, ['pattern', 'no pattern', 'pattern ^a']],
    [
      'a pattern of another dialect',
      { enum: ['a'] },
      { ...text, pattern: '(?i)a' },
      ['pattern', 'no pattern', 'pattern (?i)a'],
    ],
    [
      'a value called like the format',
      { enum: ['date'] },
      { ...text, format: 'date' },
      ['format', 'no format', 'format date'],
    ],
    [
      'an encoding',
      text,
      { ...text, contentEncoding: 'base64' },
      ['format', 'no contentEncoding', 'contentEncoding base64'],
    ],
  ]);
});

describe('types', () => {
  saysExactly([
    ['nothing can be read', text, false, ['other-type', 'string', 'nothing']],
    ['anything may be written', true, text, ['type', 'anything', 'string']],
    ['several', { type: ['integer', 'string'] }, { type: 'boolean' }, ['other-type', 'string | integer', 'boolean']],
    ['null among others', { type: ['string', 'null'] }, text, ['null', 'string | null', 'string']],
    ['null alone', { type: 'null' }, text, ['other-type', 'null', 'string']],
    [
      'keywords nobody knows, on either side',
      { ...text, 'x-a': 1, 'x-b': 2 },
      text,
      ['cannot-judge', 'x-a, x-b', 'without it'],
    ],
    ['the other side', text, { ...text, 'x-a': 1, 'x-b': 2 }, ['cannot-judge', 'without it', 'x-a, x-b']],
    [
      'what nobody can judge but is the same, in a schema that has changed elsewhere',
      object({ a: { 'x-mine': 1 } }),
      object({ a: { 'x-mine': 1 }, b: text }),
    ],
  ]);
});

describe('choices', () => {
  const twoConditions: SchemaObject = { type: 'string', anyOf: [{ minLength: 1 }, { maxLength: 3 }] };
  const overlap: Said = ['cannot-judge', 'keywords', 'oneOf, whose members may overlap'];
  const tagged = (...kinds: string[]) => object({ kind: { enum: kinds }, id: text }, ['id', 'kind']);
  saysExactly([
    [
      'a variant less',
      { oneOf: [variant('a'), variant('c', { x: text })] },
      { oneOf: [variant('a'), variant('b')] },
      ['variant', '{ kind, x }', '{ kind } or { kind }'],
    ],
    [
      'texts of neither kind',
      text,
      {
        anyOf: [
          { ...text, maxLength: 3 },
          { ...text, minLength: 9 },
        ],
      },
      ['variant', 'string', 'string or string'],
    ],
    [
      'a value of neither kind',
      { const: 'abcd' },
      {
        anyOf: [
          { ...text, maxLength: 3 },
          { ...text, minLength: 9 },
        ],
      },
      ['variant', '"abcd"', 'string or string'],
    ],
    [
      'one value of several of neither kind',
      { enum: ['a', 'abcd'] },
      {
        anyOf: [
          { ...text, maxLength: 3 },
          { ...text, minLength: 9 },
        ],
      },
      ['variant', '"abcd"', 'string or string'],
    ],
    [
      'members of several conditions, read',
      text,
      { anyOf: [twoConditions] },
      ['cannot-judge', 'keywords', 'anyOf of 1'],
    ],
    [
      'members of several conditions, written',
      { oneOf: [twoConditions, number] },
      text,
      ['cannot-judge', 'oneOf of 2', 'keywords'],
    ],
    ['members of other values', { const: 'a' }, { oneOf: [{ enum: ['a', 'b'] }, { enum: ['c', 'd'] }] }],
    ['members that share a value', { const: 'a' }, { oneOf: [{ enum: ['a', 'b'] }, { enum: ['b', 'c'] }] }, overlap],
    [
      'a value that another member may take',
      { const: 'a' },
      { oneOf: [{ const: 'a' }, { ...text, minLength: 3 }] },
      overlap,
    ],
    [
      'members that share a type',
      text,
      { oneOf: [{ type: ['string', 'number'] }, { type: ['number', 'null'] }] },
      overlap,
    ],
    ['the same, declared first', { const: 'a' }, { oneOf: [{ ...text, minLength: 3 }, { const: 'a' }] }, overlap],
    [
      'a variant whose fields differ in more than one way: what cannot be judged comes first',
      object({ a: number, b: { 'x-mine': 1 } }),
      { anyOf: [object({ a: text, b: { 'x-mine': 2 } }), object({ a: text, b: text }, ['a'])] },
      ['other-type', 'number', 'string', 'a'],
      ['cannot-judge', 'x-mine', 'x-mine', 'b'],
    ],
    ['tags that differ', tagged('a'), { oneOf: [tagged('a', 'b'), tagged('c', 'd')] }],
    ['tags that overlap', tagged('a'), { oneOf: [tagged('a', 'b'), tagged('b', 'c')] }, overlap],
    [
      'tags under different names',
      variant('a'),
      { oneOf: [variant('a'), object({ sort: { const: 'b' } }, ['sort'])] },
      overlap,
    ],
    [
      'what looks like a tag on something that is no object',
      text,
      {
        oneOf: [
          { ...variant('a'), type: 'string' },
          { ...variant('b'), type: 'string' },
        ],
      },
      overlap,
    ],
    [
      'a tag of several values names no variant',
      variant('a', { x: number }),
      { oneOf: [object({ kind: { enum: ['a', 'b'] }, x: text }, ['kind']), variant('c')] },
      ['variant', '{ kind, x }', '{ kind, x } or { kind }'],
    ],
  ]);
});

describe('a writer of several tags', () => {
  saysExactly([
    [
      'is no single variant',
      object({ kind: { enum: ['a', 'b'] }, x: number }, ['kind']),
      { oneOf: [variant('a', { x: text }), variant('c')] },
      ['variant', '{ kind, x }', '{ kind, x } or { kind }'],
    ],
  ]);
});

describe('objects', () => {
  saysExactly([
    ['a bare object may have any field', { type: 'object' }, object({ a: text }), ['type', 'anything', 'string', 'a']],
    [
      'a field that became required',
      object({ a: text }),
      object({ a: text }, ['a']),
      ['required', 'optional', 'required', 'a'],
    ],
    [
      'a field that nobody wrote',
      object({}),
      object({ a: text }, ['a']),
      ['undeclared-required', 'no such field', 'required', 'a'],
    ],
    [
      'a field of an object that takes no others',
      object({ a: object({ b: text }) }),
      object({ a: object({}, [], { additionalProperties: false }) }),
      ['undeclared', 'a field', 'no other fields allowed', 'a.b'],
    ],
    [
      'an object that may have others, to one that takes none',
      object({}, [], { additionalProperties: text }),
      object({}, [], { additionalProperties: false }),
      ['closed', 'any other field', 'no other fields allowed', '*'],
    ],
    [
      'names of declared fields',
      object({ abc: text, b: text }),
      object({ abc: text, b: text }, [], { propertyNames: { ...text, maxLength: 2 } }),
      ['bound', 'maxLength 3', 'maxLength 2', '(name)'],
    ],
    [
      'any names',
      object({}, [], { additionalProperties: text }),
      object({}, [], { additionalProperties: text, propertyNames: { ...text, maxLength: 2 } }),
      ['bound', 'no maxLength', 'maxLength 2', '(name)'],
    ],
    [
      'names that are kept short',
      object({}, [], { additionalProperties: text, propertyNames: { ...text, maxLength: 1 } }),
      object({}, [], { additionalProperties: text, propertyNames: { ...text, maxLength: 2 } }),
    ],
    [
      'a field that is declared twice keeps both',
      { allOf: [object({ a: { ...text, minLength: 1 } }), object({ a: { ...text, maxLength: 9 } })] },
      object({ a: { ...text, minLength: 1 } }),
    ],
    [
      'and requires what either requires',
      { allOf: [object({ a: text }, ['a']), object({ b: text }, ['b'])] },
      object({ a: text, b: text }, ['a', 'b']),
    ],
  ]);
});

describe('lists', () => {
  const bothPlaces = { allOf: [list({ items: [text] }), list({ items: [text, number] })] };
  saysExactly([
    ['of anything', list(), list({ items: text }), ['type', 'anything', 'string', '[]']],
    [
      'that may repeat',
      list({ maxItems: 1 }),
      list({ maxItems: 1, uniqueItems: true }),
      ['bound', 'items may repeat', 'uniqueItems'],
    ],
    [
      'that never did',
      list({ uniqueItems: true }),
      list({ uniqueItems: true, maxItems: 1 }),
      ['bound', 'no maxItems', 'maxItems 1'],
    ],
    [
      'of places, read by one that says less of them',
      list({ prefixItems: [text, number] }),
      list({ prefixItems: [text] }),
    ],
    ['of places, to a list of one kind', list({ prefixItems: [text] }), list({ items: text })],
    [
      'of places of another kind',
      list({ prefixItems: [number] }),
      list({ items: text }),
      ['other-type', 'number', 'string', '[0]'],
    ],
    [
      'of places, and others behind them',
      list({ prefixItems: [text], items: number }),
      list({ prefixItems: [text, text] }),
      ['other-type', 'number', 'string', '[1]'],
    ],
    [
      'of places and nothing behind them',
      list({ prefixItems: [text], items: false }),
      list({ prefixItems: [text, number] }),
    ],
    [
      'declared in several places may have more',
      bothPlaces,
      list({ items: [text], additionalItems: text }),
      ['cannot-judge', 'several conditions at once (allOf)', 'other conditions'],
    ],
  ] satisfies readonly Row[]);
});

it('says the same break once', () => {
  const values: Json = ['aaaa', 'bbbb'];
  expect(unreadable({ enum: values }, { ...text, maxLength: 3 })).toHaveLength(1);
});
