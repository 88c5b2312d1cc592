/**
 * JSON Schema as data, draft 2020-12 or draft-07, and the little of it that comparing two schemas needs: what is wording and what
 * is meaning, where a reference leads, and which parts must hold at once.
 */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type SchemaObject = { readonly [keyword: string]: Json };
export type JsonSchema = boolean | SchemaObject;

/** Words about data: they decide nothing about what is valid. `default` is not among them: it decides what missing data means. */
export const ANNOTATIONS: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$comment',
  'title',
  'description',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
]);

/** Where schemas are kept for references. */
const DEFINITIONS = ['$defs', 'definitions'] as const;
const SCHEMA_MAPS: ReadonlySet<string> = new Set([
  ...DEFINITIONS,
  'properties',
  'patternProperties',
  'dependentSchemas',
]);
const DATA: ReadonlySet<string> = new Set(['const', 'default', 'enum']);
/** Lists whose order says nothing. */
const UNORDERED: ReadonlySet<string> = new Set(['required', 'type', 'enum']);

export const isObject = (value: unknown): value is SchemaObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deep equality of JSON values; the order of keys does not count. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => sameJson(one, b[i]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  );
}

/** The schema without its wording and with unordered lists sorted: two schemas that differ in nothing else become the same JSON. */
export function meaningOf(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(meaningOf);
  if (!isObject(schema)) return schema;
  const meant: Record<string, Json> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (ANNOTATIONS.has(keyword)) continue;
    if (UNORDERED.has(keyword) && Array.isArray(value)) {
      const inOrder = [...value].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
      if (keyword !== 'required' || inOrder.length > 0) meant[keyword] = inOrder;
    } else if (DATA.has(keyword)) meant[keyword] = value;
    else if (SCHEMA_MAPS.has(keyword) && isObject(value)) {
      meant[keyword] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, meaningOf(inner)]));
    } else meant[keyword] = meaningOf(value);
  }
  return meant;
}

/** The schema a local reference (`#`, `#/$defs/Line`) leads to; undefined when it leads nowhere or outside. */
export function resolveReference(reference: Json | undefined, root: JsonSchema): JsonSchema | undefined {
  if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference)) return undefined;
  let found: Json | undefined = root;
  for (const step of reference.split('/').slice(1)) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return typeof found === 'boolean' || isObject(found) ? found : undefined;
}

/** A condition that is judged as a whole: keywords that stand alone, or a choice between schemas. */
export type Part =
  | { readonly kind: 'plain'; readonly schema: SchemaObject }
  | { readonly kind: 'choice'; readonly members: readonly JsonSchema[]; readonly exactlyOne: boolean };

const NOTHING: Part = { kind: 'choice', members: [], exactlyOne: false };
const MAX_REFERENCES = 100;

/**
 * The conditions of a schema that must all hold. References are followed; one that cannot be stays as the keyword `$ref`, which
 * nobody can judge.
 */
export function partsOf(schema: JsonSchema, root: JsonSchema, depth = 0): readonly Part[] {
  if (schema === true) return [{ kind: 'plain', schema: {} }];
  if (schema === false) return [NOTHING];
  const { $ref, anyOf, oneOf, allOf, ...plain } = schema;
  const parts: Part[] = [];
  if ($ref !== undefined) {
    const target = depth < MAX_REFERENCES ? resolveReference($ref, root) : undefined;
    parts.push(
      ...(target === undefined ? [{ kind: 'plain' as const, schema: { $ref } }] : partsOf(target, root, depth + 1)),
    );
  }
  if (Array.isArray(anyOf)) parts.push({ kind: 'choice', members: anyOf as readonly JsonSchema[], exactlyOne: false });
  if (Array.isArray(oneOf)) parts.push({ kind: 'choice', members: oneOf as readonly JsonSchema[], exactlyOne: true });
  if (Array.isArray(allOf)) {
    for (const member of allOf as readonly JsonSchema[]) parts.push(...partsOf(member, root, depth + 1));
  }
  const wordless = Object.keys(plain).filter(
    (keyword) =>
      !ANNOTATIONS.has(keyword) && keyword !== 'default' && !(DEFINITIONS as readonly string[]).includes(keyword),
  );
  if (wordless.length > 0 || parts.length === 0) parts.push({ kind: 'plain', schema: plain });
  return parts;
}

const MERGEABLE: ReadonlySet<string> = new Set([...ANNOTATIONS, 'type', 'properties', 'required']);

/** Objects whose fields are declared in several places (`allOf`) as one object with all fields; anything else as it is. */
export function mergeObjects(parts: readonly Part[]): readonly Part[] {
  const schemas = parts.flatMap((part) => (part.kind === 'plain' ? [part.schema] : []));
  const canBe =
    parts.length > 1 &&
    schemas.length === parts.length &&
    schemas.every(
      ({ type, ...more }) => type === 'object' && Object.keys(more).every((keyword) => MERGEABLE.has(keyword)),
    );
  if (!canBe) return parts;
  const properties: Record<string, Json> = {};
  for (const schema of schemas) {
    for (const [name, field] of Object.entries(isObject(schema.properties) ? schema.properties : {})) {
      const before = Object.hasOwn(properties, name) ? properties[name] : undefined;
      properties[name] = before === undefined || sameJson(before, field) ? field : { allOf: [before, field] };
    }
  }
  const required = [...new Set(schemas.flatMap((schema) => (Array.isArray(schema.required) ? schema.required : [])))];
  return [{ kind: 'plain', schema: { type: 'object', properties, required } }];
}
