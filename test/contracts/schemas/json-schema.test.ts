import { describe, expect, it } from 'vitest';
import {
  type Json,
  type JsonSchema,
  meaningOf,
  mergeObjects,
  type Part,
  partsOf,
  resolveReference,
  type SchemaObject,
  sameJson,
} from '../../../lib/contracts/schemas/json-schema.ts';

describe('sameJson', () => {
  it.each<[Json, Json, boolean]>([
    [{ a: 1, b: [2, { c: null }] }, { b: [2, { c: null }], a: 1 }, true],
    [[], [], true],
    [[1], [1, 2], false],
    [[1, 2], [1, 3], false],
    [[1, 2], [2, 1], false],
    [[1], { length: 1, 0: 1 }, false],
    [[], {}, false],
    [{}, null, false],
    [{}, 1, false],
    [1, '1', false],
    [{ a: 1 }, { b: 1 }, false],
    [{ a: 1 }, { a: 1, b: 1 }, false],
    [{ toString: 1 }, { valueOf: 1 }, false],
  ])('%j and %j: %s', (a, b, same) => {
    expect(sameJson(a, b)).toBe(same);
    expect(sameJson(b, a)).toBe(same);
  });
});

describe('meaningOf', () => {
  it.each<[string, SchemaObject, SchemaObject]>([
    ['drops words', { $id: 'x', title: 'T', description: 'D', type: 'string' }, { type: 'string' }],
    ['drops words inside', { items: { title: 'T', type: 'string' } }, { items: { type: 'string' } }],
    ['drops words in members', { anyOf: [{ title: 'T', type: 'string' }] }, { anyOf: [{ type: 'string' }] }],
    ['keeps fields that are called like words', { properties: { title: true } }, { properties: { title: true } }],
    ['drops words in fields', { properties: { a: { title: 'T' } } }, { properties: { a: {} } }],
    ['keeps data that looks like words', { const: { title: 'T' } }, { const: { title: 'T' } }],
    ['keeps defaults as they are', { default: { title: 'T' } }, { default: { title: 'T' } }],
    ['keeps listed data as it is', { enum: [{ title: 'T' }] }, { enum: [{ title: 'T' }] }],
    ['sorts required fields', { required: ['b', 'c', 'a'] }, { required: ['a', 'b', 'c'] }],
    ['sorts types', { type: ['string', 'null'] }, { type: ['null', 'string'] }],
    ['sorts values by their JSON', { enum: ['a', 2, null, 10] }, { enum: ['a', 10, 2, null] }],
    ['requires nothing by an empty list', { required: [] }, {}],
    ['lets nothing through by an empty list of values', { enum: [] }, { enum: [] }],
    ['leaves a single type alone', { type: 'string' }, { type: 'string' }],
    [
      'leaves the order of places',
      { prefixItems: [{ type: 'b' }, { type: 'a' }] },
      { prefixItems: [{ type: 'b' }, { type: 'a' }] },
    ],
  ])('%s', (_, schema, meaning) => {
    expect(meaningOf(schema)).toEqual(meaning);
  });
});

describe('resolveReference', () => {
  const text = { type: 'string' };
  const root: JsonSchema = { $defs: { A: text, 'a/b': text, 'm~n': text, ü: text }, anything: true, word: 'text' };

  it.each<[Json | undefined, JsonSchema | undefined]>([
    ['#', root],
    ['#/$defs/A', text],
    ['#/$defs/A/type', undefined],
    ['#/$defs/a~1b', text],
    ['#/$defs/m~0n', text],
    ['#/$defs/%C3%BC', text],
    ['#/anything', true],
    ['#/word', undefined],
    ['#/$defs/none', undefined],
    ['#/$defs/none/deeper', undefined],
    ['#/$defs/__proto__', undefined],
    ['#anchor', undefined],
    ['other.json#/anything', undefined],
    [undefined, undefined],
    [7, undefined],
  ])('%j', (reference, found) => {
    expect(resolveReference(reference, root)).toEqual(found);
  });
});

describe('partsOf', () => {
  const plain = (schema: SchemaObject): Part => ({ kind: 'plain', schema });
  const root: JsonSchema = { $defs: { A: { type: 'string' } } };

  it.each<[string, JsonSchema, readonly Part[]]>([
    ['anything', true, [plain({})]],
    ['nothing', false, [{ kind: 'choice', members: [], exactlyOne: false }]],
    ['words only', { title: 'T' }, [plain({ title: 'T' })]],
    ['keywords', { type: 'string', minLength: 1 }, [plain({ type: 'string', minLength: 1 })]],
    ['a reference', { $ref: '#/$defs/A' }, [plain({ type: 'string' })]],
    ['a reference with words', { $ref: '#/$defs/A', title: 'T', default: '' }, [plain({ type: 'string' })]],
    ['a reference with definitions', { $ref: '#/$defs/A', $defs: {}, definitions: {} }, [plain({ type: 'string' })]],
    ['a reference and more', { $ref: '#/$defs/A', minLength: 1 }, [plain({ type: 'string' }), plain({ minLength: 1 })]],
    ['a reference that leads nowhere', { $ref: '#/$defs/B' }, [plain({ $ref: '#/$defs/B' })]],
    [
      'choices',
      { anyOf: [true], oneOf: [false] },
      [
        { kind: 'choice', members: [true], exactlyOne: false },
        { kind: 'choice', members: [false], exactlyOne: true },
      ],
    ],
    [
      'conditions that must all hold',
      { allOf: [{ type: 'string' }, { allOf: [{ minLength: 1 }] }], maxLength: 2 },
      [plain({ type: 'string' }), plain({ minLength: 1 }), plain({ maxLength: 2 })],
    ],
  ])('of %s', (_, schema, parts) => {
    expect(partsOf(schema, root)).toEqual(parts);
  });

  it.each<[string, JsonSchema]>([
    ['a reference to itself', { $ref: '#' }],
    ['conditions that contain themselves', { allOf: [{ $ref: '#' }] }],
  ])('of %s come to an end', (_, endless) => {
    expect(partsOf(endless, endless)).toEqual([plain({ $ref: '#' })]);
  });
});

describe('mergeObjects', () => {
  const part = (schema: SchemaObject): Part => ({ kind: 'plain', schema });
  const a = part({ type: 'object', title: 'A', properties: { a: true, both: { minLength: 1 } }, required: ['a'] });
  const b = part({ type: 'object', properties: { b: true, both: { maxLength: 9 } }, required: ['b', 'a'] });

  it('makes one object of fields declared in several places; a field declared twice must keep both', () => {
    expect(mergeObjects([a, b])).toEqual([
      part({
        type: 'object',
        properties: { a: true, both: { allOf: [{ minLength: 1 }, { maxLength: 9 }] }, b: true },
        required: ['a', 'b'],
      }),
    ]);
  });

  it('takes a field declared twice in the same words once', () => {
    const same = part({ type: 'object', properties: { a: true } });
    expect(mergeObjects([same, same])).toEqual([part({ type: 'object', properties: { a: true }, required: [] })]);
  });

  it.each<[string, readonly Part[]]>([
    ['one part', [a]],
    ['something that need not be an object', [a, part({ properties: { b: true } })]],
    ['an object with rules of its own', [a, part({ type: 'object', properties: {}, additionalProperties: false })]],
    ['a choice', [a, b, { kind: 'choice', members: [true], exactlyOne: false }]],
  ])('leaves %s as it is', (_, parts) => {
    expect(mergeObjects(parts)).toBe(parts);
  });
});
