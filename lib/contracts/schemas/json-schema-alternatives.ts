import {
  isObject,
  type Json,
  type JsonSchema,
  type Part,
  partsOf,
  type SchemaObject,
  sameJson,
} from './json-schema.ts';

/** The kinds of JSON value. Whole numbers are numbers with `integer` set. */
export const TYPES = ['string', 'number', 'boolean', 'null', 'array', 'object'] as const;
export type TypeName = (typeof TYPES)[number];

/** One kind of value that a schema lets through, with the keywords that limit it. A schema lets through the union of its alternatives. */
export interface Alternative {
  readonly type: TypeName;
  readonly integer: boolean;
  /** The only values, where they are listed. */
  readonly values: readonly Json[] | undefined;
  readonly schema: SchemaObject;
}

export function typeOf(value: Json): TypeName {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value as TypeName;
}

/** The alternatives of a part; undefined when a choice has members of several conditions each, which cannot be taken apart. */
export function alternativesOf(part: Part, root: JsonSchema): readonly Alternative[] | undefined {
  if (part.kind === 'plain') return plainAlternatives(part.schema);
  const alternatives: Alternative[] = [];
  for (const member of part.members) {
    const [only, ...more] = partsOf(member, root);
    const found = only === undefined || more.length > 0 ? undefined : alternativesOf(only, root);
    if (found === undefined) return undefined;
    alternatives.push(...found);
  }
  return mergeValues(alternatives);
}

function plainAlternatives(schema: SchemaObject): readonly Alternative[] {
  const listed = valuesOf(schema);
  const named = schema.type === undefined ? undefined : [schema.type].flat();
  const integer = named?.includes('integer') === true && !named.includes('number');
  return TYPES.flatMap((type): Alternative[] => {
    if (named !== undefined && !named.includes(type) && !(type === 'number' && integer)) return [];
    const values = (listed ?? ALL_VALUES[type])?.filter((value) => typeOf(value) === type);
    if (values?.length === 0) return [];
    return [{ type, integer: integer && type === 'number', values, schema }];
  });
}

/** Types with so few values that they can be listed. */
const ALL_VALUES: Partial<Record<TypeName, readonly Json[]>> = { boolean: [true, false], null: [null] };

function valuesOf({ enum: list, const: one }: SchemaObject): readonly Json[] | undefined {
  const listed = Array.isArray(list) ? (list as readonly Json[]) : undefined;
  if (one === undefined) return listed;
  return listed === undefined || listed.some((value) => sameJson(value, one)) ? [one] : [];
}

const ONLY_VALUES: ReadonlySet<string> = new Set(['type', 'enum', 'const', 'title', 'description']);

/** `'a'` or `'b'`, written as a choice of constants, is a list of values like any other. */
function mergeValues(alternatives: readonly Alternative[]): readonly Alternative[] {
  const isList = ({ values, schema }: Alternative) =>
    values !== undefined && Object.keys(schema).every((keyword) => ONLY_VALUES.has(keyword));
  const merged = Map.groupBy(alternatives.filter(isList), ({ type }) => type);
  return [
    ...alternatives.filter((one) => !isList(one)),
    ...[...merged].map(([type, lists]) => ({
      type,
      integer: false,
      values: lists.flatMap(({ values }) => values ?? []),
      schema: {},
    })),
  ];
}

/** Whether no value can be both: other types, other values, or objects told apart by a field that both require (a discriminator). */
export function areDisjoint(a: Alternative, b: Alternative): boolean {
  if (a.type !== b.type) return true;
  if (a.values !== undefined && b.values !== undefined)
    return !a.values.some((one) => b.values?.some((two) => sameJson(one, two)));
  return (
    a.type === 'object' && sharedTags(a, b).some(([one, two]) => !one.some((x) => two.some((y) => sameJson(x, y))))
  );
}

/** Whether two objects are variants with the same value of a discriminator. */
export const haveSameTag = (a: Alternative, b: Alternative): boolean =>
  sharedTags(a, b).some(([one, two]) => one.length === 1 && two.length === 1 && sameJson(one[0], two[0]));

function sharedTags(a: Alternative, b: Alternative): readonly (readonly [readonly Json[], readonly Json[]])[] {
  const [one, two] = [tagsOf(a), tagsOf(b)];
  return [...one].flatMap(([name, values]) => {
    const other = two.get(name);
    return other === undefined ? [] : [[values, other] as const];
  });
}

function tagsOf({ schema }: Alternative): ReadonlyMap<string, readonly Json[]> {
  const required = Array.isArray(schema.required) ? schema.required : [];
  const tags = new Map<string, readonly Json[]>();
  for (const [name, field] of Object.entries(isObject(schema.properties) ? schema.properties : {})) {
    const values = isObject(field) ? valuesOf(field) : undefined;
    if (values !== undefined && required.includes(name)) tags.set(name, values);
  }
  return tags;
}

/** Words for the types of alternatives: `string | null`. */
export function typesText(alternatives: readonly Alternative[]): string {
  const names = new Set(alternatives.map(({ type, integer }) => (integer ? 'integer' : type)));
  return names.size === 0 ? 'nothing' : names.size === TYPES.length ? 'anything' : [...names].join(' | ');
}
