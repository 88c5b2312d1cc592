import { describe, expect, it } from 'vitest';
import {
  type CompatibilityRule,
  type Direction,
  incompatibilities,
} from '../../../lib/contracts/schemas/compatibility.ts';
import type { JsonSchema, SchemaObject } from '../../../lib/contracts/schemas/json-schema.ts';

const text: JsonSchema = { type: 'string' };
const number: JsonSchema = { type: 'number' };
const object = (properties: SchemaObject, required: string[] = [], more: SchemaObject = {}): JsonSchema => ({
  type: 'object',
  properties,
  required,
  ...more,
});
const closed = (properties: SchemaObject): JsonSchema => object(properties, [], { additionalProperties: false });
const open = (properties: SchemaObject): JsonSchema => object(properties, [], { additionalProperties: true });
const nullable = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });
const variant = (kind: string, more: SchemaObject = {}): JsonSchema =>
  object({ kind: { const: kind }, ...more }, ['kind']);

interface Case {
  readonly rule: CompatibilityRule;
  readonly breaks: Direction;
  readonly older: JsonSchema;
  readonly newer: JsonSchema;
  readonly path: string;
  /** A change of the same kind that is allowed. */
  readonly allowed: readonly [older: JsonSchema, newer: JsonSchema];
}

const both = (one: Omit<Case, 'breaks'>): Case[] => [
  { ...one, breaks: 'backward' },
  { ...one, breaks: 'forward', older: one.newer, newer: one.older, allowed: [one.allowed[1], one.allowed[0]] },
];

const CASES: readonly Case[] = [
  {
    rule: 'required-field-added',
    breaks: 'backward',
    older: object({ a: text }),
    newer: object({ a: text, b: text }, ['b']),
    path: 'b',
    allowed: [object({ a: text }), object({ a: text, b: { type: 'string', default: '' } })],
  },
  {
    rule: 'required-field-removed',
    breaks: 'forward',
    older: object({ a: text, b: text }, ['b']),
    newer: object({ a: text }),
    path: 'b',
    allowed: [object({ a: text, b: text }), object({ a: text })],
  },
  {
    rule: 'field-made-required',
    breaks: 'backward',
    older: object({ a: text }),
    newer: object({ a: text }, ['a']),
    path: 'a',
    allowed: [object({ a: text }, ['a']), object({ a: text })],
  },
  {
    rule: 'field-made-optional',
    breaks: 'forward',
    older: object({ a: text }, ['a']),
    newer: object({ a: text }),
    path: 'a',
    allowed: [object({ a: text }), object({ a: text }, ['a'])],
  },
  {
    rule: 'field-removed-from-closed-object',
    breaks: 'backward',
    older: object({ a: text, b: text }),
    newer: closed({ a: text }),
    path: 'b',
    allowed: [object({ a: text, b: text }), object({ a: text })],
  },
  {
    rule: 'field-added-to-closed-object',
    breaks: 'forward',
    older: closed({ a: text }),
    newer: closed({ a: text, b: text }),
    path: 'b',
    allowed: [object({ a: text }), object({ a: text, b: text })],
  },
  {
    rule: 'object-closed',
    breaks: 'backward',
    older: open({ a: text }),
    newer: closed({ a: text }),
    path: '*',
    allowed: [closed({ a: text }), open({ a: text })],
  },
  {
    rule: 'object-opened',
    breaks: 'forward',
    older: closed({ a: text }),
    newer: open({ a: text }),
    path: '*',
    allowed: [open({ a: text }), closed({ a: text })],
  },
  {
    rule: 'type-narrowed',
    breaks: 'backward',
    older: object({ a: { type: ['string', 'number'] } }),
    newer: object({ a: text }),
    path: 'a',
    allowed: [object({ a: text }), object({ a: { type: ['string', 'number'] } })],
  },
  {
    rule: 'type-narrowed',
    breaks: 'backward',
    older: number,
    newer: { type: 'integer' },
    path: '',
    allowed: [{ type: 'integer' }, number],
  },
  {
    rule: 'type-narrowed',
    breaks: 'backward',
    older: open({}),
    newer: object({ a: text }),
    path: 'a',
    allowed: [object({}), object({ a: text })],
  },
  {
    rule: 'type-widened',
    breaks: 'forward',
    older: object({ list: { type: 'array', items: { type: 'integer' } } }),
    newer: object({ list: { type: 'array', items: number } }),
    path: 'list[]',
    allowed: [
      object({ list: { type: 'array', items: number } }),
      object({ list: { type: 'array', items: { type: 'integer' } } }),
    ],
  },
  ...both({
    rule: 'type-changed',
    older: object({ inner: object({ list: { type: 'array', items: object({ a: number }) } }) }),
    newer: object({ inner: object({ list: { type: 'array', items: object({ a: text }) } }) }),
    path: 'inner.list[].a',
    allowed: [object({ inner: object({ a: text }) }), object({ inner: object({ a: text, b: number }) })],
  }),
  {
    rule: 'null-refused',
    breaks: 'backward',
    older: object({ a: nullable(text) }),
    newer: object({ a: text }),
    path: 'a',
    allowed: [object({ a: text }), object({ a: nullable(text) })],
  },
  {
    rule: 'null-allowed',
    breaks: 'forward',
    older: object({ a: text }),
    newer: object({ a: { type: ['string', 'null'] } }),
    path: 'a',
    allowed: [object({ a: nullable(text) }), object({ a: text })],
  },
  {
    rule: 'enum-value-removed',
    breaks: 'backward',
    older: object({ a: { enum: ['x', 'y'] } }),
    newer: object({ a: { enum: ['y', 'z'] } }),
    path: 'a',
    allowed: [object({ a: { enum: ['x', 'y'] } }), object({ a: { enum: ['y', 'x', 'z'] } })],
  },
  {
    rule: 'enum-value-removed',
    breaks: 'backward',
    older: text,
    newer: { type: 'string', enum: ['x'] },
    path: '',
    allowed: [{ type: 'string', enum: ['x'] }, text],
  },
  {
    rule: 'enum-value-added',
    breaks: 'forward',
    older: object({ a: { anyOf: [{ const: 'x' }, { const: 'y' }] } }),
    newer: object({ a: { enum: ['x', 'y', 'z'] } }),
    path: 'a',
    allowed: [object({ a: { enum: ['x', 'y', 'z'] } }), object({ a: { anyOf: [{ const: 'x' }, { const: 'y' }] } })],
  },
  {
    rule: 'variant-removed',
    breaks: 'backward',
    older: { oneOf: [variant('a'), variant('b'), variant('c')] },
    newer: { oneOf: [variant('a'), variant('b')] },
    path: '',
    allowed: [{ oneOf: [variant('a'), variant('b')] }, { oneOf: [variant('b'), variant('a'), variant('c')] }],
  },
  {
    rule: 'variant-added',
    breaks: 'forward',
    older: { oneOf: [variant('a'), variant('b')] },
    newer: { oneOf: [variant('a'), variant('b'), variant('c')] },
    path: '',
    allowed: [{ oneOf: [variant('a'), variant('b'), variant('c')] }, { oneOf: [variant('a'), variant('b')] }],
  },
  {
    // Inside a variant the field is named, not the variant.
    rule: 'type-changed',
    breaks: 'backward',
    older: { oneOf: [variant('a', { x: text }), variant('b')] },
    newer: { oneOf: [variant('a', { x: number }), variant('b')] },
    path: 'x',
    allowed: [{ anyOf: [text, number] }, { anyOf: [number, text] }],
  },
  ...(
    [
      ['string', 'minLength', 1, 2],
      ['string', 'maxLength', 9, 8],
      ['array', 'minItems', 1, 2],
      ['array', 'maxItems', 9, 8],
      ['object', 'minProperties', 1, 2],
      ['object', 'maxProperties', 9, 8],
      ['number', 'minimum', 1, 1.5],
      ['number', 'maximum', 9, 8],
      ['number', 'exclusiveMinimum', 1, 2],
      ['number', 'exclusiveMaximum', 9, 8],
      ['number', 'multipleOf', 4, 8],
      ['integer', 'minimum', 1, 2],
      ['integer', 'exclusiveMinimum', 1, 2],
    ] as const
  ).flatMap(([type, keyword, loose, tight]): Case[] => {
    const [wide, narrow] = [object({ a: { type, [keyword]: loose } }), object({ a: { type, [keyword]: tight } })];
    return [
      { rule: 'bound-tightened', breaks: 'backward', older: wide, newer: narrow, path: 'a', allowed: [narrow, wide] },
      {
        rule: 'bound-tightened',
        breaks: 'backward',
        older: object({ a: { type } }),
        newer: narrow,
        path: 'a',
        allowed: [narrow, object({ a: { type } })],
      },
      { rule: 'bound-loosened', breaks: 'forward', older: narrow, newer: wide, path: 'a', allowed: [wide, narrow] },
    ];
  }),
  {
    rule: 'bound-tightened',
    breaks: 'backward',
    older: { type: 'number', minimum: 1 },
    newer: { type: 'number', exclusiveMinimum: 1 },
    path: '',
    allowed: [
      { type: 'integer', exclusiveMinimum: 1 },
      { type: 'integer', minimum: 2 },
    ],
  },
  {
    rule: 'bound-tightened',
    breaks: 'backward',
    older: { type: 'array' },
    newer: { type: 'array', uniqueItems: true },
    path: '',
    allowed: [{ type: 'array', uniqueItems: true }, { type: 'array' }],
  },
  {
    rule: 'bound-tightened',
    breaks: 'backward',
    older: { enum: ['a', 'long'] },
    newer: { type: 'string', maxLength: 3 },
    path: '',
    allowed: [{ enum: ['a', 'b'] }, { type: 'string', maxLength: 3, pattern: '^[a-z]$' }],
  },
  ...both({
    rule: 'pattern-changed',
    older: object({ a: { type: 'string', pattern: '^a' } }),
    newer: object({ a: { type: 'string', pattern: '^b' } }),
    path: 'a',
    allowed: [
      object({ a: { type: 'string', pattern: '^a' } }),
      object({ a: { type: 'string', pattern: '^a', title: 'A' } }),
    ],
  }),
  {
    rule: 'pattern-changed',
    breaks: 'backward',
    older: text,
    newer: { type: 'string', pattern: '^a' },
    path: '',
    allowed: [{ type: 'string', pattern: '^a' }, text],
  },
  ...both({
    rule: 'format-changed',
    older: { type: 'string', format: 'date' },
    newer: { type: 'string', format: 'date-time' },
    path: '',
    allowed: [
      { type: 'string', format: 'date' },
      { type: 'string', format: 'date', description: 'when' },
    ],
  }),
  {
    rule: 'type-changed',
    breaks: 'backward',
    older: { type: 'array', items: [text, text], additionalItems: false },
    newer: { type: 'array', prefixItems: [text, number], items: false },
    path: '[1]',
    allowed: [
      { type: 'array', items: [text, text], additionalItems: false },
      { type: 'array', prefixItems: [text], items: text },
    ],
  },
  {
    rule: 'pattern-changed',
    breaks: 'backward',
    older: { type: 'object', additionalProperties: number },
    newer: { type: 'object', additionalProperties: number, propertyNames: { pattern: '^a' } },
    path: '(name)',
    allowed: [
      { type: 'object', additionalProperties: number, propertyNames: { type: 'string' } },
      { type: 'object', additionalProperties: number },
    ],
  },
  {
    rule: 'type-changed',
    breaks: 'backward',
    older: { type: 'object', additionalProperties: number },
    newer: { type: 'object', additionalProperties: text },
    path: '*',
    allowed: [
      { type: 'object', additionalProperties: { type: 'integer' } },
      { type: 'object', additionalProperties: number },
    ],
  },
  {
    rule: 'type-changed',
    breaks: 'backward',
    older: { $ref: '#/$defs/Tree', $defs: { Tree: object({ a: number, next: nullable({ $ref: '#/$defs/Tree' }) }) } },
    newer: {
      $ref: '#/definitions/T',
      definitions: { T: object({ a: text, next: nullable({ $ref: '#/definitions/T' }) }) },
    },
    path: 'a',
    allowed: [
      { $ref: '#/$defs/Tree', $defs: { Tree: object({ a: text, next: nullable({ $ref: '#/$defs/Tree' }) }) } },
      { $ref: '#/definitions/T', definitions: { T: object({ a: text, next: nullable({ $ref: '#/definitions/T' }) }) } },
    ],
  },
  {
    rule: 'required-field-added',
    breaks: 'backward',
    older: object({ a: text }),
    newer: { allOf: [object({ a: text }), object({ b: text }, ['b'])] },
    path: 'b',
    allowed: [{ allOf: [object({ a: text }), object({ b: text }, ['b'])] }, object({ a: text })],
  },
  ...[
    'nullable',
    'patternProperties',
    'if',
    'not',
    'dependentRequired',
    'contains',
    'unevaluatedProperties',
    'x-mine',
  ].map(
    (keyword): Case => ({
      rule: 'cannot-judge',
      breaks: 'backward',
      older: object({ a: { ...(object({ b: text }) as SchemaObject), [keyword]: {} } }),
      newer: object({ a: { ...(object({ b: number }) as SchemaObject), [keyword]: {} } }),
      path: 'a',
      allowed: [
        object({ a: { type: 'object', [keyword]: {} } }),
        object({ a: { type: 'object', [keyword]: {}, title: 'A' } }),
      ],
    }),
  ),
  {
    rule: 'cannot-judge',
    breaks: 'backward',
    older: { $ref: 'https://example.com/other.json' },
    newer: text,
    path: '',
    allowed: [true, { title: 'anything' }],
  },
  {
    rule: 'type-changed',
    breaks: 'backward',
    older: { allOf: [object({ a: text }), object({ b: number })] },
    newer: object({ a: text, b: text }),
    path: 'b',
    allowed: [{ allOf: [object({ a: text }), object({ b: text })] }, object({ a: text, b: text, c: text })],
  },
  {
    // Fields declared in a place that cannot be merged are not forgotten.
    rule: 'cannot-judge',
    breaks: 'backward',
    older: { ...(object({ a: text }) as SchemaObject), anyOf: [object({ b: number }), object({ c: number })] },
    newer: object({ a: text, b: text }),
    path: '',
    allowed: [
      { ...(object({ a: text }) as SchemaObject), anyOf: [object({ b: number }), object({ c: number })] },
      object({ a: text }),
    ],
  },
  {
    rule: 'cannot-judge',
    breaks: 'backward',
    older: { oneOf: [object({ a: text }), object({ b: text })] },
    newer: { oneOf: [object({ a: text }), object({ b: text }), object({ c: text })] },
    path: '',
    allowed: [{ oneOf: [text, number] }, { oneOf: [number, text, { type: 'null' }] }],
  },
  {
    // A tag that may be missing tells no variants apart.
    rule: 'cannot-judge',
    breaks: 'backward',
    older: { oneOf: [object({ kind: { const: 'a' } }), object({ kind: { const: 'b' } })] },
    newer: {
      oneOf: [object({ kind: { const: 'a' } }), object({ kind: { const: 'b' } }), object({ kind: { const: 'c' } })],
    },
    path: '',
    allowed: [{ oneOf: [variant('a'), { type: 'null' }] }, { oneOf: [variant('a'), { type: 'null' }, variant('b')] }],
  },
  {
    rule: 'type-changed',
    breaks: 'backward',
    older: { type: 'null' },
    newer: text,
    path: '',
    // Places that cannot be filled, and fields that cannot be written, break nobody.
    allowed: [
      object({ a: false, list: { type: 'array', items: [text], additionalItems: number, maxItems: 1 } }),
      closed({ list: { type: 'array', items: [text], additionalItems: text } }),
    ],
  },
  {
    // Listed values may be spread over alternatives; what one of them cannot be judged by is not passed over.
    rule: 'cannot-judge',
    breaks: 'backward',
    older: text,
    newer: {
      anyOf: [
        { type: 'string', 'x-mine': 1 },
        { type: 'string', maxLength: 3 },
      ],
    },
    path: '',
    allowed: [
      { enum: ['a', 'long'] },
      {
        anyOf: [
          { type: 'string', maxLength: 1 },
          { type: 'string', minLength: 4 },
        ],
      },
    ],
  },
  {
    rule: 'pattern-changed',
    breaks: 'backward',
    older: { enum: ['a', 'b'] },
    newer: { type: 'string', pattern: '^a' },
    path: '',
    allowed: [{ enum: ['a', 'ab'] }, { type: 'string', pattern: '^a' }],
  },
  {
    // The same reference leads elsewhere.
    rule: 'type-changed',
    breaks: 'backward',
    older: { ...(object({ a: { $ref: '#/$defs/A' } }) as SchemaObject), $defs: { A: text } },
    newer: { ...(object({ a: { $ref: '#/$defs/A' } }) as SchemaObject), $defs: { A: number } },
    path: 'a',
    allowed: [
      { ...(object({ a: { $ref: '#/$defs/A' } }) as SchemaObject), $defs: { A: text } },
      { ...(object({ a: { $ref: '#/$defs/A' } }) as SchemaObject), $defs: { A: { type: ['string', 'number'] } } },
    ],
  },
  {
    rule: 'cannot-judge',
    breaks: 'backward',
    older: { type: 'number', minimum: 1, exclusiveMinimum: true },
    newer: { type: 'number', minimum: 1 },
    path: '',
    allowed: [{ type: 'number', minimum: 1 }, { type: 'number' }],
  },
];

const ROWS = CASES.map(
  (one) => [one.rule, one.breaks, JSON.stringify(one.older), JSON.stringify(one.newer), one] as const,
);

describe('a change that breaks readers is found', () => {
  it.each(ROWS)('%s (%s): %s to %s', (rule, breaks, _older, _newer, { older, newer, path }) => {
    const found = incompatibilities(older, newer, breaks);
    expect(found).toContainEqual(expect.objectContaining({ rule, breaks, path }));
    for (const { before, after, fix } of found) {
      expect(before).not.toBe('');
      expect(after).not.toBe('');
      expect(fix).toMatch(/^[A-Z]/);
    }
  });

  it.each(ROWS)('full mode has it too: %s (%s): %s to %s', (rule, breaks, _older, _newer, { older, newer, path }) => {
    expect(incompatibilities(older, newer, 'full')).toContainEqual(expect.objectContaining({ rule, breaks, path }));
  });
});

describe('a change of the same kind that breaks nobody is let through', () => {
  it.each(CASES.map((one) => [one.rule, one.breaks, JSON.stringify(one.allowed), one] as const))(
    'not %s (%s): %s',
    (_rule, breaks, _allowed, { allowed: [older, newer] }) => {
      expect(incompatibilities(older, newer, breaks)).toEqual([]);
    },
  );
});

describe('what is said', () => {
  it('names before and after in the order of time, in both directions', () => {
    const [older, newer] = [
      object({ a: { type: 'string', maxLength: 9 } }),
      object({ a: { type: 'string', maxLength: 5 } }),
    ];
    expect(incompatibilities(older, newer, 'full')).toEqual([
      expect.objectContaining({
        rule: 'bound-tightened',
        breaks: 'backward',
        before: 'maxLength 9',
        after: 'maxLength 5',
      }),
    ]);
    expect(incompatibilities(newer, older, 'full')).toEqual([
      expect.objectContaining({
        rule: 'bound-loosened',
        breaks: 'forward',
        before: 'maxLength 5',
        after: 'maxLength 9',
      }),
    ]);
  });

  it('the same in other words is the same: order of keys, of required fields, of values, and all annotations', () => {
    const older: JsonSchema = { type: ['string', 'null'], title: 'x', enum: ['a', null] };
    const newer: JsonSchema = { enum: [null, 'a'], description: 'y', type: ['null', 'string'], examples: ['a'] };
    expect(incompatibilities(older, newer, 'full')).toEqual([]);
  });

  it('a field named like a keyword is a field', () => {
    const older = object({ title: text, description: text, required: text }, ['title']);
    const newer = object({ title: number, description: text, required: text }, ['title']);
    expect(incompatibilities(older, newer, 'backward').map(({ path }) => path)).toEqual(['title']);
  });

  it('every rule has a case here', () => {
    const rules: Record<CompatibilityRule, true> = {
      'required-field-added': true,
      'required-field-removed': true,
      'field-made-required': true,
      'field-made-optional': true,
      'field-added-to-closed-object': true,
      'field-removed-from-closed-object': true,
      'object-closed': true,
      'object-opened': true,
      'type-narrowed': true,
      'type-widened': true,
      'type-changed': true,
      'null-refused': true,
      'null-allowed': true,
      'enum-value-removed': true,
      'enum-value-added': true,
      'variant-removed': true,
      'variant-added': true,
      'bound-tightened': true,
      'bound-loosened': true,
      'pattern-changed': true,
      'format-changed': true,
      'cannot-judge': true,
    };
    expect(new Set(CASES.map(({ rule }) => rule))).toEqual(new Set(Object.keys(rules)));
  });
});
