import { declare } from '../declaring/declaration-error.ts';
import type { Sending } from './sending.ts';

/**
 * A condition of SNS on one field: a value, or a matcher as AWS writes it. Conditions of a list are alternatives.
 * https://docs.aws.amazon.com/sns/latest/dg/example-filter-policies.html
 */
export type FilterCondition =
  | string
  | number
  | boolean
  | null
  | { readonly prefix: string }
  | { readonly suffix: string }
  | { readonly 'equals-ignore-case': string }
  | { readonly 'anything-but': string | number | readonly (string | number)[] | { readonly prefix: string } }
  | { readonly numeric: readonly (string | number)[] }
  | { readonly exists: boolean };

/** Fields that must fit, all of them; nested as the data is. */
export interface FilterPattern {
  readonly [field: string]: readonly FilterCondition[] | FilterPattern;
}

/** Which envelopes a queue gets beyond their type. `data` nests; the other fields are those of the envelope. */
export interface EnvelopeFilter {
  readonly data?: FilterPattern;
  readonly subject?: readonly FilterCondition[];
  readonly source?: readonly FilterCondition[];
  readonly dataschema?: readonly FilterCondition[];
}

/** https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html */
const MAX_KEYS = 5;
const MAX_COMBINATIONS = 150;
const ENVELOPE_FIELDS = ['data', 'subject', 'source', 'dataschema'];

interface Leaf {
  readonly path: string;
  readonly level: number;
  readonly conditions: readonly unknown[];
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

const leavesOf = (pattern: Readonly<Record<string, unknown>>, path = '', level = 1): Leaf[] =>
  Object.entries(pattern).flatMap(([name, value]) => {
    const here = path === '' ? name : `${path}.${name}`;
    if (isList(value)) return [{ path: here, level, conditions: value }];
    if (typeof value === 'object' && value !== null)
      return leavesOf(value as Readonly<Record<string, unknown>>, here, level + 1);
    return [{ path: here, level, conditions: [] }];
  });

/**
 * Checks a filter against what SNS takes and what it can see.
 * @throws DeclarationError for a filter without a topic, on data that may be packed or elsewhere, of more keys or combinations than SNS takes
 */
export function declareFilter(
  thing: string,
  filter: EnvelopeFilter | undefined,
  types: readonly string[],
  from: (Sending & { readonly name: string }) | undefined,
): void {
  if (filter === undefined) return;
  declare(
    from !== undefined,
    thing,
    'filter needs a topic: a queue that producers send to takes everything',
    'Declare the topic it comes from, or leave filter out',
  );
  const strangers = Object.keys(filter).filter((name) => !ENVELOPE_FIELDS.includes(name));
  declare(
    strangers.length === 0,
    thing,
    `filter names ${strangers.join(', ')}; it may name ${ENVELOPE_FIELDS.join(', ')}`,
    'Write conditions on the data under data; the event types are filtered by events',
  );
  declare(
    filter.data === undefined || (from?.oversized === 'refuse' && from.compress === 'never'),
    thing,
    `filter looks at data, which topic '${from?.name}' may compress or put into a bucket (oversized: '${from?.oversized}', compress: '${from?.compress}'): SNS would drop those messages`,
    'Filter by subject or source, decide in the handler, or take claim check and compression from the topic',
  );
  const leaves = leavesOf({ ...filter });
  const empty = leaves.filter(({ conditions }) => conditions.length === 0).map(({ path }) => path);
  declare(
    leaves.length > 0 && empty.length === 0,
    thing,
    `filter must have a list of conditions at every field (${empty.join(', ') || 'it has no fields'})`,
    "Write for example filter: { data: { country: ['France'] } }",
  );
  // The event types are one key more, at the first level.
  const keys = leaves.length + 1;
  const combinations = leaves.reduce(
    (product, { level, conditions }) => product * level * conditions.length,
    types.length,
  );
  declare(
    keys <= MAX_KEYS && combinations <= MAX_COMBINATIONS,
    thing,
    `filter makes ${keys} keys and ${combinations} combinations with the event types; SNS takes ${MAX_KEYS} and ${MAX_COMBINATIONS} (values times level, multiplied over the fields)`,
    'Filter by fewer fields or values, and decide the rest in the handler',
  );
}
