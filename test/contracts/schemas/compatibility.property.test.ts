import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { incompatibilities } from '../../../lib/contracts/schemas/compatibility.ts';
import type { JsonSchema, SchemaObject } from '../../../lib/contracts/schemas/json-schema.ts';
import { draft4 } from '../../../lib/contracts/schemas/json-schema-draft4.ts';
import { changedSchemas, chooser, objectSchemas, sample, schemas } from '../random-schemas.ts';

const ajv = new Ajv2020({ strict: false, validateSchema: false });
const isValid = (schema: JsonSchema, data: unknown): boolean => ajv.validate(schema, data);

const NUMBERS = fc.array(fc.nat(1_000), { minLength: 8, maxLength: 24 });
const SAMPLES = 10;

/** Data that is valid under a schema and that a producer may write. */
function written(schema: JsonSchema, numbers: readonly number[]): readonly unknown[] {
  return Array.from({ length: SAMPLES }, (_, i) =>
    sample(schema, chooser(numbers.map((number) => number + i * 7))),
  ).filter((data) => isValid(schema, data));
}

describe('the verdict holds for data', () => {
  it('backward compatible: what was written under the old schema is valid under the new one', () => {
    let proven = 0;
    let judged = 0;
    fc.assert(
      fc.property(changedSchemas, NUMBERS, ([older, newer], numbers) => {
        judged += 1;
        if (incompatibilities(older, newer, 'backward').length > 0) return;
        for (const data of written(older, numbers)) {
          proven += 1;
          expect(isValid(newer, data), `${JSON.stringify(data)} under ${JSON.stringify(newer)}`).toBe(true);
        }
      }),
      { numRuns: 600 },
    );
    expect(judged).toBeGreaterThanOrEqual(600);
    expect(proven).toBeGreaterThan(500);
  });

  it('forward compatible: what is written under the new schema is valid under the old one', () => {
    fc.assert(
      fc.property(changedSchemas, NUMBERS, ([older, newer], numbers) => {
        if (incompatibilities(older, newer, 'forward').length > 0) return;
        for (const data of written(newer, numbers)) expect(isValid(older, data)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('also between any two schemas', () => {
    fc.assert(
      fc.property(schemas, schemas, NUMBERS, (older, newer, numbers) => {
        if (incompatibilities(older, newer, 'backward').length > 0) return;
        for (const data of written(older, numbers)) expect(isValid(newer, data)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the verdict is no false alarm', () => {
  it('every schema is compatible with itself, and with itself in other words', () => {
    fc.assert(
      fc.property(objectSchemas, (schema) => {
        expect(incompatibilities(schema, structuredClone(schema), 'full')).toEqual([]);
        const reworded = { description: 'the same', ...Object.fromEntries(Object.entries(schema).toReversed()) };
        expect(incompatibilities(schema, reworded, 'full')).toEqual([]);
      }),
    );
  });

  it('a new optional field, and null where there was none, may be read by new code', () => {
    fc.assert(
      fc.property(objectSchemas, schemas, (schema, added) => {
        if (schema.additionalProperties !== undefined) return;
        const wider: JsonSchema = {
          anyOf: [{ ...schema, properties: { ...(schema.properties as SchemaObject), added } }, { type: 'null' }],
        };
        expect(incompatibilities(schema, wider, 'backward')).toEqual([]);
      }),
    );
  });
});

describe('draft 4', () => {
  it('lets through what the original lets through', () => {
    fc.assert(
      fc.property(schemas, NUMBERS, (schema, numbers) => {
        // Ajv knows no draft 4: its exclusive limits are turned back for the comparison.
        const back = JSON.parse(JSON.stringify(draft4(schema)), (_, value) =>
          value?.exclusiveMaximum === true
            ? { ...value, maximum: undefined, exclusiveMaximum: value.maximum }
            : value?.exclusiveMinimum === true
              ? { ...value, minimum: undefined, exclusiveMinimum: value.minimum }
              : value,
        );
        const clean = JSON.parse(JSON.stringify(back));
        for (const data of written(schema, numbers)) expect(isValid(clean, data)).toBe(true);
      }),
    );
  });
});
