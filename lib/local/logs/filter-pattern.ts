import type { Json } from '../json.ts';
import { isObject } from '../json.ts';
import { wildcardMatches } from '../wildcard.ts';

/** Whether a line of a log passes a filter. */
export type LineFilter = (line: string) => boolean;

/** A filter pattern that cannot be read, or that the engine does not have. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

const TERM = /([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g;

/**
 * Reads a filter pattern: terms (`ERROR "a phrase"`, `?either ?or`, `-without`) or a JSON pattern
 * (`{ $.level = "error" && $.count > 3 }`). Patterns for delimited fields (`[a, b]`) and regular expressions (`%...%`) are refused.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 * @throws PatternError
 */
export function parsePattern(pattern: string): LineFilter {
  const text = pattern.trim();
  if (text === '') return () => true;
  if (text.startsWith('['))
    throw new PatternError('patterns for delimited fields ([...]) are not available in the engine');
  if (text.includes('%')) throw new PatternError('regular expressions (%...%) are not available in the engine');
  if (text.startsWith('{')) return jsonFilter(text);
  const wanted: string[] = [];
  const either: string[] = [];
  const unwanted: string[] = [];
  for (const [, sign, quoted, bare] of text.matchAll(TERM)) {
    const term = quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? '';
    (({ '?': either, '-': unwanted })[sign ?? ''] ?? wanted).push(term);
  }
  return (line) =>
    wanted.every((term) => line.includes(term)) &&
    (either.length === 0 || wanted.length > 0 || either.some((term) => line.includes(term))) &&
    !unwanted.some((term) => line.includes(term));
}

type Condition = (value: Json) => boolean;

function jsonFilter(text: string): LineFilter {
  if (!text.endsWith('}')) throw new PatternError(`the JSON pattern ${text} has no closing "}"`);
  const condition = eitherOf(text.slice(1, -1));
  return (line) => {
    if (!line.startsWith('{')) return false;
    try {
      return condition(JSON.parse(line) as Json);
    } catch {
      // A line that is no JSON matches no JSON pattern.
      return false;
    }
  };
}

/** `a && b || c`: AND binds first; parentheses are refused. */
function eitherOf(text: string): Condition {
  if (/[()]/.test(text.replaceAll(/"[^"]*"/g, '')))
    throw new PatternError('parentheses in JSON patterns are not available in the engine');
  const alternatives = text.split('||').map((part) => part.split('&&').map(comparison));
  return (value) => alternatives.some((conditions) => conditions.every((condition) => condition(value)));
}

const COMPARISON =
  /^\s*\$((?:\.[A-Za-z0-9_-]+|\[\d+\]|\["[^"]+"\])+)\s*(?:(!=|<=|>=|=|<|>)\s*(?:"([^"]*)"|(\S+))|(IS NULL|IS TRUE|IS FALSE|EXISTS|NOT EXISTS))\s*$/;

function comparison(text: string): Condition {
  const [, path = '', operator, quoted, bare, word] = COMPARISON.exec(text) ?? [];
  if (path === '')
    throw new PatternError(
      `cannot read "${text.trim()}": expected $.member, an operator (= != < <= > >= EXISTS IS) and a value`,
    );
  const steps = [...path.matchAll(/\.([A-Za-z0-9_-]+)|\[(\d+)\]|\["([^"]+)"\]/g)].map(
    ([, dot, index, name]) => dot ?? index ?? name ?? '',
  );
  const at = (value: Json): Json | undefined =>
    steps.reduce<Json | undefined>(
      (inner, step) => (isObject(inner) ? inner[step] : Array.isArray(inner) ? inner[Number(step)] : undefined),
      value,
    );
  switch (word) {
    case 'EXISTS':
      return (value) => at(value) !== undefined;
    case 'NOT EXISTS':
      return (value) => at(value) === undefined;
    case 'IS NULL':
      return (value) => at(value) === null;
    case 'IS TRUE':
      return (value) => at(value) === true;
    case 'IS FALSE':
      return (value) => at(value) === false;
    default:
      return compare(at, operator ?? '=', quoted ?? bare ?? '');
  }
}

function compare(at: (value: Json) => Json | undefined, operator: string, operand: string): Condition {
  const number = Number(operand);
  const equal = (found: Json | undefined): boolean =>
    typeof found === 'number' ? found === number : found !== undefined && wildcardMatches(operand, String(found));
  if (operator === '=') return (value) => equal(at(value));
  if (operator === '!=') return (value) => at(value) !== undefined && !equal(at(value));
  const holds = { '<': (a: number) => a < number, '<=': (a: number) => a <= number, '>': (a: number) => a > number }[
    operator
  ];
  return (value) => {
    const found = at(value);
    return typeof found === 'number' && (holds ?? ((a: number) => a >= number))(found);
  };
}
