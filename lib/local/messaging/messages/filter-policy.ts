import { BlockList, isIP } from 'node:net';
import { isObject, type Json, type JsonObject } from '../../json.ts';
import { wildcardMatches } from '../../wildcard.ts';

export interface AttributeText {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

/** What a filter policy looks at. */
export interface Filterable {
  readonly message: string;
  readonly attributes: Readonly<Record<string, AttributeText>>;
}

/** Whether a message passes. */
export type PolicyFilter = (message: Filterable) => boolean;

/** A filter policy that SNS would refuse; the message says why. */
export class FilterPolicyError extends Error {
  override readonly name = 'FilterPolicyError';
}

type Test = (value: Json) => boolean;
type ObjectTest = (value: Json | undefined) => boolean;

/**
 * Reads a subscription's FilterPolicy.
 * @param scope MessageBody: the policy asks into the JSON of the body; otherwise into the message's attributes
 * @throws FilterPolicyError
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
 */
export function compilePolicy(text: string, scope = 'MessageAttributes'): PolicyFilter {
  let policy: Json;
  try {
    policy = JSON.parse(text) as Json;
  } catch {
    throw new FilterPolicyError('failed to parse JSON.');
  }
  if (!isObject(policy)) throw new FilterPolicyError('Filter policy must be a JSON object');
  const inBody = scope === 'MessageBody';
  const test = compileObject(policy, inBody);
  return inBody
    ? ({ message }) => {
        const body = jsonOrUndefined(message);
        return typeof body === 'object' && body !== null && test(body);
      }
    : ({ attributes }) => Object.keys(attributes).length > 0 && test(attributeValues(attributes));
}

/** More than anybody asks for, and less than calls can nest. */
const MAX_DEPTH = 500;

/** All keys have to match; below a list it is enough that all match one of its members. */
function compileObject(policy: JsonObject, nested: boolean, depth = 1): ObjectTest {
  if (depth > MAX_DEPTH) throw new FilterPolicyError(`Filter policy is nested deeper than ${MAX_DEPTH} levels`);
  const tests = Object.entries(policy).map(([key, value]): ((members: JsonObject) => boolean) => {
    if (key === '$or' && Array.isArray(value) && value.length > 1 && value.every(isObject)) {
      const alternatives = value.map((alternative) => compileObject(alternative, nested, depth + 1));
      return (members) => alternatives.some((alternative) => alternative(members));
    }
    if (isObject(value)) {
      if (!nested)
        throw new FilterPolicyError('Filter policy scope MessageAttributes does not support nested filter policy');
      const inner = compileObject(value, nested, depth + 1);
      return (members) => inner(members[key]);
    }
    if (!Array.isArray(value)) throw new FilterPolicyError(`"${key}" must be an object or an array`);
    if (value.length === 0) throw new FilterPolicyError('Empty arrays are not allowed');
    const conditions = value.map(compileCondition);
    return (members) => {
      const leaves = leavesOf(members[key]);
      return conditions.some((condition) => condition(leaves));
    };
  });
  const test: ObjectTest = (value) => {
    if (Array.isArray(value)) return membersOf(value).some(test);
    const members = isObject(value) ? value : {};
    return tests.every((matches) => matches(members));
  };
  return test;
}

/** The values that conditions look at: a value, or the members of a list. Objects are none. */
function leavesOf(value: Json | undefined): Json[] {
  if (Array.isArray(value)) return membersOf(value).filter((member) => !isObject(member));
  return value === undefined || isObject(value) ? [] : [value];
}

/** What is in a list and in the lists within it: a message may nest them deeper than calls can nest. */
function membersOf(list: readonly Json[]): Json[] {
  const members: Json[] = [];
  const waiting: Json[] = list.toReversed();
  while (waiting.length > 0) {
    const next = waiting.pop() as Json;
    if (!Array.isArray(next)) members.push(next);
    else for (const inner of next.toReversed()) waiting.push(inner);
  }
  return members;
}

function compileCondition(condition: Json): (leaves: readonly Json[]) => boolean {
  if (!isObject(condition)) return (leaves) => leaves.includes(condition);
  const [[operator, operand] = ['', null], ...more] = Object.entries(condition);
  if (more.length > 0) throw new FilterPolicyError('Only one key allowed in match expression');
  if (operator === 'exists') {
    if (typeof operand !== 'boolean') throw new FilterPolicyError('exists match pattern must be either true or false.');
    return (leaves) => leaves.length > 0 === operand;
  }
  const test = compileOperator(operator, operand);
  return (leaves) => leaves.some(test);
}

function compileOperator(operator: string, operand: Json): Test {
  switch (operator) {
    case 'prefix':
      return text(operator, operand, (value, part) => value.startsWith(part));
    case 'suffix':
      return text(operator, operand, (value, part) => value.endsWith(part));
    case 'equals-ignore-case':
      return text(operator, operand, (value, other) => value.toLowerCase() === other.toLowerCase());
    case 'wildcard':
      return text(operator, operand, (value, pattern) => wildcardMatches(pattern, value));
    case 'cidr':
      return cidr(operand);
    case 'numeric':
      return numeric(operand);
    case 'anything-but':
      return anythingBut(operand);
    default:
      throw new FilterPolicyError(`Unrecognized match type ${operator}`);
  }
}

function text(operator: string, operand: Json, test: (value: string, operand: string) => boolean): Test {
  if (typeof operand !== 'string') throw new FilterPolicyError(`${operator} match pattern must be a string`);
  return (value) => typeof value === 'string' && test(value, operand);
}

function anythingBut(operand: Json): Test {
  if (isObject(operand)) {
    const [operator = '', more] = Object.keys(operand);
    if (more !== undefined || !['prefix', 'suffix', 'wildcard', 'equals-ignore-case'].includes(operator))
      throw new FilterPolicyError(`Unsupported anything-but pattern: ${operator}`);
    const excluded = compileOperator(operator, operand[operator] ?? null);
    return (value) => !excluded(value);
  }
  const excluded: Json[] = Array.isArray(operand) ? operand : [operand];
  if (excluded.length === 0 || excluded.some((one) => typeof one !== 'string' && typeof one !== 'number'))
    throw new FilterPolicyError('anything-but takes strings and numbers, no booleans, nulls or empty lists');
  return (value) => !excluded.includes(value);
}

const comparisons: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  '=': (left, right) => left === right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};

function numeric(operand: Json): Test {
  const terms = Array.isArray(operand) ? operand : [];
  if (terms.length !== 2 && terms.length !== 4)
    throw new FilterPolicyError('Value of numeric must be an array of one or two comparisons, each with a number');
  const tests: ((value: number) => boolean)[] = [];
  for (let index = 0; index < terms.length; index += 2) {
    const compare = comparisons[String(terms[index])];
    const bound = terms[index + 1];
    if (compare === undefined) throw new FilterPolicyError(`Unrecognized numeric range operator: ${terms[index]}`);
    if (typeof bound !== 'number') throw new FilterPolicyError(`Value of ${terms[index]} must be numeric`);
    tests.push((value) => compare(value, bound));
  }
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

function cidr(operand: Json): Test {
  const [address = '', bits = ''] = String(operand).split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 'ipv6' ? 128 : 32))
    throw new FilterPolicyError(`Malformed CIDR, one '/' required: ${JSON.stringify(operand)}`);
  const range = new BlockList();
  range.addSubnet(address, Number(bits), family);
  return (value) => typeof value === 'string' && isIP(value) !== 0 && range.check(value, family);
}

/** Attributes as the members of an object. Binary ones are not looked at. */
function attributeValues(attributes: Filterable['attributes']): JsonObject {
  const values: JsonObject = {};
  for (const [name, { DataType, StringValue = '' }] of Object.entries(attributes)) {
    const [type] = DataType.split('.');
    if (DataType === 'String.Array') values[name] = jsonOrUndefined(StringValue) ?? [];
    else if (type === 'Number') values[name] = Number(StringValue);
    else if (type === 'String') values[name] = StringValue;
  }
  return values;
}

function jsonOrUndefined(json: string): Json | undefined {
  try {
    return JSON.parse(json) as Json;
  } catch {
    return undefined;
  }
}

const compiled = new WeakMap<
  object,
  { readonly text: string; readonly scope: string | undefined; readonly filter: PolicyFilter }
>();

/** Whether a message passes a subscription's policy, which is read once. */
export function passesFilter(
  subscription: { readonly attributes: Readonly<Record<string, string>> },
  message: Filterable,
): boolean {
  const { FilterPolicy, FilterPolicyScope: scope } = subscription.attributes;
  if (!FilterPolicy) return true;
  let known = compiled.get(subscription);
  if (known?.text !== FilterPolicy || known.scope !== scope) {
    known = { text: FilterPolicy, scope, filter: filterOf(FilterPolicy, scope) };
    compiled.set(subscription, known);
  }
  return known.filter(message);
}

/** A policy that an earlier engine let in lets everything pass, as it did there. */
function filterOf(text: string, scope: string | undefined): PolicyFilter {
  try {
    return compilePolicy(text, scope);
  } catch (error) {
    if (error instanceof FilterPolicyError) return () => true;
    throw error;
  }
}
