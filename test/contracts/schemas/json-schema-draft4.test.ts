import { describe, expect, it } from 'vitest';
import type { JsonSchema, SchemaObject } from '../../../lib/contracts/schemas/json-schema.ts';
import { draft4 } from '../../../lib/contracts/schemas/json-schema-draft4.ts';

describe('draft 4', () => {
  it.each<[string, JsonSchema, SchemaObject]>([
    ['anything', true, {}],
    ['nothing', false, { not: {} }],
    ['a constant', { const: 'a' }, { enum: ['a'] }],
    ['an exclusive lower limit', { exclusiveMinimum: 1 }, { minimum: 1, exclusiveMinimum: true }],
    [
      'an exclusive upper limit beside a wider one',
      { maximum: 9, exclusiveMaximum: 5 },
      { maximum: 5, exclusiveMaximum: true },
    ],
    ['an exclusive limit beside a tighter one', { minimum: 9, exclusiveMinimum: 5 }, { minimum: 9 }],
    ['an exclusive upper limit beside a tighter one', { maximum: 5, exclusiveMaximum: 9 }, { maximum: 5 }],
    [
      'an exclusive limit beside an equal one',
      { minimum: 5, exclusiveMinimum: 5, maximum: 9, exclusiveMaximum: 9 },
      { minimum: 5, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: true },
    ],
    [
      'definitions',
      { $defs: { A: { const: 1 } }, $ref: '#/$defs/A' },
      { definitions: { A: { enum: [1] } }, $ref: '#/definitions/A' },
    ],
    [
      'places in a list',
      { prefixItems: [{ const: 1 }], items: false },
      { items: [{ enum: [1] }], additionalItems: false },
    ],
    [
      'places and the rest',
      { prefixItems: [true], items: { const: 2 } },
      { items: [{}], additionalItems: { enum: [2] } },
    ],
    [
      'what is inside',
      {
        properties: { const: { const: 1 } },
        additionalProperties: false,
        anyOf: [{ const: 2 }],
        items: { const: 3 },
        not: { const: 4 },
      },
      {
        properties: { const: { enum: [1] } },
        additionalProperties: false,
        anyOf: [{ enum: [2] }],
        items: { enum: [3] },
        not: { enum: [4] },
      },
    ],
    ['wording that draft 4 has not', { $schema: 'x', examples: [1], title: 'T' }, { title: 'T' }],
    [
      'data that looks like a schema',
      { enum: [{ const: 1 }], default: { const: 2 } },
      { enum: [{ const: 1 }], default: { const: 2 } },
    ],
  ])('says %s', (_, schema, expected) => {
    expect(draft4(schema)).toEqual(expected);
  });
});
