import { isObject, type Json, type JsonSchema, type SchemaObject } from './json-schema.ts';

/**
 * A schema of draft-07 or 2020-12 in the words of draft 4, which is what EventBridge's registry takes
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-schema-create.html). What draft 4 has no word for (`propertyNames`,
 * `if`) stays as it is: validators of draft 4 pass over it and let more through.
 */
export function draft4(schema: JsonSchema): SchemaObject {
  if (schema === true) return {};
  if (schema === false) return { not: {} };
  const { const: one, examples: _, $schema: __, $defs, prefixItems, ...same } = schema;
  const out: Record<string, Json> = {};
  for (const [keyword, value] of Object.entries(same)) out[keyword] = inner(keyword, value);
  if (one !== undefined) out.enum = [one];
  if (isObject($defs)) out.definitions = schemaMap($defs);
  if (Array.isArray(prefixItems)) {
    out.items = prefixItems.map(nested);
    if (same.items !== undefined) out.additionalItems = orBoolean(same.items);
  }
  if (typeof same.$ref === 'string') out.$ref = same.$ref.replace(/^#\/\$defs\//, '#/definitions/');
  for (const [keyword, limit] of Object.entries(LIMITS)) {
    const exclusive = same[keyword];
    if (typeof exclusive !== 'number') continue;
    const inclusive = same[limit.inclusive];
    const isTighter = typeof inclusive !== 'number' || (exclusive - inclusive) * limit.sense >= 0;
    delete out[keyword];
    if (isTighter) Object.assign(out, { [limit.inclusive]: exclusive, [keyword]: true });
  }
  return out;
}

/** In draft 4 an exclusive limit is a flag on the inclusive one. */
const LIMITS = {
  exclusiveMinimum: { inclusive: 'minimum', sense: 1 },
  exclusiveMaximum: { inclusive: 'maximum', sense: -1 },
} as const;

const isSchema = (value: Json): value is JsonSchema & Json => typeof value === 'boolean' || isObject(value);
const nested = (value: Json): Json => (isSchema(value) ? draft4(value) : value);
const orBoolean = (value: Json): Json => (typeof value === 'boolean' ? value : nested(value));
const schemaMap = (map: SchemaObject): Json =>
  Object.fromEntries(Object.entries(map).map(([name, value]) => [name, nested(value)]));

/** Where schemas are inside a schema. `additional…` may stay a boolean in draft 4, nothing else may. */
const INNER: Readonly<Record<string, (value: Json) => Json>> = {
  properties: (value) => (isObject(value) ? schemaMap(value) : value),
  patternProperties: (value) => (isObject(value) ? schemaMap(value) : value),
  definitions: (value) => (isObject(value) ? schemaMap(value) : value),
  items: (value) => (Array.isArray(value) ? value.map(nested) : nested(value)),
  anyOf: (value) => (Array.isArray(value) ? value.map(nested) : value),
  oneOf: (value) => (Array.isArray(value) ? value.map(nested) : value),
  allOf: (value) => (Array.isArray(value) ? value.map(nested) : value),
  not: nested,
  additionalProperties: orBoolean,
  additionalItems: orBoolean,
};

const inner = (keyword: string, value: Json): Json => INNER[keyword]?.(value) ?? value;
