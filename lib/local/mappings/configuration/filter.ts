import { BlockList, isIP } from 'node:net';
import type { Json, JsonObject } from '../../json.ts';
import { isObject } from '../../json.ts';
import { wildcardMatches } from '../../wildcard.ts';

/** A filter pattern that is not valid; the message names the pattern and the rule it breaks. */
export class FilterError extends Error {
  override readonly name = 'FilterError';
}

/** Tells whether an event passes. */
export type Filter = (event: Json) => boolean;

/**
 * Compiles one pattern of FilterCriteria.
 * @param pattern JSON text: names lead to lists of accepted values or comparisons; `$or` takes a list of patterns
 * @throws FilterError
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
 */
export function compileFilter(pattern: string): Filter {
  let parsed: Json;
  try {
    parsed = JSON.parse(pattern) as Json;
  } catch (error) {
    throw new FilterError(
      `Filter pattern ${pattern} is not valid JSON (${error instanceof Error ? error.message : error}).`,
    );
  }
  if (!isObject(parsed))
    throw new FilterError(`Filter pattern ${pattern} must be an object of names and lists of values.`);
  return compileObject(parsed, pattern);
}

function compileObject(pattern: JsonObject, source: string): Filter {
  const parts = Object.entries(pattern).map(([key, value]): Filter => {
    if (key === '$or') return compileOr(value, source);
    const inner = isObject(value) ? compileObject(value, source) : compileValues(value, key, source);
    return (event) => (isObject(event) ? inner(event[key] ?? missingOr(event, key)) : inner(MISSING));
  });
  return (event) =>
    Array.isArray(event) && event !== MISSING
      ? event.some((entry) => parts.every((part) => part(entry)))
      : parts.every((part) => part(event));
}

/** Stands for a member that is not there, which is not the same as null. */
const MISSING = [] as Json[];
const missingOr = (event: JsonObject, key: string): Json => (key in event ? null : MISSING);

function compileOr(value: Json, source: string): Filter {
  if (!Array.isArray(value) || !value.every(isObject))
    throw new FilterError(`Filter pattern ${source}: $or must be a list of patterns.`);
  const alternatives = value.map((entry) => compileObject(entry, source));
  return (event) => alternatives.some((alternative) => alternative(event));
}

function compileValues(values: Json, key: string, source: string): Filter {
  if (!Array.isArray(values) || values.length === 0) {
    throw new FilterError(`Filter pattern ${source}: "${key}" must be a non-empty list of values or an object.`);
  }
  const matchers = values.map((value) => compileMatcher(value, source));
  return (event) => matchers.some((matcher) => matcher(event));
}

function compileMatcher(value: Json, source: string): Filter {
  if (!isObject(value)) return some((candidate) => candidate === value);
  const [operator, operand] = Object.entries(value)[0] ?? [];
  const compile = operator === undefined ? undefined : operators[operator];
  if (!compile || operand === undefined || Object.keys(value).length !== 1) {
    throw new FilterError(
      `Filter pattern ${source}: ${JSON.stringify(value)} is not one of ${Object.keys(operators).join(', ')}.`,
    );
  }
  return compile(operand, source);
}

type Compile = (operand: Json, source: string) => Filter;

const operators: Readonly<Record<string, Compile>> = {
  exists: (operand) => (event) => (event !== MISSING) === operand,
  prefix: (operand, source) => strings(operand, 'prefix', source, (candidate, part) => candidate.startsWith(part)),
  suffix: (operand, source) => strings(operand, 'suffix', source, (candidate, part) => candidate.endsWith(part)),
  'equals-ignore-case': (operand, source) =>
    strings(
      operand,
      'equals-ignore-case',
      source,
      (candidate, other) => candidate.toLowerCase() === other.toLowerCase(),
    ),
  wildcard: (operand, source) => {
    if (typeof operand !== 'string') throw new FilterError(`Filter pattern ${source}: wildcard needs text.`);
    return some((candidate) => typeof candidate === 'string' && wildcardMatches(operand, candidate));
  },
  cidr: compileCidr,
  numeric: compileNumeric,
  'anything-but': compileAnythingBut,
};

function strings(
  operand: Json,
  name: string,
  source: string,
  test: (candidate: string, operand: string) => boolean,
): Filter {
  if (isObject(operand) && typeof operand['equals-ignore-case'] === 'string') {
    const lower = operand['equals-ignore-case'].toLowerCase();
    return some((candidate) => typeof candidate === 'string' && test(candidate.toLowerCase(), lower));
  }
  if (typeof operand !== 'string')
    throw new FilterError(`Filter pattern ${source}: ${name} needs text, not ${JSON.stringify(operand)}.`);
  return some((candidate) => typeof candidate === 'string' && test(candidate, operand));
}

const comparisons: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  '=': (left, right) => left === right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};

function compileNumeric(operand: Json, source: string): Filter {
  const terms = Array.isArray(operand) ? operand : [];
  if (terms.length === 0 || terms.length % 2 !== 0)
    throw new FilterError(`Filter pattern ${source}: numeric needs pairs of comparison and number.`);
  const tests: ((candidate: number) => boolean)[] = [];
  for (let index = 0; index < terms.length; index += 2) {
    const compare = comparisons[String(terms[index])];
    const bound = terms[index + 1];
    if (!compare || typeof bound !== 'number') {
      throw new FilterError(
        `Filter pattern ${source}: numeric knows ${Object.keys(comparisons).join(' ')} with a number, not ${JSON.stringify(operand)}.`,
      );
    }
    tests.push((candidate) => compare(candidate, bound));
  }
  return some((candidate) => typeof candidate === 'number' && tests.every((test) => test(candidate)));
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-ip-matching */
function compileCidr(operand: Json, source: string): Filter {
  const [address = '', bits = ''] = String(operand).split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const valid = isIP(address) !== 0 && /^\d+$/.test(bits) && Number(bits) <= (family === 'ipv6' ? 128 : 32);
  if (!valid)
    throw new FilterError(
      `Filter pattern ${source}: cidr needs an address and a length (10.0.0.0/24), not ${JSON.stringify(operand)}.`,
    );
  const range = new BlockList();
  range.addSubnet(address, Number(bits), family);
  return some((candidate) => typeof candidate === 'string' && isIP(candidate) !== 0 && range.check(candidate, family));
}

function compileAnythingBut(operand: Json, source: string): Filter {
  const excluded = isObject(operand)
    ? compileMatcher(operand, source)
    : some((candidate) => (Array.isArray(operand) ? operand.includes(candidate) : candidate === operand));
  return (event) => event !== MISSING && !excluded(event);
}

/** Applies a test to a value, or to any member of a list. */
function some(test: (candidate: Json) => boolean): Filter {
  return (event) => event !== MISSING && (Array.isArray(event) ? event.some(test) : test(event));
}

/**
 * Compiles the filters of a mapping: a record passes when any of them matches; without filters all pass.
 * @param decoded the member (`body` of SQS, `data` of Kinesis) that is matched as JSON when the pattern asks into it,
 *   and the text it holds in a record
 */
export function compileFilters(
  patterns: readonly string[],
  decoded?: { member: string; textOf(record: JsonObject): string },
): (record: JsonObject) => boolean {
  if (patterns.length === 0) return () => true;
  const filters = patterns.map((pattern) => {
    const matches = compileFilter(pattern);
    if (!decoded) return matches;
    const asJson = isObject((JSON.parse(pattern) as JsonObject)[decoded.member] ?? null);
    return (record: Json): boolean => {
      if (!isObject(record)) return false;
      const text = decoded.textOf(record);
      if (!asJson) return matches({ ...record, [decoded.member]: text });
      const value = jsonOrUndefined(text);
      return value !== undefined && matches({ ...record, [decoded.member]: value });
    };
  });
  return (record) => filters.some((filter) => filter(record));
}

/** Text that is not JSON is no error here: such a record just does not match. */
function jsonOrUndefined(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
