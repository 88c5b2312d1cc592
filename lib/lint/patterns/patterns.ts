import { isRecord, type Json, listOf } from '../reading/json.ts';
import { json } from '../reading/text.ts';

/** Reading patterns, as mappings, pipes, rules and subscriptions have them. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html */

/**
 * A pattern as its members.
 * @returns undefined when it is only known at deployment; a text when it is no pattern
 */
export function patternOf(value: unknown): Json | string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') return isRecord(value) && !isOpen(value) ? value : undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return isRecord(parsed) ? parsed : `${value} is no object`;
  } catch {
    return `${value} is no JSON`;
  }
}

const isOpen = (value: Json): boolean => Object.keys(value).some((key) => key === 'Ref' || key.startsWith('Fn::'));

/** Whether a condition is content with something that is not there: `[{ "exists": false }]`. */
export function matchesAbsent(condition: unknown): boolean {
  if (isRecord(condition)) {
    const alternatives = condition.$or;
    const others = Object.entries(condition).filter(([key]) => key !== '$or');
    return (
      others.every(([, inner]) => matchesAbsent(inner)) &&
      (alternatives === undefined || listOf(alternatives).some(matchesAbsent))
    );
  }
  return listOf(condition).some((one) => isRecord(one) && one.exists === false);
}

/** What is wrong with one member of a pattern. */
export type Check = (key: string, condition: unknown) => readonly string[];

/** Checks the members of a pattern; of alternatives (`$or`) all must be wrong, or the pattern may match. */
export function faultsIn(pattern: Json, check: Check): readonly string[] {
  return Object.entries(pattern).flatMap(([key, condition]) => {
    if (key !== '$or') return check(key, condition);
    const faults = listOf(condition).map((one) => (isRecord(one) ? faultsIn(one, check) : []));
    return faults.every((found) => found.length > 0) ? faults.flat() : [];
  });
}

/** Members that no record of a kind has. @param kind what the records are: `a message of a queue` */
export const unknownMembers =
  (known: readonly string[], kind: string): Check =>
  (key, condition) =>
    known.includes(key) || matchesAbsent(condition) ? [] : [`${kind} has no '${key}' (it has ${known.join(', ')})`];

/** Conditions that are no lists, which every service refuses. @param at path so far */
export function notLists(condition: unknown, at: string): readonly string[] {
  if (Array.isArray(condition)) return condition.length === 0 ? [`${at} is an empty list`] : [];
  if (!isRecord(condition)) return [`${at} is ${json(condition)} and no list`];
  if (isOpen(condition)) return [];
  return Object.entries(condition).flatMap(([key, inner]) => (key === '$or' ? [] : notLists(inner, `${at}.${key}`)));
}
