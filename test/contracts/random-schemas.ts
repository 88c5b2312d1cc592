import fc from 'fast-check';
import type { Json, JsonSchema, SchemaObject } from '../../lib/contracts/schemas/json-schema.ts';

/** Random schemas as event data has them, changes to them, and data that is valid under them, for properties. */

const isObject = (value: unknown): value is SchemaObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const range = (keywords: readonly [string, string], max: number): fc.Arbitrary<SchemaObject> =>
  fc.tuple(fc.option(fc.nat(max)), fc.option(fc.nat(max))).map(([low, more]) => ({
    ...(low === null ? {} : { [keywords[0]]: low }),
    ...(more === null ? {} : { [keywords[1]]: (low ?? 0) + more + 1 }),
  }));

const LETTERS = ['a', 'b', 'c', 'd'] as const;

const scalar: fc.Arbitrary<SchemaObject> = fc.oneof(
  range(['minLength', 'maxLength'], 4).map((limits) => ({ type: 'string', ...limits })),
  range(['minimum', 'maximum'], 6).map((limits) => ({ type: 'integer', ...limits })),
  range(['minimum', 'exclusiveMaximum'], 6).map((limits) => ({ type: 'number', ...limits })),
  fc.constant({ type: 'boolean' }),
  fc.subarray([...LETTERS, 1, null], { minLength: 1 }).map((values) => ({ enum: values })),
  fc.constantFrom(...LETTERS).map((value) => ({ const: value })),
);

const { field, object } = fc.letrec<{ field: SchemaObject; object: SchemaObject }>((tie) => ({
  field: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('field').map((inner) => ({ anyOf: [inner, { type: 'null' }] })),
    fc.tuple(tie('field'), tie('field')).map((members) => ({ anyOf: members })),
    fc
      .tuple(tie('field'), range(['minItems', 'maxItems'], 2))
      .map(([items, limits]) => ({ type: 'array', items, ...limits })),
    tie('field').map((values) => ({ type: 'object', additionalProperties: values })),
    tie('object'),
    fc.tuple(tie('object'), tie('object')).map((members) => ({ allOf: members })),
  ),
  object: fc
    .record({
      properties: fc.dictionary(fc.constantFrom(...LETTERS), tie('field'), { maxKeys: 4 }),
      required: fc.subarray([...LETTERS]),
      additionalProperties: fc.constantFrom(undefined, undefined, undefined, false, true),
    })
    .map(({ properties, required, additionalProperties }) => ({
      type: 'object',
      properties,
      required: required.filter((name) => name in properties),
      ...(additionalProperties === undefined ? {} : { additionalProperties }),
    })),
}));

export { field as schemas, object as objectSchemas };

/** A schema and another one made from it by changing some of its parts: closer to what people do than two random ones. */
export const changedSchemas: fc.Arbitrary<readonly [JsonSchema, JsonSchema]> = fc
  .tuple(object, fc.array(fc.tuple(fc.nat(), fc.nat(3), field), { minLength: 1, maxLength: 2 }))
  .map(([older, changes]) => [
    older,
    changes.reduce<JsonSchema>((schema, [at, kind, other]) => change(schema, at, kind, other), older),
  ]);

function change(schema: JsonSchema, at: number, kind: number, other: SchemaObject): JsonSchema {
  if (!isObject(schema)) return schema;
  const fields = isObject(schema.properties) ? schema.properties : undefined;
  if (fields === undefined) return kind === 0 ? other : { ...schema, ...other };
  const name = LETTERS[at % LETTERS.length] ?? 'a';
  const required = (Array.isArray(schema.required) ? schema.required : []).filter((one) => one !== name);
  const inner = fields[name];
  if (kind === 0)
    return {
      ...schema,
      properties: Object.fromEntries(Object.entries(fields).filter(([one]) => one !== name)),
      required,
    };
  if (kind === 1)
    return { ...schema, properties: { ...fields, [name]: inner ?? other }, required: [...required, name] };
  if (kind === 2) return { ...schema, properties: { ...fields, [name]: inner ?? other }, required };
  const changed = isObject(inner) ? change(inner, at >> 2, kind - 1, other) : other;
  return { ...schema, properties: { ...fields, [name]: changed } };
}

/** Takes numbers from a list, so that fast-check decides and can shrink what is sampled. */
export type Choose = (below: number) => number;

export function chooser(numbers: readonly number[]): Choose {
  let next = 0;
  return (below) => {
    const number = numbers[next % Math.max(1, numbers.length)] ?? 0;
    next += 1;
    return (number + Math.floor(next / Math.max(1, numbers.length))) % below;
  };
}

const SCALARS: readonly Json[] = ['x', 'long text', 0, 2.5, true, null];

/** Data a producer may write under a schema: declared fields, and others only where they are spelled out. It may still be invalid under `allOf`. */
export function sample(schema: JsonSchema, choose: Choose): Json {
  const pick = <T>(list: readonly T[]): T => list[choose(list.length)] as T;
  if (typeof schema === 'boolean') return pick(SCALARS);
  if (Array.isArray(schema.enum)) return pick(schema.enum as readonly Json[]);
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.anyOf)) return sample(pick(schema.anyOf as readonly JsonSchema[]), choose);
  if (Array.isArray(schema.allOf)) {
    const parts = (schema.allOf as readonly JsonSchema[]).map((member) => sample(member, choose));
    return Object.assign({}, ...parts.toReversed());
  }
  const number = (name: string, none: number) => (typeof schema[name] === 'number' ? schema[name] : none);
  switch (schema.type) {
    case 'string':
      return 'é'.repeat(between(number('minLength', 0), number('maxLength', 7), choose));
    case 'integer':
      return between(number('minimum', -3), number('maximum', 15), choose);
    case 'number': {
      const low = number('minimum', -2.5);
      return low + (Math.max(0, number('exclusiveMaximum', 15) - low) * choose(8)) / 8;
    }
    case 'boolean':
      return choose(2) === 1;
    case 'null':
      return null;
    case 'array': {
      const length = between(number('minItems', 0), number('maxItems', 4), choose);
      return Array.from({ length }, () => sample((schema.items ?? true) as JsonSchema, choose));
    }
    default:
      return sampleObject(schema, choose);
  }
}

const between = (low: number, high: number, choose: Choose): number => low + choose(Math.max(1, high - low + 1));

function sampleObject(schema: SchemaObject, choose: Choose): Json {
  const fields = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  const data: Record<string, Json> = {};
  for (const [name, inner] of Object.entries(fields)) {
    if (required.includes(name) || choose(2) === 1) data[name] = sample(inner as JsonSchema, choose);
  }
  const others = schema.additionalProperties;
  if (others !== undefined && others !== false) {
    for (const name of [...LETTERS, 'other']) {
      if (!(name in fields) && choose(2) === 1) data[name] = sample(others as JsonSchema, choose);
    }
  }
  return data;
}
