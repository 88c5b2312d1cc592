import type { Json, SchemaObject } from './json-schema.ts';
import type { Alternative, TypeName } from './json-schema-alternatives.ts';

/** A limit of the reader that the writer does not keep. */
export interface LimitBreak {
  readonly kind: 'bound' | 'pattern' | 'format' | 'cannot-judge';
  readonly writer: string;
  readonly reader: string;
}

interface Count {
  readonly keyword: string;
  readonly type: TypeName;
  /** 1: at least; -1: at most. */
  readonly sense: 1 | -1;
}

const COUNTS: readonly Count[] = [
  { keyword: 'minLength', type: 'string', sense: 1 },
  { keyword: 'maxLength', type: 'string', sense: -1 },
  { keyword: 'minItems', type: 'array', sense: 1 },
  { keyword: 'maxItems', type: 'array', sense: -1 },
  { keyword: 'minProperties', type: 'object', sense: 1 },
  { keyword: 'maxProperties', type: 'object', sense: -1 },
];

/** Text rules of which nobody can say which is stricter: the reader's must be the writer's, word by word. */
const TEXTS = [
  { keyword: 'pattern', kind: 'pattern' },
  { keyword: 'format', kind: 'format' },
  { keyword: 'contentEncoding', kind: 'format' },
  { keyword: 'contentMediaType', kind: 'format' },
] as const;

const NUMBERS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'] as const;

/** The limits of scalar values and the sizes of lists and objects, where the reader asks for more than the writer keeps. */
export function limitBreaks(writer: Alternative, reader: Alternative): readonly LimitBreak[] {
  const odd = [...COUNTS.map(({ keyword }) => keyword), ...NUMBERS].filter((keyword) =>
    [writer, reader].some(({ schema }) => schema[keyword] !== undefined && typeof schema[keyword] !== 'number'),
  );
  if (odd.length > 0) return [{ kind: 'cannot-judge', writer: odd.join(', '), reader: odd.join(', ') }];
  const breaks = (writer.values ?? [undefined]).flatMap((value) => {
    const keeps = value === undefined ? writer.schema : { ...writer.schema, ...limitsOfValue(value) };
    return [
      ...countBreaks(writer.type, keeps, reader.schema),
      ...(writer.type === 'number' ? numberBreaks({ ...writer, schema: keeps }, reader, value) : []),
      ...(writer.type === 'string' ? textBreaks(keeps, reader.schema, value) : []),
    ];
  });
  return [...new Map(breaks.map((one) => [JSON.stringify(one), one])).values()];
}

/** A single value is its own lower and upper limit. */
function limitsOfValue(value: Json): SchemaObject {
  if (typeof value === 'string') return { minLength: [...value].length, maxLength: [...value].length };
  if (typeof value === 'number') return { minimum: value, maximum: value };
  return {};
}

function countBreaks(type: TypeName, writer: SchemaObject, reader: SchemaObject): readonly LimitBreak[] {
  return COUNTS.filter((count) => count.type === type).flatMap(({ keyword, sense }) => {
    const asked = reader[keyword] as number | undefined;
    if (asked === undefined) return [];
    const none = sense === 1 ? 0 : Number.POSITIVE_INFINITY;
    const kept = Math.max(
      (writer[keyword] as number | undefined) ?? none,
      keyword === 'minProperties' && Array.isArray(writer.required) ? writer.required.length : Number.NEGATIVE_INFINITY,
    );
    return (asked - kept) * sense > 0 ? [bound(keyword, kept === none ? undefined : kept, asked)] : [];
  });
}

const bound = (keyword: string, kept: number | undefined, asked: number): LimitBreak => ({
  kind: 'bound',
  writer: kept === undefined ? `no ${keyword}` : `${keyword} ${kept}`,
  reader: `${keyword} ${asked}`,
});

interface Edge {
  readonly at: number;
  readonly open: boolean;
}

/** The tighter of the inclusive and the exclusive limit, as a lower limit of the value times `sense`; whole numbers have closed edges. */
function edge({ schema, integer }: Alternative, sense: 1 | -1): Edge {
  const [closed, open] = sense === 1 ? ['minimum', 'exclusiveMinimum'] : ['maximum', 'exclusiveMaximum'];
  const at = (keyword: string | undefined) => {
    const value = schema[keyword ?? ''];
    return typeof value === 'number' ? value * sense : Number.NEGATIVE_INFINITY;
  };
  const [c, o] = [at(closed), at(open)];
  if (integer) return { at: Math.max(Math.ceil(c), Math.floor(o) + 1), open: false };
  return o >= c && o !== Number.NEGATIVE_INFINITY ? { at: o, open: true } : { at: c, open: false };
}

function numberBreaks(writer: Alternative, reader: Alternative, value: Json | undefined): readonly LimitBreak[] {
  const breaks: LimitBreak[] = [];
  for (const sense of [1, -1] as const) {
    const [kept, asked] = [edge(writer, sense), edge(reader, sense)];
    if (asked.at > kept.at || (asked.at === kept.at && asked.open && !kept.open)) {
      breaks.push({ kind: 'bound', writer: edgeText(writer, sense), reader: edgeText(reader, sense) });
    }
  }
  const asked = reader.schema.multipleOf;
  if (typeof asked === 'number') {
    const kept = typeof value === 'number' ? value : (writer.schema.multipleOf ?? (writer.integer ? 1 : undefined));
    if (typeof kept !== 'number' || !Number.isInteger(kept / asked)) {
      breaks.push(bound('multipleOf', typeof kept === 'number' ? kept : undefined, asked));
    }
  }
  return breaks;
}

function edgeText({ schema }: Alternative, sense: 1 | -1): string {
  const keywords = sense === 1 ? ['minimum', 'exclusiveMinimum'] : ['maximum', 'exclusiveMaximum'];
  const said = keywords
    .filter((keyword) => schema[keyword] !== undefined)
    .map((keyword) => `${keyword} ${schema[keyword]}`);
  return said.length === 0 ? `no ${keywords[0]}` : said.join(', ');
}

function textBreaks(writer: SchemaObject, reader: SchemaObject, value: Json | undefined): readonly LimitBreak[] {
  return TEXTS.flatMap(({ keyword, kind }): LimitBreak[] => {
    const [kept, asked] = [writer[keyword], reader[keyword]];
    if (asked === undefined || asked === kept) return [];
    if (keyword === 'pattern' && typeof value === 'string' && matches(String(asked), value)) return [];
    return [
      { kind, writer: kept === undefined ? `no ${keyword}` : `${keyword} ${kept}`, reader: `${keyword} ${asked}` },
    ];
  });
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch (error) {
    if (error instanceof SyntaxError) return false; // Another dialect of regular expressions: not proven, so a break.
    throw error;
  }
}
