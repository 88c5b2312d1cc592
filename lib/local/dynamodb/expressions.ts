import { validationError } from './errors.ts';
import { makeLinear } from './linear-parser.ts';
import type { Parameters } from './parameters.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-expression-parameters */
const MAX_BYTES = 4096;
const MAX_OPERATORS = 300;

/** An item of 400 KB has no list with more elements. */
const MAX_LIST = 400 * 1024;

const EXPRESSIONS = [
  'UpdateExpression',
  'ConditionExpression',
  'KeyConditionExpression',
  'FilterExpression',
  'ProjectionExpression',
] as const;

/** Makes the time that dynalite takes for an expression grow with the length of the expression, and no faster. */
export function boundParsers(): void {
  for (const kind of ['condition', 'projection', 'update']) makeLinear(`dynalite/db/${kind}Parser`);
}

/**
 * Holds the expressions of an operation to the limits of DynamoDB, before anybody parses them.
 * @throws DynamodbError (ValidationException)
 */
export function checkExpressions(parameters: Parameters): void {
  for (const name of EXPRESSIONS) {
    const text = parameters[name];
    if (typeof text !== 'string') continue;
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_BYTES)
      throw validationError(
        `Invalid ${name}: Expression size has exceeded the maximum allowed size; expression size: ${bytes}`,
      );
    if (operatorsIn(text) > MAX_OPERATORS)
      throw validationError(
        `Invalid ${name}: The expression contains too many operators; operator count: ${MAX_OPERATORS + 1}`,
      );
  }
  // BatchGetItem has one for each table.
  for (const part of Object.values(parameters.RequestItems ?? {}))
    if (typeof part === 'object' && part !== null && !Array.isArray(part)) checkExpressions(part as Parameters);
}

const TOKEN = /[#:]?\w+|<>|<=|>=|[=<>+-]/g;
const OPERATORS = new Set(['AND', 'OR', 'NOT', 'IN', '<>', '<=', '>=', '=', '<', '>', '+', '-']);

/** Parentheses and functions are no operators; BETWEEN is one, counted by its AND. */
function operatorsIn(expression: string): number {
  let count = 0;
  for (const [token] of expression.matchAll(TOKEN)) {
    if (OPERATORS.has(token.toUpperCase())) count += 1;
  }
  return count;
}

/**
 * What is set behind the end of a list is appended to it, wherever that is; dynalite looks at every place in between.
 * @param data parameters with their expressions parsed
 */
export function clampIndexes(data: Parameters): void {
  const { sections = [] } = (data._updates ?? {}) as { readonly sections?: readonly { readonly path: unknown[] }[] };
  for (const { path } of sections) {
    for (const [index, step] of path.entries()) if (typeof step === 'number') path[index] = Math.min(step, MAX_LIST);
  }
}

/** What an update sets: a path, a value, or a function or sum of those. */
type Operand = readonly unknown[] | { readonly args?: readonly Operand[] };

/** Paths that stand for the value there, not for the place. */
const OPERANDS = new WeakSet<object>();

/**
 * Values that an update takes from the item are those from before it. dynalite hands on the very objects, so that a list set into itself has no end, and a copy
 * changes with what it was copied from.
 * @param data parameters with their expressions parsed
 */
export function markOperands(data: Parameters): void {
  const { sections = [] } = (data._updates ?? {}) as { readonly sections?: readonly { readonly val?: Operand }[] };
  const mark = (operand: Operand | undefined): void => {
    if (Array.isArray(operand)) OPERANDS.add(operand);
    else if (typeof operand === 'object' && 'args' in operand) for (const one of operand.args ?? []) mark(one);
  };
  for (const { val } of sections) mark(val);
}

interface Paths {
  mapPath(path: readonly unknown[], item: unknown): unknown;
}

/** Makes dynalite copy the values that operands stand for. */
export function copyOperands(database: Paths): void {
  const { mapPath } = database;
  database.mapPath = (path, item) => {
    const value = mapPath(path, item);
    return OPERANDS.has(path) ? structuredClone(value) : value;
  };
}

interface Section {
  readonly type: string;
  readonly path: readonly (string | number)[];
}

/**
 * Places in an update are those of the item before it; dynalite moves the rest of a list up at each removal. So removals come last, and those of a list from
 * its end.
 * @param data parameters with their expressions parsed
 */
export function orderRemovals(data: Parameters): void {
  const { sections } = (data._updates ?? {}) as { readonly sections?: Section[] };
  sections?.sort((one, other) =>
    one.type === 'remove' && other.type === 'remove'
      ? fromTheEnd(one.path, other.path)
      : Number(one.type === 'remove') - Number(other.type === 'remove'),
  );
}

function fromTheEnd(one: Section['path'], other: Section['path']): number {
  const at = one.findIndex((step, i) => step !== other[i]);
  const [a, b] = [one[at], other[at]];
  if (typeof a === 'number' && typeof b === 'number') return b - a;
  return String(a) < String(b) ? -1 : 1;
}
