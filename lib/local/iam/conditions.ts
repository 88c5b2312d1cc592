import type { PolicyStatement } from './policy.ts';
import { asArray } from './policy.ts';
import { arnMatches, matches } from './wildcard.ts';

/** Value of a condition key (lower case) in a request; undefined: the request does not have it. */
export type ConditionContext = (key: string) => string | readonly string[] | undefined;

type Compare = (wanted: string, actual: string) => boolean;

const sameText: Compare = (wanted, actual) => wanted === actual;
const sameTextInAnyCase: Compare = (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase();
const numbers =
  (holds: (actual: number, wanted: number) => boolean): Compare =>
  (wanted, actual) =>
    holds(Number(actual), Number(wanted));
const dates =
  (holds: (actual: number, wanted: number) => boolean): Compare =>
  (wanted, actual) =>
    holds(timeOf(actual), timeOf(wanted));
const timeOf = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text));

const ORDER = {
  Equals: (a: number, b: number) => a === b,
  LessThan: (a: number, b: number) => a < b,
  LessThanEquals: (a: number, b: number) => a <= b,
  GreaterThan: (a: number, b: number) => a > b,
  GreaterThanEquals: (a: number, b: number) => a >= b,
} as const;

/** Operators as they are; `Not` ones below are their opposite. */
const COMPARISONS: Readonly<Record<string, Compare>> = {
  StringEquals: sameText,
  StringEqualsIgnoreCase: sameTextInAnyCase,
  StringLike: matches,
  ArnEquals: arnMatches,
  ArnLike: arnMatches,
  Bool: sameTextInAnyCase,
  ...Object.fromEntries(
    Object.entries(ORDER).flatMap(([name, holds]) => [
      [`Numeric${name}`, numbers(holds)],
      [`Date${name}`, dates(holds)],
    ]),
  ),
};

const OPPOSITES: Readonly<Record<string, string>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NumericNotEquals: 'NumericEquals',
  DateNotEquals: 'DateEquals',
};

export const KNOWN_OPERATORS: readonly string[] = [...Object.keys(COMPARISONS), ...Object.keys(OPPOSITES), 'Null'];

interface Operator {
  readonly base: string;
  readonly quantifier: 'ForAllValues' | 'ForAnyValue' | undefined;
  /** A request without the key passes. */
  readonly ifExists: boolean;
}

/** Takes `ForAllValues:StringLikeIfExists` apart; undefined when the engine does not know the operator. */
export function operatorOf(name: string): Operator | undefined {
  const [, quantifier, base = '', ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(.+?)(IfExists)?$/.exec(name) ?? [];
  if (!KNOWN_OPERATORS.includes(base)) return undefined;
  return { base, quantifier: quantifier as Operator['quantifier'], ifExists: ifExists !== undefined };
}

/**
 * Whether all conditions of a statement hold: all operators and keys, any of the values.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
 */
export function conditionsHold({ Condition }: PolicyStatement, context: ConditionContext): boolean {
  return Object.entries(Condition ?? {}).every(([name, keys]) => {
    const operator = operatorOf(name);
    return (
      operator !== undefined &&
      Object.entries(keys).every(([key, wanted]) =>
        holds(operator, asArray(wanted).map(String), context(key.toLowerCase())),
      )
    );
  });
}

function holds(operator: Operator, wanted: readonly string[], found: string | readonly string[] | undefined): boolean {
  const { base, quantifier, ifExists } = operator;
  if (base === 'Null') return wanted.some((value) => (value === 'true') === (found === undefined));
  const opposite = OPPOSITES[base];
  // A key that is not there is unequal to everything; of no values, all hold.
  if (found === undefined) return ifExists || opposite !== undefined || quantifier === 'ForAllValues';
  const compare = COMPARISONS[opposite ?? base];
  if (compare === undefined) return false;
  const fits = (actual: string): boolean =>
    opposite === undefined
      ? wanted.some((value) => compare(value, actual))
      : !wanted.some((value) => compare(value, actual));
  const all = quantifier === 'ForAllValues' || (quantifier === undefined && opposite !== undefined);
  return all ? asArray(found).every(fits) : asArray(found).some(fits);
}
