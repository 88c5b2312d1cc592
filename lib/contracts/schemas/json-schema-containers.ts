import { isObject, type Json, type JsonSchema, type SchemaObject } from './json-schema.ts';
import type { Break } from './json-schema-break.ts';

/** How what is inside an object or a list is compared. */
export interface Inside {
  /** No other condition of the writer may declare more fields than the one that is looked at. */
  readonly alone: boolean;
  readonly compare: (writer: JsonSchema, reader: JsonSchema, path: string) => readonly Break[];
}

const schemaAt = (value: Json | undefined): JsonSchema | undefined =>
  typeof value === 'boolean' || isObject(value) ? value : undefined;

const fieldsOf = ({ properties }: SchemaObject): ReadonlyMap<string, JsonSchema> =>
  new Map(Object.entries(isObject(properties) ? properties : {}) as [string, JsonSchema][]);

const requiredOf = ({ required }: SchemaObject): readonly string[] =>
  Array.isArray(required) ? (required as string[]) : [];

export function objectBreaks(
  writer: SchemaObject,
  reader: SchemaObject,
  path: string,
  { alone, compare }: Inside,
): readonly Break[] {
  const [written, read] = [fieldsOf(writer), fieldsOf(reader)];
  const at = (field: string) => (path === '' ? field : `${path}.${field}`);
  // A bare object promises nothing about its fields, so it may have any; so may one whose fields are declared in several places.
  const others = schemaAt(writer.additionalProperties) ?? (writer.properties === undefined || !alone);
  const ignored = schemaAt(reader.additionalProperties) ?? true;
  const always = requiredOf(writer);
  const breaks: Break[] = [];
  for (const field of requiredOf(reader)) {
    if (always.includes(field)) continue;
    const kind = written.has(field) ? 'required' : 'undeclared-required';
    breaks.push({
      kind,
      path: at(field),
      writer: written.has(field) ? 'optional' : 'no such field',
      reader: 'required',
    });
  }
  for (const [field, schema] of written) {
    if (schema === false) continue;
    const expected = read.get(field) ?? ignored;
    if (expected === false && !read.has(field)) {
      breaks.push({ kind: 'undeclared', path: at(field), writer: 'a field', reader: 'no other fields allowed' });
    } else breaks.push(...compare(schema, expected, at(field)));
  }
  if (others !== false) {
    for (const [field, schema] of read) {
      if (!written.has(field)) breaks.push(...compare(others, schema, at(field)));
    }
    if (ignored === false)
      breaks.push({ kind: 'closed', path: at('*'), writer: 'any other field', reader: 'no other fields allowed' });
    else breaks.push(...compare(others, ignored, at('*')));
  }
  const names = schemaAt(reader.propertyNames);
  if (names !== undefined) {
    const given =
      others === false ? { enum: [...written.keys()] } : (schemaAt(writer.propertyNames) ?? { type: 'string' });
    breaks.push(...compare(given, names, at('(name)')));
  }
  return breaks;
}

export function arrayBreaks(
  writer: SchemaObject,
  reader: SchemaObject,
  path: string,
  { alone, compare }: Inside,
): readonly Break[] {
  const [written, read] = [itemsOf(writer), itemsOf(reader)];
  const breaks: Break[] = [];
  if (reader.uniqueItems === true && writer.uniqueItems !== true) {
    breaks.push({ kind: 'bound', path, writer: 'items may repeat', reader: 'uniqueItems' });
  }
  const positions = Math.max(written.first.length, read.first.length);
  // A list of places that says nothing of more has no more.
  const others = written.others ?? (written.first.length === 0 || !alone);
  const most = Math.min(
    typeof writer.maxItems === 'number' ? writer.maxItems : Number.POSITIVE_INFINITY,
    others === false ? written.first.length : Number.POSITIVE_INFINITY,
  );
  for (let i = 0; i < Math.min(positions, most); i++) {
    breaks.push(...compare(written.first[i] ?? others, read.first[i] ?? read.others ?? true, `${path}[${i}]`));
  }
  if (most > positions) breaks.push(...compare(others, read.others ?? true, `${path}[]`));
  return breaks;
}

/** Draft 2020-12 says `prefixItems` and `items`, draft-07 `items` as a list and `additionalItems`. */
function itemsOf({ items, prefixItems, additionalItems }: SchemaObject): {
  readonly first: readonly JsonSchema[];
  readonly others: JsonSchema | undefined;
} {
  if (Array.isArray(items)) return { first: items as JsonSchema[], others: schemaAt(additionalItems) };
  return { first: Array.isArray(prefixItems) ? (prefixItems as JsonSchema[]) : [], others: schemaAt(items) };
}
