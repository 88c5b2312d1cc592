import {
  ANNOTATIONS,
  isObject,
  type Json,
  type JsonSchema,
  meaningOf,
  mergeObjects,
  type Part,
  partsOf,
  sameJson,
} from './json-schema.ts';
import { type Alternative, alternativesOf, areDisjoint, haveSameTag, typesText } from './json-schema-alternatives.ts';
import type { Break } from './json-schema-break.ts';
import { arrayBreaks, type Inside, objectBreaks } from './json-schema-containers.ts';
import { limitBreaks } from './json-schema-limits.ts';

/**
 * Whether everything that is written under one schema can be read under another; where not, at which field and why.
 *
 * Writers write the fields they declare and no others, unless they declare others (`additionalProperties` or `additionalItems`
 * spelled out): that is what the type checker holds producers to. Readers that declare nothing about other fields ignore them.
 */

/** Everything that `writer` lets through and `reader` refuses; nothing when all of it can be read. */
export function unreadable(writer: JsonSchema, reader: JsonSchema): readonly Break[] {
  const breaks = compare(writer, reader, '', { writer, reader, underWay: new Set() });
  return [...new Map(breaks.map((one) => [JSON.stringify(one), one])).values()];
}

/** The roots that references start from, and the pairs being compared, so that a schema that contains itself comes to an end. */
interface Context {
  readonly writer: JsonSchema;
  readonly reader: JsonSchema;
  readonly underWay: Set<string>;
}

type PartContext = Context & Pick<Inside, 'alone'>;

function compare(writer: JsonSchema, reader: JsonSchema, path: string, context: Context): readonly Break[] {
  const [means, asks] = [JSON.stringify(meaningOf(writer)), JSON.stringify(meaningOf(reader))];
  if (means === asks && (!means.includes('"$ref"') || sameDefinitions(context))) return [];
  const pair = `${means}\n${asks}`;
  if (context.underWay.has(pair)) return [];
  context.underWay.add(pair);
  const written = mergeObjects(partsOf(writer, context.writer));
  const alone = written.length === 1;
  const breaks = partsOf(reader, context.reader).flatMap((asked) => {
    const tries = written.map((one) => compareParts(one, asked, path, { ...context, alone }));
    if (tries.some((one) => one.length === 0)) return [];
    return tries.length === 1
      ? (tries[0] ?? [])
      : [cannotJudge(path, 'several conditions at once (allOf)', 'other conditions')];
  });
  context.underWay.delete(pair);
  return breaks;
}

const sameDefinitions = ({ writer, reader }: Context): boolean => sameJson(meaningOf(writer), meaningOf(reader));

const cannotJudge = (path: string, writer: string, reader: string): Break => ({
  kind: 'cannot-judge',
  path,
  writer,
  reader,
});

function compareParts(writer: Part, reader: Part, path: string, context: PartContext): readonly Break[] {
  const [written, asked] = [alternativesOf(writer, context.writer), alternativesOf(reader, context.reader)];
  if (written === undefined || asked === undefined) return [cannotJudge(path, partText(writer), partText(reader))];
  if (reader.kind === 'choice' && reader.exactlyOne && !isExclusive(reader, context.reader)) {
    return [cannotJudge(path, partText(writer), 'oneOf, whose members may overlap')];
  }
  const missing = written.filter(({ type }) => !asked.some((one) => one.type === type));
  const breaks: Break[] = [];
  if (missing.length > 0) {
    const onlyNull = missing.every(({ type }) => type === 'null') && written.length > 1;
    const kind = onlyNull ? 'null' : missing.length === written.length ? 'other-type' : 'type';
    breaks.push({ kind, path, writer: typesText(written), reader: typesText(asked) });
  }
  for (const one of written) {
    const candidates = asked.filter(({ type }) => type === one.type);
    if (candidates.length > 0) breaks.push(...place(one, candidates, path, context));
  }
  return breaks;
}

function isExclusive({ members }: Extract<Part, { kind: 'choice' }>, root: JsonSchema): boolean {
  const alternatives = members.map(
    (member) => alternativesOf({ kind: 'choice', members: [member], exactlyOne: false }, root) ?? [],
  );
  return alternatives.every((mine, i) =>
    alternatives.slice(i + 1).every((others) => mine.every((a) => others.every((b) => areDisjoint(a, b)))),
  );
}

const partText = (part: Part): string =>
  part.kind === 'plain' ? 'keywords' : `${part.exactlyOne ? 'oneOf' : 'anyOf'} of ${part.members.length}`;

/** One alternative of the writer against those of the reader that have its type. */
function place(
  writer: Alternative,
  readers: readonly Alternative[],
  path: string,
  context: PartContext,
): readonly Break[] {
  const tries = readers.map((reader) => compareAlternatives(writer, reader, path, context));
  if (tries.some((breaks) => breaks.length === 0)) return [];
  const judged = tries.find((breaks) => breaks.some(({ kind }) => kind === 'cannot-judge'));
  if (judged !== undefined) return judged;
  if (tries.length === 1) return tries[0] ?? [];
  const variant = readers.findIndex((reader) => haveSameTag(writer, reader));
  if (variant >= 0) return tries[variant] ?? [];
  // Listed values may be spread over several alternatives of the reader.
  if (writer.values !== undefined && writer.values.length > 1) {
    return writer.values.flatMap((value) => place({ ...writer, values: [value] }, readers, path, context));
  }
  return [{ kind: 'variant', path, writer: variantText(writer), reader: readers.map(variantText).join(' or ') }];
}

function variantText({ type, values, schema }: Alternative): string {
  if (values !== undefined) return valuesText(values);
  return isObject(schema.properties) ? `{ ${Object.keys(schema.properties).join(', ')} }` : type;
}

const valuesText = (values: readonly Json[] | undefined, type = 'anything'): string =>
  values === undefined ? `any ${type}` : values.map((value) => JSON.stringify(value)).join(' | ');

const UNDERSTOOD: ReadonlySet<string> = new Set([
  ...ANNOTATIONS,
  ...['$defs', 'definitions', 'default', 'type', 'enum', 'const'],
  ...['minLength', 'maxLength', 'pattern', 'format', 'contentEncoding', 'contentMediaType'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['items', 'prefixItems', 'additionalItems', 'minItems', 'maxItems', 'uniqueItems'],
  ...['properties', 'required', 'additionalProperties', 'propertyNames', 'minProperties', 'maxProperties'],
]);

function compareAlternatives(
  writer: Alternative,
  reader: Alternative,
  path: string,
  context: PartContext,
): readonly Break[] {
  const [odd, alsoOdd] = [writer, reader].map(({ schema }) =>
    Object.keys(schema).filter((keyword) => !UNDERSTOOD.has(keyword)),
  );
  if (odd?.length !== 0 || alsoOdd?.length !== 0) {
    return [cannotJudge(path, odd?.join(', ') || 'without it', alsoOdd?.join(', ') || 'without it')];
  }
  const breaks: Break[] = [];
  if (reader.values !== undefined) {
    const allowed = reader.values;
    const refused = writer.values?.filter((value) => !allowed.some((one) => sameJson(one, value)));
    if (refused === undefined || refused.length > 0) {
      return [{ kind: 'values', path, writer: valuesText(writer.values, writer.type), reader: valuesText(allowed) }];
    }
  }
  if (reader.integer && !isWhole(writer)) breaks.push({ kind: 'type', path, writer: 'number', reader: 'integer' });
  breaks.push(...limitBreaks(writer, reader).map((one) => ({ ...one, path })));
  if (writer.type !== 'object' && writer.type !== 'array') return breaks;
  const inside: Inside = { alone: context.alone, compare: (w, r, at) => compare(w, r, at, context) };
  if (writer.values !== undefined && reader.values === undefined) {
    breaks.push(cannotJudge(path, valuesText(writer.values), reader.type));
  } else if (writer.type === 'object') breaks.push(...objectBreaks(writer.schema, reader.schema, path, inside));
  else breaks.push(...arrayBreaks(writer.schema, reader.schema, path, inside));
  return breaks;
}

const isWhole = ({ integer, values, schema }: Alternative): boolean =>
  integer || (values?.every((value) => Number.isInteger(value)) ?? Number.isInteger(schema.multipleOf));
